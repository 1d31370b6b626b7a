"""Real databases: SQLite files, a PostgreSQL server of our own, and small disks that fill up."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server on a Unix socket in `folder`; nobody else reaches it."""

    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://switch@/{database}?host={self.folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        psycopg = pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
        with psycopg.connect(
            host=str(self.folder), user="switch", dbname=database, autocommit=True
        ) as connection:
            connection.execute(statement.encode())


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        pytest.skip("PostgreSQL is not installed here (Debian package: postgresql)")
    return (found[-1] if found else Path(str(on_path))).parent


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    binaries = _binaries()
    # Not pytest's folder: the path of a socket is short, and the server, which refuses to be root,
    # must get there.
    folder = Path(tempfile.mkdtemp(prefix="softswitch-pg-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "switch", "-A", "trust", "--no-sync", "--locale=C.UTF-8"],
        user=user,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
            user=user,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(binaries, folder)
        yield Server(folder)
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder)


def _wait_until_ready(binaries: Path, folder: Path) -> None:
    deadline = time.monotonic() + 20
    while subprocess.run([binaries / "pg_isready", "-q", "-h", folder], check=False).returncode:
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.05)


_databases = iter(range(1, 1_000_000))


@pytest.fixture
def postgresql(postgresql_server: Server) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"test{next(_databases)}"
    postgresql_server.execute(f"CREATE DATABASE {name}")
    yield postgresql_server.url(name)
    postgresql_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of each kind: the tests that take this run on both."""
    if request.param == "sqlite":
        return str(tmp_path / "store.sqlite")
    url = request.getfixturevalue("postgresql")
    assert isinstance(url, str)
    return url


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "softswitch-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free; the file that takes them is given back."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    assert shutil.disk_usage(disk).free == 0
    return filler
