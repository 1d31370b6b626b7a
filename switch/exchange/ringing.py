"""Attempts: ring phones or a carrier for one purpose, and say how it ended.

States of an attempt: RINGING until the first answer, then WON, by way of LISTENING where `answers` is stated;
or LOST when every leg has failed, the time is up, or it was called off. An attempt that is over leaves the
session in the same step.
"""

from switch.base.clock import MILLISECOND
from switch.call.cause import By, Cause, Reason, ours
from switch.call.destination import Credentials, Destination, Way
from switch.call.keys import KeyWay
from switch.call.leg import Leg
from switch.call.outgoing import NOBODY_THERE, SILENT_AFTER_US, OutgoingLeg
from switch.dialplan.actions import AnswerTerms
from switch.exchange import codecs, encryption, identities, key_ways, meter, talks, tones
from switch.exchange.attempt import LEGS_MAX, Attempt
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal
from switch.media.commands import AnswerSettings, Detector, StartDetection, StopDetection
from switch.registrar.values import Binding
from switch.sip.uri import NameAddr
from switch.tenant.names import wire_name
from switch.tenant.numbers import is_emergency
from switch.trunk.registration import seconds_of
from switch.trunk.settings import GatewayOutcome, RouteChoice
from switch.trunk.trunks import Trunks

LATE_MS = 1_000
"""What the engine tells about an answer comes in time, unless it was lost."""

NOBODY_RANG = frozenset({404, 410, 484, 502, 503, 604})
"""Answers which say that nobody was reached, also after a 183: an announcement, or a way that was closed."""


def start(office: Office, session: Session, attempt: Attempt) -> None:
    """Make it known and set its clock; legs are added by `ring_account` or `ring_outside`."""
    session.attempts[attempt.id] = attempt
    office.session_of_attempt[attempt.id] = session
    office.timers.set(("ring", attempt.id), attempt.deadline)


def ring_account(
    office: Office, session: Session, attempt: Attempt, account: str, now: int, instance: str = ""
) -> None:
    """Ring every phone of an account, or the one of `instance`, each once by the best of its flows; without
    one the attempt is lost at once."""
    name = wire_name(session.tenant, account)
    phones = office.parts.registrar.phones(name, now, instance)[:LEGS_MAX]
    agent = office.agent_at(session.tenant, account)
    audio = codecs.of_account(office, session.tenant, account)
    for binding, *others in phones:
        host = binding.flow.local.host
        headers = attempt.headers
        if session.caller is not None:
            headers = (*headers, *identities.verified(session, host))
        destination = Destination(
            uri=binding.contact,
            flow=binding.flow,
            from_=identities.for_phone(session, host),
            to=identities.of_phone(name, host),
            headers=headers if not binding.path else (*headers, *(("Route", hop) for hop in binding.path)),
            others=tuple([_way(office, session.tenant, account, o) for o in others]) if others else (),
            encryption=encryption.calls_to(office, session.tenant, account, binding.flow),
            audio=audio,
            key_way=key_ways.of_account(office, session.tenant, account),
        )
        leg = office.open_leg(session, destination, role=attempt.purpose.role, peer=account, now=now)
        if leg is None:
            attempt.failures.append(ours(Reason.CONGESTION))
            break
        leg.account = account
        office.stir(session, leg)
        leg.registration = (binding.call_id, binding.cseq)
        attempt.legs[leg.id] = leg
        if others:
            office.schedule(leg)
        if agent and not attempt.purpose.exclusive:
            talks.engage(office, session, leg, agent)
    if not attempt.legs:
        lost(office, session, attempt, attempt.outcome(), now)


def _way(office: Office, tenant: str, account: str, binding: Binding) -> Way:
    return Way(
        uri=binding.contact,
        flow=binding.flow,
        media_host=office.media_host(binding.flow.local),
        routes=binding.path,
        registration=(binding.call_id, binding.cseq),
        encryption=encryption.calls_to(office, tenant, account, binding.flow),
    )


