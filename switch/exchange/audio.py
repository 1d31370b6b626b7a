"""What the engine says of audio, as entries of the call that it belongs to."""

from switch.call.leg import Leg
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal
from switch.media.events import StreamAlarm
from switch.media.quality import StreamQuality

CLIPPING = "clipping"
"""An alarm as the others, but of the sound itself: heard where it is decoded and kept, in recorded talks."""


def alarmed(office: Office, session: Session, leg: Leg, event: StreamAlarm, now: int) -> None:
    """Somebody hears nothing, or hears again."""
    office.write(journal.AudioAlarm(leg.id, str(event.alarm), event.raised), now, session)


def clipped(office: Office, session: Session, leg: Leg, now: int) -> None:
    """What it says is cut off at the top; told again only after it was clean for a while."""
    office.write(journal.AudioAlarm(leg.id, CLIPPING, True), now, session)


def measured(office: Office, session: Session, leg: Leg, quality: StreamQuality, now: int) -> None:
    """The stream is closed. Where no audio came or went there is nothing to tell."""
    if quality.packets_received == 0 and quality.packets_sent == 0:
        return
    entry = journal.LegMeasured(
        leg=leg.id,
        role=leg.role,
        peer=leg.peer,
        trunk=leg.trunk,
        agent=leg.agent,
        received=quality.packets_received,
        sent=quality.packets_sent,
        lost=quality.packets_lost,
        jitter_us=quality.jitter_us,
        jitter_max_us=quality.jitter_max_us,
        concealed_ms=quality.concealed_ms,
        reports=quality.reports,
        peer_lost=quality.peer_lost,
        peer_jitter_us=quality.peer_jitter_us,
        round_trip_us=quality.round_trip_us,
        round_trip_max_us=quality.round_trip_max_us,
        mos_heard=quality.mos_heard,
        mos_peer=quality.mos_peer,
        mos_worst=quality.mos_worst,
        alarms=tuple(str(alarm) for alarm in quality.alarms_ever),
    )
    office.write(entry, now, session)
