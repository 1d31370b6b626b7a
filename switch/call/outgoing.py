"""A leg whose INVITE we sent (user agent client, RFC 3261 section 13.2)."""

from dataclasses import replace

from switch.base.clock import SECOND
from switch.base.errors import PeerError
from switch.call import events, session_timer
from switch.call.cause import By, Cause, Reason, from_status, of_talk, ours, told_by
from switch.call.destination import Destination
from switch.call.forks import FORKS_MAX, Fork
from switch.call.leg import ALLOW, ANSWERED, Leg
from switch.call.requests import answer_in_dialog
from switch.call.signalling import LegInputMessage, Signalling
from switch.call.states import LegInput, LegState
from switch.call.surplus import invite_of
from switch.media.plan import Slot, StreamPlan
from switch.sip import digest
from switch.sip.dialog import Dialog
from switch.sip.flow import Flow
from switch.sip.message import Request, Response
from switch.sip.outputs import AckReceived, RequestReceived, ResponseReceived, TransactionFailed
from switch.sip.uri import Uri

MAX_FORWARDS = 70
"""Of a call that begins with us (RFC 3261 section 8.1.1.6)."""

SILENT_AFTER_US = 4 * SECOND
"""An INVITE without even a 100 for so long has been sent four times (RFC 3261 section 17.1.1.2): on a network
that loses a tenth of what it carries, one living phone in a thousand would be taken for a dead one."""

EARLY_DIALOG_TERMINATED = 199

LONGER_TRIES_MAX = 3
"""Times that an INVITE is sent again for 422: each proxy on the way may ask once."""

_CREDENTIALS = frozenset({"Authorization", "Proxy-Authorization"})

NOBODY_THERE = Cause(Reason.UNREACHABLE, By.NETWORK, 408)
"""How a leg ends whose peer never answered anything."""


