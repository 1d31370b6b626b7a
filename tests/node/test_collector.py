"""Calls leave nothing to the collector of cyclic garbage, so that it need not run while they stand."""

import gc
from collections.abc import Iterator

import pytest

from benchmarks.parties import Parties
from switch.base.clock import SECOND
from switch.node.collector import QUIET_EVERY, SETTLED, Collector

LINGER_US = 40 * SECOND


@pytest.fixture(autouse=True)
def _collector_as_it_was() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_calls_leave_no_cycles() -> None:
    parties = Parties(slots=20)
    for _ in range(3):
        parties.call()
        parties.advance(parties.now + LINGER_US)
    Collector().start()
    for _ in range(10):
        parties.call()
        parties.advance(parties.now + LINGER_US)
    assert parties.tally.ended == 13
    assert gc.collect() == 0


def test_it_does_not_run_while_calls_stand() -> None:
    collector = Collector()
    collector.start()
    assert not gc.isenabled()
    assert not any(collector.look(1) for _ in range(3 * QUIET_EVERY))


def test_it_runs_when_no_call_has_stood_for_a_minute() -> None:
    collector = Collector()
    collector.start()
    ran = [collector.look(0 if second > QUIET_EVERY else 1) for second in range(3 * QUIET_EVERY)]
    assert ran.index(True) == QUIET_EVERY + SETTLED
    assert ran.count(True) == 2
