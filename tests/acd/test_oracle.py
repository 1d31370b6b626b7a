"""Small centres, each decision compared with one found by brute force."""

import os

import pytest

from switch.acd.decisions import (
    ClaimRefused,
    Connected,
    Decision,
    Offered,
    OfferEnded,
    RefusalReason,
    Refused,
    VisitEnded,
    Widened,
)
from switch.acd.router import Router
from switch.acd.select import RouterLike
from switch.acd.settings import Order, Policy
from tests.acd.halves import HALVES, half
from tests.acd.oracle import Oracle
from tests.acd.world import KNOWN, WORDS, Surges, World

SIZES = [(1, 1), (2, 1), (3, 2), (6, 4)]
STEPS = 5000 if os.environ.get("SOAK") else 400


def facts_of(decisions: list[Decision]) -> set[tuple[str, ...]]:
    facts: set[tuple[str, ...]] = set()
    for d in decisions:
        match d:
            case OfferEnded():
                facts.add(("offer-ended", d.contact, d.agent, d.outcome.value))
            case VisitEnded():
                facts.add(("visit-ended", d.contact, d.outcome.value))
            case Connected():
                facts.add(("connected", d.contact, d.agent))
            case ClaimRefused():
                facts.add(("claim-refused", str(d.offer)))
            case Refused() if d.reason is not RefusalReason.QUEUE_REMOVED:
                facts.add(("refused", d.contact, d.reason.value))
            case Widened():
                facts.add(("widened", d.contact, str(d.step)))
            case _:
                pass
    return facts


def run(world: World, router: RouterLike, oracle: Oracle, name: str) -> None:
    """The same events for both; they must decide the same."""
    for step in range(STEPS):
        event, now = world.next()
        decisions = router.apply(event, now)
        world.learn(decisions)
        made, facts = oracle.apply(event, now)
        where = f"{name}, step {step}: {event}"
        told = [
            (d.contact, d.agent, d.choice.candidates, d.choice.best[0].score)
            for d in decisions
            if isinstance(d, Offered)
        ]
        assert told == made, where
        assert facts_of(decisions) == facts, where
        if oracle.due() is not None:
            assert world.wake == oracle.due(), where


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_router_agrees_with_brute_force(name: str, size: tuple[int, int], seed: int) -> None:
    """Everything that this half knows, drawn together."""
    agents, queues = size
    world = World(seed, agents=agents, queues=queues, contacts=12, words=WORDS if name == "python" else KNOWN)
    run(world, half(name)(seed), Oracle(seed), f"seed {seed}, size {size}")


@pytest.mark.parametrize("seed", range(4))
def test_batches_by_brute_force(seed: int) -> None:
    """Agents who come back together while several wait."""
    world = Surges(seed, agents=4, queues=2, contacts=6, words=WORDS)
    router, oracle = Router(seed), Oracle(seed)
    run(world, router, oracle, f"batch {seed}")


@pytest.mark.parametrize("policy", list(Policy))
def test_each_policy_by_brute_force(policy: Policy) -> None:
    world = World(77, agents=5, queues=2, contacts=10, policies=(policy,), words=WORDS)
    run(world, Router(77), Oracle(77), policy.value)


@pytest.mark.parametrize("order", list(Order))
def test_each_order_by_brute_force(order: Order) -> None:
    world = World(78, agents=3, queues=4, contacts=12, orders=(order,), words=WORDS)
    run(world, Router(78), Oracle(78), order.value)
