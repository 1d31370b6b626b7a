"""Transfer by REFER (RFC 3515): the partner of whoever asks is connected to somebody else.

Media is anchored here, so the transferred party's phone notices nothing: its leg stays, and only the
other end of the bridge changes. Until the target answers, the two still talk (or one is on hold), so
that a failed transfer leaves everything as it was. A transfer to a flow (a queue, a menu) succeeds at once.
"""

from functools import partial

from switch.call.cause import By, Cause, Reason, ours, status_for
from switch.call.events import LegTransferRequested
from switch.call.leg import Leg
from switch.call.referral import TRYING
from switch.exchange import attended, dials, diverting, flows, moves, ringing, talks
from switch.exchange.attempt import Attempt, Purpose
from switch.exchange.office import Office
from switch.exchange.session import Session, Transfer
from switch.journal import events as journal
from switch.sip.dialog_reference import DialogReference
from switch.sip.tel import subscriber
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
    by = office.legs[event.leg]
    stays = session.call.other(by)
    if stays is None and session.transfer is None and session.attempt_of(by) is not None:
        _deflect(office, session, by, event, now)
    elif stays is None and _may_wait(session, by) and _held_waits(office, session, by, event, now):
        event.referral.notify(180, now)
    elif stays is None and _may_wait(session, by):
        session.asked = event
        event.referral.notify(TRYING, now)
    elif stays is None or session.transfer is not None:
        event.referral.notify(491, now)
    elif event.replaces is None:
        _blind(office, session, by, stays, event, now)
    else:
        _attended(office, session, by, stays, event, event.replaces, now)


def _may_wait(session: Session, by: Leg) -> bool:
    """The caller of a plain call is still rung for: whoever answers is the one to be transferred. In a flow
    the answer may be a long time away, or none, and the subscription ends before it."""
    plain = by is session.call.anchor and session.interpreter is None
    return plain and not by.talking and session.asked is None


def _held_waits(office: Office, session: Session, by: Leg, event: LegTransferRequested, now: int) -> bool:
    """A phone that has one party on hold and rings another may ask from this side too: whom it rings is rung
    for the held one at once, whether it stays on the line or hangs up both."""
    if event.replaces is None or not session.attempts:
        return False
    held = attended.consultation(office, session, by, event.replaces)
    if isinstance(held, int):
        return False
    other = office.session_of_leg[held.id]
    stays = other.call.other(held)
    if stays is None:
        return False
    attempt = next(iter(session.attempts))
    attended.make_anchor(office, other, stays, held)
    other.transfer = Transfer(held.id, session.call.record.called, attempt, event.referral, by.id)
    moves.move_attempts(office, session, other, _PURPOSE, now)
    return True


def caller_left(session: Session, by: Leg, cause: Cause) -> bool:
    """A caller who asked for a transfer before the answer has hung up: whoever answers is transferred all the
    same. False where there is nothing to go on with."""
    event = session.asked
    if event is None or event.replaces is not None or cause.by is not By.PEER:
        return False
    if not session.attempts or session.transfer is not None:
        return False
    for attempt in session.attempts.values():
        attempt.purpose = Purpose("callee", partial(_answered_alone, by), _never_answered)
    return True


