"""What goes in comes out, on SQLite and PostgreSQL alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from switch.acd.decisions import RefusalReason, VisitOutcome
from switch.base.errors import ResourceError
from switch.journal.entry import Journal
from switch.journal.events import (
    AgentChanged,
    CallEnded,
    CallStarted,
    LegMeasured,
    NodeStarted,
    Opaque,
    VisitEnded,
)
from switch.store import schema, statements
from switch.store import store as store_module
from switch.store.store import Store
from switch.store.tables import metadata
from switch.store.target import engine_of, target_of
from switch.store.values import StoredAccount, StoredBinding, StoredSubscription
from tests.journal.sample import WALL, S, ended, queued_call

FLOW = StoredBinding(
    account="acme-101",
    contact="sip:a@h",
    transport="UDP",
    local_host="::1",
    local_port=5060,
    remote_host="::2",
    remote_port=5061,
    expires_wall_us=7,
    q=1000,
    user_agent="x",
    instance="<urn:uuid:1>",
    reg_id=1,
    path="<sip:e;lr>",
    call_id="c",
    cseq=3,
)


@pytest.fixture
def store(target: str) -> Any:
    opened = Store.open(target)
    yield opened
    opened.close()


def _agent(agent: str, state: str, paused: str = "") -> AgentChanged:
    return AgentChanged(agent, state, paused, state != "logged-out", paused)


def test_accounts_are_put_replaced_and_deleted(store: Store) -> None:
    store.put_account(StoredAccount("beta", "101", "a", "b"))
    store.put_account(StoredAccount("acme", "101", "c", "d"))
    store.put_account(StoredAccount("acme", "101", "e", "f"))
    assert store.accounts() == [
        StoredAccount("acme", "101", "e", "f"),
        StoredAccount("beta", "101", "a", "b"),
    ]
    assert store.delete_account("acme", "101")
    assert not store.delete_account("acme", "101")
    assert store.accounts() == [StoredAccount("beta", "101", "a", "b")]


def test_bindings_are_those_last_written(store: Store) -> None:
    first = replace(FLOW, instance="", reg_id=0, path="")
    second = replace(first, account="acme-102", q=500)
    store.replace_bindings([first])
    store.replace_bindings([first, second])
    assert sorted(store.bindings(), key=lambda row: row.account) == [first, second]
    store.replace_bindings([second])
    assert store.bindings() == [second]
    store.replace_bindings([])
    assert store.bindings() == []


def test_bindings_of_some_accounts_are_put_and_those_of_others_stay(store: Store) -> None:
    mine, theirs = FLOW, replace(FLOW, account="acme-102")
    store.replace_bindings([mine, theirs])
    moved = replace(mine, contact="sip:a@elsewhere")
    store.put_bindings(["acme-101", "acme-103"], [moved])
    assert sorted(store.bindings(), key=lambda row: row.account) == [moved, theirs]
    store.put_bindings(["acme-101"], [])
    assert store.bindings() == [theirs]


def test_subscriptions_are_put_replaced_and_forgotten(store: Store) -> None:
    texts = ("shop", "101", "shop-102", "dialog", "dialog", "sip:101@h", "call", "<sip:a@h>;tag=us")
    dialog = ("<sip:b@h>;tag=them", "sip:b@192.0.2.7", "<sip:h>", "<sip:p;lr>, <sip:q;lr>")
    first = StoredSubscription("us", *texts, *dialog, 10_001, 2, "UDP", "::1", 5060, "::2", 5061, 7)
    second, third = replace(first, tag="two"), replace(first, tag="three")
    table = store.subscriptions
    table.put(["us", "two", "three"], [first, second, third])
    later = replace(first, local_cseq=2**31 - 1, expires_wall_us=8)
    table.put(["us", "two", "unknown"], [later])
    assert sorted(table.all(), key=lambda row: row.tag) == [third, later]
    table.keep_only({"us"})
    assert table.all() == [later]
    table.keep_only(set())
    assert table.all() == []


def test_one_contact_may_be_bound_by_several_flows(store: Store) -> None:
    """RFC 5626: one phone, one contact, two flows."""
    both = [FLOW, replace(FLOW, reg_id=2, remote_port=5062)]
    store.replace_bindings(both)
    assert sorted(store.bindings(), key=lambda row: row.reg_id) == both


def test_an_upgrade_keeps_accounts_and_registrations(target: str) -> None:
    """From the schema before SHA-512-256 and flows: hashes that cannot be made are empty."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    engine = engine_of(target_of(target))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.execute(sqlalchemy.text("INSERT INTO account VALUES ('acme', '101', 'm', 's')"))
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO binding VALUES ('acme-101', 'sip:a@h', 'UDP', '::1', 5060, '::2', 5061, 7, 1000,"
                " 'x', '\"<urn:uuid\\:1>\";2', 'c', 3)"
            )
        )
    engine.dispose()
    store = Store.open(target)
    assert store.accounts() == [StoredAccount("acme", "101", "m", "s", "")]
    assert store.bindings() == [replace(FLOW, reg_id=2, path="")]
    store.close()


