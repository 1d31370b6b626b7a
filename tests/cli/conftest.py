"""Commands run as the entry point runs them, against real servers on a real control socket."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from switch.api.server import ApiServer
from switch.api.state_folder import StateFolder
from switch.cli.main import main
from tests.api.centre_port import CentrePort


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`command("agents", "list")` is `softswitch agents list` in this process; a traceback fails the test."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("SOFTSWITCH_STATE", raising=False)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["softswitch", *arguments])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return run


@dataclass(frozen=True)
class Running:
    """A control socket that answers, the folder it is in, and what stands behind."""

    state: str
    port: CentrePort


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    port, ready, loop = CentrePort(), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        state, server = StateFolder.open(tmp_path / "state"), ApiServer()
        await server.start(port, state, None)
        ready.set()
        await stop.wait()
        await server.stop()
        state.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield Running(str(tmp_path / "state"), port)
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()
