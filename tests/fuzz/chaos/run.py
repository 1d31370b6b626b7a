"""One run: a whole exchange, its peers, and steps that a list of numbers decides.

Theory of operation. Each step is drawn from a number of its own, so a run is its numbers. Who leaves some out
gets another run in which the others still do much the same: that is how a failure is made short (`shorter`).
Messages of the switch lie in the inboxes of the peers until a step takes one: the first, or another (they
overtook each other), or one that stays as well (it came twice), or one that nobody reads (it was lost).
"""

import re
import traceback
from collections import Counter
from collections.abc import Callable

from switch.base.clock import MILLISECOND, SECOND
from switch.base.rng import SplitMix64
from switch.base.tokens import SeededTokens
from switch.call.cause import Reason
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.exchange.office import Listener, QualityWanted
from switch.journal.entry import Journal
from switch.media.quality import NOTHING_HEARD
from switch.node.compose import REALM, Materials, build, rebuild
from switch.node.translate import trunk_settings
from switch.registrar.values import Account
from switch.sim.engine import ModelEngine
from switch.sip import digest
from switch.sip.flow import Address, Flow, Transport
from switch.sip.locate import Answer, Outcome, Question
from switch.sip.message import MessageError, Request, Response, parse
from switch.sip.outputs import SendBytes
from switch.trunk.stir.settings import CertificateWanted
from tests.fuzz.chaos.damage import damaged
from tests.fuzz.chaos.leftovers import BOUNDS, leftovers, sizes
from tests.fuzz.chaos.peer import PASSWORD, Peer

HERE = Address("192.0.2.1", 5060)
CARRIER = Address("203.0.113.9", 5060)
SLOTS = 24
INBOX_MAX = 60
QUIET_US = 4 * 3600 * SECOND
"""Longer than any registration, subscription, session timer and talk without audio."""

TOLD_MAX = 60
"""Lines of a failing run that are shown: its end."""

ONCE_WITHIN_US = 5 * SECOND
"""For so long an INVITE by UDP is remembered after its final answer (Timer I, RFC 3261 section 17.2.1)."""

_CENTRE = """
trunks:
  carrier:
    gateways:
      - {address: "203.0.113.9:5060", channels_max: 5}
      - {address: "203.0.113.10:5060", priority: 1}
    identify: ["203.0.113.9"]
    country: FR
    failover_on: [403]
"""
_MAPLE = """
time_zone: UTC
country: FR
languages: [en]
numbers: {"+33199000100": main, "600": sales, "601": door}
accounts:
  "101": {name: Anna}
  "102": {name: Ben, limits: {calls: 2, calls_per_minute: 9}}
  "103": {name: Door, encrypted_media: ENCRYPTED}
agents: {anna: {account: "101"}, ben: {account: "102"}}
pause_reasons: {1: lunch}
queues: {sales: {ring_s: 8, wrap_up_s: 3, refuse_without_agents: false, max_wait_s: 60}}
outside: {trunk: carrier, caller_id: "+33199000100", allow: ["+33"]}
limits: {calls: 6, cost_per_hour: 1, rates: {"+33": 0.30}, over_cost: end}
prompts: {welcome: {en: "Press one."}}
flows:
  main: [answer, {menu: {prompt: welcome, timeout_s: 3, tries: 2, keys: {1: sales}, otherwise: sales}}]
  door: [{dial: {extension: "103"}}, hangup]
  sales: [answer, {queue: {name: sales}}, hangup]
"""
_CENTRES = [
    load_centre({"centre.yaml": _CENTRE, "maple.yaml": _MAPLE.replace("ENCRYPTED", word)})
    for word in ("allowed", "required", "never")
]
_BRANCH = re.compile(rb"branch=([^\s;,>]+)")


