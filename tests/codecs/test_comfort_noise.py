"""Comfort noise of RFC 3389: level and colour of what is told are those of what is heard."""

import ctypes

import numpy as np
import pytest

from tests.codecs.signals import decibel, power
from tests.engine.build import c_library

_STATE_BYTES = 512
_FULL_SCALE = 32_768.0**2


class Noise:
    def __init__(self, seed: int = 7) -> None:
        self._state = ctypes.create_string_buffer(_STATE_BYTES)
        c_library().comfort_noise_init(self._state, ctypes.c_uint32(seed))

    def heard(self, payload: bytes) -> bool:
        c_library().comfort_noise_heard.restype = ctypes.c_bool
        return bool(c_library().comfort_noise_heard(self._state, payload, ctypes.c_size_t(len(payload))))

    def make(self, count: int) -> np.ndarray:
        samples = np.zeros(count, np.int16)
        c_library().comfort_noise_make(
            self._state, samples.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(count)
        )
        return samples


def encoded(samples: np.ndarray, order: int) -> bytes:
    samples = np.ascontiguousarray(samples, dtype=np.int16)
    payload = ctypes.create_string_buffer(16)
    c_library().comfort_noise_encode.restype = ctypes.c_size_t
    count = c_library().comfort_noise_encode(
        samples.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_size_t(len(samples)),
        ctypes.c_uint32(order),
        payload,
    )
    return payload.raw[:count]


@pytest.mark.parametrize("level", [20, 40, 60])
@pytest.mark.parametrize("colour", [b"", b"\x10", b"\xf0", b"\x30\xa0\x60"])
def test_the_level_told_is_the_level_heard(level: int, colour: bytes) -> None:
    """Section 3.1: in -dBov, 0 of them being a full square wave; the colour does not change it."""
    noise = Noise()
    assert noise.heard(bytes([level]) + colour)
    noise.make(8_000)
    assert decibel(power(noise.make(80_000)) / _FULL_SCALE) == pytest.approx(-level, abs=1)


def test_a_coloured_noise_is_told_and_heard_again() -> None:
    """Section 3.2: reflection coefficients by their indices."""
    rng = np.random.default_rng(3)
    said = np.convolve(rng.normal(0, 300, 16_000), np.ones(6) / 6, mode="same")
    payload = encoded(said, order=10)
    noise = Noise()
    noise.heard(payload)
    noise.make(8_000)
    heard = noise.make(16_000)

    def bands(samples: np.ndarray) -> np.ndarray:
        spectrum = np.abs(np.fft.rfft(samples.astype(float))) ** 2
        return np.array([decibel(part.mean()) for part in np.array_split(spectrum, 6)])

    assert np.abs(bands(heard) - bands(said))[:4].max() < 3
    assert bands(heard)[0] - bands(heard)[5] > 10


def test_indices_survive_both_ways() -> None:
    """Noise of a single coefficient gives its index back: 127 is 0, steps are 258 / 32768."""
    noise = Noise()
    for index in (30, 90, 127, 180, 225):
        noise.heard(bytes([30, index]))
        noise.make(4_000)
        level, again = encoded(noise.make(64_000), order=1)
        assert abs(again - index) <= 3
        assert abs(level - 30) <= 1


def test_silence_is_the_lowest_level() -> None:
    assert encoded(np.zeros(160), order=0) == b"\x7f"


def test_the_loudest_is_no_louder_than_told() -> None:
    assert encoded(np.full(160, -32_768), order=0) == b"\x00"


def test_nothing_is_made_before_anything_is_told() -> None:
    assert not Noise().make(800).any()
    noise = Noise()
    assert not noise.heard(b"")
    assert not noise.make(800).any()


def test_any_payload_gives_a_stable_noise() -> None:
    """Coefficients at both ends, more of them than are used, the reserved index 255 and the reserved bit."""
    rng = np.random.default_rng(4)
    noise = Noise()
    for _ in range(300):
        payload = rng.integers(0, 256, int(rng.integers(1, 60)), dtype=np.uint8).tobytes()
        noise.heard(payload)
        noise.make(160)
    noise.heard(bytes([127]) + bytes([255] * 12))
    noise.make(16_000)
    # So sharp a filter rings for long: no louder than -50 dBov, a second after anything.
    assert np.abs(noise.make(160).astype(int)).max() < 100
    noise.heard(b"\x50")
    noise.make(16_000)
    assert decibel(power(noise.make(16_000)) / _FULL_SCALE) == pytest.approx(-80, abs=3)


def test_the_same_seed_is_the_same_noise_and_another_is_not() -> None:
    def made(seed: int) -> np.ndarray:
        noise = Noise(seed)
        noise.heard(b"\x20")
        return noise.make(400)

    assert (made(1) == made(1)).all()
    assert (made(1) != made(2)).any()
