"""CPU of the media engine for a packet that becomes sound, against a bare receive-and-send loop in C.

    python -m benchmarks.transcode [--rate 5000] [--opus-rate 500] [--seconds 3] [--rounds 3]

Engine and floor take the same load in turn, as in `benchmarks.relay`: as many sockets, the same pacing, 50
packets a second a stream, loopback. Counted is the CPU of the media thread by its own clock, and of the whole
process, which with recordings has a thread that writes them. The floor passes on the packets that the engine
gets.

What a codec costs by itself is measured by `codec.c` on the same sound, over and over, so from a warm cache.
A packet of a transcoded call is unpacked by one codec and packed by the other; the last columns are what the
media thread takes above that, and its ratio to it.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.relay import PACKETS_PER_STREAM, PORTS, Program, Run, compile_floor, run_floor
from benchmarks.relay import Figures as Seen
from switch.engine import Engine
from switch.media.commands import Bridge, OpenStream, StartRecording
from switch.media.plan import Codec, StreamPlan

RATES = {Codec.PCMU: 8000, Codec.PCMA: 8000, Codec.G722: 16000, Codec.OPUS: 16000}
SPEECH_S = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """A way through the engine: what the two sides of each call speak, and whether the call is recorded."""

    name: str
    left: Codec
    right: Codec
    recorded: bool = False


KINDS = [
    Kind("relayed", Codec.PCMU, Codec.PCMU),
    Kind("A-law to mu-law", Codec.PCMU, Codec.PCMA),
    Kind("relayed, recorded", Codec.PCMU, Codec.PCMU, recorded=True),
    Kind("laws, recorded", Codec.PCMU, Codec.PCMA, recorded=True),
    Kind("G.722 to G.711", Codec.PCMU, Codec.G722),
    Kind("Opus to G.711", Codec.PCMU, Codec.OPUS),
]


@dataclass(slots=True)
class Figures:
    """CPU microseconds a packet, a value a round."""

    engine: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    lost: int = 0


class Sounds:
    """Payloads of every codec in files, from the same sound, and what each codec costs."""

    def __init__(self, folder: Path, program: Path) -> None:
        self._folder, self._program = folder, program
        self.cost_us: dict[Codec, tuple[float, float]] = {}
        """Packing and unpacking 20 ms."""

    def payloads(self, codec: Codec) -> Path:
        path = self._folder / codec.name
        if codec not in self.cost_us:
            with path.open("wb") as out:
                command = [str(self._program), codec.name, str(RATES[codec]), "1"]
                done = subprocess.run(
                    command, input=speech(RATES[codec]), stdout=out, stderr=subprocess.PIPE, check=True
                )
            packing, unpacking = done.stderr.split()
            self.cost_us[codec] = float(packing), float(unpacking)
        return path


def speech(rate_hz: int) -> bytes:
    """A voice for a codec to work on: syllables of harmonics, with pauses, over a little noise."""
    at = np.arange(rate_hz * SPEECH_S) / rate_hz
    pitch = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * 0.4 * at)) / rate_hz
    voice = sum(np.sin(n * pitch) / n * (1 + np.sin(2 * np.pi * (0.3 + n / 9) * at)) for n in range(1, 25))
    syllables = np.clip(np.sin(2 * np.pi * 2.5 * at), 0, None) * (np.sin(2 * np.pi * 0.2 * at) > -0.5)
    noise = np.random.default_rng(1).normal(0, 30, len(at))
    return bytes((voice * syllables * 3000 + noise).clip(-32768, 32767).astype(np.int16).tobytes())


def run_engine(load: Program, streams: int, kind: Kind, folder: Path) -> tuple[Run, float]:
    """The media thread's figures, and the CPU of the whole process."""
    engine = Engine("127.0.0.1", PORTS, streams, recordings=str(folder))
    engine.start()
    for slot, port in enumerate(load.ports):
        # The load numbers all payloads 0, which an answerer may agree to.
        codec = kind.right if slot % 2 else kind.left
        assert engine.submit(OpenStream(slot, StreamPlan("127.0.0.1", port, codec, 0)))
    for slot in range(0, streams, 2):
        while not engine.submit(Bridge(slot, slot + 1)):
            time.sleep(0.01)
        if kind.recorded:
            while not engine.submit(StartRecording(slot, slot, f"call-{slot}")):
                time.sleep(0.01)
    while engine.stats().commands_waiting:
        time.sleep(0.01)
    time.sleep(0.05)
    engine.poll()
    before, process_before = engine.stats(), time.process_time()
    load.connect([slot.port for slot in engine.slots])
    seen = Seen(*load.figures())
    after, process_after = engine.stats(), time.process_time()
    engine.close()
    # Transcoded calls go on with silence after the last packet: what counts is what came.
    packets = after.datagrams_received - before.datagrams_received
    run = Run(packets, after.thread_cpu_us - before.thread_cpu_us, seen)
    return run, (process_after - process_before) * 1e6 / max(1, packets)