def flow_failed(office: Office, session: Session, leg: Leg, registration: tuple[str, int]) -> None:
    """One flow of a phone is dead: the next call does not try it, until the phone registers it again."""
    office.parts.registrar.drop_binding(wire_name(session.tenant, leg.account), *registration)


def ring_outside(
    office: Office, session: Session, attempt: Attempt, trunk: str, number: str, caller_id: str, now: int
) -> None:
    """Place a call by a trunk, gateway after gateway; lost at once where none can be tried."""
    plan = office.tenancy(session).plan
    attempt.emergency = not number.startswith("+") and is_emergency(number, plan.country)
    if office.parts.limits.limited(session.tenant):
        stopped = meter.admit(office, session, attempt, number, now)
        if stopped is not None:
            attempt.failures.append(stopped)
            _nobody_rung(office, session, attempt, now)
            return
    attempt.dialled, attempt.presented = number, caller_id
    # Behind the tenant's first trunk stand its others; one that a step of the dialplan names stands alone.
    names = plan.outside.trunks if trunk == plan.trunk else (trunk,)
    attempt.routes = _routes(office.parts.trunks, names, number, caller_id, now, emergency=attempt.emergency)
    if not attempt.routes:
        # No gateway takes this number.
        attempt.failures.append(Cause(Reason.NOT_FOUND, By.US, 404))
    if not _next_gateway(office, session, attempt, now):
        meter.nowhere(office, attempt, now)
        _nobody_rung(office, session, attempt, now)


def _nobody_rung(office: Office, session: Session, attempt: Attempt, now: int) -> None:
    """Whom a phone forwards to cannot be reached: others that ring already ring on."""
    if not attempt.legs:
        lost(office, session, attempt, attempt.outcome(), now)


def _routes(
    trunks: Trunks, names: tuple[str, ...], number: str, caller_id: str, now: int, *, emergency: bool
) -> list[RouteChoice]:
    """Ways by all these trunks; whatever rests comes last, of whichever trunk it is."""
    routes = [
        route for name in names for route in trunks.routes(name, number, caller_id, now, emergency=emergency)
    ]
    if len(names) > 1:
        routes.sort(key=lambda route: route.rests)
    return routes


def _next_gateway(office: Office, session: Session, attempt: Attempt, now: int) -> bool:
    """Try the next way out that has a channel."""
    trunks = office.parts.trunks
    while attempt.routes:
        choice = attempt.routes.pop(0)
        refusal = trunks.acquire(choice.trunk, now, choice.gateway, emergency=attempt.emergency)
        if refusal is not None:
            attempt.failures.append(ours(Reason.CONGESTION))
            if not refusal.of_gateway:
                attempt.routes = [route for route in attempt.routes if route.trunk != choice.trunk]
            continue
        leg = _place(office, session, attempt, choice, now)
        if leg is None:
            trunks.release(choice.trunk, choice.gateway)
            continue
        leg.trunk = choice.trunk
        office.gateway_of_leg[leg.id] = choice.gateway
        if attempt.ticket is not None:
            meter.hold(office, session, attempt, leg, choice.gateway.terms.cost_micros, now)
        attempt.gateways[leg.id] = choice.gateway
        attempt.legs[leg.id] = leg
        title = choice.gateway.title
        session.call.record.trunk, session.call.record.gateway = choice.trunk, title
        office.write(journal.GatewayTried(leg.id, choice.trunk, title), now, session)
        if attempt.routes:
            office.timers.set(("gateway", attempt.id), now + SILENT_AFTER_US)
        return True
    return False


