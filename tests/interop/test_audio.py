"""The correlation tells a signal from another, finds its place, and is not fooled by silence or noise."""

from pathlib import Path

import numpy as np
import pytest

from switch.cli.demo.audio import RATE_HZ, Samples, follow, listen, read_wav, speech, write_wav


def ulaw(sound: Samples) -> Samples:
    """Companded to 8 bits and back (ITU-T G.711, the continuous law with mu = 255)."""
    companded = np.sign(sound) * np.log1p(255 * np.abs(sound)) / np.log(256)
    quantised = np.round(companded * 127) / 127
    expanded: Samples = np.sign(quantised) * np.expm1(np.abs(quantised) * np.log(256)) / 255
    return expanded


def test_a_voice_is_found_with_its_delay() -> None:
    voice = speech(1)
    heard = np.concatenate((np.zeros(1_200), ulaw(np.tile(voice, 2)) * 0.5))
    match = listen(heard, voice)
    assert match.peak > 0.99
    assert match.delay_ms == pytest.approx(150, abs=0.2)
    assert match.windows == 20


def test_every_voice_is_distinct() -> None:
    voices = [speech(seed) for seed in range(5)]
    for one, voice in enumerate(voices):
        for other, heard in enumerate(voices):
            peak = listen(heard, voice).peak
            assert peak > 0.999 if one == other else peak < 0.4, (one, other, peak)


def test_silence_matches_nothing() -> None:
    assert listen(np.zeros(3 * RATE_HZ), speech(1)).windows == 0
    assert listen(np.zeros(100), speech(1)).peak == 0


def test_noise_matches_nothing() -> None:
    noise = np.random.default_rng(5).standard_normal(3 * RATE_HZ) * 0.1
    assert listen(noise, speech(1)).peak < 0.4


def test_a_voice_under_another_is_not_taken_for_clean() -> None:
    """A bridge that mixes a stranger in must not pass as a relay."""
    assert listen(speech(1) + speech(2), speech(1)).peak < 0.9


def test_a_lost_frame_costs_one_window_only() -> None:
    voice = speech(1)
    heard = np.concatenate((voice[:14_000], voice[14_160:]))
    peaks = [match.peak for match in follow(heard, voice)]
    assert sum(peak > 0.99 for peak in peaks) == len(peaks) - 1
    assert listen(heard, voice).peak > 0.99


def test_the_level_leaves_room_for_the_codec() -> None:
    voice = speech(3)
    assert np.max(np.abs(voice)) < 0.8
    assert np.sqrt(np.mean(voice**2)) > 0.05


def test_wav_round_trip(tmp_path: Path) -> None:
    voice = speech(4, seconds=1)
    again = read_wav(write_wav(tmp_path / "voice.wav", voice))
    assert np.max(np.abs(again - voice)) < 1 / 16_000


def test_a_signal_shorter_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter than the window"):
        listen(np.ones(RATE_HZ), speech(1, seconds=0.3))
