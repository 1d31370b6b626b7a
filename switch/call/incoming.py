"""A leg whose INVITE came to us (user agent server, RFC 3261 section 13.3)."""

from collections.abc import Sequence

from switch.call import events, modify
from switch.call.cause import By, Cause, Reason, of_talk, ours, status_for, told_by
from switch.call.chance import draw
from switch.call.keys import KeyWay
from switch.call.leg import ALLOW, ANSWERED, Leg
from switch.call.reliable import RSEQ_FIRST_MAX, ReliableSender
from switch.call.requests import answer_in_dialog
from switch.call.session_timer import SUPPORTED
from switch.call.signalling import LegInputMessage, Signalling
from switch.call.states import LegInput, LegState
from switch.media.plan import Slot
from switch.sdp.audio import AudioCapability
from switch.sdp.security import Encryption
from switch.sip.dialog import Dialog
from switch.sip.message import Request, Response
from switch.sip.outputs import (
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
)

NOT_PASSED_ON = frozenset({401, 405, 407, 415, 420, 421, 422, 423, 494})
"""What whoever was rung said of our own request, and of headers that the caller never sees: a caller who is
challenged in the name of a carrier would ask its user for a password, and try its own."""


class IncomingLeg(Leg):
    """From INVITE received. The caller's tag of ours is made at once, so that the dialog opens early."""

    __slots__ = (
        "_bye_cause",
        "invite",
        "local_tag",
        "reliable",
    )

    owns_call_id = False

    def __init__(
        self,
        leg_id: str,
        message: RequestReceived,
        *,
        role: str,
        peer: str,
        slot: Slot,
        session_id: int,
        local_tag: str,
        signalling: Signalling,
        encryption: Encryption = Encryption.OPTIONAL,
        audio: AudioCapability | None = None,
        key_way: KeyWay = KeyWay.AUTO,
    ) -> None:
        super().__init__(
            leg_id,
            role=role,
            peer=peer,
            flow=message.flow,
            slot=slot,
            session_id=session_id,
            signalling=signalling,
            state=LegState.INCOMING_PROCEEDING,
            encryption=encryption,
            audio=audio,
            key_way=key_way,
        )
        self.invite: Request = message.request
        self.local_tag = local_tag
        self.invite_transaction = message.transaction
        self.dialog = Dialog.as_uas(message.request, local_tag, self.contact())
        signalling.adopt(message.transaction, self)
        signalling.bind(self.dialog.key, self)
        self._bye_cause: Cause | None = None
        self.reliable: ReliableSender | None = None
        """From the first provisional answer that must be acknowledged."""

    @property
    def spoken(self) -> str:
        """The codec of this leg, or the one that its offer would come to."""
        agreed = self.negotiation.codec_name
        return agreed or (self.negotiation.foreseen(self.invite.body) if self.invite.body else "")

    # Verbs.

    def ring(self, now: int) -> None:
        """180, once or again; harmless after the answer."""
        if self.state is LegState.INCOMING_PROCEEDING:
            self._provisional(180, now, b"")

    def forwarded(self, history: tuple[str, ...], now: int) -> None:
        """181 (RFC 3261 section 21.1.3): somebody else is rung for the caller. History-Info goes to callers
        who know it (RFC 7044 section 9.3)."""
        if self.state is LegState.INCOMING_PROCEEDING:
            known = history if "histinfo" in self.invite.supported else ()
            self._provisional(181, now, b"", [("History-Info", value) for value in known])

    def early_media(self, now: int) -> bool:
        """183 with our answer, so that the caller hears us before the call is answered.

        False where the caller's offer cannot be met: the leg has then ended with 488. A caller without an
        offer gets ours where the answer to it can come in a PRACK, and else hears nothing before the 200.
        """
        if self.state is not LegState.INCOMING_PROCEEDING:
            return False
        if self.invite.body:
            if not self.negotiation.agreed and not self._negotiate(now):
                return False
        elif not self._acknowledges:
            return True
        if self.reliable is not None and self.reliable.session_sent:
            # What was said reliably, or changed since by an UPDATE, is not said again.
            return True
        self._provisional(183, now, self._session())
        return True

    def answer(self, now: int) -> bool:
        """200 with our answer (or our offer, when the INVITE had none). False: refused with 488."""
        if self.state is not LegState.INCOMING_PROCEEDING:
            return False
        if self.invite.body and not self.negotiation.agreed and not self._negotiate(now):
            return False
        reliable = self.reliable
        if reliable is not None and reliable.holds_answer_back:
            reliable.answer_due = True
            return True
        said = reliable is not None and reliable.session_sent
        self.move(LegInput.ANSWER)
        response = self._respond(200, now, body=b"" if said else self._session())
        self.repeater.start(response, self.invite_transaction, now)
        return True

    def hang_up(self, cause: Cause, now: int) -> None:
        if self.state is LegState.INCOMING_PROCEEDING:
            status = cause.sip_status if cause.sip_status >= 300 else status_for(Reason.NO_ANSWER)
            if status in NOT_PASSED_ON:
                status = 500
            response = self._make(status, b"")
            if cause.told:
                # RFC 6432: a carrier's Q.850 number says more than our status.
                response.headers.add("Reason", cause.told)
            self.signalling.respond(self.invite_transaction, response, now)
            self.move(LegInput.HANG_UP)
            self.end(cause)
            self.finish()
        elif self.state is LegState.INCOMING_ANSWERED:
            self.move(LegInput.HANG_UP)
            self._bye_cause = cause
            self.end(of_talk(cause))
        elif self.move(LegInput.HANG_UP):
            self.send_bye(cause, now)
            self.end(of_talk(cause))

    # The endpoint's contract.

    def handle_timer(self, now: int) -> None:
        super().handle_timer(now)
        if self.reliable is None or self.state is not LegState.INCOMING_PROCEEDING:
            return
        if not self.reliable.handle_timer(self.signalling, now):
            # RFC 3262 section 3: a 5xx. The caller cannot be reached.
            self.hang_up(Cause(Reason.SIGNALLING_LOST, By.NETWORK, 504), now)

    def next_timer(self) -> int | None:
        at = Leg.next_timer(self)
        if self.reliable is None or self.state is not LegState.INCOMING_PROCEEDING:
            # After a final answer nothing provisional is repeated; its PRACK may still come.
            return at
        repeat_at = self.reliable.next_timer()
        return repeat_at if at is None else at if repeat_at is None else min(at, repeat_at)

    def receive(self, message: LegInputMessage, now: int) -> None:
        if isinstance(message, RequestReceived):
            self._request(message, now)
        elif isinstance(message, AckReceived):
            self._ack(message, now)
        elif isinstance(message, CancelReceived):
            self._cancel(message, now)
        elif isinstance(message, ResponseReceived):
            self.transaction_done(message, now)
        elif message.transaction != self.invite_transaction:
            # Timer H of our own refusal needs nothing: that leg is already over.
            self.transaction_done(message, now)

    def never_acknowledged(self, now: int) -> None:
        cause = self._bye_cause or Cause(Reason.SIGNALLING_LOST, By.NETWORK, 408)
        if self.move(LegInput.NO_ACK):
            self.send_bye(cause, now)
            self.end(cause)
        else:
            super().never_acknowledged(now)

    @property
    def early_change(self) -> bool:
        """RFC 3311 section 5.1: our answer went reliably and was acknowledged, and UPDATE is allowed."""
        reliable = self.reliable
        said = reliable is not None and reliable.session_sent and not reliable.holds_answer_back
        return said and self.state is LegState.INCOMING_PROCEEDING and "UPDATE" in self.invite.allow

    def offer_refused(self, request: Request) -> Response | None:
        if self.negotiation.offering:
            return request.make_response(491)
        said = self.reliable is not None and self.reliable.session_sent
        if self.state is LegState.INCOMING_PROCEEDING and not said:
            return modify.too_early(request, self.local_tag)
        return None

    # Steps.

    def _request(self, message: RequestReceived, now: int) -> None:
        request = message.request
        if request.method == "BYE":
            self._bye(message, now)
        elif request.method == "INVITE":
            self.answer_reinvite(message, now)
        elif self.over:
            self.signalling.respond(message.transaction, request.make_response(481), now)
        elif request.method == "PRACK":
            self._prack(message, now)
        else:
            self.signalling.respond(message.transaction, answer_in_dialog(self, message, now), now)

    def _prack(self, message: RequestReceived, now: int) -> None:
        """RFC 3262 section 3: what waited for it goes out after its own answer."""
        request = message.request
        status = self.dialog.check(request) if self.dialog is not None else 481
        reliable = self.reliable
        rack = request.headers.get("RAck") or ""
        if status is None and (reliable is None or not reliable.acknowledge(rack, self.invite.cseq.number)):
            status = 481
        if status is not None:
            self.signalling.respond(message.transaction, request.make_response(status), now)
            return
        assert reliable is not None
        response = self._session_of_prack(request, now)
        self.signalling.respond(message.transaction, response, now)
        if response.status != 200:
            # A PRACK cannot be refused and the call go on: each side would have another session.
            self.hang_up(Cause(Reason.NOT_ACCEPTABLE, By.PEER, 488), now)
            return
        if self.state is LegState.INCOMING_PROCEEDING:
            reliable.send_waiting(self.signalling, now)
        if reliable.answer_due and not reliable.holds_answer_back:
            reliable.answer_due = False
            self.answer(now)

    def _session_of_prack(self, request: Request, now: int) -> Response:
        """The answer to our offer, or a new offer (RFC 3262 section 5)."""
        if self.negotiation.offering:
            plan = self.negotiation.accept(request.body)
            if plan is None:
                return request.make_response(488)
            self.apply_plan(plan)
            return request.make_response(200)
        return self.update(request, now) if request.body else request.make_response(200)

    def _bye(self, message: RequestReceived, now: int) -> None:
        self.signalling.respond(message.transaction, message.request.make_response(200), now)
        if self.state is LegState.INCOMING_PROCEEDING:
            self._respond(487, now)
        self.repeater.stop()
        self.bye_received(message.request, now)

    def _ack(self, message: AckReceived, now: int) -> None:
        if not self.repeater.acknowledge(message.request.cseq.number):
            return
        if self.state is LegState.ENDING_UNACKED:
            self.move(LegInput.ACK)
            self.send_bye(self._bye_cause or ours(Reason.NORMAL), now)
            return
        first = self.move(LegInput.ACK)
        if self.over or not self.late_answer(message.request.body, now):
            return
        if first:
            self.confirm(now)
            if self.reliable is None:
                # A late PRACK names its number; without one nothing is asked of it any more.
                self.invite = ANSWERED
            self.emit(events.LegConfirmed(self.id, self.negotiation.codec_name))

    def _cancel(self, message: CancelReceived, now: int) -> None:
        if self.state is not LegState.INCOMING_PROCEEDING:
            return
        self._respond(487, now)
        self.move(LegInput.CANCEL)
        self.end(Cause(Reason.CANCELLED, By.PEER, 487, told_by(message.request)))
        self.finish()

    def _negotiate(self, now: int) -> bool:
        plan = self.negotiation.answer(self.invite.body)
        if plan is None:
            self.hang_up(Cause(Reason.NOT_ACCEPTABLE, By.PEER, 488), now)
            return False
        self.apply_plan(plan)
        return True

    @property
    def _acknowledges(self) -> bool:
        """The caller knows 100rel."""
        return "100rel" in self.invite.supported or "100rel" in self.invite.require

    def _session(self) -> bytes:
        """Our answer to the INVITE's offer; where it had none our offer, the same as often as it is said."""
        negotiation = self.negotiation
        if self.invite.body or negotiation.offering:
            return negotiation.local_body
        return negotiation.offer()

    def _provisional(self, status: int, now: int, body: bytes, more: Sequence[tuple[str, str]] = ()) -> None:
        """Reliably where the caller asks for it; also where early media would be lost with it."""
        wanted = body and self.signalling.settings.reliable_183 and self._acknowledges
        if not wanted and self.reliable is None and "100rel" not in self.invite.require:
            self.signalling.respond(self.invite_transaction, self._make(status, body, more=more), now)
            return
        if self.reliable is None:
            first = 1 + draw(self.local_tag, "rseq", RSEQ_FIRST_MAX)
            self.reliable = ReliableSender(self.invite_transaction, first)
        if not self.invite.body and not self.reliable.session_sent:
            # RFC 3261 section 13.2.1: the offer has to be in the first reliable answer.
            body = self._session()
        if self.reliable.last != (status, body):
            self.reliable.send(self._make(status, body, more=more), self.signalling, now)

    def _respond(self, status: int, now: int, body: bytes = b"") -> Response:
        response = self._make(status, body, now if status == 200 else None)
        self.signalling.respond(self.invite_transaction, response, now)
        return response

    def _make(
        self,
        status: int,
        body: bytes,
        answered_at: int | None = None,
        more: Sequence[tuple[str, str]] = (),
    ) -> Response:
        headers = [("Contact", self.contact_text), ("Allow", ALLOW)] if status < 300 else []
        if answered_at is not None:
            headers += [("Supported", SUPPORTED), *self.accept_timer(self.invite, answered_at)]
        elif status == 488 and self.negotiation.warning:
            headers = [("Warning", self.negotiation.warning)]
        if status == 503:
            headers = [("Retry-After", "10")]
        if more:
            headers += more
        return self.invite.make_response(
            status,
            to_tag=self.local_tag,
            headers=headers,
            body=body,
            content_type="application/sdp" if body else None,
        )
