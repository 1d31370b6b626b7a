"""Sound files of every usual kind: WAV by our own reader, others by libsndfile; a damaged one is an error.

| begins with | is | read by | damage is seen by |
| --- | --- | --- | --- |
| `RIFF` | WAV | `audio.read_wav`, or libsndfile for its rarer encodings | the sizes of its parts |
| `OggS` | Opus, Vorbis, FLAC in Ogg | libsndfile | the last page's mark, and the length that it states |
| `fLaC` | FLAC | libsndfile | its own checksums |
| `ID3`, a frame's eleven ones | MP3 | libsndfile | the chain of its frames |

A decoder goes on after damage as well as it can. That is right for a listener and wrong for an administrator:
a prompt whose end is missing would be noticed by callers first.
"""

import io
import wave
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from struct import unpack_from
from typing import Any

import numpy as np

from switch.node.audio import (
    SECONDS_MAX,
    STREAMED_FROM,
    Samples,
    UnusualWavError,
    Wav,
    WavError,
    check_rate,
    read_wav,
)

_BLOCK_FRAMES = 1 << 16

_OGG_PAGE_BYTES = 27
_OGG_LAST = 4
_ID3_BYTES, _ID3V1_BYTES, _APE_BYTES = 10, 128, 32

_MP3_KBITS = {
    "1": (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    "2": (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Layer III, by MPEG version (ISO 11172-3 section 2.4.2.3, ISO 13818-3); index 1 is the first."""

_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""By the two bits of the version: MPEG 1, 2, 2.5."""


def read_sound(data: bytes) -> Wav:
    """One channel of any sound file, at its own rate. Raises WavError, in words for the administrator."""
    if data[:4] == b"RIFF":
        try:
            return read_wav(data)
        except UnusualWavError:
            _check_wav(data)
            return _decode(data)
    if data[:4] == b"OggS":
        stated = _check_ogg(data)
        sound = _decode(data)
        if stated > len(sound.samples):
            raise WavError(f"damaged: {stated} samples are stated, {len(sound.samples)} could be decoded")
        return sound
    if data[:4] == b"fLaC":
        return _decode(data)
    if data[:3] == b"ID3" or _mp3_frame(data, 0):
        _check_mp3(data)
        return _decode(data)
    raise WavError("a sound file was expected: WAV, MP3, Ogg (Opus, Vorbis) or FLAC")


def _decode(data: bytes) -> Wav:
    """By libsndfile; imported here, because a centre of WAV files needs none of it."""
    try:
        soundfile: Any = import_module("soundfile")
    except (ImportError, OSError) as error:
        raise WavError(f"libsndfile is needed for this kind of file and cannot be loaded: {error}") from None
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            check_rate(file.samplerate)
            if not 1 <= file.channels <= 8:
                raise WavError(f"1 to 8 channels were expected, found {file.channels}")
            blocks, frames = [], 0
            while len(block := file.read(_BLOCK_FRAMES, dtype="float64", always_2d=True)):
                frames += len(block)
                if frames > file.samplerate * SECONDS_MAX:
                    raise WavError(f"at most {SECONDS_MAX} seconds were expected, found more")
                blocks.append(block.mean(axis=1))
            if not frames:
                raise WavError("the file holds no sound")
            samples = np.clip(np.nan_to_num(np.concatenate(blocks)), -1.0, 1.0)
            return Wav(file.samplerate, samples)
    except soundfile.LibsndfileError as error:
        raise WavError(f"damaged, or of an unknown kind: {error.error_string.rstrip('.')}") from None


def blocks_of(data: bytes, seconds: int) -> tuple[int, Iterator[Samples]]:
    """Rate and mono samples of a recording, however long, in blocks of so many seconds. Raises WavError."""
    if data[:4] == b"RIFF":
        with wave.open(io.BytesIO(data)) as file:
            rate, channels = file.getframerate(), file.getnchannels()
            if file.getsampwidth() != 2:
                raise WavError("16 bits were expected")
            frames = file.readframes(file.getnframes())
        values = np.frombuffer(frames[: len(frames) // (2 * channels) * 2 * channels], "<i2")
        sound = values.reshape(-1, channels).mean(axis=1) / 32768.0
        return rate, (sound[at : at + rate * seconds] for at in range(0, len(sound), rate * seconds))
    try:
        soundfile: Any = import_module("soundfile")
        opened = soundfile.SoundFile(io.BytesIO(data))
    except (ImportError, OSError) as error:
        raise WavError(f"libsndfile is needed for this kind of file and cannot be loaded: {error}") from None
    except soundfile.LibsndfileError as error:
        raise WavError(f"damaged, or of an unknown kind: {error.error_string.rstrip('.')}") from None

    def blocks() -> Iterator[Samples]:
        with opened as sound:
            size = sound.samplerate * seconds
            while len(block := sound.read(size, dtype="float64", always_2d=True)):
                yield block.mean(axis=1)

    return int(opened.samplerate), blocks()


def _check_wav(data: bytes) -> None:
    at = 12
    while at + 8 <= len(data):
        (size,) = unpack_from("<I", data, at + 4)
        if data[at : at + 4] == b"data" and size < STREAMED_FROM and at + 8 + size > len(data):
            raise WavError(f"cut off: {size} bytes of sound are stated, {len(data) - at - 8} are there")
        at += 8 + size + size % 2


def _check_ogg(data: bytes) -> int:
    """Every page is there, to the marked last one; gives the samples that the file states, or 0."""
    at = 0
    pages: list[tuple[int, int, int]] = []
    granule, flags = -1, 0
    while at < len(data):
        if data[at : at + 4] != b"OggS" or at + _OGG_PAGE_BYTES > len(data):
            raise WavError(f"damaged at byte {at}: a page was expected")
        flags = data[at + 5]
        (position, serial, number) = unpack_from("<qII", data, at + 6)
        lacing = data[at + _OGG_PAGE_BYTES : at + _OGG_PAGE_BYTES + data[at + 26]]
        pages.append((serial, number, at))
        granule = position if position >= 0 else granule
        at += _OGG_PAGE_BYTES + data[at + 26] + sum(lacing)
    if at > len(data) or not flags & _OGG_LAST:
        raise WavError("cut off: the last page is missing")
    for (serial, number, _), (next_serial, next_number, where) in pairwise(pages):
        if serial == next_serial and next_number != number + 1:
            raise WavError(f"damaged: pages are missing before byte {where}")
    head = data[_OGG_PAGE_BYTES + data[26] :]
    if head[:8] == b"OpusHead" and len(head) >= 12:
        (skipped,) = unpack_from("<H", head, 10)
        return max(0, granule - int(skipped))
    return max(0, granule) if head[:7] == b"\x01vorbis" else 0


def _mp3_frame(data: bytes, at: int) -> int:
    """Bytes of the frame of layer III that begins here; 0 where none does."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return 0
    version, layer = data[at + 1] >> 3 & 3, data[at + 1] >> 1 & 3
    kbits, rate, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version == 1 or layer != 1 or kbits in (0, 15) or rate == 3:
        return 0
    first = version == 3
    bits = _MP3_KBITS["1" if first else "2"][kbits - 1] * 1000
    return (144 if first else 72) * bits // _MP3_RATES[version][rate] + padding


def _check_mp3(data: bytes) -> None:
    """The chain of frames, from behind the tag in front to the tags at the end."""
    at, end = 0, len(data)
    if data[:3] == b"ID3" and len(data) >= _ID3_BYTES:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
        at = _ID3_BYTES + size + (_ID3_BYTES if data[5] & 0x10 else 0)
    if data[end - _ID3V1_BYTES : end - _ID3V1_BYTES + 3] == b"TAG":
        end -= _ID3V1_BYTES
    if data[end - _APE_BYTES : end - _APE_BYTES + 8] == b"APETAGEX":
        (size,) = unpack_from("<I", data, end - _APE_BYTES + 12)
        end -= size + (_APE_BYTES if data[end - _APE_BYTES + 23] & 0x80 else 0)
    while at < end and data[at] == 0:
        at += 1  # some programs pad behind their tag
    while at < end:
        frame = _mp3_frame(data, at)
        if not frame and not data[at:end].strip(b"\0"):
            return
        if not frame:
            raise WavError(f"damaged at byte {at}: a frame of MP3 was expected")
        at += frame
    if at > end:
        raise WavError("cut off: the last frame of MP3 is not whole")
