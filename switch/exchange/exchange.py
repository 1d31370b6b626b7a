"""The switch without its sockets: SIP bytes, media events and commands in; bytes and media commands out.

An endpoint of the first contract: `receive`, `media_event`, `agent`, `handle_timer`, `next_timer`,
`poll`. After each input `settle` empties every queue in a fixed order, so that the outcome depends on
nothing but the inputs. The journal is drained by whoever owns it.

A message that a peer got wrong becomes an answer here, and only here (`_request`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from switch.acd.events import Wake as RouterWake
from switch.base.errors import PeerError
from switch.call.cause import By, Cause, Reason, ours
from switch.call.leg import ALLOW, Leg
from switch.call.signalling import LegInputMessage, Owner
from switch.call.surplus import Surplus
from switch.dialplan.actions import Action, AgentVerb, RecordVerb
from switch.dialplan.events import PlayEnded
from switch.dialplan.events import Wake as FlowWake
from switch.exchange import (
    audio,
    callbacks,
    detecting,
    hearing,
    invites,
    lines,
    locating,
    mail,
    messages,
    meter,
    proving,
    reachability,
    recordings,
    records,
    referrals,
    ringing,
    routing,
    stir,
    supervision,
    tones,
    understanding,
    watching,
)
from switch.exchange.actions.agents import event_for
from switch.exchange.hearing import HEAR
from switch.exchange.office import Notice, Office, Output, Parts
from switch.exchange.session import Session
from switch.media import events as media
from switch.media.quality import StreamQuality
from switch.notifier.packages import ALLOW_EVENTS
from switch.sip.flow import Flow
from switch.sip.locate import Answer
from switch.sip.message import Response
from switch.sip.outputs import (
    AckReceived,
    CancelReceived,
    MessageDropped,
    RequestReceived,
    ResponseReceived,
    SendBytes,
    StrayAnswer,
    TransactionFailed,
)
from switch.sip.outputs import Output as LayerOutput


def _dropped(message: MessageDropped, now: int) -> None:
    """The layer has counted it, by reason."""
    del message, now


Handler = Callable[[Office, Session, Any, int], None]

_ABILITIES = (
    ("Allow", f"{ALLOW}, REGISTER, MESSAGE, PUBLISH"),
    ("Accept", understanding.ACCEPTED),
    ("Accept-Encoding", "identity"),
    ("Accept-Language", "en"),
    ("Supported", ", ".join(sorted(invites.SUPPORTED))),
    ("Allow-Events", ALLOW_EVENTS),
)
"""What an OPTIONS asks for (RFC 3261 section 11.2)."""

_PROVED = frozenset({"REGISTER", "REFER", "MESSAGE"})
"""Whoever sends these and is not challenged is known: a copy gets the same answer and does nothing again."""

ROUNDS_MAX = 10_000
"""Rounds of settling after one input. Handlers feed one another; a ring of them is our bug, not a hang."""


class Exchange:
    """One node's calls. `handlers` maps each action of the dialplan to what carries it out."""

    def __init__(self, parts: Parts, handlers: Mapping[type[Action], Handler]) -> None:
        self.office = Office(parts)
        self._handlers = dict(handlers)
        self._clocks = (
            parts.signalling.layer.next_timer,
            parts.registrar.next_timer,
            parts.trunks.next_timer,
        )
        self._receivers: dict[type[Any], Callable[[Any, int], None]] = {
            RequestReceived: self._request,
            AckReceived: self._ack,
            CancelReceived: self._cancel,
            ResponseReceived: self._response,
            TransactionFailed: self._failure,
            StrayAnswer: self._stray,
            MessageDropped: _dropped,
        }
        self.surplus = Surplus(parts.signalling.layer)
        self.wrong = 0
        """Messages that a peer got wrong for its call, though the parser could read them."""

    # Life.

    def start(self, now: int) -> None:
        """What is sent can arrive from now on: register with carriers, and see which of them live."""
        self.office.parts.trunks.start(now)
        self.settle(now)

    def stop(self, now: int) -> None:
        """Take our registrations back; `office.parts.trunks.unregistering` tells when that is done."""
        self.office.parts.trunks.stop(now)
        if self.office.watching is not None:
            self.office.watching.notifier.stop(now)
        self.settle(now)

    # Inputs.

    def receive(self, data: bytes, flow: Flow, now: int) -> None:
        """One datagram, or one message framed from a stream."""
        self.office.signalling.layer.receive(data, flow, now)
        self.settle(now)

    def refuse(self, data: bytes, flow: Flow, now: int) -> None:
        """One message while the switch is overloaded: what opens something new is answered 503."""
        self.office.signalling.layer.refuse(data, flow, now)
        self.settle(now)

    def transport_failed(self, flow: Flow, now: int, branch: str = "") -> None:
        """Bytes could not be sent by this flow; where `branch` is known, those of that transaction."""
        self.office.signalling.layer.transport_failed(flow, now, branch)
        self.settle(now)

    def connection_closed(self, flow: Flow, now: int) -> None:
        """A stream is gone: what waits on it fails, and phones behind it are unreachable."""
        self.office.signalling.layer.transport_failed(flow, now)
        self.office.parts.registrar.drop_flow(flow, now)
        self.settle(now)

    def media_event(self, event: media.Event, now: int) -> None:
        """Something that the engine tells."""
        self._media_event(event, now)
        self.settle(now)

    def media_refused(self, slot: int, now: int) -> None:
        """The engine cannot do what was asked for this stream (an address that nothing can be sent to)."""
        leg = self.office.leg_of_slot.get(slot)
        if leg is not None:
            self.office.hang_up(leg, ours(Reason.NOT_ACCEPTABLE), now)
            self.settle(now)

    def located(self, answer: Answer, now: int) -> None:
        """What the resolver made of a question that `poll` gave."""
        self.office.parts.locator.answer(answer, now)
        locating.carry(self.office, now)
        self.settle(now)

    def certificate(self, url: str, pem: bytes | None, now: int) -> None:
        """What a `CertificateWanted` led to; None where nothing could be fetched."""
        stir.desk(self.office).fetched(url, pem, now)
        self.settle(now)

    def committed(self, sequence: int, stored: bool, now: int) -> None:
        """What a `CommitWanted` led to: the entry is durable, or could not be stored."""
        callbacks.committed(self.office, sequence, stored, now)
        self.settle(now)

    def quality(self, slot: int, quality: StreamQuality, now: int) -> None:
        """What a `QualityWanted` led to."""
        leg = self.office.leg_of_slot.get(slot)
        session = None if leg is None else self.office.session_of_leg.get(leg.id)
        if leg is not None and session is not None:
            lines.looked(self.office, session, leg, quality, now)
            self.settle(now)

    def cancel_callback(self, name: str, now: int) -> bool:
        """Take a callback back; False where there is none, or its customer is being called."""
        done = callbacks.cancel(self.office, name, now)
        self.settle(now)
        return done

    def agent(self, tenant: str, agent: str, verb: AgentVerb, reason: str, now: int) -> None:
        """A command for an agent from outside any call (the command line, the API)."""
        self.office.tell_router(tenant, event_for(agent, verb, reason))
        self.settle(now)

    def hang_up(self, call: str, reason: Reason, now: int) -> bool:
        """End a call on all its legs; False where there is no such call."""
        session = self.office.sessions.get(call)
        if session is None:
            return False
        session.blame = "administrator" if reason is Reason.ADMINISTRATOR else "switch"
        self.office.hang_up(session.call.anchor, ours(reason), now)
        if session.asked is not None:
            # Its caller may have left, and what it asked for goes on without it.
            for leg in list(session.call.legs.values()):
                self.office.hang_up(leg, ours(reason), now)
        self.settle(now)
        return True

    def record(self, call: str, verb: RecordVerb, now: int) -> str | None:
        """Record a call, or no longer. Empty where that is done, else why not; None: no such call."""
        session = self.office.sessions.get(call)
        if session is None:
            return None
        refused = recordings.command(self.office, session, verb, now)
        self.settle(now)
        return refused

    def supervise(
        self, call: str, account: str, mode: str, now: int, *, by: str = "", reason: str = ""
    ) -> str | None:
        """Ring a phone of `account` to listen, whisper or join. Empty where that is done, else why not; None:
        no such call."""
        session = self.office.sessions.get(call)
        if session is None:
            return None
        refused = supervision.command(self.office, session, account, mode, by=by, reason=reason, now=now)
        self.settle(now)
        return refused

    def mail_read(self, number: int, clip: str, now: int, *, gone: bool = False) -> None:
        """What a `ReadMail` came to: the clip's name, empty where it could not be read."""
        mail.read(self.office, number, clip, gone=gone)
        self.settle(now)

    def delete_mail(self, path: str, now: int, reason: str = "asked") -> bool:
        """False where there is no such message."""
        found = mail.delete(self.office, path, now, reason)
        self.settle(now)
        return found

    # Time.

    def handle_timer(self, now: int) -> None:
        """Everything that is due."""
        office = self.office
        office.signalling.layer.handle_timer(now)
        office.parts.registrar.handle_timer(now)
        office.parts.trunks.handle_timer(now)
        if office.watching is not None:
            office.watching.notifier.handle_timer(now)
        while (key := office.timers.pop(now)) is not None:
            self._timer(key[0], key[1], now)
            self.settle(now)
        self.settle(now)

    def next_timer(self) -> int | None:
        """When to call `handle_timer` next."""
        office = self.office
        earliest = office.timers.next()
        for clock in self._clocks:
            at = clock()
            if at is not None and (earliest is None or at < earliest):
                earliest = at
        if office.watching is not None:
            at = office.watching.notifier.next_timer()
            if at is not None and (earliest is None or at < earliest):
                earliest = at
        return earliest

    def poll(self) -> list[Output]:
        """Bytes and media commands, in order; and questions for a resolver."""
        ways = self.office.signalling.ways
        if ways is not None and ways.asked:
            ways.asked = False
            self.office.outputs += self.office.parts.locator.poll()
        outputs, self.office.outputs = self.office.outputs, []
        return outputs

    def take_notices(self) -> list[Notice]:
        """Gateways that went down or came back, calls that found no channel, wrong passwords, and recordings
        that a disk refused, since the last call."""
        notices, self.office.notices = self.office.notices, []
        return notices

    # Settling.

    def settle(self, now: int) -> None:
        """Empty every queue; each round takes one thing, so that effects come before what follows."""
        office = self.office
        signalling = office.signalling
        layer, pending = signalling.layer, signalling.layer.pending
        registrar, trunks = office.parts.registrar, office.parts.trunks
        # A reload queues some events for each agent and each queue; they feed nobody by themselves.
        for _ in range(ROUNDS_MAX + 2 * len(office.router_inputs)):
            if pending:
                self._settle_sip(layer.poll(), now)
            if signalling.touched:
                self._settle_legs(now)
                if signalling.touched:
                    continue
            if office.commands:
                office.outputs += office.commands
                office.commands = []
            if office.actions:
                session, interpreter, action = office.actions.popleft()
                if session.interpreter is interpreter:
                    self._handlers[type(action)](office, session, action, now)
            elif office.router_inputs:
                tenant, event = office.router_inputs.popleft()
                tenancy = office.parts.tenancies.get(tenant)
                if tenancy is not None:
                    if tenancy.trail.note(event, now):
                        office.trailing.append(tenancy)
                    decisions = tenancy.router.apply(event, now)
                    tenancy.auditor.follow(event, decisions, now)
                    for decision in decisions:
                        routing.carry_out(office, tenant, decision, now)
            elif office.flow_inputs:
                session, flow_event = office.flow_inputs.popleft()
                running = session.interpreter
                if running is not None:
                    for act in running.apply(flow_event, now):
                        office.actions.append((session, running, act))
            elif office.closing:
                records.close(office, office.closing.popleft(), now)
            elif not pending and not signalling.touched:
                # Nothing is left to be settled, and nothing came of it.
                if not registrar.news and not trunks.news and office.watching is None:
                    return
                if not reachability.settle(office, now) and not self._settle_watching(now):
                    return
        raise AssertionError("settling does not end: handlers feed one another")

    def _settle_watching(self, now: int) -> bool:
        watching = self.office.watching
        return watching is not None and watching.settle(now)

    def _settle_sip(self, outputs: list[LayerOutput], now: int) -> None:
        receivers = self._receivers
        for output in outputs:
            if isinstance(output, SendBytes):
                self.office.outputs.append(output)
            else:
                receivers[type(output)](output, now)

    def _settle_legs(self, now: int) -> None:
        office = self.office
        touched = office.signalling.touched
        office.signalling.touched = {}
        for leg_id in touched:
            leg = office.legs.get(leg_id)
            if leg is None:
                continue
            watched = None if office.watching is None else office.session_of_leg[leg_id]
            for event in leg.poll():
                HEAR[event.__class__](office, office.session_of_leg[leg_id], leg, event, now)
            if watched is not None:
                office.stir(watched, leg)
            if leg_id in office.legs:
                office.schedule(leg)

    # SIP. A message that its receiver finds wrong becomes an answer here, and only here.

    def _request(self, message: RequestReceived, now: int) -> None:
        owner = self.office.signalling.owner_of(message)
        try:
            refused = understanding.refusal(message.request, invites.SUPPORTED)
            if refused is not None:
                self._refuse(message, refused, owner, now)
            elif owner is None:
                self._new_request(message, now)
            else:
                self._deliver(owner, message, now)
        except PeerError as error:
            # 400 with the reason; to any other message of a peer there is no answer.
            self.wrong += 1
            reason = " ".join(str(error).split())[:80] or "Bad Request"
            self._refuse(message, message.request.make_response(400, reason), owner, now)

    def _response(self, message: ResponseReceived, now: int) -> None:
        signalling = self.office.signalling
        owner = signalling.owner_of(message)
        response = message.response
        try:
            challenged = response.status in (401, 407)
            if challenged and isinstance(owner, Leg) and proving.again(self.office, owner, message, now):
                return
            if response.body:
                understanding.open_body(response)
            if owner is None:
                self._late_answer(response, message.flow, now)
            else:
                self._deliver(owner, signalling.as_owner_knows(message), now)
        except PeerError:
            self.wrong += 1

    def _ack(self, message: AckReceived, now: int) -> None:
        owner = self.office.signalling.owner_of(message)
        try:
            if message.request.body:
                understanding.open_body(message.request)
            if owner is not None:
                self._deliver(owner, message, now)
        except PeerError:
            self.wrong += 1

    def _cancel(self, message: CancelReceived, now: int) -> None:
        self._to_owner(message, now)

    def _failure(self, message: TransactionFailed, now: int) -> None:
        self._to_owner(message, now)

    def _to_owner(self, message: CancelReceived | TransactionFailed, now: int) -> None:
        signalling = self.office.signalling
        owner = signalling.owner_of(message)
        if owner is None:
            return
        try:
            known = signalling.as_owner_knows(message) if isinstance(message, TransactionFailed) else message
            self._deliver(owner, known, now)
        except PeerError:
            self.wrong += 1

    def _deliver(self, owner: Owner, message: LegInputMessage, now: int) -> None:
        owner.receive(message, now)
        # A leg that spoke has its timer set when it is heard.
        if isinstance(owner, Leg) and owner.id not in self.office.signalling.touched:
            self.office.schedule(owner)

    def _stray(self, message: StrayAnswer, now: int) -> None:
        self._late_answer(message.response, message.flow, now)

    def _refuse(self, message: RequestReceived, response: Response, owner: Owner | None, now: int) -> None:
        """Where the request belongs to nobody, nobody has proved to have sent it."""
        signalling = self.office.signalling
        answer = signalling.turn_away if owner is None else signalling.respond
        answer(message.transaction, response, now)

    def _late_answer(self, response: Response, flow: Flow, now: int) -> None:
        """Nobody waits for it any more; of a call that was answered the other side has to hear that."""
        late = 200 <= response.status < 300 and response.cseq.method == "INVITE"
        if late and not self.office.signalling.is_known(response):
            self.surplus.end(response, flow, now)

    def _new_request(self, message: RequestReceived, now: int) -> None:
        request = message.request
        if request.to.tag is not None:
            response = request.make_response(481)
        elif request.method == "INVITE":
            invites.admit(self.office, message, now)
            return
        elif request.method == "REGISTER":
            response = self.office.parts.registrar.register(request, message.flow, now)
        elif request.method == "OPTIONS":
            response = request.make_response(200, headers=_ABILITIES)
        elif request.method == "REFER":
            response = referrals.answer(self.office, message, now)
        elif request.method in ("BYE", "INFO", "UPDATE", "NOTIFY", "PRACK"):
            response = request.make_response(481)
        elif request.method == "SUBSCRIBE":
            watching.subscribe(self.office, message, now)
            return
        elif request.method == "MESSAGE":
            response = messages.answer(self.office, message, now)
        elif request.method == "PUBLISH":
            # RFC 3903 section 6: what is known of an agent comes from the router; no state of a phone's own
            # making is taken, of any package.
            response = request.make_response(489, headers=[("Allow-Events", ALLOW_EVENTS)])
        else:
            response = request.make_response(405, headers=[("Allow", ALLOW)])
        signalling = self.office.signalling
        known = request.method in _PROVED and request.to.tag is None and response.status not in (401, 407)
        answer = signalling.respond if known else signalling.turn_away
        answer(message.transaction, response, now)

    # Media and time.

    def _media_event(self, event: media.Event, now: int) -> None:
        if isinstance(event, media.StreamClosed):
            ended = self.office.ended_of_slot.pop(event.slot, None)
            if ended is not None:
                audio.measured(self.office, *ended, event.quality, now)
                lines.measured(self.office, *ended, event.quality, now)
            hearing.released(self.office, event.slot)
            return
        if isinstance(event, media.RecordingEnded):
            recordings.ended(self.office, event, now)
            return
        leg = self.office.leg_of_slot.get(event.slot)
        session = None if leg is None else self.office.session_of_leg.get(leg.id)
        if leg is None or session is None:
            return
        if isinstance(event, media.DigitReceived):
            hearing.digit(self.office, session, leg, event, now, from_info=False)
        elif isinstance(event, media.PlayFinished):
            if event.playback > 0 and leg is session.call.anchor:
                self.office.tell_flow(session, PlayEnded(event.playback, event.completed))
        elif isinstance(event, media.AnswerClassified | media.BeepDetected | media.SpeechStopped):
            detecting.heard(self.office, session, leg, event, now)
        elif isinstance(event, media.ToneDetected):
            tones.heard(self.office, session, leg, event, now)
        elif isinstance(event, media.ClippingDetected):
            audio.clipped(self.office, session, leg, now)
        elif isinstance(event, media.StreamAlarm):
            audio.alarmed(self.office, session, leg, event, now)
            if event.raised and leg.agent:
                lines.alarmed(self.office, session, leg, event.alarm, now)
        elif isinstance(event, media.StreamIdle | media.SecurityFailed):
            self.office.hang_up(leg, Cause(Reason.MEDIA_LOST, By.NETWORK, 408), now)

    def _timer(self, kind: str, key: str, now: int) -> None:
        office = self.office
        if kind == "leg":
            leg = office.legs.get(key)
            if leg is not None:
                leg.scheduled = None
                leg.handle_timer(now)
                office.schedule(leg)
        elif kind == "ring":
            session = office.session_of_attempt.get(key)
            if session is not None:
                ringing.timed_out(office, session, session.attempts[key], now)
        elif kind == "gateway":
            session = office.session_of_attempt.get(key)
            if session is not None:
                ringing.pass_over_silent(office, session.attempts[key], now)
        elif kind == "flow":
            session = office.sessions.get(key)
            if session is not None:
                office.tell_flow(session, FlowWake())
        elif kind == "stir":
            stir.desk(office).timed_out(key, now)
        elif kind == "cost":
            meter.over_cost(office, key, now)
        elif kind == "locate":
            locating.look(office, key, now)
        elif kind == "line":
            lines.timer(office, key, now)
        elif kind == "look":
            lines.look(office, key, now)
        elif kind == "callback":
            callbacks.timer(office, key, now)
        else:
            office.tell_router(key, RouterWake())
