"""Clips are heard without a gap, at their pace, in the stream's law; and each Play is answered once."""

from itertools import pairwise

import numpy as np
import pytest

from switch.media.commands import (
    Bridge,
    CloseStream,
    PacePlay,
    Play,
    SendDigits,
    Steering,
    SteerPlay,
    StopPlay,
    UpdateStream,
)
from switch.media.events import PlayFinished
from switch.media.plan import Codec
from tests.engine.bench import Bench, pcm

# G.711's own codes for these two levels, by the tables of the recommendation.
LEVELS = {Codec.PCMU: {0: 0xFF, 8316: 0x9F}, Codec.PCMA: {0: 0xD5, 32256: 0xAA}}


def ramp(samples: int) -> bytes:
    return np.linspace(-20000, 20000, samples).astype("<i2").tobytes()


def test_clips_join_without_a_gap(bench: Bench) -> None:
    whole, parts = bench.open(0), bench.open(1)
    clip = ramp(2000)
    bench.engine.add_clip("whole", clip)
    bench.engine.add_clip("head", clip[:1234])
    bench.engine.add_clip("tail", clip[1234:])
    bench.submit(Play(0, 1, ("whole",)), Play(1, 2, ("head", "tail")))
    heard = [b"".join(packet.payload for packet in peer.receive_all()) for peer in (whole, parts)]
    assert heard[0] == heard[1]
    assert len(heard[0]) == 13 * 160
    assert heard[0][2000:] == b"\xff" * 80
    assert {bench.wait_for(PlayFinished), bench.wait_for(PlayFinished)} == {
        PlayFinished(0, 1, completed=True),
        PlayFinished(1, 2, completed=True),
    }


@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.PCMA])
def test_each_law_hears_its_own_codes(bench: Bench, codec: Codec) -> None:
    peer = bench.open(0, codec)
    level, code = list(LEVELS[codec].items())[1]
    bench.engine.add_clip("tone", pcm(*[level] * 80, *[0] * 80))
    bench.submit(Play(0, 1, ("tone",)))
    packet = peer.receive()
    assert packet.payload_type == codec
    assert packet.payload == bytes([code]) * 80 + bytes([LEVELS[codec][0]]) * 80


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 60])
def test_pace_and_header(bench: Bench, ptime_ms: int) -> None:
    peer = bench.open(0, ptime_ms=ptime_ms)
    bench.engine.add_clip("ramp", ramp(8 * ptime_ms * 10))
    bench.submit(Play(0, 1, ("ramp",)))
    packets = peer.receive_all(0)
    for _ in range(9):
        bench.wait(ptime_ms)
        packets += peer.receive_all(0)
    assert len(packets) == 10
    assert [packet.marker for packet in packets] == [True] + [False] * 9
    assert {len(packet.payload) for packet in packets} == {8 * ptime_ms}
    for before, after in pairwise(packets):
        assert after.sequence == (before.sequence + 1) % 2**16
        assert after.timestamp == (before.timestamp + 8 * ptime_ms) % 2**32
    assert bench.wait_for(PlayFinished) == PlayFinished(0, 1, completed=True)
    assert peer.receive_all(0.05) == []


def test_only_the_last_clip_loops(bench: Bench) -> None:
    peer = bench.open(0)
    bench.engine.add_clip("once", pcm(*[8316] * 160))
    bench.engine.add_clip("music", pcm(*[0] * 100))
    bench.submit(Play(0, 1, ("once", "music"), loop=True))
    packets = [peer.receive() for _ in range(10)]
    assert [packet.payload[0] for packet in packets] == [0x9F] + [0xFF] * 9
    bench.submit(StopPlay(0))
    assert bench.wait_for(PlayFinished) == PlayFinished(0, 1, completed=False)
    peer.receive_all(0.05)
    assert bench.poll() == []


def test_every_play_is_answered_once(bench: Bench) -> None:
    bench.open(0)
    bench.engine.add_clip("long", ramp(80000))
    bench.submit(Play(0, 1, ("long",)), Play(0, 2, ("long",)), Play(0, 3, ()), Play(0, 4, ("long",)))
    bench.submit(StopPlay(0), StopPlay(0), Play(0, 5, ("long",)), CloseStream(0), Play(0, 6, ("long",)))
    answers = [bench.wait_for(PlayFinished) for _ in range(6)]
    assert [(answer.playback, answer.completed) for answer in answers] == [
        (1, False),
        (2, False),
        (3, True),
        (4, False),
        (5, False),
        (6, False),
    ]


def test_playback_overrides_a_bridge_one_way_until_it_ends(bench: Bench) -> None:
    caller, agent = bench.bridge()
    bench.engine.add_clip("tone", pcm(*[8316] * 800))
    bench.submit(Play(0, 1, ("tone",)))
    first = caller.receive()
    agent.send(b"\x11" * 160)
    caller.send(b"\x22" * 160)
    assert agent.receive().payload == b"\x22" * 160
    rest = [caller.receive() for _ in range(4)]
    assert all(packet.payload == b"\x9f" * 160 for packet in [first, *rest])
    bench.wait_for(PlayFinished)
    agent.send(b"\x33" * 160)
    after = caller.receive()
    assert after.payload == b"\x33" * 160
    assert after.marker
    assert after.ssrc == first.ssrc
    assert after.sequence == (rest[-1].sequence + 1) % 2**16
    assert 160 <= (after.timestamp - rest[-1].timestamp) % 2**32 < 8000


