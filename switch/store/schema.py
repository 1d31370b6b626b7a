"""Creates the schema or brings it to this version, in one transaction; refuses what is not ours."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from switch.base.errors import ResourceError

HEAD = "0010"
"""The newest revision in migrations/versions; a test holds the two together. It stands here so that
a start with a current schema, which is almost every one, need not import alembic."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")
"""Every revision that this version can bring up to HEAD."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(connection: Connection, name: str) -> bool:
    """Whether the schema is that of this version; nothing is written. Raises ResourceError."""
    current = _current(connection, name)
    if current is not None and current not in REVISIONS:
        raise ResourceError(
            f"store {name}: its schema {current} was made by a newer softswitch; this one knows up to {HEAD}"
        )
    return current == HEAD


def bring_up(connection: Connection) -> None:
    """Create or upgrade the schema in the transaction that `connection` has begun."""
    # Imported late: it takes a quarter of a second, which every start would pay.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current(connection: Connection, name: str) -> str | None:
    """The schema's revision, None for an empty database."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return revision
    if tables:
        raise ResourceError(f"store {name}: the database belongs to another program (table {tables[0]})")
    return None
