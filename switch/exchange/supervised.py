"""Calls that somebody supervises: who hears whom, whatever becomes of the talk.

The supervisor is a further leg of the call, neither anchor nor partner: it comes and goes without touching
the talk. The engine is given the whole room anew at each change; while somebody only listens, the talk goes
on as it was, bit for bit.
"""

from dataclasses import dataclass

from switch.call.leg import Leg
from switch.dialplan.events import SupervisionOver
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import room_events
from switch.media.commands import Command, Play, Supervising, Unmix, supervised

MODE_OF_KEY = {"4": "listen", "5": "whisper", "6": "join"}
"""Keys of the supervisor's phone."""

HOW = {"listen": Supervising.LISTEN, "whisper": Supervising.WHISPER, "join": Supervising.JOIN}

TONE_PLAYBACK = 0
"""Not a dialplan's playback: its end concerns nobody."""


@dataclass(slots=True)
class Supervision:
    """`room` is the engine's. `leg` is None while the supervisor's phone rings. `by` is who asked."""

    room: int
    account: str
    mode: str
    by: str
    reason: str
    leg: Leg | None = None
    mixed: bool = False
    watcher: Session | None = None
    """The call of a supervisor who dialled in: its flow waits for the end."""


def of(office: Office, session: Session) -> Supervision | None:
    return None if office.supervised is None else office.supervised.get(session.call.id)


def follow(office: Office, session: Session) -> None:
    """The talk begins, or has another partner or mode."""
    standing = of(office, session)
    if standing is None or standing.leg is None or standing.leg.over:
        return
    anchor, partner = session.call.anchor, session.call.partner
    if partner is None:
        talk_over(office, session)
        return
    # Where both work here it is whoever was called.
    agent, customer = (anchor, partner) if anchor.agent and not partner.agent else (partner, anchor)
    slots = (customer.slot.number, agent.slot.number, standing.leg.slot.number)
    standing.mixed = True
    office.media([supervised(standing.room, *slots, HOW[standing.mode])])


def talk_over(office: Office, session: Session) -> None:
    """Nobody talks: what the supervisor says is heard by nobody."""
    standing = of(office, session)
    if standing is not None and standing.mixed:
        standing.mixed = False
        office.media([Unmix(standing.room)])


def begin(office: Office, session: Session, standing: Supervision, leg: Leg, now: int) -> None:
    """The supervisor's phone was answered."""
    standing.leg = leg
    write(office, session, standing, now)
    plan = office.tenancy(session).plan
    clip = plan.beep if plan.supervision.tone else ""
    if clip:
        tones: list[Command] = [
            Play(party.slot.number, TONE_PLAYBACK, (clip,))
            for party in (session.call.anchor, session.call.partner)
            if party is not None
        ]
        office.media(tones)
    follow(office, session)


def change(office: Office, session: Session, standing: Supervision, mode: str, now: int) -> None:
    """Another mode, by a key or a command."""
    if mode != standing.mode:
        standing.mode = mode
        write(office, session, standing, now)
        follow(office, session)


def key(office: Office, session: Session, leg: Leg, digit: str, now: int) -> None:
    """A key of somebody who is neither anchor nor partner."""
    standing, mode = of(office, session), MODE_OF_KEY.get(digit)
    if standing is None or standing.leg is not leg or mode is None:
        return
    if mode in office.tenancy(session).plan.supervision.modes:
        change(office, session, standing, mode, now)


def leg_ended(office: Office, session: Session, leg: Leg, now: int) -> None:
    """Somebody left the call; harmless where that was no supervisor."""
    standing = of(office, session)
    if standing is not None and standing.leg is leg:
        end(office, session, "left", now)


def end(office: Office, session: Session, reason: str, now: int) -> None:
    """It is over; harmless without one. The leg, if there is one, is ended by whoever calls."""
    if office.supervised is None:
        return
    talk_over(office, session)
    standing = office.supervised.pop(session.call.id, None)
    if standing is not None:
        office.write(room_events.SupervisionEnded(standing.account, reason), now, session)
        if standing.watcher is not None:
            office.tell_flow(standing.watcher, SupervisionOver(reason))


def watched_by(office: Office, watcher: Session) -> Session | None:
    """The call that somebody supervises who dialled in by the call `watcher`."""
    for call, standing in (office.supervised or {}).items():
        if standing.watcher is watcher:
            return office.sessions[call]
    return None


def watcher_left(office: Office, watcher: Session, now: int, *, tell: bool = False) -> None:
    """Hung up, by its own wish, or (`tell`) its flow serves another; harmless where it supervises nobody."""
    session = watched_by(office, watcher)
    if session is None:
        return
    standing = of(office, session)
    if standing is not None and not tell:
        standing.watcher = None
    end(office, session, "left", now)


def write(office: Office, session: Session, standing: Supervision, now: int) -> None:
    agent = session.call.record.agent
    leg = "" if standing.leg is None else standing.leg.id
    office.write(
        room_events.Supervised(leg, standing.account, agent, standing.mode, standing.by, standing.reason),
        now,
        session,
    )
