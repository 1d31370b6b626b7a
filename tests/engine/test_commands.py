"""The two rings' limits, slots' use, the machine's refusals, and nothing left behind."""

import asyncio
import gc
import select
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from switch.base.errors import ResourceError
from switch.engine import DropReason, Engine, UnusableAddressError
from switch.media.commands import (
    Bridge,
    CloseStream,
    OpenStream,
    Play,
    SendDigits,
    StopPlay,
    Unbridge,
    UpdateStream,
)
from switch.media.events import PlayFinished, StreamClosed
from switch.media.plan import Codec, StreamPlan
from tests.engine.bench import Bench, pcm, until

PLAN = StreamPlan("127.0.0.1", 9, Codec.PCMU, 0, sends=False)
PORTS = (21000, 29000)


def test_slots_have_even_ports_of_the_range_in_order() -> None:
    engine = Engine("127.0.0.1", PORTS, 5, advertised_host="192.0.2.7")
    ports = [slot.port for slot in engine.slots]
    assert [slot.number for slot in engine.slots] == [0, 1, 2, 3, 4]
    assert all(port % 2 == 0 and PORTS[0] <= port < PORTS[1] for port in ports)
    assert {slot.host for slot in engine.slots} == {"192.0.2.7"}
    engine.close()
    engine.close()


@pytest.mark.parametrize("taken_offset", [0, 1])
def test_a_taken_port_is_skipped_with_its_pair(taken_offset: int) -> None:
    probe = Engine("127.0.0.1", PORTS, 2)
    first, second = (slot.port for slot in probe.slots)
    probe.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", first + taken_offset))
        engine = Engine("127.0.0.1", (first, first + 100), 1)
        assert engine.slots[0].port == second
        engine.close()


def test_too_few_ports_is_one_clear_line_and_leaves_none_bound() -> None:
    with pytest.raises(
        ResourceError, match=r"only \d of 4 pairs of RTP ports are free on 127\.0\.0\.1"
    ) as refusal:
        Engine("127.0.0.1", (29001, 29007), 4)
    assert "\n" not in str(refusal.value)
    again = Engine("127.0.0.1", (29001, 29007), 1)
    again.close()


def test_an_address_that_is_not_ours_is_one_clear_line() -> None:
    with pytest.raises(ResourceError, match=r"cannot bind RTP port 21000 on 192\.0\.2\.1"):
        Engine("192.0.2.1", PORTS, 1)


