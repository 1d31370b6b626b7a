"""A flooded port waits behind the others of its thread, packet by packet; other threads do not feel it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from switch.engine import DropReason
from switch.media.commands import Bridge
from switch.rtp import RtpPacket
from tests.engine.bench import WAIT_S, Bench, Peer

LOUD, QUIET, ELSEWHERE = 0, 2, 3
"""Slots: of one thread the first two, whether there is one or two; of the other the third."""
BACKLOG = 100
"""As many as fit into a socket, and into the receiver's; fewer than a stream may receive in a second."""

_RELAY = """
import json, sys
from switch.engine import Engine
from switch.media.commands import Bridge, OpenStream
from switch.media.plan import Codec, StreamPlan
threads, peers, heard = json.loads(sys.argv[1])
engine = Engine("127.0.0.1", (21000, 29000), 8, threads=threads)
engine.start()
for slot, port in enumerate(peers + [heard] * 4):
    assert engine.submit(OpenStream(slot, StreamPlan("127.0.0.1", port, Codec.PCMU, 0, symmetric=slot < 4)))
for slot in range(4):
    assert engine.submit(Bridge(slot, slot + 4))
while engine.stats().commands_waiting or engine.stats().ticks < 3:
    pass
ticks = engine.stats().ticks
while engine.stats().ticks == ticks:
    pass
print(json.dumps([slot.port for slot in engine.slots]), flush=True)
sys.stdin.read()
engine.close()
"""


@contextmanager
def relay(threads: int, peers: list[Peer], heard: Peer) -> Iterator[tuple[int, list[int]]]:
    """A process that passes on what four phones say to a fifth; gives its number and its ports."""
    words = f"[{threads}, {[peer.port for peer in peers]}, {heard.port}]"
    with subprocess.Popen(
        [sys.executable, "-c", _RELAY, words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.pid, [int(port) for port in process.stdout.readline().strip("[]\n").split(",")]
        finally:
            process.stdin.close()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_flooded_port_gives_way_after_each_packet(threads: int) -> None:
    """While the relay is stopped the flood comes first; when it goes on, the others are heard at once."""
    peers, heard = [Peer(ssrc=slot) for slot in range(4)], Peer()
    with relay(threads, peers, heard) as (process, ports):
        for peer, port in zip(peers, ports, strict=False):
            peer.target = ("127.0.0.1", port)
        os.kill(process, signal.SIGSTOP)
        os.waitid(os.P_PID, process, os.WSTOPPED | os.WNOWAIT)
        for _ in range(BACKLOG):
            peers[LOUD].send(b"l" * 160)
        for slot in (QUIET, ELSEWHERE):
            for _ in range(5):
                peers[slot].send((b"q" if slot == QUIET else b"e") * 160)
        os.kill(process, signal.SIGCONT)
        order = "".join(chr(heard.receive().payload[0]) for _ in range(BACKLOG + 10))
    same_thread = order.replace("e", "")
    assert same_thread.startswith("lq" * 5 + "l"), "one each turn"
    assert order.count("e") == 5


def test_a_flood_of_the_peer_is_cut_and_others_are_served(bench: Bench) -> None:
    left, right = bench.bridge()
    loud, hears_loud = bench.open(2), bench.open(3)
    bench.submit(Bridge(2, 3))
    flood = RtpPacket(0, 1, 1, 5, bytes(160)).serialize()
    for _ in range(100):
        for _ in range(30):
            loud.send_raw(flood)
        left.send()
        assert right.receive()
        hears_loud.receive_raw(0)
    assert bench.engine.stats().dropped(DropReason.FLOOD) > 0


def test_a_flood_does_not_become_several_by_being_cut(bench: Bench) -> None:
    """Each piece counts against the 500 packets a second of whoever sent them."""
    loud = bench.open(0)
    bench.open(1, ptime_ms=10, ptime_max_ms=10)
    bench.submit(Bridge(0, 1))
    for _ in range(120):
        loud.send(bytes(480))
    bench.wait(10)
    assert bench.engine.stats().packets_sent == 84 * 6
    assert bench.engine.stats().dropped(DropReason.FLOOD) == 120 - 84


def test_what_one_thread_is_flooded_with_another_does_not_feel() -> None:
    threads = Bench(slots=4, threads=2)
    try:
        loud, quiet, heard = threads.open(0), threads.open(1), threads.open(3)
        threads.open(2)
        threads.submit(Bridge(0, 2), Bridge(1, 3))
        for number in range(1, 51):
            for _ in range(20):
                loud.send()
            quiet.send(bytes([number]) * 160)
            heard.socket.settimeout(WAIT_S)
            assert heard.receive().payload == bytes([number]) * 160
    finally:
        threads.close()
