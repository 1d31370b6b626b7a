"""Blind transfer by REFER (RFC 3515): the partner of whoever asks is connected to somebody else.

Media is anchored here, so the transferred party's phone notices nothing: its leg stays, and only the
other end of the bridge changes. Until the target answers, the two still talk (or one is on hold), so
that a failed transfer leaves everything as it was. A transfer to a flow (a queue, a menu) succeeds at once.
"""

from switch.call.cause import By, Cause, Reason, ours, status_for
from switch.call.events import LegTransferRequested
from switch.call.leg import Leg
from switch.exchange import flows, ringing, talks
from switch.exchange.attempt import Attempt, Purpose
from switch.exchange.office import Office
from switch.exchange.session import Session, Transfer
from switch.journal import events as journal
from switch.sip.message.reasons import reason_phrase
from switch.tenant.entry import (
    Destination,
    ExtensionDestination,
    FlowDestination,
    OutsideDestination,
    Unknown,
    UnknownReason,
)

RING_US = 30_000_000
"""How long a transfer target is rung before the transferred party is given back."""


def requested(office: Office, session: Session, event: LegTransferRequested, now: int) -> None:
    """Start the transfer that `event.leg` asks for; its REFER is already answered with 202."""
    call = session.call
    by = office.legs[event.leg]
    target = event.target.user or ""
    stays = call.other(by)
    if stays is None or session.transfer is not None:
        _notify(by, 491, now, final=True)
        return
    destination = _allowed(by, office.parts.directory.resolve(session.tenant, target, by.account))
    if isinstance(destination, FlowDestination | ExtensionDestination | OutsideDestination):
        by.notify_transfer(100, reason_phrase(100), now, final=False)
        _make_anchor(office, session, stays, by)
        session.transfer = Transfer(by.id, target, office.parts.ids.make("a"))
        _go(office, session, by, destination, now)
    else:
        office.write(journal.Transferred(by.id, target, "refused"), now, session)
        _notify(by, destination.status, now, final=True)


def _allowed(by: Leg, destination: Destination) -> Destination:
    """A party beyond a trunk has proved nothing: it may not have us dial out at the tenant's cost, nor give
    an agent's feature codes in that agent's name."""
    if by.account or isinstance(destination, ExtensionDestination | Unknown):
        return destination
    if isinstance(destination, FlowDestination) and destination.number.startswith("+"):
        return destination
    return Unknown(UnknownReason.NOT_ALLOWED)


def _make_anchor(office: Office, session: Session, stays: Leg, by: Leg) -> None:
    """Whoever is transferred becomes the party that the call is about."""
    call = session.call
    if call.anchor is not stays:
        call.anchor, call.partner = stays, by
        session.interpreter = None
        office.timers.cancel(("flow", call.id))


def _go(office: Office, session: Session, by: Leg, destination: Destination, now: int) -> None:
    assert session.transfer is not None
    if isinstance(destination, FlowDestination):
        _to_flow(office, session, by, destination, now)
        return
    attempt = Attempt(
        id=session.transfer.attempt,
        purpose=_PURPOSE,
        deadline=now + RING_US,
    )
    ringing.start(office, session, attempt)
    if isinstance(destination, ExtensionDestination):
        ringing.ring_account(office, session, attempt, destination.account, now)
    elif isinstance(destination, OutsideDestination):
        ringing.ring_outside(
            office, session, attempt, destination.trunk, destination.number, destination.caller_id, now
        )


def _to_flow(office: Office, session: Session, by: Leg, destination: FlowDestination, now: int) -> None:
    """A number of the tenant's dialplan: a queue's, a menu's. It always answers."""
    call = session.call
    if by.agent:
        session.avoid = (*session.avoid, by.agent)
    office.media(call.unbridge(now))
    talks.keep_busy(office, session)
    talks.leave_queue(office, session)
    _done(office, session, by, now)
    flows.start(office, session, destination.number, now)


def _succeeded(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    """The target answered: the transferor leaves, the transferred party talks to the target."""
    assert session.transfer is not None
    ringing.forget(office, session, attempt)
    call = session.call
    by = office.legs.get(session.transfer.by)
    office.media(call.unbridge(now))
    talks.keep_busy(office, session)
    talks.leave_queue(office, session)
    session.interpreter = None
    office.timers.cancel(("flow", call.id))
    _done(office, session, by, now)
    talks.connect(office, session, leg, now)


def _done(office: Office, session: Session, by: Leg | None, now: int) -> None:
    """Tell the transferor and let it go; it may have hung up long ago."""
    assert session.transfer is not None
    session.call.record.transfers += 1
    office.write(journal.Transferred(session.transfer.by, session.transfer.target, "done"), now, session)
    session.transfer = None
    if by is not None and not by.over:
        _notify(by, 200, now, final=True)
        office.hang_up(by, ours(Reason.TRANSFERRED), now)


def _failed(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    """The target never answered: the two talk on, or, if the transferor has left, the call ends."""
    del attempt
    assert session.transfer is not None
    by = office.legs.get(session.transfer.by)
    office.write(journal.Transferred(session.transfer.by, session.transfer.target, "failed"), now, session)
    session.transfer = None
    talks.stop_ringback(office, session)
    if by is not None and not by.over:
        status = cause.sip_status if cause.sip_status >= 300 else status_for(cause.reason)
        _notify(by, status, now, final=True)
    else:
        session.blame = "target" if cause.by is By.PEER else ""
        office.hang_up(session.call.anchor, Cause(cause.reason, By.US, cause.sip_status), now)


def transferor_left(office: Office, session: Session) -> None:
    """Many phones hang up as soon as they have asked: the other party now hears the target ring."""
    session.interpreter = None
    office.timers.cancel(("flow", session.call.id))
    talks.play_ringback(office, session)


def _notify(by: Leg, status: int, now: int, *, final: bool) -> None:
    by.notify_transfer(status, reason_phrase(status), now, final=final)


_PURPOSE = Purpose("target", _succeeded, _failed)
