"""Whatever befalls a call, at every message of it: both sides end up right, and nothing is left behind.

`SOAK=1` adds pairs: a second blow at every later message.
"""

import os
from collections.abc import Callable, Iterable
from functools import cache

import pytest

from switch.journal.events import CallEnded, Transferred
from switch.sim.network import Fate
from switch.sim.world import Interception
from tests.sim import injections
from tests.sim.injections import BLOWS, Blow, Once, struck
from tests.sim.story import Story

PAIRED = (
    injections.caller_hangs_up,
    injections.agent_hangs_up,
    injections.agent_answers_at_once,
    injections.agents_phone_vanishes,
    injections.ring_time_is_over,
    injections.customer_transfers,
)
STEP_OF_PAIRS = 3

WHILE_LOST = (
    injections.caller_hangs_up,
    injections.agent_declines,
    injections.agent_hangs_up,
    injections.agent_answers_at_once,
    injections.target_hangs_up,
    injections.agents_phone_restarts,
    injections.ring_time_is_over,
    injections.administrator_hangs_up,
    injections.customer_transfers,
)


@cache
def length() -> int:
    """How many messages the undisturbed story has until the customer has hung up."""
    story = Story(Interception())
    story.world.run(45_000_000)
    return story.world.arrivals


Strike = tuple[str, Callable[[], Story]]


def told(name: str, *parts: Once) -> Strike:
    """A story and its name."""
    return name, lambda: struck(*parts)


def tell_all(strikes: Iterable[Strike]) -> None:
    """Tell every story; say of each that goes wrong how to tell it again."""
    wrong = []
    for name, tell in strikes:
        try:
            tell().check()
        except (AssertionError, KeyError) as error:
            wrong.append(f"{name}: {type(error).__name__} {str(error).partition(chr(10))[0]}")
    assert not wrong, f"{len(wrong)} stories went wrong:\n" + "\n".join(wrong[:40])


def test_the_undisturbed_story_has_all_its_parts() -> None:
    story = Story(Interception()).tell()
    kinds = [entry.event.KIND for entry in story.world.journal]
    assert story.signed_in_by_phone()
    assert kinds.count("bridged") == 2
    assert kinds.count("leg-held") == 2
    assert kinds.count("transferred") == 1
    assert {name: worker.shown for name, worker in story.observer.workers.items()} == {
        "anna": "available",
        "ben": "available",
    }
    story.check()
    assert length() == 51


@pytest.mark.parametrize("blow", BLOWS, ids=lambda blow: blow.__name__)
def test_a_blow_before_and_after_every_message(blow: Blow) -> None:
    tell_all(
        told(f"{blow.__name__} {'after' if late else 'before'} {index}", Once(index, blow=blow, late=late))
        for index in range(length())
        for late in (False, True)
    )


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.REPEATED])
def test_every_message_lost_or_repeated_once(fate: Fate) -> None:
    """One message more or less is nobody's end: the call is passed on and hung up all the same."""
    for index in range(length()):
        story = struck(Once(index, fate=fate))
        events = [entry.event for entry in story.world.journal]
        assert [e.outcome for e in events if isinstance(e, Transferred)] == ["done"], (fate, index)
        assert [e.cause for e in events if isinstance(e, CallEnded)] == ["normal", "normal"], (fate, index)
        story.check()


@pytest.mark.parametrize("blow", WHILE_LOST, ids=lambda blow: blow.__name__)
def test_every_message_lost_while_something_befalls(blow: Blow) -> None:
    tell_all(
        told(f"{blow.__name__} before {index}, which is lost", Once(index, blow=blow, fate=Fate.LOST))
        for index in range(20, length())
    )


@pytest.mark.skipif(not os.environ.get("SOAK"), reason="thousands of pairs; run with SOAK=1")
@pytest.mark.parametrize("second", PAIRED, ids=lambda blow: blow.__name__)
@pytest.mark.parametrize("first", BLOWS, ids=lambda blow: blow.__name__)
def test_pairs(first: Blow, second: Blow) -> None:
    tell_all(
        told(
            f"{first.__name__} at {one}, {second.__name__} at {two}",
            Once(one, blow=first, late=True),
            Once(two, blow=second, late=True),
        )
        for one in range(12, length(), STEP_OF_PAIRS)
        for two in range(one + 1, length() + 6, STEP_OF_PAIRS)
    )
