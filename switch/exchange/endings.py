"""What ends with a leg: the agent's load, the attempt, the talk, and at last the call."""

from switch.acd.events import Disengage
from switch.call.cause import By, Cause, Reason, ours
from switch.call.leg import Leg
from switch.call.outgoing import NOBODY_THERE, OutgoingLeg
from switch.dialplan.events import DialEnded, DialOutcome, QueueEnded
from switch.exchange import (
    callbacks,
    dials,
    mail,
    meter,
    recordings,
    ringing,
    rooms,
    supervised,
    talks,
    tones,
    transfers,
)
from switch.exchange.office import Office
from switch.exchange.session import ContactState, Session
from switch.journal import events as journal
from switch.tenant.names import wire_name


def leg_ended(office: Office, session: Session, leg: Leg, cause: Cause, now: int) -> None:
    """A leg is over: settle the agent's load, the attempt, the talk, and at last the call."""
    call = session.call
    office.write(journal.LegEnded(leg.id, cause.reason, cause.by, cause.sip_status, cause.told), now, session)
    call.legs.pop(leg.id, None)
    if leg.stream_open:
        office.ended_of_slot[leg.slot.number] = (session, leg)
    if leg.engaged:
        leg.engaged = False
        office.tell_router(session.tenant, Disengage(leg.agent))
    if leg.trunk:
        office.parts.trunks.release(leg.trunk, office.gateway_of_leg.pop(leg.id, None))
        if session.tickets is not None:
            meter.leg_ended(office, session, leg, now)
    if cause is NOBODY_THERE and leg.account and isinstance(leg, OutgoingLeg):
        _phone_is_dead(office, session, leg, now)
    attempt = session.attempt_of(leg)
    if attempt is not None:
        ringing.leg_failed(office, session, attempt, leg, cause, now)
    elif leg is call.anchor and transfers.caller_left(session, leg, cause):
        pass  # whom it rang is rung on, for the one whom it named
    elif leg is call.anchor:
        _anchor_gone(office, session, cause, now)
    elif leg is call.partner:
        _partner_gone(office, session, leg, cause, now)
    elif office.supervised is not None:
        supervised.leg_ended(office, session, leg, now)
    if call.anchor.over and not call.legs and not session.attempts and session.callback is None:
        # Not yet: what the router says of this contact belongs to the record too.
        office.closing.append(session)


def _phone_is_dead(office: Office, session: Session, leg: OutgoingLeg, now: int) -> None:
    """No phone is there any more: until it registers again its agent is not to be offered anything."""
    name = wire_name(session.tenant, leg.account)
    for binding in office.parts.registrar.bindings(name, now):
        if (binding.call_id, binding.cseq) == leg.registration:
            office.parts.registrar.drop_binding(name, binding.call_id, binding.cseq)


def _anchor_gone(office: Office, session: Session, cause: Cause, now: int) -> None:
    """The party whom the flow served has left: everything that was done for it ends with it."""
    call = session.call
    session.interpreter = None
    office.timers.cancel(("flow", call.id))
    if call.record.cause is None:
        call.record.cause = cause
        call.record.ended_by = _whose_doing(call.anchor, cause, session.blame)
    partner = call.partner
    office.media(call.unbridge(now))
    talks.leave_queue(office, session)
    if session.callback is not None:
        callbacks.agent_left(office, session, now)
    for attempt in list(session.attempts.values()):
        ringing.call_off(office, session, attempt, ours(Reason.CANCELLED, cause.told), now)
    transfers.abandoned(office, session, now)
    supervised.end(office, session, "call-ended", now)
    supervised.watcher_left(office, session, now)
    rooms.leave(office, session, now)
    mail.let_go(office, session)
    if partner is not None:
        office.hang_up(
            partner, ours(cause.reason if cause.by is By.NETWORK else Reason.NORMAL, cause.told), now
        )
    for leg in list(call.legs.values()):
        office.hang_up(leg, ours(Reason.NORMAL, cause.told), now)


def _partner_gone(office: Office, session: Session, leg: Leg, cause: Cause, now: int) -> None:
    """The other party of the talk has left; the anchor may have more to do."""
    call = session.call
    office.media(call.unbridge(now))
    supervised.talk_over(office, session)
    session.blame = _whose_doing(leg, cause, "")
    queued = session.contact_state is ContactState.CONNECTED
    transferring = session.transfer is not None and session.transfer.by == leg.id
    if transferring:
        talks.keep_busy(office, session)
    talks.leave_queue(office, session)
    if transferring:
        transfers.transferor_left(office, session, now)
        return
    if session.interpreter is not None:
        recordings.talk_over(office, session)
        outcome = dials.outcome_of(cause) if cause in tones.REFUSALS else DialOutcome.ENDED
        office.tell_flow(session, QueueEnded() if queued else DialEnded(outcome))
    else:
        office.hang_up(call.anchor, ours(Reason.NORMAL, cause.told), now)


def _whose_doing(leg: Leg, cause: Cause, blame: str) -> str:
    """For the record: a party's role, `network`, or `switch`."""
    if cause.by is By.PEER:
        return leg.role
    if cause.by is By.NETWORK:
        return "network"
    return blame or "switch"
