"""Call-progress tones (ITU-T E.180, Supplement 2), special information tones, and beeps."""

import ctypes

import numpy as np
import pytest

from tests.codecs.sounds import STATE_BYTES, Sound, frames, noise, prompts, silence, sine
from tests.engine.build import c_library

DIAL, RINGBACK, BUSY, CONGESTION, SIT, INTERCEPT, VACANT, REORDER, NO_CIRCUIT = range(1, 10)


class ToneHeard(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_int), ("hertz", ctypes.c_uint16 * 2))


class BeepHeard(ctypes.Structure):
    _fields_ = (("hertz", ctypes.c_uint16), ("duration_ms", ctypes.c_uint32))


def told(name: str, sound: Sound) -> list[tuple[int, tuple[int, ...]]]:
    """Kinds and frequencies that `progress` or `sit` tells."""
    state, heard = ctypes.create_string_buffer(STATE_BYTES), ToneHeard()
    detect = getattr(c_library(), f"{name}_detect")
    detect.restype = ctypes.c_bool
    if name == "progress":
        c_library().progress_detector_init(state)
    return [
        (heard.kind, tuple(hertz for hertz in heard.hertz if hertz))
        for frame in frames(sound)
        if detect(state, frame, ctypes.byref(heard))
    ]


def beeps(sound: Sound) -> list[tuple[int, int]]:
    state, heard = ctypes.create_string_buffer(STATE_BYTES), BeepHeard()
    detect = c_library().beep_detect
    detect.restype = ctypes.c_bool
    return [
        (heard.hertz, heard.duration_ms)
        for frame in frames(np.concatenate([sound, silence(100)]))
        if detect(state, frame, ctypes.byref(heard))
    ]


def cadence(hertz: tuple[float, ...], parts_ms: tuple[float, ...], rounds: int, dbm0: float = -15) -> Sound:
    """Tone and pause in turn, `rounds` times."""
    parts = [silence(203)]
    for number in range(rounds * len(parts_ms)):
        part_ms = parts_ms[number % len(parts_ms)]
        tone = sum((sine(each, part_ms, dbm0 - 3 * (len(hertz) - 1), number) for each in hertz), start=0)
        parts.append(silence(part_ms) if number % 2 else tone)  # type: ignore[arg-type]  # a sum of arrays
    return np.concatenate(parts)


NETWORKS = [
    pytest.param(DIAL, (350, 440), (4000,), 1, id="dial-us"),
    pytest.param(DIAL, (425,), (4000,), 1, id="dial-etsi"),
    pytest.param(DIAL, (440,), (4000,), 1, id="dial-france"),
    pytest.param(RINGBACK, (440, 480), (2000, 4000), 2, id="ringback-us"),
    pytest.param(RINGBACK, (400, 450), (400, 200, 400, 2000), 2, id="ringback-uk"),
    pytest.param(RINGBACK, (425,), (1000, 4000), 2, id="ringback-etsi"),
    pytest.param(RINGBACK, (440,), (1500, 3500), 2, id="ringback-france"),
    pytest.param(RINGBACK, (425,), (1500, 3000), 2, id="ringback-spain"),
    pytest.param(RINGBACK, (425,), (800, 3200), 2, id="ringback-russia"),
    pytest.param(RINGBACK, (400,), (1000, 2000), 2, id="ringback-japan"),
    pytest.param(BUSY, (480, 620), (500, 500), 6, id="busy-us"),
    pytest.param(BUSY, (400,), (375, 375), 6, id="busy-uk"),
    pytest.param(BUSY, (425,), (480, 480), 6, id="busy-germany"),
    pytest.param(BUSY, (440,), (500, 500), 6, id="busy-france"),
    pytest.param(BUSY, (450,), (350, 350), 6, id="busy-china"),
    pytest.param(CONGESTION, (480, 620), (250, 250), 10, id="congestion-us"),
    pytest.param(CONGESTION, (400,), (400, 350, 225, 525), 4, id="congestion-uk"),
    pytest.param(CONGESTION, (425,), (240, 240), 10, id="congestion-germany"),
    pytest.param(CONGESTION, (425,), (200, 200), 10, id="congestion-italy"),
]


@pytest.mark.parametrize(("kind", "hertz", "parts_ms", "rounds"), NETWORKS)
def test_tones_of_networks_are_told_once(
    kind: int, hertz: tuple[int, ...], parts_ms: tuple[int, ...], rounds: int
) -> None:
    for level in (-3, -15, -35):
        assert told("progress", cadence(hertz, parts_ms, rounds, level)) == [(kind, hertz)]


@pytest.mark.parametrize(("kind", "hertz", "parts_ms", "rounds"), NETWORKS)
@pytest.mark.parametrize("off", [0.99, 1.01])
def test_networks_may_be_off_by_one_percent_in_frequency_and_seven_in_time(
    kind: int, hertz: tuple[int, ...], parts_ms: tuple[int, ...], rounds: int, off: float
) -> None:
    sound = cadence(
        tuple(each * off for each in hertz), tuple(part * (1 + 7 * (off - 1)) for part in parts_ms), rounds
    )
    assert [found for found, _ in told("progress", sound)] == [kind]


