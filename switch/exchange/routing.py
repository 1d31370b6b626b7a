"""What the router decides, done: rings, bridges, and the journal's account of why."""

from collections.abc import Callable
from typing import Any

from switch.acd import decisions as acd
from switch.acd import events as acd_events
from switch.acd.events import DeclineReason
from switch.call.cause import Cause, Reason, ours
from switch.call.leg import Leg
from switch.dialplan.events import QueueConnected, QueueEntered, QueueRefused
from switch.exchange import callbacks, lines, ringing, talks, wishes
from switch.exchange.attempt import Attempt, Purpose
from switch.exchange.office import Office
from switch.exchange.session import ContactState, Session
from switch.journal import events as journal
from switch.journal import queue_events

ON_DEMAND = "on-demand"
"""Why an agent is paused who takes one contact at a time."""


def carry_out(office: Office, tenant: str, decision: acd.Decision, now: int) -> None:
    """One decision of a tenant's router."""
    _HANDLERS[type(decision)](office, tenant, decision, now)


def _session(office: Office, tenant: str, contact: str) -> Session | None:
    return office.session_of_contact.get((tenant, contact))


def _admitted(office: Office, tenant: str, decision: acd.Admitted, now: int) -> None:
    session = _session(office, tenant, decision.contact)
    if session is None:
        callback = callbacks.of_contact(office, tenant, decision.contact)
        if callback is not None:
            callbacks.admitted(office, callback, decision, now)
        return
    queued = journal.Queued(
        decision.contact, decision.queue, session.priority, decision.position, session.needs
    )
    office.write(queued, now, session)
    office.tell_flow(session, QueueEntered(decision.position))


def _refused(office: Office, tenant: str, decision: acd.Refused, now: int) -> None:
    callback = callbacks.of_contact(office, tenant, decision.contact)
    if callback is not None:
        callbacks.refused(office, callback, decision, now)
        return
    session = _session(office, tenant, decision.contact)
    if session is None:
        return
    if decision.reason is not acd.RefusalReason.QUEUE_REMOVED:
        # Who waited and is put out has made a visit; its end follows. Who is not let in has not.
        del office.session_of_contact[tenant, decision.contact]
    office.write(journal.QueueRefused(decision.contact, decision.queue, decision.reason), now, session)
    if session.contact == decision.contact:
        session.contact_state = ContactState.NONE
        office.tell_flow(session, QueueRefused(decision.reason))


def _offered(office: Office, tenant: str, decision: acd.Offered, now: int) -> None:
    session = _session(office, tenant, decision.contact)
    if session is None:
        callback = callbacks.of_contact(office, tenant, decision.contact)
        session = None if callback is None else callbacks.offered(office, callback, now)
    assert session is not None, "an offer is of a contact that waits"
    choice = decision.choice
    office.write(
        journal.OfferMade(
            contact=decision.contact,
            queue=decision.queue,
            offer=decision.offer,
            agent=decision.agent,
            policy=choice.policy,
            candidates=choice.candidates,
            exclusions=tuple((str(reason), count) for reason, count in choice.exclusions),
            best=tuple((ranked.agent, ranked.score, ranked.idle_us) for ranked in choice.best),
            tie_break=choice.tie_break,
            needs=choice.needs,
            sequence=choice.sequence,
        ),
        now,
        session,
    )
    attempt = Attempt(
        id=_attempt_id(tenant, decision.offer),
        purpose=_PURPOSE,
        deadline=now + decision.ring_us,
        offer=decision.offer,
        fence=decision.fence,
    )
    ringing.start(office, session, attempt)
    agent = office.tenancy(session).plan.agents.get(decision.agent)
    if agent is None:
        # A reload took the agent away, and the router has yet to hear it.
        ringing.lost(office, session, attempt, ours(Reason.UNREACHABLE), now)
    else:
        ringing.ring_account(office, session, attempt, agent.account, now)


def _offer_ended(office: Office, tenant: str, decision: acd.OfferEnded, now: int) -> None:
    attempt_id = _attempt_id(tenant, decision.offer)
    session = office.session_of_attempt.get(attempt_id) or _session(office, tenant, decision.contact)
    if session is None:
        return
    office.write(
        journal.OfferEnded(decision.contact, decision.offer, decision.agent, decision.outcome), now, session
    )
    lines.offer_ended(office, tenant, decision.agent, decision.outcome, now)
    attempt = session.attempts.get(attempt_id)
    if attempt is not None:
        elsewhere = decision.outcome is acd.OfferOutcome.ANSWERED_ELSEWHERE
        # Phones show no missed call for what a colleague took.
        cause = ours(Reason.ELSEWHERE if elsewhere else Reason.CANCELLED)
        ringing.call_off(office, session, attempt, cause, now)


