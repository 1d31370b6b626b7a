"""Another speed: as long as the speed says, at the same pitch, and speech still has its sound."""

import ctypes

import numpy as np
import pytest

from tests.codecs.signals import decibel, power, speech, tone
from tests.engine.build import c_library

SPEEDS = (50, 75, 89, 111, 125, 150, 200)


def at_speed(samples: np.ndarray, rate_hz: int, percent: int) -> np.ndarray:
    """What is heard of it until all of it was."""
    library = c_library()
    library.tempo_wants.restype = library.tempo_ahead.restype = ctypes.c_uint32
    state, hop = ctypes.create_string_buffer(4_096), rate_hz // 100
    said = np.ascontiguousarray(samples, dtype=np.int16)
    frame, heard, at, padding = np.zeros(hop, np.int16), [], 0, 0
    library.tempo_init(state, rate_hz, percent)
    while at < len(said) or library.tempo_ahead(state) > padding:
        wanted = library.tempo_wants(state)
        part = said[at : at + wanted]
        at += len(part)
        padding += wanted - len(part)
        part = np.append(part, np.zeros(wanted - len(part), np.int16))
        library.tempo_push(state, part.ctypes.data_as(ctypes.c_void_p), wanted)
        library.tempo_step(state, frame.ctypes.data_as(ctypes.c_void_p))
        heard.append(frame.copy())
    return np.concatenate(heard)


def purity_db(samples: np.ndarray, rate_hz: int, hz: float) -> float:
    """Of a tone: what lies within 20 Hz of it, over all else."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    places = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    near = np.abs(places - hz) <= 20
    return decibel(spectrum[near].sum() / spectrum[~near].sum())


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
@pytest.mark.parametrize("percent", SPEEDS)
def test_a_tone_keeps_its_frequency(rate_hz: int, percent: int) -> None:
    for hz in (150, 440, 1_000, 2_900):
        heard = at_speed(tone(hz, rate_hz, 2), rate_hz, percent)
        assert purity_db(heard, rate_hz, hz) > 15, hz
        assert abs(decibel(power(heard) / power(tone(hz, rate_hz, 2)))) < 1


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
@pytest.mark.parametrize("percent", SPEEDS)
def test_speech_lasts_as_long_as_the_speed_says(rate_hz: int, percent: int) -> None:
    said = speech()[:: 16_000 // rate_hz]
    heard = at_speed(said, rate_hz, percent)
    assert abs(len(heard) / rate_hz - len(said) / rate_hz * 100 / percent) <= 0.04
    assert abs(decibel(power(heard) / power(said))) < 1.5


def test_its_own_speed_is_bit_exact() -> None:
    said = speech()
    heard = at_speed(said, 16_000, 100)
    assert np.array_equal(heard[: len(said)], said)


def spectrum_of(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """The long-term spectrum in decibels, in bands of 250 Hz up to 4 kHz."""
    frames = samples[: len(samples) // 512 * 512].reshape(-1, 512) * np.hanning(512)
    energy = np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0)
    width = 250 * 512 // rate_hz
    return np.asarray([decibel(energy[band * width : (band + 1) * width].mean()) for band in range(16)])


@pytest.mark.parametrize("percent", SPEEDS)
def test_speech_keeps_its_colour(percent: int) -> None:
    """Played as a tape would be, at 150 % it would be off by up to 20 dB in these bands."""
    said = speech()
    heard = at_speed(said, 16_000, percent)
    assert np.max(np.abs(spectrum_of(heard, 16_000) - spectrum_of(said, 16_000))) < 3.5