def _answered_alone(by: Leg, office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    """Who was rung for a caller who has left becomes the party that the call is about."""
    ringing.forget(office, session, attempt)
    event, session.asked = session.asked, None
    assert event is not None, "asked, or it had ended with its caller"
    session.call.anchor = leg
    target = subscriber(event.target)
    destination = _allowed(by, office.parts.directory.resolve(session.tenant, target, by.account))
    if isinstance(destination, Unknown):
        _refuse(office, session, event, target, destination.status, now)
        office.hang_up(leg, ours(Reason.NORMAL), now)
        return
    event.referral.notify(TRYING, now)
    attempt_id = office.parts.ids.make("a")
    session.transfer = Transfer(by.id, target, attempt_id, event.referral, account=by.account)
    if not isinstance(destination, FlowDestination):
        talks.play_ringback(office, session)
    _go(office, session, by, destination, event.referred_by, now)


def _never_answered(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    del attempt
    event, session.asked = session.asked, None
    record = session.call.record
    record.cause, record.ended_by = Cause(Reason.CANCELLED, By.PEER, 487), session.call.anchor.role
    if event is not None:
        office.write(journal.Transferred(event.leg, subscriber(event.target), "failed"), now, session)
        status = cause.sip_status if cause.sip_status >= 300 else status_for(cause.reason)
        event.referral.notify(status, now)


def connected(office: Office, session: Session, now: int) -> None:
    """Somebody has answered a caller who asked for a transfer before that; harmless without."""
    event, session.asked = session.asked, None
    if event is not None:
        requested(office, session, event, now)


def _blind(
    office: Office, session: Session, by: Leg, stays: Leg, event: LegTransferRequested, now: int
) -> None:
    target = subscriber(event.target)
    destination = _allowed(by, office.parts.directory.resolve(session.tenant, target, by.account))
    if isinstance(destination, FlowDestination | ExtensionDestination | OutsideDestination):
        event.referral.notify(TRYING, now)
        attended.make_anchor(office, session, stays, by)
        session.transfer = Transfer(by.id, target, office.parts.ids.make("a"), event.referral)
        # What a trunk's party says of itself is not passed on: it has proved nothing.
        referred_by = event.referred_by if by.account else ""
        _go(office, session, by, destination, referred_by, now)
    else:
        _refuse(office, session, event, target, destination.status, now)


def _deflect(office: Office, session: Session, by: Leg, event: LegTransferRequested, now: int) -> None:
    """Whoever is rung has not answered, and wants its caller to be rung through to somebody else. It rings on
    until the target has answered; whoever answers first has the caller."""
    attempt, target = session.attempt_of(by), subscriber(event.target)
    assert attempt is not None, "it is rung"
    asked_for = attempt.purpose.exclusive or attempt.purpose.role != "callee"
    if event.replaces is not None or asked_for or session.call.anchor.over:
        # The router reserved that one agent; a target or a supervisor is rung at somebody's wish; so is whom
        # a caller rang who asked for a transfer and has left.
        _refuse(office, session, event, target, 403, now)
        return
    destination = _allowed(by, office.parts.directory.resolve(session.tenant, target, by.account))
    if isinstance(destination, Unknown):
        _refuse(office, session, event, target, destination.status, now)
        return
    event.referral.notify(TRYING, now)
    session.transfer = Transfer(by.id, target, office.parts.ids.make("a"), event.referral)
    _go(office, session, by, destination, event.referred_by if by.account else "", now)


def _attended(
    office: Office,
    session: Session,
    by: Leg,
    stays: Leg,
    event: LegTransferRequested,
    wanted: DialogReference,
    now: int,
) -> None:
    consult = attended.consultation(office, session, by, wanted)
    if isinstance(consult, int):
        _refuse(office, session, event, subscriber(event.target), consult, now)
        return
    transfer = attended.requested(office, session, by, consult, event, now)
    if transfer is not None:
        # The target rings already: from here on it is a transfer like any other.
        attended.make_anchor(office, session, stays, by)
        session.transfer = transfer
        moves.move_attempts(office, office.session_of_leg[consult.id], session, _PURPOSE, now)
        event.referral.notify(180, now)


def _refuse(
    office: Office, session: Session, event: LegTransferRequested, target: str, status: int, now: int
) -> None:
    office.write(journal.Transferred(event.leg, target, "refused"), now, session)
    event.referral.notify(status, now)


def _allowed(by: Leg, destination: Destination) -> Destination:
    """A party beyond a trunk has proved nothing: it may not have us dial out at the tenant's cost, nor give
    an agent's feature codes in that agent's name."""
    if by.account or isinstance(destination, ExtensionDestination | Unknown):
        return destination
    if isinstance(destination, FlowDestination) and destination.number.startswith("+"):
        return destination
    return Unknown(UnknownReason.NOT_ALLOWED)


def _go(
    office: Office, session: Session, by: Leg, destination: Destination, referred_by: str, now: int
) -> None:
    assert session.transfer is not None
    if isinstance(destination, FlowDestination):
        _to_flow(office, session, by, destination, now)
        return
    attempt = Attempt(
        id=session.transfer.attempt,
        purpose=_PURPOSE,
        deadline=now + RING_US,
        headers=(("Referred-By", referred_by),) if referred_by else (),
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
    transfer = session.transfer
    assert transfer is not None
    session.call.record.transfers += 1
    _end(office, session, transfer, "done", 200, now)
    rung = None if by is None else session.attempt_of(by)
    if rung is not None:
        # It never answered: all phones that were rung with it stop.
        ringing.call_off(office, session, rung, ours(Reason.TRANSFERRED), now)
    if by is not None and not by.over:
        office.hang_up(by, ours(Reason.TRANSFERRED), now)
    _end_consultation(office, transfer, ours(Reason.TRANSFERRED), now)


def _failed(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    """The target never answered: the two talk on, or, if the transferor has left, the call ends."""
    del attempt
    transfer = session.transfer
    assert transfer is not None
    by = office.legs.get(transfer.by)
    status = cause.sip_status if cause.sip_status >= 300 else status_for(cause.reason)
    _end(office, session, transfer, "failed", status, now)
    talks.stop_ringback(office, session)
    if (by is None or by.over) and session.interpreter is not None:
        # The one that was rung first is gone too: the dial step came to nothing.
        dials.over(office, session, cause)
    elif by is None or by.over:
        session.blame = "target" if cause.by is By.PEER else ""
        office.hang_up(session.call.anchor, Cause(cause.reason, By.US, cause.sip_status), now)
    _end_consultation(office, transfer, Cause(cause.reason, By.US, status), now)


def _progress(
    office: Office, session: Session, attempt: Attempt, leg: Leg, early_media: bool, now: int
) -> None:
    """The target rings: the transferor is told, and a party who waits for it alone hears it."""
    del attempt
    transfer = session.transfer
    assert transfer is not None
    transfer.referral.notify(183 if early_media else 180, now)
    if early_media:
        transfer.early = leg
    if session.call.partner is None:
        talks.caller_hears_ringing(office, session, transfer.early, now)


def transferor_left(office: Office, session: Session, now: int) -> None:
    """Many phones hang up as soon as they have asked: the other party now hears the target ring."""
    assert session.transfer is not None
    session.interpreter = None
    office.timers.cancel(("flow", session.call.id))
    early = session.transfer.early
    talks.caller_hears_ringing(office, session, None if early is None or early.over else early, now)


def abandoned(office: Office, session: Session, now: int) -> None:
    """The transferred party has left before the target answered, or the caller who asked before that;
    harmless without a transfer."""
    event, session.asked = session.asked, None
    if event is not None:
        office.write(journal.Transferred(event.leg, subscriber(event.target), "failed"), now, session)
        event.referral.notify(status_for(Reason.CANCELLED), now)
    transfer = session.transfer
    if transfer is not None:
        _end(office, session, transfer, "failed", status_for(Reason.CANCELLED), now)
        _end_consultation(office, transfer, ours(Reason.CANCELLED), now)


def _end(office: Office, session: Session, transfer: Transfer, outcome: str, status: int, now: int) -> None:
    session.transfer = None
    office.write(journal.Transferred(transfer.by, transfer.target, outcome), now, session)
    transfer.referral.notify(status, now)


def _end_consultation(office: Office, transfer: Transfer, cause: Cause, now: int) -> None:
    """The transferor's other leg, whose ringing went over to the transferred party, has nothing left."""
    consult = office.legs.get(transfer.consult)
    if consult is not None and not consult.over:
        office.session_of_leg[consult.id].blame = consult.role
        office.hang_up(consult, cause, now)


_PURPOSE = Purpose("target", _succeeded, _failed, _progress, redirected=diverting.follow)
