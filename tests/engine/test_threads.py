"""Several media threads: what is bridged, mixed or recorded together is of one of them."""

import os
import time
import wave
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from switch.engine._engine import THREADS_MAX
from switch.media.commands import (
    Bridge,
    Member,
    Mix,
    MoveRecording,
    Play,
    SendDigits,
    StartRecording,
    StopRecording,
    Unbridge,
    Unmix,
    conference,
)
from switch.media.events import PlayFinished, RecordingEnded, RecordingReason, StreamClosed
from switch.media.plan import Codec
from switch.node.options import MEDIA_THREADS_MAX, media_threads_for
from tests.engine.bench import DTMF, Bench, Peer, until

THREADS = 3


@pytest.fixture
def threads(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(slots=6, threads=THREADS, recordings=str(tmp_path))
    yield made
    made.close()


def crosses(left: Peer, right: Peer) -> bool:
    """Does a packet of one come out at the other, both ways?"""
    both = True
    for one, other in ((left, right), (right, left)):
        sent = one.send(b"\x55" * 160)
        received = other.receive()
        both = both and received.payload == sent.payload
    return both


def said(speaker: Peer, listener: Peer) -> set[int]:
    """One packet of loud sound more; the payload types of the sound that the other is sent meanwhile."""
    speaker.send(b"\x10" * 160)
    packets = listener.receive_all(0.02)
    return {packet.payload_type for packet in packets if set(packet.payload) - {0xFF, 0x7F}}


def hears(listener: Peer, speaker: Peer) -> bool:
    return bool(said(speaker, listener))


def test_a_bridge_of_two_threads_relays_and_goes_back_to_its_own(threads: Bench) -> None:
    """Again and again, because a slot begins on the thread of its number."""
    for _ in range(5):
        left, right = threads.open(0), threads.open(1)
        threads.submit(Bridge(0, 1))
        assert crosses(left, right)
        threads.close_stream(0)
        threads.close_stream(1)


def test_a_call_is_handed_from_thread_to_thread_in_one_sequence(threads: Bench) -> None:
    """A transfer: who talked with one thread's phone talks with another's; the sender's numbers go on."""
    caller, first, second = (threads.open(slot) for slot in (0, 1, 2))
    threads.submit(Bridge(0, 1))
    first.send()
    before = caller.receive()
    threads.submit(Bridge(2, 0))
    second.send()
    after = caller.receive()
    assert (after.ssrc, after.sequence) == (before.ssrc, (before.sequence + 1) % 2**16)
    assert crosses(caller, second)
    first.send()
    assert caller.receive_all() == []


def test_a_prompt_plays_on_while_its_stream_is_moved(threads: Bench) -> None:
    """Each thread has its own ticks; the packets stay 20 ms apart and none is lost or doubled."""
    peer, _ = threads.open(0), threads.open(1)
    threads.engine.add_clip("second", bytes(16_000))
    threads.submit(Play(0, 7, ("second",)))
    time.sleep(0.2)
    threads.submit(Bridge(1, 0))
    packets = [peer.receive() for _ in range(50)]
    assert peer.receive_all() == []
    assert {(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(packets)} == {160}
    assert threads.wait_for(PlayFinished) == PlayFinished(0, 7, completed=True)


def test_keys_are_sent_by_a_stream_that_was_moved(threads: Bench) -> None:
    left, right = threads.open(0), threads.open(1)
    threads.submit(Bridge(0, 1), SendDigits(1, "5"), SendDigits(0, "7"))
    for peer in (left, right):
        assert {packet.payload_type for packet in [peer.receive(), *peer.receive_all()]} == {DTMF}


def test_unlike_codecs_of_two_threads_hear_each_other(threads: Bench) -> None:
    left, right = threads.open(0, Codec.PCMU), threads.open(1, Codec.G722)
    threads.submit(Bridge(0, 1))
    until(lambda: 9 in said(left, right), "sound of one in the other's codec")


def test_a_recording_goes_on_with_a_stream_of_another_thread(threads: Bench, tmp_path: Path) -> None:
    first, second = threads.open(0), threads.open(1)
    threads.submit(StartRecording(0, 5, "call"))
    for peer, then in ((first, MoveRecording(0, 1)), (second, StopRecording(1, 5))):
        for _ in range(30):
            peer.send(b"\x10" * 160)
            time.sleep(0.02)
        threads.submit(then)
    ended = threads.wait_for(RecordingEnded)
    assert (ended.slot, ended.recording, ended.reason) == (0, 5, RecordingReason.STOPPED)
    assert ended.duration_ms > 500
    with wave.open(str(tmp_path / "call.wav")) as file:
        said = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    loud = np.abs(said).max(axis=1) > 1000
    assert loud[: len(loud) // 2].any()
    assert loud[len(loud) // 2 :].any()


def test_members_of_a_room_come_together_from_all_threads(threads: Bench) -> None:
    """The pair of a bridge comes along whole: it is relayed, and the third hears both."""
    peers = [threads.open(slot) for slot in range(3)]
    threads.submit(Bridge(0, 1))
    members = (Member(2, (0, 1)), Member(0, (1,)), Member(1, (0,)))
    threads.submit(Mix(1, members))
    assert crosses(peers[0], peers[1])
    until(lambda: 0 in said(peers[0], peers[2]), "the third hears the first")
    threads.submit(Unbridge(0))


def test_a_member_of_a_room_stays_in_it_when_its_bridge_goes_to_another_thread(threads: Bench) -> None:
    """Two rooms on two threads, bridged by a member of each: all of one go to the other's thread."""
    peers = [threads.open(slot) for slot in range(6)]
    threads.submit(conference(1, (0, 3)), conference(2, (1, 4)), Bridge(0, 1))
    for one, other in ((0, 3), (3, 0), (1, 4), (4, 1)):
        until(partial(hears, peers[other], peers[one]), f"{other} hears {one} as before")
    assert not peers[2].receive_all(0)
    threads.submit(Unmix(1), Unmix(2))
    for peer in peers[:2]:
        peer.receive_all()
    assert crosses(peers[0], peers[1])


def test_events_of_all_threads_come_in_their_order(threads: Bench) -> None:
    for slot in range(6):
        threads.open(slot)
    threads.engine.add_clip("short", bytes(320))
    for turn in range(20):
        for slot in range(6):
            assert threads.engine.submit(Play(slot, 6 * turn + slot, ("short",)))
    told = [threads.wait_for(PlayFinished) for _ in range(120)]
    for slot in range(6):
        mine = [event.playback for event in told if event.slot == slot]
        assert mine == [6 * turn + slot for turn in range(20)]


def test_each_thread_is_counted(threads: Bench) -> None:
    peers = [threads.open(slot) for slot in range(6)]
    for peer in peers:
        peer.send()
    until(lambda: threads.engine.stats().datagrams_received == 6, "packets of all threads")
    assert threads.engine.stats().streams_open == 6
    closed = [threads.close_stream(slot) for slot in range(6)]
    assert [event.quality.packets_received for event in closed if isinstance(event, StreamClosed)] == [1] * 6


@pytest.mark.parametrize(
    ("cores", "slots", "wanted"), [(1, 900, 1), (2, 900, 1), (4, 900, 3), (64, 900, 3), (8, 100, 1)]
)
def test_how_many_threads_where_nobody_says(cores: int, slots: int, wanted: int) -> None:
    assert media_threads_for(cores, slots) == wanted
    assert MEDIA_THREADS_MAX == THREADS_MAX


def media_tasks() -> set[int]:
    tasks = Path("/proc/self/task").iterdir()
    return {int(task.name) for task in tasks if (task / "comm").read_text().strip() == "media-engine"}


def may_run_in_real_time() -> bool:
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return True


@pytest.mark.skipif(
    not may_run_in_real_time(),
    reason="real time is not allowed here: root or an RLIMIT_RTPRIO of 1 is needed",
)
@pytest.mark.parametrize("cores", [1, 2])
def test_a_media_thread_runs_in_real_time_where_a_core_is_left_for_signalling(cores: int) -> None:
    allowed, before = os.sched_getaffinity(0), media_tasks()
    if len(allowed) < cores:
        pytest.skip("one core: what happens where another is left for signalling cannot be seen")
    os.sched_setaffinity(0, sorted(allowed)[:cores])  # of this thread, and so of those that it starts
    try:
        made = Bench(threads=1)
    finally:
        os.sched_setaffinity(0, allowed)
    try:
        until(lambda: made.engine.stats().ticks > 0, "its first turn")
        (task,) = media_tasks() - before
        assert os.sched_getscheduler(task) == (os.SCHED_RR if cores > 1 else os.SCHED_OTHER)
    finally:
        made.close()
