"""G.711 against the reference files of ITU-T G.191, every sample of 16 bits."""

import ctypes

import numpy as np
import pytest

from tests.engine.build import c_library
from tests.vectors import vector

LAWS = [("alaw", "a"), ("ulaw", "u")]


def words(name: str) -> np.ndarray:
    """A reference file. They are announced as big-endian, and are little-endian: a sweep shows it."""
    return np.fromfile(vector(f"audio/g711/{name}"), dtype="<i2")


def encoded(law: str, samples: np.ndarray) -> np.ndarray:
    encode = getattr(c_library(), f"g711_{law}_encode")
    encode.restype, encode.argtypes = ctypes.c_uint8, [ctypes.c_int16]
    return np.array([encode(int(sample)) for sample in samples])


def decoded(law: str, codes: np.ndarray) -> np.ndarray:
    decode = getattr(c_library(), f"g711_{law}_decode")
    decode.restype, decode.argtypes = ctypes.c_int16, [ctypes.c_uint8]
    return np.array([decode(int(code)) for code in codes])


class Transcoder(ctypes.Structure):
    _fields_ = (("ulaw_to_alaw", ctypes.c_uint8 * 256), ("alaw_to_ulaw", ctypes.c_uint8 * 256))


@pytest.fixture(scope="module")
def transcoder() -> Transcoder:
    made = Transcoder()
    c_library().g711_transcoder_init(ctypes.byref(made))
    return made


def test_sweep_has_every_sample() -> None:
    assert (words("sweep.src") == np.arange(-32768, 32768)).all()


@pytest.mark.parametrize(("law", "letter"), LAWS)
def test_encode_is_bit_exact(law: str, letter: str) -> None:
    assert (encoded(law, words("sweep.src")) == (words(f"sweep-r.{letter}") & 0xFF)).all()


@pytest.mark.parametrize(("law", "letter"), LAWS)
def test_decode_is_bit_exact(law: str, letter: str) -> None:
    assert (decoded(law, words(f"sweep-r.{letter}") & 0xFF) == words(f"sweep-r.{letter}-{letter}")).all()


@pytest.mark.parametrize(("law", "letter"), LAWS)
def test_encode_then_decode_is_bit_exact(law: str, letter: str) -> None:
    assert (decoded(law, encoded(law, words("sweep.src"))) == words(f"sweep-r.re{letter}")).all()


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_every_code_survives_decode_and_encode(law: str) -> None:
    codes = np.arange(256)
    again = encoded(law, decoded(law, codes))
    # mu-law has two zeros; the negative one becomes the positive.
    expected = np.where((codes == 0x7F) & (law == "ulaw"), 0xFF, codes)
    assert (again == expected).all()


def test_transcoding_keeps_sign_order_and_level(transcoder: Transcoder) -> None:
    codes = np.arange(256)
    linear = decoded("ulaw", codes)
    through = decoded("alaw", np.array(transcoder.ulaw_to_alaw[:]))
    order = np.argsort(linear, kind="stable")
    assert (np.diff(through[order]) >= 0).all()
    # Half a step of each law: relative to the level, and at the origin A-law's first step.
    assert (np.abs(through - linear) <= np.maximum(np.abs(linear) / 16, 8)).all()


def test_transcoding_back_and_forth_settles(transcoder: Transcoder) -> None:
    """After the first passage through the other law nothing more is lost, however many times."""
    to_alaw, to_ulaw = np.array(transcoder.ulaw_to_alaw[:]), np.array(transcoder.alaw_to_ulaw[:])
    once = to_alaw[to_ulaw[to_alaw]]
    assert (to_alaw[to_ulaw[once]] == once).all()


def test_transcode_replaces_in_place(transcoder: Transcoder) -> None:
    codes = (ctypes.c_uint8 * 256)(*range(256))
    c_library().g711_transcode(transcoder.ulaw_to_alaw, codes, ctypes.c_size_t(256))
    assert list(codes) == list(transcoder.ulaw_to_alaw)
