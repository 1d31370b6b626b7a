"""Whole dialogs at random: nothing raises, nothing grows, and nothing is left when everybody has gone.

`SOFTSWITCH_FUZZ_EXAMPLES` makes the runs more (a twentieth of it), `SOFTSWITCH_FUZZ_SEED` begins elsewhere. A
failure names the seed and steps that replay it, and the least of them that still fail:
    python -m tests.fuzz.chaos 4711 150
"""

import os
from collections import Counter

import pytest

from switch.call.events import LegGone
from switch.exchange.hearing import HEAR
from switch.journal import events
from tests.fuzz.chaos.run import Run, failure_of, numbers_of, shorter, told

RUNS = max(80, int(os.environ.get("SOFTSWITCH_FUZZ_EXAMPLES", "0")) // 20)
SEED = int(os.environ.get("SOFTSWITCH_FUZZ_SEED", "1"))
STEPS = 150


def test_any_message_in_any_state_ends_with_nothing_left() -> None:
    """Some hundred messages a run, right and wrong, in any order, then silence or farewells."""
    for seed in range(SEED, SEED + RUNS):
        numbers = numbers_of(seed, STEPS)
        failure = failure_of(numbers)
        if failure:
            pytest.fail(f"python -m tests.fuzz.chaos {seed} {STEPS}\n{told(numbers)}")


def test_the_runs_reach_talks_transfers_and_subscriptions() -> None:
    """A fuzzer that is refused everywhere shows nothing."""
    seen: Counter[str] = Counter()
    for seed in range(40):
        run = Run(numbers_of(seed, STEPS))
        run.play()
        seen.update(run.events)
        for (direction, method, status), count in run.exchange.office.signalling.layer.messages.items():
            seen[f"{direction} {method} {status}"] += count
    for kind in (
        events.Bridged,
        events.Transferred,
        events.OfferMade,
        events.LegHeld,
        events.MessageReceived,
    ):
        assert seen[kind.KIND], kind
    for what in (
        "out NOTIFY 0",
        "out PRACK 0",
        "out UPDATE 200",
        "out REFER 202",
        "out SUBSCRIBE 200",
        "in INVITE 302",
    ):
        assert seen[what], what


def test_a_failure_is_made_short() -> None:
    """Of many steps those stay without which it does not fail."""
    found = shorter(list(range(200)), lambda numbers: {17, 113} <= set(numbers))
    assert found == [0, 17, 113]


def test_a_run_is_its_numbers() -> None:
    first, second = Run(numbers_of(5, STEPS)), Run(numbers_of(5, STEPS))
    first.play()
    second.play()
    assert first.trace == second.trace


def test_what_is_left_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge itself: legs that nobody forgets."""
    monkeypatch.setitem(HEAR, LegGone, lambda *_: None)
    assert any("left when everybody has gone" in failure_of(numbers_of(seed, STEPS)) for seed in range(10))
