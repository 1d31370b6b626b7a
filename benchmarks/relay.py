"""CPU of the media engine for one relayed RTP packet, against a bare receive-and-send loop in C.

    python benchmarks/relay.py [--rates 5000 20000] [--seconds 3] [--rounds 3]

Engine and floor relay the same load in turn, in the same run: as many sockets, the same pacing, 50 packets a
second a stream, loopback. Counted is the CPU of the relaying thread alone, user and kernel, by its own clock;
the phones that make the load are another process. Loopback makes the sender's share larger than a network
card would: both halves pay it. 100000 packets a second want more than two cores.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

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
    lost: int

    @property
    def us_per_packet(self) -> float:
        return self.cpu_us / max(1, self.relayed)


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

    def figures(self) -> tuple[int, int]:
        first, second = self._stdout.readline().split()
        self._process.wait()
        return int(first), int(second)


def run_floor(program: Path, load: Program, streams: int) -> Run:
    relay = Program(str(program), "relay", str(streams))
    relay.connect(load.ports)
    load.connect(relay.ports)
    sent, received = load.figures()
    relay.stdin.close()
    relayed, cpu_us = relay.figures()
    return Run(relayed, cpu_us, sent - received)


def run_engine(load: Program, streams: int) -> Run:
    engine = Engine("127.0.0.1", PORTS, streams)
    engine.start()
    for slot, port in enumerate(load.ports):
        assert engine.submit(OpenStream(slot, StreamPlan("127.0.0.1", port, Codec.PCMU, 0)))
    for slot in range(0, streams, 2):
        assert engine.submit(Bridge(slot, slot + 1))
    while engine.stats().commands_waiting:
        time.sleep(0.01)
    time.sleep(0.05)
    engine.poll()
    before = engine.stats()
    load.connect([slot.port for slot in engine.slots])
    sent, received = load.figures()
    after = engine.stats()
    engine.close()
    return Run(
        after.packets_relayed - before.packets_relayed,
        after.thread_cpu_us - before.thread_cpu_us,
        sent - received,
    )


def measure(program: Path, rate: int, seconds: float, rounds: int) -> tuple[list[Run], list[Run]]:
    """Engine and floor in turn; which goes first changes from round to round."""
    streams = max(2, rate // PACKETS_PER_STREAM // 2 * 2)
    engine_runs, floor_runs = [], []
    for turn in range(rounds):
        for which in ("engine", "floor") if turn % 2 == 0 else ("floor", "engine"):
            load = Program(str(program), "load", str(streams), str(rate), str(seconds))
            if which == "engine":
                engine_runs.append(run_engine(load, streams))
            else:
                floor_runs.append(run_floor(program, load, streams))
    return engine_runs, floor_runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", type=int, nargs="+", default=[5000, 20000], metavar="PACKETS_PER_SECOND")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if shutil.which("gcc") is None:
        print("gcc is needed for the floor", file=sys.stderr)
        return 2
    print("CPU microseconds a relayed packet of the relaying thread: median of the rounds, lowest to highest")
    print(
        f"{'packets/s':>9} {'streams':>8} {'engine':>20} {'floor':>20} {'ratio':>6} {'lost engine':>12} floor"
    )
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "floor"
        source = Path(__file__).with_name("floor.c")
        subprocess.run(
            ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", str(source), "-o", str(program)], check=True
        )
        for rate in arguments.rates:
            engine, floor = measure(program, rate, arguments.seconds, arguments.rounds)
            figures = []
            for runs in (engine, floor):
                costs = sorted(run.us_per_packet for run in runs)
                figures.append((statistics.median(costs), costs[0], costs[-1]))
            texts = [f"{median:.2f} ({low:.2f}-{high:.2f})" for median, low, high in figures]
            lost = [sum(run.lost for run in runs) for runs in (engine, floor)]
            ratio = figures[0][0] / figures[1][0]
            print(
                f"{rate:>9} {rate // PACKETS_PER_STREAM:>8} {texts[0]:>20} {texts[1]:>20} {ratio:>6.2f} "
                f"{lost[0]:>12} {lost[1]}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
