"""Enqueue, AskQueue, LeaveQueue: the anchor's contact in the router."""

from dataclasses import replace

from switch.acd.events import Arrive, Withdraw
from switch.acd.settings import Contact
from switch.base.clock import SECOND
from switch.dialplan.actions import AskQueue, Enqueue, LeaveQueue, QueueStep, TurnAway
from switch.dialplan.events import QueueRefused, QueueStatus
from switch.exchange.office import Office
from switch.exchange.session import ContactState, Session
from switch.exchange.staff import staff_of
from switch.exchange.wishes import last_agent, requirement_of, servable
from switch.journal import events as journal


def enqueue(office: Office, session: Session, action: Enqueue, now: int) -> None:
    """A new contact for each stay, so that a transferred call makes several visits."""
    session.contact = office.parts.ids.make("v")
    session.contact_state = ContactState.WAITING
    session.queue = action.queue
    session.waiting_since = now
    session.priority = action.priority
    session.record_talk = action.record
    session.requirement = requirement_of(_rings(office, session, action, now))
    first = session.requirement.steps[0].needs
    session.needs = tuple(f"{need.skill}>={need.level}" for need in first)
    office.session_of_contact[session.tenant, session.contact] = session
    contact = Contact(
        contact=session.contact,
        queue=action.queue,
        requirement=session.requirement,
        priority=action.priority,
        waiting_since=now,
        avoid=session.avoid,
        before=last_agent(office, session, now) if action.sticky_s >= 0 else "",
        sticky_us=max(0, action.sticky_s) * SECOND,
    )
    office.tell_router(session.tenant, Arrive(contact))


def _rings(office: Office, session: Session, action: Enqueue, now: int) -> tuple[QueueStep, ...]:
    """The rings of the wait; the last alone where so few are at work that nobody can be waited for."""
    tenancy, steps = office.tenancy(session), action.steps
    queue = tenancy.plan.queues.get(action.queue)
    if len(steps) < 2 or queue is None or not queue.widen_at_once_below:
        return steps
    signed_in, _ = staff_of(tenancy, action.queue, now)
    return (replace(steps[-1], after_s=0),) if signed_in < queue.widen_at_once_below else steps


def ask(office: Office, session: Session, action: AskQueue, now: int) -> None:
    """Place and estimate, at once."""
    tenancy = office.tenancy(session)
    place = tenancy.router.place(session.contact, now)
    if place is not None:
        estimate_s = -1 if place.estimate_us < 0 else place.estimate_us // SECOND
        signed_in, ready = staff_of(tenancy, session.queue, now) if action.staff else (-1, -1)
        office.tell_flow(session, QueueStatus(place.position, place.waiting, estimate_s, signed_in, ready))


def turn_away(office: Office, session: Session, action: TurnAway, now: int) -> None:
    """The queue is shut: a refusal as the router's are, without a visit."""
    refused = journal.QueueRefused(office.parts.ids.make("v"), action.queue, action.reason)
    office.write(refused, now, session)


def look_again(office: Office) -> None:
    """After a reload: whom no agent could serve any more leaves by that gate, and waits for nobody."""
    for (tenant, contact), session in list(office.session_of_contact.items()):
        tenancy = office.parts.tenancies.get(tenant)
        waits = session.contact == contact and session.contact_state is ContactState.WAITING
        if not waits or tenancy is None or session.requirement is None or session.callback is not None:
            continue
        if not servable(tenancy.plan, session.queue, session.requirement, session.avoid):
            session.contact_state = ContactState.NONE
            office.tell_router(tenant, Withdraw(contact, "unservable"))
            office.tell_flow(session, QueueRefused("unservable"))


def leave(office: Office, session: Session, action: LeaveQueue, now: int) -> None:
    """Out of the line by the flow's choice (time-out, key)."""
    del now
    if session.contact_state is ContactState.WAITING:
        session.contact_state = ContactState.NONE
        office.tell_router(session.tenant, Withdraw(session.contact, action.reason))
