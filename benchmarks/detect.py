"""CPU of each detector a frame of 10 ms: of speech where Debian's prompts are installed, else of noise.

The floor is the sum of squares of the frame: what looking at it costs at all. The library is compiled as the
extension is, and called 100,000 frames at a time, so that Python is not measured.

    python -m benchmarks.detect [--rounds 7]
"""

import argparse
import ctypes
import random
import subprocess
import tempfile
import wave
from pathlib import Path
from time import thread_time_ns

ROOT = Path(__file__).resolve().parents[1]
PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
FRAME = 80
FRAMES = 100_000
DRIVER = r"""
#include "detectors.h"
#include <stdlib.h>
#include <string.h>
static double heard_so_far;
static const struct amd_settings ANSWERS = {60000, 60000, 60000, 60000, 100, 50, 60000, 255};
static float look(const int16_t *samples)
{
    float sum = 0;
    for (int n = 0; n < DETECT_FRAME_SAMPLES; n++)
        sum += (float)samples[n] * samples[n];
    return sum;
}
double run(int which, const int16_t *samples, int frames)
{
    static union {
        struct dtmf_detector dtmf;
        struct progress_detector progress;
        struct sit_detector sit;
        struct beep_detector beep;
        struct vad vad;
        struct amd amd;
        struct clipping_detector clipping;
    } state;
    union {
        struct dtmf_heard key;
        struct tone_heard tone;
        struct beep_heard beep;
        struct amd_result answer;
        uint16_t share;
    } told;
    memset(&state, 0, sizeof state);
    if (which == 1) dtmf_detector_init(&state.dtmf);
    if (which == 2) progress_detector_init(&state.progress);
    if (which == 5) vad_init(&state.vad, 500);
    for (int i = 0; i < frames; i++, samples += DETECT_FRAME_SAMPLES) {
        if (which == 6 && i % 1000 == 0) amd_init(&state.amd, &ANSWERS);
        switch (which) {
        case 0: heard_so_far += look(samples); break;
        case 1: heard_so_far += dtmf_detect(&state.dtmf, samples, &told.key); break;
        case 2: heard_so_far += progress_detect(&state.progress, samples, &told.tone); break;
        case 3: heard_so_far += sit_detect(&state.sit, samples, &told.tone); break;
        case 4: heard_so_far += beep_detect(&state.beep, samples, &told.beep); break;
        case 5: heard_so_far += vad_detect(&state.vad, samples); break;
        case 6: heard_so_far += amd_detect(&state.amd, samples, &told.answer); break;
        case 7: heard_so_far += clipping_detect(&state.clipping, samples, &told.share); break;
        }
    }
    return heard_so_far;
}
"""
NAMES = ("floor", "keys", "progress tones", "special information", "beep", "voice", "machine", "clipping")


def library(folder: Path) -> ctypes.CDLL:
    """The detectors, with the loop around them in C."""
    driver = folder / "driver.c"
    driver.write_text(DRIVER)
    names = ("amd", "beep", "clipping", "dtmf", "sine", "sit", "tones", "vad")
    sources = [str(ROOT / "codecs" / f"{name}.c") for name in names]
    command = [
        "gcc",
        "-std=c11",
        "-D_GNU_SOURCE",
        "-O2",
        "-shared",
        "-fPIC",
        f"-I{ROOT / 'codecs'}",
        str(driver),
    ]
    subprocess.run([*command, *sources, "-o", str(folder / "detect.so"), "-lm"], check=True)
    return ctypes.CDLL(str(folder / "detect.so"))


def speech() -> tuple[bytes, str]:
    """FRAMES frames, and what they are."""
    wanted = 2 * FRAME * FRAMES
    sound = b""
    for path in sorted(PROMPTS.glob("*.wav")):
        with wave.open(str(path)) as file:
            sound += file.readframes(file.getnframes())
        if len(sound) >= wanted:
            return sound[:wanted], "speech"
    if sound:
        return (sound * (wanted // len(sound) + 1))[:wanted], "speech"
    return random.Random(1).randbytes(wanted), "noise"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--rounds", type=int, default=7)
    rounds = words.parse_args().rounds
    sound, kind = speech()
    took: dict[str, list[float]] = {name: [] for name in NAMES}
    with tempfile.TemporaryDirectory() as folder:
        run = library(Path(folder)).run
        run.restype = ctypes.c_double
        for _ in range(rounds):
            for which, name in enumerate(NAMES):
                start = thread_time_ns()
                run(which, sound, FRAMES)
                took[name].append((thread_time_ns() - start) / FRAMES / 1_000)
    floor = min(took["floor"])
    print(f"{FRAMES} frames of {kind}       lowest us  median us  x floor  share of a core")
    for name, times in took.items():
        times.sort()
        lowest, median = times[0], times[len(times) // 2]
        print(f"{name:29s}  {lowest:8.3f}  {median:9.3f}  {lowest / floor:7.1f}  {lowest / 10_000:14.4%}")


if __name__ == "__main__":
    main()