def test_an_empty_store(store: Store) -> None:
    assert store.last_sequence() == 0
    assert store.accounts() == []
    assert store.entries_since(0) == []
    assert store.open_calls() == []
    assert store.agent_axes() == {}
    assert store.calls() == []


def test_entries_come_back_as_they_were(store: Store) -> None:
    journal = Journal(wall_offset_us=WALL)
    entries = [journal.write(NodeStarted("n1", "0.1.0", "abc"), 0)]
    entries += queued_call(journal, "acme", "c-1")
    entries += queued_call(journal, "beta", "c-2")
    store.append(entries)
    assert store.last_sequence() == 35
    assert store.entries_since(0) == entries
    assert store.entries_since(30) == entries[30:]
    assert store.entries_since(10, 3) == entries[10:13]
    assert store.entries_of_call("c-2") == entries[18:]
    assert store.entries_of_call("") == []
    assert store.entries_between(WALL + 5 * S, WALL + 26 * S) == [
        entry for entry in entries if 5 * S <= entry.at < 26 * S
    ]
    assert store.entries_between(0, WALL * 2, after=34) == entries[34:]


def test_they_are_still_there_after_a_restart(target: str) -> None:
    entries = queued_call()
    for part in (entries[:6], entries[6:]):
        store = Store.open(target)
        store.append(part)
        store.close()
    store = Store.open(target)
    assert store.entries_of_call("c-1") == entries
    store.close()


def test_an_ended_call_has_one_record(store: Store) -> None:
    store.append(queued_call())
    (row,) = store.calls()
    assert (row.call, row.tenant, row.sequence) == ("c-1", "acme", 17)
    assert (row.caller, row.called, row.source) == ("+33123456789", "+33800000000", "carrier")
    assert (row.cause, row.ended_by, row.sip_status) == ("normal", "caller", 200)
    assert (row.started_wall_us, row.answered_wall_us, row.ended_wall_us) == (WALL, WALL + S, WALL + 91 * S)
    assert (row.queue, row.agent, row.waited_us, row.talked_us) == ("support", "bob", 26 * S, 60 * S)


def test_records_are_filtered_and_paged_newest_first(store: Store) -> None:
    journal = Journal(wall_offset_us=WALL)
    for number in range(6):
        store.append(queued_call(journal, "acme" if number % 2 else "beta", f"c-{number}"))
    assert [row.call for row in store.calls(2)] == ["c-5", "c-4"]
    assert [row.call for row in store.calls(2, before=store.calls(2)[-1].sequence)] == ["c-3", "c-2"]
    assert [row.call for row in store.calls(tenant="beta")] == ["c-4", "c-2", "c-0"]
    assert [row.call for row in store.calls(1, "acme", agent="bob", queue="support")] == ["c-5"]
    assert store.calls(agent="anna") == []
    assert len(store.calls(number="+33123456789")) == len(store.calls(number="+33800000000")) == 6
    assert store.calls(number="+3312345678_") == []


def test_visits_between_times(store: Store) -> None:
    journal = Journal(wall_offset_us=WALL)
    store.append(queued_call(journal, "acme", "c-1") + queued_call(journal, "beta", "c-2"))
    visits = store.visits(WALL, WALL + 91 * S)
    assert [(row.tenant, row.queue, row.outcome, row.agent) for row in visits] == [
        ("acme", "support", "ended", "bob"),
        ("beta", "support", "ended", "bob"),
    ]
    assert store.visits(WALL, WALL + 90 * S) == []
    assert store.visits(WALL, WALL + 91 * S, "beta", "support") == visits[1:]
    assert store.visits(WALL, WALL + 91 * S, queue="sales") == []
    assert store.visits(WALL, WALL + 91 * S, after=visits[0].sequence) == visits[1:]


def test_open_calls_are_those_without_an_end(store: Store) -> None:
    journal = Journal(wall_offset_us=WALL)
    whole = queued_call(journal, "acme", "c-1")
    first, second = queued_call(journal, "acme", "c-2"), queued_call(journal, "acme", "c-3")
    store.append(whole + first[:9])
    assert [entry.call for entry in store.open_calls()] == ["c-2"]
    store.append(first[9:] + second[:-1])
    assert store.open_calls() == second[:1]
    assert isinstance(store.open_calls()[0].event, CallStarted)
    store.append(second[-1:])
    assert store.open_calls() == []


def test_the_last_word_on_each_agent(store: Store) -> None:
    journal = Journal()
    changes = [
        ("acme", _agent("anna", "available")),
        ("beta", _agent("anna", "paused", "lunch")),
        ("acme", _agent("anna", "busy")),
        ("acme", _agent("bob", "available")),
    ]
    store.append([journal.write(event, 0, tenant=tenant) for tenant, event in changes])
    last = journal.write(_agent("bob", "logged-out"), 1, tenant="acme")
    store.append([last])
    assert store.agent_axes() == {
        ("acme", "anna"): _agent("anna", "busy"),
        ("beta", "anna"): _agent("anna", "paused", "lunch"),
        ("acme", "bob"): _agent("bob", "logged-out"),
    }


