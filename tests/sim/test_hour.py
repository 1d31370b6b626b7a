"""A simulated hour: every invariant at every step, from the journal alone, and nothing left at the end."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from switch.base.clock import MINUTE, SECOND
from switch.journal import codec
from switch.journal.events import CallEnded
from switch.sim.network import CALM, Weather
from tests.sim.hour import Hour

SEED = 20_260_304
PART_US = 6 * MINUTE

_DIGEST_OF_A_PART = """
from switch.journal import codec
from tests.sim.hour import Hour
hour = Hour({seed})
hour.world.run({part_us})
print(codec.digest(hour.world.journal))
"""


@pytest.fixture(scope="module")
def hour() -> Hour:
    played = Hour(SEED)
    played.play()
    return played


def test_an_hour_of_two_hundred_customers_and_forty_agents(hour: Hour) -> None:
    """The observer has judged each step while it ran; here is what it saw, so that it saw something."""
    observer = hour.observer
    observer.balance()
    kinds = Counter(entry.event.KIND for entry in hour.world.journal)
    assert len(observer.calls) >= 800
    assert observer.entered.total() > 500
    assert observer.most_waiting >= 10
    exits = Counter[str]()
    for (_, outcome), count in observer.left.items():
        exits[outcome] += count
    assert exits["ended"] > 400
    assert exits["abandoned"] > 10
    assert exits["withdrawn"] > 0
    assert kinds["offer-ended"] > 100
    assert kinds["leg-held"] > 100
    assert kinds["transferred"] > 20
    assert kinds["leg-moved"] > 3, "attended transfers too"
    assert kinds["unregistered"] > 10
    assert hour.world.network.lost > 300


def test_every_call_has_one_end(hour: Hour) -> None:
    observer = hour.observer
    assert observer.calls.keys() == observer.call_ends.keys()
    assert set(observer.call_ends.values()) == {1}


def test_nothing_is_left_when_everybody_has_gone(hour: Hour) -> None:
    assert hour.world.remains().none(), hour.world.remains()
    assert not hour.observer.waiting
    assert not hour.observer.talks
    assert not hour.observer.offers
    assert all(not phone.calls for phone in hour.world.phones.values())


def test_what_customers_lived_is_what_the_records_say(hour: Hour) -> None:
    """A customer who spoke with somebody has a record with a talk, and the other way round."""
    talked = Counter[str]()
    for entry in hour.world.journal:
        event = entry.event
        if isinstance(event, CallEnded) and event.direction == "inbound" and event.talked_us > 10 * SECOND:
            talked[event.caller] += 1
    served = Counter(customer.caller for customer in hour.customers if customer.served)
    for caller, count in talked.items():
        assert served[caller] >= count, caller


def test_the_same_seed_gives_the_same_bytes_with_either_router(hour: Hour) -> None:
    other = Hour(SEED, prefer_c=False)
    other.play()
    ours = [codec.encode(entry) for entry in hour.world.journal]
    theirs = [codec.encode(entry) for entry in other.world.journal]
    assert ours == theirs


def test_another_seed_is_another_hour() -> None:
    digests = set()
    for seed in (1, 2):
        part = Hour(seed)
        part.world.run(PART_US)
        digests.add(codec.digest(part.world.journal))
    assert len(digests) == 2


def test_python_hashes_change_nothing() -> None:
    """Two processes whose strings hash differently write the same bytes."""
    program = _DIGEST_OF_A_PART.format(seed=SEED, part_us=PART_US)
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("weather", [CALM, Weather(1000, 500, 1_000, 400_000)], ids=["calm", "storm"])
def test_other_weathers(weather: Weather) -> None:
    part = Hour(7, weather=weather)
    part.world.run(2 * PART_US)
    part.observer.balance()


@pytest.mark.skipif(not os.environ.get("SOAK"), reason="ten more hours; run with SOAK=1")
@pytest.mark.parametrize("seed", range(100, 110))
def test_more_hours(seed: int) -> None:
    more = Hour(seed)
    more.play()
    more.observer.balance()
    assert more.world.remains().none(), more.world.remains()
