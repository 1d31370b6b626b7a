"""Answer, Reject, Hangup: how a flow begins and ends the anchor's call."""

from switch.call.cause import By, Cause, Reason, from_status, ours
from switch.dialplan.actions import Answer, Hangup, Reject
from switch.dialplan.events import Answered
from switch.exchange import talks
from switch.exchange.office import Office
from switch.exchange.session import Session


def answer(office: Office, session: Session, action: Answer, now: int) -> None:
    """200 to the caller; `Answered` follows with the ACK, or at once where that is long past."""
    del action
    if session.call.anchor.talking:
        office.tell_flow(session, Answered())
    else:
        talks.answer_anchor(office, session, now)


def reject(office: Office, session: Session, action: Reject, now: int) -> None:
    """Refuse an unanswered caller with the flow's status; an answered one is hung up."""
    cause = Cause(from_status(action.status).reason, By.US, action.status)
    office.hang_up(session.call.anchor, cause, now)


def hang_up(office: Office, session: Session, action: Hangup, now: int) -> None:
    """End the call from our side; a caller who was never answered hears that nobody is available."""
    del action
    reason = Reason.NORMAL if session.call.anchor.talking else Reason.NO_ANSWER
    office.hang_up(session.call.anchor, ours(reason), now)
