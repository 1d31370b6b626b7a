"""How good the audio of calls is or was, as the control socket tells it."""

from collections.abc import Iterable

from switch.api.views import LegAudio
from switch.call.leg import Leg
from switch.media.quality import StreamQuality
from switch.store.values import LegAudioRow


def of_row(row: LegAudioRow) -> LegAudio:
    """Of a leg that ended."""
    return LegAudio(
        leg=row.leg,
        role=row.role,
        name=row.peer,
        trunk=row.trunk,
        agent=row.agent,
        live=False,
        received=row.received,
        sent=row.sent,
        lost=row.lost,
        jitter_ms=row.jitter_us / 1000,
        jitter_max_ms=row.jitter_max_us / 1000,
        concealed_ms=row.concealed_ms,
        reports=row.reports,
        peer_lost=row.peer_lost,
        peer_jitter_ms=row.peer_jitter_us / 1000,
        round_trip_ms=_known_ms(row.round_trip_us),
        mos_heard=_score(row.mos_heard),
        mos_peer=_score(row.mos_peer),
        mos_now=None,
        mos_worst=_score(row.mos_worst),
        alarms=tuple(row.alarms.split()),
    )


def of_leg(leg: Leg, quality: StreamQuality) -> LegAudio:
    """Of a leg that talks; figures are at most five seconds old."""
    return LegAudio(
        leg=leg.id,
        role=leg.role,
        name=leg.peer,
        trunk=leg.trunk,
        agent=leg.agent,
        live=True,
        received=quality.packets_received,
        sent=quality.packets_sent,
        lost=quality.packets_lost,
        jitter_ms=quality.jitter_us / 1000,
        jitter_max_ms=quality.jitter_max_us / 1000,
        concealed_ms=quality.concealed_ms,
        reports=quality.reports,
        peer_lost=quality.peer_lost,
        peer_jitter_ms=quality.peer_jitter_us / 1000,
        round_trip_ms=_known_ms(quality.round_trip_us),
        mos_heard=_score(quality.mos_heard),
        mos_peer=_score(quality.mos_peer),
        mos_now=_score(quality.mos_now),
        mos_worst=_score(quality.mos_worst),
        alarms=tuple(str(alarm) for alarm in quality.alarms),
    )


def lowest(rows: Iterable[LegAudioRow]) -> float | None:
    """The one score by which a call is found: the worst of its legs, each way."""
    scores = [score for row in rows for score in (row.mos_heard, row.mos_peer) if score]
    return _score(min(scores, default=0))


def alarms(rows: Iterable[LegAudioRow]) -> tuple[str, ...]:
    """Each that was raised on any leg, once."""
    return tuple(dict.fromkeys(word for row in rows for word in row.alarms.split()))


def _score(hundredths: int) -> float | None:
    return hundredths / 100 if hundredths else None


def _known_ms(us: int) -> float | None:
    return us / 1000 if us else None
