"""What a leg tells, carried out: one function for each event of `call.events`."""

from collections.abc import Callable
from typing import Any

from switch.call import events
from switch.call.cause import Reason, ours
from switch.call.incoming import IncomingLeg
from switch.call.keys import KeyWay
from switch.call.leg import Leg
from switch.dialplan.events import Answered, DigitPressed
from switch.exchange import endings, ringing, rooms, supervised, tones, transfers
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal
from switch.media.commands import SendDigits
from switch.media.events import DigitReceived

Hear = Callable[[Office, Session, Leg, Any, int], None]


def digit(
    office: Office,
    session: Session,
    leg: Leg,
    pressed: events.LegDigit | DigitReceived,
    now: int,
    *,
    from_info: bool,
) -> None:
    """To the flow; in a talk to the other party, where the engine has not passed it on already."""
    key = pressed.digit
    other = session.call.other(leg)
    if other is not None:
        if other.key_way is KeyWay.INFO:
            other.send_key(key, pressed.duration_ms, now)
        elif from_info:
            office.media([SendDigits(other.slot.number, key, pressed.duration_ms)])
    elif leg is session.call.anchor:
        office.tell_flow(session, DigitPressed(key))
    elif office.supervised is not None:
        supervised.key(office, session, leg, key, now)


def released(office: Office, slot: int) -> None:
    """A slot is free again."""
    office.leg_of_slot.pop(slot, None)
    office.ears.discard(slot)
    if office.toned:
        office.toned.pop(slot, None)
    office.parts.slots.release(slot)


def _media(office: Office, session: Session, leg: Leg, event: events.MediaWanted, now: int) -> None:
    del session, leg, now
    office.outputs.append(event.command)


def _ended(office: Office, session: Session, leg: Leg, event: events.LegEnded, now: int) -> None:
    endings.leg_ended(office, session, leg, event.cause, now)


def _answered(office: Office, session: Session, leg: Leg, event: events.LegAnswered, now: int) -> None:
    office.write(journal.LegAnswered(leg.id, event.codec), now, session)
    attempt = session.attempt_of(leg)
    if attempt is not None:
        ringing.answered(office, session, attempt, leg, now)
        if session.asked is not None:
            transfers.connected(office, session, now)
    elif not leg.over:
        office.hang_up(leg, ours(Reason.CANCELLED), now)


def _progress(office: Office, session: Session, leg: Leg, event: events.LegProgress, now: int) -> None:
    office.write(journal.LegRinging(leg.id), now, session)
    attempt = session.attempt_of(leg)
    anchor = session.call.anchor
    if event.status == 181 and session.transfer is None and isinstance(anchor, IncomingLeg):
        # The 180 that follows is for phones that ring for nothing else.
        anchor.forwarded((), now)
    if attempt is not None:
        ringing.progress(office, session, attempt, leg, event.early_media, now)


def _confirmed(office: Office, session: Session, leg: Leg, event: events.LegConfirmed, now: int) -> None:
    office.write(journal.LegAnswered(leg.id, event.codec), now, session)
    office.media(session.call.opened(leg))
    if leg.trunk:
        tones.listen(office, leg, now, answered=True)
    if leg is session.call.anchor:
        office.tell_flow(session, Answered())


def _held(office: Office, session: Session, leg: Leg, event: events.LegHeld, now: int) -> None:
    office.write(journal.LegHeld(leg.id, event.held), now, session)
    office.media(session.call.held(leg, event.held, now))
    if office.rooms is not None:
        rooms.follow(office, session)


def _digit(office: Office, session: Session, leg: Leg, event: events.LegDigit, now: int) -> None:
    digit(office, session, leg, event, now, from_info=True)


def _transfer(
    office: Office, session: Session, leg: Leg, event: events.LegTransferRequested, now: int
) -> None:
    del leg
    transfers.requested(office, session, event, now)


def _flow_failed(office: Office, session: Session, leg: Leg, event: events.FlowFailed, now: int) -> None:
    del now
    ringing.flow_failed(office, session, leg, event.registration)


def _released(office: Office, session: Session, leg: Leg, event: events.SlotReleased, now: int) -> None:
    del session, leg, now
    released(office, event.slot)


def _gone(office: Office, session: Session, leg: Leg, event: events.LegGone, now: int) -> None:
    del session, event, now
    office.legs.pop(leg.id, None)
    office.session_of_leg.pop(leg.id, None)
    office.timers.cancel(("leg", leg.id))


HEAR: dict[type[Any], Hear] = {
    events.MediaWanted: _media,
    events.LegEnded: _ended,
    events.LegAnswered: _answered,
    events.LegProgress: _progress,
    events.LegConfirmed: _confirmed,
    events.LegHeld: _held,
    events.LegDigit: _digit,
    events.LegTransferRequested: _transfer,
    events.FlowFailed: _flow_failed,
    events.SlotReleased: _released,
    events.LegGone: _gone,
}
"""By the class of the event."""
