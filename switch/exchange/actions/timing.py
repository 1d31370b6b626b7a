"""WakeAt and Trail: a flow's clock and its footprints."""

from switch.dialplan.actions import Trail, WakeAt
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal


def wake_at(office: Office, session: Session, action: WakeAt, now: int) -> None:
    """One timer a flow; a negative time cancels it."""
    key = ("flow", session.call.id)
    if action.at < 0:
        office.timers.cancel(key)
    else:
        office.timers.set(key, max(action.at, now))


def trail(office: Office, session: Session, action: Trail, now: int) -> None:
    office.write(journal.FlowStep(action.flow, action.step, action.detail), now, session)