@pytest.mark.parametrize(("kind", "hertz", "parts_ms", "rounds"), NETWORKS)
def test_tones_in_noise_12_db_below(
    kind: int, hertz: tuple[int, ...], parts_ms: tuple[int, ...], rounds: int
) -> None:
    random = np.random.default_rng(3)
    sound = cadence(hertz, parts_ms, rounds)
    assert told("progress", sound + noise(random, len(sound) / 8, -27)) == [(kind, hertz)]


def test_another_tone_after_the_first_is_told_too() -> None:
    rings = cadence((425,), (1000, 4000), 2)
    busy = cadence((425,), (480, 480), 5)
    assert [kind for kind, _ in told("progress", np.concatenate([rings, busy]))] == [RINGBACK, BUSY]


def test_rhythms_of_no_network_are_nothing() -> None:
    for hertz, parts_ms in (
        ((425,), (700, 150)),
        ((425,), (60, 60)),
        ((523,), (500, 500)),
        ((425, 1000), (500, 500)),
    ):
        assert told("progress", cadence(hertz, parts_ms, 8)) == []


def sit(*tones: tuple[float, float], gap_ms: float = 4, dbm0: float = -20) -> Sound:
    parts = [silence(197)]
    for hertz, duration_ms in tones:
        parts += [sine(hertz, duration_ms, dbm0, hertz), silence(gap_ms)]
    return np.concatenate([*parts, silence(300)])


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (INTERCEPT, (913.8, 276), (1370.6, 276)),
        (VACANT, (985.2, 380), (1370.6, 276)),
        (REORDER, (913.8, 276), (1428.5, 380)),
        (REORDER, (985.2, 276), (1370.6, 380)),
        (NO_CIRCUIT, (985.2, 380), (1428.5, 380)),
        (NO_CIRCUIT, (913.8, 380), (1370.6, 380)),
        (SIT, (950, 330), (1400, 330)),
        (SIT, (913.8, 380), (1428.5, 276)),
    ],
)
def test_special_information_tones(
    kind: int, first: tuple[float, float], second: tuple[float, float]
) -> None:
    random = np.random.default_rng(5)
    for gap_ms in (0, 4, 15):
        sound = sit(first, second, (1776.7, 380), gap_ms=gap_ms)
        for heard in (sound, sound + noise(random, len(sound) / 8, -32)):
            [(found, hertz)] = told("sit", heard)
            assert found == kind
            assert abs(hertz[0] - first[0]) < 5
            assert abs(hertz[1] - second[0]) < 5


def test_what_is_no_special_information_tone() -> None:
    assert told("sit", sit((950, 330), (1400, 330))) == []
    assert told("sit", sit((1800, 330), (1400, 330), (950, 330))) == []
    assert told("sit", sit((950, 100), (1400, 100), (1800, 100))) == []
    assert told("sit", sit((950, 330), (1400, 330), (1800, 330), gap_ms=200)) == []
    assert told("sit", sit((950, 900), (1400, 900), (1800, 900))) == []


@pytest.mark.parametrize(
    ("hertz", "duration_ms"), [(400, 100), (440, 300), (1000, 150), (1400, 700), (2100, 1500)]
)
def test_a_beep_is_told_when_it_is_over(hertz: float, duration_ms: float) -> None:
    random = np.random.default_rng(9)
    for start_ms in (200, 203, 207.5):
        sound = np.concatenate([silence(start_ms), sine(hertz, duration_ms, -18), silence(100)])
        for heard in (sound, sound + noise(random, len(sound) / 8, -33)):
            [(found, lasted_ms)] = beeps(heard)
            assert abs(found - hertz) < 8
            assert abs(lasted_ms - duration_ms) <= 20


def test_what_is_no_beep() -> None:
    assert beeps(sine(1000, 70)) == []
    assert beeps(sine(1000, 6000)) == []
    assert beeps(sine(300, 500)) == []
    assert beeps(sine(2300, 500)) == []
    assert beeps(sine(770, 500) + sine(1336, 500)) == [], "a key"
    assert beeps(np.sin(2 * np.pi * np.cumsum(np.linspace(800, 1200, 4000)) / 8000) * 8000) == [], "a siren"


@pytest.mark.parametrize("language", ["en", "es", "fr", "it", "ru"])
def test_speech_has_no_tones(language: str) -> None:
    """In 2.2 hours. Some prompts are sounds: chimes, which are beeps indeed."""
    for name, samples in prompts(language):
        sound = samples.astype(float)
        assert told("progress", sound) == [], name
        assert told("sit", sound) == [], name
        if not ("2tone" in name or name.startswith(("confbridge-join", "confbridge-leave"))):
            assert beeps(sound) == [], name
