"""Two real legs on a transaction layer each, and a network that loses, repeats and reorders, from a seed.

With several callees the network is also a proxy that forks: an INVITE goes to all of them, a request inside
a dialog to the one whose Contact it names.
"""

from collections.abc import Callable
from heapq import heappop, heappush

from switch.base.clock import MILLISECOND, SECOND
from switch.base.rng import SplitMix64
from switch.base.tokens import SeededTokens
from switch.call import events
from switch.call.destination import Destination
from switch.call.incoming import IncomingLeg
from switch.call.leg import Leg
from switch.call.outgoing import OutgoingLeg
from switch.call.settings import DEFAULTS, LegSettings
from switch.call.signalling import Signalling
from switch.call.surplus import Surplus
from switch.media.commands import CloseStream, OpenStream, UpdateStream
from switch.media.plan import Slot, StreamPlan
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response, Uri, parse
from switch.sip.outputs import (
    MessageDropped,
    RequestReceived,
    ResponseReceived,
    SendBytes,
    StrayAnswer,
)
from switch.sip.transaction.layer import TransactionLayer

CALLER = Address("192.0.2.1", 5060)
CALLEES = (Address("192.0.2.11", 5060), Address("192.0.2.12", 5060))
PROXY = Address("192.0.2.9", 5060)

Act = Callable[[], object]


class Side:
    """A switch with one leg. `plan` is what its engine would do, None while no stream is open."""

    def __init__(self, address: Address, settings: LegSettings, seed: int) -> None:
        self.address = address
        self.layer = TransactionLayer(SeededTokens(seed))
        self.signalling = Signalling(self.layer, settings)
        self.surplus = Surplus(self.layer)
        self.tokens = SeededTokens(seed + 1_000)
        self.slot = Slot(1, address.host, 20_000)
        self.leg: Leg | None = None
        self.plan: StreamPlan | None = None
        self.told: list[events.LegOutput] = []
        self.sent: list[Request | Response] = []

    @property
    def ends(self) -> list[events.LegEnded]:
        return [event for event in self.told if isinstance(event, events.LegEnded)]

    def requests(self, method: str) -> list[Request]:
        """What was sent of this method, without copies."""
        found = {m.via.branch: m for m in self.sent if isinstance(m, Request) and m.method == method}
        return list(found.values())

    def responses(self, method: str, status: int) -> list[Response]:
        """Answers that were sent, copies too."""
        return [
            m for m in self.sent if isinstance(m, Response) and (m.cseq.method, m.status) == (method, status)
        ]

    def hear(self, event: events.LegOutput) -> None:
        self.told.append(event)
        if isinstance(event, events.MediaWanted):
            command = event.command
            if isinstance(command, OpenStream | UpdateStream):
                assert isinstance(command, OpenStream) is (self.plan is None), "opened once, then changed"
                self.plan = command.plan
            elif isinstance(command, CloseStream):
                assert self.plan is not None, "only what is open is closed"
                self.plan = None


