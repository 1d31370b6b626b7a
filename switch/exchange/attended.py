"""Attended transfer: a REFER whose Refer-To names another call of the same phone (RFC 3891, RFC 5589).

Both calls end in the switch, so nothing is sent to anybody: the party of one call goes over to the other,
and the transferor's two legs end. The call that goes on is the one whose first party stays in it: the
customer's, whose id, record and place in the reports are those of the whole contact.
"""

from switch.call.cause import Reason, ours
from switch.call.events import LegTransferRequested
from switch.call.incoming import IncomingLeg
from switch.call.leg import Leg
from switch.exchange import moves, talks
from switch.exchange.office import Office
from switch.exchange.session import Session, Transfer
from switch.journal import events as journal
from switch.sip.dialog_reference import DialogReference


def consultation(office: Office, session: Session, by: Leg, wanted: DialogReference) -> Leg | int:
    """The transferor's other leg, or the status with which an INVITE with this Replaces would be refused."""
    if not by.account:
        # A party beyond a trunk has proved nothing: it may name no call.
        return 403
    consult = office.signalling.owner_of_dialog(wanted.key)
    other = office.session_of_leg.get(consult.id) if isinstance(consult, Leg) else None
    if not isinstance(consult, Leg) or other is None or other.tenant != session.tenant:
        return 481
    if consult.account != by.account or other is session:
        return 403
    if consult.over:
        # RFC 3891 section 3: it was, and is no more.
        return 603
    if not consult.talking and not isinstance(consult, IncomingLeg):
        return 481
    if wanted.early_only and consult.talking:
        return 486
    if other.transfer is not None:
        return 491
    if other.call.other(consult) is None and consult is not other.call.anchor:
        return 481
    return consult


def requested(
    office: Office, session: Session, by: Leg, consult: Leg, event: LegTransferRequested, now: int
) -> Transfer | None:
    """Join the two calls; a Transfer where that waits for the answer of whom the consultation rings."""
    other = office.session_of_leg[consult.id]
    if other.call.other(consult) is None and other.interpreter is None and other.attempts:
        attempt = next(iter(other.attempts))
        return Transfer(by.id, other.call.record.called, attempt, event.referral, consult.id)
    keep, leaves, give, gone = session, by, other, consult
    joins = other.call.other(consult)
    if joins is not None and session.call.anchor is by and other.call.anchor is not consult:
        keep, leaves, give, gone = other, consult, session, by
    # Before the BYE: a phone forgets its transfer with its call.
    event.referral.notify(200, now)
    _join(office, keep, leaves, give, gone, now)
    return None


def _join(office: Office, keep: Session, leaves: Leg, give: Session, gone: Leg, now: int) -> None:
    """`leaves` and `gone` are the transferor's; whoever talks with `gone`, or serves it, comes to `keep`."""
    stays, joins = keep.call.other(leaves), give.call.other(gone)
    assert stays is not None, "only who talks can be transferred"
    target = give.call.record.called if gone is give.call.anchor else give.call.record.caller
    office.media([*keep.call.unbridge(now), *give.call.unbridge(now)])
    make_anchor(office, keep, stays, leaves)
    keep.call.partner = keep.interpreter = None
    office.timers.cancel(("flow", keep.call.id))
    talks.keep_busy(office, keep)
    talks.leave_queue(office, keep)
    if gone is give.call.anchor:
        moves.move_place(office, give, keep, now)
        if keep.interpreter is not None and leaves.agent:
            # As after a transfer to a flow: whoever passes a caller on does not want the caller back.
            keep.avoid = (*keep.avoid, leaves.agent)
    else:
        # The joining party was the one whom the other call was about: its visit ends with the transferor.
        talks.keep_busy(office, give)
        talks.leave_queue(office, give)
        give.interpreter = None
        office.timers.cancel(("flow", give.call.id))
    keep.call.record.transfers += 1
    office.write(journal.Transferred(leaves.id, target, "done"), now, keep)
    if joins is not None:
        moves.move_leg(office, give, keep, joins, now)
    give.call.anchor = gone
    give.blame = gone.role
    office.hang_up(leaves, ours(Reason.TRANSFERRED), now)
    office.hang_up(gone, ours(Reason.TRANSFERRED), now)
    if joins is None:
        moves.hear_again(office, keep)
    else:
        talks.connect(office, keep, joins, now)


def make_anchor(office: Office, session: Session, stays: Leg, by: Leg) -> None:
    """Whoever is transferred becomes the party that the call is about."""
    call = session.call
    if call.anchor is not stays:
        call.anchor, call.partner = stays, by
        session.interpreter = None
        office.timers.cancel(("flow", call.id))
