"""From one call to another: a leg, the place in a flow and in a queue, what rings.

All of it happens in one step of the exchange: nobody sees an agent, a contact or a leg in two calls or none.
"""

from collections import deque
from dataclasses import replace

from switch.call.leg import Leg
from switch.exchange import mail, rooms, supervised, talks
from switch.exchange.attempt import Purpose
from switch.exchange.office import Office
from switch.exchange.session import ContactState, Session
from switch.journal import events as journal


def move_leg(office: Office, giver: Session, taker: Session, leg: Leg, now: int) -> None:
    """The leg's messages, media and end belong to `taker` from now on."""
    giver.call.legs.pop(leg.id, None)
    taker.call.legs[leg.id] = leg
    office.session_of_leg[leg.id] = taker
    if giver.tickets is not None and leg.id in giver.tickets:
        taker.tickets = taker.tickets or {}
        taker.tickets[leg.id] = giver.tickets.pop(leg.id)
    office.write(journal.LegMoved(leg.id, leg.role, leg.peer, giver.call.id), now, taker)


def move_place(office: Office, giver: Session, taker: Session, now: int) -> None:
    """What flow and queue do for the giver's anchor they do for the taker's from now on."""
    supervised.watcher_left(office, giver, now, tell=True)
    _move_flow(office, giver, taker)
    _move_contact(office, giver, taker)
    move_attempts(office, giver, taker, None, now)
    rooms.move(office, giver, taker)
    mail.move(office, giver, taker)
    if giver.ringback:
        talks.stop_ringback(office, giver)
        talks.play_ringback(office, taker)


def move_attempts(office: Office, giver: Session, taker: Session, purpose: Purpose | None, now: int) -> None:
    """What rings for the giver rings for the taker, for its old purpose or for a new one."""
    for attempt in giver.attempts.values():
        attempt.purpose = purpose or attempt.purpose
        taker.attempts[attempt.id] = attempt
        office.session_of_attempt[attempt.id] = taker
        for leg in attempt.legs.values():
            move_leg(office, giver, taker, leg, now)
    giver.attempts = {}


def hear_again(office: Office, session: Session) -> None:
    """Whoever came into a flow by somebody else's place hears its room, or its playback anew."""
    rooms.follow(office, session)
    heard = session.playing
    if heard is not None and session.interpreter is not None:
        session.playing = replace(heard, slot=session.call.anchor.slot.number)
        office.media([session.playing])


def _move_flow(office: Office, giver: Session, taker: Session) -> None:
    taker.interpreter, giver.interpreter = giver.interpreter, None
    taker.playing, giver.playing = giver.playing, None
    due = office.timers.due(("flow", giver.call.id))
    office.timers.cancel(("flow", giver.call.id))
    office.timers.cancel(("flow", taker.call.id))
    if due is not None:
        office.timers.set(("flow", taker.call.id), due)
    office.actions = deque(
        (taker if session is giver else session, interpreter, action)
        for session, interpreter, action in office.actions
    )
    # What the taker's own flow was to hear is not for the flow that comes in its place.
    office.flow_inputs = deque(
        (taker if session is giver else session, event)
        for session, event in office.flow_inputs
        if session is not taker
    )


def _move_contact(office: Office, giver: Session, taker: Session) -> None:
    if giver.contact_state is ContactState.NONE:
        return
    taker.contact, taker.contact_state = giver.contact, giver.contact_state
    taker.queue, taker.priority, taker.needs = giver.queue, giver.priority, giver.needs
    giver.contact_state = ContactState.NONE
    office.session_of_contact[taker.tenant, taker.contact] = taker
    if taker.contact_state is ContactState.CONNECTED:
        taker.call.record.queue, taker.call.record.agent = giver.call.record.queue, giver.call.record.agent
