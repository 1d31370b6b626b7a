"""Supervision asked for: a phone of the tenant is rung, and joins a call as a further leg; or it dials in.

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
from switch.dialplan.actions import ChangeSupervision, LeaveSupervision, Supervise
from switch.dialplan.events import SupervisionBegun, SupervisionRefused
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
    call, standing = session.call, supervised.of(office, session)
    refused = _refusal(office, session, account, mode)
    if refused:
        return refused
    if standing is not None:
        standing.by, standing.reason = by, reason
        supervised.change(office, session, standing, mode, now)
        return ""
    standing = _new(office, session, account, mode, by, reason)
    supervised.write(office, session, standing, now)
    assert office.supervised is not None
    attempt = Attempt(id=office.parts.ids.make("a"), purpose=_PURPOSE, deadline=now + RING_US)
    ringing.start(office, session, attempt)
    ringing.ring_account(office, session, attempt, account, now)
    if call.id not in office.supervised:
        return f"no phone of account {account} can be rung"
    return ""


def _refusal(office: Office, session: Session, account: str, mode: str) -> str:
    call, plan = session.call, office.tenancy(session).plan.supervision
    if account not in plan.accounts:
        return f"account {account} may not supervise; the tenant's 'supervision: accounts' names who may"
    if mode not in plan.modes:
        return f"'{mode}' is not allowed; the tenant's 'supervision: modes' has {', '.join(plan.modes)}"
    standing = supervised.of(office, session)
    if standing is not None:
        other = standing.account != account
        return f"it is supervised by account {standing.account} already" if other else ""
    if call.partner is None:
        return "nobody talks in it now"
    if account in (call.anchor.account, call.partner.account):
        return f"account {account} is a party of it"
    return ""


def _new(office: Office, session: Session, account: str, mode: str, by: str, reason: str) -> Supervision:
    office.rooms_begun += 1
    if office.supervised is None:
        office.supervised = {}
    standing = Supervision(office.rooms_begun, account, mode, by, reason)
    office.supervised[session.call.id] = standing
    return standing


# By telephone: the supervisor's own call, whose flow waits.


def dialled(office: Office, watcher: Session, action: Supervise, now: int) -> None:
    """`SupervisionBegun` or `SupervisionRefused` follows. The anchor may, or may not; nobody in its place."""
    leg = watcher.call.anchor
    session = _talk_at(office, watcher.tenant, action.extension)
    if session is None:
        refused = f"nobody talks at {action.extension or 'no extension'}"
    elif supervised.of(office, session) is not None:
        refused = "it is supervised already"
    else:
        refused = _refusal(office, session, leg.account, action.mode)
    if session is None or refused:
        office.tell_flow(watcher, SupervisionRefused(refused))
        return
    standing = _new(office, session, leg.account, action.mode, leg.account, "telephone")
    standing.watcher = watcher
    supervised.begin(office, session, standing, leg, now)
    office.tell_flow(watcher, SupervisionBegun())


def _talk_at(office: Office, tenant: str, extension: str) -> Session | None:
    """The call in which a phone of that account talks; looked for by whoever dials, which is seldom."""
    for session in office.sessions.values() if extension else ():
        call = session.call
        if session.tenant != tenant or call.partner is None:
            continue
        if extension in (call.anchor.account, call.partner.account):
            return session
    return None


def changed(office: Office, watcher: Session, action: ChangeSupervision, now: int) -> None:
    session = supervised.watched_by(office, watcher)
    if session is not None and action.mode in office.tenancy(session).plan.supervision.modes:
        standing = supervised.of(office, session)
        assert standing is not None, "it is what the call was found by"
        supervised.change(office, session, standing, action.mode, now)


def left(office: Office, watcher: Session, action: LeaveSupervision, now: int) -> None:
    del action
    supervised.watcher_left(office, watcher, now)


def _answered(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    ringing.forget(office, session, attempt)
    standing = supervised.of(office, session)
    assert standing is not None, "who was rung for it is waited for"
    supervised.begin(office, session, standing, leg, now)


def _lost(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    del attempt
    supervised.end(office, session, str(cause.reason), now)


_PURPOSE = Purpose("supervisor", _answered, _lost)
