"""WAV files and sample rates: all becomes mono, 16 bit, little-endian, at the rates that the engine plays."""

from dataclasses import dataclass
from math import gcd
from struct import Struct, unpack_from
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE = 8000
WIDE_RATE = 16000
"""For listeners of G.722, Opus, L16."""

_BAND_HZ = {RATE: (3400, 3900), WIDE_RATE: (7000, 7800)}
"""Resampling keeps what a telephone carries and is silent before half the rate, where it would fold back."""

PEAK_MAX = 0.7
"""Speech synthesis runs to full scale; G.711 and the ear want headroom."""

RATE_MIN, RATE_MAX = 4000, 192_000
SECONDS_MAX = 300
"""One clip. Resampling looks at the whole of it at once, 30 bytes of memory a sample at its peak."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A clip as the engine plays it: 16 bit, mono, at RATE, and at WIDE_RATE where there is more to hear."""

    narrow: bytes
    wide: bytes = b""


Samples: TypeAlias = NDArray[np.float64]

_CHUNK = Struct("<4sI")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


STREAMED_FROM = 0x7FF0_0000
"""Sizes from here on, and 0, are written by programs that do not know them yet: pipes."""


class WavError(ValueError):
    """What is wrong with a sound file, in words."""


class UnusualWavError(WavError):
    """A WAV file of an encoding that this reader does not know."""


@dataclass(frozen=True, slots=True)
class Wav:
    """Mono samples between -1 and 1 at `rate`."""

    rate: int
    samples: Samples


def read_wav(data: bytes) -> Wav:
    """Any PCM or float WAV; channels are averaged. A size that a pipe wrote is cut to what is there; any
    other that is larger than the file means that it was cut off."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavError("a WAV file was expected")
    form: tuple[int, int, int, int] | None = None
    at = 12
    while at + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        if name == b"fmt ":
            form = _form(data[at : at + size])
        elif name == b"data":
            if form is None:
                raise WavError("the data stands before its format")
            if at + size > len(data) and size < STREAMED_FROM:
                raise WavError(f"cut off: {size} bytes of sound are stated, {len(data) - at} are there")
            return _decode(form, data[at : at + size])
        at += size + size % 2
    raise WavError("the file holds no sound")


def _form(chunk: bytes) -> tuple[int, int, int, int]:
    """Format tag, channels, rate, bits."""
    if len(chunk) < 16:
        raise WavError("the format is cut off")
    tag, channels, rate, _, _, bits = unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        (tag,) = unpack_from("<H", chunk, 24)
    if (tag, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}:
        raise UnusualWavError(f"PCM of 8, 16, 24 or 32 bits was expected, found format {tag} of {bits} bits")
    if not 1 <= channels <= 8:
        raise WavError(f"1 to 8 channels were expected, found {channels}")
    check_rate(rate)
    return tag, channels, rate, bits


def check_rate(rate: int) -> None:
    if not RATE_MIN <= rate <= RATE_MAX:
        raise WavError(f"a rate of {RATE_MIN} to {RATE_MAX} Hz was expected, found {rate}")


def _decode(form: tuple[int, int, int, int], data: bytes) -> Wav:
    tag, channels, rate, bits = form
    frame = channels * bits // 8
    frames = len(data) // frame
    if frames == 0:
        raise WavError("the file holds no sound")
    if frames > rate * SECONDS_MAX:
        raise WavError(f"at most {SECONDS_MAX} seconds were expected, found {frames // rate}")
    raw = np.frombuffer(data, np.uint8, frames * frame)
    if tag == _FLOAT:
        values = raw.view(f"<f{bits // 8}").astype(np.float64)
        values = np.clip(np.nan_to_num(values), -1.0, 1.0)
    elif bits == 8:
        values = (raw.astype(np.float64) - 128.0) / 128.0
    elif bits == 24:
        wide = np.zeros((frames * channels, 4), np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        values = wide.reshape(-1).view("<i4").astype(np.float64) / 2.0**31
    else:
        values = raw.view(f"<i{bits // 8}").astype(np.float64) / 2.0 ** (bits - 1)
    return Wav(rate, values.reshape(frames, channels).mean(axis=1))


def resample(wav: Wav, rate: int = RATE) -> Samples:
    """At `rate` (8000 or 16000), by the spectrum: exact in the pass band, with a smooth edge so that nothing
    folds."""
    if wav.rate == rate:
        return wav.samples
    unit = wav.rate // gcd(wav.rate, rate)
    wanted = (
        len(wav.samples) + wav.rate // 20
    )  # silence at the end, so that the edge does not wrap to the start
    units = -(-wanted // unit)
    smooth = 1 << max(units - 1, 0).bit_length()
    units = min(smooth, smooth * 3 // 4 if smooth * 3 // 4 >= units else smooth)
    size_in = units * unit
    size_out = size_in * rate // wav.rate
    spectrum = np.fft.rfft(wav.samples, size_in)
    if wav.rate > rate:  # upwards there is nothing that could fold
        pass_hz, stop_hz = _BAND_HZ[rate]
        hertz = np.arange(len(spectrum)) * (wav.rate / size_in)
        edge = np.clip((hertz - pass_hz) / (stop_hz - pass_hz), 0.0, 1.0)
        spectrum *= 0.5 + 0.5 * np.cos(np.pi * edge)
    wanted_bins = size_out // 2 + 1
    bins = np.zeros(wanted_bins, np.complex128)
    kept = min(wanted_bins, len(spectrum))
    bins[:kept] = spectrum[:kept]
    out: Samples = np.fft.irfft(bins, size_out) * (size_out / size_in)
    return out[: -(-len(wav.samples) * rate // wav.rate)]


def to_pcm(samples: Samples, peak: float = 0.0) -> bytes:
    """16-bit little-endian, with peaks brought below PEAK_MAX; those of `peak` too, if it is higher."""
    peak = float(np.max(np.abs(samples), initial=peak))
    scale = 32767.0 * (PEAK_MAX / peak if peak > PEAK_MAX else 1.0)
    return np.round(samples * scale).astype("<i2").tobytes()


def sound_of(wav: Wav) -> Sound:
    """What is played of it; in the wider band where it holds more than a telephone's."""
    narrow = resample(wav)
    if wav.rate <= RATE:
        return Sound(to_pcm(narrow))
    # Both are what the engine plays from: one place in both, and one loudness.
    wide = np.zeros(2 * len(narrow))
    made = resample(wav, WIDE_RATE)[: len(wide)]
    wide[: len(made)] = made
    peak = max(float(np.max(np.abs(both), initial=0.0)) for both in (narrow, wide))
    return Sound(to_pcm(narrow, peak), to_pcm(wide, peak))


def write_wav(pcm: bytes, rate: int = RATE) -> bytes:
    """A WAV file of engine PCM."""
    header = Struct("<4sI4s4sIHHIIHH4sI").pack(
        b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, _PCM, 1, rate, rate * 2, 2, 16, b"data", len(pcm)
    )
    return header + pcm


def cached_pcm(data: bytes) -> bytes | None:
    """The PCM of a file that `write_wav` made; None where it is not whole."""
    if len(data) < 46 or data[:4] != b"RIFF":
        return None
    (size,) = unpack_from("<I", data, 40)
    return data[44:] if size == len(data) - 44 and size % 2 == 0 else None