def test_a_transaction_is_whole_or_nothing(store: Store) -> None:
    entries = queued_call()
    store.append(entries[:3])
    with pytest.raises(ResourceError):
        store.append([*entries[3:], entries[2]])
    assert store.entries_since(0) == entries[:3]
    assert store.calls() == []
    store.append(entries[3:])
    assert store.entries_since(0) == entries


def test_more_rows_than_one_statement_takes(store: Store) -> None:
    journal = Journal()
    agents = 2 * statements.ROWS_A_STATEMENT + 1
    entries = [
        journal.write(_agent(f"a{number}", "available"), number, tenant="acme") for number in range(agents)
    ]
    store.append(entries)
    assert store.entries_since(0) == entries
    assert len(store.agent_axes()) == agents


def test_names_from_the_wire_that_no_database_takes(store: Store) -> None:
    rude = CallEnded(
        direction="inbound",
        caller="nul\0 and \udcff",
        called="Zoë",
        source="carrier'; DROP TABLE journal; --",
        **{name: getattr(ended(), name) for name in CallEnded.__slots__[4:]},
    )
    journal = Journal()
    entries = [journal.write(rude, 0, tenant="acme", call="c-1")]
    store.append(entries)
    assert store.entries_since(0) == entries
    (row,) = store.calls()
    assert (row.caller, row.called) == ("nul\\x00 and \\udcff", "Zoë")
    assert row.source == "carrier'; DROP TABLE journal; --"


def test_what_was_said_of_the_end_is_in_the_record(store: Store) -> None:
    """RFC 3326: the Reason header of whoever ended the call."""
    event = replace(ended(), trunk="carrier", gateway="192.0.2.1:5060", told='Q.850;cause=17;text="busy"')
    store.append([Journal().write(event, 0, tenant="acme", call="c-1")])
    (row,) = store.calls()
    assert (row.trunk, row.gateway, row.told) == (event.trunk, event.gateway, event.told)


def test_enumeration_members_are_stored_as_their_words(store: Store) -> None:
    journal = Journal()
    event = VisitEnded("v-1", "support", VisitOutcome.WITHDRAWN, RefusalReason.FULL, "", 5, 0)
    store.append([journal.write(event, 0, tenant="acme", call="c-1")])
    (row,) = store.visits(0, 1)
    assert (row.outcome, row.reason) == ("withdrawn", "full")
    (entry,) = store.entries_since(0)
    assert entry.event == event
    assert type(row.outcome) is str


def test_entries_of_a_newer_version_survive(store: Store) -> None:
    journal = Journal()
    entries = [journal.write(Opaque("callback-promised", 3, '{"number":"+331"}'), 0, tenant="acme", call="c")]
    store.append(entries)
    assert store.entries_since(0) == entries


def test_a_second_switch_is_refused_until_the_first_is_gone(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "LOCK_WAIT_S", 0.1)
    first = Store.open(target)
    with pytest.raises(ResourceError, match="in use by another softswitch") as refused:
        Store.open(target)
    assert "\n" not in str(refused.value)
    first.append(queued_call())
    first.close()
    second = Store.open(target)
    assert second.last_sequence() == 17
    second.close()


def test_the_migrations_make_the_tables_that_the_code_uses(target: str) -> None:
    Store.open(target).close()
    engine = engine_of(target_of(target))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == schema.HEAD
        indexes = {
            index["name"]
            for table in metadata.tables
            for index in sqlalchemy.inspect(connection).get_indexes(table)
        }
    assert indexes == {
        "journal_call",
        "journal_wall",
        "call_record_call",
        "visit_ended",
        "leg_audio_call",
    }
    engine.dispose()


def test_the_head_is_the_newest_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == schema.HEAD
    assert {script.revision for script in scripts.walk_revisions()} == set(schema.REVISIONS)


def test_the_files_are_for_their_owner_only(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.append(queued_call())
    names = {path.name for path in tmp_path.iterdir()}
    assert {"switch.db", "switch.db-wal", "switch.db.lock"} <= names
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    store.close()


def test_a_commit_on_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    engine = engine_of(target_of(tmp_path))
    with engine.connect() as connection:
        full = 2
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()


def test_the_audio_of_legs_is_kept_by_call_even_when_it_is_told_after_the_end(store: Store) -> None:
    journal = Journal(wall_offset_us=WALL)
    entries = queued_call(journal)
    figures = (990, 1000, 10, 4200, 9000, 0, 3, 50, 20_000, 80_000, 90_000, 433, 392, 300)
    leg = LegMeasured("l-1", "caller", "+331", "carrier", "", *figures, alarms=("no-audio", "silence"))
    entries.append(journal.write(leg, 99 * S, tenant="acme", call="c-1"))
    store.append(entries)
    (row,) = store.leg_audio(["c-1", "c-2"])
    assert (row.call, row.tenant, row.leg, row.trunk) == ("c-1", "acme", "l-1", "carrier")
    assert (row.received, row.round_trip_max_us, row.mos_worst) == (990, 90_000, 300)
    assert row.alarms == "no-audio silence"
    assert store.leg_audio(["c-2"]) == []
