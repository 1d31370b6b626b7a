"""Jitter buffer and ear on random networks: what must hold whatever comes, and an hour of unlike clocks."""

import ctypes
import os
import random
from dataclasses import dataclass

import pytest

from tests.codecs import table
from tests.engine.build import c_library
from tests.engine.jitter_bench import LOST, PACKET, TICK_MS, Buffer, Piece, RtpPacketC

SEEDS = range(200 if "SOAK" in os.environ else 12)
DELAY_MS_MAX = 500


@dataclass
class Network:
    """Packets with their arrival, in its order."""

    arrivals: list[tuple[float, int]]
    ptime_ms: int


def network(seed: int, packets: int = 1500) -> Network:
    chance = random.Random(seed)
    ptime_ms = chance.choice([10, 20, 30, 40, 60])
    loss, twice = chance.choice([0, 0.01, 0.1]), chance.choice([0, 0.02])
    jitter_ms, spike = chance.choice([0, 5, 30, 80]), chance.choice([0, 0.003])
    arrivals = []
    stalled_until = 0.0
    for number in range(packets):
        sent_ms = number * ptime_ms
        if chance.random() < spike:
            stalled_until = sent_ms + chance.uniform(50, 400)
        for _ in range(2 if chance.random() < twice else 1):
            if chance.random() >= loss:
                at_ms = max(sent_ms + 30 + chance.expovariate(1) * jitter_ms, stalled_until)
                arrivals.append((at_ms, number))
    return Network(sorted(arrivals), ptime_ms)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_holds_on_any_network(seed: int) -> None:
    """Each packet at most once, in the order of time, not later than the bound; and each is counted."""
    path = network(seed)
    buffer = Buffer()
    units = path.ptime_ms * 8
    arrived: dict[int, float] = {}
    heard: list[int] = []
    now_ms = 0.0
    waiting = list(reversed(path.arrivals))
    accepted = 0

    def hear(verdict: int, piece: Piece) -> None:
        assert piece.units > 0
        assert verdict in (PACKET, LOST) or piece.units == 80
        if verdict == PACKET:
            heard.append(int.from_bytes(piece.payload[:8], "big"))
            assert now_ms - arrived[heard[-1]] <= DELAY_MS_MAX + TICK_MS

    first = 2**16 - 300
    while waiting or now_ms < path.arrivals[-1][0] + 1000:
        while waiting and waiting[-1][0] <= now_ms:
            at_ms, number = waiting.pop()
            arrived.setdefault(number, at_ms)
            now_us = 1_000_000 + int(at_ms * 1000)
            accepted += buffer.put(first + number, 2**32 - 5000 + number * units, units, now_us, name=number)
        buffer.tick(hear)
        now_ms += TICK_MS
    counts = buffer.counts()
    assert heard == sorted(set(heard)), f"seed {seed}"
    assert accepted == counts["packets"] == len(heard) + counts["discarded"]
    assert len(path.arrivals) == accepted + counts["late"] + counts["duplicates"]
    assert 10 <= counts["target_ms"] <= 300
    assert counts["resets"] == 0


class Ear:
    """`struct ear` for G.711 A-law."""

    def __init__(self) -> None:
        self._c = c_library()
        self._c.ear_bytes.restype = ctypes.c_size_t
        self._c.jitter_excess.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64]
        self._c.ear_put.argtypes = [ctypes.c_void_p, ctypes.POINTER(RtpPacketC), ctypes.c_uint64]
        self._c.ear_take.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
        codec = ctypes.byref(table.codec(table.PCMA).entry)
        self._memory = (ctypes.c_uint64 * (self._c.ear_bytes(codec) // 8 + 1))()
        self.at = ctypes.addressof(self._memory)
        self._c.ear_init(ctypes.c_void_p(self.at), codec)
        self._packet = RtpPacketC(ssrc=1)

    def put(self, number: int, payload: bytes, now_us: int) -> None:
        packet = self._packet
        packet.payload, packet.payload_bytes = payload, len(payload)
        packet.sequence, packet.timestamp = number % 2**16, number * len(payload) % 2**32
        self._c.ear_put(self.at, ctypes.byref(packet), now_us)

    def take(self, now_us: int) -> None:
        self._c.ear_take(self.at, now_us)

    def counts(self) -> list[int]:
        """In the order of `struct ear_counts`."""
        counts = (ctypes.c_uint64 * 12)()
        self._c.ear_counts(ctypes.c_void_p(self.at), counts)
        return list(counts)

    def excess_ms(self, now_us: int) -> float:
        jitter = self._memory[1]
        return self._c.jitter_excess(jitter, 0, now_us) / 8


@pytest.mark.parametrize("drift_ppm", [200, -200])
def test_an_hour_of_a_clock_that_drifts(drift_ppm: int) -> None:
    """200 ppm are 720 ms in an hour: cut out or put in a few at a time, in pauses, with nothing lost."""
    speech, pause = table.codec(table.PCMA).encoder(), b"\xd5" * 160
    tone = [speech.encode([(i * 7919 % 8000) - 4000 for i in range(at, at + 160)]) for at in range(5)]
    chance = random.Random(drift_ppm)
    ear = Ear()
    minutes = 60
    packet_us = 20_000 * (1 - drift_ppm / 1e6)
    due_us, number, now_us = 1_000_000.0, 0, 1_000_000
    excess = []
    for tick in range(minutes * 6000):
        now_us += 10_000
        while due_us <= now_us:
            # Three seconds of speech, one of pause; up to 10 ms of jitter.
            payload = tone[number % 5] if number % 200 < 150 else pause
            ear.put(number, payload, int(due_us + chance.random() * 10_000))
            due_us += packet_us
            number += 1
        ear.take(now_us)
        if tick % 100 == 50:
            excess.append(ear.excess_ms(now_us))
    packets, late, duplicates, discarded, resets, *_ = ear.counts()
    concealed_ms, cut_ms, filled_ms = ear.counts()[9:12]
    assert packets == number
    assert late == duplicates == discarded == resets == 0
    # What the clocks differ by, and what the first target was above or below the last.
    assert cut_ms - filled_ms == pytest.approx(720 if drift_ppm > 0 else -720, abs=60)
    assert concealed_ms <= 720 * 0.1
    assert min(excess) > -45
    assert max(excess[10:]) < 45
