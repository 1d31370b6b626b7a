"""A whole exchange without sockets, and phones that speak to it in bytes over flows that the test opens and
closes. Phones know only what the test makes them say."""

import re
from dataclasses import dataclass
from itertools import count

from switch.base.clock import SECOND
from switch.base.tokens import SeededTokens
from switch.dialplan.centre import load_centre
from switch.exchange.exchange import Exchange
from switch.exchange.office import Listener
from switch.journal.entry import Journal
from switch.media.plan import Slot
from switch.node.compose import REALM, Materials, build
from switch.registrar.values import Account
from switch.sip import digest
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response, Uri, parse
from switch.sip.outputs import SendBytes

HERE = Address("198.51.100.1", 5060)
PASSWORD = "secret"
PLAN = """
languages: [en]
numbers: {600: main}
accounts: {"101": {}, "102": {}, "103": {}}
flows: {main: [{dial: {extension: "102"}}, hangup]}
"""
OTHER = """
languages: [en]
numbers: {600: main}
accounts: {"101": {}}
flows: {main: [hangup]}
"""
_branches = count(1)


def tcp(connection: int, host: str = "192.0.2.10") -> Flow:
    return Flow(Transport.TCP, HERE, Address(host, 40_000 + connection), connection)


def udp(port: int, host: str = "192.0.2.10") -> Flow:
    return Flow(Transport.UDP, HERE, Address(host, port))


