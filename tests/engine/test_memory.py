"""What streams take, and that closed ones take nothing. The whole measure is `benchmarks/streams.py`."""

import pytest

from benchmarks import streams

PAGES_OF_NOISE = 16
"""The allocator and Python's own lists move by some pages; a leak of a byte a stream would be more."""


def test_a_relayed_leg_takes_less_than_16_kb() -> None:
    assert streams.leg_bytes(600) < 16 * 1024


@pytest.mark.parametrize("secured", [False, True])
def test_streams_that_were_closed_leave_nothing(secured: bool) -> None:
    grown = streams.apart(f"growth(10_000, secured={secured})")
    assert grown <= PAGES_OF_NOISE * streams.PAGE_BYTES
