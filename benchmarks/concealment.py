"""Speech with losses as PESQ (ITU-T P.862) hears it, filled in four ways.

| way | what stands in the place of a lost packet |
| --- | --- |
| zeros | silence |
| repetition | the packet before it |
| ours | what the codec's `conceal` makes (codecs/plc.c) |
| whole | nothing was lost: what the codec alone costs |

Packets of 20 ms are lost one by one, at random. PESQ is the package `pesq`, which needs a numpy below 2: so
it gets an environment of its own, made once in the folder of `--environment`.

    python -m benchmarks.concealment [--seeds 30] [--loss 3] [--speech FILE.wav ...]
"""

import argparse
import ctypes
import json
import random
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SPEECH = ROOT.parent / "shared" / "vectors" / "audio" / "speech"
"""Read sentences at 16 kHz, where they are beside the checkout."""
ENVIRONMENT = ROOT / "build" / "pesq"
WAYS = ("zeros", "repetition", "ours", "whole")
PACKET_MS = 20
CODECS = {"PCMU": (0, 8_000, "nb"), "G722": (9, 16_000, "wb")}
"""Number in the table of codecs, samples a second, and the mode of PESQ (narrow or wide band)."""
STATE_BYTES = 16_384
PAYLOAD_BYTES_MAX = 1_280

_JUDGE = """
import json, sys
import numpy as np
from pesq import pesq
job = json.load(open(sys.argv[1]))
said = np.load(job["said"])
print(json.dumps([float(pesq(job["rate"], said, np.load(name), job["mode"])) for name in job["heard"]]))
"""


class NoJudgeError(Exception):
    """PESQ cannot be had on this machine."""


@dataclass(frozen=True)
class Verdict:
    """Mean PESQ of each way over all seeds, and in how many of them ours was above the other two."""

    codec: str
    means: dict[str, float]
    best: int
    seeds: int