class Bench:
    """`heard` is what the switch sent by each flow and nobody has taken yet."""

    def __init__(self, more: tuple[Listener, ...] = (), plan: str = PLAN) -> None:
        """`more` listeners than those for UDP and TCP at HERE; `plan` is maple's."""
        materials = Materials(
            listeners=(Listener(Transport.UDP, HERE), Listener(Transport.TCP, HERE), *more),
            slots=tuple(Slot(number, HERE.host, 20_000 + 2 * number, "AA:BB") for number in range(40)),
            journal=Journal(0, 1_000 * SECOND),
            tokens=SeededTokens(7),
            nonce_secret=b"0123456789abcdef",
            node="n",
            epoch="e",
        )
        names = ("maple-101", "maple-102", "maple-103", "birch-101")
        accounts = [
            Account(name, *name.split("-"), digest.hashed_secrets(name, REALM, PASSWORD)) for name in names
        ]
        self.now = SECOND
        centre = load_centre({"maple.yaml": plan, "birch.yaml": OTHER})
        self.exchange: Exchange = build(centre, accounts, (), materials, self.now)
        self.heard: dict[Flow, list[Request | Response]] = {}
        self._carry()

    def give(self, message: Request | Response, flow: Flow) -> None:
        """Somebody sends this by `flow`."""
        self.exchange.receive(message.to_bytes(), flow, self.now)
        self._carry()

    def close(self, flow: Flow) -> None:
        """The connection is gone."""
        self.exchange.connection_closed(flow, self.now)
        self._carry()

    def run(self, until_us: int) -> None:
        """Let time pass, timer by timer."""
        end = self.now + until_us
        while (due := self.exchange.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.exchange.handle_timer(self.now)
            self._carry()
        self.now = end

    def take(self, flow: Flow, what: str | int) -> Request | Response:
        """The first message of this method or status that was sent by `flow`; it is taken from the list."""
        for message in self.heard.get(flow, []):
            if (message.method if isinstance(message, Request) else message.status) == what:
                self.heard[flow].remove(message)
                return message
        raise AssertionError(f"no {what} by {flow.remote}: {self.heard.get(flow)}")

    def request(self, flow: Flow, method: str) -> Request:
        found = self.take(flow, method)
        assert isinstance(found, Request)
        return found

    def response(self, flow: Flow, status: int) -> Response:
        found = self.take(flow, status)
        assert isinstance(found, Response)
        return found

    def methods(self, flow: Flow) -> list[str]:
        """Requests by this flow that nobody has taken."""
        return [message.method for message in self.heard.get(flow, []) if isinstance(message, Request)]

    def _carry(self) -> None:
        for output in self.exchange.poll():
            if isinstance(output, SendBytes):
                self.heard.setdefault(output.flow, []).append(parse(output.data))


@dataclass
class Phone:
    """One phone; it keeps its Call-ID for registering, as real ones do."""

    bench: Bench
    user: str = "maple-102"
    instance: str = "<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"
    extra: tuple[tuple[str, str], ...] = ()
    cseq: int = 0

    def register(self, flow: Flow, reg_id: int = 0, expires_s: int = 300, contact: str = "") -> Response:
        """Register by this flow, answering the challenge."""
        self.bench.give(self._register(flow, reg_id, expires_s, contact), flow)
        challenge = self.bench.response(flow, 401).headers.fields("WWW-Authenticate")[0]
        request = self._register(flow, reg_id, expires_s, contact)
        value = digest.answer(challenge, "REGISTER", str(request.uri), self.user, PASSWORD, "cn")
        request.headers.add("Authorization", value)
        self.bench.give(request, flow)
        return self.bench.response(flow, 200)

    def invite(self, flow: Flow, to: Uri, call_id: str = "call", session: bytes = b"") -> None:
        """Dial, answering the challenge; what comes of it the test reads from the bench."""
        self.bench.give(self._invite(flow, to, call_id, session), flow)
        challenged = self.bench.response(flow, 407)
        request = self._invite(flow, to, call_id, session)
        challenge = challenged.headers.fields("Proxy-Authenticate")[0]
        value = digest.answer(challenge, "INVITE", str(to), self.user, PASSWORD, "cn")
        request.headers.add("Proxy-Authorization", value)
        self.bench.give(request, flow)

    def answer(
        self, flow: Flow, invite: Request, status: int, tag: str = "phone", session: bytes = b""
    ) -> None:
        """Answer an INVITE of the switch; 200 with a session."""
        body = (session or SDP) if status == 200 else b""
        contact = [("Contact", f"<sip:{self.user}@{flow.remote};transport={flow.transport.lower()}>")]
        kind = "application/sdp" if body else None
        response = invite.make_response(status, to_tag=tag, headers=contact, body=body, content_type=kind)
        self.bench.give(response, flow)

    def _fields(self, flow: Flow, method: str, call_id: str, to: str) -> list[tuple[str, str]]:
        self.cseq += 1
        via = f"SIP/2.0/{flow.transport} {flow.remote};rport;branch=z9hG4bK{next(_branches)}"
        return [
            ("Via", via),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{self.user}@{HERE.host}>;tag=mine"),
            ("To", f"<{to}>"),
            ("Call-ID", call_id),
            ("CSeq", f"{self.cseq} {method}"),
            *self.extra,
        ]

    def _register(self, flow: Flow, reg_id: int, expires_s: int, contact: str) -> Request:
        uri = contact or f"sip:{self.user}@{flow.remote};transport={flow.transport.lower()}"
        value = f"<{uri}>;expires={expires_s}"
        if self.instance:
            value += f';+sip.instance="{self.instance}"' + (f";reg-id={reg_id}" if reg_id else "")
        fields = self._fields(
            flow, "REGISTER", f"reg-{self.user}{self.instance}", f"sip:{self.user}@{HERE.host}"
        )
        fields += [("Contact", value), ("Supported", "path, outbound, gruu")]
        return Request("REGISTER", Uri(host=HERE.host), fields)

    def _invite(self, flow: Flow, to: Uri, call_id: str, session: bytes) -> Request:
        fields = self._fields(flow, "INVITE", call_id, str(to))
        fields += [("Contact", f"<sip:{self.user}@{flow.remote}>"), ("Content-Type", "application/sdp")]
        return Request("INVITE", to, fields, session or SDP)


SDP = re.sub(
    r"\n *",
    "\r\n",
    """v=0
    o=- 1 1 IN IP4 192.0.2.10
    s=-
    c=IN IP4 192.0.2.10
    t=0 0
    m=audio 30000 RTP/AVP 8 101
    a=rtpmap:101 telephone-event/8000
    """,
).encode()
