"""Streams whose codecs differ are bridged by sound; what a codec has no packets for is made of sound too."""

from itertools import pairwise

import numpy as np
import pytest

from switch.media.commands import Bridge, Play, SendDigits, UpdateStream
from switch.media.events import DigitReceived, PlayFinished
from switch.media.plan import Codec
from switch.rtp import RtpPacket, TelephoneEvent
from tests.codecs import table
from tests.engine.bench import DTMF, Bench, Peer

CLOCK = {Codec.OPUS: 48000, Codec.L16_16K: 16000}
"""Of RTP timestamps, where it is not 8000 (RFC 3551 table 4, RFC 7587 section 4.1)."""
RATE = {Codec.G722: 16000, Codec.OPUS: 16000, Codec.L16_16K: 16000}
PAIRS = [
    (Codec.PCMU, Codec.L16_8K),
    (Codec.L16_16K, Codec.PCMA),
    (Codec.PCMA, Codec.G722),
    (Codec.G722, Codec.PCMU),
    (Codec.G722, Codec.L16_16K),
    (Codec.OPUS, Codec.PCMU),
    (Codec.PCMA, Codec.OPUS),
    (Codec.OPUS, Codec.G722),
]


def tone(hz: float, codec: Codec, ms: int, level: int = 8000) -> np.ndarray:
    rate = RATE.get(codec, 8000)
    return (level * np.sin(2 * np.pi * hz * np.arange(rate * ms // 1000) / rate)).astype(np.int16)


def coder(codec: Codec) -> table.Codec:
    return table.codec(int(codec), 16000 if codec is Codec.OPUS else 0)


def say(peer: Peer, codec: Codec, samples: np.ndarray, ms: int = 20) -> None:
    """Sends the samples at the pace of speech."""
    encoder = coder(codec).encoder()
    count = RATE.get(codec, 8000) * ms // 1000
    for at in range(0, len(samples) - count + 1, count):
        payload = encoder.encode(samples[at : at + count])
        peer.send(payload, timestamp=peer.timestamp)
        peer.timestamp += CLOCK.get(codec, 8000) * ms // 1000 - len(payload)
        peer.pause(ms)


def hear(peer: Peer, codec: Codec, packets: list[RtpPacket] | None = None) -> np.ndarray:
    """What the peer was sent, decoded; the headers are looked at."""
    packets = peer.receive_all() if packets is None else packets
    assert packets, "nothing was heard"
    assert {packet.payload_type for packet in packets} == {peer.payload_type}
    assert len({packet.ssrc for packet in packets}) == 1
    decoder = coder(codec).decoder()
    decoded = [decoder.decode(packet.payload) for packet in packets]
    units = CLOCK.get(codec, 8000) // 1000 * 1000 // RATE.get(codec, 8000)
    assert packets[0].marker
    for (packet, samples), (later, _) in pairwise(zip(packets, decoded, strict=True)):
        assert later.sequence == (packet.sequence + 1) % 2**16
        if not later.marker:
            lasts = len(samples) * CLOCK.get(codec, 8000) // RATE.get(codec, 8000)
            assert (later.timestamp - packet.timestamp) % 2**32 == lasts, units
    return np.concatenate(decoded)


def purity(samples: np.ndarray, hz: float, rate: int) -> tuple[float, float]:
    """The share of power within 15 Hz of a frequency, and that tone's amplitude."""
    windowed = samples * np.hanning(len(samples))
    power = np.abs(np.fft.rfft(windowed)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    near = np.abs(frequencies - hz) < 15
    amplitude = np.sqrt(2 * np.mean(samples.astype(float) ** 2) * power[near].sum() / power.sum())
    return float(power[near].sum() / power.sum()), float(amplitude)


@pytest.mark.parametrize(("left", "right"), PAIRS, ids=lambda codec: codec.name)
def test_each_codec_is_heard_in_the_other(bench: Bench, left: Codec, right: Codec) -> None:
    coder(left)
    coder(right)
    one, other = bench.bridge(left, right)
    say(one, left, tone(700, left, 600))
    heard = hear(other, right)
    rate = RATE.get(right, 8000)
    middle = heard[rate // 5 : rate // 2]
    share, amplitude = purity(middle, 700, rate)
    assert share > 0.98
    assert 7000 < amplitude < 9000
    say(other, right, tone(1100, right, 600))
    rate = RATE.get(left, 8000)
    assert purity(hear(one, left)[rate // 5 : rate // 2], 1100, rate)[0] > 0.98


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 60])
def test_packets_are_made_anew_in_the_packet_time_that_was_agreed(bench: Bench, ptime_ms: int) -> None:
    one = bench.open(0, Codec.PCMU)
    other = bench.open(1, Codec.L16_8K, ptime_ms=ptime_ms)
    bench.submit(Bridge(0, 1))
    say(one, Codec.PCMU, tone(500, Codec.PCMU, 360), ms=30)
    packets = other.receive_all()
    assert {len(packet.payload) for packet in packets} == {16 * ptime_ms}
    hear(other, Codec.L16_8K, packets)


def test_a_codec_may_change_during_a_call(bench: Bench) -> None:
    """From a relay to transcoding and back, in one sender's sequence."""
    one, other = bench.bridge(Codec.PCMU, Codec.PCMU)
    one.send(b"\x55" * 160)
    relayed = other.receive()
    assert relayed.payload == b"\x55" * 160
    other.payload_type = 9
    bench.submit(UpdateStream(1, bench.plan(other, Codec.G722)))
    say(one, Codec.PCMU, tone(700, Codec.PCMU, 400))
    packets = other.receive_all()
    assert packets[0].sequence == (relayed.sequence + 1) % 2**16
    assert purity(hear(other, Codec.G722, packets)[3200:6400], 700, 16000)[0] > 0.98
    bench.submit(UpdateStream(1, bench.plan(other, Codec.PCMA)))
    one.send(b"\x55" * 160)
    back = other.receive()
    assert back.sequence == (packets[-1].sequence + 1) % 2**16
    assert back.marker
    assert back.ssrc == relayed.ssrc


def test_who_is_silent_for_a_second_stops(bench: Bench) -> None:
    one, other = bench.bridge(Codec.PCMU, Codec.L16_8K)
    say(one, Codec.PCMU, tone(700, Codec.PCMU, 200))
    first = other.receive_all(0.3)
    assert 50 <= len(first) <= 70  # 200 ms, and a second of silence
    assert not np.frombuffer(first[-1].payload, ">i2").any()
    one.timestamp += 8 * 1500
    say(one, Codec.PCMU, tone(700, Codec.PCMU, 200))
    second = other.receive_all(0.3)
    assert second[0].marker
    assert second[0].sequence == (first[-1].sequence + 1) % 2**16
    assert (second[0].timestamp - first[-1].timestamp) % 2**32 > 8 * 300


def test_hold_stops_what_is_transcoded(bench: Bench) -> None:
    one, other = bench.bridge(Codec.PCMU, Codec.L16_8K)
    bench.submit(UpdateStream(1, bench.plan(other, Codec.L16_8K, sends=False)))
    say(one, Codec.PCMU, tone(700, Codec.PCMU, 100))
    assert other.receive_all() == []
    bench.submit(UpdateStream(1, bench.plan(other, Codec.L16_8K)))
    say(one, Codec.PCMU, tone(700, Codec.PCMU, 100))
    assert other.receive_all(0.05)[0].marker


@pytest.mark.parametrize("codec", [Codec.G722, Codec.L16_8K, Codec.L16_16K, Codec.OPUS])
def test_clips_are_played_in_every_codec(bench: Bench, codec: Codec) -> None:
    coder(codec)
    peer = bench.open(0, codec)
    bench.engine.add_clip("tone", tone(900, Codec.PCMU, 400).tobytes())
    bench.submit(Play(0, 7, ("tone",)))
    heard = hear(peer, codec)
    rate = RATE.get(codec, 8000)
    assert abs(len(heard) - rate * 0.4) <= rate * 0.02
    assert purity(heard[rate // 10 : rate * 3 // 10], 900, rate)[0] > 0.98
    assert bench.wait_for(PlayFinished) == PlayFinished(0, 7, completed=True)


@pytest.mark.parametrize("codec", [Codec.G722, Codec.OPUS, Codec.L16_16K])
def test_a_clip_of_a_wider_band_is_heard_in_it(bench: Bench, codec: Codec) -> None:
    """And a narrow one behind it in the same playback; a telephone of 8 kHz hears both as ever."""
    coder(codec)
    wide, narrow = bench.open(0, codec), bench.open(1, Codec.PCMU)
    high = tone(5000, Codec.G722, 400)
    bench.engine.add_clip("wide", tone(1000, Codec.PCMU, 400).tobytes(), high.tobytes())
    bench.engine.add_clip("narrow", tone(900, Codec.PCMU, 405).tobytes())
    bench.submit(Play(0, 7, ("wide", "narrow")), Play(1, 8, ("wide", "narrow")))
    heard = hear(wide, codec)
    assert purity(heard[2000:6000], 5000, 16000)[0] > 0.95
    assert purity(heard[8000:12000], 900, 16000)[0] > 0.95
    assert purity(hear(narrow, Codec.PCMU)[800:3000], 1000, 8000)[0] > 0.98
    assert bench.wait_for(PlayFinished).completed


def test_a_playback_drowns_what_is_transcoded_and_gives_it_back(bench: Bench) -> None:
    one, other = bench.bridge(Codec.PCMU, Codec.G722)
    bench.engine.add_clip("tone", tone(1500, Codec.PCMU, 200).tobytes())
    bench.submit(Play(1, 1, ("tone",)))
    say(one, Codec.PCMU, tone(500, Codec.PCMU, 700))
    heard = hear(other, Codec.G722)
    assert purity(heard[800:2400], 1500, 16000)[0] > 0.98
    assert purity(heard[6400:9600], 500, 16000)[0] > 0.98


def test_keys_are_tones_where_there_are_no_events(bench: Bench) -> None:
    peer = bench.open(0, dtmf_payload_type=None)
    bench.submit(SendDigits(0, "51"))
    heard = hear(peer, Codec.PCMU)
    assert len(heard) == 2 * 1600
    for at, (row, column) in ((0, (770, 1336)), (1600, (697, 1209))):
        key = heard[at + 80 : at + 720]
        assert min(purity(key, row, 8000)[0], purity(key, column, 8000)[0]) > 0.3
        assert purity(key, row, 8000)[0] + purity(key, column, 8000)[0] > 0.9
        assert not heard[at + 840 : at + 1600].any()  # the codec keeps 30 samples back


def test_an_event_becomes_a_tone_for_a_partner_without_events(bench: Bench) -> None:
    left = bench.open(0)
    right = bench.open(1, dtmf_payload_type=None)
    bench.submit(Bridge(0, 1))
    for duration in (160, 320):
        left.send_key(5, 9000, duration)
    for _ in range(3):
        left.send_key(5, 9000, 800, end=True)
    heard = hear(right, Codec.PCMU)
    assert len(heard) == 1600
    assert purity(heard[80:720], 770, 8000)[0] > 0.3
    assert bench.wait_for(DigitReceived).digit == "5"
    left.send(b"\x55" * 160)
    assert right.receive().payload == b"\x55" * 160


@pytest.mark.parametrize(("held_ms", "heard_ms"), [(20, 40), (60, 60), (240, 240), (900, 900), (3000, 1300)])
def test_a_key_becomes_a_tone_as_long_as_it_was_held(bench: Bench, held_ms: int, heard_ms: int) -> None:
    left = bench.open(0)
    right = bench.open(1, dtmf_payload_type=None)
    bench.submit(Bridge(0, 1))
    left.send_key(5, 9000, 8 * held_ms, end=True)
    heard = hear(right, Codec.PCMU)
    assert len(heard) == 8 * (heard_ms + 100)
    loud = np.flatnonzero(np.abs(heard.astype(int)) > 500)
    assert abs(loud[-1] - loud[0] - 8 * heard_ms) < 8 * 8


def test_keys_are_sent_as_long_as_they_are_said_to_be(bench: Bench) -> None:
    peer = bench.open(0)
    bench.submit(SendDigits(0, "51", 300), SendDigits(0, "7"))
    packets = peer.receive_all(0.3)
    told = [(packet.timestamp, TelephoneEvent.parse(packet.payload)) for packet in packets]
    ends = dict.fromkeys((at, event.event, event.duration) for at, event in told if event.end)
    (first, *_), (second, *_), (third, *_) = ends
    assert [(event, duration) for _, event, duration in ends] == [(5, 2400), (1, 2400), (7, 800)]
    assert [(second - first) % 2**32, (third - second) % 2**32] == [3200, 3200]


def test_an_event_crosses_codecs_as_an_event(bench: Bench) -> None:
    left, right = bench.bridge(Codec.PCMU, Codec.L16_16K)
    say(left, Codec.PCMU, tone(500, Codec.PCMU, 100))
    for duration in (160, 320):
        left.send_key(5, left.timestamp, duration)
    for _ in range(3):
        left.send_key(5, left.timestamp, 800, end=True)
    events = [packet for packet in right.receive_all(0.3) if packet.payload_type == DTMF]
    told = [TelephoneEvent.parse(packet.payload) for packet in events]
    assert {event.event for event in told} == {5}
    assert [event.duration for event in told] == [320, 640, 960, 1280, 1600, 1600, 1600]
    assert len({packet.timestamp for packet in events}) == 1
