"""CPU of a relayed packet whose talk is recorded, beside a plain relay and the bare loop in C.

    python -m benchmarks.recording [--rate 5000] [--seconds 3] [--rounds 3]

The same load goes in turn, in the same run, through the bare receive-and-send loop, a relay, a relay between
the two laws of G.711, and that with both sides of each talk recorded into two channels of WAV. Counted is the
CPU of the relaying thread; in the second column that of all threads, the one that writes among them.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.relay import PACKETS_PER_STREAM, PORTS, Program, compile_floor, run_floor
from switch.engine import Engine
from switch.media.commands import Bridge, OpenStream, StartRecording
from switch.media.plan import Codec, StreamPlan

KINDS = ("floor", "relay", "two laws", "two laws, recorded")


def run_engine(load: Program, kind: str, streams: int, folder: str) -> tuple[float, float]:
    """Microseconds a packet: of the engine's thread, of the process."""
    engine = Engine("127.0.0.1", PORTS, streams, recordings=folder)
    engine.start()
    for slot, port in enumerate(load.ports):
        codec = Codec.PCMA if slot % 2 and kind != "relay" else Codec.PCMU
        assert engine.submit(OpenStream(slot, StreamPlan("127.0.0.1", port, codec, 0)))
    for slot in range(0, streams, 2):
        assert engine.submit(Bridge(slot, slot + 1))
        if kind == "two laws, recorded":
            assert engine.submit(StartRecording(slot, slot + 1, f"{time.monotonic_ns()}"))
    while engine.stats().commands_waiting:
        time.sleep(0.01)
    time.sleep(0.05)
    engine.poll()
    before, began = engine.stats(), time.process_time()
    load.connect([slot.port for slot in engine.slots])
    load.figures()
    after, spent_s = engine.stats(), time.process_time() - began
    engine.close()
    packets = max(1, after.packets_relayed - before.packets_relayed)
    return (after.thread_cpu_us - before.thread_cpu_us) / packets, spent_s * 1e6 / packets


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=5000, metavar="PACKETS_PER_SECOND")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if shutil.which("gcc") is None:
        print("gcc is needed for the floor", file=sys.stderr)
        return 2
    streams = max(2, arguments.rate // PACKETS_PER_STREAM // 2 * 2)
    runs: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        program = compile_floor(Path(folder))
        for turn in range(arguments.rounds):
            for kind in KINDS if turn % 2 == 0 else reversed(KINDS):
                load = Program(str(program), "load", *map(str, (streams, arguments.rate, arguments.seconds)))
                if kind == "floor":
                    cost = run_floor(program, load, streams).us_per_packet
                    runs[kind].append((cost, cost))
                else:
                    runs[kind].append(run_engine(load, kind, streams, folder))
    print(f"CPU microseconds a packet at {arguments.rate} a second; the lowest of {arguments.rounds} rounds")
    floor = min(runs["floor"])[0]
    for kind in KINDS:
        thread, process = min(runs[kind])
        print(f"{kind:>20}: {thread:6.2f}  all threads {process:6.2f}  {thread / floor:5.2f} times the floor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
