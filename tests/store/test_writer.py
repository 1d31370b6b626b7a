"""Group commit: what is durable when, and what happens while the database refuses."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from switch.base.errors import ResourceError
from switch.journal.entry import Entry, Journal
from switch.journal.events import FlowStep
from switch.store import target as target_module
from switch.store.rows import Rows
from switch.store.store import Store
from switch.store.writer import GROUP_ENTRIES_MAX, WINDOW_S, JournalWriter
from tests.conftest import Server
from tests.journal.sample import queued_call
from tests.store.conftest import fill

PATIENCE_S = 30.0
"""How long a test waits for what must come; a loaded machine is slow, never wrong."""


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.002)


class Watch:
    """Remembers what a writer said."""

    def __init__(self) -> None:
        self.health: list[tuple[bool, str]] = []
        self.durable: list[int] = []

    def on_health(self, healthy: bool, line: str) -> None:
        self.health.append((healthy, line))

    def on_durable(self, sequence: int) -> None:
        self.durable.append(sequence)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_module, "BUSY_TIMEOUT_S", 0.1)


@pytest.fixture
def store(target: str) -> Iterator[Store]:
    opened = Store.open(target)
    yield opened
    opened.close()


def _one(journal: Journal) -> list[Entry]:
    return [journal.write(FlowStep("main", "greet", ""), 0, tenant="acme", call="c-1")]


def test_entries_are_durable_without_being_asked_for(store: Store) -> None:
    watch = Watch()
    writer = JournalWriter(store, on_health=watch.on_health, on_durable=watch.on_durable)
    writer.start()
    entries = queued_call()
    assert writer.append(entries)
    until(lambda: writer.durable_sequence == 17)
    until(lambda: watch.durable == [17])
    assert writer.backlog == writer.waiting_us == 0
    assert store.entries_since(0) == entries
    assert writer.stop()
    assert watch.health == []


def test_a_group_is_one_transaction(store: Store) -> None:
    watch = Watch()
    writer = JournalWriter(store, on_durable=watch.on_durable, window_s=PATIENCE_S)
    writer.start()
    journal = Journal()
    for _ in range(50):
        writer.append(_one(journal))
    assert writer.flush(PATIENCE_S)
    until(lambda: bool(watch.durable))
    assert watch.durable == [50]
    assert writer.stop()


def test_nothing_is_durable_before_its_commit(store: Store) -> None:
    writer = JournalWriter(store, window_s=PATIENCE_S)
    writer.start()
    writer.append(queued_call())
    time.sleep(2 * WINDOW_S)
    assert writer.durable_sequence == 0
    assert writer.backlog == 17
    assert writer.waiting_us >= 2 * WINDOW_S * 1_000_000
    assert store.last_sequence() == 0
    assert writer.flush(PATIENCE_S)
    assert store.last_sequence() == writer.durable_sequence == 17
    assert writer.stop()


def test_flush_of_nothing_is_at_once(store: Store) -> None:
    writer = JournalWriter(store)
    writer.start()
    assert writer.append([])
    assert writer.flush(0)
    assert writer.stop()


def test_stop_stores_the_rest_in_bounded_groups(store: Store) -> None:
    watch = Watch()
    writer = JournalWriter(store, on_durable=watch.on_durable, window_s=PATIENCE_S)
    journal = Journal()
    while journal.last_sequence < 2 * GROUP_ENTRIES_MAX:
        writer.append(queued_call(journal, call=f"c-{journal.last_sequence}"))
    writer.start()
    assert writer.stop()
    assert store.last_sequence() == journal.last_sequence
    assert len(watch.durable) == 3
    assert len(store.calls(10_000)) == journal.last_sequence // 17


def test_the_bound_refuses_whole_batches_and_counts_them(store: Store) -> None:
    writer = JournalWriter(store, entries_max=40, shed_entries=30, window_s=PATIENCE_S)
    journal = Journal()
    assert writer.append(queued_call(journal, call="c-1"))
    assert not writer.sheds
    assert writer.append(queued_call(journal, call="c-2"))
    assert writer.sheds
    assert not writer.append(queued_call(journal, call="c-3"))
    assert (writer.backlog, writer.refused) == (34, 17)
    writer.start()
    assert writer.flush(PATIENCE_S)
    assert not writer.sheds
    # The gap in the sequence says what is missing.
    assert writer.append(queued_call(journal, call="c-4"))
    assert writer.stop()
    assert [entry.sequence for entry in store.entries_since(0)] == [*range(1, 35), *range(52, 69)]


def test_it_goes_on_after_what_the_store_has(target: str) -> None:
    journal = Journal()
    for call in ("c-1", "c-2"):
        store = Store.open(target)
        writer = JournalWriter(store)
        assert writer.durable_sequence == journal.last_sequence == store.last_sequence()
        writer.start()
        writer.append(queued_call(journal, call=call))
        assert writer.stop()
        store.close()


def test_a_locked_database_is_said_once_and_waited_for(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "x.sqlite")
    watch = Watch()
    writer = JournalWriter(store, on_health=watch.on_health, retry_s=0.01)
    writer.start()
    other = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    journal = Journal()
    first = queued_call(journal, call="c-1")
    writer.append(first)
    until(lambda: not writer.healthy)
    line = f"store {tmp_path / 'x.sqlite'}: another program holds the database locked"
    assert writer.trouble == line
    assert not writer.flush(0.01)
    second = queued_call(journal, call="c-2")
    assert writer.append(second)
    time.sleep(0.4)  # three more tries, each refused after 0.1 s
    assert watch.health == [(False, line)]
    other.execute("ROLLBACK")
    other.close()
    assert writer.flush(PATIENCE_S)
    until(lambda: len(watch.health) == 2)
    assert watch.health == [(False, line), (True, f"store {tmp_path / 'x.sqlite'}: takes entries again")]
    assert store.entries_since(0) == first + second
    assert writer.stop()
    store.close()


def test_stop_gives_up_and_says_what_is_lost(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "x.sqlite")
    watch = Watch()
    writer = JournalWriter(store, on_health=watch.on_health)
    writer.start()
    other = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer.append(queued_call())
    assert not writer.stop(timeout_s=0.1)
    other.close()
    assert watch.health[-1] == (
        False,
        f"store {tmp_path / 'x.sqlite'}: 17 journal entries were not stored",
    )
    assert store.last_sequence() == 0
    store.close()


def test_a_full_disk_loses_nothing_once_there_is_room(small_disk: Path) -> None:
    store = Store.open(small_disk / "x.sqlite")
    watch = Watch()
    writer = JournalWriter(store, on_health=watch.on_health, retry_s=0.01)
    writer.start()
    journal = Journal()
    entries = queued_call(journal, call="c-1")
    writer.append(entries)
    assert writer.flush(PATIENCE_S)
    filler = fill(small_disk)
    while writer.healthy:
        more = queued_call(journal, call=f"c-{journal.last_sequence}")
        assert writer.append(more)
        entries += more
        writer.flush(0.05)
    assert watch.health[0] == (False, f"store {small_disk / 'x.sqlite'}: the disk is full")
    # What was durable can be read meanwhile.
    assert store.entries_since(0) == entries[: writer.durable_sequence]
    filler.unlink()
    assert writer.flush(PATIENCE_S)
    assert store.entries_since(0) == entries
    assert watch.health[-1][0]
    assert writer.stop()
    store.close()


def test_a_server_that_drops_the_connection_costs_nothing(postgresql: str, postgresql_server: Server) -> None:
    store = Store.open(postgresql)
    writer = JournalWriter(store, retry_s=0.01)
    writer.start()
    journal = Journal()
    entries: list[Entry] = []
    for number in range(60):
        more = queued_call(journal, call=f"c-{number}")
        writer.append(more)
        entries += more
        if number % 20 == 10:
            postgresql_server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname LIKE 'test%' AND pid <> pg_backend_pid()"
            )
        time.sleep(0.002)
    assert writer.flush(PATIENCE_S)
    assert store.entries_since(0) == entries
    assert len(store.calls()) == 60
    # The lock of the one writer was taken again with the new connection.
    with pytest.raises(Exception, match="in use by another softswitch"):
        Store.open(postgresql)
    assert writer.stop()
    store.close()


class LostAnswer(Store):
    """A store whose connection breaks after a commit was made and before the answer came."""

    answers = 0

    def write(self, rows: Rows) -> None:
        super().write(rows)
        self.answers += 1
        if self.answers == 1:
            raise ResourceError("store: connection lost")


def test_a_commit_whose_answer_was_lost_is_not_made_twice(target: str) -> None:
    store = LostAnswer.open(target)
    writer = JournalWriter(store, retry_s=0.01)
    writer.start()
    journal = Journal()
    entries = queued_call(journal, call="c-1")
    writer.append(entries)
    assert writer.flush(PATIENCE_S)
    more = queued_call(journal, call="c-2")
    writer.append(more)
    assert writer.stop()
    assert store.entries_since(0) == entries + more
    store.close()


class Slow(Store):
    """A store whose commit takes as long as the test wants."""

    def write(self, rows: Rows) -> None:
        self.begun.set()
        assert self.may_end.wait(PATIENCE_S)
        super().write(rows)

    def hold(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()


def test_what_came_during_a_commit_is_not_durable_by_it(tmp_path: Path) -> None:
    store = Slow.open(tmp_path / "switch.db")
    store.hold()
    told: list[tuple[int, int]] = []
    writer = JournalWriter(store, on_durable=lambda last: told.append((last, store.last_sequence())))
    writer.start()
    journal = Journal()
    writer.append(_one(journal))
    assert store.begun.wait(PATIENCE_S)
    writer.append(_one(journal))
    store.may_end.set()
    until(lambda: len(told) == 2)
    assert told == [(1, 1), (2, 2)]
    assert writer.stop()
    store.close()


def test_a_mistake_of_ours_in_the_thread_is_seen(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)

    def explode(_sequence: int) -> None:
        raise AssertionError("boom")

    watch = Watch()
    writer = JournalWriter(store, on_health=watch.on_health, on_durable=explode)
    writer.start()
    writer.append(queued_call())
    until(lambda: not writer.healthy)
    assert "the journal's writer ended: AssertionError('boom')" in writer.trouble
    assert watch.health == [(False, writer.trouble)]
    until(lambda: len(raised) == 1)
    writer.stop()


def test_readers_go_on_while_the_writer_writes(store: Store) -> None:
    writer = JournalWriter(store, window_s=0.001)
    writer.start()
    journal = Journal()
    seen = 0
    for number in range(40):
        writer.append(queued_call(journal, call=f"c-{number}"))
        got = [entry.sequence for entry in store.entries_since(0)]
        assert got == list(range(1, len(got) + 1))
        assert len(got) >= seen
        seen = len(got)
    assert writer.stop()
    assert store.last_sequence() == 40 * 17
