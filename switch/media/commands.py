"""What the core asks of the engine. Commands are applied at the engine's tick, in order.

A stream hears exactly one source at a time: silence, a playback, or the other stream of a bridge.
`Play` overrides a bridge until it ends, then the bridge is heard again.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from switch.base.values import quick
from switch.media.plan import StreamPlan


@quick
@dataclass(frozen=True, slots=True)
class OpenStream:
    """Activate a slot. Packets that arrive before this are discarded."""

    slot: int
    plan: StreamPlan


@quick
@dataclass(frozen=True, slots=True)
class UpdateStream:
    """New plan for an open stream (re-INVITE). SSRC, sequence and timestamp go on.

    A changed remote address opens the latch again; the same address keeps it.
    """

    slot: int
    plan: StreamPlan


@quick
@dataclass(frozen=True, slots=True)
class CloseStream:
    """Deactivate; the engine answers `StreamClosed` when no packet of it can be sent any more."""

    slot: int


@quick
@dataclass(frozen=True, slots=True)
class Bridge:
    """Each of the two streams hears the other. Replaces any bridge that either was in."""

    left: int
    right: int


@quick
@dataclass(frozen=True, slots=True)
class Unbridge:
    """Both partners of the bridge that `slot` is in hear silence; harmless where there is none."""

    slot: int


@quick
@dataclass(frozen=True, slots=True)
class Play:
    """Play clips one after the other without gaps; a later `Play` on the slot replaces it.

    `playback` is the caller's number, given back in `PlayFinished`. With `loop` the last clip repeats
    for ever (music). Clip names are those of the catalogue that `node` loaded. It is heard at 50 to 200
    percent of its speed, at the same pitch, and 20 dB louder or softer at most.
    """

    slot: int
    playback: int
    clips: tuple[str, ...]
    loop: bool = False
    speed_percent: int = 100
    volume_db: int = 0


@quick
@dataclass(frozen=True, slots=True)
class StopPlay:
    """End the playback of the slot; answered by `PlayFinished(completed=False)` if one ran."""

    slot: int


class Steering(IntEnum):
    """What is done with a playback that runs, in the order of `enum steering`."""

    PAUSE = 0
    RESUME = 1
    SEEK = 2
    SKIP = 3


@dataclass(frozen=True, slots=True)
class SteerPlay:
    """Pause the playback (silence), go on, or go elsewhere in it; harmless where it has ended.

    SEEK goes to `ms` after the beginning of its first clip, SKIP `ms` on from here, or back where negative.
    Behind the last clip it ends, in front of the first it begins.
    """

    slot: int
    playback: int
    how: Steering
    ms: int = 0


@dataclass(frozen=True, slots=True)
class PacePlay:
    """The playback goes on at this speed and volume, as in `Play`; harmless where it has ended."""

    slot: int
    playback: int
    speed_percent: int
    volume_db: int


KEY_MS = 100
"""Of a key that nobody says the length of."""


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Send RFC 4733 events, or tones where the stream has none, with 100 ms between; at most 32 digits.

    Each lasts `duration_ms`, but at least 40 and at most 1,300 ms.
    """

    slot: int
    digits: str
    duration_ms: int = KEY_MS


