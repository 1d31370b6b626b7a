"""G.722 at 64 kbit/s, filter bank and all, against the reference files of ITU-T G.191."""

import numpy as np
import pytest

from tests.codecs import table
from tests.codecs.signals import best_correlation, decibel, power, tone
from tests.vectors import vector

HELD_BACK = 60
"""By the concealment, 3.75 ms."""


def codes(name: str) -> np.ndarray:
    """`codspw.cod` has a code in each word of 16 bits; `codsp.cod` has two, the second in the lower byte."""
    if name == "codspw.cod":
        return np.fromfile(vector(f"audio/g722/{name}"), dtype="<u2").astype(np.uint8)
    return np.fromfile(vector(f"audio/g722/{name}"), dtype=np.uint8).reshape(-1, 2)[:, ::-1].ravel()


def samples(name: str) -> np.ndarray:
    return np.fromfile(vector(f"audio/g722/{name}"), dtype="<i2")


@pytest.mark.parametrize("reference", ["codspw.cod", "codsp.cod"])
@pytest.mark.parametrize("packet", [160, 320, 960])
def test_encode_is_bit_exact(reference: str, packet: int) -> None:
    encoder = table.codec(table.G722).encoder()
    speech = samples("inpsp.bin")
    coded = b"".join(encoder.encode(speech[i : i + packet]) for i in range(0, len(speech), packet))
    assert coded == codes(reference).tobytes()


@pytest.mark.parametrize("packet", [80, 160, 480])
def test_decode_is_bit_exact(packet: int) -> None:
    decoder = table.codec(table.G722).decoder()
    coded = codes("codspw.cod").tobytes()
    parts = [decoder.decode(coded[i : i + packet]) for i in range(0, len(coded), packet)]
    heard = np.concatenate(parts)[HELD_BACK:]
    expected = samples("outsp1.bin")
    assert (heard == expected[: len(heard)]).all()
    assert len(expected) - len(heard) == HELD_BACK


def test_one_byte_is_two_samples() -> None:
    assert table.codec(table.G722).length(bytes(160)) == 320


def test_the_whole_band_passes() -> None:
    """50 Hz to 7 kHz, within 1 dB."""
    g722 = table.codec(table.G722)
    for hz in (100, 400, 1_000, 3_000, 5_000, 6_800):
        said = tone(hz, 16_000, 0.5)
        heard = g722.decoder().decode(g722.encoder().encode(said[:960]))
        encoder, decoder = g722.encoder(), g722.decoder()
        heard = np.concatenate(
            [decoder.decode(encoder.encode(said[i : i + 320])) for i in range(0, len(said), 320)]
        )
        assert abs(decibel(power(heard[800:]) / power(said[800:]))) < 1, hz


def test_a_gap_in_a_steady_voice_is_filled() -> None:
    g722 = table.codec(table.G722)
    encoder, decoder = g722.encoder(), g722.decoder()
    said = tone(200, 16_000, 1)
    packets = [encoder.encode(said[i : i + 320]) for i in range(0, len(said), 320)]
    parts = [decoder.conceal(320) if i == 25 else decoder.decode(p) for i, p in enumerate(packets)]
    heard = np.concatenate(parts)
    assert best_correlation(heard[7_600:9_000], said[7_600:9_000], 100) > 0.95
