"""One leg: a SIP dialog and a media stream, from its INVITE to the last message about it.

Theory of operation. A leg is an endpoint: messages come in by `receive`, its call speaks to it by the
verbs (`answer`, `hang_up`...), time by `handle_timer`, and everything that others must know comes out
of `poll` in order. SIP goes straight to the transaction layer, which keeps its own ordered outputs.

`LegEnded` is told the moment the leg is of no more use to its call: when BYE or CANCEL is sent, not
when it is answered, so that nobody waits for a phone that has vanished. The leg then lingers, catches
what is still in flight (a 2xx that crossed our CANCEL), and ends with `LegGone`.

The moves are in `states.TRANSITIONS`. What an incoming and an outgoing leg do differently is in
`incoming.py` and `outgoing.py`; what any dialog must answer in mid-call is in `requests.py`.
"""

from abc import abstractmethod
from dataclasses import replace
from functools import lru_cache

from switch.base.clock import SECOND
from switch.call import adrift, events, modify, session_timer
from switch.call.cause import By, Cause, Reason, ours, told_by
from switch.call.keys import INFO_TYPE, InfoKeys, KeyWay, hearing
from switch.call.modify import Change
from switch.call.negotiation import Negotiation
from switch.call.referral import Referral
from switch.call.repeater import AnswerRepeater
from switch.call.session_timer import SessionTimer
from switch.call.signalling import LegInputMessage, Signalling
from switch.call.states import OVER, TALKING, TRANSITIONS, LegInput, LegState
from switch.media.commands import CloseStream, OpenStream, UpdateStream
from switch.media.plan import Slot, StreamPlan
from switch.sdp.audio import AudioCapability
from switch.sdp.direction import Direction
from switch.sdp.security import Encryption
from switch.sip.dialog import Dialog
from switch.sip.flow import Flow, Transport
from switch.sip.message import Request, Response, same_uri
from switch.sip.outputs import RequestReceived, ResponseReceived, TransactionFailed
from switch.sip.uri import NameAddr, Uri

PROBE_EVERY_US = 90 * SECOND
"""A confirmed dialog is asked this often whether its peer still knows it (OPTIONS in the dialog): a lost
BYE ends the call within this time even while the phone is on hold and sends no audio."""

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY, SUBSCRIBE"
"""The methods of a dialog of ours (RFC 3261 section 20.5)."""

ANSWERED = Request("INVITE", Uri(host="answered.invalid"))
"""Stands for every INVITE that was answered and acknowledged: its dialog has what is needed of it, and a leg
that stands for hours need not keep some kilobytes."""

LISTENERS_MAX = 64
"""Addresses of ours whose Contact is kept made: a switch listens at a few, by each of five transports."""

GONE_STATUSES = frozenset({404, 408, 410, 416, 481, 482, 484, 485, 502, 604})
"""Answers that end the whole dialog, whatever was asked (RFC 5057 section 5.1)."""