class Run:
    """`numbers` decide all of it; `play` raises what went wrong."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        rng = SplitMix64(numbers[0])
        self.now = 1_000 * SECOND
        self.wrong_percent = (0, 2, 2, 15)[rng.below(4)]
        self.engine = ModelEngine(HERE.host, 20_000, SLOTS)
        self.centre = _CENTRES[rng.below(len(_CENTRES))]
        self.materials = Materials(
            listeners=(Listener(Transport.UDP, HERE), Listener(Transport.TCP, HERE)),
            slots=self.engine.slots,
            journal=Journal(0, 1_772_614_800 * SECOND),
            tokens=SeededTokens(numbers[0]),
            nonce_secret=b"0123456789abcdef",
            node="n",
            epoch="e",
        )
        trunks = tuple(trunk_settings(plan, "") for plan in self.centre.trunks)
        names = ("maple-101", "maple-102", "maple-103")
        self.accounts = [
            Account(name, *name.split("-"), digest.hashed_secrets(name, REALM, PASSWORD)) for name in names
        ]
        self.exchange = build(self.centre, self.accounts, trunks, self.materials, self.now)
        self.connections = 7
        tcp = Flow(Transport.TCP, HERE, Address("192.0.2.13", 40_000), self.connections)
        self.peers = [
            *(
                Peer(name, Flow(Transport.UDP, HERE, Address(f"192.0.2.1{n}", 5060)))
                for n, name in enumerate(names[:2])
            ),
            Peer(names[2], tcp),
            Peer("carrier", Flow(Transport.UDP, HERE, CARRIER)),
            Peer("stranger", Flow(Transport.UDP, HERE, Address("198.51.100.66", 5060))),
        ]
        self.history: list[tuple[bytes, Flow]] = []
        self.tainted: set[bytes] = set()
        self.finals: dict[bytes, tuple[int, int, str]] = {}
        self.owed: dict[tuple[str, int, str], int] = {}
        """2xx that were given to an INVITE of the switch, until it acknowledges them."""
        self.given: set[tuple[str, int, str]] = set()
        self.unheard: dict[str, int] = {}
        """Calls that the switch answered, until somebody acknowledges or ends them."""
        self.ended: set[str] = set()
        """Calls in which somebody said BYE: what is repeated after it nobody has to answer."""
        self.events: Counter[str] = Counter()
        self.trace: list[str] = []
        self.exchange.start(self.now)
        self._carry()

    def play(self) -> None:
        """All steps, then silence or farewells, then nothing may be left."""
        self._begin(SplitMix64(self.numbers[0] ^ 0xBE6))
        for number in self.numbers:
            self._step(SplitMix64(number ^ 0x5EED))
            self._judge()
        if self.numbers[0] % 3:
            self._converse(SplitMix64(self.numbers[0] ^ 0xB7E), 200)
        self.pass_time(QUIET_US)
        found = leftovers(self.exchange.office, self.engine, self.now)
        assert not found, f"left when everybody has gone: {found}"
        assert not self.owed, f"answers that were never acknowledged: {self.owed}"
        assert not self.unheard, f"answered calls that were neither acknowledged nor ended: {self.unheard}"

    # Steps.

    def _begin(self, rng: SplitMix64) -> None:
        """The phones register, and the agents work: from here on it goes downhill."""
        for peer in self.peers[:3]:
            self._send(rng, peer, peer.register(rng), well=True)
            self._converse(rng, 1)
            assert peer.take(0).cseq.method == "REGISTER"
        for agent in ("anna", "ben"):
            self.exchange.agent("maple", agent, AgentVerb.SIGN_IN, "", self.now)
        self._carry()
        for _ in range(rng.below(4)):
            peer = self.peers[rng.below(4)]
            self._send(
                rng, peer, peer.opening(rng, ("INVITE", "INVITE", "SUBSCRIBE")[rng.below(3)]), well=True
            )
            self._converse(rng, 2 + rng.below(20))

    def _step(self, rng: SplitMix64) -> None:
        what = rng.below(100)
        peer = self.peers[rng.below(len(self.peers))]
        if what < 45:
            for _ in range(1 + rng.below(5)):
                self._read_one(rng, max(self.peers, key=lambda p: len(p.inbox)) if what < 25 else peer)
        elif what < 75:
            self._send(rng, peer, peer.request(rng))
        elif what < 80 and self.history:
            data, flow = self.history[-1 - rng.below(min(30, len(self.history)))]
            self.trace.append(f"repeated {data.split()[0]!r}")
            self._deliver(data, peer.flow if rng.chance(1, 8) else flow)
        elif what < 96:
            spans = (20, 100, 500, 600, 1_000, 4_000, 33_000, 70_000)
            limit = 5 if rng.chance(9, 10) else len(spans)
            self.pass_time((1 + rng.below(spans[rng.below(limit)])) * MILLISECOND)
        else:
            self._from_inside(rng)

    def _read_one(self, rng: SplitMix64, peer: Peer) -> None:
        if not peer.inbox:
            return
        at = 0 if rng.chance(3, 4) else rng.below(len(peer.inbox))
        message = peer.inbox[at] if rng.chance(1, 12) else peer.take(at)
        if rng.chance(1, 12):
            return
        for said in peer.react(rng, message, well=rng.chance(3, 4)):
            self._send(rng, peer, said)

    def _from_inside(self, rng: SplitMix64) -> None:
        """What administrators, agents, audio and connections do."""
        kind, now = rng.below(8), self.now
        self.trace.append(f"inside {kind}")
        if kind == 0:
            verb = (AgentVerb.SIGN_IN, AgentVerb.SIGN_OUT, AgentVerb.PAUSE, AgentVerb.RESUME)[rng.below(4)]
            self.exchange.agent("maple", ("anna", "ben")[rng.below(2)], verb, "lunch", now)
        elif kind == 1 and self.exchange.office.sessions:
            calls = list(self.exchange.office.sessions)
            self.exchange.hang_up(calls[rng.below(len(calls))], Reason.ADMINISTRATOR, now)
        elif kind == 2:
            self.centre = _CENTRES[rng.below(len(_CENTRES))]
            trunks = tuple(trunk_settings(plan, "") for plan in self.centre.trunks)
            rebuild(self.exchange, self.centre, self.accounts, trunks, self.materials, now)
        elif kind == 3:
            peer = self.peers[2]
            self.exchange.connection_closed(peer.flow, now)
            self.connections += 1
            remote = Address(peer.flow.remote.host, 40_000 + self.connections)
            peer.flow = Flow(Transport.TCP, HERE, remote, self.connections)
        elif kind == 4 and self.engine.streams:
            slot = list(self.engine.streams)[rng.below(len(self.engine.streams))]
            self.engine.press(self.engine.slots[slot].port, "1234*#"[rng.below(6)], now)
        elif kind == 5:
            self.exchange.transport_failed(self.peers[rng.below(len(self.peers))].flow, now)
        elif kind == 6:
            for agent in ("anna", "ben"):
                self.exchange.agent("maple", agent, AgentVerb.SIGN_IN, "", now)
        elif self.engine.streams:
            slot = list(self.engine.streams)[rng.below(len(self.engine.streams))]
            self.exchange.media_refused(slot, now)
        self._carry()

    def _converse(self, rng: SplitMix64, turns: int) -> None:
        """Everybody answers well, and says nothing new."""
        for _ in range(turns):
            peers = [peer for peer in self.peers if peer.inbox]
            if not peers:
                return
            message = peers[0].take(0)
            for said in peers[0].react(rng, message, well=True):
                self._send(rng, peers[0], said, well=True)

    # Carrying.

    def _send(self, rng: SplitMix64, peer: Peer, message: Request | Response, *, well: bool = False) -> None:
        data = message.to_bytes()
        if isinstance(message, Request):
            peer.sent.append(message)
            del peer.sent[:-60]
        if not well and rng.below(100) < self.wrong_percent:
            other = self.history[rng.below(len(self.history))][0] if self.history else data
            data = damaged(rng, data, other)
            self.tainted.update(_BRANCH.findall(data))
            self.tainted.update(_BRANCH.findall(message.to_bytes()))
            self.trace.append(f"{peer.user} damaged: {data[:900]!r}")
        else:
            self.trace.append(
                f"{peer.user} > {data.splitlines()[0].decode()} {message.cseq} {message.call_id}"
            )
            self._owe(message)
        self._deliver(data, peer.flow)
        self.history.append((data, peer.flow))
        del self.history[:-100]

    def _owe(self, message: Request | Response) -> None:
        """Once: a copy may come when everything about the call is forgotten."""
        if isinstance(message, Response) and message.cseq.method == "INVITE" and message.status // 100 == 2:
            key = (message.call_id, message.cseq.number, message.to.tag or "")
            if key not in self.given and message.call_id not in self.ended:
                self.given.add(key)
                self.owed[key] = self.now

    def _deliver(self, data: bytes, flow: Flow) -> None:
        self._heard(data)
        self.exchange.receive(data, flow, self.now)
        self._carry()

    def _heard(self, data: bytes) -> None:
        """An ACK or BYE, right or wrong, takes the call off the list: the switch may have taken it."""
        if data[:3] in (b"ACK", b"BYE"):
            for call_id in [c for c in self.unheard if c.encode() in data]:
                del self.unheard[call_id]
        if data[:3] == b"BYE":
            for key in [key for key in self.owed if key[0].encode() in data]:
                self.ended.add(key[0])
                del self.owed[key]

    def pass_time(self, span_us: int) -> None:
        """Let every timer fire that is due; what the switch says meanwhile waits in the inboxes."""
        end = self.now + span_us
        while True:
            times = [at for at in (self.exchange.next_timer(), self.engine.next_timer()) if at is not None]
            if not times or min(times) > end:
                break
            self.now = max(self.now, min(times))
            for event in self.engine.handle_timer(self.now):
                self.exchange.media_event(event, self.now)
            self.exchange.handle_timer(self.now)
            self._carry()
        self.now = end

    def _carry(self) -> None:
        while outputs := self.exchange.poll():
            for output in outputs:
                if isinstance(output, SendBytes):
                    self._sent(output)
                elif isinstance(output, Question):
                    self.exchange.located(Answer(output, Outcome.NONE), self.now)
                elif isinstance(output, CertificateWanted):
                    self.exchange.certificate(output.url, None, self.now)
                elif isinstance(output, QualityWanted):
                    self.exchange.quality(output.slot, NOTHING_HEARD, self.now)
                else:
                    self.engine.submit(output, self.now)
        self.events.update(entry.event.KIND for entry in self.materials.journal.drain())

    def _sent(self, output: SendBytes) -> None:
        try:
            message = parse(output.data)
        except MessageError:
            # The answer to what nobody could read repeats Via, From and To as they came.
            assert re.match(rb"SIP/2.0 [45]\d\d ", output.data), output.data
            return
        line = output.data.splitlines()[0].decode()
        self.trace.append(f"   < {line} {message.cseq} {message.call_id} to {output.flow.remote}")
        if isinstance(message, Response):
            self._answered(message, output.flow)
        elif message.method == "ACK":
            self.owed.pop((message.call_id, message.cseq.number, message.to.tag or ""), None)
        elif message.method == "BYE":
            self.ended.add(message.call_id)
            self.unheard.pop(message.call_id, None)
        for peer in self.peers:
            to_it = peer.flow.remote == output.flow.remote and len(peer.inbox) < INBOX_MAX
            if to_it and output.data not in peer.unread:
                # A copy of what is not read yet would only be in the way.
                peer.inbox.append(message)
                peer.unread.append(output.data)

    def _answered(self, response: Response, flow: Flow) -> None:
        """One final answer to one INVITE, as long as its transaction lives."""
        if response.cseq.method != "INVITE" or response.status < 200:
            return
        branch = (response.via.branch or "").encode()
        if branch in self.tainted or flow.transport.reliable or response.status in (401, 407, 482):
            # A stream is not repeated on; and of some requests nothing is kept but the answer that was sent.
            return
        if response.status < 300 and response.call_id not in self.ended:
            self.unheard[response.call_id] = self.now
        at, *before = self.finals.setdefault(branch, (self.now, response.status, response.to.tag or ""))
        again = before == [response.status, response.to.tag or ""]
        assert again or self.now - at >= ONCE_WITHIN_US, f"two final answers: {before}, {response}"

    def _judge(self) -> None:
        for name, count in sizes(self.exchange.office).items():
            assert count <= BOUNDS[name], f"{count} {name}"


def failure_of(numbers: list[int]) -> str:
    """What goes wrong in a run of these; empty where nothing does."""
    run = Run(numbers)
    try:
        run.play()
    except Exception as error:  # any is a failure, and is made short
        return f"{type(error).__name__}: {error}"
    return ""


def shorter(numbers: list[int], fails: Callable[[list[int]], bool], tries: int = 400) -> list[int]:
    """Fewer steps that fail as well, by leaving out ever smaller pieces; the first number stays."""
    size = len(numbers) // 2
    while size and tries > 0:
        at = 1
        while at < len(numbers) and tries > 0:
            tries -= 1
            without = numbers[:at] + numbers[at + size :]
            if len(without) < len(numbers) and fails(without):
                numbers = without
            else:
                at += size
        size //= 2
    return numbers


def told(numbers: list[int]) -> str:
    """A failing run made short, in words: what was said, and what went wrong."""
    kind = _kind(failure_of(numbers))
    run = Run(shorter(numbers, lambda fewer: _kind(failure_of(fewer)) == kind))
    try:
        run.play()
    except Exception:
        return "\n".join([*run.trace[-TOLD_MAX:], traceback.format_exc()])
    raise AssertionError("a run of the same numbers is the same run")


def _kind(failure: str) -> str:
    """The failure without what differs from run to run."""
    return failure.partition("{")[0].partition("(")[0][:60]


def numbers_of(seed: int, steps: int) -> list[int]:
    """The steps of a run by its seed."""
    rng = SplitMix64(seed)
    return [rng.next() for _ in range(steps)]
