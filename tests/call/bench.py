"""Legs on a transaction layer of their own: SIP text in, SIP messages and leg events out, time by hand."""

from switch.base.tokens import SeededTokens
from switch.call import events
from switch.call.destination import Credentials, Destination
from switch.call.incoming import IncomingLeg
from switch.call.leg import Leg
from switch.call.outgoing import OutgoingLeg
from switch.call.signalling import Signalling
from switch.media.plan import Slot
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Message, Request, Response, Uri, parse
from switch.sip.outputs import MessageDropped, RequestReceived, SendBytes, StrayAnswer
from switch.sip.transaction.layer import TransactionLayer

US = Address("192.0.2.1", 5060)
PEER = Address("198.51.100.7", 5060)
FLOW = Flow(Transport.UDP, US, PEER)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
)


class Bench:
    """One leg and its peer's pen. `sent` are the messages that the leg sent, `told` its events."""

    def __init__(self) -> None:
        self.now = 1_000_000_000
        self.signalling = Signalling(TransactionLayer(SeededTokens(7)))
        self.sent: list[Message] = []
        self.told: list[events.LegOutput] = []
        self.dropped = 0
        self.leg: Leg | None = None
        self._branches = 0

    # Legs.

    def outgoing(self, credentials: Credentials | None = None) -> OutgoingLeg:
        destination = Destination(
            uri=Uri.parse("sip:shop-101@198.51.100.7"),
            flow=FLOW,
            from_="<sip:caller@192.0.2.1>",
            to="<sip:shop-101@192.0.2.1>",
            credentials=credentials,
        )
        leg = OutgoingLeg(
            "l1",
            destination,
            role="agent",
            peer="101",
            slot=Slot(0, US.host, 20_000),
            session_id=1,
            call_id="call-1",
            local_tag="ours",
            signalling=self.signalling,
        )
        self.leg = leg
        leg.dial(self.now)
        self.settle()
        return leg

    def incoming(self, body: str | None = None) -> IncomingLeg:
        self.receive(
            self.request(
                "INVITE", 1, to_tag="", body=SDP.format(direction="sendrecv") if body is None else body
            )
        )
        assert isinstance(self.leg, IncomingLeg)
        return self.leg

    # The peer's pen.

    def request(
        self,
        method: str,
        cseq: int,
        *,
        to_tag: str = "ours",
        body: str = "",
        more: str = "",
        branch: str = "",
    ) -> str:
        self._branches += 1
        branch = branch or f"z9hG4bKpeer{self._branches}"
        tag = f";tag={to_tag}" if to_tag else ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch={branch}\r\n"
            "Max-Forwards: 70\r\n"
            f"From: <sip:peer@198.51.100.7>;tag=theirs\r\nTo: <sip:us@192.0.2.1>{tag}\r\nCall-ID: call-1\r\n"
            f"CSeq: {cseq} {method}\r\nContact: <sip:peer@198.51.100.7>\r\n{more}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def response(
        self, status: int, to: Request, *, tag: str = "theirs", body: str = "", more: str = ""
    ) -> str:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        to_value = to.headers.get("To") or ""
        to_value = to_value if ";tag=" in to_value else f"{to_value};tag={tag}"
        return (
            f"SIP/2.0 {status} Word\r\nVia: {to.headers.get('Via')}\r\nFrom: {to.headers.get('From')}\r\n"
            f"To: {to_value}\r\nCall-ID: {to.call_id}\r\nCSeq: {to.headers.get('CSeq')}\r\n"
            f"Contact: <sip:{tag}@198.51.100.7>\r\n{more}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def receive(self, text: str) -> None:
        self.signalling.layer.receive(text.encode(), FLOW, self.now)
        self.settle()

    def answer(self, *, tag: str = "theirs", direction: str = "sendrecv") -> None:
        """200 to our INVITE."""
        self.receive(self.response(200, self.last("INVITE"), tag=tag, body=SDP.format(direction=direction)))

    # Time and outcome.

    def run(self, seconds: float) -> None:
        """Every timer until then, in order."""
        end = self.now + int(seconds * 1_000_000)
        while (due := self._due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.signalling.layer.handle_timer(self.now)
            if self.leg is not None:
                self.leg.handle_timer(self.now)
            self.settle()
        self.now = end

    def _due(self) -> int | None:
        times = [self.signalling.layer.next_timer(), None if self.leg is None else self.leg.next_timer()]
        return min((at for at in times if at is not None), default=None)

    def settle(self) -> None:
        while outputs := self.signalling.layer.poll():
            for output in outputs:
                if isinstance(output, SendBytes):
                    self.sent.append(parse(output.data))
                elif isinstance(output, MessageDropped | StrayAnswer):
                    self.dropped += 1
                else:
                    owner = self.signalling.owner_of(output)
                    if owner is not None:
                        owner.receive(output, self.now)
                    elif isinstance(output, RequestReceived):
                        if output.request.method == "INVITE" and output.request.to.tag is None:
                            self._open(output)
                        else:
                            # As the exchange does.
                            response = output.request.make_response(481)
                            self.signalling.respond(output.transaction, response, self.now)
        if self.leg is not None:
            self.told += self.leg.poll()

    def _open(self, message: RequestReceived) -> None:
        self.leg = IncomingLeg(
            "l1",
            message,
            role="caller",
            peer="carrier",
            slot=Slot(0, US.host, 20_000),
            session_id=1,
            local_tag="ours",
            signalling=self.signalling,
        )

    def last(self, method: str) -> Request:
        """The last request of this method that the leg sent."""
        return next(m for m in reversed(self.sent) if isinstance(m, Request) and m.method == method)

    def count(self, method: str) -> int:
        return sum(isinstance(m, Request) and m.method == method for m in self.sent)

    def statuses(self, method: str) -> list[int]:
        """Statuses that the leg answered to the peer's requests of this method."""
        return [m.status for m in self.sent if isinstance(m, Response) and m.cseq.method == method]

    def tell(self, kind: type[events.LegOutput]) -> list[events.LegOutput]:
        return [event for event in self.told if isinstance(event, kind)]

    def ended(self) -> list[events.LegEnded]:
        return [event for event in self.told if isinstance(event, events.LegEnded)]

    def nothing_is_left(self) -> None:
        """The leg told its end once, then that it is gone, and nothing of it is known any more."""
        self.run(70)
        assert len(self.ended()) == 1
        assert isinstance(self.told[-1], events.LegGone)
        assert (self.signalling.dialogs, self.signalling.owned_transactions) == (0, 0)
        assert self.signalling.layer.open_transactions == 0
        assert self.leg is not None
        assert self.leg.next_timer() is None
