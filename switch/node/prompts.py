"""Makes every clip of a centre ready to play: spoken by espeak-ng into a cache, read from files, or computed.

The cache is a folder of WAV files named by a hash of what they hold, so that a second start reads files
only, a changed text is spoken anew, and nothing needs to be invalidated.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from switch.base.errors import ConfigurationError, Problem, ResourceError
from switch.dialplan.phrases import BEEP
from switch.dialplan.plan import ClipKind, ClipRequest
from switch.node.audio import WIDE_RATE, Sound, WavError, cached_pcm, read_wav, sound_of, to_pcm, write_wav
from switch.node.music import MUSIC_VERSION, beep, music, ringback
from switch.node.sound_files import read_sound

ESPEAK = "espeak-ng"
WORDS_A_MINUTE = 155
"""Slower than the program's 175: a telephone takes away the consonants' upper half."""

FORMAT_VERSION = 2
"""Part of every key; count up when resampling or level changes."""

WORKERS = 2
"""espeak-ng runs at once; a start must not starve a switch that is running beside it."""

ESPEAK_TIMEOUT_S = 30
FILE_BYTES_MAX = 200 << 20
CACHE_FILES_MAX = 5000
"""Old wordings are swept, the oldest first, when the folder holds more."""

_VOICES = {"en": "en-us", "fr": "fr-fr"}


def render(requests: Iterable[ClipRequest], cache: Path) -> dict[str, Sound]:
    """What the engine plays, by clip name.

    Raises ConfigurationError for files and voices that the dialplan names wrongly, all at once, and
    ResourceError where espeak-ng is missing or the cache cannot be written.
    """
    wanted = tuple(requests)
    speaks = any(request.kind is ClipKind.SPEECH for request in wanted)
    version = _espeak_version() if speaks else ""
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(f"the prompt cache {cache} cannot be made: {error.strerror}") from None
    keys = {request.name: _key(request, version) for request in wanted}
    by_key = {keys[request.name]: request for request in wanted}
    problems: list[Problem] = []
    sounds: dict[str, Sound] = {}
    with ThreadPoolExecutor(WORKERS, "prompts") as pool:
        for key, result in zip(
            by_key, pool.map(lambda item: _clip(item[0], item[1], cache), by_key.items()), strict=True
        ):
            if isinstance(result, Problem):
                problems.append(result)
            else:
                sounds[key] = result
    if problems:
        raise ConfigurationError(tuple(problems))
    _sweep(cache, set(by_key))
    return {name: sounds[key] for name, key in keys.items()}


def _key(request: ClipRequest, version: str) -> str:
    """What the clip's sound depends on. Files are read at each start: the hash is only to tell them apart."""
    parts: tuple[str, ...]
    match request.kind:
        case ClipKind.SPEECH:
            parts = ("speech", version, _voice(request), str(WORDS_A_MINUTE), request.text)
        case ClipKind.FILE:
            parts = ("file", request.path)
        case ClipKind.TONE:
            parts = ("tone", str(MUSIC_VERSION), request.text)
        case ClipKind.MUSIC:
            parts = ("music", str(MUSIC_VERSION))
    return sha256("\0".join((str(FORMAT_VERSION), *parts)).encode()).hexdigest()[:40]


def _voice(request: ClipRequest) -> str:
    return request.voice or _VOICES.get(request.language, request.language.lower())


def _clip(key: str, request: ClipRequest, cache: Path) -> Sound | Problem:
    if request.kind is ClipKind.FILE:
        return _read_file(request)
    narrow, wide = cache / f"{key}.wav", cache / f"{key}.wide.wav"
    with contextlib.suppress(OSError):
        kept = cached_pcm(narrow.read_bytes())
        kept_wide = cached_pcm(wide.read_bytes()) if request.kind is ClipKind.SPEECH else b""
        if kept is not None and kept_wide is not None:
            return Sound(kept, kept_wide)
    match request.kind:
        case ClipKind.SPEECH:
            made = _speak(request)
        case ClipKind.TONE:
            kind, _, country = request.text.partition(":")
            made = Sound(to_pcm(ringback(country) if country else beep()))
            assert country or kind == BEEP, "two tones are known"
        case _:
            made = Sound(to_pcm(music()))
    if isinstance(made, Sound):
        _keep(narrow, write_wav(made.narrow))
        if request.kind is ClipKind.SPEECH:
            _keep(wide, write_wav(made.wide, WIDE_RATE))
    return made


def _problem(request: ClipRequest, message: str) -> Problem:
    place = request.place
    return Problem(place.file, place.line, place.column, message)


def _read_file(request: ClipRequest) -> Sound | Problem:
    path = Path(request.path)
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            return _problem(request, f"{request.path}: the file is larger than {FILE_BYTES_MAX >> 20} MiB")
        return sound_of(read_sound(path.read_bytes()))
    except OSError as error:
        return _problem(request, f"{request.path} cannot be read: {error.strerror}")
    except WavError as error:
        return _problem(request, f"{request.path}: {error}")


def _espeak_version() -> str:
    if shutil.which(ESPEAK) is None:
        raise ResourceError(f"{ESPEAK} is not installed; it speaks the prompts: apt-get install {ESPEAK}")
    done = _run(("--version",), "")
    line = done.stdout.decode(errors="replace").splitlines()[:1]
    return line[0].partition("Data at")[0].strip() if line else ""


def _run(arguments: tuple[str, ...], text: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            (ESPEAK, *arguments),
            input=text.encode(),
            capture_output=True,
            timeout=ESPEAK_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ResourceError(f"{ESPEAK} does not run: {error}") from None


def _speak(request: ClipRequest) -> Sound | Problem:
    """Text goes in by standard input, so that no text can be taken for an option."""
    voice = _voice(request)
    done = _run(("-v", voice, "-s", str(WORDS_A_MINUTE), "-b", "1", "--stdin", "--stdout"), request.text)
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()[:1]
        return _problem(
            request, f"{ESPEAK} cannot speak with voice '{voice}': {said[0] if said else 'no sound'}"
        )
    try:
        return sound_of(read_wav(done.stdout))
    except WavError as error:
        return _problem(request, f"{ESPEAK} gave no sound for this text: {error}")


def _keep(path: Path, data: bytes) -> None:
    """Whole or not at all: a start that was interrupted leaves no half clip."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix="making-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ResourceError(f"the prompt cache {path.parent} cannot be written: {error.strerror}") from None


def _sweep(cache: Path, used: set[str]) -> None:
    with contextlib.suppress(OSError):
        files = list(cache.glob("*.wav"))
        if len(files) <= CACHE_FILES_MAX:
            return
        unused = sorted(
            (path for path in files if path.name.partition(".")[0] not in used),
            key=lambda path: path.stat().st_mtime,
        )
        for path in unused[: len(files) - CACHE_FILES_MAX]:
            path.unlink(missing_ok=True)
