"""A database's refusal as one clear line for the operator."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from switch.base.errors import ResourceError

# SQLite's primary result codes (the low byte of an extended one) that a machine can cause.
_SQLITE = {
    sqlite3.SQLITE_BUSY: "another program holds the database locked",
    sqlite3.SQLITE_LOCKED: "another program holds the database locked",
    sqlite3.SQLITE_READONLY: "may not be written (a read-only file, folder or file system)",
    sqlite3.SQLITE_PERM: "may not be opened by this user",
    sqlite3.SQLITE_AUTH: "may not be opened by this user",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore it from a backup",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened (does the folder exist, and may this user write there?)",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
}


def refusal(where: str, error: Exception) -> ResourceError:
    """The error that names the store and says what is wrong with it, without any password."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return ResourceError(f"store {where}: {_reason(cause)}")


def _reason(error: BaseException | None) -> str:
    if isinstance(error, sqlite3.Error):
        # The attribute is missing where Python's wrapper, not SQLite itself, refused.
        code = getattr(error, "sqlite_errorcode", None)
        known = _SQLITE.get(code & 0xFF) if isinstance(code, int) else None
        return known or f"the database refused: {_first_line(error)}"
    if error is None:
        return "the database refused without a reason"
    return _first_line(error)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
