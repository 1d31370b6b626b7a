"""Trails of routers in both kinds of database: kept with the journal, read by anybody, pruned."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from switch.acd import trail as trail_module
from switch.acd.repeat import Repeat
from switch.acd.router import Router
from switch.acd.trail import Piece, PieceKind, Trail, TrailError
from switch.base.errors import ResourceError
from switch.journal.entry import Journal
from switch.journal.events import NodeStopped
from switch.store import trails as trails_module
from switch.store.rows import rows_of
from switch.store.store import Store
from switch.store.writer import JournalWriter
from tests.acd.world import World

HOUR_US = 3_600_000_000


@pytest.fixture
def store(target: str) -> Iterator[Store]:
    opened = Store.open(target)
    yield opened
    opened.close()


def lived(store: Store, tenant: str, run: int, events: int, *, wall_us: int = 0, every: int = 10) -> Router:
    """A router of so many random events, each window in a transaction with an entry of the journal."""
    world, router = World(run), Router(run)
    trail, journal = Trail(tenant, run, router), Journal(store.last_sequence())
    for number in range(1, events + 1):
        event, now = world.next()
        trail.note(event, now)
        world.learn(router.apply(event, now))
        if number % every == 0 or number == events:
            journal.write(NodeStopped("so that there is something"), now)
            taken = trail.take(router, now, wall_us + number, journal.last_sequence)
            store.write(rows_of(journal.drain(), taken))
    return router


def repeated(store: Store, snapshot: Piece | None) -> Repeat:
    assert snapshot is not None
    again = Repeat()
    for _ in again.steps(store.trails.onward(snapshot)):
        pass
    return again


def test_a_run_comes_back_from_the_database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_module, "SNAPSHOT_EVERY", 300)
    monkeypatch.setattr(trails_module, "PAGE", 7)
    first = lived(store, "maple", 1, 1_000)
    other = lived(store, "oak", 2, 100)
    second = lived(store, "maple", 400, 50, wall_us=HOUR_US)
    trails = store.trails
    assert [(run.tenant, run.run, run.first, run.last) for run in trails.runs()] == [
        ("maple", 1, 0, 1_000),
        ("maple", 400, 0, 50),
        ("oak", 2, 0, 100),
    ]
    assert [run.run for run in trails.runs("oak")] == [2]
    assert trails.latest() == {"maple": 400, "oak": 2}
    for tenant, run, router in (("maple", 1, first), ("oak", 2, other), ("maple", 400, second)):
        again = repeated(store, trails.first_snapshot(tenant, run))
        assert again.router.snapshot() == router.snapshot()
        assert not again.unequal
    nearest = trails.snapshot("maple", 1, until_event=700)
    assert nearest is not None
    assert 0 < nearest.first <= 700
    assert repeated(store, nearest).router.digest() == first.digest()
    assert trails.snapshot("maple", 1, until_wall_us=0) is None
    assert trails.run_at("maple", 399) == 1
    assert trails.run_at("maple", 400) == 400
    assert trails.run_at("oak", 1) is None


def test_old_trails_are_pruned_and_the_rest_is_repeated(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "SNAPSHOT_EVERY", 300)
    monkeypatch.setattr(trails_module, "PRUNED_AT_ONCE", 11)
    lived(store, "maple", 1, 100)
    router = lived(store, "maple", 50, 1_000, wall_us=HOUR_US)
    idle = lived(store, "oak", 60, 100)
    entries = store.last_sequence()
    pruned = store.trails.prune(HOUR_US + 700)
    assert pruned > 60
    begins = store.trails.first_snapshot("maple", 50)
    assert begins is not None
    assert 300 <= begins.first <= 700, "the younger begins at the snapshot before"
    assert repeated(store, begins).router.digest() == router.digest()
    assert [run.run for run in store.trails.runs("maple")] == [50], "a run that is over goes whole"
    ends = repeated(store, store.trails.snapshot("oak", 60))
    assert ends.router.digest() == idle.digest(), "a restart begins with it"
    assert store.last_sequence() == entries, "the journal stays"
    assert store.trails.prune(HOUR_US + 700) == 0


def test_a_commit_that_is_made_twice_is_made_once(store: Store) -> None:
    router = Router()
    pieces = Trail("maple", 1, router).take(router, 0, 0, 0)
    store.write(rows_of([], pieces))
    store.write(rows_of([], pieces))
    assert len(list(store.trails.onward(pieces[0]))) == 1


def test_the_writer_takes_pieces_alone_and_with_entries(store: Store) -> None:
    writer, journal, router = JournalWriter(store), Journal(), Router()
    writer.start()
    trail = Trail("maple", 1, router)
    assert writer.append([], trail.take(router, 0, 0, 0))
    assert writer.flush(5)
    assert store.trails.first_snapshot("maple", 1) is not None
    journal.write(NodeStopped("x"), 1)
    world = World(1)
    event, now = world.next()
    trail.note(event, now)
    router.apply(event, now)
    assert writer.append(journal.drain(), trail.take(router, now, 1, 1))
    assert writer.flush(5)
    assert writer.durable_sequence == 1
    assert store.trails.runs()[0].last == 1
    assert writer.stop()


def test_a_full_writer_refuses_pieces_too(store: Store) -> None:
    writer, router = JournalWriter(store, entries_max=1), Router()
    pieces = Trail("maple", 1, router).take(router, 0, 0, 0)
    assert writer.append([], pieces)
    assert not writer.append([], pieces)
    writer.start()
    assert writer.stop()


def test_whoever_reads_disturbs_nobody(target: str) -> None:
    with pytest.raises(ResourceError):
        Store.open_to_read(target + "-of-nobody")
    store = Store.open(target)
    router = lived(store, "maple", 1, 100)
    reader = Store.open_to_read(target)
    assert repeated(reader, reader.trails.snapshot("maple", 1)).router.digest() == router.digest()
    with pytest.raises(ResourceError):
        reader.append([Journal().write(NodeStopped("x"), 0)])
    reader.close()
    store.close()


def test_a_copy_on_a_read_only_disk_is_read(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "switch.db")
    router = lived(store, "maple", 1, 100)
    store.close()
    copy = tmp_path / "copy"
    copy.mkdir()
    (tmp_path / "switch.db").rename(copy / "switch.db")
    copy.chmod(0o500)
    reader = Store.open_to_read(copy / "switch.db")
    assert repeated(reader, reader.trails.snapshot("maple", 1)).router.digest() == router.digest()
    reader.close()
    copy.chmod(0o700)


def test_damage_is_said_with_the_event(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "switch.db")
    lived(store, "maple", 1, 100)
    store.close()
    with sqlite3.connect(tmp_path / "switch.db") as file:
        file.execute("UPDATE router_trail SET body = zeroblob(40) WHERE kind = 'snapshot'")
    reader = Store.open_to_read(tmp_path / "switch.db")
    with pytest.raises(TrailError, match="snapshot of router maple after event 0 cannot be read"):
        reader.trails.snapshot("maple", 1)
    reader.close()


def test_kinds_sort_as_readers_need_it() -> None:
    """A snapshot stands behind the one event that led to it and has its number."""
    assert PieceKind.EVENTS.value < PieceKind.SNAPSHOT.value
