"""A notifier and a phone, each with its transaction layer, wired to each other over a network that loses,
repeats and overtakes. Whatever the seed: in the end the phone knows the state that is."""

import pytest

from switch.base.clock import MILLISECOND, SECOND
from switch.base.rng import SplitMix64
from switch.base.tokens import SeededTokens
from switch.call.signalling import Signalling
from switch.notifier.limits import ADRIFT_S
from switch.notifier.notifier import Notifier, package_of
from switch.notifier.packages import Package
from switch.notifier.states import MessageState, Resource, State
from switch.sip.dialog import Dialog, key_of_request
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import NameAddr, Request, Response, Uri
from switch.sip.outputs import RequestReceived, ResponseReceived, SendBytes
from switch.sip.transaction.layer import TransactionLayer

SWITCH, PHONE = Address("192.0.2.1", 5060), Address("198.51.100.7", 5060)
OF_SWITCH, OF_PHONE = Flow(Transport.UDP, SWITCH, PHONE), Flow(Transport.UDP, PHONE, SWITCH)
MAILBOX = Resource("shop", "101")


class Pair:
    """`heard` are the counts of new messages that the phone was told, in its order of CSeq."""

    def __init__(self, seed: int, loss: int) -> None:
        self.rng = SplitMix64(seed)
        self.loss = loss
        self.now = SECOND
        self.count = 0
        self.flying: list[tuple[int, bool, bytes]] = []
        self.signalling = Signalling(TransactionLayer(SeededTokens(seed)))
        self.notifier = Notifier(self.signalling, SeededTokens(seed + 1), self.read)
        self.phone = TransactionLayer(SeededTokens(seed + 2))
        self.dialog: Dialog | None = None
        self.heard: list[int] = []
        self.state = ""

    def read(self, package: Package, resource: Resource, now: int) -> State:
        del now
        assert (package.name, resource) == ("message-summary", MAILBOX)
        return MessageState(self.count)

    def subscribe(self, expires_s: int) -> None:
        me = NameAddr("", Uri(user="101", host=PHONE.host))
        if self.dialog is None:
            fields = [
                ("Max-Forwards", "70"),
                ("From", str(me.with_tag("phone"))),
                ("To", f"<sip:101@{SWITCH.host}>"),
                ("Call-ID", "pair"),
                ("CSeq", "1 SUBSCRIBE"),
                ("Contact", f"<sip:101@{PHONE}>"),
                ("Event", "message-summary"),
                ("Expires", str(expires_s)),
            ]
            self.request = Request("SUBSCRIBE", Uri(user="101", host=SWITCH.host), fields)
        else:
            headers = [("Event", "message-summary"), ("Expires", str(expires_s))]
            self.request = self.dialog.request("SUBSCRIBE", headers=headers)
        self.phone.open(self.request, OF_PHONE, self.now)
        self.run(0)

    def change(self) -> None:
        self.count += 1
        self.notifier.changed("message-summary", MAILBOX, self.now)
        self.run(0)

    def run(self, seconds: float) -> None:
        end = self.now + int(seconds * SECOND)
        while True:
            self._pump()
            times = [at for at, _, _ in self.flying]
            timers = (self.signalling.layer, self.phone, self.notifier)
            times += [at for at in (machine.next_timer() for machine in timers) if at is not None]
            if not times or min(times) > end:
                break
            self.now = max(self.now, min(times))
            for machine in timers:
                machine.handle_timer(self.now)
            landed = [item for item in self.flying if item[0] <= self.now]
            self.flying = [item for item in self.flying if item[0] > self.now]
            for _, to_switch, data in landed:
                layer = self.signalling.layer if to_switch else self.phone
                layer.receive(data, OF_SWITCH if to_switch else OF_PHONE, self.now)
        self.now = max(self.now, end)

    def _pump(self) -> None:
        moved = True
        while moved:
            moved = False
            for layer, to_switch in ((self.signalling.layer, False), (self.phone, True)):
                for output in layer.poll():
                    moved = True
                    if isinstance(output, SendBytes):
                        self._fly(output.data, to_switch)
                    elif to_switch:
                        self._phone_takes(output)
                    elif isinstance(output, RequestReceived):
                        self._switch_takes(output)
                    else:
                        owner = self.signalling.owner_of(output)  # type: ignore[arg-type]  # never a drop
                        if owner is not None:
                            owner.receive(output, self.now)  # type: ignore[arg-type]  # the same

    def _fly(self, data: bytes, to_switch: bool) -> None:
        for _ in range(2 if self.rng.below(100) < self.loss // 2 else 1):
            if self.rng.below(100) >= self.loss:
                delay = (5 + self.rng.below(300)) * MILLISECOND
                self.flying.append((self.now + delay, to_switch, data))

    def _switch_takes(self, message: RequestReceived) -> None:
        owner = self.signalling.owner_of(message)
        if owner is not None:
            owner.receive(message, self.now)
            return
        package = package_of(message.request)
        assert isinstance(package, Package)
        contact = NameAddr("", Uri(host=SWITCH.host))
        made = self.notifier.subscribe(message, package, MAILBOX, "shop-101", contact, self.now)
        assert not isinstance(made, Response)
        self.signalling.respond(message.transaction, made.accepted(message.request, 3600), self.now)
        made.tell(self.now)

    def _phone_takes(self, output: object) -> None:
        if isinstance(output, ResponseReceived):
            if 200 <= output.response.status < 300 and self.dialog is None:
                self.dialog = Dialog.as_uac(self.request, output.response, NameAddr("", Uri(host=PHONE.host)))
        elif isinstance(output, RequestReceived):
            request = output.request
            if self.dialog is None:
                # RFC 6665 section 4.4.1: the first NOTIFY may overtake the 200, and makes the dialog.
                self.dialog = Dialog.as_uas(request, "phone", NameAddr("", Uri(host=PHONE.host)))
                self.dialog.local_cseq, self.dialog.remote_cseq = 1, None
            known = key_of_request(request)[0] == "pair"
            status = (self.dialog.check(request) or 200) if known else 481
            self.phone.respond(output.transaction, request.make_response(status), self.now)
            if status == 200:
                self.heard.append(int(request.body.split(b"Voice-Message: ")[1].split(b"/")[0]))
                self.state = request.headers.get("Subscription-State") or ""


@pytest.mark.parametrize("loss", [0, 15, 30])
@pytest.mark.parametrize("seed", range(6))
def test_in_the_end_the_phone_knows(seed: int, loss: int) -> None:
    pair = Pair(1000 * loss + seed, loss)
    pair.subscribe(3600)
    pair.run(20)
    for _ in range(10):
        pair.change()
        pair.run(pair.rng.below(3))
    pair.run(60)
    assert pair.heard == sorted(pair.heard), "no old state after a newer one"
    assert pair.heard[-1] == 10
    assert len(pair.notifier) == 1
    pair.subscribe(0)
    pair.run(70)
    assert pair.state == "terminated;reason=timeout"
    assert len(pair.notifier) == 0
    assert pair.signalling.dialogs == 0
    assert pair.signalling.owned_transactions == 0


def test_an_hour_without_a_refresh() -> None:
    """RFC 6665 section 4.2.3."""
    pair = Pair(1, 0)
    pair.subscribe(3600)
    pair.run(3590)
    assert len(pair.notifier) == 1
    pair.run(20)
    assert pair.state == "terminated;reason=timeout"
    assert len(pair.notifier) == 0
    assert pair.notifier.next_timer() is None


def test_a_network_that_carries_nothing_any_more() -> None:
    pair = Pair(1, 0)
    pair.subscribe(3600)
    pair.run(5)
    pair.loss = 100
    pair.change()
    pair.change()
    pair.run(40)
    assert pair.signalling.owned_transactions == 0
    pair.change()
    pair.run(1)
    assert pair.signalling.owned_transactions == 0, "nothing is sent to nobody"
    pair.run(ADRIFT_S)
    assert len(pair.notifier) == 0
    assert pair.signalling.owned_transactions == 0


def test_a_phone_that_was_out_of_reach_subscribes_again_in_its_dialog() -> None:
    pair = Pair(1, 0)
    pair.subscribe(3600)
    pair.run(5)
    pair.loss = 100
    pair.change()
    pair.run(40)
    pair.loss = 0
    pair.subscribe(3600)
    pair.run(5)
    pair.change()
    pair.run(5)
    assert pair.heard[-1] == 2
    assert len(pair.notifier) == 1


def test_a_switch_that_stops_asks_phones_to_come_back() -> None:
    """RFC 6665 section 4.1.3: `probation`, with the seconds after which to subscribe again."""
    pair = Pair(1, 0)
    pair.subscribe(3600)
    pair.run(5)
    pair.notifier.stop(pair.now)
    pair.run(5)
    assert pair.state == "terminated;reason=probation;retry-after=11"
    assert len(pair.notifier) == 0
