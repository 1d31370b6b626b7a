"""Sound to try detectors with: made here, captured, or Debian's prompts; and how a detector is fed."""

import ctypes
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.engine.build import c_library

RATE = 8000
FRAME = 80
Sound = npt.NDArray[np.float64]

PROMPTS = Path("/usr/share/asterisk/sounds")
LANGUAGES = {"en": "en_US_f_Allison", "es": "es_MX_f_Allison", "fr": "fr_CA_f_June", "it": "it_IT_m_Carlo"}
LANGUAGES["ru"] = "ru_RU_f_IvrvoiceRU"

# More than any detector's state has; the C tests under the sanitizers know the sizes.
STATE_BYTES = 1 << 15


def amplitude(dbm0: float) -> float:
    """The peak of a sine of this level: full scale is +3.14 dBm0 (ITU-T G.711)."""
    return float(32768 * 10 ** ((dbm0 - 3.14) / 20))


def sine(hertz: float, duration_ms: float, dbm0: float = -10, phase: float = 0) -> Sound:
    n = np.arange(round(duration_ms * RATE / 1000))
    return amplitude(dbm0) * np.sin(2 * np.pi * hertz * n / RATE + phase)


def silence(duration_ms: float) -> Sound:
    return np.zeros(round(duration_ms * RATE / 1000))


def noise(random: np.random.Generator, duration_ms: float, dbm0: float) -> Sound:
    """White, with the power that a sine of this level has."""
    return random.normal(0, amplitude(dbm0) / np.sqrt(2), round(duration_ms * RATE / 1000))


def frames(sound: Sound | npt.NDArray[np.int16]) -> Iterator[ctypes.c_void_p]:
    """Frame after frame, as detectors are fed; what does not fill the last one is left out."""
    samples = np.ascontiguousarray(np.clip(np.round(sound), -32768, 32767).astype("<i2"))
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        yield ctypes.c_void_p(samples.ctypes.data + 2 * start)


def through(law: str, sound: Sound) -> Sound:
    """What is left of it after a G.711 line; `law` is `ulaw` or `alaw`."""
    return decoded(law, encoded(law, sound))


def encoded(law: str, sound: Sound) -> bytes:
    """The codes of a G.711 line; `law` is `ulaw` or `alaw`."""
    encode = getattr(c_library(), f"g711_{law}_encode")
    encode.restype, encode.argtypes = ctypes.c_uint8, [ctypes.c_int16]
    return bytes(encode(int(sample)) for sample in np.clip(sound, -32768, 32767))


def decoded(law: str, codes: bytes) -> Sound:
    decode = getattr(c_library(), f"g711_{law}_decode")
    decode.restype, decode.argtypes = ctypes.c_int16, [ctypes.c_uint8]
    table = np.array([decode(code) for code in range(256)], float)
    return table[np.frombuffer(codes, np.uint8)]


def prompts(language: str) -> list[tuple[str, npt.NDArray[np.int16]]]:
    """Debian's prompts of a language with their names, without the beeps, or a skip."""
    folder = PROMPTS / LANGUAGES[language]
    if not folder.is_dir():
        pytest.skip(f"no speech to listen to: apt-get install asterisk-core-sounds-{language}-wav")
    found = []
    for path in sorted(folder.rglob("*.wav")):
        if "beep" in path.name or path.parent.name == "silence":
            continue
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2), path
            name = str(path.relative_to(folder))
            found.append((name, np.frombuffer(file.readframes(file.getnframes()), "<i2")))
    return found
