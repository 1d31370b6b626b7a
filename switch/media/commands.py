"""What the core asks of the engine. Commands are applied at the engine's tick, in order.

A stream hears exactly one source at a time: silence, a playback, or the other stream of a bridge.
`Play` overrides a bridge until it ends, then the bridge is heard again.
"""

from dataclasses import dataclass

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
    for ever (music). Clip names are those of the catalogue that `node` loaded.
    """

    slot: int
    playback: int
    clips: tuple[str, ...]
    loop: bool = False


@quick
@dataclass(frozen=True, slots=True)
class StopPlay:
    """End the playback of the slot; answered by `PlayFinished(completed=False)` if one ran."""

    slot: int


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Send RFC 4733 events into the stream, 100 ms each with 100 ms between; at most 32 digits."""

    slot: int
    digits: str


Command = OpenStream | UpdateStream | CloseStream | Bridge | Unbridge | Play | StopPlay | SendDigits
