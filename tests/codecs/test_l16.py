"""L16 (RFC 3551 section 4.5.11)."""

import numpy as np
import pytest

from tests.codecs import table


@pytest.mark.parametrize(("codec_id", "held_back"), [(table.L16_8K, 30), (table.L16_16K, 60)])
def test_samples_come_back_as_they_were(codec_id: int, held_back: int) -> None:
    l16 = table.codec(codec_id)
    said = np.array([0, 1, -1, 32767, -32768, 256, -257] * 91, dtype=np.int16)
    payload = l16.encoder().encode(said)
    assert payload == said.astype(">i2").tobytes()
    assert l16.length(payload) == len(said)
    assert (l16.decoder().decode(payload)[held_back:] == said[:-held_back]).all()


def test_half_a_sample_is_no_l16() -> None:
    l16 = table.codec(table.L16_16K)
    assert l16.length(bytes(321)) == 0
    assert len(l16.decoder().decode(bytes(321))) == 0


def test_more_than_a_packet_holds_is_refused() -> None:
    l16 = table.codec(table.L16_16K)
    assert l16.length(bytes(2 * table.SAMPLES_MAX)) == table.SAMPLES_MAX
    assert l16.length(bytes(2 * table.SAMPLES_MAX + 2)) == 0
