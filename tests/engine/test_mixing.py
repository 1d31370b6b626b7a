"""Rooms: each member hears the sum of whom it should hear, and nobody else."""

from pathlib import Path

import numpy as np
import pytest

from switch.media.commands import (
    Bridge,
    CloseStream,
    Member,
    Mix,
    OpenStream,
    Play,
    StartRecording,
    StopRecording,
    Supervising,
    Unmix,
    conference,
    supervised,
)
from switch.media.events import RecordingReason
from switch.media.plan import Codec, StreamPlan
from tests.engine.bench import Bench, Peer
from tests.engine.build import c_library
from tests.engine.test_recording import channels, encode, ended, likeness, talk, voice

SECONDS = 0.8
SAID = {slot: voice(20 + slot, SECONDS) for slot in range(3)}


def heard_by(peer: Peer) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What it was sent, in the order in which it came."""
    library = c_library()
    codes = b"".join(packet.payload for packet in peer.receive_all())
    decode = library.g711_alaw_decode if peer.payload_type == 8 else library.g711_ulaw_decode
    return np.array([decode(code) & 0xFFFF for code in codes], dtype=np.uint16).astype(np.int16).astype(float)


def everybody_speaks(peers: tuple[Peer, ...]) -> list[dict[int, float]]:
    """For each, how much of each voice is in what it heard."""
    for peer in peers:
        peer.receive_all(0.03)
    payloads = [encode(SAID[slot], Codec(peer.payload_type)) for slot, peer in enumerate(peers)]
    talk(*zip(peers, payloads, strict=True))
    rows = []
    for peer in peers:
        heard = heard_by(peer)
        rows.append(
            {
                slot: likeness(said[1200:-1200].astype(float), heard) if len(heard) > 4000 else 0.0
                for slot, said in SAID.items()
            }
        )
    return rows


@pytest.fixture
def peers(bench: Bench) -> tuple[Peer, ...]:
    c_library()
    return bench.open(0), bench.open(1, Codec.PCMA), bench.open(2)


def test_a_conference_of_three_hears_the_two_others(bench: Bench, peers: tuple[Peer, ...]) -> None:
    bench.submit(conference(1, (0, 1, 2)))
    for slot, row in enumerate(everybody_speaks(peers)):
        for other, much in row.items():
            if other == slot:
                assert abs(much) < 0.2, "nobody hears itself"
            else:
                assert much > 0.6, f"{slot} hears {other}: two equal voices have 0.71 each"
    bench.submit(Unmix(1))
    assert [list(row.values()) for row in everybody_speaks(peers)] == [[0.0] * 3] * 3


def test_levels_are_brought_together(bench: Bench, peers: tuple[Peer, ...]) -> None:
    quiet = (SAID[0] // 8).astype(np.int16)
    ratios = []
    for levels in (False, True):
        bench.submit(conference(1, (0, 1, 2), levels=levels))
        for _ in range(3):
            peers[2].receive_all(0.03)
            talk((peers[0], encode(quiet, Codec.PCMU)))
        heard = heard_by(peers[2])
        ratios.append(float(np.std(heard[2000:5000]) / np.std(quiet)))
    assert 0.9 < ratios[0] < 1.1
    assert ratios[1] > 1.4


@pytest.mark.parametrize("how", Supervising)
def test_a_supervisor_hears_both_and_is_heard_as_asked(
    bench: Bench, peers: tuple[Peer, ...], how: Supervising
) -> None:
    bench.submit(Bridge(0, 1), supervised(1, 0, 1, 2, how))
    customer, agent, supervisor = everybody_speaks(peers)
    assert min(supervisor[0], supervisor[1]) > 0.6
    assert customer[1] > 0.6
    assert agent[0] > 0.6
    assert (agent[2] > 0.5) == (how is not Supervising.LISTEN)
    assert (customer[2] > 0.5) == (how is Supervising.JOIN)
    if how is not Supervising.LISTEN:
        return
    # A talk that is only listened to is relayed as it was.
    payload = bytes(range(160))
    peers[0].send(payload)
    packets = [packet for packet in peers[1].receive_all() if len(packet.payload) == 160]
    assert packets, "relayed at arrival"


def test_who_leaves_is_not_heard_and_the_others_go_on(bench: Bench, peers: tuple[Peer, ...]) -> None:
    bench.submit(conference(1, (0, 1, 2)), CloseStream(1))
    rows = everybody_speaks(peers)
    assert rows[0][2] > 0.95
    assert rows[2][0] > 0.95
    bench.submit(CloseStream(0), CloseStream(2))


def test_a_prompt_is_heard_by_one_and_does_not_stop_the_room(bench: Bench, peers: tuple[Peer, ...]) -> None:
    bench.engine.add_clip("joined", voice(50, 0.4).tobytes())
    bench.submit(conference(1, (0, 1, 2)), Play(0, 1, ("joined",)))
    rows = everybody_speaks(peers)
    assert rows[1][0] > 0.6
    assert rows[0][1] > 0.3, "after the prompt"


def test_rooms_of_members_that_are_gone_and_of_nobody_are_harmless(bench: Bench) -> None:
    bench.open(0)
    bench.submit(conference(1, (0, 1, 2)), conference(1, (0, 1)), Mix(2, ()), Unmix(2), Unmix(3))
    bench.submit(CloseStream(0))
    bench.wait(50)
    bench.submit(Unmix(1))


def test_voices_of_different_bands_are_mixed(bench: Bench, peers: tuple[Peer, ...]) -> None:
    wide = bench.open(3, Codec.G722)
    bench.submit(conference(1, (0, 3)))
    talk((peers[0], encode(SAID[0], Codec.PCMU)))
    assert sum(len(packet.payload) for packet in wide.receive_all()) > 4000


def test_a_room_is_recorded_by_an_ear_that_nobody_sends_to(tmp_path: Path) -> None:
    """One channel with everybody; the file goes on when members leave."""
    c_library()
    studio = Bench(stepped=True, recordings=str(tmp_path))
    try:
        peers = studio.open(0), studio.open(1, Codec.PCMA)
        ear = StreamPlan("0.0.0.0", 0, Codec.PCMU, 0, sends=False, receives=False, symmetric=False, idle_s=0)
        studio.submit(OpenStream(2, ear), StartRecording(2, 7, "room", channels=1))
        both = Member(0, (1,)), Member(1, (0,)), Member(2, (0, 1))
        studio.submit(Mix(1, both))
        talk(*zip(peers, (encode(SAID[0], Codec.PCMU), encode(SAID[1], Codec.PCMA)), strict=True))
        studio.submit(Mix(1, (Member(0, ()), Member(2, (0,)))), CloseStream(1))
        talk((peers[0], encode(SAID[2], Codec.PCMU)))
        studio.submit(Unmix(1), StopRecording(2, 7), CloseStream(2))
        assert ended(studio).reason is RecordingReason.STOPPED
        (heard,) = channels(tmp_path / "room.wav")
        for slot, much in ((0, 0.6), (1, 0.6), (2, 0.95)):
            assert likeness(SAID[slot][1200:-1200].astype(float), heard) > much
    finally:
        studio.close()
