"""A day whose switch dies in the middle: the next one goes on from its store, and both are repeated."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from switch.acd.repeat import Repeat
from switch.base.clock import MINUTE, SECOND
from switch.node import recovery
from switch.node.compose import build
from switch.node.repetition import chosen, repeat_run
from switch.sim.world import World, _accounts, _trunks
from switch.store.rows import rows_of
from switch.store.store import Store
from tests.sim.hour import Hour
from tests.sim.recorded import Recorder

SEED = 20_261_123


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """The store of a switch that was there a moment ago, with its world as it was."""
    path = tmp_path_factory.mktemp("died") / "switch.db"
    store = Store.open(path)
    hour = Hour(SEED)
    recorder = Recorder(hour.world, store)
    hour.world.run(5 * MINUTE)
    router = hour.world.exchange.office.parts.tenancies["big"].router
    while len(router.waiting(0)) < 2:
        hour.world.run(SECOND)
    recorder.finish()
    store.close()
    return path, hour.world


@pytest.fixture
def died(day: tuple[Path, World], tmp_path: Path) -> Iterator[tuple[Store, World]]:
    """The next switch's store, a copy for each test."""
    path, world = day
    copy = tmp_path / "switch.db"
    copy.write_bytes(path.read_bytes())
    store = Store.open(copy)
    yield store, world
    store.close()


def test_people_and_turns_are_as_they_were(died: tuple[Store, World]) -> None:
    store, world = died
    before = world.exchange.office.parts.tenancies["big"].router
    waiting = len(before.waiting(0))
    resumed = recovery.resume_routers(store, world.setting.centre.tenants)
    materials, later = world.materials, world.now + 20 * SECOND
    centre = world.setting.centre
    exchange = build(centre, _accounts(centre), _trunks(centre), materials, later, resumed)
    tenancy = exchange.office.parts.tenancies["big"]
    was = {view.name: view for view in before.agents(world.now)}
    assert waiting > 0, "somebody waited as it died"
    assert not tenancy.router.waiting(later)
    signed_in = 0
    for view in tenancy.router.agents(later):
        old = was[view.name]
        assert view.answered == old.answered
        paused = old.reason if str(old.state) == "paused" else old.pause_pending
        assert paused == (view.reason if str(view.state) == "paused" else view.pause_pending)
        signed_in += str(view.state) != "logged-out"
    assert signed_in == sum(str(view.state) != "logged-out" for view in was.values()) > 20
    for queue in tenancy.router.queues(later):
        assert queue.entered == queue.answered + queue.abandoned + queue.withdrawn > 0
    assert tenancy.auditor.breaches.total() == 0
    tenancy.auditor.inspect(tenancy.router, later)
    assert tenancy.auditor.breaches.total() == 0, "the books balance over the restart"


def test_what_follows_a_restart_is_repeated_too(died: tuple[Store, World]) -> None:
    """The second run begins with the state of the first, which its trail holds whole."""
    store, world = died
    centre, later = world.setting.centre, world.now + 20 * SECOND
    resumed = recovery.resume_routers(store, centre.tenants)
    exchange = build(centre, _accounts(centre), _trunks(centre), world.materials, later, resumed)
    entries = world.materials.journal.drain()
    store.write(rows_of(entries, exchange.office.take_trails(later)))
    runs = chosen(store)
    assert [run.tenant for run in runs] == ["big", "big"]
    again = [repeat_run(store, run) for run in runs]
    assert all(run.equal for run in again)
    assert again[1].events > 40
    third = recovery.resume_routers(store, centre.tenants)["big"]
    last = Repeat()
    snapshot = store.trails.snapshot("big", runs[1].run)
    assert snapshot is not None
    for _ in last.steps(store.trails.onward(snapshot)):
        pass
    assert third.state == recovery.resume(last.router.snapshot(), recovery.CUT_OFF).state


def test_a_trail_that_cannot_be_read_is_no_reason_not_to_start(
    died: tuple[Store, World], capsys: pytest.CaptureFixture[str]
) -> None:
    store, world = died
    with sqlite3.connect(store.name) as file:
        file.execute("UPDATE router_trail SET body = zeroblob(50) WHERE first > 100")
    assert recovery.resume_routers(store, world.setting.centre.tenants) == {}
    assert recovery.resume_routers(store, []) == {}
    assert "a router begins anew" in capsys.readouterr().out
