"""Calls to the outside, counted against the limits of their tenant and account.

`admit` stands at the one way to a carrier (`ringing.ring_outside`); the ticket that it gives goes with the
leg, from gateway to gateway, and is released when the leg is over. Emergency calls have no ticket. Both
ends are in the journal, so that a restart gives nobody a new hour.
"""

from switch.call.cause import By, Cause, Reason
from switch.call.leg import Leg
from switch.exchange.attempt import Attempt
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal
from switch.tenant.limits import RETRY_AFTER_S, Refusal


def admit(office: Office, session: Session, attempt: Attempt, number: str, now: int) -> Cause | None:
    """Count the call; or why it may not be placed. Only for a tenant that has limits."""
    tenant, account = session.tenant, _payer(office, session, attempt)
    if attempt.emergency:
        return None
    limits = office.parts.limits
    refusal = limits.check(tenant, account, number, now)
    if refusal is not None:
        limits.refused(tenant, refusal, now)
        session.call.record.limit = str(refusal)
        return Cause(Reason.LIMITED, By.US, refusal.status)
    attempt.ticket = limits.admit(tenant, account, number, now)
    attempt.ticket.name = attempt.id
    return None


def _payer(office: Office, session: Session, attempt: Attempt) -> str:
    """The account whose doing the call to the outside is; empty where a flow places it for a customer, or a
    promise is kept."""
    if attempt.forwards:
        return attempt.forwards[-1]
    if session.callback is not None:
        return ""
    if session.transfer is not None and session.transfer.account:
        return session.transfer.account
    by = None if session.transfer is None else office.legs.get(session.transfer.by)
    return (session.call.anchor if by is None else by).account


def hold(office: Office, session: Session, attempt: Attempt, leg: Leg, cost: int, now: int) -> None:
    """The leg that now stands for the attempt's ticket; a minute by its gateway costs `cost`."""
    ticket = attempt.ticket
    assert ticket is not None, "only a counted attempt is held"
    if ticket.by_gateway:
        ticket.rate = cost
    if not ticket.held:
        office.parts.limits.take_again(ticket)
    office.write(journal.OutsideCounted(ticket.name, ticket.account, ticket.rate), now, session)
    if session.tickets is None:
        session.tickets = {}
    session.tickets[leg.id] = ticket


def nowhere(office: Office, attempt: Attempt, now: int) -> None:
    """The attempt found no gateway: it was a call that came to nothing."""
    if attempt.ticket is not None and attempt.ticket.held:
        office.parts.limits.release(attempt.ticket, now)


def answered(office: Office, session: Session, leg: Leg, now: int) -> None:
    """From here on it costs."""
    ticket = None if session.tickets is None else session.tickets.get(leg.id)
    if ticket is not None:
        office.parts.limits.answered(ticket, now)
        _watch(office, session.tenant, now)


def leg_ended(office: Office, session: Session, leg: Leg, now: int) -> None:
    """Book what it cost."""
    ticket = None if session.tickets is None else session.tickets.pop(leg.id, None)
    if ticket is not None:
        cost = ticket.cost(now)
        office.parts.limits.release(ticket, now)
        office.write(journal.OutsideCharged(ticket.name, ticket.account, cost), now, session)


def over_cost(office: Office, tenant: str, now: int) -> None:
    """The clock of a tenant that wants its calls ended when the hour's cost is reached."""
    limits = office.parts.limits
    over = limits.over_cost(tenant, now)
    for session in [session for session in office.sessions.values() if session.tenant == tenant and over]:
        for leg_id, ticket in list((session.tickets or {}).items()):
            leg = office.legs.get(leg_id)
            if ticket in over and leg is not None:
                refusal = over[ticket]
                limits.refused(tenant, refusal, now)
                session.call.record.limit = str(refusal)
                office.hang_up(leg, Cause(Reason.LIMITED, By.US, refusal.status), now)
    _watch(office, tenant, now)


def _watch(office: Office, tenant: str, now: int) -> None:
    due = office.parts.limits.over_cost_at(tenant, now)
    if due is None:
        office.timers.cancel(("cost", tenant))
    else:
        office.timers.set(("cost", tenant), due)


def refusal_headers(refusal: Refusal) -> list[tuple[str, str]]:
    """What a phone and whoever reads its trace are told."""
    headers = [("Warning", f'399 softswitch "stopped by limit {refusal}"')]
    if refusal.status == 480:
        headers.append(("Retry-After", str(RETRY_AFTER_S)))
    return headers
