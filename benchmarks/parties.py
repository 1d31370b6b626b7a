"""A switch without sockets and two scripted phones, for benchmarks of the signalling core.

The phones are text templates that read no more of a message than they must, so that nearly all the time of a
run is the switch's; `spent_ns` counts the switch's alone. A call is the one of `benchmarks/sipp`: INVITE,
407, ACK, INVITE, 180, 200, ACK, a pause, BYE, 200 on the caller's leg, the same without the challenge on the
other. Journal entries become rows and counters as in a running switch.
"""

import re
from dataclasses import dataclass
from heapq import heappop, heappush
from time import thread_time_ns

from prometheus_client import CollectorRegistry

from switch.base.clock import SECOND
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.exchange.office import Listener
from switch.journal.entry import Journal
from switch.media.commands import CloseStream
from switch.media.events import StreamClosed
from switch.media.plan import Slot
from switch.metrics.counters import JournalCounters
from switch.node.compose import REALM, Materials, build
from switch.node.tokens import SystemTokens
from switch.registrar.values import Account
from switch.sip.digest import answer, hashed_secrets
from switch.sip.flow import Address, Flow, Transport
from switch.sip.outputs import SendBytes
from switch.store.rows import rows_of

CENTRE = "digest: [md5]\n"
TENANT = """\
name: Bench
languages: [en]
country: FR
numbers: {"700": ring}
accounts: {"101": {}, "102": {}}
flows:
  ring: [{dial: {extension: "102", timeout_s: 30}}]
"""
AGENT = 1000
"""The account of the first agent, where calls are queued."""


def _queueing_tenant(agents: int) -> str:
    """The same with so many agents, where the number leads into a queue for all of them."""
    numbers = range(AGENT, AGENT + agents)
    accounts = "".join(f', "{number}": {{}}' for number in numbers)
    people = ", ".join(f'a{number}: {{account: "{number}", skills: {{english: 50}}}}' for number in numbers)
    queue = "queues: {sales: {policy: longest-idle}}\nskills: [english]\n"
    text = TENANT.replace('"102": {}}', f'"102": {{}}{accounts}}}') + f"{queue}agents: {{{people}}}\n"
    return text.replace(
        '{dial: {extension: "102", timeout_s: 30}}', "{queue: {name: sales, needs: {english: 20}}}"
    )


SWITCH = Address("127.0.0.1", 5060)
CALLER = Address("127.0.0.1", 5071)
CALLEE = Address("127.0.0.1", 5072)
FROM_CALLER = Flow(Transport.UDP, SWITCH, CALLER)
FROM_CALLEE = Flow(Transport.UDP, SWITCH, CALLEE)
PASSWORD = "bench"

_OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
)
_ANSWER = _OFFER.replace(" 8 101", " 101").replace("a=rtpmap:8 PCMA/8000\r\n", "")
_HEAD = (
    "{method} sip:700@127.0.0.1:5060 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5071;rport;branch=z9hG4bK-77-{number}-{step}\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:bench-101@127.0.0.1:5060>;tag=77-{number}\r\n"
    "To: <sip:700@127.0.0.1:5060>{to}\r\n"
    "Call-ID: {number}-77@127.0.0.1\r\n"
    "CSeq: {cseq} {method}\r\n"
)
_INVITE = (
    _HEAD + "Contact: <sip:bench-101@127.0.0.1:5071;transport=UDP>\r\n"
    "{extra}Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE\r\n"
    f"Content-Type: application/sdp\r\nContent-Length: {len(_OFFER)}\r\n\r\n{_OFFER}"
)
_PLAIN = _HEAD + "Content-Length: 0\r\n\r\n"
_RINGING = "Contact: <sip:127.0.0.1:5072;transport=UDP>\r\nContent-Length: 0\r\n\r\n"
_ANSWERED = (
    "Contact: <sip:127.0.0.1:5072;transport=UDP>\r\nContent-Type: application/sdp\r\n"
    f"Content-Length: {len(_ANSWER)}\r\n\r\n{_ANSWER}"
)
_TO_TAG = re.compile(rb"\r\nTo: [^\r]*(;tag=[^;\r]+)")
_NUMBER = re.compile(rb"\r\nCall-ID: ([0-9]+)-")
_CHALLENGE = re.compile(rb"\r\nProxy-Authenticate: ([^\r]*)")
_COPIED = re.compile(rb"\r\n((?:Via|From|Call-ID|CSeq): [^\r]*)")
_TO = re.compile(rb"\r\nTo: ([^\r]*)")


