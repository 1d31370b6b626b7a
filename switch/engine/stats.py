"""What the engine counts, for Prometheus and for tests."""

from dataclasses import dataclass
from enum import StrEnum


class DropReason(StrEnum):
    """Why a datagram was not passed on; in the order of `enum drop_reason` in engine.h.

    `UNHEARD` is no fault: a caller in an IVR is heard by nobody, and packets of it that arrive are
    measured and end here.
    """

    MALFORMED = "malformed"
    CONTROL = "control"
    PAYLOAD_TYPE = "payload_type"
    SOURCE = "source"
    NO_STREAM = "no_stream"
    FLOOD = "flood"
    LOOP = "loop"
    HELD = "held"
    OVERRIDDEN = "overridden"
    UNHEARD = "unheard"
    LATE = "late"
    NO_EVENTS = "no_events"
    SEND = "send"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Counts since the engine was made; `streams_open` and the two `waiting` are of this moment.

    `ticks_late` were made up for, `ticks_skipped` were not: playback paused. `commands_ignored` crossed
    the end of their stream, or were digits for a peer that takes none. `events_dropped` were digits,
    latches or idle notices that found the event ring full: the reader does not read. `streams_bad` of the
    `streams_rated` have a MOS below 3.6 in their last five seconds; `alarms` counts streams by
    `switch.media.quality.Alarm`, in its order.
    """

    streams_open: int
    datagrams_received: int
    packets_sent: int
    packets_relayed: int
    rtcp_received: int
    rtcp_sent: int
    ticks: int
    ticks_late: int
    ticks_skipped: int
    commands_ignored: int
    events_dropped: int
    commands_waiting: int
    events_waiting: int
    thread_cpu_us: int
    streams_rated: int
    streams_bad: int
    alarms: tuple[int, ...]
    dropped_by_reason: tuple[int, ...]

    def dropped(self, reason: DropReason) -> int:
        return self.dropped_by_reason[tuple(DropReason).index(reason)]

    @property
    def drops(self) -> tuple[tuple[DropReason, int], ...]:
        return tuple(zip(DropReason, self.dropped_by_reason, strict=True))


@dataclass(frozen=True, slots=True)
class RecordingStats:
    """`held` are written at this moment; the others count since the start. `lost_ms` is what the disk was too
    slow for."""

    held: int
    failed: int
    bytes: int
    lost_ms: int
