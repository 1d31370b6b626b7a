"""Sound files become what the engine plays."""

import contextlib
from struct import pack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.node.audio import RATE, Samples, Wav, WavError, cached_pcm, read_wav, resample, to_pcm, write_wav


def _tone(rate: int, hertz: float, seconds: float = 1.0) -> Samples:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)


def _wav(data: bytes, rate: int = 8000, channels: int = 1, bits: int = 16, tag: int = 1) -> bytes:
    frame = channels * bits // 8
    form = pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits)
    body = b"WAVE" + pack("<4sI", b"LIST", 3) + b"abc\0" + pack("<4sI", b"fmt ", 16) + form
    return b"RIFF" + pack("<I", 0) + body + pack("<4sI", b"data", len(data)) + data


@pytest.mark.parametrize("rate", [6000, 8000, 11025, 16000, 22050, 32000, 44100, 44101, 48000])
def test_speech_frequencies_survive_exactly(rate: int) -> None:
    for hertz in (300.0, 1000.0, 2900.0):
        out = resample(Wav(rate, _tone(rate, hertz)))
        assert len(out) == RATE
        expected = _tone(RATE, hertz)
        middle = slice(400, -400)
        assert np.max(np.abs(out[middle] - expected[middle])) < 0.01


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 44100, 48000])
def test_what_would_fold_back_is_silent(rate: int) -> None:
    for hertz in (3950.0, 4100.0, 5000.0):
        out = resample(Wav(rate, _tone(rate, hertz)))
        assert np.sqrt(np.mean(out[400:-400] ** 2)) < 0.001


def test_the_end_does_not_wrap_to_the_start() -> None:
    size = 441 * 96  # a length that needs no other padding
    sound = np.concatenate([np.zeros(size - 2000), _tone(22050, 1010.0)[:2000]])
    assert np.max(np.abs(resample(Wav(22050, sound))[:2000])) < 0.001


@pytest.mark.parametrize(
    ("bits", "tag", "data"),
    [
        (8, 1, bytes([128, 192, 64])),
        (16, 1, pack("<hhh", 0, 1 << 14, -(1 << 14))),
        (24, 1, b"\0\0\0" + b"\0\0\x40" + b"\0\0\xc0"),
        (32, 1, pack("<iii", 0, 1 << 30, -(1 << 30))),
        (32, 3, pack("<fff", 0, 0.5, -0.5)),
        (64, 3, pack("<ddd", 0, 0.5, -0.5)),
    ],
)
def test_every_width_means_the_same(bits: int, tag: int, data: bytes) -> None:
    wav = read_wav(_wav(data, bits=bits, tag=tag))
    assert wav.samples.tolist() == pytest.approx([0.0, 0.5, -0.5])


def test_channels_are_averaged() -> None:
    wav = read_wav(_wav(pack("<hhhh", 16384, 0, -16384, -16384), rate=48000, channels=2))
    assert (wav.rate, wav.samples.tolist()) == (48000, [0.25, -0.5])


def test_a_pipe_that_lies_about_its_length_is_read_to_its_end() -> None:
    data = bytearray(_wav(pack("<hh", 1, 2)))
    data[-8:-4] = pack("<I", 0x7FFFFFFF)
    assert len(read_wav(bytes(data)).samples) == 2


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "a WAV file was expected"),
        (b"ID3" + bytes(100), "a WAV file was expected"),
        (_wav(b""), "no sound"),
        (_wav(b"")[:-8], "no sound"),
        (_wav(b"ab", tag=7, bits=8), "found format 7"),
        (_wav(b"ab", rate=1000), "a rate of 4000"),
        (_wav(b"ab", channels=9, bits=8), "1 to 8 channels"),
        (_wav(bytes(16000 * 301)), "at most 300 seconds"),
        (_wav(bytes(100))[:-7], "cut off: 100 bytes of sound are stated, 93 are there"),
        (b"RIFF0000WAVEdata\x02\0\0\0ab", "before its format"),
        (b"RIFF0000WAVEfmt \x02\0\0\0ab", "the format is cut off"),
    ],
)
def test_what_cannot_be_read(data: bytes, expected: str) -> None:
    with pytest.raises(WavError, match=expected):
        read_wav(data)


@settings(max_examples=300)
@given(st.binary(max_size=80), st.integers(0, 80), st.binary(max_size=8))
def test_any_bytes_are_a_sound_or_an_error(tail: bytes, at: int, patch: bytes) -> None:
    whole = bytearray(_wav(pack("<hh", 1, 2)) + tail)
    whole[at : at + len(patch)] = patch
    with contextlib.suppress(WavError):
        assert len(read_wav(bytes(whole)).samples) > 0


def test_peaks_are_lowered_and_quiet_is_left_alone() -> None:
    loud = np.frombuffer(to_pcm(np.array([1.0, -2.0])), "<i2")
    assert loud.tolist() == [11468, -22937]
    assert np.frombuffer(to_pcm(np.array([0.5])), "<i2").tolist() == [16384]


def test_what_is_kept_comes_back_and_half_of_it_does_not() -> None:
    pcm = to_pcm(_tone(8000, 440.0, 0.01))
    kept = write_wav(pcm)
    assert cached_pcm(kept) == pcm
    assert len(read_wav(kept).samples) == len(pcm) // 2
    for broken in (b"", kept[:-1], kept[:-2], kept[:44], kept + b"x", b"X" + kept[1:]):
        assert cached_pcm(broken) is None
