"""What an operator reads when the store cannot be opened or written: one clear line, nothing half done."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from switch.base.errors import ResourceError
from switch.store import target
from switch.store.schema import HEAD
from switch.store.store import Store
from tests.conftest import Server
from tests.journal.sample import queued_call
from tests.store.conftest import fill


def _refused(url: str | Path) -> str:
    with pytest.raises(ResourceError) as refused:
        Store.open(url)
    line = str(refused.value)
    assert "\n" not in line
    return line


def _database(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


def test_a_missing_folder(tmp_path: Path) -> None:
    assert f"the folder {tmp_path / 'no'} does not exist" in _refused(tmp_path / "no" / "x.sqlite")


def test_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"dear diary, " * 100)
    assert _refused(path).endswith("the file is not a database")
    assert path.read_bytes() == b"dear diary, " * 100


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "switch.db").mkdir()
    assert "cannot be written" in _refused(tmp_path)


def test_another_programs_database_is_left_as_it_was(tmp_path: Path) -> None:
    path = _database(tmp_path / "places.sqlite", "CREATE TABLE moz_places (url)")
    before = path.read_bytes()
    assert "belongs to another program (table moz_places)" in _refused(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_newer_schema(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    newer = ("CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('0042')")
    if kind == "sqlite":
        line = _refused(_database(tmp_path / "newer.sqlite", *newer))
    else:
        url = request.getfixturevalue("postgresql")
        server = request.getfixturevalue("postgresql_server")
        assert isinstance(server, Server)
        for statement in newer:
            server.execute(statement, url.partition("?")[0].rpartition("/")[2])
        line = _refused(url)
    assert f"its schema 0042 was made by a newer softswitch; this one knows up to {HEAD}" in line


def test_locked_by_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "BUSY_TIMEOUT_S", 0.1)
    path = _database(tmp_path / "x.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert _refused(path).endswith("another program holds the database locked")


def test_damaged(tmp_path: Path) -> None:
    Store.open(tmp_path / "x.sqlite").close()
    content = bytearray((tmp_path / "x.sqlite").read_bytes())
    content[100:4096] = b"\xff" * 3996
    (tmp_path / "x.sqlite").write_bytes(content)
    assert "the database is damaged" in _refused(tmp_path / "x.sqlite")


def test_a_read_only_file_system(small_disk: Path) -> None:
    Store.open(small_disk / "old.sqlite").close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert "cannot be written: Read-only file system" in _refused(small_disk / "old.sqlite")
    assert "cannot be written: Read-only file system" in _refused(small_disk / "new.sqlite")


def test_a_full_disk_at_the_first_start(small_disk: Path) -> None:
    filler = fill(small_disk)
    assert "disk" in _refused(small_disk / "x.sqlite")
    filler.unlink()
    store = Store.open(small_disk / "x.sqlite")
    store.append(queued_call())
    store.close()


def test_a_server_that_is_not_there_and_no_password_in_the_line(tmp_path: Path) -> None:
    line = _refused(f"postgresql://switch:secret@/calls?host={tmp_path}")
    assert line.startswith("store postgresql://switch:***@/calls")
    assert "secret" not in line
    assert "failed" in line


def test_a_database_that_does_not_exist(postgresql_server: Server) -> None:
    assert 'database "nothere" does not exist' in _refused(postgresql_server.url("nothere"))


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "oracle://", "http://example.com/"])
def test_other_databases_are_not_known(url: str) -> None:
    assert "not known; expected a path of a SQLite file or postgresql://..." in _refused(url)


def test_a_url_that_is_none() -> None:
    assert "not a database URL" in _refused("://")


def test_postgresql_without_its_driver() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from switch.store.store import Store\n"
        "from switch.base.errors import ResourceError\n"
        "try: Store.open('postgresql://x@/y')\n"
        "except ResourceError as error: print(error)\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("pip install 'softswitch[postgresql]'")