class Pair:
    """`caller` dials with `dial`; a callee's leg appears with its INVITE, and `on_invite` is told."""

    def __init__(
        self,
        seed: int = 0,
        *,
        lost: int = 0,
        callees: int = 1,
        ours: LegSettings = DEFAULTS,
        theirs: LegSettings = DEFAULTS,
    ) -> None:
        self.rng = SplitMix64(seed)
        self.lost = lost
        self.now = 10 * SECOND
        self.caller = Side(CALLER, ours, 2 * seed + 1)
        self.callees = [Side(CALLEES[n], theirs, 2 * seed + 20_000 * (n + 1)) for n in range(callees)]
        self.sides = [self.caller, *self.callees]
        self.on_invite: Callable[[Side], object] = lambda _: None
        self.edit: Callable[[Side, Request | Response], Request | Response | None] = lambda _, message: (
            message
        )
        """What the network does to a message: changes it in place, or swallows it by None."""
        self._flight: list[tuple[int, int, Side, Flow, bytes]] = []
        self._due: list[tuple[int, int, Act]] = []
        self._order = 0

    @property
    def callee(self) -> Side:
        return self.callees[0]

    @property
    def out(self) -> OutgoingLeg:
        assert isinstance(self.caller.leg, OutgoingLeg)
        return self.caller.leg

    @property
    def into(self) -> IncomingLeg:
        return self.leg_of(self.callee)

    @staticmethod
    def leg_of(side: Side) -> IncomingLeg:
        assert isinstance(side.leg, IncomingLeg)
        return side.leg

    def dial(self, *, offers: bool = True, headers: tuple[tuple[str, str], ...] = ()) -> OutgoingLeg:
        us, them = Uri(user="a", host=CALLER.host), Uri(user="b", host=PROXY.host)
        destination = Destination(
            them, Flow(Transport.UDP, CALLER, PROXY), f"<{us}>", f"<{them}>", headers=headers
        )
        side = self.caller
        leg = OutgoingLeg(
            "out", destination, role="callee", peer="b", slot=side.slot, session_id=1,
            call_id=side.tokens.token(12), local_tag=side.tokens.token(8), signalling=side.signalling,
            offers=offers,
        )  # fmt: skip
        side.leg = leg
        leg.dial(self.now)
        self._settle()
        return leg

    def after(self, seconds: float, act: Act) -> None:
        """Do something at a time; what the legs say of it goes on the wire."""
        self._order += 1
        heappush(self._due, (self.now + int(seconds * SECOND), self._order, act))

    def run(self, seconds: float) -> None:
        end = self.now + int(seconds * SECOND)
        while (at := self._next()) is not None and at <= end:
            self.now = max(self.now, at)
            while self._due and self._due[0][0] <= self.now:
                heappop(self._due)[2]()
                self._settle()
            while self._flight and self._flight[0][0] <= self.now:
                _, _, side, flow, data = heappop(self._flight)
                side.layer.receive(data, flow, self.now)
                self._settle()
            for side in self.sides:
                side.layer.handle_timer(self.now)
                if side.leg is not None and (at := side.leg.next_timer()) is not None and at <= self.now:
                    side.leg.handle_timer(self.now)
                self._settle()
        self.now = end

    def talk(self) -> None:
        """The callee rings and answers; both talk."""
        self.on_invite = lambda side: self.after(0.3, lambda: self.leg_of(side).answer(self.now))
        self.dial()
        self.run(20)
        assert self.agree()

    # What must be true.

    def agree(self, callee: Side | None = None) -> bool:
        """Both engines do the same: addresses, codec, numbers, who speaks and who listens."""
        here, there = self.caller, callee or self.callee
        one, two = here.plan, there.plan
        if one is None or two is None:
            return one is two
        assert one.receive_payload_type == two.payload_type
        assert two.receive_payload_type == one.payload_type
        assert one.receive_dtmf_payload_type == two.dtmf_payload_type
        return (
            (one.remote_host, one.remote_port) == (there.slot.host, there.slot.port)
            and (two.remote_host, two.remote_port) == (here.slot.host, here.slot.port)
            and one.codec == two.codec
            and (one.sends, one.receives) == (two.receives, two.sends)
        )

    def nothing_is_left(self) -> None:
        """Every leg has ended once and is gone, and nobody remembers anything of it."""
        self.run(140)
        for side in self.sides:
            assert len(side.ends) == (side.leg is not None), side.address
            assert side.plan is None
            assert (side.signalling.dialogs, side.signalling.owned_transactions) == (0, 0), side.address
            assert (side.layer.open_transactions, side.layer.pending_timers) == (0, 0), side.address
            assert side.leg is None or side.leg.next_timer() is None
            assert side.leg is None or isinstance(side.told[-1], events.LegGone)

    # Steps.

    def _next(self) -> int | None:
        times = [self._due[0][0] if self._due else None, self._flight[0][0] if self._flight else None]
        for side in self.sides:
            times += [side.layer.next_timer(), None if side.leg is None else side.leg.next_timer()]
        return min((at for at in times if at is not None), default=None)

    def _settle(self) -> None:
        for side in self.sides:
            while outputs := side.layer.poll():
                for output in outputs:
                    if isinstance(output, SendBytes):
                        self._send(side, output.data)
                    elif isinstance(output, StrayAnswer):
                        side.surplus.end(output.response, output.flow, self.now)
                    elif not isinstance(output, MessageDropped):
                        owner = side.signalling.owner_of(output)
                        if owner is not None:
                            owner.receive(output, self.now)
                        elif isinstance(output, RequestReceived):
                            self._open(side, output)
                        elif isinstance(output, ResponseReceived) and _answers_invite(output.response):
                            side.surplus.end(output.response, output.flow, self.now)
            if side.leg is not None:
                for event in side.leg.poll():
                    side.hear(event)

    def _open(self, side: Side, message: RequestReceived) -> None:
        if message.request.method != "INVITE" or message.request.to.tag or side.leg is not None:
            side.layer.respond(message.transaction, message.request.make_response(481), self.now)
            return
        side.leg = IncomingLeg(
            "in", message, role="caller", peer="a", slot=side.slot, session_id=2,
            local_tag=side.tokens.token(8), signalling=side.signalling,
        )  # fmt: skip
        self.on_invite(side)

    def _send(self, side: Side, data: bytes) -> None:
        message = parse(data)
        side.sent.append(message)
        edited = self.edit(side, message)
        if edited is None:
            return
        for target in self._targets(side, edited):
            flow = Flow(Transport.UDP, target.address, PROXY)
            copies = 0 if self.rng.chance(self.lost, 100) else 1 + self.rng.chance(self.lost, 200)
            for _ in range(copies):
                self._order += 1
                delay = self.rng.below(200 * MILLISECOND) if self.lost else 10 * MILLISECOND
                heappush(self._flight, (self.now + delay, self._order, target, flow, edited.to_bytes()))

    def _targets(self, side: Side, message: Request | Response) -> list[Side]:
        if side is not self.caller:
            return [self.caller]
        if isinstance(message, Request):
            named = [callee for callee in self.callees if callee.address.host == message.uri.host]
            return named or self.callees
        tag = message.from_.tag
        legs = [(callee, callee.leg) for callee in self.callees]
        return [callee for callee, leg in legs if isinstance(leg, IncomingLeg) and leg.local_tag == tag]


def _answers_invite(response: Response) -> bool:
    return 200 <= response.status < 300 and response.cseq.method == "INVITE"
