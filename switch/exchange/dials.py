"""Dialling: ring one party for the anchor, and connect the two or say why not."""

from switch.call.cause import By, Cause, Reason, status_for
from switch.call.leg import Leg
from switch.dialplan.events import DialEnded, DialOutcome
from switch.exchange import ringing, talks
from switch.exchange.attempt import Attempt, Purpose
from switch.exchange.office import Office
from switch.exchange.session import Session

_OUTCOME_OF = {
    Reason.BUSY: DialOutcome.BUSY,
    Reason.NO_ANSWER: DialOutcome.NO_ANSWER,
    Reason.UNREACHABLE: DialOutcome.UNREACHABLE,
    Reason.NOT_FOUND: DialOutcome.UNREACHABLE,
    Reason.DECLINED: DialOutcome.REJECTED,
    Reason.FORBIDDEN: DialOutcome.REJECTED,
    Reason.LIMITED: DialOutcome.REJECTED,
}


def start(office: Office, session: Session, ring_us: int, now: int) -> Attempt:
    """An attempt for the anchor; add legs by `ringing.ring_account` or `ringing.ring_outside`."""
    attempt = Attempt(id=office.parts.ids.make("a"), purpose=_PURPOSE, deadline=now + ring_us)
    ringing.start(office, session, attempt)
    return attempt


def _progress(
    office: Office, session: Session, attempt: Attempt, leg: Leg, early_media: bool, now: int
) -> None:
    del attempt
    talks.caller_hears_ringing(office, session, leg if early_media else None, now)


def _answered(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    ringing.forget(office, session, attempt)
    talks.connect(office, session, leg, now)


def _failed(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    """Never answered: the flow goes on, or the plain call ends with the right words."""
    del attempt
    talks.stop_ringback(office, session)
    if session.interpreter is not None:
        office.tell_flow(session, DialEnded(_OUTCOME_OF.get(cause.reason, DialOutcome.FAILED)))
        return
    status = cause.sip_status if cause.sip_status >= 300 else status_for(cause.reason)
    office.hang_up(session.call.anchor, Cause(cause.reason, By.US, status, cause.told), now)


_PURPOSE = Purpose("callee", _answered, _failed, _progress)
