"""Anything may arrive at an RTP port: the parsers agree on it, and the engine goes on serving its calls.

`SOFTSWITCH_FUZZ_EXAMPLES` says how many inputs; `SOFTSWITCH_FUZZ_SEED` replays one run of the live engine.
"""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.engine import DropReason
from switch.media.commands import (
    Bridge,
    CloseStream,
    Command,
    Detector,
    OpenStream,
    Play,
    SendDigits,
    StartDetection,
    StopDetection,
    StopPlay,
    Unbridge,
    Unmix,
    UpdateStream,
    conference,
)
from switch.media.events import PlayFinished, StreamClosed
from switch.media.plan import Codec
from switch.rtp import RtpError, RtpPacket, TelephoneEvent
from tests.engine.bench import DTMF, Bench, Peer, pcm, until
from tests.rtp.test_packet import PACKETS
from tests.rtp.test_twin import c_parse, python_parse

EXAMPLES = int(os.environ.get("SOFTSWITCH_FUZZ_EXAMPLES", "150"))
PATIENT = settings(deadline=None, max_examples=EXAMPLES)


@PATIENT
@given(
    PACKETS, st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=6), st.integers(0, 600)
)
def test_damaged_packets_have_one_verdict(
    packet: RtpPacket, damage: list[tuple[int, int]], length: int
) -> None:
    datagram = bytearray(packet.serialize())
    for at, value in damage:
        datagram[at % len(datagram)] = value
    cut = bytes(datagram[:length])
    assert c_parse(cut) == python_parse(cut)


@PATIENT
@given(st.binary(max_size=12))
def test_telephone_event_of_any_bytes(payload: bytes) -> None:
    try:
        event = TelephoneEvent.parse(payload)
    except RtpError:
        assert len(payload) < 4
        return
    assert event.event == payload[0]


def _datagram(randomness: random.Random) -> bytes:
    """RTP that is wrong somewhere, or was never right."""
    if randomness.random() < 0.2:
        return randomness.randbytes(randomness.randrange(3000))
    packet = RtpPacket(
        randomness.choice([0, 0, 0, 8, DTMF, DTMF, 13]),
        randomness.randrange(2**16),
        randomness.choice([0, 160, 2**31, 2**32 - 1]),
        randomness.choice([1, 2, randomness.randrange(2**32)]),
        randomness.randbytes(randomness.choice([0, 3, 4, 80, 160, 1400])),
        randomness.random() < 0.1,
    )
    datagram = bytearray(packet.serialize())
    if randomness.random() < 0.4:
        datagram[randomness.randrange(len(datagram))] = randomness.randrange(256)
    if randomness.random() < 0.2:
        datagram[0] = randomness.randrange(0x80, 0xC0)
    return bytes(
        datagram[: randomness.randrange(len(datagram) + 1)] if randomness.random() < 0.1 else datagram
    )


def _command(randomness: random.Random, bench: Bench, peer: Peer, playback: int) -> Command:
    slot, other = randomness.sample(range(2, 6), 2)
    plan = bench.plan(
        peer,
        randomness.choice(list(Codec)),
        dtmf_payload_type=randomness.choice([None, DTMF]),
        ptime_ms=randomness.choice([10, 20, 30, 60]),
        sends=randomness.random() < 0.8,
        receives=randomness.random() < 0.8,
        symmetric=randomness.random() < 0.5,
        remote_port=randomness.choice([0, peer.port, bench.engine.slots[other].port]),
    )
    commands: list[Command] = [
        UpdateStream(slot, plan),
        Bridge(slot, other),
        Unbridge(slot),
        Play(slot, playback, ("a", "b"), loop=randomness.random() < 0.5),
        StopPlay(slot),
        SendDigits(slot, "12", randomness.choice([0, 40, 100, 70_000])),
        StartDetection(slot, randomness.choice(list(Detector)) | randomness.choice(list(Detector))),
        StopDetection(slot, randomness.choice(list(Detector))),
        conference(1, (slot, other)),
        Unmix(1),
    ]
    return randomness.choice(commands)


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("SOFTSWITCH_FUZZ_SEED", random.SystemRandom().randrange(2**32)))


def test_live_engine_under_noise(seed: int) -> None:
    """Noise at every port and commands in any order; beside it two phones talk and lose nothing."""
    print(f"replay with SOFTSWITCH_FUZZ_SEED={seed}")
    randomness = random.Random(seed)
    bench = Bench(6, threads=randomness.randint(1, 3))
    bench.engine.add_clip("a", pcm(*[1000] * 300))
    bench.engine.add_clip("b", pcm(*[-1000] * 77))
    left, right = bench.bridge()
    noise = Peer()
    bench.peers.append(noise)
    opened: set[int] = set()
    plays = turns = 0
    for turns in range(EXAMPLES * 2):
        for _ in range(randomness.randrange(8)):
            slot = randomness.choice(bench.engine.slots)
            noise.socket.sendto(_datagram(randomness), ("127.0.0.1", slot.port + randomness.randrange(2)))
        slot_number = randomness.randrange(2, 6)
        if slot_number not in opened:
            bench.engine.submit(OpenStream(slot_number, bench.plan(noise)))
            opened.add(slot_number)
        elif randomness.random() < 0.05:
            bench.engine.submit(CloseStream(slot_number))
            bench.wait_for(StreamClosed)
            opened.remove(slot_number)
        command = _command(randomness, bench, noise, turns)
        plays += bench.engine.submit(command) and isinstance(command, Play)
        payload = randomness.randbytes(160)
        left.send(payload)
        assert right.receive().payload == payload
        bench.poll()
    for slot_number in range(6):
        if slot_number < 2 or slot_number in opened:
            bench.engine.submit(CloseStream(slot_number))

    def idle() -> bool:
        """Each thread has done what it was told; one may be done with its streams before another."""
        told = bench.poll()
        stats = bench.engine.stats()
        return not told and stats.streams_open == stats.commands_waiting == stats.events_waiting == 0

    until(idle, "all are closed")
    bench.poll()
    assert sum(isinstance(event, PlayFinished) for event in bench.events) == plays
    stats = bench.engine.stats()
    assert stats.dropped(DropReason.MALFORMED) > 0
    bench.close()
