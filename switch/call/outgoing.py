"""A leg whose INVITE we sent (user agent client, RFC 3261 section 13.2)."""

from dataclasses import dataclass

from switch.base.clock import SECOND
from switch.base.errors import PeerError
from switch.call import events
from switch.call.cause import By, Cause, Reason, from_status, ours, reason_header
from switch.call.leg import ALLOW, Leg
from switch.call.requests import answer_in_dialog
from switch.call.signalling import LegInputMessage, Signalling
from switch.call.states import LegInput, LegState
from switch.media.plan import Slot
from switch.sip import digest
from switch.sip.dialog import Dialog
from switch.sip.flow import Flow
from switch.sip.message import Request, Response
from switch.sip.outputs import AckReceived, RequestReceived, ResponseReceived, TransactionFailed
from switch.sip.uri import NameAddr, Uri

MAX_FORWARDS = 70
"""Of a call that begins with us (RFC 3261 section 8.1.1.6)."""

SILENT_AFTER_US = 4 * SECOND
"""An INVITE without even a 100 for so long has been sent four times (RFC 3261 section 17.1.1.2): on a network
that loses a tenth of what it carries, one living phone in a thousand would be taken for a dead one."""

NOBODY_THERE = Cause(Reason.UNREACHABLE, By.NETWORK, 408)
"""How a leg ends whose peer never answered anything."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What we answer a carrier's challenge with."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an INVITE goes: the request URI, the flow to send by, whom we say we are."""

    uri: Uri
    flow: Flow
    from_: NameAddr
    to: NameAddr
    headers: tuple[tuple[str, str], ...] = ()
    credentials: Credentials | None = None


