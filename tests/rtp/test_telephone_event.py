"""Keys by RFC 4733: each press once, whatever the network does to its packets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.rtp import KeyDetector, KeyPress, RtpError, RtpPacket, TelephoneEvent


def packet(timestamp: int, event: TelephoneEvent, ssrc: int = 1) -> RtpPacket:
    return RtpPacket(101, 0, timestamp, ssrc, event.serialize())


def press(timestamp: int, event: int) -> list[RtpPacket]:
    """100 ms in updates of 20 ms, the end three times."""
    updates = [packet(timestamp, TelephoneEvent(event, samples)) for samples in (160, 320, 480, 640)]
    return updates + [packet(timestamp, TelephoneEvent(event, 800, end=True))] * 3


def test_round_trip() -> None:
    event = TelephoneEvent(11, 800, end=True, volume=10)
    assert event.serialize() == bytes.fromhex("0b8a0320")
    assert TelephoneEvent.parse(event.serialize()) == event
    with pytest.raises(RtpError):
        TelephoneEvent.parse(b"\x0b\x8a\x03")


@given(st.lists(st.integers(0, 15), min_size=1, max_size=6), st.data())
def test_each_key_is_told_once_whatever_is_lost(keys: list[int], data: st.DataObject) -> None:
    """Of each key at least one packet arrives, any others may be lost or repeated."""
    detector, told, now = KeyDetector(), [], 0
    for number, key in enumerate(keys):
        packets = press(1600 * number, key)
        kept = data.draw(st.lists(st.sampled_from(range(7)), min_size=1, max_size=10).map(sorted))
        for index in kept:
            now += 20_000
            told += detector.receive(packets[index], now)
    late = detector.expire(now + 250_000)
    told += [late] if late else []
    assert [pressed.key for pressed in told] == ["0123456789*#ABCD"[key] for key in keys]
    assert all(20 <= pressed.duration_ms <= 100 for pressed in told)


def test_a_key_held_for_ten_seconds_is_one() -> None:
    detector = KeyDetector()
    assert detector.receive(packet(0, TelephoneEvent(9, 0xFFFF)), 0) == []
    assert detector.receive(packet(0xFFFF, TelephoneEvent(9, 100)), 10_000) == []
    assert detector.receive(packet(0xFFFF, TelephoneEvent(9, 14465, end=True)), 20_000) == [
        KeyPress("9", 10_000)
    ]


def test_a_new_source_may_start_anywhere() -> None:
    detector = KeyDetector()
    ends = [packet(50_000, TelephoneEvent(1, 800, end=True), ssrc) for ssrc in (1, 2)]
    assert [key.key for end in ends for key in detector.receive(end, 0)] == ["1", "1"]


def test_flash_is_no_key() -> None:
    assert KeyDetector().receive(packet(0, TelephoneEvent(16, 800, end=True)), 0) == []
