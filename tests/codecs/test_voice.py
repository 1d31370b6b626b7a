"""Voice activity, machine or human, clipping: on speech that was read for Debian's prompts."""

import ctypes
from functools import cache

import numpy as np
import pytest

from tests.codecs.sounds import STATE_BYTES, Sound, amplitude, frames, noise, prompts, silence, sine
from tests.engine.build import c_library

SPEECH, SILENCE = 1, 2
HUMAN, MACHINE, NOT_SURE = range(3)
SHORT_GREETING, INITIAL_SILENCE, WORDS, LONG_WORD, LONG_GREETING, TOO_LONG = range(6)


class Settings(ctypes.Structure):
    _fields_ = (
        *(
            (name, ctypes.c_uint16)
            for name in ("initial", "greeting", "after", "total", "word", "between", "long")
        ),
        ("words_max", ctypes.c_uint8),
    )


class Result(ctypes.Structure):
    _fields_ = (
        ("verdict", ctypes.c_int),
        ("reason", ctypes.c_int),
        ("confidence", ctypes.c_uint8),
        ("words", ctypes.c_uint8),
        ("greeting_ms", ctypes.c_uint32),
    )


USUAL = Settings(2500, 1500, 800, 5000, 100, 50, 5000, 3)


def activity(sound: Sound, silence_ms: int = 300) -> list[tuple[int, int]]:
    """When (ms) a voice was told to begin or to cease."""
    state = ctypes.create_string_buffer(STATE_BYTES)
    c_library().vad_init(state, ctypes.c_uint32(silence_ms))
    changes = [(10 * n, c_library().vad_detect(state, frame)) for n, frame in enumerate(frames(sound), 1)]
    return [(when, change) for when, change in changes if change]


def judged(sound: Sound, settings: Settings = USUAL) -> tuple[Result, int]:
    """The verdict, and when it was reached."""
    state, result = ctypes.create_string_buffer(STATE_BYTES), Result()
    detect = c_library().amd_detect
    detect.restype = ctypes.c_bool
    c_library().amd_init(state, ctypes.byref(settings))
    found = [10 * n for n, frame in enumerate(frames(sound), 1) if detect(state, frame, ctypes.byref(result))]
    assert len(found) == 1, "decided once"
    return result, found[0]


def clipped(sound: Sound) -> list[int]:
    """The shares, in thousandths, that were told."""
    state, share = ctypes.create_string_buffer(STATE_BYTES), ctypes.c_uint16()
    detect = c_library().clipping_detect
    detect.restype = ctypes.c_bool
    return [share.value for frame in frames(sound) if detect(state, frame, ctypes.byref(share))]


def voice(duration_ms: float, dbm0: float = -20, seed: int = 1) -> Sound:
    """Something like one: a buzz of 150 Hz whose loudness wavers."""
    buzz = sum(
        (sine(150 * n, duration_ms, dbm0 - 3 * n, n * seed) for n in range(1, 9)), start=silence(duration_ms)
    )
    return buzz * (1 + 0.5 * np.sin(2 * np.pi * 5 * np.arange(len(buzz)) / 8000))


@pytest.mark.parametrize("noise_dbm0", [-70, -50, -42])
def test_a_voice_is_told_when_it_begins_and_when_it_has_ceased(noise_dbm0: float) -> None:
    sound = np.concatenate([silence(3000), voice(1000), silence(1500), voice(500), silence(2000)])
    sound += noise(np.random.default_rng(2), len(sound) / 8, noise_dbm0)
    found = activity(sound)
    if noise_dbm0 > -47:
        # Two seconds pass before steady noise is known to be none.
        found = [(when, change) for when, change in found if when > 2600]
    assert [change for _, change in found] == [SPEECH, SILENCE] * 2
    for (when, _), meant in zip(found, (3000, 4000 + 300, 5500, 6000 + 300), strict=True):
        assert abs(when - meant) <= 80, found


def test_a_click_a_direct_current_and_silence_are_no_voice() -> None:
    click = silence(1000)
    click[4000:4080] = 20000
    assert activity(click) == []
    assert activity(silence(2000) + 5000) == []
    assert activity(noise(np.random.default_rng(4), 5000, -60)) == []


def test_a_steady_tone_becomes_background() -> None:
    found = activity(np.concatenate([sine(425, 6000, -20), voice(500, -5), silence(1000)]))
    assert found[0][1] == SPEECH
    assert found[1][1] == SILENCE
    assert found[1][0] < 3000


def test_one_who_says_hello_and_waits_is_human() -> None:
    result, when = judged(np.concatenate([silence(600), voice(400), silence(3000)]))
    assert (result.verdict, result.reason, result.words) == (HUMAN, SHORT_GREETING, 1)
    assert abs(when - (1000 + 800)) < 80
    assert result.confidence > 80


