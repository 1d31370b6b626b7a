"""The resampler by sweeps: what must pass passes, what must not be heard is not."""

import ctypes
from itertools import permutations

import numpy as np
import pytest

from tests.codecs.signals import decibel, power, tone
from tests.engine.build import c_library

RATES = (8_000, 16_000, 48_000)
PAIRS = list(permutations(RATES, 2))
PASS_SHARE, STOP_SHARE = 0.425, 0.515
"""Of the lower rate: below the first all passes, above the second nothing does."""


class Resampler:
    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._state = ctypes.create_string_buffer(8_192)
        self._share = to_hz / from_hz
        c_library().resampler_init(self._state, from_hz, to_hz)
        c_library().resample.restype = ctypes.c_size_t

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        samples = np.ascontiguousarray(samples, dtype=np.int16)
        out = np.zeros(int(len(samples) * self._share) + 8, np.int16)
        count = c_library().resample(
            self._state,
            samples.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(len(samples)),
            out.ctypes.data_as(ctypes.c_void_p),
        )
        return out[:count]


def gain(from_hz: int, to_hz: int, hz: float) -> float:
    """Of a tone, in dB, with all that it turns into."""
    said = tone(hz, from_hz, 0.3, 20_000)[: int(0.3 * from_hz) // 6 * 6]
    heard = Resampler(from_hz, to_hz)(said)
    return decibel(power(heard[to_hz // 20 :]) / power(said))


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_the_pass_band_is_flat(from_hz: int, to_hz: int) -> None:
    lower = min(from_hz, to_hz)
    for hz in np.linspace(100, PASS_SHARE * lower, 25):
        assert abs(gain(from_hz, to_hz, hz)) < 0.1, hz


@pytest.mark.parametrize(("from_hz", "to_hz"), [p for p in PAIRS if p[0] > p[1]])
def test_nothing_folds_back_from_above(from_hz: int, to_hz: int) -> None:
    for hz in np.linspace(STOP_SHARE * to_hz, from_hz / 2 - 100, 40):
        assert gain(from_hz, to_hz, hz) < -70, hz


@pytest.mark.parametrize(("from_hz", "to_hz"), [p for p in PAIRS if p[0] < p[1]])
def test_no_images_appear_above(from_hz: int, to_hz: int) -> None:
    for hz in np.linspace(300, PASS_SHARE * from_hz, 12):
        heard = Resampler(from_hz, to_hz)(tone(hz, from_hz, 1, 20_000))[to_hz // 10 :].astype(float)
        spectrum = np.abs(np.fft.rfft(heard * np.blackman(len(heard)))) ** 2
        frequencies = np.fft.rfftfreq(len(heard), 1 / to_hz)
        images = spectrum[frequencies > STOP_SHARE * from_hz].sum()
        assert decibel(images / spectrum.sum()) < -70, hz


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_pieces_give_what_the_whole_gives(from_hz: int, to_hz: int) -> None:
    said = np.random.default_rng(1).normal(0, 5_000, from_hz // 10 * 6).astype(np.int16)
    whole, pieces = Resampler(from_hz, to_hz), Resampler(from_hz, to_hz)
    parts, start = [], 0
    for size in (6, 480, 960, 60, 2_880):
        parts.append(pieces(said[start : start + size]))
        start += size
    heard = np.concatenate(parts)
    assert (heard == whole(said[:start])).all()


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_it_delays_by_3_ms_at_8_khz(from_hz: int, to_hz: int) -> None:
    """24 samples of the lower rate."""
    said = np.zeros(from_hz // 10, np.int16)
    said[from_hz // 50] = 30_000
    heard = Resampler(from_hz, to_hz)(said)
    lower = min(from_hz, to_hz)
    assert (np.abs(heard).argmax() / to_hz - 0.02) * lower == pytest.approx(24, abs=0.6)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_the_loudest_is_clipped_and_a_constant_stays(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    constant = resampler(np.full(from_hz // 10, 1_000))[to_hz // 50 :]
    assert np.abs(constant - 1_000).max() <= 1
    square = np.where(np.arange(from_hz // 10) // (from_hz // 400) % 2 == 0, 32_767, -32_768)
    heard = resampler(square)[to_hz // 50 :].astype(int)
    assert heard.max() == 32_767
    assert heard.min() == -32_768
    assert np.abs(np.diff(heard)).max() < 66_000


def test_the_same_rate_passes_unchanged() -> None:
    said = np.random.default_rng(2).normal(0, 5_000, 480).astype(np.int16)
    assert (Resampler(16_000, 16_000)(said) == said).all()
