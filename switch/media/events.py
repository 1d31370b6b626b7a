"""What the engine tells the core."""

from dataclasses import dataclass
from enum import IntEnum

from switch.base.values import quick
from switch.media.quality import NOTHING_HEARD, Alarm, StreamQuality


@dataclass(frozen=True, slots=True)
class PlayFinished:
    """A playback came to its end (`completed`) or was stopped or replaced."""

    slot: int
    playback: int
    completed: bool


@dataclass(frozen=True, slots=True)
class DigitReceived:
    """One RFC 4733 key press, once, however often its packets were repeated. `digit` of 0-9*#A-D."""

    slot: int
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class StreamLatched:
    """The real source of the peer's packets is known (again): symmetric RTP."""

    slot: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class StreamIdle:
    """No packet for the plan's `idle_s`. Told once a silence."""

    slot: int


@quick
@dataclass(frozen=True, slots=True)
class StreamClosed:
    """The slot is free again; `quality` is of the whole stream."""

    slot: int
    quality: StreamQuality = NOTHING_HEARD


@dataclass(frozen=True, slots=True)
class StreamAlarm:
    """Somebody hears nothing, or hears again (`raised` False)."""

    slot: int
    alarm: Alarm
    raised: bool


@dataclass(frozen=True, slots=True)
class SecurityFailed:
    """The peer's handshake came to nothing; nothing was or will be heard. `reason` is for the operator."""

    slot: int
    reason: str


class RecordingReason(IntEnum):
    """Why a recording ended, in the order of `enum recording_reason`."""

    STOPPED = 0
    CLOSED = 1
    LENGTH = 2
    SILENCE = 3
    FAILED = 4


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """A recording came to its end, its file is closed. `error` is the disk's errno where it FAILED, else 0.

    `lost_ms` of `duration_ms` are silence because the disk was too slow. May come after `StreamClosed`.
    """

    slot: int
    recording: int
    reason: RecordingReason
    error: int
    duration_ms: int
    lost_ms: int
    bytes: int


Event = (
    PlayFinished
    | DigitReceived
    | StreamLatched
    | StreamIdle
    | StreamClosed
    | StreamAlarm
    | SecurityFailed
    | RecordingEnded
)
