"""Recordings of streams: what was said is in the file, left and right, through bridges, music and pauses."""

import contextlib
import errno
import io
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from switch.media.commands import (
    Bridge,
    CloseStream,
    MoveRecording,
    PauseRecording,
    Play,
    SoundFormat,
    StartRecording,
    StopRecording,
    Unbridge,
)
from switch.media.events import RecordingEnded, RecordingReason
from switch.media.plan import Codec
from switch.node.audio import Samples, read_wav
from tests.engine.bench import Bench, Peer, until
from tests.engine.build import c_library
from tests.small_disk import small_disk

soundfile: Any = import_module("soundfile")

RATE = 8000
PACKET = 160
Pcm = NDArray[np.int16]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Bench]:
    c_library()  # compiled before anything is recorded
    made = Bench(stepped=True, recordings=str(tmp_path))
    yield made
    made.close()


def voice(seed: int, seconds: float) -> Pcm:
    """Noise of a speech-like band, coming and going: no two parts of it are alike."""
    rng = np.random.default_rng(seed)
    size = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(size))
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3000)] = 0
    sound = np.fft.irfft(spectrum, size)
    return (sound / np.max(np.abs(sound)) * 12000).astype(np.int16)


def encode(sound: Pcm, codec: Codec) -> bytes:
    library = c_library()
    law = library.g711_alaw_encode if codec is Codec.PCMA else library.g711_ulaw_encode
    return bytes(law(int(sample)) & 0xFF for sample in sound)


def talk(*sides: tuple[Peer, bytes]) -> None:
    """Each side sends its payload at the pace of speech."""
    packets = max(len(payload) for _, payload in sides) // PACKET
    for index in range(packets):
        for peer, payload in sides:
            part = payload[index * PACKET : (index + 1) * PACKET]
            if len(part) == PACKET:
                peer.send(part)
        sides[0][0].pause(20)


def likeness(spoken: Samples, heard: Samples) -> float:
    """The best correlation of `spoken` with any part of `heard`."""
    size = 1 << int(len(heard) + len(spoken)).bit_length()
    products = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(spoken, size)), size)
    at = int(np.argmax(products[: len(heard)]))
    part = heard[at : at + len(spoken)]
    return float(np.corrcoef(spoken[: len(part)], part)[0, 1])


def channels(path: Path) -> NDArray[np.float64]:
    sound, rate = soundfile.read(path, always_2d=True)
    assert rate in (RATE, 16000, 48000)
    step = rate // RATE
    return np.asarray(sound[::step].T)


def ended(bench: Bench) -> RecordingEnded:
    return bench.wait_for(RecordingEnded)


def test_both_sides_of_a_talk_are_left_and_right(studio: Bench, tmp_path: Path) -> None:
    left, right = studio.bridge(Codec.PCMU, Codec.PCMA)
    studio.submit(StartRecording(0, 7, "shop/2026-11-22/call"))
    caller, agent = voice(1, 1.5), voice(2, 1.5)
    talk((left, encode(caller, Codec.PCMU)), (right, encode(agent, Codec.PCMA)))
    studio.submit(StopRecording(0, 7))
    told = ended(studio)
    assert (told.slot, told.recording, told.reason, told.error) == (0, 7, RecordingReason.STOPPED, 0)
    path = tmp_path / "shop/2026-11-22/call.wav"
    assert told.bytes == path.stat().st_size
    assert abs(told.duration_ms - 1500) < 500
    heard = channels(path)
    assert likeness(caller[1600:-1600].astype(float), heard[0]) > 0.99
    assert likeness(agent[1600:-1600].astype(float), heard[1]) > 0.99
    assert abs(likeness(caller[1600:-1600].astype(float), heard[1])) < 0.3, "nothing leaks across"
    assert len(right.receive_all()) >= 70, "the relay goes on beside it"
    assert studio.engine.recording_stats().held == 0


def test_opus_keeps_the_sides_apart_as_well(studio: Bench, tmp_path: Path) -> None:
    left, right = studio.bridge()
    studio.submit(StartRecording(0, 7, "call", SoundFormat.OPUS))
    caller, agent = voice(1, 1.5), voice(2, 1.5)
    talk((left, encode(caller, Codec.PCMU)), (right, encode(agent, Codec.PCMU)))
    studio.submit(CloseStream(0))
    assert ended(studio).reason is RecordingReason.CLOSED
    heard = channels(tmp_path / "call.opus")
    assert likeness(caller[1600:-1600].astype(float), heard[0]) > 0.9
    assert likeness(agent[1600:-1600].astype(float), heard[1]) > 0.9
    assert abs(likeness(caller[1600:-1600].astype(float), heard[1])) < 0.3


def test_a_pause_is_silence_of_the_same_length(studio: Bench, tmp_path: Path) -> None:
    left, _ = studio.bridge()
    studio.submit(StartRecording(0, 7, "card"))
    card = voice(3, 0.6)
    talk((left, encode(voice(1, 0.5), Codec.PCMU)))
    studio.submit(PauseRecording(0, 7, True))
    talk((left, encode(card, Codec.PCMU)))
    studio.submit(PauseRecording(0, 7, False))
    talk((left, encode(voice(2, 0.5), Codec.PCMU)))
    studio.submit(StopRecording(0, 7))
    told = ended(studio)
    assert told.duration_ms > 1500
    heard = channels(tmp_path / "card.wav")[0]
    assert abs(likeness(card.astype(float), heard)) < 0.3
    loud = np.abs(heard.reshape(-1, 80)).max(axis=1) > 0.005
    silent = max(len(run) for run in "".join("x" if tick else "." for tick in loud).split("x"))
    assert 50 <= silent <= 75


