"""Where the store is: a SQLite file or a PostgreSQL URL, its engine, and the lock of its one writer."""

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from switch.base.errors import ResourceError
from switch.store.failures import refusal

FILE_NAME = "switch.db"
"""The database's name where a folder is given, such as the state folder of a switch."""

BUSY_TIMEOUT_S = 2
"""How long SQLite waits for another program's lock before it refuses; the journal's writer retries."""

WAL_BYTES_MAX = 64 * 1024 * 1024
"""The write-ahead log shrinks back to this after a checkpoint; an hour's backup may make it longer."""

CONNECT_TIMEOUT_S = 5
"""How long a PostgreSQL server may take to let us in."""


def target_of(url: "str | Path") -> URL:
    """The SQLAlchemy URL of a path or URL. A folder means FILE_NAME inside it."""
    if isinstance(url, Path) or "://" not in url:
        path = Path(url)
        path = path / FILE_NAME if path.is_dir() else path
        return URL.create("sqlite", database=str(path))
    try:
        target = make_url(url)
    except ArgumentError as error:
        raise ResourceError("store: not a database URL; expected a path or postgresql://...") from error
    backend = target.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return target.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and target.database:
        return target.set(drivername="sqlite")
    raise ResourceError(f"store {backend}: not known; expected a path of a SQLite file or postgresql://...")


def name_of(target: URL) -> str:
    """How messages call the store: the file, or the URL without its password."""
    if target.get_backend_name() == "sqlite":
        return str(target.database)
    return target.set(drivername="postgresql").render_as_string(hide_password=True)


def reading_engine_of(target: URL) -> Engine:
    """An engine that cannot write: of a running switch's store, of a copy, of a file on a read-only disk."""
    if target.get_backend_name() != "sqlite":
        return engine_of(target)
    path = Path(str(target.database))
    if not path.is_file():
        raise ResourceError(f"store {path}: there is no such file")
    # A file that was in use has its log beside it; without one nobody writes, and nothing need be locked.
    wal = path.with_name(path.name + "-wal")
    unchanging = not wal.exists() and not os.access(path.parent, os.W_OK)
    quoted = quote(str(path.absolute()))
    database = f"file:{quoted}?mode=ro{'&immutable=1' if unchanging else ''}"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(database, uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False),
    )
    event.listen(engine, "connect", _prepare_sqlite_to_read)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def engine_of(target: URL) -> Engine:
    """An engine that has not connected yet."""
    if target.get_backend_name() == "sqlite":
        engine = create_engine(target, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(
            target,
            # Parameters by place, as SQLite has them, so that one code writes to both.
            paramstyle="format",
            # A server that restarted leaves dead connections in the pool: ask before use.
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
        )
    except ModuleNotFoundError as error:
        raise ResourceError(
            "store: PostgreSQL needs its driver: pip install 'softswitch[postgresql]'"
        ) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's driver would begin transactions where it thinks fit, and none before CREATE TABLE.
    connection.isolation_level = None
    # FULL: a commit is on the disk before it counts as durable. See the decision page.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES_MAX}")


def _prepare_sqlite_to_read(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")


def enable_wal(database: str) -> None:
    """Let readers and the writer go side by side. The file remembers it; not possible in a transaction.

    Done only once the database is known to be ours. Raises ResourceError.
    """
    try:
        with closing(sqlite3.connect(database, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise refusal(database, error) from error


class FileLock:
    """One writer a SQLite file: held by the kernel, so that it is gone with the process, however it ends."""

    def __init__(self, database: Path) -> None:
        """Create the database's file for its owner only, and lock it. Raises ResourceError."""
        self._path = database.with_name(database.name + ".lock")
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _cannot_create(database, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, b"%d\n" % os.getpid(), 0)
            os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except BlockingIOError as error:
            holder = self._holder()
            os.close(self._file)
            raise ResourceError(f"store {database}: in use by another softswitch{holder}") from error
        except OSError as error:
            os.close(self._file)
            raise _cannot_create(database, error) from error

    def _holder(self) -> str:
        text = os.pread(self._file, 32, 0).strip()
        return f" (process {int(text)})" if text.isdigit() else ""

    def release(self) -> None:
        """The file stays: removing it would let two processes hold locks on two files of one name."""
        os.close(self._file)


def _cannot_create(database: Path, error: OSError) -> ResourceError:
    if not database.parent.is_dir():
        return ResourceError(f"store {database}: the folder {database.parent} does not exist")
    return ResourceError(f"store {database}: cannot be written: {error.strerror}")
