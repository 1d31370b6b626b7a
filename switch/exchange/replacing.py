"""INVITE with Replaces (RFC 3891): a phone takes over a call that rings elsewhere, or a talk of its own.

| it names | then |
| --- | --- |
| a phone of the tenant that we ring | directed pickup: the new leg is the answer |
| a talk of the same account | the new phone takes it over, the old one is ended |
| anything else | the refusals of RFC 3891 section 3, and 403 where it is not the account's to take |
"""

from switch.base.errors import PeerError
from switch.call.cause import Reason, ours
from switch.call.incoming import IncomingLeg
from switch.call.leg import Leg
from switch.call.outgoing import OutgoingLeg
from switch.exchange import codecs, encryption, key_ways, moves, ringing, talks, transfers
from switch.exchange.attempt import Attempt
from switch.exchange.office import Office
from switch.exchange.refusing import refuse
from switch.exchange.session import Session
from switch.media.plan import Slot
from switch.registrar.values import Account
from switch.sip.dialog_reference import DialogReference
from switch.sip.outputs import RequestReceived

_RINGING = "ringing-"

OFFERED = "a queue offers this call to that agent alone"
"""For whoever presses the key of a lamp that blinks for it: phones show the text of a Warning."""


def admit(office: Office, message: RequestReceived, account: Account, now: int) -> None:
    """Carry out, or refuse, an INVITE that has a Replaces header."""
    found = _find(office, message, account)
    if isinstance(found, int):
        refuse(office, message, found, now)
        return
    session, old = found
    attempt = _attempt_of(session, old)
    if attempt is not None and attempt.purpose.exclusive:
        # The router reserved that one agent (docs/decisions/0017-transfers.md).
        warning = f'399 {message.flow.local.host} "{OFFERED}"'
        refuse(office, message, 403, now, [("Warning", warning)])
        return
    slot = office.reserve_slot(message.flow.local, old)
    if slot is None:
        refuse(office, message, 503, now, [("Retry-After", "10")])
        return
    leg = _leg(office, message, slot, account, session, old.role, now)
    agent = office.agent_at(account.tenant, account.account)
    if agent and not (old.agent == agent and attempt is None):
        talks.engage(office, session, leg, agent)
    if not leg.answer(now):
        return
    if attempt is not None:
        attempt.legs[leg.id] = leg
        ringing.answered(office, session, attempt, leg, now)
        transfers.connected(office, session, now)
    else:
        _take_over(office, session, old, leg, now)


def _find(office: Office, message: RequestReceived, account: Account) -> tuple[Session, Leg] | int:
    values = message.request.headers.fields("Replaces")
    try:
        wanted = DialogReference.parse_replaces(values[0]) if len(values) == 1 else None
    except PeerError:
        wanted = None
    if wanted is None:
        return 400
    leg = _by_name(office, wanted) or office.signalling.owner_of_dialog(wanted.key)
    session = office.session_of_leg.get(leg.id) if isinstance(leg, Leg) else None
    if not isinstance(leg, Leg) or session is None or session.tenant != account.tenant:
        return 481
    status = _refusal(session, leg, wanted, account)
    return status or (session, leg)


def _refusal(session: Session, leg: Leg, wanted: DialogReference, account: Account) -> int:
    """RFC 3891 section 3, in its order; 0 where the leg may be replaced."""
    if leg.over:
        return 603
    if wanted.key[0].startswith(_RINGING) and leg.talking:
        # It was answered meanwhile: what was named rings no more.
        return 486 if wanted.early_only else 603
    if not leg.talking:
        if not isinstance(leg, OutgoingLeg):
            return 481
        attempt = _attempt_of(session, leg)
        # What rings outside is not the tenant's phone.
        return 403 if attempt is None or not leg.account else 0
    if leg.account != account.account:
        return 403
    if wanted.early_only:
        return 486
    busy = session.transfer is not None or _attempt_of(session, leg) is not None
    return 491 if busy else 0


def ringing_name(leg: Leg) -> str:
    """The Call-ID under which a phone that rings is told to others (RFC 4235), and can be picked up.

    Not the real one: whoever knew that and the tags could hang up what belongs to others.
    """
    return _RINGING + leg.id


def _by_name(office: Office, wanted: DialogReference) -> Leg | None:
    name = wanted.key[0]
    return office.legs.get(name.removeprefix(_RINGING)) if name.startswith(_RINGING) else None


def _attempt_of(session: Session, leg: Leg) -> Attempt | None:
    return next((attempt for attempt in session.attempts.values() if leg.id in attempt.legs), None)


def _leg(
    office: Office,
    message: RequestReceived,
    slot: Slot,
    account: Account,
    session: Session,
    role: str,
    now: int,
) -> IncomingLeg:
    leg = IncomingLeg(
        office.parts.ids.make("l"),
        message,
        role=role,
        peer=account.account,
        slot=slot,
        session_id=office.next_session_id(now),
        local_tag=office.parts.tokens.token(10),
        signalling=office.signalling,
        encryption=encryption.calls_from(office, account.tenant, account.account, "internal"),
        audio=codecs.of_account(office, account.tenant, account.account),
        key_way=key_ways.of_account(office, account.tenant, account.account),
    )
    leg.account = account.account
    office.add_leg(session, leg, now)
    office.stir(session, leg)
    return leg


def _take_over(office: Office, session: Session, old: Leg, new: Leg, now: int) -> None:
    """`new` stands where `old` stood: in the talk, in the flow, in the agent's load."""
    call = session.call
    other = call.other(old)
    office.media(call.unbridge(now))
    if old.agent:
        new.agent, new.engaged, old.engaged = old.agent, old.engaged, False
    if call.anchor is old:
        call.anchor = new
    office.hang_up(old, ours(Reason.ELSEWHERE), now)
    if other is None:
        moves.hear_again(office, session)
    elif call.anchor is new:
        talks.connect(office, session, other, now)
    else:
        talks.connect(office, session, new, now)