class OutgoingLeg(Leg):
    """From `dial`. Several 2xx of a forked INVITE: the first is kept, each other is ACKed and ended."""

    __slots__ = (
        "_abandoned",
        "_ack",
        "_acknowledged",
        "_authenticated",
        "_call_id",
        "_cancel_cause",
        "_destination",
        "_dialled_at",
        "_expires_s",
        "_forks",
        "_max_forwards",
        "_offered",
        "_offers",
        "_progress",
        "_request",
        "_spoke",
        "_tag",
        "_tries",
        "_ways",
        "rang",
        "redirect",
        "registration",
        "retry_after",
    )

    owns_call_id = True

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
        offers: bool = True,
    ) -> None:
        """Without `offers` the INVITE has no session: the peer makes the offer, and we answer it."""
        super().__init__(
            leg_id,
            role=role,
            peer=peer,
            flow=destination.flow,
            slot=slot,
            session_id=session_id,
            signalling=signalling,
            state=LegState.OUTGOING_CALLING,
            encryption=destination.encryption,
            audio=destination.audio,
            key_way=destination.key_way,
        )
        self._destination = destination
        self._max_forwards = max_forwards
        self._call_id = call_id
        self._tag = local_tag
        self._acknowledged = False
        self._ack: Request | None = None  # that carried a session; others are made anew for a copy of the 2xx
        self._cancel_cause: Cause | None = None
        self._authenticated = False
        self._dialled_at = 0
        self._progress = 0
        self._spoke = False
        self.rang = False
        """The peer has said 180: somebody hears it ring."""
        self.retry_after = ""
        """What the peer's refusal said of it (RFC 3261 section 20.33)."""
        self.redirect = ""
        """The first Contact of the peer's 3xx."""
        self._offers = offers
        self._expires_s = signalling.settings.expires_s
        self._tries = 0
        self._ways = destination.others
        self._abandoned: tuple[str, ...] = ()
        """INVITE transactions by flows that were silent; a late answer to one of them is ended."""
        self._forks: dict[str, Fork] = {}
        """Early dialogs by To tag; after the answer those that lost and were answered too."""
        self.registration = ("", 0)
        """Call-ID and CSeq of the REGISTER that named the target; a later one means that a phone is there."""
        self._request = self._invite(1, ())
        self._offered = self.negotiation
        """The offer of the INVITE, before any dialog has answered it."""

    @property
    def target(self) -> Uri:
        """The contact or number that is rung."""
        return self._destination.uri

    @property
    def progressed(self) -> bool:
        """The peer has said more than 100: somebody may be rung, or be heard."""
        return self._progress > 0

    def silent(self, now: int) -> bool:
        """Whether the peer has given no sign of life for longer than the network can explain."""
        waits = self.state is LegState.OUTGOING_CALLING and not self._spoke
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
            cause = of_talk(cause)
        else:
            self._cancel_cause = cause
            self.signalling.cancel(self.invite_transaction, cause.header, now)
        self.end(NOBODY_THERE if silent else cause)

    # The endpoint's contract.

    def handle_timer(self, now: int) -> None:
        super().handle_timer(now)
        if self._ways and self.silent(now):
            # Called off for the case that it did arrive, and only its answers were lost.
            self.signalling.cancel(self.invite_transaction, ours(Reason.UNREACHABLE).header, now)
            self._abandoned += (self.invite_transaction,)
            self._next_way(now)

    def next_timer(self) -> int | None:
        at = Leg.next_timer(self)
        if self._ways and self.state is LegState.OUTGOING_CALLING and not self._spoke:
            silent_at = self._dialled_at + SILENT_AFTER_US
            at = silent_at if at is None else min(at, silent_at)
        return at

    def receive(self, message: LegInputMessage, now: int) -> None:
        if isinstance(message, ResponseReceived):
            if message.transaction == self.invite_transaction:
                self._answer(message, now)
            elif message.transaction in self._abandoned:
                self._late(message, now)
            else:
                self.transaction_done(message, now)
        elif isinstance(message, RequestReceived):
            self._in_dialog(message, now)
        elif isinstance(message, AckReceived):
            if self.repeater.acknowledge(message.request.cseq.number) and not self.over:
                self.late_answer(message.request.body, now)
        elif isinstance(message, TransactionFailed):
            if message.transaction == self.invite_transaction:
                self._unanswered(now)
            else:
                self.transaction_done(message, now)

    @property
    def early_change(self) -> bool:
        """RFC 3311 section 5.1: our offer has its reliable answer, and the peer allows UPDATE."""
        if self.state is not LegState.OUTGOING_EARLY or self.dialog is None or self.negotiation.offering:
            return False
        fork = self._forks.get(self.dialog.key[2])
        return fork is not None and fork.rseq > 0 and fork.allows_update

    def offer_refused(self, request: Request) -> Response | None:
        if self.negotiation.offering or not self.negotiation.agreed:
            return request.make_response(491)
        return None

    # Steps.

    def _answer(self, message: ResponseReceived, now: int) -> None:
        response = message.response
        if response.status == 100:
            # A sign of life, and nothing more: whoever is behind the peer may take a while.
            self._spoke = True
            return
        if response.status < 200:
            self._provisional(response, now)
        elif response.status < 300:
            self._success(message, now)
        elif not self._dialled_again(response, now) and self.move(LegInput.FAILURE):
            self.retry_after = response.headers.get("Retry-After") or ""
            if response.status < 400:
                self.redirect = _first_contact(response)
            # 430: the edge in front of the phone has lost it (RFC 5626 section 5.3).
            gone = response.status == 430
            self.end(NOBODY_THERE if gone else from_status(response.status, told_by(response)))
            self.finish()

    def _dialled_again(self, response: Response, now: int) -> bool:
        """The refusal asked for something that we can give."""
        if response.status in (401, 407):
            return self._try_credentials(response, now)
        if response.status in (408, 430):
            return self._another_way(now)
        return response.status == 422 and self._try_longer(response, now)

    def _provisional(self, response: Response, now: int) -> None:
        tag = response.to.tag
        if not self.move(LegInput.PROVISIONAL):
            return
        early_media = False
        if tag:
            fork = self._fork(tag, response)
            if fork is None:
                return
            if "RSeq" in response.headers and "100rel" in response.require:
                if not fork.next_in_order(response):
                    # A copy: our PRACK repeats itself. Or one before it was lost: it comes again.
                    return
                early_media = self._acknowledge(fork, response, now)
            elif response.body and self.negotiation.offering:
                early_media = self._preview(fork, response)
        if response.status == EARLY_DIALOG_TERMINATED:
            # RFC 6228: one phone of several gave up, which changes nothing for us.
            return
        if early_media or response.status != self._progress:
            # A copy of the same 180 is no news.
            self._progress = response.status
            self.rang = self.rang or response.status == 180
            self.emit(events.LegProgress(self.id, response.status, early_media))

    def _fork(self, tag: str, response: Response) -> Fork | None:
        """The early dialog of this tag; None where there are too many."""
        fork = self._forks.get(tag)
        if fork is None and len(self._forks) < FORKS_MAX:
            fork = self._forks[tag] = Fork(response)
            self.signalling.bind((self._call_id, self._tag, tag), self)
        return fork

    def _focus(self, fork: Fork) -> None:
        """What happens now happens in this early dialog; its session is the one that is heard."""
        self.dialog = fork.opened(self._request, self.contact())
        if fork.negotiation is None:
            fork.negotiation = self._offered.fork()
        self.negotiation = fork.negotiation

    def _preview(self, fork: Fork, response: Response) -> bool:
        """An answer that may be lost; the 2xx may still say otherwise."""
        if fork.negotiation is not None and fork.negotiation.agreed:
            return False
        self._focus(fork)
        plan = self.negotiation.accept(response.body, preview=True)
        if plan is not None:
            self.apply_plan(plan)
        return plan is not None

    def _acknowledge(self, fork: Fork, response: Response, now: int) -> bool:
        """PRACK a reliable answer (RFC 3262 section 4). True where it brought a session."""
        self._focus(fork)
        assert self.dialog is not None
        self.dialog.refresh(response)
        fork.allows_update = fork.allows_update or "UPDATE" in response.allow
        plan, body, wrong = None, b"", False
        if response.body and self.negotiation.offering:
            plan = self.negotiation.accept(response.body)
            wrong = plan is None
        elif response.body and not self._offers and not self.negotiation.agreed:
            plan = self.negotiation.answer(response.body)
            wrong = plan is None
            body = b"" if wrong else self.negotiation.local_body
        rack = f"{fork.rseq} {response.cseq.number} INVITE"
        prack = self.dialog.request(
            "PRACK", headers=[("RAck", rack)], body=body, content_type="application/sdp" if body else None
        )
        self.signalling.open(prack, self.way(now), self, now)
        if plan is not None:
            self.apply_plan(plan)
        elif wrong:
            self.hang_up(ours(Reason.NOT_ACCEPTABLE), now)
        return plan is not None

    def _success(self, message: ResponseReceived, now: int) -> None:
        response = message.response
        if self._acknowledged:
            self._repeated_success(message, now)
            return
        cancelling = self.state is LegState.CANCELLING
        if not self.move(LegInput.SUCCESS):
            return
        heard = self.negotiation
        self._win(response)
        assert self.dialog is not None
        body, plan = self._answer_to_offer(response)
        ack = self.dialog.ack(
            response.cseq.number, body=body, content_type="application/sdp" if body else None
        )
        self._acknowledged, self._ack = True, ack if body else None
        self.signalling.send_ack(ack, self.way(now), now)
        if cancelling:
            self.send_bye(self._cancel_cause or ours(Reason.CANCELLED), now)
            return
        if plan is None:
            if not self.negotiation.agreed or self.negotiation.offering:
                self.hang_up(ours(Reason.NOT_ACCEPTABLE), now)
                return
            if heard is not self.negotiation:
                # Another early dialog spoke last; this one won.
                plan = self.negotiation.plan()
        if plan is not None:
            self.apply_plan(plan)
        self.session_timer = session_timer.agreed(response, None, now)
        self.confirm(now)
        self._request = ANSWERED
        self._forks = self._forks or {}  # one that held something stays three times as large
        self.emit(events.LegAnswered(self.id, self.negotiation.codec_name))

    def _win(self, response: Response) -> None:
        """This dialog is the call's; the other early ones are not awaited any more."""
        fork = self._forks.pop(response.to.tag or "", None)
        if fork is not None and fork.dialog is not None:
            self.dialog = fork.dialog
            self.dialog.confirm(response)
        else:
            self.dialog = Dialog.as_uac(self._request, response, self.contact())
        self.negotiation = self._offered if fork is None or fork.negotiation is None else fork.negotiation
        for tag, lost in list(self._forks.items()):
            self.signalling.forget_dialog((self._call_id, self._tag, tag))
            # Only the numbers that it used are remembered, for the BYE that may be due.
            lost.response = lost.negotiation = None
            if lost.dialog is None:
                del self._forks[tag]
        self.signalling.bind(self.dialog.key, self)

    def _answer_to_offer(self, response: Response) -> tuple[bytes, StreamPlan | None]:
        """What the ACK carries, and what the 2xx comes to; a session that was agreed before it stands."""
        negotiation = self.negotiation
        if self.over:
            return b"", None
        if negotiation.offering:
            if not response.body and negotiation.agreed:
                negotiation.settle()
                return b"", None
            return b"", negotiation.accept(response.body)
        if self._offers or negotiation.agreed:
            return b"", None
        plan = negotiation.answer(response.body)
        return b"" if plan is None else negotiation.local_body, plan

    def _repeated_success(self, message: ResponseReceived, now: int) -> None:
        """Our ACK was lost, or the INVITE forked and somebody else answered too."""
        response = message.response
        assert self.dialog is not None
        tag = response.to.tag or ""
        if tag == self.dialog.key[2]:
            ack = self._ack or self.dialog.ack(response.cseq.number)
            self.signalling.send_ack(ack, self.way(now), now)
            return
        fork = self._forks.get(tag)
        if fork is not None and fork.ack is not None:
            self.signalling.send_ack(fork.ack, self.flow, now)
            return
        self._end_surplus(response, self.flow, now)

    def _late(self, message: ResponseReceived, now: int) -> None:
        """By a flow that was given up: only an answer that has to be ended concerns anybody. An edge's 408
        speaks of that flow, not of the call that stands by another."""
        if 200 <= message.response.status < 300:
            self._end_surplus(message.response, message.flow, now)
        if message.response.status >= 200:
            self.signalling.forget_transaction(message.transaction)

    def _end_surplus(self, response: Response, flow: Flow, now: int) -> None:
        """A 2xx that comes to nothing: acknowledged, and ended."""
        tag = response.to.tag or ""
        fork = self._forks.get(tag)
        surplus = fork.dialog if fork is not None else None
        if surplus is None:
            invite = invite_of(response, self._destination.uri)
            surplus = Dialog.as_uac(invite, response, self.contact())
        ack = surplus.ack(response.cseq.number)
        if fork is None and len(self._forks) < FORKS_MAX:
            fork = self._forks[tag] = Fork(response)
        if fork is not None:
            fork.ack, fork.response = ack, None
        self.signalling.send_ack(ack, flow, now)
        self.signalling.layer.open(surplus.request("BYE"), flow, now)

    def _forget_forks(self) -> None:
        for tag in self._forks:
            self.signalling.forget_dialog((self._call_id, self._tag, tag))
        self._forks = {}
        self.dialog = None

    def finish(self) -> None:
        for tag in self._forks:
            self.signalling.forget_dialog((self._call_id, self._tag, tag))
        super().finish()

    def _unanswered(self, now: int) -> None:
        """Timer B, or the transport refused: nobody is there, unless by another flow."""
        if self._another_way(now):
            return
        if self.state is not LegState.CONFIRMED and self.move(LegInput.LOST):
            self.end(NOBODY_THERE)
            self.finish()

    def _try_credentials(self, response: Response, now: int) -> bool:
        """Answer the carrier's challenge once (RFC 3261 section 22.2)."""
        if self._authenticated or self.over:
            return False
        field = self._credentials_for(response, "INVITE", self._destination.uri, self._request.body)
        if field is None:
            return False
        self._authenticated = True
        self._dial_again((field,), now)
        return True

    def proof(self, response: Response, method: str, body: bytes) -> tuple[str, str] | None:
        assert self.dialog is not None, "a proof in the dialog"
        return self._credentials_for(response, method, self.dialog.remote_target, body)

    def _credentials_for(
        self, response: Response, method: str, uri: Uri, body: bytes
    ) -> tuple[str, str] | None:
        """A challenge that cannot be met is a refusal."""
        credentials = self._destination.credentials
        if credentials is None or response.status not in (401, 407):
            return None
        header = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
        challenge = digest.best_challenge(response.headers.fields(header))
        if challenge is None:
            return None
        name, secret = credentials.username, credentials.password
        try:
            value = digest.answer(challenge, method, str(uri), name, secret, cnonce=self._tag, body=body)
        except PeerError:
            return None
        return "Authorization" if response.status == 401 else "Proxy-Authorization", value

    def _try_longer(self, response: Response, now: int) -> bool:
        """Ask for the interval that a proxy or the peer insists on (RFC 4028 section 7.3)."""
        wanted_s = session_timer.longer(response, self._expires_s)
        if wanted_s is None or self._tries >= LONGER_TRIES_MAX or self.over:
            return False
        self._tries += 1
        self._expires_s = wanted_s
        kept = [(name, value) for name, value in self._request.headers if name in _CREDENTIALS]
        self._dial_again(tuple(kept), now)
        return True

    def _dial_again(self, extra: tuple[tuple[str, str], ...], now: int) -> None:
        """The same INVITE under the next number, and whatever dialogs the last one made are gone."""
        self.signalling.forget_transaction(self.invite_transaction)
        self._forget_forks()
        self._request = self._invite(self._request.cseq.number + 1, extra)
        self.dial(now)

    def _another_way(self, now: int) -> bool:
        """The flow is dead, and nothing waits on it any more: try the phone's next one."""
        if not self._ways or self.state not in (LegState.OUTGOING_CALLING, LegState.OUTGOING_EARLY):
            return False
        self.signalling.forget_transaction(self.invite_transaction)
        self._next_way(now)
        return True

    def _next_way(self, now: int) -> None:
        """The same INVITE by another flow: a phone that had it already says 482 (RFC 3261 section 8.2.2.2)
        and does not ring twice."""
        self.emit(events.FlowFailed(self.id, self.registration))
        way, *others = self._ways
        self._ways = tuple(others)
        self.registration = way.registration
        before = (self._destination.encryption, self.slot.host)
        self._destination = replace(self._destination, uri=way.uri, flow=way.flow, encryption=way.encryption)
        self.flow = way.flow
        self._forget_forks()
        request = self._request.copy()
        if before != (way.encryption, way.media_host):
            # A browser and a desk phone of one account, a listener of another network: what was offered by
            # the first flow could not be answered by this one.
            self.slot = replace(self.slot, host=way.media_host)
            self.negotiation = self._offered = self._offered.anew(self.slot, way.encryption)
            request.body = self.negotiation.offer() if self._offers else b""
        request.uri = way.uri
        request.headers.set("Contact", self.contact_text)
        request.headers.set_all("Route", way.routes)
        self._request = request
        self._spoke = False
        self.dial(now)

    def _in_dialog(self, message: RequestReceived, now: int) -> None:
        request = message.request
        fork = self._forks.get(request.from_.tag or "")
        if fork is not None and self.state is LegState.OUTGOING_EARLY:
            self._focus(fork)
        if request.method == "BYE":
            self.signalling.respond(message.transaction, request.make_response(200), now)
            self.repeater.stop()
            self.bye_received(request, now)
        elif self.over:
            # Also an early dialog that we cancelled, of which nothing was made.
            self.signalling.respond(message.transaction, request.make_response(481), now)
        elif request.method == "INVITE":
            self.answer_reinvite(message, now)
        else:
            self.signalling.respond(message.transaction, answer_in_dialog(self, message, now), now)

    def _invite(self, cseq: int, extra: tuple[tuple[str, str], ...]) -> Request:
        destination = self._destination
        body = b""
        if self._offers:
            body = self.negotiation.local_body if cseq > 1 else self.negotiation.offer()
        headers = [
            ("Max-Forwards", str(self._max_forwards)),
            ("From", f"{destination.from_};tag={self._tag}"),
            ("To", destination.to),
            ("Call-ID", self._call_id),
            ("CSeq", f"{cseq} INVITE"),
            ("Contact", self.contact_text),
            ("Allow", ALLOW),
            *session_timer.offered(self.signalling.settings, self._expires_s),
            *destination.headers,
            *extra,
        ]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return Request("INVITE", destination.uri, headers, body)


def _first_contact(response: Response) -> str:
    try:
        return next(iter(response.headers.all("Contact")), "")
    except PeerError:
        return ""