def _connected(office: Office, tenant: str, decision: acd.Connected, now: int) -> None:
    session = _session(office, tenant, decision.contact)
    attempt = None if session is None else session.attempts.get(_attempt_id(tenant, decision.offer))
    assert session is not None, "a granted claim is of a contact that waits"
    assert attempt is not None, "a granted claim has its attempt"
    assert attempt.winner is not None, "a granted claim has a leg that answered"
    leg = attempt.winner
    ringing.forget(office, session, attempt)
    leg.agent = decision.agent
    session.contact_state = ContactState.CONNECTED
    record = session.call.record
    record.queue, record.agent = decision.queue, decision.agent
    record.waited_us += decision.waited_us
    office.write(
        journal.AgentConnected(decision.contact, decision.queue, decision.agent, decision.waited_us),
        now,
        session,
    )
    lines.answered(office, session, leg, now)
    plan = office.tenancy(session).plan.agents.get(decision.agent)
    if plan is not None and plan.on_demand:
        # It waits for the end of the talk and its wrap-up.
        office.tell_router(tenant, acd_events.Pause(decision.agent, ON_DEMAND))
    wishes.talked(office, session, decision.queue, decision.agent, now)
    if session.callback is not None:
        callbacks.agent_answered(office, session, session.callback, leg, now)
        return
    office.tell_flow(session, QueueConnected())
    talks.connect(office, session, leg, now)


def _claim_refused(office: Office, tenant: str, decision: acd.ClaimRefused, now: int) -> None:
    """The agent answered too late: the leg is ACKed already, and ends."""
    attempt_id = _attempt_id(tenant, decision.offer)
    session = office.session_of_attempt.get(attempt_id)
    if session is not None:
        ringing.call_off(office, session, session.attempts[attempt_id], ours(Reason.CANCELLED), now)


def _visit_ended(office: Office, tenant: str, decision: acd.VisitEnded, now: int) -> None:
    session = office.session_of_contact.pop((tenant, decision.contact), None)
    event = journal.VisitEnded(
        decision.contact,
        decision.queue,
        decision.outcome,
        decision.reason,
        decision.agent,
        decision.waited_us,
        decision.talked_us,
    )
    callback = callbacks.visit_over(office, tenant, decision.contact)
    call = session.call.id if session is not None else decision.contact if callback is None else callback.id
    office.journal.write(event, now, tenant=tenant, call=call)
    if session is None:
        return
    if decision.outcome is not acd.VisitOutcome.ENDED:
        session.call.record.queue = session.call.record.queue or decision.queue
        session.call.record.waited_us += decision.waited_us


def _agent_changed(office: Office, tenant: str, decision: acd.AgentChanged, now: int) -> None:
    if office.watching is not None:
        office.watching.agent_changed(tenant, decision.agent, decision.state, decision.reason)
    office.journal.write(
        journal.AgentChanged(
            decision.agent,
            decision.state,
            decision.reason,
            signed_in=decision.state is not acd.AgentState.LOGGED_OUT,
            paused=decision.reason,
        ),
        now,
        tenant=tenant,
    )


def _widened(office: Office, tenant: str, decision: acd.Widened, now: int) -> None:
    """Of no effect on the call: for whoever asks later why this agent, and why now."""
    session = _session(office, tenant, decision.contact)
    callback = callbacks.of_contact(office, tenant, decision.contact)
    if session is not None:
        requirement, call = session.requirement, session.call.id
    elif callback is not None:
        requirement, call = callback.requirement, callback.id
    else:
        return
    steps = () if requirement is None else requirement.steps
    asks = wishes.words(steps[decision.step]) if decision.step < len(steps) else ""
    widened = queue_events.Widened(decision.contact, decision.queue, decision.step, asks)
    office.journal.write(widened, now, tenant=tenant, call=call)


def _wake_at(office: Office, tenant: str, decision: acd.WakeAt, now: int) -> None:
    office.timers.set(("router", tenant), max(decision.at, now))


def _answered(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    """The agent's 200 is a claim; the router has the last word."""
    del leg, now
    office.tell_router(session.tenant, acd_events.Claim(attempt.offer, attempt.fence))


def _lost(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    del now
    reason = _DECLINE_OF.get(cause.reason, DeclineReason.FAILED)
    office.tell_router(session.tenant, acd_events.Decline(attempt.offer, attempt.fence, reason))


_PURPOSE = Purpose("agent", _answered, _lost, exclusive=True)

_DECLINE_OF = {
    Reason.NO_ANSWER: DeclineReason.NO_ANSWER,
    Reason.DECLINED: DeclineReason.DECLINED,
    Reason.FORBIDDEN: DeclineReason.DECLINED,
    Reason.BUSY: DeclineReason.BUSY,
    Reason.UNREACHABLE: DeclineReason.UNREACHABLE,
    Reason.NOT_FOUND: DeclineReason.UNREACHABLE,
    Reason.SIGNALLING_LOST: DeclineReason.UNREACHABLE,
}


def _attempt_id(tenant: str, offer: int) -> str:
    return f"{tenant}/{offer}"


_HANDLERS: dict[type, Callable[[Office, str, Any, int], None]] = {
    acd.Admitted: _admitted,
    acd.Refused: _refused,
    acd.Offered: _offered,
    acd.OfferEnded: _offer_ended,
    acd.Connected: _connected,
    acd.ClaimRefused: _claim_refused,
    acd.VisitEnded: _visit_ended,
    acd.AgentChanged: _agent_changed,
    acd.WakeAt: _wake_at,
    acd.Widened: _widened,
}
