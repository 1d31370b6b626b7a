"""The files of mailboxes: what lies there at the start, made into clips, marked, deleted.

Everything here may wait for a disk: it is called on a thread. A message that was heard has an empty file of
its name beside it, with the ending HEARD.
"""

import wave
from pathlib import Path
from struct import unpack_from

import numpy as np

from switch.engine.engine import SUFFIXES
from switch.exchange.mail import FOLDER, NAMES, Letter
from switch.media.commands import SoundFormat
from switch.node.audio import RATE, Wav, WavError, resample, to_pcm
from switch.node.sound_files import blocks_of

HEARD = ".heard"
_TAIL_BYTES = 1 << 17
"""Of an Ogg file: its last page is among them."""

_OPUS_RATE = 48_000
_BLOCK_S = 60
"""Resampled at a time: an hour at once would take a gigabyte."""


def scan(folder: Path) -> list[Letter]:
    """All messages of all tenants; what cannot be read is passed over."""
    letters = []
    for path in sorted(folder.glob(f"*/{FOLDER}/*/*")):
        if path.suffix in SUFFIXES.values():
            try:
                ended_us = path.stat().st_mtime_ns // 1_000
                duration_ms = length_ms(path)
            except OSError:
                continue
            name = str(path.relative_to(folder).with_suffix(""))
            new = not path.with_suffix(HEARD).exists()
            letters.append(Letter(name, ended_us - 1_000 * duration_ms, duration_ms, new))
    return letters


def forget_names(folder: Path) -> None:
    """Of calls that a kill has ended. Raises OSError."""
    for path in folder.glob(f"*/{NAMES}/*"):
        path.unlink(missing_ok=True)


def length_ms(path: Path) -> int:
    """By the header of a WAV, by the last page of an Opus file; 0 where neither tells."""
    if path.suffix == SUFFIXES[SoundFormat.WAV]:
        try:
            with wave.open(str(path)) as file:
                return int(file.getnframes() * 1_000 // file.getframerate())
        except (wave.Error, EOFError, ZeroDivisionError):
            return 0
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or at + 14 > len(tail):
        return 0
    return max(0, int(unpack_from("<q", tail, at + 6)[0])) * 1_000 // _OPUS_RATE


def file_of(folder: Path, name: str) -> Path | None:
    """With whichever ending it has."""
    for suffix in SUFFIXES.values():
        path = folder / f"{name}{suffix}"
        if path.is_file():
            return path
    return None


def clip_of(path: Path) -> bytes:
    """Samples for the engine. Raises OSError, WavError."""
    parts = []
    rate, blocks = blocks_of(path.read_bytes(), _BLOCK_S)
    for block in blocks:
        parts.append(resample(Wav(rate, block), RATE))
    if not parts:
        raise WavError("the file holds no sound")
    return to_pcm(np.concatenate(parts))


def mark(folder: Path, name: str, *, new: bool) -> None:
    """Raises OSError."""
    path = folder / f"{name}{HEARD}"
    if new:
        path.unlink(missing_ok=True)
    else:
        path.touch()


def delete(folder: Path, name: str) -> None:
    """The sound first: a mark alone is no message. Raises OSError."""
    for suffix in (*SUFFIXES.values(), HEARD):
        (folder / f"{name}{suffix}").unlink(missing_ok=True)