def _place(
    office: Office, session: Session, attempt: Attempt, choice: RouteChoice, now: int
) -> OutgoingLeg | None:
    """The leg, its INVITE sent; None where there is no way to send it, or no port for its audio."""
    flow = office.flow_to(choice.gateway.transport, choice.gateway.address, choice.gateway.name)
    settings = office.parts.trunks.settings(choice.trunk)
    if flow is None or settings is None:
        attempt.failures.append(Cause(Reason.UNREACHABLE, By.US, 500))
        return None
    credentials = settings.credentials
    from_, headers = identities.for_carrier(office, session, attempt, choice, settings, flow.local.host, now)
    destination = Destination(
        uri=identities.phone_uri(settings, choice.request_user, choice.host, choice.port),
        flow=flow,
        from_=str(from_),
        to=str(NameAddr("", identities.phone_uri(settings, choice.request_user, choice.host))),
        headers=(*attempt.headers, *headers),
        credentials=None if credentials is None else Credentials(credentials.username, credentials.secret),
        encryption=encryption.of_words(settings.encrypted_media),
        audio=codecs.stated(office, settings.codecs),
        key_way=KeyWay(settings.dtmf),
    )
    leg = office.open_leg(session, destination, role=attempt.purpose.role, peer=choice.trunk, now=now)
    if leg is None:
        attempt.failures.append(ours(Reason.CONGESTION))
        attempt.routes.clear()
    return leg


def pass_over_silent(office: Office, attempt: Attempt, now: int) -> None:
    """A gateway that has not said a word is dead: the next is tried while the caller still waits. Timer B
    alone would take 32 s, longer than most ring times."""
    for leg in list(attempt.legs.values()):
        if isinstance(leg, OutgoingLeg) and leg.trunk and leg.silent(now):
            office.hang_up(leg, ours(Reason.UNREACHABLE), now)


def progress(
    office: Office, session: Session, attempt: Attempt, leg: Leg, early_media: bool, now: int
) -> None:
    """The rung phone rings."""
    if early_media and leg.trunk:
        tones.listen(office, leg, now, answered=False)
    if attempt.purpose.progress is not None:
        attempt.purpose.progress(office, session, attempt, leg, early_media, now)


