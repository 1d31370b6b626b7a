"""The two halves of the router, run beside each other on random events, must never differ.

200,000 events by default, ten million with SOAK=1. Every decision is compared, and every so often the whole
state. A failure names its seed; ROUTER_SEED=<seed> pytest tests/twins/test_router_twin.py replays one seed
and compares the state after each event.
"""

import dataclasses
import os
import re
from importlib import import_module
from pathlib import Path

import pytest

from switch.acd import events as ev
from switch.acd import limits, settings
from switch.acd.decisions import Offered
from switch.acd.router import Router
from switch.acd.select import C_LACKS, RouterLike
from switch.acd.settings import Policy
from switch.acd.snapshot_bytes import digest
from tests.acd.halves import half
from tests.acd.world import Surges, World

EVENTS = 10_000_000 if os.environ.get("SOAK") == "1" else 200_000
STATE_EVERY = 1 if "ROUTER_SEED" in os.environ else 40
"""A snapshot in Python costs as much as ten events."""

SEEDS = [int(os.environ["ROUTER_SEED"])] if "ROUTER_SEED" in os.environ else [1, 2, 3, 4, 5]
SHAPES = {1: (1, 1, 5), 2: (3, 2, 20), 3: (8, 4, 60), 4: (12, 3, 30), 5: (5, 12, 40)}
"""Agents, queues and contacts remembered, by seed: from a lone agent to many small queues."""


def compare_views(python: RouterLike, c: RouterLike, world: World, where: str) -> None:
    now = world.now + 7
    assert python.queues(now) == c.queues(now), where
    assert python.agents(now) == c.agents(now), where
    assert python.waiting(now) == c.waiting(now), where
    for contact in world.contacts[-5:]:
        assert python.place(contact, now) == c.place(contact, now), where


@pytest.mark.parametrize("seed", SEEDS)
def test_the_halves_never_differ(seed: int) -> None:
    agents, queues, contacts = SHAPES.get(seed, (8, 4, 60))
    policies = (Policy.RANDOM, Policy.FEWEST_CALLS) if seed == 4 else ()
    world = World(seed, agents=agents, queues=queues, contacts=contacts, policies=policies)
    python, c = Router(seed), half("c")(seed)
    for step in range(EVENTS // len(SEEDS)):
        event, now = world.next()
        decisions = python.apply(event, now)
        assert decisions == c.apply(event, now), f"ROUTER_SEED={seed}, step {step}, now {now}: {event}"
        world.learn(decisions)
        if step % STATE_EVERY == 0:
            where = f"ROUTER_SEED={seed}, step {step}, now {now}"
            snapshot = python.snapshot()
            assert snapshot == c.snapshot(), where
            assert digest(snapshot) == c.digest(), where
            if step % (5 * STATE_EVERY) == 0:
                compare_views(python, c, world, where)
                # Each goes on from what the other wrote.
                python, c = Router.restore(c.snapshot()), half("c").restore(snapshot)


@pytest.mark.parametrize("seed", range(8))
def test_the_halves_match_surges_alike(seed: int) -> None:
    """Many free at once beside a crowd: whole batches, larger and more often than among all events."""
    world = Surges(seed, agents=3 + 4 * seed, queues=1 + seed % 4, contacts=20 + 20 * seed)
    tenant = settings.TenantSettings(order=list(settings.Order)[seed % 6], assign=settings.Assign.BATCH)
    world.setup.append(ev.SetTenant(tenant))
    python, c = Router(seed), half("c")(seed)
    batches = 0
    for step in range(1000):
        event, now = world.next()
        decisions = python.apply(event, now)
        assert decisions == c.apply(event, now), f"seed {seed}, step {step}, now {now}: {event}"
        world.learn(decisions)
        batches += any(isinstance(d, Offered) and d.choice.batch > 1 for d in decisions)
    assert python.snapshot() == c.snapshot()
    assert batches > 3


def test_the_bounds_are_the_same_numbers() -> None:
    """limits.h against limits.py, as the C compiler would read it."""
    header = (Path(limits.__file__).parent / "limits.h").read_text()
    found = {
        line.split(maxsplit=2)[1]: eval(line.split(maxsplit=2)[2].replace("LL", ""))
        for line in header.splitlines()
        if line.startswith("#define") and len(line.split(maxsplit=2)) == 3
    }
    assert found.pop("LEVEL_MAX") == settings.LEVEL_MAX
    assert found == {name: getattr(limits, name) for name in dir(limits) if name.isupper()}


def test_the_shapes_are_those_of_the_dataclasses() -> None:
    """shapes.h names each class and its fields in order, as far as C knows them.

    Where C knows only the first of them, `select.words_of` says which words of events the rest are.
    """
    text = (Path(limits.__file__).parent / "shapes.h").read_text()
    rooms = {name: f"switch.acd.{name.lower()}" for name in ("SETTINGS", "EVENTS", "DECISIONS")}
    entries = re.findall(r"\{(SETTINGS|EVENTS|DECISIONS), \"(\w+)\",\s*\{([^}]*)\}", text)
    assert len(entries) == 24 + 21
    for room, name, fields in entries:
        given = re.findall(r"\"(\w+)\"", fields)
        fields_there = [f.name for f in dataclasses.fields(getattr(import_module(rooms[room]), name))]
        assert given == (fields_there[: len(given)] if room == "SETTINGS" and C_LACKS else fields_there), name