def measure(kind: Kind, programs: Path, sounds: Sounds, arguments: argparse.Namespace) -> Figures:
    """Engine and floor in turn; which goes first changes from round to round."""
    rate = arguments.opus_rate if Codec.OPUS in (kind.left, kind.right) else arguments.rate
    streams = max(2, rate // PACKETS_PER_STREAM // 2 * 2)
    talks = str(sounds.payloads(kind.left)), str(sounds.payloads(kind.right))
    figures = Figures()
    for turn in range(arguments.rounds):
        for which in ("engine", "floor") if turn % 2 == 0 else ("floor", "engine"):
            load = Program(str(programs), "load", str(streams), str(rate), str(arguments.seconds), *talks)
            if which == "floor":
                figures.floor.append(run_floor(programs, load, streams).us_per_packet)
                continue
            with tempfile.TemporaryDirectory() as folder:
                run, process = run_engine(load, streams, kind, Path(folder))
            figures.engine.append(run.us_per_packet)
            figures.process.append(process)
            figures.lost += max(0, run.lost)
    return figures


def line(kind: Kind, figures: Figures, sounds: Sounds) -> str:
    engine, process, floor = (
        statistics.median(values) for values in (figures.engine, figures.process, figures.floor)
    )
    text = f"{kind.name:<18} {engine:>8.2f} {min(figures.engine):>7.2f} {process:>8.2f} {floor:>7.2f} "
    text += f"{engine / floor:>6.2f} {process / floor:>8.2f} {figures.lost:>5}"
    if kind.left is kind.right or {kind.left, kind.right} == {Codec.PCMU, Codec.PCMA}:
        return text
    # Of each two packets one crosses from left to right and one back.
    codecs = sum(sum(sounds.cost_us[codec]) for codec in (kind.left, kind.right)) / 2
    return text + f" {codecs:>9.2f} {engine - codecs:>7.2f} {engine / codecs:>6.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=5000, help="packets a second")
    parser.add_argument("--opus-rate", type=int, default=500, help="of the calls with Opus")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="kinds whose name contains this")
    arguments = parser.parse_args()
    if shutil.which("gcc") is None:
        print("gcc is needed for the floor", file=sys.stderr)
        return 2
    here = Path(__file__).parent
    codecs = here.parent / "codecs"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compiler = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", f"-I{codecs}"]
        compile_floor(folder)
        sources = [str(here / "codec.c"), *map(str, codecs.glob("*.c"))]
        subprocess.run([*compiler, *sources, "-o", str(folder / "codec"), "-lm", "-ldl"], check=True)
        sounds = Sounds(folder, folder / "codec")
        print("CPU microseconds a packet, medians of the rounds; `lowest` of the media thread")
        print(
            f"{'':<18} {'engine':>8} {'lowest':>7} {'process':>8} {'floor':>7} {'ratio':>6} {'process':>8} "
            f"{'lost':>5} {'codecs':>9} {'above':>7} {'ratio':>6}"
        )
        for kind in KINDS:
            if arguments.only is None or arguments.only in kind.name:
                print(line(kind, measure(kind, folder / "floor", sounds, arguments), sounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
