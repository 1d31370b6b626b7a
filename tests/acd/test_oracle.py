"""Small centres, each decision compared with one found by brute force."""

import ast
import os
from pathlib import Path

import pytest

from switch.acd import events as ev
from switch.acd.decisions import Offered
from switch.acd.select import RouterLike
from switch.acd.settings import Assign, Order, Policy, TenantSettings
from tests.acd.halves import HALVES, half
from tests.acd.oracle import Oracle
from tests.acd.world import KNOWN, WORDS, Surges, World

HERE = Path(__file__).parent
VALUES = {"switch.acd.events", "switch.acd.decisions", "switch.acd.settings"}
"""What oracle and books may know of the router's room."""

SIZES = [(1, 1), (2, 1), (3, 2), (6, 4)]
STEPS = 5000 if os.environ.get("SOAK") else 400


def run(world: World, router: RouterLike, oracle: Oracle) -> int:
    """The same events for both; they must decide the same. Gives the number of events that made a batch."""
    batches = 0
    for _ in range(STEPS):
        event, now = world.next()
        decisions = router.apply(event, now)
        world.learn(decisions)
        oracle.follow(event, now, decisions)
        batches += any(isinstance(d, Offered) and d.choice.batch > 1 for d in decisions)
    return batches


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_router_agrees_with_brute_force(name: str, size: tuple[int, int], seed: int) -> None:
    """Everything that this half knows, drawn together."""
    agents, queues = size
    world = World(seed, agents=agents, queues=queues, contacts=12, words=WORDS if name == "python" else KNOWN)
    run(world, half(name)(seed), Oracle(seed))


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("seed", range(9))
def test_batches_by_brute_force(name: str, seed: int) -> None:
    """Agents who come back together while several wait: of all ways to match them the one that was found."""
    world = Surges(seed, agents=3 + seed % 3, queues=2, contacts=14)
    world.setup.append(ev.SetTenant(TenantSettings(order=list(Order)[seed % 6], assign=Assign.BATCH)))
    batches = run(world, half(name)(seed), Oracle(seed))
    assert batches > 2


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("policy", list(Policy))
def test_each_policy_by_brute_force(name: str, policy: Policy) -> None:
    """In a centre of all kinds of events, and where several are free at once for most that are offered."""
    run(World(77, agents=5, queues=2, contacts=10, policies=(policy,)), half(name)(77), Oracle(77))
    world = Surges(77, agents=5, queues=2, contacts=10, policies=(policy,), words=KNOWN - {"batch"})
    run(world, half(name)(77), Oracle(77))


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("seed", range(3))
def test_each_order_by_brute_force(name: str, order: Order, seed: int) -> None:
    """Crowds in four queues wait for few agents who come back together: each order has much to say."""
    world = Surges(seed, agents=3, queues=4, contacts=16, orders=(order,), words=KNOWN - {"batch"})
    world.setup.append(ev.SetTenant(TenantSettings(order=order)))
    run(world, half(name)(seed), Oracle(seed))


def modules(tree: ast.Module) -> set[str]:
    """What is imported of the project's own."""
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    for node in ast.walk(tree):
        found |= {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
    return {module for module in found if module.startswith(("switch", "tests"))} - {"switch.acd"}


def test_the_oracle_is_short_and_shares_nothing_but_values() -> None:
    text = (HERE / "oracle.py").read_text()
    assert modules(ast.parse(text)) <= VALUES | {"switch.base.rng", "tests.acd.books"}
    assert len(text.splitlines()) <= 200


def test_the_books_share_nothing_but_values_and_prefer_nobody() -> None:
    """Nothing is sorted by anything, and of an offer no score is read: that is the oracle's."""
    tree = ast.parse((HERE / "books.py").read_text())
    assert modules(tree) <= VALUES
    by = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "key"]
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not by
    assert read.isdisjoint({"choice", "best", "score", "candidates", "sort"})
