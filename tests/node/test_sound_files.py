"""Prompts in MP3, Opus, Vorbis, FLAC and rare WAV files: heard as they are, refused when damaged."""

import contextlib
import io
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.base.errors import ConfigurationError
from switch.dialplan.plan import ClipKind, ClipRequest
from switch.dialplan.problems import Place
from switch.node.audio import RATE, WIDE_RATE, Samples, Wav, WavError, resample
from switch.node.prompts import render
from switch.node.sound_files import read_sound

soundfile: Any = import_module("soundfile")

KINDS = {
    "opus": ("OGG", "OPUS", 48000),
    "ogg": ("OGG", "VORBIS", 44100),
    "mp3": ("MP3", "MPEG_LAYER_III", 44100),
    "mp3 of MPEG 2": ("MP3", "MPEG_LAYER_III", 22050),
    "mp3 of MPEG 2.5": ("MP3", "MPEG_LAYER_III", 8000),
    "flac": ("FLAC", "PCM_16", 16000),
    "wav of A-law": ("WAV", "ALAW", 8000),
    "wav of ADPCM": ("WAV", "IMA_ADPCM", 22050),
}


def _speechlike(rate: int, seconds: float = 2.0) -> Samples:
    """Tones that come and go: their times tell whether anything was shifted."""
    time = np.arange(int(rate * seconds)) / rate
    beat = np.where(np.sin(2 * np.pi * 3 * time) > 0, 0.4, 0.02)
    return beat * (np.sin(2 * np.pi * 440 * time) + 0.5 * np.sin(2 * np.pi * 1300 * time))


def _file(kind: str, channels: int = 1) -> bytes:
    form, subtype, rate = KINDS[kind]
    sound = _speechlike(rate)
    out = io.BytesIO()
    data = sound if channels == 1 else np.stack([sound, sound], axis=1)
    soundfile.write(out, data, rate, format=form, subtype=subtype)
    return out.getvalue()


def _likeness(left: Samples, right: Samples) -> float:
    """Correlation at the best of some milliseconds of shift: coders delay."""
    size = min(len(left), len(right))
    left, right = left[:size], right[:size]
    products = np.fft.irfft(np.fft.rfft(left, 2 * size) * np.conj(np.fft.rfft(right, 2 * size)))
    near = np.concatenate([products[:1000], products[-1000:]])
    return float(np.max(near) / np.sqrt(np.sum(left**2) * np.sum(right**2)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_heard_as_it_is(kind: str) -> None:
    data = _file(kind)
    sound = read_sound(data)
    heard = resample(sound)
    assert abs(len(heard) / RATE - 2.0) < 0.15
    assert _likeness(_speechlike(RATE), heard) > 0.97


def test_two_channels_become_one() -> None:
    assert _likeness(_speechlike(RATE), resample(read_sound(_file("opus", 2)))) > 0.97


def test_wide_band_keeps_what_a_narrow_one_cannot() -> None:
    high = np.sin(2 * np.pi * 6000 * np.arange(48000) / 48000)
    assert np.std(resample(Wav(48000, high), WIDE_RATE)[800:-800]) > 0.7
    assert np.std(resample(Wav(48000, high), RATE)[400:-400]) < 0.001


Damage = Callable[[bytes], bytes]

DAMAGES: dict[str, Damage] = {
    "cut off": lambda data: data[: len(data) * 2 // 3],
    "cut off by one byte": lambda data: data[:-1],
    "holes": lambda data: data[: len(data) // 2] + bytes(1000) + data[len(data) // 2 + 1000 :],
    "no head": lambda data: data[40:],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_an_error_and_never_half_a_prompt(kind: str, damage: str) -> None:
    if kind.startswith("wav") and damage == "holes":
        pytest.skip("a WAV file's samples say nothing of themselves")
    if kind == "flac" and damage == "cut off by one byte":
        pytest.skip("libFLAC does not miss the last byte of its last checksum, and the sound is whole")
    with pytest.raises(WavError):
        read_sound(DAMAGES[damage](_file(kind)))


def test_tags_around_an_mp3_are_no_damage() -> None:
    data = _file("mp3")
    tag = b"ID3\x04\0\0" + bytes([0, 0, 1, 0]) + bytes(128)
    assert read_sound(tag + data + b"TAG" + bytes(125)).rate == 44100
    ape = bytearray(b"APETAGEX" + bytes(24))
    ape[12] = 40
    assert read_sound(data + bytes(8) + bytes(ape)).rate == 44100


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["opus", "mp3", "flac"]), st.integers(0, 400), st.binary(min_size=1, max_size=40))
def test_any_bytes_are_a_sound_or_an_error(kind: str, at: int, patch: bytes) -> None:
    data = bytearray(_SMALL[kind])
    data[at : at + len(patch)] = patch
    with contextlib.suppress(WavError):
        assert len(read_sound(bytes(data)).samples) > 0


_SMALL = {kind: _file(kind) for kind in ("opus", "mp3", "flac")}


def test_a_damaged_prompt_is_blamed_where_the_dialplan_names_it(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.opus", tmp_path / "bad.mp3"
    good.write_bytes(_file("opus"))
    bad.write_bytes(_file("mp3")[:-100])
    requests = [
        ClipRequest(path.name, ClipKind.FILE, path=str(path), place=Place("shop.yaml", 3, 9))
        for path in (good, bad)
    ]
    with pytest.raises(ConfigurationError, match=r"shop.yaml:3:9: .*bad.mp3: cut off") as caught:
        render(requests, tmp_path / "cache")
    assert len(caught.value.problems) == 1
