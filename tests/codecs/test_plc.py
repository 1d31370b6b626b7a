"""Concealment of lost packets against the reference of ITU-T G.711 Appendix I (in G.191)."""

import ctypes
from itertools import pairwise

import numpy as np
import pytest

from tests.engine.build import c_library
from tests.vectors import vector

ERASED = 0x6B20
FRAME = 80
DELAY = 30
PLC_BYTES = 8_192


class Concealer:
    """A `struct plc` behind numpy arrays."""

    def __init__(self, rate_hz: int = 8000) -> None:
        self._state = ctypes.create_string_buffer(PLC_BYTES)
        c_library().plc_init(self._state, rate_hz)

    def heard(self, samples: np.ndarray) -> np.ndarray:
        return self._run("plc_heard", samples)

    def lost(self, count: int) -> np.ndarray:
        return self._run("plc_lost", np.zeros(count, np.int16))

    def _run(self, function: str, samples: np.ndarray) -> np.ndarray:
        out = np.ascontiguousarray(samples, dtype=np.int16).copy()
        getattr(c_library(), function)(
            self._state, out.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(len(out))
        )
        return out


def concealed(samples: np.ndarray, is_lost: list[bool], frame: int, rate_hz: int = 8000) -> np.ndarray:
    """`samples` with those frames lost, without the delay of the concealment."""
    concealer = Concealer(rate_hz)
    parts = [
        concealer.lost(frame) if lost else concealer.heard(samples[i * frame : (i + 1) * frame])
        for i, lost in enumerate(is_lost)
    ]
    return np.concatenate(parts)[DELAY * rate_hz // 8000 :]


def sine(hz: float, rate_hz: int, seconds: float) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.int16)


@pytest.mark.parametrize(("name", "mask"), [("f2_10", "fe10"), ("f2_10_2", "fe10_2")])
def test_it_is_the_itus_reference_within_one_step(name: str, mask: str) -> None:
    """Speech with a tenth of its 10 ms and of its 20 ms lost; the reference rounds in double precision."""
    speech = np.fromfile(vector("audio/g711iplc/f2.le"), dtype="<i2")
    expected = np.fromfile(vector(f"audio/g711iplc/{name}.raw"), dtype="<i2")
    pattern = np.fromfile(vector(f"audio/g711iplc/{mask}.g192"), dtype="<u2")
    frames = len(speech) // FRAME
    ours = concealed(speech, [bool(pattern[i % len(pattern)] == ERASED) for i in range(frames)], FRAME)
    difference = np.abs(ours.astype(int) - expected[: len(ours)])
    assert difference.max() <= 1
    assert (difference == 0).mean() > 0.99


def test_without_loss_it_is_the_same_3_75_ms_later() -> None:
    speech = np.fromfile(vector("audio/g711iplc/f2.le"), dtype="<i2")
    assert (concealed(speech, [False] * (len(speech) // 80), 80) == speech[:-DELAY]).all()


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("lost_frames", [1, 2, 3])
def test_a_steady_voice_goes_on_through_a_gap(rate_hz: int, lost_frames: int) -> None:
    voice = sine(100, rate_hz, 0.4)
    frame = rate_hz // 100
    is_lost = [20 <= i < 20 + lost_frames for i in range(40)]
    ours = concealed(voice, is_lost, frame, rate_hz)
    first = 20 * frame
    gap = slice(first, first + frame)
    assert np.corrcoef(ours[gap], voice[gap])[0, 1] > 0.99
    assert np.abs(np.diff(ours.astype(int))).max() < 2 * np.abs(np.diff(voice.astype(int))).max()


def test_a_long_gap_is_silent_after_60_ms_and_fades_until_then() -> None:
    concealer = Concealer()
    concealer.heard(sine(125, 8000, 0.2))
    gap = np.concatenate([concealer.lost(80) for _ in range(8)])[DELAY:]
    # Over one period of the voice, so that its phase does not matter.
    level = [float(np.abs(gap[i * 80 : i * 80 + 64].astype(int)).mean()) for i in range(7)]
    assert all(later < earlier for earlier, later in pairwise(level))
    assert level[5] < level[0] / 4
    assert level[6] == 0


def test_a_gap_before_anything_was_heard_is_silent() -> None:
    assert not Concealer().lost(480).any()


def test_a_packet_of_any_length_ends_a_gap() -> None:
    voice = sine(200, 8000, 1)
    for count in (1, 7, 40, 79, 81, 390, 1500, 5760):
        concealer = Concealer()
        concealer.heard(voice[:800])
        concealer.lost(160)
        assert len(concealer.heard(voice[:count])) == count


def test_the_loudest_samples_are_clipped_and_never_wrap() -> None:
    concealer = Concealer()
    square = np.where(np.arange(800) % 80 < 40, 32767, -32768).astype(np.int16)
    concealer.heard(square)
    gap = concealer.lost(160)[DELAY:]
    concealed_sign = np.sign(gap[:80].astype(int))
    assert (concealed_sign == np.sign(square[:80].astype(int))).mean() > 0.9
