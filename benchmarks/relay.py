"""CPU of the media engine for one relayed RTP packet, against a bare receive-and-send loop and rtpengine.

    python benchmarks/relay.py [--rates 5000 20000 100000] [--seconds 3] [--rounds 3] [--ways]

All three relay the same load in turn, in the same run: as many sockets, the same pacing, 50 packets a second
and stream, loopback. Counted is the CPU of the relaying thread alone, user and kernel, by its own clock (of
rtpengine the process); the phones that make the load are another process. Loopback makes the sender's share
larger than a network card would: all pay it. `p99` is the way through the relay, from the kernel's send to
its receipt, and so has the waits of a busy machine in it: 100000 packets a second want more than two
cores that have nothing else to do. rtpengine is left out where it is not installed (`apt install
rtpengine-daemon`). `--ways` compares ways to write the floor instead: with batches, by io_uring (where
liburing is installed), and with naps.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.rtpengine import Rtpengine, available
from switch.engine import Engine
from switch.media.commands import Bridge, OpenStream
from switch.media.plan import Codec, StreamPlan

PACKETS_PER_STREAM = 50
PORTS = (30000, 49000)


@dataclass(frozen=True, slots=True)
class Run:
    """One relay's figures under one load."""

    relayed: int
    cpu_us: int
    load: "Figures"

    @property
    def lost(self) -> int:
        return self.load.sent - self.load.received

    @property
    def us_per_packet(self) -> float:
        return self.cpu_us / max(1, self.relayed)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the phones saw: packets, and the way through the relay."""

    sent: int
    received: int
    median_us: int
    p99_us: int
    longest_us: int


class Program:
    """One part of floor.c: prints its ports, is told the other side's."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.stdin, self._stdout = self._process.stdin, self._process.stdout
        self.ports = [int(port) for port in self._stdout.readline().split()]

    def connect(self, ports: list[int]) -> None:
        self.stdin.write(" ".join(map(str, ports)) + "\n")
        self.stdin.flush()

    def figures(self) -> list[int]:
        figures = [int(word) for word in self._stdout.readline().split()]
        self._process.wait()
        return figures


def compile_floor(folder: Path, *options: str) -> Path:
    """The program of floor.c, with gcc."""
    program, source = folder / "floor", Path(__file__).with_name("floor.c")
    command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", str(source), "-o", str(program), *options]
    subprocess.run(command, check=True)
    return program


def run_floor(program: Path, load: Program, streams: int, way: str = "relay", gather_us: int = 0) -> Run:
    relay = Program(str(program), way, str(streams), str(gather_us))
    relay.connect(load.ports)
    load.connect(relay.ports)
    seen = Figures(*load.figures())
    relay.stdin.close()
    relayed, cpu_us = relay.figures()
    return Run(relayed, cpu_us, seen)


def run_engine(_program: Path, load: Program, streams: int) -> Run:
    engine = Engine("127.0.0.1", PORTS, streams)
    engine.start()
    for slot, port in enumerate(load.ports):
        assert engine.submit(OpenStream(slot, StreamPlan("127.0.0.1", port, Codec.PCMU, 0, rtcp_mux=True)))
    for slot in range(0, streams, 2):
        assert engine.submit(Bridge(slot, slot + 1))
    while engine.stats().commands_waiting:
        time.sleep(0.01)
    time.sleep(0.05)
    engine.poll()
    before = engine.stats()
    load.connect([slot.port for slot in engine.slots])
    seen = Figures(*load.figures())
    after = engine.stats()
    engine.close()
    return Run(
        after.packets_relayed - before.packets_relayed, after.thread_cpu_us - before.thread_cpu_us, seen
    )


def run_rtpengine(_program: Path, load: Program, streams: int) -> Run:
    with Rtpengine() as relay:
        ports: list[int] = []
        for at in range(0, streams, 2):
            ports += relay.relay(load.ports[at], load.ports[at + 1])
        before = relay.cpu_us
        load.connect(ports)
        seen = Figures(*load.figures())
        return Run(seen.received, relay.cpu_us - before, seen)


RELAYS = {"floor": run_floor, "engine": run_engine, "rtpengine": run_rtpengine}
LIBURING = Path("/usr/include/liburing.h").exists()
NAP_US = 500
WAYS = {"floor": run_floor} | {
    f"{way}{' nap' if nap_us else ''}": partial(run_floor, way=way, gather_us=nap_us)
    for way in ("relay", "batches", "uring")
    for nap_us in (0, NAP_US)
    if (way, nap_us) != ("relay", 0) and (way != "uring" or LIBURING)
}


def measure(
    program: Path, rate: int, seconds: float, rounds: int, relays: Mapping[str, Callable[..., Run]]
) -> dict[str, list[Run]]:
    """All in turn; which goes first changes from round to round."""
    streams = max(2, rate // PACKETS_PER_STREAM // 2 * 2)
    names = [name for name in relays if name != "rtpengine" or available()]
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names if turn % 2 == 0 else names[::-1]:
            load = Program(str(program), "load", str(streams), str(rate), str(seconds))
            runs[name].append(relays[name](program, load, streams))
    return runs


def line(rate: int, name: str, runs: list[Run], floor_us: float) -> str:
    costs = sorted(run.us_per_packet for run in runs)
    median = statistics.median(costs)
    # Of the best round: delays are the machine's as much as the relay's.
    best = min((run.load for run in runs), key=lambda load: load.p99_us)
    cost = f"{median:.2f} ({costs[0]:.2f}-{costs[-1]:.2f})"
    return (
        f"{rate:>9} {name:>11} {cost:>20} {median / floor_us:>8.2f} {median * rate / 1e6:>5.2f}"
        f" {sum(run.lost for run in runs):>6} {best.median_us:>9} {best.p99_us:>8} {best.longest_us:>10}"
    )


def stolen_s() -> float:
    """How long the host ran others on our processors since it started; proc(5)."""
    total = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(total[8]) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rates", type=int, nargs="+", default=[5000, 20000, 100000], metavar="PACKETS_PER_SECOND"
    )
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", action="store_true", help="ways to write the floor")
    arguments = parser.parse_args()
    if shutil.which("gcc") is None:
        print("gcc is needed for the floor", file=sys.stderr)
        return 2
    print("CPU microseconds a relayed packet of the relaying thread: median of the rounds, lowest to highest")
    print(
        f"{'packets/s':>9} {'relay':>11} {'us a packet':>20} {'to floor':>8} {'core':>5} {'lost':>6}"
        f" {'median us':>9} {'p99 us':>8} {'longest us':>10}"
    )
    relays = WAYS if arguments.ways else RELAYS
    with tempfile.TemporaryDirectory() as folder:
        options = ("-DURING", "-luring") if arguments.ways and LIBURING else ()
        program = compile_floor(Path(folder), *options)
        for rate in arguments.rates:
            began_s, before_s = time.monotonic(), stolen_s()
            runs = measure(program, rate, arguments.seconds, arguments.rounds, relays)
            floor_us = statistics.median(run.us_per_packet for run in runs["floor"])
            for name, made in runs.items():
                print(line(rate, name, made, floor_us), flush=True)
            part = (stolen_s() - before_s) / (time.monotonic() - began_s)
            print(f"{'':>9} the host took {100 * part:.1f} % of a core for others meanwhile", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
