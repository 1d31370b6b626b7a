"""Enqueue, AskQueue, LeaveQueue: the anchor's contact in the router."""

from switch.acd.events import Arrive, Withdraw
from switch.acd.settings import Contact, Need, Requirement, Step
from switch.base.clock import SECOND
from switch.dialplan.actions import AskQueue, Enqueue, LeaveQueue
from switch.dialplan.events import QueueStatus
from switch.exchange.office import Office
from switch.exchange.session import ContactState, Session


def enqueue(office: Office, session: Session, action: Enqueue, now: int) -> None:
    """A new contact for each stay, so that a transferred call makes several visits."""
    steps = tuple(
        Step(step.after_s * SECOND, tuple(Need(need.skill, need.level) for need in step.needs))
        for step in action.steps
    )
    session.contact = office.parts.ids.make("v")
    session.contact_state = ContactState.WAITING
    session.queue = action.queue
    session.priority = action.priority
    session.record_talk = action.record
    session.needs = tuple(f"{need.skill}>={need.level}" for need in steps[0].needs) if steps else ()
    office.session_of_contact[session.tenant, session.contact] = session
    contact = Contact(
        contact=session.contact,
        queue=action.queue,
        requirement=Requirement(steps) if steps else Requirement(),
        priority=action.priority,
        waiting_since=now,
        avoid=session.avoid,
    )
    office.tell_router(session.tenant, Arrive(contact))


def ask(office: Office, session: Session, action: AskQueue, now: int) -> None:
    """Place and estimate, at once."""
    del action
    place = office.tenancy(session).router.place(session.contact, now)
    if place is not None:
        estimate_s = -1 if place.estimate_us < 0 else place.estimate_us // SECOND
        office.tell_flow(session, QueueStatus(place.position, place.waiting, estimate_s))


def leave(office: Office, session: Session, action: LeaveQueue, now: int) -> None:
    """Out of the line by the flow's choice (time-out, key)."""
    del now
    if session.contact_state is ContactState.WAITING:
        session.contact_state = ContactState.NONE
        office.tell_router(session.tenant, Withdraw(session.contact, action.reason))
