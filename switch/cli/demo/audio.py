"""Test speech, and the proof that it was heard: what was recorded is correlated with what was played.

A phone plays its signal in a loop and records what it hears. `listen` cuts the recording into windows,
finds each window in the looped signal by its normalised cross-correlation over every lag (by FFT), and
reports the median. Short windows, because two sound clocks drift and a jitter buffer now and then
inserts or drops a frame: over the whole call that would blur a peak that every half second of it has.
"""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

RATE_HZ = 8_000
WINDOW_MS = 500
# About -12 dB of full scale: speech's level, and far from the clipping of G.711.
_LEVEL = 0.25
# Below this a window is silence and has nothing to compare: -50 dB of full scale.
_SILENCE = 0.003
_SYLLABLE_S = (0.12, 0.30)
_FORMANTS_HZ = ((300, 900), (900, 1_800), (1_800, 3_000))


@dataclass(frozen=True, slots=True)
class Match:
    """How well a recording contains a signal.

    `peak` is the median of the windows' normalised correlation, 0 to 1; over G.711 the right signal
    gives more than 0.9 and another less than 0.3. `delay_ms` is how far into the recording the signal's
    beginning lies, in the first window that matches, modulo the signal's length. `windows` is how many
    windows were not silence; without any, `peak` is 0.
    """

    peak: float
    delay_ms: float
    windows: int


def speech(seed: int, seconds: float = 5.0, rate_hz: int = RATE_HZ) -> Samples:
    """Speech-like noise, -1 to 1: syllables and pauses, three wandering formants; one voice a seed."""
    generator = np.random.default_rng(seed)
    count = int(seconds * rate_hz)
    sound = np.zeros(count)
    start = 0
    while start < count:
        length = min(int(generator.uniform(*_SYLLABLE_S) * rate_hz), count - start)
        syllable = np.zeros(length)
        for low_hz, high_hz in _FORMANTS_HZ:
            centre_hz = generator.uniform(low_hz, high_hz)
            syllable += generator.uniform(0.2, 1.0) * _band(generator, length, centre_hz, rate_hz)
        sound[start : start + length] = syllable * np.hanning(length)
        start += length + int(generator.uniform(0.0, 0.06) * rate_hz)
    loudest = float(np.max(np.abs(sound)))
    assert loudest > 0
    return sound * (2.5 * _LEVEL / loudest)


def _band(generator: np.random.Generator, count: int, centre_hz: float, rate_hz: int) -> Samples:
    """Noise of unit power around a frequency."""
    spectrum = np.fft.rfft(generator.standard_normal(count))
    frequency = np.fft.rfftfreq(count, 1 / rate_hz)
    noise: Samples = np.fft.irfft(spectrum * np.exp(-(((frequency - centre_hz) / 150.0) ** 2)), count)
    return noise / (np.std(noise) + 1e-12)


def write_wav(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> Path:
    """Write -1 to 1 as 16-bit mono."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> Samples:
    """Read 16-bit mono as -1 to 1; ValueError for another format."""
    with wave.open(str(path), "rb") as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise ValueError(f"{path}: expected 16-bit mono")
        frames = file.readframes(file.getnframes())
    return np.frombuffer(frames, "<i2").astype(np.float64) / 32_768


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """The same sound at another rate, whole in memory, band-limited by its spectrum."""
    count = len(samples) * to_hz // from_hz
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    resampled: Samples = np.fft.irfft(spectrum, count) * (count / len(samples))
    return resampled


def listen(heard: Samples, played: Samples, window_ms: int = WINDOW_MS, rate_hz: int = RATE_HZ) -> Match:
    """Look for the looped signal `played` in the recording `heard`; both at `rate_hz`."""
    matches = follow(heard, played, window_ms, rate_hz)
    if not matches:
        return Match(0.0, 0.0, 0)
    peak = float(np.median([match.peak for match in matches]))
    first = next(match for match in matches if match.peak >= peak)
    return Match(peak, first.delay_ms, len(matches))


def follow(
    heard: Samples, played: Samples, window_ms: int = WINDOW_MS, rate_hz: int = RATE_HZ
) -> list[Match]:
    """The same a window at a time, silent windows left out: where in a call the signal was heard."""
    length = window_ms * rate_hz // 1_000
    if len(played) < length:
        raise ValueError(f"the signal is shorter than the window of {window_ms} ms")
    matches = []
    for start in range(0, len(heard) - length + 1, length):
        window = heard[start : start + length]
        if np.sqrt(np.mean(window**2)) < _SILENCE:
            continue
        lag, peak = _find(window, played)
        delay = (start - lag) % len(played)
        matches.append(Match(peak, delay * 1_000 / rate_hz, 1))
    return matches


def _find(window: Samples, played: Samples) -> tuple[int, float]:
    """Where in the looped signal the window fits best, and the correlation coefficient there."""
    length, period = len(window), len(played)
    looped = np.concatenate((played, played[:length]))
    size = 1 << (len(looped) + length - 1).bit_length()
    centred = window - np.mean(window)
    product = np.fft.irfft(np.fft.rfft(looped, size) * np.conj(np.fft.rfft(centred, size)), size)[:period]
    sums = np.concatenate(([0.0], np.cumsum(looped)))
    squares = np.concatenate(([0.0], np.cumsum(looped**2)))
    mean = (sums[length : length + period] - sums[:period]) / length
    energy = squares[length : length + period] - squares[:period] - length * mean**2
    norm = np.sqrt(np.maximum(energy, 1e-9) * max(float(np.sum(centred**2)), 1e-9))
    coefficient = product / norm
    lag = int(np.argmax(coefficient))
    return lag, float(coefficient[lag])