def test_music_and_whoever_comes_next_are_on_the_right(studio: Bench, tmp_path: Path) -> None:
    studio.open(0)
    agents = studio.open(1), studio.open(2)
    music = voice(9, 0.6)
    studio.engine.add_clip("music", music.tobytes())
    studio.submit(StartRecording(0, 7, "long"), Play(0, 1, ("music",)))
    studio.wait(700)
    voices = voice(4, 0.6), voice(5, 0.6)
    for slot, (peer, said) in enumerate(zip(agents, voices, strict=True), 1):
        studio.submit(Bridge(0, slot))
        talk((peer, encode(said, Codec.PCMU)))
        studio.submit(Unbridge(0))
    studio.submit(StopRecording(0, 7))
    ended(studio)
    heard = channels(tmp_path / "long.wav")[1]
    for sound in (music, *voices):
        assert likeness(sound[800:-800].astype(float), heard) > 0.98


def test_it_goes_on_with_another_stream(studio: Bench, tmp_path: Path) -> None:
    first, second = studio.open(0), studio.open(1)
    studio.submit(StartRecording(0, 7, "moved", channels=1))
    talk((first, encode(voice(1, 0.4), Codec.PCMU)))
    studio.submit(MoveRecording(0, 1), CloseStream(0))
    talk((second, encode(voice(2, 0.4), Codec.PCMU)))
    studio.submit(StopRecording(1, 7))
    assert ended(studio).reason is RecordingReason.STOPPED
    heard = channels(tmp_path / "moved.wav")[0]
    for seed in (1, 2):
        assert likeness(voice(seed, 0.4)[800:-800].astype(float), heard) > 0.98


def test_it_ends_by_silence_and_by_length(studio: Bench) -> None:
    studio.open(0)
    studio.submit(StartRecording(0, 7, "quiet", channels=1, silence_ms=300))
    assert ended(studio).reason is RecordingReason.SILENCE
    studio.submit(StartRecording(0, 8, "long", seconds_max=1))
    told = ended(studio)
    assert (told.recording, told.reason, told.duration_ms) == (8, RecordingReason.LENGTH, 1000)


def test_what_a_disk_refuses_is_told_and_the_talk_goes_on(studio: Bench, tmp_path: Path) -> None:
    left, right = studio.bridge()
    (tmp_path / "file").write_text("in the way")
    studio.submit(StartRecording(0, 7, "file/call"))
    told = ended(studio)
    assert (told.reason, told.error) == (RecordingReason.FAILED, errno.ENOTDIR)
    talk((left, bytes(PACKET * 5)))
    assert len(right.receive_all()) == 5
    assert studio.engine.recording_stats().failed == 1


def test_a_full_disk_leaves_a_whole_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "64k") as disk:
        bench = Bench(stepped=True, recordings=str(disk))
        try:
            left, right = bench.bridge()
            bench.submit(StartRecording(0, 7, "call"))
            said = encode(voice(1, 3.0), Codec.PCMU)
            talk((left, said[:RATE]))
            # The first second is written by itself: what does not fit is refused as a whole.
            until(lambda: (disk / "call.wav").stat().st_size > RATE * 2 * 2 * 0.9, "a second is on the disk")
            talk((left, said[RATE:]))
            told = ended(bench)
            assert (told.reason, told.error) == (RecordingReason.FAILED, errno.ENOSPC)
            sound = read_wav((disk / "call.wav").read_bytes())
            assert len(sound.samples) / RATE * 1000 >= told.duration_ms > 800
            assert len(right.receive_all()) >= 140
        finally:
            bench.close()


_VICTIM = """
import sys, time
from switch.engine import Engine
from switch.media.commands import OpenStream, StartRecording
from switch.media.plan import Codec, StreamPlan
engine = Engine("127.0.0.1", (21000, 29000), 1, recordings=sys.argv[1])
engine.start()
engine.submit(OpenStream(0, StreamPlan("127.0.0.1", 9, Codec.PCMU, 0)))
engine.submit(StartRecording(0, 1, "wav"))
print("started", flush=True)
time.sleep(60)
"""


def _seconds_that_play(folder: Path) -> float:
    """Of the one file in it, while it is written."""
    for path in folder.iterdir():
        with contextlib.suppress(soundfile.LibsndfileError):
            sound, rate = soundfile.read(io.BytesIO(path.read_bytes()))
            return len(sound) / int(rate)
    return 0.0


@pytest.mark.parametrize("sound_format", SoundFormat)
def test_a_killed_process_leaves_a_file_that_plays(sound_format: SoundFormat, tmp_path: Path) -> None:
    program = _VICTIM.replace('"wav")', f'"wav", SoundFormat.{sound_format.name})').replace(
        "import OpenStream, StartRecording", "import OpenStream, SoundFormat, StartRecording"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until(lambda: _seconds_that_play(tmp_path) >= 0.9, "a second is in the file, and its header says so")
        process.kill()
    assert _seconds_that_play(tmp_path) >= 0.9


def test_a_thousand_recordings_leave_nothing_behind(studio: Bench) -> None:
    studio.open(0)
    for number in range(1, 201):
        assert studio.engine.submit(StartRecording(0, number, f"{number}"))
        if number % 5 == 0:
            studio.submit(StopRecording(0, number))
            until(lambda: [studio.poll(), studio.engine.recording_stats().held][1] == 0, "all are written")
    told = [event for event in [*studio.events, *studio.poll()] if isinstance(event, RecordingEnded)]
    assert sorted(event.recording for event in told) == list(range(1, 201))
    assert all(event.reason is RecordingReason.STOPPED for event in told)