def test_who_goes_on_talking_is_a_machine() -> None:
    result, when = judged(np.concatenate([silence(600), voice(5000)]))
    assert (result.verdict, result.reason) == (MACHINE, LONG_GREETING)
    assert abs(when - 2100) < 60
    assert result.confidence > 75


def test_many_words_are_a_machine() -> None:
    words = np.concatenate([silence(600), *(part for _ in range(6) for part in (voice(150), silence(150)))])
    result, _ = judged(np.concatenate([words, silence(3000)]))
    assert (result.verdict, result.reason, result.words) == (MACHINE, WORDS, 4)


def test_nobody_who_speaks_is_a_machine_of_little_confidence() -> None:
    result, when = judged(silence(6000))
    assert (result.verdict, result.reason, when) == (MACHINE, INITIAL_SILENCE, 2500)
    assert result.confidence <= 60


def test_what_stays_between_is_not_sure() -> None:
    """Little words with pauses that are shorter than a person's who waits."""
    patient = Settings(2500, 4900, 800, 5000, 100, 50, 5000, 20)
    sound = np.concatenate([silence(600), *(part for _ in range(9) for part in (voice(200), silence(600)))])
    result, when = judged(sound, patient)
    assert (result.verdict, result.reason, result.confidence, when) == (NOT_SURE, TOO_LONG, 0, 5000)


def test_one_word_without_end_is_a_machine() -> None:
    result, _ = judged(
        np.concatenate([silence(600), voice(4000)]), Settings(2500, 4900, 800, 5000, 100, 50, 1200, 3)
    )
    assert (result.verdict, result.reason) == (MACHINE, LONG_WORD)


@cache
def voiced_ms(language: str) -> list[tuple[int, Sound]]:
    """Prompts with how long a voice is heard in each."""
    found = []
    for name, samples in prompts(language)[::2]:
        if "2tone" in name or name.startswith("confbridge-"):
            continue
        sound = samples.astype(float)
        changes = activity(np.concatenate([silence(100), sound, silence(500)]))
        spoken = [when for when, change in changes if change == SPEECH]
        ceased = [when for when, change in changes if change == SILENCE]
        if spoken and ceased:
            found.append((ceased[-1] - 300 - spoken[0] + 30, sound))
    return found


@pytest.mark.parametrize("language", ["en", "es", "fr", "it", "ru"])
def test_accuracy_on_read_speech(language: str) -> None:
    """People are words of 0.2 to 1.2 s and then silence, machines are announcements from 3.5 s on.

    So much can be had from prompts, which are read in a studio: real calls are worse. Line noise at -52 dBm0.
    """
    random = np.random.default_rng(len(language))
    right = {HUMAN: 0, MACHINE: 0}
    of = {HUMAN: 0, MACHINE: 0}
    for duration_ms, sound in voiced_ms(language):
        meant = HUMAN if 200 <= duration_ms <= 1200 else MACHINE if duration_ms >= 3500 else None
        if meant is None:
            continue
        call = np.concatenate([silence(random.uniform(200, 1200)), sound, silence(2500)])
        result, _ = judged(call + noise(random, len(call) / 8, -52))
        of[meant] += 1
        right[meant] += result.verdict == meant
    assert min(of.values()) > 30
    assert right[HUMAN] / of[HUMAN] > 0.97, (right, of)
    assert right[MACHINE] / of[MACHINE] > 0.97, (right, of)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_clipped_speech_is_told_and_clean_speech_is_not(language: str) -> None:
    sound = np.concatenate([samples for _, samples in prompts(language)[:150]]).astype(float)
    assert clipped(sound) == []
    found = of = 0
    for start in range(0, len(sound) - 16000, 16000):
        piece = sound[start : start + 16000]
        limit = np.abs(piece).max() / 4
        if limit < 3000:
            continue
        of += 1
        # Turned down after it was clipped: it need not be at the rails.
        found += bool(clipped(np.clip(piece, -limit, limit) * 1.4))
    assert of > 50
    assert found / of > 0.95, (found, of)


def test_clipping_is_told_once_and_again_after_five_clean_seconds() -> None:
    loud = np.clip(voice(3000, 0, seed=3) * 3, -20000, 20000)
    assert len(clipped(np.concatenate([loud, silence(3000), loud]))) == 1
    assert len(clipped(np.concatenate([loud, silence(6000), loud]))) == 2


def test_tones_are_not_clipped() -> None:
    """Not even one of few levels, as 1000 Hz at this rate; of which then nothing can be said."""
    for hertz in (100, 440, 1000, 1004, 3000):
        assert clipped(sine(hertz, 3000, 3)) == []
    assert clipped(np.clip(sine(1004, 3000, 3), -amplitude(0), amplitude(0))) != []
