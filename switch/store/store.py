"""The blocking core of the store: used at start, by the journal's writer thread, and by readers.

Every method may block on the disk or the network, and raises ResourceError with one clear line
where the database refuses; none may be called on the loop.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Select,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from switch.base.errors import ResourceError
from switch.journal.codec import decode_event
from switch.journal.entry import Entry
from switch.journal.events import AgentChanged
from switch.store.failures import refusal
from switch.store.rows import Rows, rows_of
from switch.store.schema import bring_up, is_current
from switch.store.statements import Statements
from switch.store.subscriptions import SubscriptionTable
from switch.store.tables import (
    accounts,
    agent_axes,
    bindings,
    call_records,
    journal,
    leg_audio,
    open_calls,
    visits,
)
from switch.store.target import FileLock, enable_wal, engine_of, name_of, reading_engine_of, target_of
from switch.store.trails import TrailTable
from switch.store.values import CallRow, LegAudioRow, StoredAccount, StoredBinding, VisitRow

READ_MAX = 10_000
"""No reading method gives more rows than this at once; callers page on by sequence."""

LOCK_WAIT_S = 2.0
"""How long to wait for the lock of a PostgreSQL session: a server needs a moment to see that a process
was killed, and its successor should not be refused for that."""

_POSTGRESQL_LOCK = 0x50F7_5817
"""The advisory lock of the one writer; a database belongs to one switch."""


class Store:
    """Accounts, journal and records in one database. `open` makes it, `close` releases it."""

    def __init__(self, engine: Engine, name: str, lock: FileLock | None) -> None:
        self._engine = engine
        self._name = name
        self._file_lock = lock
        self._statements = Statements(engine.dialect)
        self._driver_error = engine.dialect.loaded_dbapi.Error
        """What `Statements` raises: it speaks to the driver."""
        # One connection writes, whatever thread asks: the writer's, or one that changes an account.
        self._write_lock = threading.Lock()
        self._write_connection: Connection | None = None

    @classmethod
    def open(cls, url: str | Path) -> Self:
        """Open, create or upgrade the store and take it for this process.

        `url` is a SQLite file, a folder that holds one, or postgresql://... Raises ResourceError.
        """
        target = target_of(url)
        name = name_of(target)
        is_file = target.get_backend_name() == "sqlite"
        lock = FileLock(Path(str(target.database))) if is_file else None
        try:
            store = cls(engine_of(target), name, lock)
        except ResourceError:
            if lock:
                lock.release()
            raise
        try:
            store._prepare(target)
        except ResourceError:
            store.close()
            raise
        return store

    @classmethod
    def open_to_read(cls, url: str | Path) -> Self:
        """The store of a switch that runs, or a copy of one; nothing is locked, made or changed.

        Raises ResourceError, also where the schema is not that of this version.
        """
        target = target_of(url)
        store = cls(reading_engine_of(target), name_of(target), None)
        try:
            with store._engine.connect() as connection:
                if not is_current(connection, store._name):
                    raise ResourceError(
                        f"store {store._name}: an older softswitch wrote it; start this one with it once"
                    )
        except (DBAPIError, PoolTimeoutError) as error:
            store.close()
            raise refusal(store._name, error) from error
        except ResourceError:
            store.close()
            raise
        return store

    def _prepare(self, target: URL) -> None:
        with self._writing() as connection:
            current = is_current(connection, self._name)
        if target.get_backend_name() == "sqlite":
            enable_wal(str(target.database))
        if not current:
            with self._writing() as connection:
                bring_up(connection)

    @property
    def name(self) -> str:
        """How messages call the store: a path, or a URL without password."""
        return self._name

    def close(self) -> None:
        """Let go of every connection and of the lock."""
        with self._write_lock:
            self._forget_write_connection()
        self._engine.dispose()
        if self._file_lock:
            self._file_lock.release()
            self._file_lock = None

    # Accounts

    def accounts(self) -> list[StoredAccount]:
        """All of them, by tenant and name."""
        query = select(accounts).order_by(accounts.c.tenant, accounts.c.account)
        return [StoredAccount(*row) for row in self._read(query)]

    def put_account(self, account: StoredAccount) -> None:
        """Add it, or replace the hashes of the one that has its tenant and name."""
        with self._writing() as connection:
            connection.execute(_account(account.tenant, account.account))
            connection.execute(
                insert(accounts).values(
                    tenant=account.tenant,
                    account=account.account,
                    ha1_md5=account.ha1_md5,
                    ha1_sha256=account.ha1_sha256,
                    ha1_sha512_256=account.ha1_sha512_256,
                )
            )

    def delete_account(self, tenant: str, account: str) -> bool:
        """False where there was none."""
        with self._writing() as connection:
            return connection.execute(_account(tenant, account)).rowcount > 0

    # Registrations

    def bindings(self) -> list[StoredBinding]:
        """As they were last written."""
        return [StoredBinding(*row) for row in self._read(select(bindings))]

    def put_bindings(self, accounts: Sequence[str], rows: Sequence[StoredBinding]) -> None:
        """`rows` are all the bindings that these accounts have now; those of others stay."""
        with self._writing() as connection:
            gone = delete(bindings).where(bindings.c.account == bindparam("of"))
            connection.execute(gone, [{"of": account} for account in accounts])
            if rows:
                connection.execute(insert(bindings), [_columns(row) for row in rows])

    def replace_bindings(self, rows: Sequence[StoredBinding]) -> None:
        """These are all there are now."""
        with self._writing() as connection:
            connection.execute(delete(bindings))
            if rows:
                connection.execute(insert(bindings), [_columns(row) for row in rows])

    # Writing the journal

    def append(self, entries: Sequence[Entry]) -> None:
        """Store the entries and the records that follow from them, in one transaction."""
        self.write(rows_of(entries))

    def prepare_to_write(self) -> None:
        """Compile what `write` will execute: a tenth of a second, better spent before calls are taken."""
        self._statements.prepare()

    def write(self, rows: Rows) -> None:
        """`append` for rows that are made already; durable when it returns."""
        with self._connected() as connection:
            self._statements.write(connection.connection, rows)

    # Reading the journal

    def last_sequence(self) -> int:
        """0 for an empty journal."""
        rows = self._read(select(func.max(journal.c.sequence)))
        return int(rows[0][0] or 0)

    def entries_since(self, sequence: int, limit: int = READ_MAX) -> list[Entry]:
        """Entries after `sequence`, oldest first."""
        query = _entries().where(journal.c.sequence > sequence).order_by(journal.c.sequence)
        return self._entries(query.limit(min(limit, READ_MAX)))

    def entries_of_call(self, call: str) -> list[Entry]:
        """A call's entries in their order."""
        # Said twice so that both databases know that the index of entries with a call will do.
        query = _entries().where(journal.c.call == call, journal.c.call != "").order_by(journal.c.sequence)
        return self._entries(query.limit(READ_MAX))

    def entries_of_tenant(
        self, tenant: str, kinds: Sequence[str], *, after: int, until: int, limit: int = READ_MAX
    ) -> list[Entry]:
        """A tenant's entries of these kinds with a sequence in (after, until], oldest first."""
        query = (
            _entries()
            .where(journal.c.sequence > after, journal.c.sequence <= until)
            .where(journal.c.tenant == tenant, journal.c.kind.in_(kinds))
            .order_by(journal.c.sequence)
        )
        return self._entries(query.limit(min(limit, READ_MAX)))

    def bodies_of_tenant(
        self, tenant: str, kinds: Sequence[str], *, after: int, until: int
    ) -> list[tuple[int, str, int, str]]:
        """The same as they are stored: sequence, kind, version, body; at most READ_MAX."""
        query = (
            select(journal.c.sequence, journal.c.kind, journal.c.version, journal.c.body)
            .where(journal.c.sequence > after, journal.c.sequence <= until)
            .where(journal.c.tenant == tenant, journal.c.kind.in_(kinds))
            .order_by(journal.c.sequence)
        )
        return [(*row,) for row in self._read(query.limit(READ_MAX))]

    def entries_between(
        self, from_wall_us: int, until_wall_us: int, *, after: int = 0, limit: int = READ_MAX
    ) -> list[Entry]:
        """Entries written in [from, until) with a sequence past `after`, oldest first."""
        query = (
            _entries()
            .where(journal.c.wall_us >= from_wall_us, journal.c.wall_us < until_wall_us)
            .where(journal.c.sequence > after)
            .order_by(journal.c.sequence)
        )
        return self._entries(query.limit(min(limit, READ_MAX)))

    def entries_of_kinds(self, kinds: Sequence[str], from_wall_us: int) -> list[Entry]:
        """Entries of these kinds written since then, oldest first; all of them, so ask for a short while."""
        query = _entries().where(journal.c.wall_us >= from_wall_us, journal.c.kind.in_(kinds))
        return self._entries(query.order_by(journal.c.sequence))

    def open_calls(self) -> list[Entry]:
        """The CallStarted of every call without a CallEnded: after a crash, those that it ended."""
        query = _entries().join(open_calls, open_calls.c.sequence == journal.c.sequence)
        return self._entries(query.order_by(journal.c.sequence))

    def agent_axes(self) -> dict[tuple[str, str], AgentChanged]:
        """The last AgentChanged by (tenant, agent): who was signed in, and who paused."""
        query = _entries().join(agent_axes, agent_axes.c.sequence == journal.c.sequence)
        return {
            (entry.tenant, entry.event.agent): entry.event
            for entry in self._entries(query)
            if isinstance(entry.event, AgentChanged)
        }

    @property
    def subscriptions(self) -> SubscriptionTable:
        """Who watches what."""
        return SubscriptionTable(self._read, self._writing)

    @property
    def trails(self) -> TrailTable:
        """What routers were told."""
        return TrailTable(self._read, self._writing)

    # Reading the records

    def calls(
        self,
        limit: int = 100,
        tenant: str = "",
        *,
        queue: str = "",
        agent: str = "",
        number: str = "",
        before: int = 0,
        recorded: bool = False,
    ) -> list[CallRow]:
        """Call records, newest first; each filter that is not empty narrows.

        `number` is the caller's or the called one, as recorded. `before` is the sequence of the last
        row of the page before; `recorded` are only those with recordings.
        """
        query = select(call_records).order_by(call_records.c.sequence.desc())
        for column, value in (
            (call_records.c.tenant, tenant),
            (call_records.c.queue, queue),
            (call_records.c.agent, agent),
        ):
            if value:
                query = query.where(column == value)
        if recorded:
            query = query.where(call_records.c.recordings != "")
        if number:
            query = query.where(or_(call_records.c.caller == number, call_records.c.called == number))
        if before:
            query = query.where(call_records.c.sequence < before)
        return [CallRow(*row) for row in self._read(query.limit(min(limit, READ_MAX)))]

    def leg_audio(self, calls: Sequence[str]) -> list[LegAudioRow]:
        """The audio of these calls' legs, in the order in which they ended; at most READ_MAX."""
        query = select(leg_audio).where(leg_audio.c.call.in_(calls)).order_by(leg_audio.c.sequence)
        return [LegAudioRow(*row) for row in self._read(query.limit(READ_MAX))]

    def visits(
        self, from_wall_us: int, until_wall_us: int, tenant: str = "", queue: str = "", *, after: int = 0
    ) -> list[VisitRow]:
        """Visits that ended in [from, until), oldest first, at most READ_MAX past `after`."""
        query = (
            select(visits)
            .where(visits.c.ended_wall_us >= from_wall_us, visits.c.ended_wall_us < until_wall_us)
            .where(visits.c.sequence > after)
            .order_by(visits.c.sequence)
        )
        if tenant:
            query = query.where(visits.c.tenant == tenant)
        if queue:
            query = query.where(visits.c.queue == queue)
        return [VisitRow(*row) for row in self._read(query.limit(READ_MAX))]

    # Connections

    def _entries(self, query: Select[Any]) -> list[Entry]:
        return [
            Entry(sequence, at, wall_us, tenant, call, decode_event(kind, version, body))
            for sequence, at, wall_us, tenant, call, kind, version, body in self._read(query)
        ]

    def _read(self, query: Select[Any]) -> Sequence[Any]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(query).all()
        except (DBAPIError, PoolTimeoutError) as error:
            raise refusal(self._name, error) from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction on the writing connection."""
        with self._connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """The writing connection, for one transaction; a failed one leaves nothing and reconnects."""
        with self._write_lock:
            try:
                yield self._write_connection or self._connect_writer()
            except (DBAPIError, PoolTimeoutError, self._driver_error) as error:
                self._forget_write_connection()
                raise refusal(self._name, error) from error
            except BaseException:
                self._forget_write_connection()
                raise

    def _connect_writer(self) -> Connection:
        connection = self._engine.connect()
        self._write_connection = connection
        if self._engine.dialect.name == "postgresql":
            # Held by the session: a lost connection loses it, so the next one takes it again.
            self._take_database_lock(connection)
        return connection

    def _take_database_lock(self, connection: Connection) -> None:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            with connection.begin():
                taken = connection.execute(text(f"SELECT pg_try_advisory_lock({_POSTGRESQL_LOCK})")).scalar()
            if taken:
                return
            if time.monotonic() > deadline:
                raise ResourceError(f"store {self._name}: in use by another softswitch")
            time.sleep(0.05)

    def _forget_write_connection(self) -> None:
        connection, self._write_connection = self._write_connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _columns(row: StoredBinding) -> dict[str, object]:
    """As `asdict`, which would copy each value deeply, and take ten times as long."""
    return {name: getattr(row, name) for name in StoredBinding.__slots__}


def _entries() -> Select[Any]:
    return select(
        journal.c.sequence,
        journal.c.at_us,
        journal.c.wall_us,
        journal.c.tenant,
        journal.c.call,
        journal.c.kind,
        journal.c.version,
        journal.c.body,
    )


def _account(tenant: str, account: str) -> Any:
    return delete(accounts).where(accounts.c.tenant == tenant, accounts.c.account == account)
