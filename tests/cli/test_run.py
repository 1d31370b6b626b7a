"""`softswitch run` as scripts use it: a real process, a real switch, the other commands against it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Command
from tests.interop.process import free_rtp_range

_START_S = 60
_SOFTSWITCH = [sys.executable, "-m", "switch.cli"]
_QUIET_DIALPLAN = """\
name: Quiet Shop
languages: [en]
numbers: {100: main}
accounts: {101: {}}
skills: [sales]
agents:
  anna: {account: 101, skills: {sales: 80}}
queues:
  sales: {}
flows:
  main:
    - dial: {extension: 101}
"""

Start = Callable[..., subprocess.Popen[str]]


@dataclass(frozen=True)
class Started:
    """A switch that said it was ready, and what it said."""

    process: subprocess.Popen[str]
    line: dict[str, Any]
    dialplan: Path
    state: str


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `softswitch run` on free ports; what still runs at the end of a test is killed."""
    processes: list[subprocess.Popen[str]] = []
    (tmp_path / "shop.yaml").write_text(_QUIET_DIALPLAN)

    def run(*arguments: str) -> subprocess.Popen[str]:
        low, high = free_rtp_range(16)
        options = ["--state", str(tmp_path / "state"), "--rtp", f"{low}-{high}"]
        for option, value in (("--sip", "127.0.0.1:0"), ("--http", "127.0.0.1:0")):
            if option not in arguments:
                options += [option, value]
        process = subprocess.Popen(
            [*_SOFTSWITCH, "run", str(tmp_path / "shop.yaml"), *options, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"COLUMNS": "200"},
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)


@pytest.fixture
def started(start: Start, tmp_path: Path) -> Started:
    process = start()
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate(timeout=60)
    return Started(process, json.loads(line), tmp_path / "shop.yaml", str(tmp_path / "state"))


def test_a_day_in_the_life(started: Started, command: Command) -> None:
    """One start, because each costs a second: ready, asked, told, reloaded, stopped."""
    line = started.line
    assert line["event"] == "ready"
    assert {(item["transport"], item["port"] > 0) for item in line["sip"]} == {
        ("UDP", True),
        ("TCP", True),
        ("WS", True),
    }
    assert httpx.get(line["metrics"]).status_code == 200
    assert httpx.get(line["metrics"].replace("/metrics", "/health/ready")).json()["ready"] is True

    def ask(*arguments: str) -> Any:
        ended = command(*arguments, "--json", "--state", started.state)
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    assert [row["user"] for row in ask("accounts")] == ["shop-101"]
    assert ask("agents")[0]["state"] == "logged-out"
    signed_in = ask("agents", "sign-in", "anna")
    assert signed_in["result"] == "done"
    assert "signed in, but unreachable: no phone is registered for account 101" in signed_in["message"]
    assert ask("agents")[0]["state"] == "unreachable"
    assert ask("agents", "pause", "shop/anna", "--reason", "lunch")["result"] == "done"
    assert ask("queues")[0]["queue"] == "sales"
    assert ask("calls") == []
    assert ask("calls", "recent") == []
    first = ask("accounts", "reset", "shop-101")["secret"]
    assert len(first) >= 12
    assert ask("accounts", "reset", "shop-101")["secret"] != first
    assert command("calls", "audio", "c-none", "--state", started.state).code == 1
    assert command("why", "c-none", "--state", started.state).code == 1
    assert command("agents", "resume", "nobody", "--state", started.state).code == 1

    assert ask("reload")["reloaded"] is True
    started.dialplan.write_text(_QUIET_DIALPLAN.replace("  sales: {}", "  sales: {rign_s: 3}"))
    refused = command("reload", "--state", started.state)
    assert refused.code == 2
    assert f"{started.dialplan}:9:11: " in refused.err
    assert "ring_s" in refused.err
    assert ask("queues")[0]["queue"] == "sales"

    started.process.send_signal(signal.SIGTERM)
    out, err = started.process.communicate(timeout=60)
    assert started.process.returncode == 0, err
    assert out == ""
    assert "Traceback" not in err
    assert not Path(started.state, "control.sock").exists()


def test_a_second_switch_on_the_same_state_is_refused_in_one_line(started: Started, start: Start) -> None:
    del started
    assert "another switch is running on it" in _refusal(start(), code=1)


def test_a_wrong_dialplan_starts_nothing_and_exits_2(start: Start, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(_QUIET_DIALPLAN.replace("flows:", "flwos:"))
    message = _refusal(start(), code=2)
    assert message.startswith(f"{tmp_path}/shop.yaml:10:1: ")
    assert "flows" in message


@pytest.mark.parametrize(("option", "kind"), [("--http", socket.SOCK_STREAM), ("--sip", socket.SOCK_DGRAM)])
def test_a_taken_port_is_one_line_and_exit_1(start: Start, option: str, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        message = _refusal(start(option, address), code=1)
    assert address in message
    assert message.count("\n") == 1


def _refusal(process: subprocess.Popen[str], *, code: int) -> str:
    out, err = process.communicate(timeout=_START_S)
    assert (process.returncode, out) == (code, ""), err
    assert "Traceback" not in err
    return err
