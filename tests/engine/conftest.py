"""Fixtures: an engine on loopback."""

from collections.abc import Iterator

import pytest

from tests.engine.bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Time is the test's: the same on every machine."""
    made = Bench(stepped=True)
    yield made
    made.close()