def test_packets_of_a_held_partner_do_not_disturb_music(bench: Bench) -> None:
    caller, agent = bench.bridge()
    bench.submit(UpdateStream(1, bench.plan(agent, receives=False)))
    bench.engine.add_clip("music", ramp(8000))
    bench.submit(Play(0, 1, ("music",), loop=True))
    packets = []
    for _ in range(10):
        agent.send()
        packets.append(caller.receive())
    assert [packet.marker for packet in packets] == [True] + [False] * 9
    assert {(after.timestamp - before.timestamp) % 2**32 for before, after in pairwise(packets)} == {160}


def test_time_goes_on_while_held(bench: Bench) -> None:
    peer = bench.open(0, sends=False)
    bench.engine.add_clip("ramp", ramp(1600))
    bench.submit(Play(0, 1, ("ramp",)))
    bench.wait(150)
    assert bench.poll() == []
    bench.wait(60)
    assert bench.poll() == [PlayFinished(0, 1, completed=True)]
    assert peer.receive_all(0) == []


def test_new_codec_in_mid_playback(bench: Bench) -> None:
    peer = bench.open(0)
    bench.engine.add_clip("silence", pcm(*[0] * 4000))
    bench.submit(Play(0, 1, ("silence",)))
    assert peer.receive().payload == b"\xff" * 160
    bench.submit(UpdateStream(0, bench.plan(peer, Codec.PCMA)))
    codes = {(packet.payload_type, packet.payload[0]) for packet in peer.receive_all()}
    assert (8, 0xD5) in codes
    assert codes <= {(0, 0xFF), (8, 0xD5)}


def test_keys_interrupt_a_playback_and_nothing_of_it_is_lost(bench: Bench) -> None:
    peer = bench.open(0)
    clip = ramp(1600)
    bench.engine.add_clip("ramp", clip)
    bench.submit(Play(0, 1, ("ramp",)))
    bench.submit(SendDigits(0, "5"))
    packets = peer.receive_all(0.3)
    audio = [packet for packet in packets if packet.payload_type == 0]
    assert len(audio) == 10
    assert len(packets) == 17
    assert [packet.sequence for packet in packets] == [(packets[0].sequence + n) % 2**16 for n in range(17)]


def test_silence_sends_nothing(bench: Bench) -> None:
    peer = bench.open(0)
    other = bench.open(1)
    bench.submit(Bridge(0, 1))
    assert peer.receive_all(0.1) == other.receive_all(0) == []


def test_a_replaced_clip_is_heard_from_the_next_play_on(bench: Bench) -> None:
    peer = bench.open(0)
    bench.engine.add_clip("prompt", pcm(*[8316] * 480))
    bench.submit(Play(0, 1, ("prompt",)))
    bench.engine.add_clip("prompt", pcm(*[0] * 160))
    assert {packet.payload[0] for packet in peer.receive_all()} == {0x9F}
    bench.submit(Play(0, 2, ("prompt",)))
    assert {packet.payload[0] for packet in peer.receive_all()} == {0xFF}


def test_it_pauses_and_goes_on_where_it_was(bench: Bench) -> None:
    peer, whole = bench.open(0), bench.open(1)
    bench.engine.add_clip("ramp", ramp(160 * 20))
    bench.submit(Play(1, 1, ("ramp",)), Play(0, 1, ("ramp",)))
    before = [peer.receive() for _ in range(3)]
    bench.submit(SteerPlay(0, 1, Steering.PAUSE))
    before += peer.receive_all(0.15)
    bench.submit(SteerPlay(0, 1, Steering.RESUME))
    after = peer.receive_all()
    assert 3 <= len(before) < 10
    assert [packet.payload for packet in before + after] == [packet.payload for packet in whole.receive_all()]
    assert after[0].marker
    assert (after[0].timestamp - before[-1].timestamp) % 2**32 >= 160 * 7, "time has passed all the same"


def test_it_goes_elsewhere_in_its_queue(bench: Bench) -> None:
    peer = bench.open(0)
    bench.engine.add_clip("head", pcm(*[4000] * 1600))
    bench.engine.add_clip("tail", pcm(*[8000] * 1600))
    bench.submit(Play(0, 1, ("head", "tail")), SteerPlay(0, 1, Steering.SEEK, 300))
    heard = b"".join(packet.payload for packet in peer.receive_all())
    assert len(set(heard)) == 1, "the second clip alone"
    assert len(heard) <= 1600 - 800 + 160
    bench.wait_for(PlayFinished)
    bench.submit(Play(0, 2, ("head", "tail")), SteerPlay(0, 2, Steering.SEEK, 200))
    bench.submit(SteerPlay(0, 2, Steering.SKIP, -150))
    again = b"".join(packet.payload for packet in peer.receive_all())
    assert len(set(again) - {0xFF}) == 2, "back in the first"
    assert bench.wait_for(PlayFinished).completed
    bench.submit(Play(0, 3, ("head",)), SteerPlay(0, 3, Steering.SEEK, 60_000))
    assert bench.wait_for(PlayFinished) == PlayFinished(0, 3, completed=True)


