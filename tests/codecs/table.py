"""`struct codec` of codecs/codecs.h behind numpy arrays."""

import ctypes
from dataclasses import dataclass

import numpy as np
import pytest

from tests.engine.build import c_library

PCMU, PCMA, G722, OPUS, L16_8K, L16_16K = 0, 8, 9, 128, 129, 130
SAMPLES_MAX, PAYLOAD_BYTES_MAX = 5_760, 1_280

_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_size_t


class _Settings(ctypes.Structure):
    _fields_ = (
        ("bitrate", ctypes.c_uint32),
        ("bitrate_max", ctypes.c_uint32),
        ("playback_rate_hz", ctypes.c_uint32),
        ("loss_percent", ctypes.c_uint8),
        ("correct", ctypes.c_bool),
        ("pause", ctypes.c_bool),
    )


class RawCodec(ctypes.Structure):
    """`struct codec` of codecs/codecs.h."""

    _fields_ = (
        ("id", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("rtp_clock_hz", ctypes.c_uint32),
        ("sample_rate_hz", ctypes.c_uint32),
        ("encoder_bytes", _SIZE),
        ("decoder_bytes", _SIZE),
        ("encoder_init", ctypes.CFUNCTYPE(None, _POINTER, ctypes.POINTER(_Settings))),
        ("decoder_init", ctypes.CFUNCTYPE(None, _POINTER)),
        ("encode", ctypes.CFUNCTYPE(_SIZE, _POINTER, _POINTER, _SIZE, _POINTER)),
        ("adapt", ctypes.CFUNCTYPE(None, _POINTER, ctypes.c_uint8)),
        ("length", ctypes.CFUNCTYPE(_SIZE, _POINTER, _SIZE)),
        ("decode", ctypes.CFUNCTYPE(_SIZE, _POINTER, _POINTER, _SIZE, _POINTER)),
        ("conceal", ctypes.CFUNCTYPE(None, _POINTER, _POINTER, _SIZE, _POINTER, _SIZE)),
    )


def _address(array: np.ndarray) -> int:
    return array.ctypes.data


class Encoder:
    def __init__(self, codec: RawCodec, settings: _Settings) -> None:
        self._codec = codec
        self._memory = ctypes.create_string_buffer(codec.encoder_bytes + 1)
        codec.encoder_init(self._memory, settings)

    def encode(self, samples: np.ndarray) -> bytes:
        given = np.ascontiguousarray(samples, dtype=np.int16)
        payload = np.zeros(PAYLOAD_BYTES_MAX, np.uint8)
        count = self._codec.encode(self._memory, _address(given), len(given), _address(payload))
        return payload[:count].tobytes()

    def adapt(self, loss_percent: int) -> None:
        self._codec.adapt(self._memory, loss_percent)


class Decoder:
    def __init__(self, codec: RawCodec) -> None:
        self._codec = codec
        self._memory = ctypes.create_string_buffer(codec.decoder_bytes)
        codec.decoder_init(self._memory)

    def decode(self, payload: bytes) -> np.ndarray:
        samples = np.zeros(SAMPLES_MAX, np.int16)
        count = self._codec.decode(self._memory, payload, len(payload), _address(samples))
        return samples[:count]

    def conceal(self, count: int, following: bytes | None = None) -> np.ndarray:
        samples = np.zeros(count, np.int16)
        self._codec.conceal(self._memory, _address(samples), count, following, len(following or b""))
        return samples


@dataclass(frozen=True)
class Codec:
    """An entry of the table."""

    entry: RawCodec

    @property
    def rate_hz(self) -> int:
        return int(self.entry.sample_rate_hz)

    def encoder(self, **settings: int) -> Encoder:
        return Encoder(self.entry, _Settings(**settings))

    def decoder(self) -> Decoder:
        return Decoder(self.entry)

    def length(self, payload: bytes) -> int:
        return int(self.entry.length(payload, len(payload)))


def find(codec_id: int, rate_hz: int = 0) -> Codec | None:
    library = c_library()
    library.codec_find.restype = ctypes.POINTER(RawCodec)
    found = library.codec_find(codec_id, ctypes.c_uint32(rate_hz))
    return Codec(found.contents) if found else None


def codec(codec_id: int, rate_hz: int = 0) -> Codec:
    """The codec, or a skip that says that libopus is not here."""
    if codec_id == OPUS:
        c_library().opus_load.restype = ctypes.c_char_p
        missing = c_library().opus_load(b"libopus.so.0")
        if missing is not None:
            pytest.skip(f"libopus is not here: {missing.decode()} (apt-get install libopus0)")
    found = find(codec_id, rate_hz)
    assert found is not None
    return found
