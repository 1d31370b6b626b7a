"""CPU of the media engine for a packet of a call between SRTP and RTP, against a bare loop in C.

    python -m benchmarks.secured [--rate 5000] [--seconds 3] [--rounds 3]

Two engines stand in a row between the phones, with SRTP between the two: what one encrypts the other
decrypts. So each has the same work as with a phone that speaks SRTP and a trunk that does not: half of its
packets are decrypted, half encrypted. Counted is the CPU of both media threads for each packet of one.
Engines and floor take the same load in turn, as in `benchmarks.relay`.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.relay import PACKETS_PER_STREAM, Figures, Program, Run, compile_floor, run_floor
from switch.engine import Engine
from switch.media.commands import Bridge, OpenStream
from switch.media.plan import Codec, SrtpKeys, SrtpSuite, StreamPlan

PORTS = ((30000, 38998), (39000, 48000))


def keys(suite: SrtpSuite, *, mirrored: bool) -> SrtpKeys:
    there, back = bytes(range(suite.key_bytes)), bytes(range(1, suite.key_bytes + 1))
    return SrtpKeys(suite, back, there) if mirrored else SrtpKeys(suite, there, back)


def open_streams(engine: Engine, plans: list[StreamPlan]) -> None:
    for slot, plan in enumerate(plans):
        assert engine.submit(OpenStream(slot, plan))
    for slot in range(0, len(plans), 2):
        assert engine.submit(Bridge(slot, slot + 1))
    while engine.stats().commands_waiting:
        time.sleep(0.01)
    engine.poll()


def run_engines(load: Program, suite: SrtpSuite | None) -> Run:
    """Phones of even numbers call through the first engine, the others through the second."""
    streams = len(load.ports)
    engines = [Engine("127.0.0.1", ports, streams) for ports in PORTS]
    for engine in engines:
        engine.start()
    near, far = ([slot.port for slot in engine.slots] for engine in engines)
    for number, engine in enumerate(engines):
        plans = []
        for slot in range(streams):
            inner = slot % 2 != number
            other = (far, near)[number][slot ^ 1] if inner else load.ports[slot]
            srtp = keys(suite, mirrored=number == 1) if inner and suite else None
            plans.append(StreamPlan("127.0.0.1", other, Codec.PCMU, 0, rtcp_mux=True, srtp=srtp))
        open_streams(engine, plans)
    before = [engine.stats() for engine in engines]
    load.connect([(near, far)[slot % 2][slot] for slot in range(streams)])
    seen = Figures(*load.figures())
    after = [engine.stats() for engine in engines]
    for engine in engines:
        engine.close()
    relayed = sum(a.packets_relayed - b.packets_relayed for a, b in zip(after, before, strict=True))
    return Run(
        relayed, sum(a.thread_cpu_us - b.thread_cpu_us for a, b in zip(after, before, strict=True)), seen
    )


def measure(program: Path, arguments: argparse.Namespace) -> dict[str, list[Run]]:
    """All in turn; which goes first changes from round to round."""
    streams = max(2, arguments.rate // PACKETS_PER_STREAM // 2 * 2)
    kinds: dict[str, SrtpSuite | None] = {"floor": None, "RTP": None}
    kinds |= {suite.name: suite for suite in SrtpSuite}
    runs: dict[str, list[Run]] = {name: [] for name in kinds}
    for turn in range(arguments.rounds):
        for name in list(kinds)[:: 1 if turn % 2 == 0 else -1]:
            load = Program(str(program), "load", str(streams), str(arguments.rate), str(arguments.seconds))
            run = run_floor(program, load, streams) if name == "floor" else run_engines(load, kinds[name])
            runs[name].append(run)
    return runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=5000, help="packets a second")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if shutil.which("gcc") is None:
        print("gcc is needed for the floor", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        program = compile_floor(Path(folder))
        runs = measure(program, arguments)
    floor_us = statistics.median(run.us_per_packet for run in runs["floor"])
    print(f"{'':<24} {'us a packet':>11} {'lowest':>7} {'to floor':>8} {'lost':>5}")
    for name, made in runs.items():
        costs = [run.us_per_packet for run in made]
        median, lost = statistics.median(costs), sum(run.lost for run in made)
        print(f"{name:<24} {median:>11.2f} {min(costs):>7.2f} {median / floor_us:>8.2f} {lost:>5}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
