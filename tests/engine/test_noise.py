"""Comfort noise (RFC 3389) where it was agreed on: passed on, and made for the silence of what we send."""

from itertools import pairwise

import numpy as np
import pytest

from switch.engine import DropReason
from switch.media.commands import Bridge, Play
from switch.media.plan import Codec
from switch.rtp import RtpPacket
from tests.codecs import table
from tests.engine.bench import Bench, Peer

CN = 13
QUIET = 3
"""Amplitude: far below speech, and no digital silence."""


def say(peer: Peer, samples: np.ndarray) -> None:
    """L16 at 8 kHz, at the pace of speech."""
    for at in range(0, len(samples) - 159, 160):
        payload = samples[at : at + 160].astype(">i2").tobytes()
        peer.send(payload, timestamp=peer.timestamp)
        peer.timestamp += 160 - len(payload)
        peer.pause(20)


def speech(ms: int) -> np.ndarray:
    return 5000 * np.sin(np.arange(8 * ms) / 3)


def room(ms: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, QUIET, 8 * ms)


def kinds(packets: list[RtpPacket]) -> str:
    return "".join("n" if packet.payload_type == CN else "." for packet in packets)


@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.G722])
def test_silence_is_described_and_not_sent(bench: Bench, codec: Codec) -> None:
    """Section 4.1: the payload type beside the codec, time on its clock; at once, and again now and then."""
    one = bench.open(0, Codec.L16_8K)
    other = bench.open(1, codec, noise_payload_type=CN)
    bench.submit(Bridge(0, 1))
    say(one, np.concatenate([speech(200), room(1200), speech(200)]))
    packets = other.receive_all()
    told = kinds(packets)
    first = told.index("n")
    last = told.index(".", first) - 1
    assert 10 <= first <= 25
    assert 2 <= last + 1 - first <= 4
    assert len(packets) < 60, "a second of silence is not sent"
    noise = packets[first]
    level = noise.payload[0]
    assert abs(level - 20 * np.log10(32768 / QUIET)) < 4
    assert len(noise.payload) == (7 if codec is Codec.PCMU else 1)
    assert packets[last + 1].marker
    assert not any(packet.marker for packet in packets[1:first])
    assert {(b.sequence - a.sequence) % 2**16 for a, b in pairwise(packets)} == {1}
    gap = (packets[last + 1].timestamp - packets[first - 1].timestamp) % 2**32
    assert 8 * 800 <= gap <= 8 * 1400


def test_who_did_not_agree_gets_the_silence_itself(bench: Bench) -> None:
    one, other = bench.bridge(Codec.L16_8K, Codec.PCMU)
    say(one, np.concatenate([speech(100), room(600)]))
    packets = other.receive_all()
    assert len(packets) > 30
    assert set(kinds(packets)) == {"."}


def test_noise_of_one_is_passed_on_to_another_that_takes_it(bench: Bench) -> None:
    """By its own number, in the sequence and on the clock of the rest."""
    left = bench.open(0, noise_payload_type=CN)
    right = bench.open(1, Codec.PCMA, noise_payload_type=98)
    bench.submit(Bridge(0, 1))
    left.send(b"\x55" * 160)
    left.send(b"\x3f\x80", payload_type=CN)
    left.timestamp += 1598
    left.send(b"\x55" * 160, marker=True)
    first, noise, last = right.receive_all()
    assert (noise.payload_type, noise.payload) == (98, b"\x3f\x80")
    assert (noise.timestamp - first.timestamp) % 2**32 == 160
    assert (last.timestamp - first.timestamp) % 2**32 == 160 + 1600
    assert [noise.sequence, last.sequence] == [(first.sequence + n) % 2**16 for n in (1, 2)]
    assert last.marker


def test_noise_for_one_that_takes_none_is_dropped_without_a_gap(bench: Bench) -> None:
    left = bench.open(0, noise_payload_type=CN)
    right = bench.open(1)
    bench.submit(Bridge(0, 1))
    left.send(b"\x55" * 160)
    left.send(b"\x3f", payload_type=CN)
    left.send(b"\x55" * 160)
    first, last = right.receive_all()
    assert last.sequence == (first.sequence + 1) % 2**16
    assert bench.engine.stats().dropped(DropReason.PAYLOAD_TYPE) == 1


def test_a_prompt_s_pauses_are_described_too(bench: Bench) -> None:
    peer = bench.open(0, Codec.G722, noise_payload_type=CN)
    table.codec(table.G722)
    prompt = np.concatenate([speech(200), np.zeros(8 * 800), speech(200)]).astype("<i2")
    bench.engine.add_clip("prompt", prompt.tobytes())
    bench.submit(Play(0, 1, ("prompt",)))
    told = kinds(peer.receive_all(0.9))
    assert 1 <= told.count("n") <= 3
    assert len(told) < 40
