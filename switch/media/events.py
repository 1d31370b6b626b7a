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
    """One key press, once: by RFC 4733, however often its packets were repeated, or heard as a tone, where
    `StartDetection` asked for it. `digit` of 0-9*#A-D."""

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


class Tone(IntEnum):
    """What a network says of a call. The numbers are those of `enum tone_kind` in codecs/detectors.h."""

    DIAL = 1
    RINGBACK = 2
    BUSY = 3
    CONGESTION = 4
    """Also called reorder."""
    SPECIAL_INFORMATION = 5
    """The call came to nothing; an announcement says why. The four below say it by their tones."""
    INTERCEPT = 6
    """The number was changed, or is no longer in service."""
    VACANT_CODE = 7
    """There is no such number."""
    REORDER = 8
    """A fault, or digits are missing."""
    NO_CIRCUIT = 9
    """All lines are busy."""


class Answerer(IntEnum):
    HUMAN = 0
    MACHINE = 1
    NOT_SURE = 2


class AnswerReason(IntEnum):
    """What decided, as in `AnswerSettings`."""

    SHORT_GREETING = 0
    INITIAL_SILENCE = 1
    WORDS = 2
    LONG_WORD = 3
    LONG_GREETING = 4
    TOO_LONG = 5


@dataclass(frozen=True, slots=True)
class ToneDetected:
    """Told once a tone, however long it goes on. `hertz` are one or two frequencies."""

    slot: int
    tone: Tone
    hertz: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """A voice is heard."""

    slot: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """None was heard for the `silence_ms` that were asked for."""

    slot: int


@dataclass(frozen=True, slots=True)
class AnswerClassified:
    """Who answered. `confidence` is 0 to 100: how far it was from being judged otherwise, not a probability.

    `greeting_ms` of voice and `words` were heard until then.
    """

    slot: int
    answerer: Answerer
    reason: AnswerReason
    confidence: int
    greeting_ms: int
    words: int


@dataclass(frozen=True, slots=True)
class BeepDetected:
    """One pure tone that is over now: after a machine's greeting, the moment to speak."""

    slot: int
    hertz: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ClippingDetected:
    """What the peer says is cut off at the top: that share of a second, in thousandths. Told again only after
    five clean seconds."""

    slot: int
    share_thousandths: int


Event = (
    PlayFinished
    | DigitReceived
    | StreamLatched
    | StreamIdle
    | StreamClosed
    | StreamAlarm
    | SecurityFailed
    | RecordingEnded
    | ToneDetected
    | SpeechStarted
    | SpeechStopped
    | AnswerClassified
    | BeepDetected
    | ClippingDetected
)