def test_running_out_of_descriptors_at_any_point_is_a_clear_refusal() -> None:
    """In a process of its own, with the limit set so that each descriptor in turn is the one refused."""
    program = f"""
import os, resource
from switch.base.errors import ResourceError
from switch.engine import Engine
from switch.engine.dtls import Identity
import encodings.idna
Identity()  # what it imports is open by now
used = len(os.listdir("/proc/self/fd")) - 1
for more in range(24):
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + more, 4096))
    try:
        engine = Engine("127.0.0.1", {PORTS}, 8)
        engine.start()
        engine.close()
        print(more, "made")
    except ResourceError as error:
        assert "\\n" not in str(error)
        print(more, "refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == 0, done.stderr
    # 16 sockets, three eventfds, a timer and an epoll instance.
    assert done.stdout.splitlines() == [f"{more} {'made' if more >= 21 else 'refused'}" for more in range(24)]


def test_full_command_ring_refuses_all_but_closes() -> None:
    engine = Engine("127.0.0.1", PORTS, 3, commands_max=4)
    for slot in range(3):
        assert engine.submit(OpenStream(slot, PLAN))
    assert engine.submit(Unbridge(0))
    for refused in (Bridge(0, 1), Unbridge(0), StopPlay(0), SendDigits(0, "1"), UpdateStream(0, PLAN)):
        assert not engine.submit(refused)
    for slot in range(3):
        assert engine.submit(CloseStream(slot))
    engine.start()
    assert select.select([engine.fileno()], [], [], 3)[0]
    until(lambda: engine.stats().events_waiting == 3, "all are closed")
    assert [type(event) for event in engine.poll()] == [StreamClosed] * 3
    assert not select.select([engine.fileno()], [], [], 0)[0]
    engine.close()


def test_a_refused_open_leaves_the_slot_free() -> None:
    engine = Engine("127.0.0.1", PORTS, 1, commands_max=1)
    assert engine.submit(Unbridge(0))
    assert not engine.submit(OpenStream(0, PLAN))
    with pytest.raises(AssertionError):
        engine.submit(CloseStream(0))
    engine.close()


def test_unread_events_lose_no_answer() -> None:
    """More answers than the ring holds, read only at the end: all are there, in order."""
    small = Bench(2, events_max=16)
    small.open(0)
    small.submit(*(Play(0, number, ()) for number in range(10)))
    for number in range(10, 200):
        assert small.engine.submit(Play(0, number, ()))
    assert small.engine.submit(CloseStream(0))
    until(lambda: small.engine.stats().events_waiting == 14, "the ring is full but for one command's events")
    until(lambda: len(small.events) + len(small.poll()) >= 201, "all answers")
    assert [event.playback for event in small.events if isinstance(event, PlayFinished)] == list(range(200))
    assert isinstance(small.events[-1], StreamClosed)
    small.close()


def test_one_turn_of_the_loop_takes_a_bounded_number_of_events() -> None:
    large = Bench(2, events_max=4096)
    large.open(0)
    for number in range(1500):
        assert large.engine.submit(Play(0, number, ()))
    until(lambda: large.engine.stats().events_waiting == 1500, "all plays have ended")
    assert len(large.poll()) == 1024
    assert select.select([large.engine.fileno()], [], [], 0)[0]
    assert len(large.poll()) == 476
    assert not select.select([large.engine.fileno()], [], [], 0)[0]
    large.close()


def test_a_playback_that_ends_while_the_ring_is_full_is_told_later() -> None:
    small = Bench(4, events_max=16)
    small.engine.add_clip("clip", pcm(*[1] * 2400))
    for slot in range(4):
        small.open(slot, idle_s=0)
    small.submit(*(Play(slot, slot, ("clip",)) for slot in range(3)))
    for number in range(20):
        assert small.engine.submit(Play(3, number, ()))
    # Two places are left, and three playbacks end.
    until(lambda: small.engine.stats().events_waiting == 16, "the ring is full")
    sent = small.engine.stats().packets_sent
    until(lambda: len(small.events) + len(small.poll()) >= 23, "all answers")
    ended = [event for event in small.events if isinstance(event, PlayFinished) and event.slot < 3]
    assert sorted(event.playback for event in ended) == [0, 1, 2]
    assert all(event.completed for event in ended)
    assert small.engine.stats().packets_sent == sent == 3 * 15
    small.close()


def test_lesser_events_leave_room_for_answers() -> None:
    small = Bench(2, events_max=16)
    peer = small.open(0)
    for number in range(40):
        peer.send_key(1, 1600 * number, 800, end=True)
    until(lambda: small.engine.stats().datagrams_received == 40, "all keys are heard")
    small.submit(CloseStream(0))
    events = small.poll()
    assert isinstance(events[-1], StreamClosed)
    assert len(events) == 13
    assert small.engine.stats().events_dropped == 41 - 12
    small.close()


def test_use_of_slots_in_turn_is_asserted(bench: Bench) -> None:
    with pytest.raises(AssertionError):
        bench.engine.submit(CloseStream(0))
    bench.open(0)
    with pytest.raises(AssertionError):
        bench.engine.submit(OpenStream(0, PLAN))
    bench.submit(CloseStream(0))
    with pytest.raises(AssertionError):
        bench.engine.submit(OpenStream(0, PLAN))
    bench.wait_for(StreamClosed)
    assert bench.engine.submit(OpenStream(0, PLAN))


def test_wrong_values_are_our_bugs(bench: Bench) -> None:
    with pytest.raises(KeyError, match="no-such-clip"):
        bench.engine.submit(Play(0, 1, ("no-such-clip",)))
    with pytest.raises(IndexError):
        bench.engine.submit(Unbridge(99))
    with pytest.raises(IndexError):
        bench.engine.submit(Bridge(0, 99))
    with pytest.raises(AssertionError):
        bench.engine.submit(Bridge(1, 1))
    with pytest.raises(AssertionError):
        bench.engine.submit(OpenStream(0, replace(PLAN, ptime_ms=5)))
    with pytest.raises(ValueError, match="out of range"):
        bench.engine.submit(OpenStream(0, replace(PLAN, payload_type=200)))
    with pytest.raises(ValueError, match="33 digits"):
        bench.engine.submit(SendDigits(0, "1" * 33))
    bench.engine.add_clip("clip", pcm(1))
    with pytest.raises(ValueError, match="65 clips"):
        bench.engine.submit(Play(0, 1, ("clip",) * 65))
    for wrong in (b"", b"\x00"):
        with pytest.raises(AssertionError):
            bench.engine.add_clip("wrong", wrong)
    assert not bench.engine.has_clip("wrong")
    assert bench.engine.has_clip("clip")


@pytest.mark.parametrize("host", ["phone.example", "::1", "224.0.0.1", "255.255.255.255", ""])
def test_addresses_that_cannot_be_sent_to_are_the_peer_s_mistake(bench: Bench, host: str) -> None:
    with pytest.raises(UnusableAddressError):
        bench.engine.submit(OpenStream(0, replace(PLAN, remote_host=host)))
    assert bench.engine.submit(OpenStream(0, PLAN))


def test_unspecified_address_is_hold(bench: Bench) -> None:
    peer = bench.open(0, remote_host="0.0.0.0")
    bench.engine.add_clip("clip", pcm(*[1] * 800))
    bench.submit(Play(0, 1, ("clip",)))
    assert bench.wait_for(PlayFinished).completed
    assert peer.receive_all(0) == []
    assert bench.engine.stats().dropped(DropReason.SEND) == 0


def test_catalogue_has_an_end() -> None:
    engine = Engine("127.0.0.1", PORTS, 1, clips_max=2)
    engine.add_clip("a", pcm(1))
    engine.add_clip("b", pcm(2))
    with pytest.raises(ResourceError, match="no room for clip 'c'"):
        engine.add_clip("c", pcm(3))
    engine.close()


async def test_events_wake_an_asyncio_loop(bench: Bench) -> None:
    loop = asyncio.get_running_loop()
    closed: asyncio.Future[StreamClosed] = loop.create_future()

    def read() -> None:
        for event in bench.engine.poll():
            if isinstance(event, StreamClosed):
                closed.set_result(event)

    loop.add_reader(bench.engine.fileno(), read)
    assert bench.engine.submit(OpenStream(0, PLAN))
    assert bench.engine.submit(CloseStream(0))
    assert (await asyncio.wait_for(closed, 3)).slot == 0
    loop.remove_reader(bench.engine.fileno())


def test_close_ends_the_thread_and_the_ports() -> None:
    before = len(list(Path("/proc/self/task").iterdir()))
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        made = Bench(4)
        made.open(0)
        made.close()
    assert len(list(Path("/proc/self/task").iterdir())) == before
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors
    with pytest.raises(ValueError, match="closed"):
        made.engine.poll()


def _resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


def test_twenty_thousand_streams_leave_nothing(bench: Bench) -> None:
    engine = bench.engine
    bench.engine.add_clip("clip", pcm(*[1] * 800))

    def cycle(count: int) -> None:
        for _ in range(count // 4):
            for slot in range(4):
                assert engine.submit(OpenStream(slot, PLAN))
            engine.submit(Bridge(0, 1))
            engine.submit(Play(2, 1, ("clip",), loop=True))
            for slot in range(4):
                engine.submit(CloseStream(slot))
            closed = 0
            while closed < 4:
                select.select([engine.fileno()], [], [], 3)
                closed += sum(isinstance(event, StreamClosed) for event in engine.poll())

    cycle(2000)
    gc.collect()
    before = _resident_pages()
    cycle(20000)
    gc.collect()
    assert _resident_pages() - before < 100
    assert engine.stats().streams_open == 0