def test_steering_what_has_ended_is_harmless(bench: Bench) -> None:
    bench.open(0)
    before = bench.engine.stats().commands_ignored
    bench.submit(SteerPlay(0, 9, Steering.PAUSE))
    assert bench.engine.stats().commands_ignored == before + 1


def test_a_clip_that_is_nobodys_any_more_is_freed_and_its_number_used_again(bench: Bench) -> None:
    """Messages of mailboxes: a thousand of them fit where the catalogue has room for far fewer."""
    peer = bench.open(0)
    bench.engine.add_clip("kept", pcm(*[8316] * 160))
    for number in range(1_000):
        name = f"mail:{number}"
        bench.engine.add_clip(name, pcm(*[number] * 160), shared=False)
        assert bench.engine.has_clip(name)
        bench.engine.drop_clip(name)
        assert not bench.engine.has_clip(name)
    bench.engine.add_clip("last", pcm(*[8316] * 160), shared=False)
    bench.submit(Play(0, 1, ("kept", "last")))
    assert [peer.receive().payload for _ in range(2)] == [b"\x9f" * 160] * 2
    with pytest.raises(KeyError):
        bench.engine.drop_clip("mail:5")


def tone(hertz: float, seconds: float) -> bytes:
    times = np.arange(int(8000 * seconds)) / 8000
    return (4000 * np.sin(2 * np.pi * hertz * times)).astype("<i2").tobytes()


def loudest_hertz(codes: bytes) -> float:
    samples = np.asarray([ulaw_value(code) for code in codes], float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * 8000 / len(samples)


def ulaw_value(code: int) -> int:
    """ITU-T G.711, table 2a, as its decoder output."""
    code = ~code & 0xFF
    magnitude = (((code & 15) * 2 + 33) << (code >> 4 & 7)) - 33
    return -4 * magnitude if code & 0x80 else 4 * magnitude


@pytest.mark.parametrize("speed", [50, 200])
def test_another_speed_at_the_same_pitch(bench: Bench, speed: int) -> None:
    peer = bench.open(0)
    bench.engine.add_clip("tone", tone(440, 0.6))
    bench.submit(Play(0, 1, ("tone",), speed_percent=speed))
    heard = b"".join(packet.payload for packet in peer.receive_all())
    assert abs(len(heard) / 8 - 600 * 100 / speed) <= 40
    assert loudest_hertz(heard) == pytest.approx(440, abs=8)
    assert bench.wait_for(PlayFinished) == PlayFinished(0, 1, completed=True)


def test_louder_saturates_and_softer_is_exact(bench: Bench) -> None:
    peer = bench.open(0)
    bench.engine.add_clip("step", pcm(*[8000] * 160))
    bench.submit(Play(0, 1, ("step",), volume_db=-20))
    assert {abs(ulaw_value(code) - 800) <= 16 for code in peer.receive().payload} == {True}
    bench.wait_for(PlayFinished)
    bench.submit(Play(0, 2, ("step",), volume_db=20))
    assert set(peer.receive().payload) == {0x80}, "the highest code there is"
    bench.wait_for(PlayFinished)
    bench.submit(Play(0, 3, ("step",)))
    assert {abs(ulaw_value(code) - 8000) <= 128 for code in peer.receive().payload} == {True}


@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.L16_8K, Codec.G722])
def test_its_own_speed_again_goes_on_where_it_was(bench: Bench, codec: Codec) -> None:
    """In the middle: faster, then as it was; and it ends, once."""
    peer = bench.open(0, codec)
    bench.engine.add_clip("tone", tone(300, 0.5))
    bench.submit(Play(0, 1, ("tone", "tone")))
    peer.receive()
    bench.submit(PacePlay(0, 1, 200, 0))
    peer.receive()
    bench.submit(PacePlay(0, 1, 100, 6), SteerPlay(0, 1, Steering.SKIP, 400))
    assert bench.wait_for(PlayFinished) == PlayFinished(0, 1, completed=True)
    assert len(peer.receive_all()) <= 50 - 20
    before = bench.engine.stats().commands_ignored
    bench.submit(PacePlay(0, 1, 100, 0))
    assert bench.engine.stats().commands_ignored == before + 1


def test_a_pace_out_of_range_is_refused(bench: Bench) -> None:
    bench.open(0)
    bench.engine.add_clip("once", pcm(*[0] * 160))
    for command in (
        Play(0, 1, ("once",), speed_percent=49),
        Play(0, 1, ("once",), volume_db=21),
        PacePlay(0, 1, 201, 0),
        PacePlay(0, 1, 100, -21),
    ):
        with pytest.raises(ValueError, match="out of range"):
            bench.engine.submit(command)
