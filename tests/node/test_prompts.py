"""Clips are made once, kept, and made anew where something changed. Needs the Debian package espeak-ng."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from switch.base.errors import ConfigurationError, ResourceError
from switch.dialplan.plan import ClipKind, ClipRequest
from switch.dialplan.problems import Place
from switch.node import prompts
from switch.node.audio import RATE, WIDE_RATE, Sound, read_wav, to_pcm, write_wav
from switch.node.music import mix_in, music, ringback
from switch.node.prompts import render

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")

HELLO = ClipRequest("t/hello.fr", ClipKind.SPEECH, "fr", text="Bonjour à tous.")
MUSIC = ClipRequest("t/music", ClipKind.MUSIC)
RINGBACK = ClipRequest("t/ringback", ClipKind.TONE, text="ringback:FR")


def _level(pcm: bytes) -> float:
    return float(np.sqrt(np.mean((np.frombuffer(pcm, "<i2") / 32768.0) ** 2)))


@needs_espeak
def test_speech_is_heard_and_kept(tmp_path: Path) -> None:
    sound = render([HELLO], tmp_path)["t/hello.fr"]
    pcm = sound.narrow
    assert 0.5 < len(pcm) / 2 / RATE < 5
    assert 0.02 < _level(pcm) < 0.4
    kept, wide = sorted(tmp_path.iterdir())
    assert len(read_wav(kept.read_bytes()).samples) == len(pcm) // 2
    assert read_wav(wide.read_bytes()).rate == WIDE_RATE
    assert len(sound.wide) == 2 * len(pcm)


@needs_espeak
def test_a_second_start_speaks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = render([HELLO, MUSIC, RINGBACK], tmp_path)
    monkeypatch.setattr(prompts, "_speak", lambda _: pytest.fail("spoken again"))
    monkeypatch.setattr(prompts, "music", lambda: pytest.fail("composed again"))
    assert render([HELLO, MUSIC, RINGBACK], tmp_path) == first


@needs_espeak
def test_text_voice_and_language_are_told_apart(tmp_path: Path) -> None:
    requests = [
        HELLO,
        ClipRequest("a", ClipKind.SPEECH, "fr", text="Bonsoir."),
        ClipRequest("b", ClipKind.SPEECH, "en", text="Bonjour à tous."),
        ClipRequest("c", ClipKind.SPEECH, "fr", text="Quatre-vingt-dix ou 90.", voice="fr-be"),
    ]
    requests.append(ClipRequest("d", ClipKind.SPEECH, "fr", text="Quatre-vingt-dix ou 90."))
    made = render(requests, tmp_path)
    assert len(set(made.values())) == len(requests) == len(list(tmp_path.iterdir())) / 2


@needs_espeak
def test_the_same_words_of_two_tenants_are_one_sound(tmp_path: Path) -> None:
    other = ClipRequest("u/hello.fr", ClipKind.SPEECH, "fr", text=HELLO.text)
    made = render([HELLO, other], tmp_path)
    assert made["t/hello.fr"] is made["u/hello.fr"]


@needs_espeak
def test_a_kept_file_that_broke_is_made_anew(tmp_path: Path) -> None:
    first = render([HELLO], tmp_path)
    for kept in tmp_path.iterdir():
        kept.write_bytes(kept.read_bytes()[:1000])
        assert render([HELLO], tmp_path) == first


@needs_espeak
def test_text_is_never_an_option_or_a_command(tmp_path: Path) -> None:
    odd = [
        ClipRequest(name, ClipKind.SPEECH, "en", text=text)
        for name, text in (("a", "--version"), ("b", "-w /nowhere/x.wav; $(ls)"), ("c", "<b>5 > 3 & 2"))
    ]
    assert all(len(sound.narrow) > 4000 for sound in render(odd, tmp_path).values())


@needs_espeak
def test_a_voice_that_does_not_exist_is_blamed_on_its_place(tmp_path: Path) -> None:
    request = ClipRequest("a", ClipKind.SPEECH, "xx", text="hello", place=Place("shop.yaml", 7, 3))
    with pytest.raises(ConfigurationError, match=r"shop\.yaml:7:3: espeak-ng cannot speak with voice 'xx'"):
        render([request], tmp_path)


def test_without_espeak_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ResourceError, match=r"espeak-ng is not installed; .*apt-get install espeak-ng"):
        render([HELLO], tmp_path)
    assert render([MUSIC], tmp_path), "nothing to say needs no voice"


def test_files_are_read_and_every_bad_one_is_named(tmp_path: Path) -> None:
    good = tmp_path / "good.wav"
    good.write_bytes(write_wav(to_pcm(np.full(800, 0.25))))
    (tmp_path / "bad.wav").write_bytes(b"not a sound")
    place = Place("shop.yaml", 3, 9)
    cache = tmp_path / "cache"
    request = ClipRequest("good", ClipKind.FILE, path=str(good), place=place)
    assert render([request], cache)["good"] == Sound(to_pcm(np.full(800, 0.25)))
    bad = [
        ClipRequest(name, ClipKind.FILE, path=str(tmp_path / name), place=place)
        for name in ("bad.wav", "no.wav")
    ]
    with pytest.raises(ConfigurationError) as caught:
        render([request, *bad], cache)
    messages = [str(problem) for problem in caught.value.problems]
    assert [message.startswith("shop.yaml:3:9: ") for message in messages] == [True, True]
    assert "bad.wav: a sound file was expected" in messages[0]
    assert "no.wav cannot be read: No such file" in messages[1]


def test_a_file_of_a_wider_band_is_kept_in_it(tmp_path: Path) -> None:
    """A tone of 5 kHz, which no telephone of 8 kHz carries, beside one of 1 kHz, at one loudness in both."""
    path, rate = tmp_path / "wide.wav", 44_100
    times = np.arange(rate) / rate
    both = 0.5 * np.sin(2 * np.pi * 1000 * times) + 0.5 * np.sin(2 * np.pi * 5000 * times)
    path.write_bytes(write_wav(to_pcm(both), rate))
    sound = render([ClipRequest("wide", ClipKind.FILE, path=str(path))], tmp_path)["wide"]
    assert len(sound.wide) == 2 * len(sound.narrow) == 2 * 2 * RATE

    def strength(pcm: bytes, hz: int, rate_hz: int) -> float:
        samples = np.frombuffer(pcm, "<i2")[rate_hz // 10 : rate_hz * 9 // 10].astype(float)
        return float(
            2 * np.abs(np.mean(samples * np.exp(-2j * np.pi * hz * np.arange(len(samples)) / rate_hz)))
        )

    assert strength(sound.wide, 5000, WIDE_RATE) > 8000
    assert abs(strength(sound.wide, 1000, WIDE_RATE) / strength(sound.narrow, 1000, RATE) - 1) < 0.01


def test_a_cache_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match=r"the prompt cache .* cannot be made"):
        render([MUSIC], tmp_path / "file" / "cache")


def test_old_wordings_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "CACHE_FILES_MAX", 2)
    for index in range(4):
        (tmp_path / f"old{index}.wav").write_bytes(b"x")
    render([MUSIC], tmp_path)
    kept = {path.name for path in tmp_path.iterdir()}
    assert len(kept) == 2
    render([MUSIC], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_music_is_the_same_everywhere_and_fit_for_a_telephone() -> None:
    one, two = music(), music()
    assert np.array_equal(one, two)
    assert len(one) == 20 * RATE
    assert np.max(np.abs(one)) < 0.7, "no peak that the level limit would squash"
    spectrum = np.abs(np.fft.rfft(one)) ** 2
    assert spectrum[3500 * 20 :].sum() < 0.001 * spectrum.sum(), "all of it passes a telephone"
    seconds = one.reshape(20, RATE)
    assert np.min(np.sqrt(np.mean(seconds**2, axis=1))) > 0.02, "no second of silence"


def test_what_rings_past_the_end_of_the_loop_is_heard_at_its_start() -> None:
    loop = np.zeros(RATE)
    mix_in(loop, 1 - 2 / RATE, np.array([1.0, 2.0, 3.0, 4.0]))
    assert loop[-3:].tolist() == [0.0, 1.0, 2.0]
    assert loop[:3].tolist() == [3.0, 4.0, 0.0]


@pytest.mark.parametrize(
    ("country", "hertz", "seconds"), [("FR", 440, 5), ("CA", 480, 6), ("GB", 450, 3), ("ZZ", 425, 5)]
)
def test_ringing_tones(country: str, hertz: int, seconds: int) -> None:
    tone = ringback(country)
    assert len(tone) == seconds * RATE
    spectrum = np.abs(np.fft.rfft(tone))
    peaks = np.argsort(spectrum)[-2:] / seconds
    assert any(abs(peak - hertz) < 3 for peak in peaks)
    assert np.max(np.abs(tone[-RATE:])) == 0, "a period ends in its silence"
