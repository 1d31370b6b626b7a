"""One leg over the real transaction layer; the test is its peer and speaks in bytes."""

from collections.abc import Iterable

from switch.base.tokens import SeededTokens
from switch.call import events
from switch.call.destination import Credentials, Destination
from switch.call.incoming import IncomingLeg
from switch.call.leg import Leg
from switch.call.outgoing import OutgoingLeg
from switch.call.signalling import Signalling
from switch.media.plan import Slot
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response, Uri, parse
from switch.sip.outputs import MessageDropped, RequestReceived, SendBytes, StrayAnswer
from switch.sip.transaction.layer import TransactionLayer

HERE = Address("192.0.2.1", 5060)
PEER = Address("198.51.100.7", 5060)
FLOW = Flow(Transport.UDP, HERE, PEER)
SLOT = Slot(3, HERE.host, 20_000)


def sdp(direction: str = "sendrecv", formats: str = "8 101", version: int = 1) -> bytes:
    return (
        f"v=0\r\no=- 1 {version} IN IP4 {PEER.host}\r\ns=-\r\nc=IN IP4 {PEER.host}\r\nt=0 0\r\n"
        f"m=audio 30000 RTP/AVP {formats}\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    ).encode()


class Wire:
    """`sent` is what the switch sent and nobody has taken yet; `told` what the leg said."""

    def __init__(self) -> None:
        self.layer = TransactionLayer(SeededTokens(1))
        self.signalling = Signalling(self.layer)
        self.sent: list[Request | Response] = []
        self.told: list[events.LegOutput] = []
        self.new: list[RequestReceived] = []
        self.leg: Leg | None = None
        self.now = 1_000_000
        self._cseq = 1

    # The switch's side.

    def incoming(self, body: bytes = b"") -> IncomingLeg:
        """A leg whose INVITE the peer just sent."""
        self.give(self.request("INVITE", body=body or sdp()))
        leg = IncomingLeg(
            "l-1", self.new.pop(), role="caller", peer="x", slot=SLOT, session_id=7, local_tag="ours",
            signalling=self.signalling,
        )  # fmt: skip
        self.leg = leg
        self.pump()
        return leg

    def outgoing(self, credentials: Credentials | None = None) -> OutgoingLeg:
        """A leg that has just sent its INVITE."""
        us, them = Uri(user="us", host=HERE.host), Uri(user="them", host=PEER.host)
        destination = Destination(them, FLOW, f"<{us}>", f"<{them}>", credentials=credentials)
        leg = OutgoingLeg(
            "l-1", destination, role="callee", peer="x", slot=SLOT, session_id=7, call_id="call-1",
            local_tag="ours", signalling=self.signalling,
        )  # fmt: skip
        self.leg = leg
        leg.dial(self.now)
        self.pump()
        return leg

    def pump(self) -> None:
        """Carry everything until nothing moves."""
        while outputs := self.layer.poll():
            for output in outputs:
                if isinstance(output, SendBytes):
                    self.sent.append(parse(output.data))
                elif not isinstance(output, MessageDropped | StrayAnswer):
                    owner = self.signalling.owner_of(output)
                    if owner is not None:
                        owner.receive(output, self.now)
                    elif isinstance(output, RequestReceived):
                        self.new.append(output)
        if self.leg is not None:
            self.told += self.leg.poll()

    def wait(self, seconds: float) -> None:
        """Timers of the layer and of the leg, in their order."""
        end = self.now + int(seconds * 1_000_000)
        while True:
            assert self.leg is not None
            due = [at for at in (self.layer.next_timer(), self.leg.next_timer()) if at is not None]
            if not due or min(due) > end:
                break
            self.now = max(self.now, min(due))
            self.layer.handle_timer(self.now)
            self.leg.handle_timer(self.now)
            self.pump()
        self.now = end

    # The peer's side.

    def give(self, message: Request | Response) -> None:
        self.layer.receive(message.to_bytes(), FLOW, self.now)
        self.pump()

    def take(self) -> list[Request | Response]:
        sent, self.sent = self.sent, []
        return sent

    def took(self) -> list[str]:
        """What the switch sent, in words: a method, or a status and the method that it answers."""
        return [m.method if isinstance(m, Request) else f"{m.status} {m.cseq.method}" for m in self.take()]

    def ended(self) -> list[events.LegEnded]:
        return [event for event in self.told if isinstance(event, events.LegEnded)]

    def request(
        self,
        method: str,
        *,
        to_tag: str = "",
        body: bytes = b"",
        headers: Iterable[tuple[str, str]] = (),
        cseq: int = 0,
        branch: str = "",
    ) -> Request:
        """A request of the peer; ACK and CANCEL take the INVITE's number."""
        if not cseq and method not in ("ACK", "CANCEL"):
            self._cseq += 1
        number = cseq or self._cseq
        fields = [
            ("Via", f"SIP/2.0/UDP {PEER};branch=z9hG4bK{branch or method + str(number)}"),
            ("From", f"<sip:them@{PEER.host}>;tag=theirs"),
            ("To", f"<sip:us@{HERE.host}>" + (f";tag={to_tag}" if to_tag else "")),
            ("Call-ID", "call-1"),
            ("CSeq", f"{number} {method}"),
            ("Contact", f"<sip:them@{PEER}>"),
            *headers,
        ]
        if body:
            fields.append(("Content-Type", "application/sdp"))
        return Request(method, Uri(user="us", host=HERE.host), fields, body)


def answer(request: Request | Response, status: int, *, tag: str = "theirs", body: bytes = b"") -> Response:
    """The peer's answer to a request of the switch."""
    assert isinstance(request, Request)
    contact = [("Contact", f"<sip:them@{PEER}>")]
    kind = "application/sdp" if body else None
    return request.make_response(status, to_tag=tag, headers=contact, body=body, content_type=kind)


def reply(request: Request | Response, status: int) -> Response:
    """The peer's answer inside a dialog."""
    assert isinstance(request, Request)
    return request.make_response(status)
