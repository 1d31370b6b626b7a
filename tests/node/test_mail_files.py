"""Files of mailboxes: what a start finds, what becomes a clip, marks and deletions."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from switch.exchange.mail import Letter
from switch.node import mail_files
from switch.node.audio import RATE, WavError, write_wav

soundfile: Any = import_module("soundfile")
NAME = "shop/messages/sales/2026-03-04-090000-c-1-1"


def tone(seconds: float, rate: int = RATE) -> np.ndarray[Any, np.dtype[np.float64]]:
    return 0.4 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)


def lies(folder: Path, name: str, seconds: float, *, opus: bool = False) -> Path:
    path = folder / f"{name}{'.opus' if opus else '.wav'}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if opus:
        soundfile.write(path, tone(seconds, 16_000), 16_000, format="OGG", subtype="OPUS")
    else:
        path.write_bytes(write_wav((tone(seconds) * 32767).astype("<i2").tobytes()))
    os.utime(path, (1_772_614_800, 1_772_614_800))
    return path


@pytest.mark.parametrize("opus", [False, True])
def test_a_start_finds_what_lies_there(tmp_path: Path, opus: bool) -> None:
    lies(tmp_path, NAME, 3, opus=opus)
    lies(tmp_path, "shop/2026-03-04/090000-c-2-2", 3)
    mail_files.mark(tmp_path, NAME, new=False)
    (letter,) = mail_files.scan(tmp_path)
    assert (letter.path, letter.new) == (NAME, False)
    assert letter.duration_ms == pytest.approx(3_000, abs=30)
    assert letter.left_wall_us == pytest.approx((1_772_614_800 - 3) * 1_000_000, abs=40_000)
    mail_files.mark(tmp_path, NAME, new=True)
    assert mail_files.scan(tmp_path)[0].new
    assert mail_files.scan(tmp_path / "nothing") == []


@pytest.mark.parametrize("opus", [False, True])
def test_it_becomes_a_clip_however_long(tmp_path: Path, opus: bool) -> None:
    seconds = 130.0
    path = lies(tmp_path, NAME, seconds, opus=opus)
    pcm = np.frombuffer(mail_files.clip_of(path), "<i2").astype(float)
    assert len(pcm) == pytest.approx(seconds * RATE, abs=RATE // 50)
    wanted = tone(seconds)[: len(pcm)]
    for at in (1_000, 61 * RATE, 125 * RATE):
        part = pcm[at : at + 4_000]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(4_000)))
        assert abs(int(np.argmax(spectrum)) * RATE / 4_000 - 440) < 5
        assert np.std(part) / 32767 == pytest.approx(float(np.std(wanted)), rel=0.1)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.opus"
    path.write_bytes(b"OggS and nothing more")
    with pytest.raises(WavError):
        mail_files.clip_of(path)


def test_deleting_takes_the_mark_along_and_nothing_else(tmp_path: Path) -> None:
    lies(tmp_path, NAME, 1)
    other = lies(tmp_path, NAME.replace("c-1-1", "c-1-11"), 1)
    mail_files.mark(tmp_path, NAME, new=False)
    mail_files.delete(tmp_path, NAME)
    assert sorted(tmp_path.rglob("*.*")) == [other]
    assert mail_files.file_of(tmp_path, NAME) is None
    mail_files.delete(tmp_path, NAME)


def test_a_letter_knows_no_time_of_the_machine() -> None:
    assert Letter("a/messages/b/c", 1, 2).new


def test_a_start_forgets_names_of_calls_that_a_kill_ended(tmp_path: Path) -> None:
    name, letter = lies(tmp_path, "shop/names/c-1-1", 1), lies(tmp_path, NAME, 1)
    mail_files.forget_names(tmp_path)
    assert (name.exists(), letter.exists()) == (False, True)