class OutgoingLeg(Leg):
    """From `dial`. Several 2xx of a forked INVITE: the first is kept, each other is ACKed and ended."""

    __slots__ = (
        "_ack",
        "_authenticated",
        "_call_id",
        "_cancel_cause",
        "_destination",
        "_dialled_at",
        "_max_forwards",
        "_progress",
        "_request",
        "_tag",
        "registration",
    )

    def __init__(
        self,
        leg_id: str,
        destination: Destination,
        *,
        role: str,
        peer: str,
        slot: Slot,
        session_id: int,
        call_id: str,
        local_tag: str,
        signalling: Signalling,
        max_forwards: int = MAX_FORWARDS,
    ) -> None:
        super().__init__(
            leg_id,
            role=role,
            peer=peer,
            flow=destination.flow,
            slot=slot,
            session_id=session_id,
            signalling=signalling,
            state=LegState.OUTGOING_CALLING,
        )
        self._destination = destination
        self._max_forwards = max_forwards
        self._call_id = call_id
        self._tag = local_tag
        self._ack: Request | None = None
        self._cancel_cause: Cause | None = None
        self._authenticated = False
        self._dialled_at = 0
        self._progress = 0
        self.registration = ("", 0)
        """Call-ID and CSeq of the REGISTER that named the target; a later one means that a phone is there."""
        self._request = self._invite(1, ())

    @property
    def target(self) -> Uri:
        """The contact or number that is rung."""
        return self._destination.uri

    def silent(self, now: int) -> bool:
        """Whether the peer has given no sign of life for longer than the network can explain."""
        waits = self.state is LegState.OUTGOING_CALLING
        return waits and now - self._dialled_at >= SILENT_AFTER_US

    # Verbs.

    def dial(self, now: int) -> None:
        """Send the INVITE."""
        self._dialled_at = now
        self.invite_transaction = self.signalling.open(self._request, self.flow, self, now)

    def hang_up(self, cause: Cause, now: int) -> None:
        before, silent = self.state, self.silent(now)
        if not self.move(LegInput.HANG_UP):
            return
        if before is LegState.CONFIRMED:
            self.send_bye(cause, now)
        else:
            self._cancel_cause = cause
            self.signalling.cancel(self.invite_transaction, reason_header(cause.reason), now)
        self.end(NOBODY_THERE if silent else cause)

    # The endpoint's contract.

    def receive(self, message: LegInputMessage, now: int) -> None:
        if isinstance(message, ResponseReceived):
            if message.transaction == self.invite_transaction:
                self._answer(message, now)
            elif message.response.status >= 200:
                self.transaction_done(message, now)
        elif isinstance(message, RequestReceived):
            self._in_dialog(message, now)
        elif isinstance(message, AckReceived):
            if self.repeater.acknowledge(message.request.cseq.number) and not self.over:
                self.late_answer(message.request.body, now)
        elif isinstance(message, TransactionFailed):
            if message.transaction == self.invite_transaction:
                self._unanswered()
            else:
                self.transaction_done(message, now)

    # Steps.

    def _answer(self, message: ResponseReceived, now: int) -> None:
        response = message.response
        if response.status == 100:
            return
        if response.status < 200:
            self._provisional(response)
        elif response.status < 300:
            self._success(message, now)
        elif response.status in (401, 407) and self._try_credentials(response, now):
            return
        elif self.move(LegInput.FAILURE):
            self.end(from_status(response.status))
            self.finish()

    def _provisional(self, response: Response) -> None:
        if not self.move(LegInput.PROVISIONAL):
            return
        early_media = False
        if response.body and response.to.tag and not self.negotiation.agreed:
            plan = self.negotiation.accept(response.body)
            if plan is not None:
                early_media = True
                self.apply_plan(plan)
        if early_media or response.status != self._progress:
            # A copy of the same 180 is no news.
            self._progress = response.status
            self.emit(events.LegProgress(self.id, response.status, early_media))

    def _success(self, message: ResponseReceived, now: int) -> None:
        response = message.response
        if self.dialog is not None:
            self._repeated_success(message, now)
            return
        cancelling = self.state is LegState.CANCELLING
        if not self.move(LegInput.SUCCESS):
            return
        self.dialog = Dialog.as_uac(self._request, response, self.contact())
        self.signalling.bind(self.dialog.key, self)
        self._ack = self.dialog.ack(response.cseq.number)
        self.signalling.send_ack(self._ack, self.flow, now)
        if cancelling:
            self.send_bye(self._cancel_cause or ours(Reason.CANCELLED), now)
            return
        plan = self.negotiation.accept(response.body) if response.body else None
        if plan is None and not (self.negotiation.agreed and not response.body):
            self.hang_up(ours(Reason.NOT_ACCEPTABLE), now)
            return
        if plan is not None:
            self.apply_plan(plan)
        self.confirm(now)
        self.emit(events.LegAnswered(self.id, self.negotiation.codec_name))

    def _repeated_success(self, message: ResponseReceived, now: int) -> None:
        """Our ACK was lost, or the INVITE forked and somebody else answered too."""
        response = message.response
        assert self.dialog is not None
        assert self._ack is not None
        if response.to.tag == self.dialog.key[2]:
            self.signalling.send_ack(self._ack, self.flow, now)
            return
        surplus = Dialog.as_uac(self._request, response, self.contact())
        self.signalling.send_ack(surplus.ack(response.cseq.number), self.flow, now)
        self.signalling.layer.open(surplus.request("BYE"), self.flow, now)

    def _unanswered(self) -> None:
        """Timer B, or the transport refused: nobody is there."""
        if self.dialog is None and self.move(LegInput.LOST):
            self.end(NOBODY_THERE)
            self.finish()

    def _try_credentials(self, response: Response, now: int) -> bool:
        """Answer the carrier's challenge once (RFC 3261 section 22.2)."""
        credentials = self._destination.credentials
        header = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
        challenge = digest.best_challenge(response.headers.fields(header))
        if credentials is None or self._authenticated or challenge is None or self.over:
            return False
        try:
            value = digest.answer(
                challenge,
                "INVITE",
                str(self._destination.uri),
                credentials.username,
                credentials.password,
                cnonce=self._tag,
            )
        except PeerError:
            # A challenge that cannot be met is a refusal; the INVITE has had its final answer.
            return False
        self._authenticated = True
        name = "Authorization" if response.status == 401 else "Proxy-Authorization"
        self.signalling.forget_transaction(self.invite_transaction)
        self._request = self._invite(2, ((name, value),))
        self.dial(now)
        return True

    def _in_dialog(self, message: RequestReceived, now: int) -> None:
        request = message.request
        if request.method == "BYE":
            self.signalling.respond(message.transaction, request.make_response(200), now)
            self.repeater.stop()
            self.bye_received()
        elif request.method == "INVITE":
            self.answer_reinvite(message, now)
        elif self.over:
            self.signalling.respond(message.transaction, request.make_response(481), now)
        else:
            self.signalling.respond(message.transaction, answer_in_dialog(self, message), now)

    def _invite(self, cseq: int, extra: tuple[tuple[str, str], ...]) -> Request:
        destination = self._destination
        body = self.negotiation.local_body if cseq > 1 else self.negotiation.offer()
        headers = [
            ("Max-Forwards", str(self._max_forwards)),
            ("From", str(destination.from_.with_tag(self._tag))),
            ("To", str(destination.to)),
            ("Call-ID", self._call_id),
            ("CSeq", f"{cseq} INVITE"),
            ("Contact", str(self.contact())),
            ("Allow", ALLOW),
            *destination.headers,
            *extra,
            ("Content-Type", "application/sdp"),
        ]
        return Request("INVITE", destination.uri, headers, body)
