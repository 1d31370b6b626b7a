"""Dialling: ring one party for the anchor, and connect the two or say why not."""

from switch.call.cause import By, Cause, Reason, ours, status_for
from switch.call.leg import Leg
from switch.dialplan.actions import AnswerTerms
from switch.dialplan.events import DialEnded, DialOutcome
from switch.exchange import diverting, ringing, talks
from switch.exchange.attempt import Attempt, Purpose
from switch.exchange.office import Office
from switch.exchange.session import Session, Transfer
from switch.journal import events as journal

_OUTCOME_OF = {
    Reason.BUSY: DialOutcome.BUSY,
    Reason.NO_ANSWER: DialOutcome.NO_ANSWER,
    Reason.UNREACHABLE: DialOutcome.UNREACHABLE,
    Reason.NOT_FOUND: DialOutcome.UNREACHABLE,
    Reason.DECLINED: DialOutcome.REJECTED,
    Reason.FORBIDDEN: DialOutcome.REJECTED,
    Reason.LIMITED: DialOutcome.REJECTED,
    Reason.MACHINE: DialOutcome.MACHINE,
}


def start(
    office: Office, session: Session, ring_us: int, now: int, answers: AnswerTerms | None = None
) -> Attempt:
    """An attempt for the anchor; add legs by `ringing.ring_account` or `ringing.ring_outside`."""
    attempt = Attempt(
        id=office.parts.ids.make("a"), purpose=_PURPOSE, deadline=now + ring_us, answers=answers
    )
    ringing.start(office, session, attempt)
    return attempt


def _progress(
    office: Office, session: Session, attempt: Attempt, leg: Leg, early_media: bool, now: int
) -> None:
    del attempt
    talks.caller_hears_ringing(office, session, leg if early_media else None, now)


def _answered(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    ringing.forget(office, session, attempt)
    if session.transfer is not None:
        _answered_itself(office, session, session.transfer, now)
    talks.connect(office, session, leg, now)


def _answered_itself(office: Office, session: Session, transfer: Transfer, now: int) -> None:
    """Whoever asked for its caller to be rung through to somebody else has answered after all."""
    session.transfer = None
    other = session.attempts.get(transfer.attempt)
    if other is not None:
        ringing.call_off(office, session, other, ours(Reason.CANCELLED), now)
    office.write(journal.Transferred(transfer.by, transfer.target, "failed"), now, session)
    transfer.referral.notify(status_for(Reason.CANCELLED), now)


def _failed(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    """Never answered: the flow goes on, or the plain call ends with the right words."""
    del attempt
    if session.transfer is not None:
        return  # somebody else is rung at the wish of the one that was: that decides
    talks.stop_ringback(office, session)
    if session.interpreter is not None:
        over(office, session, cause)
        return
    status = cause.sip_status if cause.sip_status >= 300 else status_for(cause.reason)
    office.hang_up(session.call.anchor, Cause(cause.reason, By.US, status, cause.told), now)


def over(office: Office, session: Session, cause: Cause) -> None:
    """The flow's dial step came to nothing."""
    office.tell_flow(session, DialEnded(outcome_of(cause)))


def outcome_of(cause: Cause) -> DialOutcome:
    """In the dialplan's words."""
    return _OUTCOME_OF.get(cause.reason, DialOutcome.FAILED)


_PURPOSE = Purpose("callee", _answered, _failed, _progress, redirected=diverting.follow)
