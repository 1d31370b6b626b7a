"""Statements compiled once, for 1, 2, 4... up to ROWS_A_STATEMENT rows each.

One statement with many rows, rather than one statement many times: the driver lets go of the
interpreter's lock once a statement, and must win it back from a busy loop each time. Only powers of
two, because compiling a text of n rows costs as much as storing some hundred: seven texts are soon
there, sixty-four would be made one by one while calls wait.

They go to the driver's own cursor, and so do the transaction's two ends: SQLAlchemy's execution around a
statement that is text already takes some 40 µs of the interpreter's time, and its transaction as much. The
errors are the driver's then.
"""

import zlib
from collections.abc import Callable, Sequence
from contextlib import closing

from sqlalchemy import Dialect, PoolProxiedConnection, Table, bindparam, delete, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.elements import CompilerElement

from switch.acd.trail import Piece, PieceKind
from switch.store.rows import Rows
from switch.store.tables import (
    agent_axes,
    call_records,
    journal,
    leg_audio,
    open_calls,
    router_trail,
    visits,
)

ROWS_A_STATEMENT = 64
"""Past this a longer statement gains nothing; 25 columns then make 1,600 parameters, well under
SQLite's 32,766 and PostgreSQL's 65,535."""


class _ManyRows:
    """One statement's text by its number of rows; `build` makes it, `width` is the parameters a row."""

    def __init__(self, dialect: Dialect, width: int, build: Callable[[int], CompilerElement]) -> None:
        # Parameters go by place: the flat lists of `Rows` are handed to the driver as they are.
        assert dialect.positional
        self._dialect = dialect
        self._width = width
        self._build = build
        self._texts: dict[int, str] = {}

    def prepare(self) -> None:
        """Make every text that `run` can want: 2 to 50 ms each table, which no call should wait for."""
        rows = 1
        while rows <= ROWS_A_STATEMENT:
            self._text(rows)
            rows *= 2

    def run(self, cursor: DBAPICursor, values: Sequence[int | str | bytes]) -> None:
        """Execute with flat `values`, a multiple of the width; nothing for none."""
        width = self._width
        at, left = 0, len(values) // width
        while left:
            rows = min(ROWS_A_STATEMENT, 1 << (left.bit_length() - 1))
            cursor.execute(self._text(rows), tuple(values[at : at + rows * width]))
            at += rows * width
            left -= rows

    def _text(self, rows: int) -> str:
        text = self._texts.get(rows)
        if text is None:
            text = self._texts[rows] = str(self._build(rows).compile(dialect=self._dialect))
        return text


class Statements:
    """What a journal transaction executes, for one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._journal = _inserts(journal, dialect)
        self._call_records = _inserts(call_records, dialect)
        self._visits = _inserts(visits, dialect)
        self._leg_audio = _inserts(leg_audio, dialect)
        self._opened = _inserts(open_calls, dialect)
        self._agents = _ManyRows(dialect, len(agent_axes.columns), _agent_upsert(dialect.name))
        self._trail = _ManyRows(dialect, len(router_trail.columns), _new_pieces(dialect.name))
        self._closed = _ManyRows(dialect, 1, _delete_open_calls)
        # Of SQLite we begin transactions ourselves (see target.py); psycopg does with the first statement.
        self._begins = dialect.name == "sqlite"

    def prepare(self) -> None:
        """Compile all of it now; a writer does so before it takes anything."""
        for statement in (
            self._journal,
            self._call_records,
            self._visits,
            self._leg_audio,
            self._opened,
            self._agents,
            self._closed,
            self._trail,
        ):
            statement.prepare()

    def write(self, connection: PoolProxiedConnection, rows: Rows) -> None:
        """All of `rows` in one transaction of its own. Raises the driver's errors; then nothing is committed,
        and the connection has to go."""
        with closing(connection.cursor()) as cursor:
            if self._begins:
                cursor.execute("BEGIN")
            self._journal.run(cursor, rows.journal)
            self._call_records.run(cursor, rows.call_records)
            self._visits.run(cursor, rows.visits)
            self._leg_audio.run(cursor, rows.leg_audio)
            self._opened.run(cursor, [value for pair in rows.opened.items() for value in pair])
            self._closed.run(cursor, rows.closed)
            agents = [value for key, sequence in rows.agents.items() for value in (*key, sequence)]
            self._agents.run(cursor, agents)
            self._trail.run(cursor, [value for piece in rows.trail for value in _piece(piece)])
        connection.commit()


def _row(table: Table, number: int) -> dict[str, object]:
    return {column.name: bindparam(f"{column.name}_{number}", type_=column.type) for column in table.columns}


def _inserts(table: Table, dialect: Dialect) -> _ManyRows:
    def build(rows: int) -> CompilerElement:
        return insert(table).values([_row(table, number) for number in range(rows)])

    return _ManyRows(dialect, len(table.columns), build)


def _agent_upsert(dialect_name: str) -> Callable[[int], CompilerElement]:
    """Both databases speak ON CONFLICT alike, but SQLAlchemy has a class for each."""

    def build(rows: int) -> CompilerElement:
        values = [_row(agent_axes, number) for number in range(rows)]
        if dialect_name == "postgresql":
            pg_insert = postgresql.insert(agent_axes).values(values)
            return pg_insert.on_conflict_do_update(
                index_elements=["tenant", "agent"], set_={"sequence": pg_insert.excluded.sequence}
            )
        lite_insert = sqlite.insert(agent_axes).values(values)
        return lite_insert.on_conflict_do_update(
            index_elements=["tenant", "agent"], set_={"sequence": lite_insert.excluded.sequence}
        )

    return build


def _new_pieces(dialect_name: str) -> Callable[[int], CompilerElement]:
    """A commit whose answer was lost is made again: what stands already stays."""

    def build(rows: int) -> CompilerElement:
        values = [_row(router_trail, number) for number in range(rows)]
        if dialect_name == "postgresql":
            return postgresql.insert(router_trail).values(values).on_conflict_do_nothing()
        return sqlite.insert(router_trail).values(values).on_conflict_do_nothing()

    return build


def _piece(piece: Piece) -> tuple[int | str | bytes, ...]:
    # Snapshots shrink to a tenth. On the writer's thread, because zlib lets go of the interpreter's lock.
    body = zlib.compress(piece.body, 1) if piece.kind is PieceKind.SNAPSHOT else piece.body
    return (
        piece.tenant,
        piece.run,
        piece.first,
        piece.kind.value,
        piece.count,
        piece.at,
        piece.wall_us,
        piece.entry,
        body,
    )


def _delete_open_calls(rows: int) -> CompilerElement:
    calls = [bindparam(f"call_{number}", type_=open_calls.c.call.type) for number in range(rows)]
    return delete(open_calls).where(open_calls.c.call.in_(calls))
