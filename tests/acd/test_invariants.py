"""Random centres under the watch of invariants that share no code with the router, both halves."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.acd import events as ev
from switch.acd.select import RouterClass
from tests.acd.halves import HALVES, half
from tests.acd.invariants import Watch
from tests.acd.world import WORDS, World


def run(router_class: RouterClass, world: World, steps: int) -> None:
    router, watch = router_class(world.now), Watch()
    for _ in range(steps):
        event, now = world.next()
        decisions = router.apply(event, now)
        world.learn(decisions)
        watch.check(router, event, now, decisions)
    # Empty the house: everybody leaves, every agent goes home, and nothing is left behind.
    for contact in list(world.contacts):
        watch.check(router, ev.Abandon(contact), world.now, router.apply(ev.Abandon(contact), world.now))
    for agent in world.agent_names:
        watch.check(router, ev.SignOut(agent), world.now, router.apply(ev.SignOut(agent), world.now))
    assert not watch.contacts
    assert not watch.offers
    assert router.waiting(world.now) == []
    assert all(view.talking == view.offered == view.waiting == 0 for view in router.queues(world.now))


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("seed", range(6))
def test_invariants_hold_at_every_step(name: str, seed: int) -> None:
    run(half(name), World(seed, agents=2 + 3 * seed, queues=1 + seed, contacts=10 + 8 * seed), 700)


@pytest.mark.parametrize("seed", range(10))
def test_invariants_hold_with_every_word_of_the_second_design(seed: int) -> None:
    """Only the specification knows all of them."""
    world = World(seed, agents=1 + 2 * seed, queues=1 + seed % 5, contacts=10 + 6 * seed, words=WORDS)
    run(half("python"), world, 500)


@pytest.mark.parametrize("name", HALVES)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    agents=st.integers(0, 5),
    queues=st.integers(1, 4),
    contacts=st.integers(1, 12),
)
def test_invariants_hold_in_any_centre(name: str, seed: int, agents: int, queues: int, contacts: int) -> None:
    """Hypothesis shrinks towards the smallest centre and seed that break."""
    run(half(name), World(seed, agents=agents, queues=queues, contacts=contacts), 150)
