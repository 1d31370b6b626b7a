"""RFC 4733 for what it was designed: keys over a network that loses, doubles and reorders packets.

What the engine's sender makes goes through a seeded network into both receivers, Python's and C's. Every
press of which one packet arrives is told, once and in order (section 2.5.1.4: the last is sent three times).
"""

import ctypes
import random

import pytest

from switch.rtp import KEYS, KeyDetector, KeyPress, RtpPacket, TelephoneEvent
from tests.engine.build import c_library
from tests.rtp.test_twin import CDetector, CEvent

TICK_US = 10_000
SENT_AT_ONCE = 32
TICKS_MOST = SENT_AT_ONCE * 20 + 1
"""A key and its pause are 200 ms."""

WAIT, PACKET, FIRST = range(3)


class CSender(ctypes.Structure):
    _fields_ = (
        ("events", ctypes.c_uint8 * SENT_AT_ONCE),
        ("lengths", ctypes.c_uint8 * SENT_AT_ONCE),
        ("first", ctypes.c_uint8),
        ("count", ctypes.c_uint8),
        ("step", ctypes.c_uint8),
        ("before_ms", ctypes.c_uint32),
        ("units_per_ms", ctypes.c_uint32),
        ("in_run", ctypes.c_bool),
        ("timestamp", ctypes.c_uint32),
        ("next_tick", ctypes.c_uint32),
    )


class CDigits(ctypes.Structure):
    _fields_ = (("events", ctypes.c_uint8 * SENT_AT_ONCE), ("count", ctypes.c_uint8), ("ms", ctypes.c_uint16))


def sent(keys: str, first_timestamp: int) -> list[tuple[int, RtpPacket]]:
    """What the engine sends for these keys, and when (µs)."""
    sender, event = CSender(units_per_ms=8), CEvent()
    digits = CDigits((ctypes.c_uint8 * SENT_AT_ONCE)(*map(KEYS.index, keys)), len(keys))
    assert c_library().dtmf_sender_add(ctypes.byref(sender), ctypes.byref(digits), 1) == 0
    packets: list[tuple[int, RtpPacket]] = []
    timestamp = (first_timestamp - 1600) % 2**32
    tick = 0
    while sender.count:
        tick += 1
        assert tick <= TICKS_MOST, "the sender does not come to an end: is its struct still the one above?"
        action = c_library().dtmf_sender_step(
            ctypes.byref(sender), ctypes.c_uint32(tick), ctypes.byref(event)
        )
        if action == FIRST:
            timestamp = (timestamp + 1600) % 2**32
        if action != WAIT:
            payload = TelephoneEvent(event.event, event.duration, event.end, event.volume).serialize()
            sequence = len(packets) % 2**16
            packets.append((tick * TICK_US, RtpPacket(101, sequence, timestamp, 7, payload, action == FIRST)))
    return packets


def heard(detector: KeyDetector | CDetector, arrivals: list[tuple[int, RtpPacket]]) -> list[KeyPress]:
    """What a receiver tells that looks at its clock each tick."""
    told, now = [], 0
    for at, packet in arrivals:
        while now + TICK_US <= at:
            now += TICK_US
            told += [press for press in [detector.expire(now)] if press]
        told += detector.receive(packet, at)
    return told + [press for press in [detector.expire(now + 10**6)] if press]


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3, 0.6])
def test_every_key_of_which_a_packet_arrives_is_told_once(loss: float) -> None:
    lost_keys = pressed = 0
    for seed in range(60):
        chance = random.Random(seed)
        keys = "".join(chance.choices(KEYS, k=SENT_AT_ONCE))
        arrivals: list[tuple[int, RtpPacket]] = []
        begin = chance.choice([0, 12345, 2**32 - 8000])
        for at, packet in sent(keys, begin):
            # Reordered among its neighbours, not into the next key: delays differ by less than the pause.
            copies = 0 if chance.random() < loss else 1 + (chance.random() < 0.2)
            arrivals += [(at + chance.randrange(50_000), packet) for _ in range(copies)]
        arrivals.sort(key=lambda arrival: arrival[0])
        arrived = {packet.timestamp for _, packet in arrivals}
        expected = [key for number, key in enumerate(keys) if (begin + 1600 * number) % 2**32 in arrived]
        for detector in (KeyDetector(), CDetector()):
            assert [press.key for press in heard(detector, arrivals)] == expected, f"seed {seed}"
        lost_keys += len(keys) - len(arrived)
        pressed += len(keys)
    # All seven packets of a press: at 30% one in 4,600.
    assert lost_keys / pressed <= 3 * loss**7 + 0.001
