"""The engine's C and the Python reference agree on every datagram and every sequence of key packets."""

import ctypes
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from switch.rtp import KEYS, KeyDetector, KeyPress, RtpError, RtpPacket, TelephoneEvent, is_rtcp
from tests.engine.build import c_library
from tests.rtp.test_packet import PACKETS


class CPacket(ctypes.Structure):
    _fields_ = (
        ("payload", ctypes.c_void_p),
        ("payload_bytes", ctypes.c_size_t),
        ("timestamp", ctypes.c_uint32),
        ("ssrc", ctypes.c_uint32),
        ("sequence", ctypes.c_uint16),
        ("payload_type", ctypes.c_uint8),
        ("marker", ctypes.c_bool),
    )


class CEvent(ctypes.Structure):
    _fields_ = (
        ("event", ctypes.c_uint8),
        ("volume", ctypes.c_uint8),
        ("end", ctypes.c_bool),
        ("duration", ctypes.c_uint16),
    )


class CKeyPress(ctypes.Structure):
    _fields_ = (("event", ctypes.c_uint8), ("duration_ms", ctypes.c_uint32))


VALID, MALFORMED, CONTROL = range(3)

# Compiling the library, and other programs on the same cores, are nobody's slowness.
PATIENT = settings(deadline=None, max_examples=150)


def c_parse(datagram: bytes) -> RtpPacket | int:
    """The packet, or the verdict when there is none."""
    buffer = ctypes.create_string_buffer(datagram, max(1, len(datagram)))
    packet = CPacket()
    verdict = c_library().rtp_parse(buffer, ctypes.c_size_t(len(datagram)), ctypes.byref(packet))
    if verdict != VALID:
        return int(verdict)
    payload = ctypes.string_at(packet.payload, packet.payload_bytes)
    return RtpPacket(
        packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc, payload, packet.marker
    )


def python_parse(datagram: bytes) -> RtpPacket | int:
    try:
        return RtpPacket.parse(datagram)
    except RtpError:
        return CONTROL if is_rtcp(datagram) else MALFORMED


@PATIENT
@given(st.binary(max_size=80))
def test_same_verdict_on_any_bytes(datagram: bytes) -> None:
    assert c_parse(datagram) == python_parse(datagram)


@PATIENT
@given(PACKETS, st.integers(0, 255), st.integers(0, 80), st.binary(max_size=40))
def test_same_verdict_on_packets_that_are_a_little_wrong(
    packet: RtpPacket, first: int, cut: int, tail: bytes
) -> None:
    whole = packet.serialize()
    datagram = bytes([first & 0x3F | 0x80]) + whole[1 : len(whole) - cut] + tail
    assert c_parse(datagram) == python_parse(datagram)


@dataclass
class CDetector:
    """`struct dtmf_receiver` as memory that only C looks into, but for the clock that its owner sets."""

    def __post_init__(self) -> None:
        self._memory = ctypes.create_string_buffer(64)
        units_per_ms = ctypes.c_uint32.from_buffer(self._memory, 4)
        units_per_ms.value = 8

    def receive(self, packet: RtpPacket, now: int) -> list[KeyPress]:
        c_packet = CPacket(timestamp=packet.timestamp, ssrc=packet.ssrc)
        event = TelephoneEvent.parse(packet.payload)
        c_event = CEvent(event.event, event.volume, event.end, event.duration)
        over = (CKeyPress * 2)()
        count = c_library().dtmf_receive(
            self._memory, ctypes.byref(c_packet), ctypes.byref(c_event), ctypes.c_uint64(now), over
        )
        return [KeyPress(KEYS[press.event], press.duration_ms) for press in over[:count]]

    def expire(self, now: int) -> KeyPress | None:
        over = CKeyPress()
        expire = c_library().dtmf_expire
        expire.restype = ctypes.c_bool
        if not expire(self._memory, ctypes.c_uint64(now), ctypes.byref(over)):
            return None
        return KeyPress(KEYS[over.event], over.duration_ms)


KEY_PACKETS = st.tuples(
    st.sampled_from([0, 1, 1600, 3200, 0xFFFF, 0x1FFFE, 60_000, 2**31, 2**32 - 1600]),
    st.builds(
        TelephoneEvent,
        event=st.sampled_from([0, 9, 11, 15, 16, 255]),
        duration=st.sampled_from([0, 160, 800, 0xFFFF]),
        end=st.booleans(),
    ),
    st.integers(1, 2),
    st.sampled_from([0, 20_000, 249_999, 250_000]),
)


@PATIENT
@given(st.lists(KEY_PACKETS, max_size=30))
def test_same_keys_from_any_packets(steps: list[tuple[int, TelephoneEvent, int, int]]) -> None:
    python, c, now = KeyDetector(), CDetector(), 0
    for timestamp, event, ssrc, wait in steps:
        now += wait
        assert python.expire(now) == c.expire(now)
        packet = RtpPacket(101, 0, timestamp, ssrc, event.serialize())
        assert python.receive(packet, now) == c.receive(packet, now)


@PATIENT
@given(
    st.builds(TelephoneEvent, st.integers(0, 255), st.integers(0, 65535), st.booleans(), st.integers(0, 63))
)
def test_same_bytes_of_an_event(event: TelephoneEvent) -> None:
    written = ctypes.create_string_buffer(4)
    c_library().telephone_event_write(
        ctypes.byref(CEvent(event.event, event.volume, event.end, event.duration)), written
    )
    assert written.raw == event.serialize()
