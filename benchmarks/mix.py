"""CPU of the media engine for conferences of three, and what of it is mixing.

    python -m benchmarks.mix [--conferences 100] [--seconds 5] [--rounds 3]

The same load (three phones a conference, 50 packets of G.711 a second each) goes, in turn in the same run, to
streams that nobody hears, to conferences, and to as many relayed streams. Counted is the CPU of the engine's
thread, user and kernel, as a share of one core. Unheard: what receiving costs. Relayed: what receiving and
sending costs. The conferences' share above the relay's is hearing, mixing and encoding.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.relay import PACKETS_PER_STREAM, PORTS, Program, compile_floor
from switch.engine import Engine
from switch.media.commands import Bridge, Command, OpenStream, conference
from switch.media.plan import Codec, StreamPlan

MEMBERS = 3
KINDS = ("unheard", "conferences", "relayed")


def commands(kind: str, streams: int) -> list[Command]:
    if kind == "conferences":
        return [
            conference(first, tuple(range(first, first + MEMBERS))) for first in range(0, streams, MEMBERS)
        ]
    if kind == "relayed":
        return [Bridge(slot, slot + 1) for slot in range(0, streams - 1, 2)]
    return []


def share(program: Path, kind: str, conferences: int, seconds: float) -> tuple[float, int]:
    """Of one core, and packets sent."""
    streams = MEMBERS * conferences
    load = Program(str(program), "load", str(streams), str(streams * PACKETS_PER_STREAM), str(seconds))
    engine = Engine("127.0.0.1", PORTS, streams)
    engine.start()
    for slot, port in enumerate(load.ports):
        assert engine.submit(OpenStream(slot, StreamPlan("127.0.0.1", port, Codec.PCMU, 0)))
    for command in commands(kind, streams):
        assert engine.submit(command)
    while engine.stats().commands_waiting:
        time.sleep(0.01)
    before = engine.stats()
    load.connect([slot.port for slot in engine.slots])
    load.figures()
    after = engine.stats()
    engine.close()
    return (
        after.thread_cpu_us - before.thread_cpu_us
    ) / seconds / 1e6, after.packets_sent - before.packets_sent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conferences", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if shutil.which("gcc") is None:
        print("gcc is needed for the load", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        program = compile_floor(Path(folder))
        runs: dict[str, list[tuple[float, int]]] = {kind: [] for kind in KINDS}
        for turn in range(arguments.rounds):
            for kind in KINDS if turn % 2 == 0 else reversed(KINDS):
                runs[kind].append(share(program, kind, arguments.conferences, arguments.seconds))
    print(f"{arguments.conferences} conferences of {MEMBERS}; the lowest of {arguments.rounds} rounds")
    for kind in KINDS:
        cpu, packets = min(runs[kind])
        print(f"{kind:>12}: {cpu * 100:6.2f}% of a core, {packets / arguments.seconds:8.0f} packets/s sent")
    mixing = min(runs["conferences"])[0] - min(runs["relayed"])[0]
    print(f"hearing, mixing and encoding: {mixing * 100:.2f}% of a core")
    return 0


if __name__ == "__main__":
    sys.exit(main())
