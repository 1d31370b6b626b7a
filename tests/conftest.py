"""What tests of several rooms share: a PostgreSQL server of our own, and plain logs."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

# Where nobody configures it, structlog writes a traceback with every local of every frame, which takes
# seconds where one of them is a whole switch, and buries the reason.
structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


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
    deadline = time.monotonic() + 60
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