def invite(number: int) -> bytes:
    """The first INVITE of a call."""
    return _INVITE.format(method="INVITE", number=number, step=1, to="", cseq=1, extra="").encode()


def plain(method: str, number: int, tag: str) -> bytes:
    """A request of the caller within the dialog of a call."""
    return _PLAIN.format(method=method, number=number, step=5, to=tag, cseq=3).encode()


@dataclass(slots=True)
class Tally:
    """What has happened so far."""

    started: int = 0
    talking: int = 0
    ended: int = 0
    datagrams_in: int = 0
    datagrams_out: int = 0
    entries: int = 0


class Parties:
    """The switch, a caller and a callee; or so many agents of a queue at the callee's address.

    `now` is virtual, in microseconds.
    """

    def __init__(self, slots: int, agents: int = 0) -> None:
        self.now = 1_000 * SECOND
        self.tally = Tally()
        self.spent_ns = 0
        self._byes: list[tuple[int, int, str]] = []
        self._counters = JournalCounters(CollectorRegistry())
        self._inbox: list[tuple[Flow, bytes]] = []
        self.hold_us = SECOND
        tenant = _queueing_tenant(agents) if agents else TENANT
        centre = load_centre({"centre.yaml": CENTRE, "bench.yaml": tenant})
        names = ["101", "102", *(str(AGENT + number) for number in range(agents))]
        accounts = [
            Account(f"bench-{name}", "bench", name, hashed_secrets(f"bench-{name}", REALM, PASSWORD))
            for name in names
        ]
        self.journal = Journal()
        materials = Materials(
            listeners=(Listener(Transport.UDP, SWITCH),),
            slots=tuple(Slot(number, "127.0.0.1", 20_000 + 2 * number) for number in range(slots)),
            journal=self.journal,
            tokens=SystemTokens(),
            nonce_secret=b"a secret for benchmarks",
            node="b",
            epoch="0",
        )
        self.exchange = build(centre, accounts, (), materials, self.now)
        for name in names[1:]:
            self._register(name)
        for number in range(agents):
            self.exchange.agent("bench", f"a{AGENT + number}", AgentVerb.SIGN_IN, "", self.now)
        self._after()
        self.spent_ns = 0

    def call(self) -> None:
        """One more call begins now."""
        number = self.tally.started
        self.tally.started += 1
        self._receive(invite(number), FROM_CALLER)
        self.converse()

    def advance(self, until: int) -> None:
        """Let what is due happen: talks end after `hold_us`, timers fire."""
        while True:
            due = self._byes[0][0] if self._byes else until + 1
            timer = self.exchange.next_timer()
            if timer is not None and timer <= min(due, until):
                self.now = max(self.now, timer)
                start = thread_time_ns()
                self.exchange.handle_timer(self.now)
                self._after()
                self.spent_ns += thread_time_ns() - start
            elif due <= until:
                self.now = max(self.now, due)
                _, number, tag = heappop(self._byes)
                self._receive(plain("BYE", number, tag), FROM_CALLER)
                self.converse()
            else:
                break
        self.now = until

    def _register(self, name: str) -> None:
        head = (
            "REGISTER sip:127.0.0.1:5060 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:5072;rport;branch=z9hG4bK-r{name}.{{0}}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:bench-{name}@127.0.0.1>;tag=r\r\n"
            f"To: <sip:bench-{name}@127.0.0.1>\r\nCall-ID: r{name}@127.0.0.1\r\nCSeq: {{0}} REGISTER\r\n"
            f"Contact: <sip:bench-{name}@127.0.0.1:5072;transport=UDP>;expires=3600\r\n{{1}}"
            "Content-Length: 0\r\n\r\n"
        )
        self._receive(head.format(1, "").encode(), FROM_CALLEE)
        challenge = re.search(rb"WWW-Authenticate: ([^\r]*)", self._inbox.pop(0)[1])
        assert challenge is not None
        value = answer(
            challenge[1].decode(), "REGISTER", "sip:127.0.0.1:5060", f"bench-{name}", PASSWORD, "cnonce"
        )
        self._receive(head.format(2, f"Authorization: {value}\r\n").encode(), FROM_CALLEE)
        assert self._inbox.pop(0)[1].startswith(b"SIP/2.0 200")

    def _receive(self, data: bytes, flow: Flow) -> None:
        self.tally.datagrams_in += 1
        start = thread_time_ns()
        self.exchange.receive(data, flow, self.now)
        self._after()
        self.spent_ns += thread_time_ns() - start

    def _after(self) -> None:
        self._carry()
        entries = self.journal.drain()
        if entries:
            self.tally.entries += len(entries)
            rows_of(entries)
            self._counters.observe(entries)

    def _carry(self) -> None:
        closed = []
        for output in self.exchange.poll():
            if isinstance(output, SendBytes):
                self.tally.datagrams_out += 1
                self._inbox.append((output.flow, output.data))
            elif isinstance(output, CloseStream):
                closed.append(output.slot)
        for slot in closed:
            self.exchange.media_event(StreamClosed(slot), self.now)
        self.exchange.next_timer()

    def take_byes(self, count: int) -> list[tuple[int, int, str]]:
        """The calls that were answered first: time, number and tag. Their ends are the taker's to send."""
        return [heappop(self._byes) for _ in range(count)]

    def take_sent(self) -> list[bytes]:
        """What the switch has to send now, for the phones to answer at the next `converse`."""
        sent = len(self._inbox)
        self._carry()
        return [data for _, data in self._inbox[sent:]]

    def converse(self) -> None:
        """Carry what the switch has sent until both are silent."""
        while self._inbox:
            flow, data = self._inbox.pop(0)
            if flow.remote == CALLER:
                self._to_caller(data)
            else:
                self._to_callee(data)

    def _to_caller(self, data: bytes) -> None:
        status = data[8:11]
        if status not in (b"407", b"200") or not data.startswith(b"SIP/2.0"):
            return
        found, tagged = _NUMBER.search(data), _TO_TAG.search(data)
        assert found is not None
        assert tagged is not None
        number, tag = int(found[1]), tagged[1].decode()
        if status == b"407":
            ack = _PLAIN.format(method="ACK", number=number, step=1, to=tag, cseq=1)
            self._receive(ack.encode(), FROM_CALLER)
            challenge = _CHALLENGE.search(data)
            assert challenge is not None
            value = answer(
                challenge[1].decode(),
                "INVITE",
                "sip:700@127.0.0.1:5060",
                "bench-101",
                PASSWORD,
                f"c{number}",
            )
            extra = f"Proxy-Authorization: {value}\r\n"
            text = _INVITE.format(method="INVITE", number=number, step=2, to="", cseq=2, extra=extra)
            self._receive(text.encode(), FROM_CALLER)
        elif b"\r\nCSeq: 2 INVITE" in data:
            ack = _PLAIN.format(method="ACK", number=number, step=3, to=tag, cseq=2)
            self._receive(ack.encode(), FROM_CALLER)
            self.tally.talking += 1
            heappush(self._byes, (self.now + self.hold_us, number, tag))
        else:
            self.tally.talking -= 1
            self.tally.ended += 1

    def _to_callee(self, data: bytes) -> None:
        method = data[: data.index(b" ")]
        if method == b"INVITE":
            self._receive(self._answer(data, "180 Ringing", _RINGING, ";tag=88"), FROM_CALLEE)
            self._receive(self._answer(data, "200 OK", _ANSWERED, ";tag=88"), FROM_CALLEE)
        elif method == b"BYE":
            self._receive(self._answer(data, "200 OK", "Content-Length: 0\r\n\r\n", ""), FROM_CALLEE)

    @staticmethod
    def _answer(data: bytes, status: str, rest: str, tag: str) -> bytes:
        to = _TO.search(data)
        assert to is not None
        lines = [f"SIP/2.0 {status}", *(line.decode() for line in _COPIED.findall(data))]
        return "\r\n".join([*lines, f"To: {to[1].decode()}{tag}", rest]).encode()
