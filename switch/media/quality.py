"""How good one stream is, and what is wrong with it: figures of the media engine, as values."""

from dataclasses import dataclass
from enum import StrEnum


class Alarm(StrEnum):
    """Somebody hears nothing. In the order of `enum alarm` in switch/engine/view.h."""

    NO_AUDIO = "no-audio"
    """We send, and nothing comes from the peer: one-way audio."""
    NOT_HEARD = "not-heard"
    """We send, and the peer's reports say that nothing arrives: one-way audio, the other way."""
    DEAD_AIR = "dead-air"
    """The peer speaks, has nobody to talk with, and hears nothing."""
    SILENCE = "silence"
    """What the peer sends is silent: a dead microphone."""


_ALARMS = tuple(Alarm)


@dataclass(frozen=True, slots=True)
class StreamQuality:
    """In the order of view.h. Counts are of the whole stream, jitters of RFC 3550, times microseconds.

    `reports` 0: the peer does not say what it hears, and the `peer_` figures mean nothing. Round trips of 0
    are not known. The four scores are hundredths of MOS by the E-model, from 100 (bad) to 441 (perfect), and
    0 where too little was heard to tell: `mos_heard` of what we hear, `mos_peer` of what the peer hears,
    `mos_now` the worse of both in the last five seconds, `mos_worst` the worst five seconds of all.
    """

    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    jitter_us: int = 0
    jitter_max_us: int = 0
    concealed_ms: int = 0
    reports: int = 0
    peer_lost: int = 0
    peer_jitter_us: int = 0
    peer_jitter_max_us: int = 0
    round_trip_us: int = 0
    round_trip_max_us: int = 0
    mos_heard: int = 0
    mos_peer: int = 0
    mos_now: int = 0
    mos_worst: int = 0
    alarm_bits: int = 0
    alarm_bits_ever: int = 0

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What is wrong now."""
        return _alarms(self.alarm_bits)

    @property
    def alarms_ever(self) -> tuple[Alarm, ...]:
        """What was wrong at some time."""
        return _alarms(self.alarm_bits_ever)


NOTHING_HEARD = StreamQuality()


def _alarms(bits: int) -> tuple[Alarm, ...]:
    return tuple(alarm for number, alarm in enumerate(_ALARMS) if bits >> number & 1)