def answered(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    """The first answer wins; what it leads to is the purpose's."""
    if attempt.winner is not None:
        office.hang_up(leg, ours(Reason.ELSEWHERE), now)
        return
    attempt.winner = leg
    _report_gateway(office, attempt, leg, GatewayOutcome.ANSWERED, now, "200")
    if session.tickets is not None:
        meter.answered(office, session, leg, now)
    _call_off_others(office, attempt, leg, now)
    if leg.trunk:
        tones.listen(office, leg, now, answered=True)
    if attempt.answers is not None:
        _listen(office, attempt, attempt.answers, leg, now)
        return
    attempt.purpose.answered(office, session, attempt, leg, now)


def _listen(office: Office, attempt: Attempt, terms: AnswerTerms, leg: Leg, now: int) -> None:
    """The attempt goes on until the engine says who has answered; a second after that it is late."""
    office.timers.cancel(("gateway", attempt.id))
    office.timers.set(("ring", attempt.id), now + (terms.wait_ms + LATE_MS) * MILLISECOND)
    settings = AnswerSettings(total_analysis_ms=terms.wait_ms)
    office.media([StartDetection(leg.slot.number, Detector.MACHINE, answers=settings)])


def heard(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int, *, machine: bool) -> None:
    """Who has answered; what is not known is taken for a person, who would hang up on silence."""
    office.media([StopDetection(leg.slot.number, Detector.MACHINE)])
    purpose = attempt.purpose
    if not machine:
        purpose.answered(office, session, attempt, leg, now)
    elif purpose.machine is not None:
        purpose.machine(office, session, attempt, leg, now)
    else:
        lost(office, session, attempt, ours(Reason.MACHINE), now)


def leg_failed(office: Office, session: Session, attempt: Attempt, leg: Leg, cause: Cause, now: int) -> None:
    """One of the rung legs is over before it was answered, or answered and lost before it won."""
    _report_gateway(office, attempt, leg, _gateway_outcome(cause), now, str(cause.sip_status))
    another = bool(attempt.routes) and isinstance(leg, OutgoingLeg) and _may_go_on(office, leg, cause)
    if attempt.winner is leg:
        attempt.winner = None
    elif 300 <= cause.sip_status < 400 and cause.by is By.PEER and attempt.purpose.redirected is not None:
        refused = attempt.purpose.redirected(office, session, attempt, leg, cause.sip_status, now)
        if refused is None:
            return
        cause = refused
    if not attempt.failed(leg, cause):
        return
    if another and _next_gateway(office, session, attempt, now):
        return
    lost(office, session, attempt, attempt.outcome(), now)


def _may_go_on(office: Office, leg: OutgoingLeg, cause: Cause) -> bool:
    """Whether the next gateway may be tried without ringing anybody twice (docs/decisions/0020)."""
    if leg.rang or cause.by is By.US or not leg.trunk:
        return False
    status = cause.sip_status
    settings = office.parts.trunks.settings(leg.trunk)
    chosen = settings is not None and status in settings.failover_on
    failed = cause.by is By.NETWORK or status == 408 or 500 <= status < 600 or chosen
    return failed and (not leg.progressed or (cause.by is By.PEER and status in NOBODY_RANG))


def timed_out(office: Office, session: Session, attempt: Attempt, now: int) -> None:
    """The ring time is over. Phones that never said a word are not there; the others nobody picked up."""
    if attempt.winner is not None and attempt.answers is not None:
        heard(office, session, attempt, attempt.winner, now, machine=False)
        return
    silent = all(isinstance(leg, OutgoingLeg) and leg.silent(now) for leg in attempt.legs.values())
    lost(office, session, attempt, NOBODY_THERE if silent else ours(Reason.NO_ANSWER), now)


def lost(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    """Nobody answered: end what still rings and tell whoever asked."""
    forget(office, session, attempt)
    _end_legs(office, attempt, cause, now)
    attempt.purpose.lost(office, session, attempt, cause, now)


def call_off(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    """Whoever asked does not want it any more; nobody is told."""
    forget(office, session, attempt)
    _end_legs(office, attempt, cause, now)


def _call_off_others(office: Office, attempt: Attempt, winner: Leg, now: int) -> None:
    """Answered elsewhere: the other phones stop ringing and show no missed call."""
    for leg in list(attempt.legs.values()):
        if leg is not winner:
            del attempt.legs[leg.id]
            office.hang_up(leg, ours(Reason.ELSEWHERE), now)


def forget(office: Office, session: Session, attempt: Attempt) -> None:
    session.attempts.pop(attempt.id, None)
    office.session_of_attempt.pop(attempt.id, None)
    office.timers.cancel(("ring", attempt.id))
    office.timers.cancel(("gateway", attempt.id))


def _end_legs(office: Office, attempt: Attempt, cause: Cause, now: int) -> None:
    legs = list(attempt.legs.values())
    attempt.legs.clear()
    for leg in legs:
        if isinstance(leg, OutgoingLeg) and leg.silent(now):
            # Or callers who give up first would keep a dead gateway in use for ever.
            _report_gateway(office, attempt, leg, GatewayOutcome.TIMEOUT, now, "timeout")
        office.hang_up(leg, cause, now)


def _gateway_outcome(cause: Cause) -> GatewayOutcome | None:
    """What the end of a leg says of its gateway; None for nothing: who was asked for did not answer it."""
    if cause.by is By.NETWORK:
        return GatewayOutcome.TIMEOUT
    if cause.sip_status == 408:
        return None
    return GatewayOutcome.UNAVAILABLE if cause.sip_status == 503 else GatewayOutcome.ANSWERED


def _report_gateway(
    office: Office, attempt: Attempt, leg: Leg, outcome: GatewayOutcome | None, now: int, said: str
) -> None:
    gateway = attempt.gateways.pop(leg.id, None)
    if gateway is not None:
        wait_s = seconds_of(leg.retry_after) if isinstance(leg, OutgoingLeg) else 0
        office.parts.trunks.report(leg.trunk, gateway, outcome, now, retry_after_s=wait_s, said=said)
