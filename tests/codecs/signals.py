"""Sounds to test with, and how alike two of them are."""

import wave

import numpy as np

from tests.vectors import vector

SPEECH = (
    "sense_and_sensibility_01_austen_64kb-0870.wav",
    "sense_and_sensibility_01_austen_64kb-0930.wav",
)


def speech(number: int = 0) -> np.ndarray:
    """A read sentence at 16 kHz."""
    with wave.open(str(vector(f"audio/speech/{SPEECH[number]}"))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def tone(hz: float, rate_hz: int, seconds: float, amplitude: float = 8_000) -> np.ndarray:
    times = np.arange(int(rate_hz * seconds)) / rate_hz
    return np.round(amplitude * np.sin(2 * np.pi * hz * times)).astype(np.int16)


def power(samples: np.ndarray) -> float:
    return float(np.mean(samples.astype(float) ** 2))


def decibel(ratio: float) -> float:
    return 10 * float(np.log10(max(ratio, 1e-30)))


def best_correlation(heard: np.ndarray, said: np.ndarray, delay_max: int) -> float:
    """Of the two where `heard` is up to `delay_max` samples late."""
    length = min(len(said), len(heard)) - delay_max
    best = -1.0
    for delay in range(delay_max):
        best = max(best, float(np.corrcoef(heard[delay : delay + length], said[:length])[0, 1]))
    return best
