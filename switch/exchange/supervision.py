"""Supervision asked for: a phone of the tenant is rung, and joins a call as a further leg.

| asked | then |
| --- | --- |
| of a call without a talk, or of one that another supervises | refused, in words |
| for an account that `supervision: accounts` does not name, or a mode that it does not allow | refused |
| for a party of the call | refused |
| again for the same account | its mode changes |
| otherwise | its phones ring; the first that answers is in |
"""

from switch.base.clock import SECOND
from switch.call.cause import Cause
from switch.call.leg import Leg
from switch.exchange import ringing, supervised
from switch.exchange.attempt import Attempt, Purpose
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.exchange.supervised import Supervision

RING_US = 30 * SECOND
"""How long the supervisor's phone rings: whoever asked holds it in the hand."""


def command(
    office: Office, session: Session, account: str, mode: str, *, by: str, reason: str, now: int
) -> str:
    """Carry out; empty where that is done, else why not, in words."""
    call, plan = session.call, office.tenancy(session).plan.supervision
    if account not in plan.accounts:
        return f"account {account} may not supervise; the tenant's 'supervision: accounts' names who may"
    if mode not in plan.modes:
        return f"'{mode}' is not allowed; the tenant's 'supervision: modes' has {', '.join(plan.modes)}"
    standing = supervised.of(office, session)
    if standing is not None and standing.account != account:
        return f"it is supervised by account {standing.account} already"
    if standing is not None:
        standing.by, standing.reason = by, reason
        supervised.change(office, session, standing, mode, now)
        return ""
    if call.partner is None:
        return "nobody talks in it now"
    if account in (call.anchor.account, call.partner.account):
        return f"account {account} is a party of it"
    office.rooms_begun += 1
    if office.supervised is None:
        office.supervised = {}
    standing = office.supervised[call.id] = Supervision(office.rooms_begun, account, mode, by, reason)
    supervised.write(office, session, standing, now)
    attempt = Attempt(id=office.parts.ids.make("a"), purpose=_PURPOSE, deadline=now + RING_US)
    ringing.start(office, session, attempt)
    ringing.ring_account(office, session, attempt, account, now)
    if call.id not in office.supervised:
        return f"no phone of account {account} can be rung"
    return ""


def _answered(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    ringing.forget(office, session, attempt)
    standing = supervised.of(office, session)
    assert standing is not None, "who was rung for it is waited for"
    supervised.begin(office, session, standing, leg, now)


def _lost(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    del attempt
    supervised.end(office, session, str(cause.reason), now)


_PURPOSE = Purpose("supervisor", _answered, _lost)