class SoundFormat(IntEnum):
    """Of recorded files, in the order of `enum sound_format`: 16-bit PCM, or Opus in Ogg."""

    WAV = 0
    OPUS = 1


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Record what the slot's peer says, and with two channels what it hears (left, right), into a new file.
    Of a stream that receives nothing one channel is what it hears: the ear of a room.

    `recording` is the caller's number, given back in the one `RecordingEnded` that answers this. `path` is
    relative to the engine's folder of recordings, without its ending. `rate_hz` 0: 8000, or 16000 where a
    codec of the two carries more. It ends after `seconds_max`, and after `silence_ms` in which nothing is
    said, 0 for never. A recording that the slot had ends.
    """

    slot: int
    recording: int
    path: str
    format: SoundFormat = SoundFormat.WAV
    rate_hz: int = 0
    channels: int = 2
    seconds_max: int = 12 * 3600
    silence_ms: int = 0


@dataclass(frozen=True, slots=True)
class StopRecording:
    """End it; harmless where it has ended or is another."""

    slot: int
    recording: int


@dataclass(frozen=True, slots=True)
class PauseRecording:
    """From now on the file is silent, as long as this lasts; `paused` False: no longer."""

    slot: int
    recording: int
    paused: bool


@dataclass(frozen=True, slots=True)
class MoveRecording:
    """The recording of `slot` goes on in the same file with another stream, which has none."""

    slot: int
    to: int


@dataclass(frozen=True, slots=True)
class Member:
    """A stream in a room, and the slots of those that it hears."""

    slot: int
    hears: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """Each member hears the sum of others; replaces the room of this number, and leaves other rooms.

    `hears` names other members. A member that hears its bridge's partner alone is relayed as before. With
    `levels` voices are brought to about the same loudness. At most MEMBERS_MAX.
    """

    room: int
    members: tuple[Member, ...]
    levels: bool = False


@dataclass(frozen=True, slots=True)
class Unmix:
    """The room is over: bridges are heard again. Harmless where there is none."""

    room: int


MEMBERS_MAX = 64
"""Of one room, as ROOM_MEMBERS_MAX of switch/engine/room.h."""


def conference(room: int, slots: tuple[int, ...], *, levels: bool = False) -> Mix:
    """Everybody hears all others."""
    others = {slot: tuple(other for other in slots if other != slot) for slot in slots}
    return Mix(room, tuple(Member(slot, heard) for slot, heard in others.items()), levels)


class Supervising(IntEnum):
    """What a supervisor does besides hearing both: nothing, speaking to the agent alone, to both."""

    LISTEN = 0
    WHISPER = 1
    JOIN = 2


def supervised(room: int, customer: int, agent: int, supervisor: int, how: Supervising) -> Mix:
    """A talk of two, bridged, and the one who supervises it."""
    to_agent = (supervisor,) if how is not Supervising.LISTEN else ()
    to_customer = (supervisor,) if how is Supervising.JOIN else ()
    return Mix(
        room,
        (
            Member(customer, (agent, *to_customer)),
            Member(agent, (customer, *to_agent)),
            Member(supervisor, (customer, agent)),
        ),
    )


class Detector(IntFlag):
    """What can be listened for, in what a stream's peer says. The numbers are those of engine/detection.h."""

    KEYS = 1
    """Keys as tones: `DigitReceived`, and they go on to the bridge's other stream as its plan takes them."""
    TONES = 2
    """Dial tone, ringback, busy, congestion, special information tones: `ToneDetected`."""
    VOICE = 4
    """`SpeechStarted` and `SpeechStopped`."""
    MACHINE = 8
    """Machine or human: `AnswerClassified`, once."""
    BEEP = 16
    """`BeepDetected`."""
    CLIPPING = 32
    """`ClippingDetected`."""


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """How a machine is told from a human by what is said first; the names are those of other switches.

    Nobody speaks for `initial_silence_ms`: a machine. A human's greeting is shorter than `greeting_ms` and
    has at most `words_max` words, then `after_greeting_silence_ms` of silence. Words last `min_word_ms` to
    `word_max_ms`, with `between_words_silence_ms` between them. After `total_analysis_ms` it is given up.
    """

    initial_silence_ms: int = 2500
    greeting_ms: int = 1500
    after_greeting_silence_ms: int = 800
    total_analysis_ms: int = 5000
    min_word_ms: int = 100
    between_words_silence_ms: int = 50
    word_max_ms: int = 5000
    words_max: int = 3


USUAL_ANSWERS = AnswerSettings()


@quick
@dataclass(frozen=True, slots=True)
class StartDetection:
    """Listen for these from now on, besides what is listened for already; one that is begins anew.

    `silence_ms` without a voice is `SpeechStopped`.
    """

    slot: int
    detectors: Detector
    silence_ms: int = 500
    answers: AnswerSettings = USUAL_ANSWERS


@quick
@dataclass(frozen=True, slots=True)
class StopDetection:
    """Listen for these no more; harmless where nobody does. A stream's end stops all."""

    slot: int
    detectors: Detector


Command = (
    OpenStream
    | UpdateStream
    | CloseStream
    | Bridge
    | Unbridge
    | Play
    | StopPlay
    | SteerPlay
    | PacePlay
    | SendDigits
    | StartRecording
    | StopRecording
    | PauseRecording
    | MoveRecording
    | Mix
    | Unmix
    | StartDetection
    | StopDetection
)
