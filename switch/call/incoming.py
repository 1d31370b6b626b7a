"""A leg whose INVITE came to us (user agent server, RFC 3261 section 13.3)."""

from switch.call import events
from switch.call.cause import By, Cause, Reason, ours, status_for
from switch.call.leg import ALLOW, Leg
from switch.call.requests import answer_in_dialog
from switch.call.signalling import LegInputMessage, Signalling
from switch.call.states import LegInput, LegState
from switch.media.plan import Slot
from switch.sip.dialog import Dialog
from switch.sip.message import Request, Response
from switch.sip.outputs import (
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
)


class IncomingLeg(Leg):
    """From INVITE received. The caller's tag of ours is made at once, so that the dialog opens early."""

    __slots__ = (
        "_bye_cause",
        "invite",
        "local_tag",
    )

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
        )
        self.invite: Request = message.request
        self.local_tag = local_tag
        self.invite_transaction = message.transaction
        self.dialog = Dialog.as_uas(message.request, local_tag, self.contact())
        signalling.adopt(message.transaction, self)
        signalling.bind(self.dialog.key, self)
        self._bye_cause: Cause | None = None

    # Verbs.

    def ring(self, now: int) -> None:
        """180, once or again; harmless after the answer."""
        if self.state is LegState.INCOMING_PROCEEDING:
            self._respond(180, now)

    def early_media(self, now: int) -> bool:
        """183 with our answer, so that the caller hears us before the call is answered.

        False where the caller's offer cannot be met: the leg has then ended with 488.
        """
        if self.state is not LegState.INCOMING_PROCEEDING or not self.invite.body:
            return self.state is LegState.INCOMING_PROCEEDING
        if not self.negotiation.agreed and not self._negotiate(now):
            return False
        self._respond(183, now, body=self.negotiation.local_body)
        return True

    def answer(self, now: int) -> bool:
        """200 with our answer (or our offer, when the INVITE had none). False: refused with 488."""
        if self.state is not LegState.INCOMING_PROCEEDING:
            return False
        if not self.invite.body:
            self._offered_in_answer = True
            body = self.negotiation.offer()
        elif self.negotiation.agreed or self._negotiate(now):
            body = self.negotiation.local_body
        else:
            return False
        self.move(LegInput.ANSWER)
        response = self._respond(200, now, body=body)
        self.repeater.start(response, self.invite_transaction, now)
        return True

    def hang_up(self, cause: Cause, now: int) -> None:
        if self.state is LegState.INCOMING_PROCEEDING:
            status = cause.sip_status if cause.sip_status >= 300 else status_for(Reason.NO_ANSWER)
            self._respond(status, now)
            self.move(LegInput.HANG_UP)
            self.end(cause)
            self.finish()
        elif self.state is LegState.INCOMING_ANSWERED:
            self.move(LegInput.HANG_UP)
            self._bye_cause = cause
            self.end(cause)
        elif self.move(LegInput.HANG_UP):
            self.send_bye(cause, now)
            self.end(cause)

    # The endpoint's contract.

    def receive(self, message: LegInputMessage, now: int) -> None:
        if isinstance(message, RequestReceived):
            self._request(message, now)
        elif isinstance(message, AckReceived):
            self._ack(message, now)
        elif isinstance(message, CancelReceived):
            self._cancel(now)
        elif isinstance(message, ResponseReceived):
            if message.response.status >= 200:
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

    # Steps.

    def _request(self, message: RequestReceived, now: int) -> None:
        request = message.request
        if request.method == "BYE":
            self._bye(message, now)
        elif request.method == "INVITE":
            self.answer_reinvite(message, now)
        elif self.over:
            self.signalling.respond(message.transaction, request.make_response(481), now)
        else:
            self.signalling.respond(message.transaction, answer_in_dialog(self, message), now)

    def _bye(self, message: RequestReceived, now: int) -> None:
        self.signalling.respond(message.transaction, message.request.make_response(200), now)
        if self.state is LegState.INCOMING_PROCEEDING:
            self._respond(487, now)
        self.repeater.stop()
        self.bye_received()

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
            self.emit(events.LegConfirmed(self.id, self.negotiation.codec_name))

    def _cancel(self, now: int) -> None:
        if self.state is not LegState.INCOMING_PROCEEDING:
            return
        self._respond(487, now)
        self.move(LegInput.CANCEL)
        self.end(Cause(Reason.CANCELLED, By.PEER, 487))
        self.finish()

    def _negotiate(self, now: int) -> bool:
        plan = self.negotiation.answer(self.invite.body)
        if plan is None:
            self.hang_up(Cause(Reason.NOT_ACCEPTABLE, By.PEER, 488), now)
            return False
        self.apply_plan(plan)
        return True

    def _respond(self, status: int, now: int, body: bytes = b"") -> Response:
        headers = [("Contact", str(self.contact())), ("Allow", ALLOW)] if status < 300 else []
        if status == 503:
            headers = [("Retry-After", "10")]
        response = self.invite.make_response(
            status,
            to_tag=self.local_tag,
            headers=headers,
            body=body,
            content_type="application/sdp" if body else None,
        )
        self.signalling.respond(self.invite_transaction, response, now)
        return response
