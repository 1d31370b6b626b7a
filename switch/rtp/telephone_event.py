"""Keys as telephone events (RFC 4733): the payload, and when a key press is over.

A key press is known by its timestamp, which all of its packets share. It is told when its first end packet
arrives, when the next key begins, or by `expire` when neither came.
"""

import struct
from dataclasses import dataclass

from switch.rtp.packet import RtpError, RtpPacket

KEYS = "0123456789*#ABCD"
PAYLOAD = struct.Struct("!BBH")

# Five packets of 50 ms, the longest interval in use.
LOST_END_US = 250_000
# Five seconds: what lies further back is not late, its clock restarted.
LATE_SAMPLES_MAX = 5 * 8000
# RFC 4733 section 2.5.1.3: a longer event goes on in a new segment at this distance.
SEGMENT_SAMPLES = 0xFFFF


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """One payload. `volume` is in dB below 0 dBm0; `duration` in samples of 8 kHz."""

    event: int
    duration: int
    end: bool = False
    volume: int = 10

    @classmethod
    def parse(cls, payload: bytes) -> "TelephoneEvent":
        """Raises `RtpError`."""
        if len(payload) < PAYLOAD.size:
            raise RtpError(f"a telephone event of {len(payload)} bytes")
        event, flags, duration = PAYLOAD.unpack_from(payload)
        return cls(event, duration, bool(flags & 0x80), flags & 0x3F)

    def serialize(self) -> bytes:
        return PAYLOAD.pack(self.event, self.end << 7 | self.volume, self.duration)


@dataclass(frozen=True, slots=True)
class KeyPress:
    key: str
    duration_ms: int


@dataclass(slots=True)
class _Key:
    """The last key press; `segments` are the samples of its segments before this one."""

    ssrc: int
    timestamp: int
    event: int
    segments: int
    duration: int
    heard_us: int
    over: bool = False

    def finish(self) -> KeyPress:
        self.over = True
        return KeyPress(KEYS[self.event], (self.segments + self.duration) // 8)


class KeyDetector:
    """Each key press once, however often its packets are repeated, lost or reordered."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: _Key | None = None

    def receive(self, packet: RtpPacket, now: int) -> list[KeyPress]:
        """The key presses that this packet ends: none, its own, or also an earlier one. Raises `RtpError`."""
        event = TelephoneEvent.parse(packet.payload)
        if event.event >= len(KEYS):
            return []
        last, pressed = self._last, []
        if last is None or last.ssrc != packet.ssrc or last.timestamp != packet.timestamp:
            segments = 0
            if last is not None and last.ssrc == packet.ssrc:
                later = (packet.timestamp - last.timestamp + 2**31) % 2**32 - 2**31
                if -LATE_SAMPLES_MAX < later < 0:
                    return []
                if not last.over and last.event == event.event and later == SEGMENT_SAMPLES:
                    segments = last.segments + SEGMENT_SAMPLES
            if last is not None and not last.over and segments == 0:
                pressed.append(last.finish())
            last = self._last = _Key(packet.ssrc, packet.timestamp, event.event, segments, 0, now)
        if last.over or last.event != event.event:
            return pressed
        last.heard_us = now
        last.duration = max(last.duration, event.duration)
        if event.end:
            pressed.append(last.finish())
        return pressed

    def expire(self, now: int) -> KeyPress | None:
        """The key press whose end packets were all lost."""
        if self._last is None or self._last.over or now - self._last.heard_us < LOST_END_US:
            return None
        return self._last.finish()
