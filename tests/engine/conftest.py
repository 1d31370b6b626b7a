"""Fixtures: an engine on loopback."""

from collections.abc import Iterator

import pytest

from tests.engine.bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()
