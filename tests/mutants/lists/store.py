"""What is durable is durable, what is not is said, and no second switch writes."""

from tests.mutants.mutant import Mutant

_WRITER = "switch/store/writer.py"
_STORE = "switch/store/store.py"
_STATEMENTS = "switch/store/statements.py"
_BY_WRITER = "tests/store/test_writer.py::"
_BY_STORE = "tests/store/test_store.py::"
_BY_REFUSALS = "tests/store/test_refusals.py::"

_BY_TRAILS = "tests/store/test_trails.py::"

MUTANTS = (
    Mutant(
        _WRITER,
        "if self._backlog + len(entries) + len(trail) > self._entries_max:",
        "if self._backlog > self._entries_max:",
        _BY_WRITER + "test_the_bound_refuses_whole_batches_and_counts_them[sqlite]",
    ),
    Mutant(
        _WRITER,
        "return self._backlog >= self._shed_entries",
        "return self._backlog >= self._entries_max",
        _BY_WRITER + "test_the_bound_refuses_whole_batches_and_counts_them[sqlite]",
    ),
    Mutant(
        _WRITER,
        "if self._trouble and self._is_stored(group):",
        "if self._trouble and self._store.last_sequence() > group.last_sequence:",
        _BY_WRITER + "test_a_commit_whose_answer_was_lost_is_not_made_twice[sqlite]",
    ),
    # A promise made to a caller must not rest on a commit that has not been made.
    Mutant(
        _WRITER,
        "self._durable = group.last_sequence or self._durable",
        "self._durable = self._appended",
        _BY_WRITER + "test_what_came_during_a_commit_is_not_durable_by_it",
    ),
    Mutant(
        _WRITER,
        "if taken and group.entries + rows.entries > GROUP_ENTRIES_MAX:",
        "if not rows:",
        _BY_WRITER + "test_stop_stores_the_rest_in_bounded_groups[sqlite]",
    ),
    Mutant(
        _WRITER,
        "self._backlog -= group.entries",
        "",
        _BY_WRITER + "test_entries_are_durable_without_being_asked_for[sqlite]",
    ),
    Mutant(
        _WRITER,
        "if trouble == self._trouble:",
        "if trouble == self._trouble and not trouble:",
        _BY_WRITER + "test_a_locked_database_is_said_once_and_waited_for",
    ),
    Mutant(
        _WRITER,
        "if not self._wait_for_retry():",
        "if self._wait_for_retry():",
        _BY_WRITER + "test_a_locked_database_is_said_once_and_waited_for",
    ),
    Mutant(
        _STORE,
        "connection.execute(_account(account.tenant, account.account))",
        "",
        _BY_STORE + "test_accounts_are_put_replaced_and_deleted[sqlite]",
    ),
    # One tenant must not read the other's records.
    Mutant(
        _STORE,
        "(call_records.c.tenant, tenant),",
        '(call_records.c.tenant, ""),',
        _BY_STORE + "test_records_are_filtered_and_paged_newest_first[sqlite]",
    ),
    Mutant(
        _STORE,
        "query = query.where(call_records.c.sequence < before)",
        "query = query.where(call_records.c.sequence <= before)",
        _BY_STORE + "test_records_are_filtered_and_paged_newest_first[sqlite]",
    ),
    Mutant(
        _STORE,
        "query = _entries().where(journal.c.sequence > sequence).order_by(journal.c.sequence)",
        "query = _entries().where(journal.c.sequence >= sequence).order_by(journal.c.sequence)",
        _BY_STORE + "test_entries_come_back_as_they_were[sqlite]",
    ),
    Mutant(
        _STORE,
        "lock = FileLock(Path(str(target.database))) if is_file else None",
        "lock = None",
        _BY_STORE + "test_a_second_switch_is_refused_until_the_first_is_gone[sqlite]",
    ),
    Mutant(
        _STORE,
        "connection.execute(delete(bindings))",
        "",
        _BY_STORE + "test_bindings_are_those_last_written[sqlite]",
    ),
    Mutant(
        "switch/store/trails.py",
        "query = query.where(_columns.first <= until_event)",
        "",
        _BY_TRAILS + "test_a_run_comes_back_from_the_database[sqlite]",
    ),
    Mutant(
        "switch/store/trails.py",
        "old = and_(old, or_(_columns.first < anchor.first, packs_before))",
        "",
        _BY_TRAILS + "test_old_trails_are_pruned_and_the_rest_is_repeated[sqlite]",
    ),
    Mutant(
        "switch/store/writer.py",
        "self._stored += group.entries",
        "",
        _BY_TRAILS + "test_the_writer_takes_pieces_alone_and_with_entries[sqlite]",
    ),
)