class Leg:
    """What both kinds of legs share. (No `ABC`: whether an owner is a leg is asked with every message.)

    `role` is caller, agent, callee or target; `peer` whom it reaches, in words. `account` is the
    tenant's account at the other end, `trunk` the carrier; the other one is empty. `agent` sits at the
    account; `engaged` while the router was told that this leg occupies that agent.
    """

    __slots__ = (
        "_bye_proved",
        "_bye_sent",
        "_ended",
        "_out",
        "_probe",
        "_probe_at",
        "account",
        "adrift_at",
        "agent",
        "change",
        "dialog",
        "engaged",
        "flow",
        "id",
        "info_keys",
        "invite_transaction",
        "key_way",
        "listens_for_tones",
        "negotiation",
        "peer",
        "reack",
        "referral",
        "remote_held",
        "repeater",
        "role",
        "scheduled",
        "session_timer",
        "signalling",
        "slot",
        "state",
        "stream_open",
        "trunk",
    )

    def __init__(
        self,
        leg_id: str,
        *,
        role: str,
        peer: str,
        flow: Flow,
        slot: Slot,
        session_id: int,
        signalling: Signalling,
        state: LegState,
        encryption: Encryption = Encryption.OPTIONAL,
        audio: AudioCapability | None = None,
        key_way: KeyWay = KeyWay.AUTO,
    ) -> None:
        """`audio` None: as the settings of every leg say."""
        self.id = leg_id
        self.role = role
        self.peer = peer
        self.account = ""
        self.trunk = ""
        self.agent = ""
        self.engaged = False
        self.flow = flow
        self.slot = slot
        self.key_way = key_way
        self.listens_for_tones = False
        self.info_keys: InfoKeys | None = None
        capability = audio or signalling.settings.audio
        if not key_way.has_events:
            capability = replace(capability, telephone_event=False)
        self.negotiation = Negotiation(slot, session_id, encryption, signalling.layer.tokens, capability)
        self.signalling = signalling
        self.state = state
        self.dialog: Dialog | None = None
        self.invite_transaction = ""
        self.stream_open = False
        self.remote_held = False
        self.referral: Referral | None = None
        """The latest REFER of the peer."""
        self.scheduled: int | None = None
        self.repeater = AnswerRepeater()
        self.session_timer: SessionTimer | None = None
        self.change: Change | None = None
        """A change of the session that we ask for, while it is under way."""
        self.reack: tuple[str, Request] | None = None
        """Transaction and ACK of our last re-INVITE, for copies of its 2xx."""
        self._ended = False
        self._bye_sent = ("", "")
        """Transaction and Reason of our BYE, while it is awaited."""
        self._bye_proved = False
        self._probe = ""
        self.adrift_at: int | None = None
        """Since when the transport refuses what we send."""
        self._probe_at: int | None = None
        self._out: list[events.LegOutput] = []

    # The endpoint's contract.

    @abstractmethod
    def receive(self, message: LegInputMessage, now: int) -> None:
        """Take one message of this leg's transactions or dialog."""

    def handle_timer(self, now: int) -> None:
        """Repeat an answer that is not acknowledged; see to it that a peer that is gone is noticed."""
        if not self.repeater.handle_timer(self.signalling, now):
            self.never_acknowledged(now)
        if self._probe_at is not None and now >= self._probe_at:
            self._ask(now)
        if self.change is not None and self.change.at is not None and now >= self.change.at:
            modify.due(self, now)
        if self.session_timer is not None and now >= self.session_timer.next_timer():
            self._session_due(self.session_timer, now)

    def next_timer(self) -> int | None:
        at = self.repeater.at
        if self._probe_at is not None and (at is None or self._probe_at < at):
            at = self._probe_at
        if self.change is not None and self.change.at is not None:
            at = self.change.at if at is None else min(at, self.change.at)
        if self.session_timer is not None:
            due_at = self.session_timer.next_timer()
            at = due_at if at is None else min(at, due_at)
        return at

    def poll(self) -> list[events.LegOutput]:
        """What happened since the last poll, in order."""
        if not self._out:
            return []
        out, self._out = self._out, []
        return out

    # Verbs of the call.

    @abstractmethod
    def hang_up(self, cause: Cause, now: int) -> None:
        """End the leg, whatever its state; harmless on one that is over."""

    def propose(self, direction: Direction, now: int) -> None:
        """Offer our session anew with this direction; the peer may refuse, and then nothing changes."""
        if not self.over:
            modify.propose(self, direction, now)

    # What an incoming and an outgoing leg know in their own way.

    owns_call_id: bool
    """The Call-ID is ours: of two offers that cross, ours is tried again later (RFC 3261 section 14.1)."""

    @property
    @abstractmethod
    def early_change(self) -> bool:
        """Before the final answer: the first offer has its answer for good, and the peer allows UPDATE."""

    def proof(self, response: Response, method: str, body: bytes) -> tuple[str, str] | None:
        """The field that answers a challenge in the dialog; None where it is none, or we are nobody there."""
        del response, method, body
        return None

    @abstractmethod
    def offer_refused(self, request: Request) -> Response | None:
        """Why an offer of the peer cannot be taken now (RFC 3311 section 5.2)."""

    # For the two kinds of legs, `requests.py` and `modify.py`.

    @property
    def spoken(self) -> str:
        """The codec of this leg; empty where none is agreed."""
        return self.negotiation.codec_name

    @property
    def over(self) -> bool:
        """Ended for its call."""
        return self.state in OVER

    @property
    def talking(self) -> bool:
        return self.state in TALKING

    def move(self, event: LegInput) -> bool:
        """Take the table's row for `event`; False where there is none (late or repeated)."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            return False
        self.state = state
        return True

    def emit(self, output: events.LegOutput) -> None:
        """Tell the call; `signalling.touched` makes sure that somebody polls."""
        self._out.append(output)
        self.signalling.touched[self.id] = self

    def way(self, now: int) -> Flow:
        """By which a request in the dialog goes: with a carrier where the dialog says, else as it came."""
        ways = self.signalling.ways
        if not self.trunk or ways is None or self.dialog is None:
            return self.flow
        return ways.way(self.dialog, self.flow, now)

    def contact(self) -> NameAddr:
        """Where the peer sends requests of this dialog: the listener it spoke to."""
        local = self.flow.local
        return contact_at(local.host, local.port, self.flow.transport)

    @property
    def contact_text(self) -> str:
        """The value of our Contact."""
        local = self.flow.local
        return contact_text_at(local.host, local.port, self.flow.transport)

    def apply_plan(self, plan: StreamPlan) -> None:
        """Start the stream, or change it; tell when the peer holds or takes back."""
        command = UpdateStream if self.stream_open else OpenStream
        self.stream_open = True
        if plan.dtmf_payload_type is None and not self.key_way.has_tones:
            plan = replace(plan, key_tones=False)
        self.emit(events.MediaWanted(command(self.slot.number, plan)))
        if plan.dtmf_payload_type is None or self.listens_for_tones:
            self._listen_for_tones(plan)
        if self.negotiation.held != self.remote_held:
            self.remote_held = self.negotiation.held
            self.emit(events.LegHeld(self.id, self.remote_held))

    def _listen_for_tones(self, plan: StreamPlan) -> None:
        wanted = hearing(self.key_way, self.slot.number, plan, self.listens_for_tones)
        if wanted is not None:
            self.listens_for_tones = not self.listens_for_tones
            self.emit(events.MediaWanted(wanted))

    def send_key(self, digit: str, duration_ms: int, now: int) -> None:
        """By INFO, to a peer that wants keys so."""
        if self.dialog is None or self.state is not LegState.CONFIRMED:
            return
        if self.info_keys is None:
            self.info_keys = InfoKeys()
        self.info_keys.send(digit, duration_ms)
        self._next_key(self.info_keys, now)

    def _next_key(self, keys: InfoKeys, now: int) -> None:
        request = keys.next() if self.dialog is not None and self.state is LegState.CONFIRMED else None
        if request is None or self.dialog is None:
            return
        info = self.dialog.request("INFO", body=request, content_type=INFO_TYPE)
        keys.transaction = self.signalling.open(info, self.way(now), self, now)

    def confirm(self, now: int) -> None:
        """The dialog stands: start to watch it."""
        self._probe_at = now + PROBE_EVERY_US

    def end(self, cause: Cause) -> None:
        """Tell the end once, and give the media back."""
        if self._ended:
            return
        self._ended = True
        self._probe_at = None
        self.session_timer = None
        if self.change is not None:
            self.change.at = None
        if self.stream_open:
            self.emit(events.MediaWanted(CloseStream(self.slot.number)))
        else:
            self.emit(events.SlotReleased(self.slot.number))
        self.emit(events.LegEnded(self.id, cause))

    def finish(self) -> None:
        """Nothing more is awaited: give back the dialog and the INVITE's transaction."""
        if self.dialog is not None:
            self.signalling.forget_dialog(self.dialog.key)
            if self.referral is not None:
                self.referral.own_dialog()
        self.signalling.forget_transaction(self.invite_transaction)
        if self.change is not None:
            self.signalling.forget_transaction(self.change.transaction)
        if self.reack is not None:
            self.signalling.forget_transaction(self.reack[0])
        self.emit(events.LegGone(self.id))

    def send_bye(self, cause: Cause, now: int) -> None:
        """BYE; the state is TERMINATING until it is answered or given up."""
        assert self.dialog is not None, "BYE needs a dialog"
        modify.abandon(self, now)
        self._say_bye(cause.header, now)

    def _say_bye(self, reason: str, now: int) -> None:
        assert self.dialog is not None
        bye = self.dialog.request("BYE", headers=[("Reason", reason)])
        self._bye_sent = (self.signalling.open(bye, self.way(now), self, now), reason)

    def bye_received(self, bye: Request, now: int) -> None:
        """The peer hung up. A BYE that crosses ours only repeats what is known."""
        if not self.move(LegInput.BYE):
            return
        modify.abandon(self, now)
        self.end(Cause(Reason.NORMAL, By.PEER, told=told_by(bye)))
        if self.state is LegState.TERMINATED:
            self.finish()

    def transaction_done(self, message: ResponseReceived | TransactionFailed, now: int) -> None:
        """An answer, or none, to a request that we sent inside the dialog."""
        failed = isinstance(message, TransactionFailed)
        if self.change is not None and message.transaction == self.change.transaction:
            if isinstance(message, TransactionFailed):
                modify.failed(self, message, now)
            else:
                modify.answered(self, message, now)
            return
        if self.reack is not None and message.transaction == self.reack[0]:
            if isinstance(message, ResponseReceived):
                modify.acknowledge_again(self, message, now)
            return
        if isinstance(message, ResponseReceived) and message.response.status < 200:
            return
        self.signalling.forget_transaction(message.transaction)
        method = message.method if isinstance(message, TransactionFailed) else message.response.cseq.method
        if method == "BYE":
            self._bye_done(message, now)
            return
        if self.info_keys is not None and message.transaction == self.info_keys.transaction:
            self.info_keys.transaction = ""
            self._next_key(self.info_keys, now)
        is_probe = message.transaction == self._probe
        if is_probe and isinstance(message, TransactionFailed) and adrift.waits(self, message, now):
            self._probe_at = now + adrift.RETRY_US
            return
        if is_probe and self.state is LegState.CONFIRMED:
            self.adrift_at = None
            self._probe_at = now + PROBE_EVERY_US
        gone = failed or (isinstance(message, ResponseReceived) and message.response.status in GONE_STATUSES)
        # An INFO that the peer does not like is no reason to end a talk; a dialog that it does not know
        # any more is. A NOTIFY's answer comes to its subscription, which ends alone.
        known_lost = isinstance(message, ResponseReceived) and message.response.status in (408, 481)
        if gone and (is_probe or known_lost) and self.state is LegState.CONFIRMED:
            self.lost(now)

    def _bye_done(self, message: ResponseReceived | TransactionFailed, now: int) -> None:
        """Our BYE is answered or given up; or its phone may yet come back to hear it."""
        if isinstance(message, TransactionFailed):
            if adrift.waits(self, message, now):
                self._probe_at = now + adrift.RETRY_US
                return
        elif not self._bye_proved:
            proof = self.proof(message.response, "BYE", b"")
            if proof is not None and self.dialog is not None:
                self._bye_proved = True
                bye = self.dialog.request("BYE", headers=[proof])
                self._bye_sent = (self.signalling.open(bye, self.way(now), self, now), "")
                return
        if self.move(LegInput.BYE_DONE):
            self.finish()

    def reconnect(self, flow: Flow, old_contact: Uri, new_contact: Uri, now: int) -> None:
        """The peer is reached by another flow from now on, and perhaps by another contact."""
        self.flow = flow
        if self.dialog is None:
            return
        if same_uri(self.dialog.remote_target, old_contact):
            self.dialog.remote_target = new_contact
        self.dialog.local_contact = self.contact()
        self.adrift_at = None
        # What was asked by the old flow says nothing any more; ask by the new one.
        if self.state is LegState.TERMINATING:
            self._bye_again(now)
        elif self.state is LegState.CONFIRMED:
            self.signalling.forget_transaction(self._probe)
            self._probe = ""
            self._probe_at = now + SECOND
            modify.reconnected(self, now)

    def _bye_again(self, now: int) -> None:
        """Say it to a phone that is back, or that may be."""
        self._probe_at = None
        transaction, reason = self._bye_sent
        self.signalling.forget_transaction(transaction)
        self._say_bye(reason, now)

    def lost(self, now: int) -> None:
        """The peer does not know the dialog any more, or nobody is there: end it on our side."""
        if self.state is LegState.CONFIRMED and self.move(LegInput.LOST):
            cause = Cause(Reason.SIGNALLING_LOST, By.NETWORK, 408)
            self.send_bye(cause, now)
            self.end(cause)

    def never_acknowledged(self, now: int) -> None:
        """No ACK for 64*T1: the session is ended (RFC 3261 section 13.3.1.4)."""
        self.lost(now)

    def answer_reinvite(self, message: RequestReceived, now: int) -> None:
        """A new offer in mid-call, or a request for ours; answered from the same slot."""
        request = message.request
        assert self.dialog is not None, "a re-INVITE is inside a dialog"
        rejected = self.dialog.check(request)
        refused = request.make_response(rejected) if rejected is not None else self._cannot_change(request)
        if refused is not None:
            self.signalling.respond(message.transaction, refused, now)
            return
        self.flow = message.flow
        response = self.update(request, now) if request.body else self._offer_in_answer(request, now)
        self.signalling.respond(message.transaction, response, now)
        if response.status == 200:
            self.repeater.start(response, message.transaction, now)

    def update(self, request: Request, now: int) -> Response:
        """UPDATE or re-INVITE: answer an offer from the same slot (RFC 3264 section 8)."""
        assert self.dialog is not None, "an update is inside a dialog"
        refused = session_timer.refusal(request, self.signalling.settings)
        if refused is None and request.body:
            refused = self.offer_refused(request) or _not_a_session(request)
        if refused is not None:
            return refused
        body = b""
        if request.body:
            plan = self.negotiation.answer(request.body)
            if plan is None:
                headers = [("Warning", self.negotiation.warning)]
                return request.make_response(488, headers=headers)
            self.apply_plan(plan)
            body = self.negotiation.local_body
        self.dialog.refresh(request)
        return self.with_session(request, body, now)

    def _offer_in_answer(self, request: Request, now: int) -> Response:
        """A re-INVITE without a session asks for our offer; the ACK answers it (RFC 3261 section 14.2)."""
        assert self.dialog is not None
        refused = session_timer.refusal(request, self.signalling.settings)
        if refused is not None:
            return refused
        self.dialog.refresh(request)
        return self.with_session(request, self.negotiation.offer(), now)

    def _cannot_change(self, request: Request) -> Response | None:
        """Why a re-INVITE cannot be taken now (RFC 3261 section 14.2)."""
        if self.over:
            return request.make_response(481)
        if self.state is LegState.INCOMING_PROCEEDING:
            # The first INVITE has no final answer yet.
            return modify.too_early(request, self.tag)
        inviting = self.change is not None and self.change.method == "INVITE" and self.change.transaction
        if inviting or self.negotiation.offering or self.repeater.waiting:
            return request.make_response(491)
        return None if self.state is LegState.CONFIRMED else request.make_response(491)

    def with_session(self, request: Request, body: bytes, now: int) -> Response:
        """200 with Contact, what becomes of the session timer, and our session description if it has one."""
        headers = [("Contact", self.contact_text)]
        if self.talking:
            headers += self.accept_timer(request, now)
        return request.make_response(
            200, headers=headers, body=body, content_type="application/sdp" if body else None
        )

    def accept_timer(self, request: Request, now: int) -> list[tuple[str, str]]:
        """Start the session timer that a 2xx to this request agrees on; the fields that say so."""
        timer, fields = session_timer.accepted(request, self.signalling.settings, self.session_timer, now)
        self.session_timer = timer
        return fields

    def late_answer(self, body: bytes, now: int) -> bool:
        """The answer that an ACK brings to our offer in a 2xx. False: the leg was ended for it."""
        if not self.negotiation.offering:
            return True
        plan = self.negotiation.accept(body)
        if plan is None:
            self.hang_up(ours(Reason.NOT_ACCEPTABLE), now)
            return False
        self.apply_plan(plan)
        return True

    @property
    def tag(self) -> str:
        """Our tag of the dialog."""
        assert self.dialog is not None, "a tag belongs to a dialog"
        return self.dialog.local.tag or ""

    def _ask(self, now: int) -> None:
        """Ask whether the peer still knows the dialog.

        A session timer does that by itself, only more slowly; audio shows that a peer lives, so that it is
        asked all the same while it holds.
        """
        self._probe_at = None
        if self.state is LegState.TERMINATING:
            self._bye_again(now)
            return
        if self.state is not LegState.CONFIRMED or self.dialog is None:
            return
        if self.session_timer is not None and not self.remote_held:
            self._probe_at = now + PROBE_EVERY_US
            return
        self._probe = self.signalling.open(self.dialog.request("OPTIONS"), self.way(now), self, now)

    def _session_due(self, timer: SessionTimer, now: int) -> None:
        if self.state is not LegState.CONFIRMED:
            # The ACK is awaited, which has a timer of its own.
            self.session_timer = None
        elif now >= timer.end_at:
            self.session_timer = None
            self.lost(now)
        else:
            timer.refresh_at = None
            modify.refresh(self, now)


def _not_a_session(request: Request) -> Response | None:
    if (request.content_type or "application/sdp") == "application/sdp":
        return None
    return request.make_response(415, headers=[("Accept", "application/sdp")])


@lru_cache(LISTENERS_MAX)
def contact_at(host: str, port: int, transport: Transport) -> NameAddr:
    """Where peers of this listener of ours send the requests of a dialog."""
    bracketed = f"[{host}]" if ":" in host else host
    # RFC 7118 section 5.2 has one word for both kinds of WebSocket.
    word = "ws" if transport is Transport.WSS else transport.lower()
    suffix = "" if transport is Transport.UDP else f";transport={word}"
    return NameAddr.parse(f"<sip:{bracketed}:{port}{suffix}>")


@lru_cache(LISTENERS_MAX)
def contact_text_at(host: str, port: int, transport: Transport) -> str:
    """The same, written."""
    return str(contact_at(host, port, transport))