class Table:
    """The C of codecs/ as a library."""

    def __init__(self, folder: Path) -> None:
        library = folder / "codecs.so"
        sources = [str(path) for path in sorted((ROOT / "codecs").glob("*.c"))]
        command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC", f"-I{ROOT / 'codecs'}"]
        subprocess.run([*command, *sources, "-o", str(library), "-lm", "-ldl"], check=True)
        self.c = ctypes.CDLL(str(library))
        self.c.codec_find.restype = ctypes.POINTER(Codec)

    def heard(self, number: int, said: np.ndarray, lost: set[int], way: str) -> np.ndarray:
        """What comes out of the decoder."""
        codec = self.c.codec_find(number, ctypes.c_uint32(0)).contents
        encoder, decoder = (ctypes.create_string_buffer(STATE_BYTES) for _ in range(2))
        codec.encoder_init(encoder, None)
        codec.decoder_init(decoder)
        size = codec.sample_rate_hz * PACKET_MS // 1_000
        payload, packet = np.zeros(PAYLOAD_BYTES_MAX, np.uint8), np.zeros(5_760, np.int16)
        parts: list[np.ndarray] = []
        for i in range(len(said) // size):
            given = np.ascontiguousarray(said[i * size : (i + 1) * size])
            count = codec.encode(encoder, given.ctypes.data, size, payload.ctypes.data)
            if i not in lost or way == "whole":
                codec.decode(decoder, payload.ctypes.data, count, packet.ctypes.data)
                parts.append(packet[:size].copy())
            elif way == "ours":
                codec.conceal(decoder, packet.ctypes.data, size, None, 0)
                parts.append(packet[:size].copy())
            else:
                parts.append(parts[-1] if way == "repetition" else np.zeros(size, np.int16))
        return np.concatenate(parts)

    def narrowed(self, samples: np.ndarray) -> np.ndarray:
        """From 16 to 8 kHz."""
        state = ctypes.create_string_buffer(STATE_BYTES)
        samples = np.ascontiguousarray(samples[: len(samples) // 480 * 480])
        out = np.zeros(len(samples) // 2, np.int16)
        self.c.resampler_init(state, 16_000, 8_000)
        self.c.resample(
            state,
            ctypes.c_void_p(samples.ctypes.data),
            ctypes.c_size_t(len(samples)),
            ctypes.c_void_p(out.ctypes.data),
        )
        return out


_P, _N = ctypes.c_void_p, ctypes.c_size_t


class Codec(ctypes.Structure):
    """`struct codec` of codecs/codecs.h."""

    _fields_ = (
        ("id", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("rtp_clock_hz", ctypes.c_uint32),
        ("sample_rate_hz", ctypes.c_uint32),
        ("encoder_bytes", _N),
        ("decoder_bytes", _N),
        ("encoder_init", ctypes.CFUNCTYPE(None, _P, _P)),
        ("decoder_init", ctypes.CFUNCTYPE(None, _P)),
        ("encode", ctypes.CFUNCTYPE(_N, _P, _P, _N, _P)),
        ("adapt", ctypes.CFUNCTYPE(None, _P, ctypes.c_uint8)),
        ("length", ctypes.CFUNCTYPE(_N, _P, _N)),
        ("decode", ctypes.CFUNCTYPE(_N, _P, _P, _N, _P)),
        ("conceal", ctypes.CFUNCTYPE(None, _P, _P, _N, _P, _N)),
    )


def judge(environment: Path) -> Path:
    """The interpreter that has PESQ, made where it is not yet. Raises NoJudgeError."""
    python = environment / "bin" / "python"
    has_it = [str(python), "-c", "import pesq"]
    if python.exists() and subprocess.run(has_it, capture_output=True, check=False).returncode == 0:
        return python
    steps = (
        [sys.executable, "-m", "venv", str(environment)],
        [str(python), "-m", "pip", "-qq", "install", "numpy<2", "cython", "pesq"],
        has_it,
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise NoJudgeError(f"no environment with pesq: {lines[-1] if lines else step}")
    return python


def read_speech(files: list[Path]) -> np.ndarray:
    """All of them, one behind the other, at 16 kHz. Raises NoJudgeError where there are none."""
    parts = []
    for path in files:
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (16_000, 1, 2):
                raise NoJudgeError(f"{path}: speech at 16 kHz, one channel, 16 bits was expected")
            parts.append(np.frombuffer(file.readframes(file.getnframes()), "<i2"))
    if not parts:
        raise NoJudgeError(f"no speech: expected {SPEECH}/*.wav beside the checkout, or --speech")
    return np.concatenate(parts)


def compare(name: str, python: Path, speech: np.ndarray, seeds: int, loss: float) -> Verdict:
    """The four ways of one codec on the same losses."""
    number, rate_hz, mode = CODECS[name]
    with tempfile.TemporaryDirectory(prefix="softswitch-pesq-") as folder:
        table = Table(Path(folder))
        said = speech if rate_hz == 16_000 else table.narrowed(speech)
        heard: list[str] = []
        packets = len(said) * 1_000 // rate_hz // PACKET_MS
        for seed in range(seeds):
            chance = random.Random(seed)
            # The first packets are kept, so that every way has something to begin with.
            lost = {i for i in range(5, packets) if chance.random() < loss / 100}
            for way in WAYS:
                heard.append(f"{folder}/{seed}-{way}.npy")
                np.save(heard[-1], table.heard(number, said, lost, way))
        np.save(f"{folder}/said.npy", said)
        job = {"said": f"{folder}/said.npy", "heard": heard, "rate": rate_hz, "mode": mode}
        Path(folder, "job.json").write_text(json.dumps(job))
        done = subprocess.run(
            [str(python), "-c", _JUDGE, f"{folder}/job.json"], capture_output=True, text=True, check=True
        )
    scores = np.array(json.loads(done.stdout)).reshape(seeds, len(WAYS))
    means = dict(zip(WAYS, map(float, scores.mean(axis=0)), strict=True))
    best = int((scores[:, 2] > scores[:, :2].max(axis=1)).sum())
    return Verdict(name, means, best, seeds)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--seeds", type=int, default=30)
    words.add_argument("--loss", type=float, default=3.0, help="per cent of the packets")
    words.add_argument("--environment", type=Path, default=ENVIRONMENT)
    words.add_argument("--speech", type=Path, nargs="*", default=sorted(SPEECH.glob("*.wav")))
    asked = words.parse_args()
    try:
        speech = read_speech(asked.speech)
        python = judge(asked.environment)
    except NoJudgeError as error:
        raise SystemExit(str(error)) from None
    seconds = len(speech) / 16_000
    print(
        f"{seconds:.0f} s of speech, {asked.loss:g} % of packets of {PACKET_MS} ms lost, {asked.seeds} seeds"
    )
    print("codec " + "".join(f"{way:>12}" for way in WAYS) + "   ours best")
    for name in CODECS:
        verdict = compare(name, python, speech, asked.seeds, asked.loss)
        figures = "".join(f"{verdict.means[way]:12.3f}" for way in WAYS)
        print(f"{name:6}{figures}   {verdict.best} of {verdict.seeds}")


if __name__ == "__main__":
    main()
