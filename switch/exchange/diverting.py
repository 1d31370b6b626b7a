"""A phone that answers 302 forwards: whom its Contact names is rung in its place (RFC 3261 section 8.1.3.4).

Only what an account's phone says of a call that a person or a flow dialled is followed, and only within the
tenant's numbering and rights: of the Contact the user part is taken, and read as if that account had dialled
it. What is refused counts as a refusal of the phone; a queue's offer is never followed, for the router
reserved that one agent (docs/decisions/0017-transfers.md).
"""

from switch.base.errors import PeerError
from switch.call.cause import By, Cause, Reason, ours
from switch.call.incoming import IncomingLeg
from switch.call.leg import Leg
from switch.call.outgoing import OutgoingLeg
from switch.exchange import flows, identities, ringing
from switch.exchange.attempt import Attempt
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal
from switch.sip.tel import subscriber
from switch.sip.uri import NameAddr
from switch.tenant.entry import (
    Destination,
    ExtensionDestination,
    FlowDestination,
    OutsideDestination,
    Unknown,
)

FOLLOWED = frozenset({300, 301, 302})
"""305 names a proxy and 380 a service: neither is somebody to ring."""

FORWARDS_MAX = 5
"""Phones that forward one call, one to the next: a person sets up two, and a longer chain is a mistake."""

_REFUSED = Cause(Reason.UNREACHABLE, By.US, 480)


def follow(
    office: Office, session: Session, attempt: Attempt, leg: Leg, status: int, now: int
) -> Cause | None:
    """Ring whom the leg's phone names; or what its answer counts as instead."""
    if status not in FOLLOWED or not leg.account or not isinstance(leg, OutgoingLeg):
        return _REFUSED
    target = _named(leg.redirect)
    destination = _destination(office, session, attempt, leg, target)
    outcome = "refused" if isinstance(destination, Cause) else "forwarded"
    office.write(journal.Transferred(leg.id, target, outcome), now, session)
    if isinstance(destination, Cause):
        return destination
    attempt.legs.pop(leg.id)
    attempt.forwards = (*attempt.forwards, leg.account)
    anchor = session.call.anchor
    if isinstance(anchor, IncomingLeg) and not anchor.talking:
        target = destination.account if isinstance(destination, ExtensionDestination) else ""
        anchor.forwarded(identities.history(office, session, attempt, target), now)
        office.schedule(anchor)
    if isinstance(destination, FlowDestination):
        ringing.call_off(office, session, attempt, ours(Reason.ELSEWHERE), now)
        flows.start(office, session, destination.number, now)
    elif isinstance(destination, ExtensionDestination):
        ringing.ring_account(office, session, attempt, destination.account, now)
    elif isinstance(destination, OutsideDestination):
        number, presented = destination.number, _presented(office, session, destination)
        ringing.ring_outside(office, session, attempt, destination.trunk, number, presented, now)
    return None


def _named(contact: str) -> str:
    """The user of a Contact; empty where there is none."""
    try:
        return subscriber(NameAddr.parse(contact).uri)
    except PeerError:
        return ""


def _destination(
    office: Office, session: Session, attempt: Attempt, leg: Leg, target: str
) -> Destination | Cause:
    """Whom the phone's user may have rung in its place."""
    if not target or leg.account in attempt.forwards or len(attempt.forwards) == FORWARDS_MAX:
        return _REFUSED
    found = office.parts.directory.resolve(session.tenant, target, leg.account)
    if isinstance(found, Unknown):
        return Cause(Reason.FORBIDDEN if found.status == 403 else Reason.UNREACHABLE, By.US, 480)
    if isinstance(found, ExtensionDestination):
        rung = {other.account for other in attempt.legs.values()}
        around = {*attempt.forwards, *rung, leg.account, session.call.anchor.account}
        return _REFUSED if found.account in around else found
    if isinstance(found, OutsideDestination):
        # One way out at a time, and help is called by a person.
        return _REFUSED if attempt.dialled or found.emergency else found
    plan = office.tenancy(session).plan
    whole = session.transfer is None and found.number in plan.numbers
    # A code acts in the name of whoever dials it, which here would be the caller's.
    return found if whole else _REFUSED


def _presented(office: Office, session: Session, destination: OutsideDestination) -> str:
    """The number of ours that the outside is shown: of the colleague who calls, where one does."""
    caller = session.call.anchor.account
    if not caller:
        return destination.caller_id
    own = office.parts.directory.resolve(session.tenant, destination.number, caller)
    return own.caller_id if isinstance(own, OutsideDestination) else destination.caller_id
