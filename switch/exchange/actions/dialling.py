"""Dial: ring a phone of the tenant, or an outside number by a trunk."""

from switch.base.clock import SECOND
from switch.dialplan.actions import Dial, DialKind
from switch.exchange import dials, ringing, talks
from switch.exchange.attempt import Attempt
from switch.exchange.office import Office
from switch.exchange.session import Session


def dial(office: Office, session: Session, action: Dial, now: int) -> None:
    """Ring; the flow hears `DialEnded` when it came to nothing or the talk is over."""
    session.record_talk = action.record
    attempt = dials.start(office, session, action.timeout_s * SECOND, now, action.answers)
    if action.kind is DialKind.EXTENSION:
        ringing.ring_account(office, session, attempt, action.target, now)
    else:
        _outside(office, session, attempt, action, now)
    if attempt.legs and action.ringback:
        talks.play_ringback(office, session)


def _outside(office: Office, session: Session, attempt: Attempt, action: Dial, now: int) -> None:
    plan = office.tenancy(session).plan
    account = plan.accounts.get(session.call.anchor.account)
    caller_id = plan.caller_id if account is None else account.caller_id or plan.caller_id
    ringing.ring_outside(office, session, attempt, action.trunk or plan.trunk, action.target, caller_id, now)
