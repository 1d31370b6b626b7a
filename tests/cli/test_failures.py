"""No switch, a wrong word, a broken file: one clear line, the right exit code, never a traceback."""

import socket
import threading
from pathlib import Path

import pytest

from switch.api.state_folder import CONTROL_SOCKET
from switch.cli import client
from tests.cli.conftest import Command


@pytest.mark.parametrize(
    "arguments", [["agents"], ["queues"], ["calls"], ["why", "c-1"], ["reload"], ["status"]]
)
def test_no_running_switch_is_one_line(command: Command, tmp_path: Path, arguments: list[str]) -> None:
    ended = command(*arguments, "--state", str(tmp_path / "nowhere"))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("softswitch: no switch is running on ")
    assert ended.err.count("\n") == 1


def test_a_socket_that_a_dead_switch_left_is_no_switch(command: Command, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / CONTROL_SOCKET))
    ended = command("calls", "--state", str(tmp_path))
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "no switch is running" in ended.err


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", "its log says why"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}", "another version"),
    ],
)
def test_a_strange_answer_is_one_line(command: Command, tmp_path: Path, answer: bytes, message: str) -> None:
    with _listener(tmp_path) as listener:
        thread = threading.Thread(target=_answer_once, args=(listener, answer))
        thread.start()
        ended = command("calls", "--state", str(tmp_path))
        thread.join(5)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert message in ended.err


def test_a_switch_that_never_answers_is_given_up(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_ANSWER_S", 0.05)
    with _listener(tmp_path):
        ended = command("calls", "--state", str(tmp_path))
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "does not answer in time" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dance"], "No such command"),
        (["agents", "pause", "lea"], "--reason"),
        (["calls", "recent", "--limit", "0"], "--limit"),
        (["why"], "CALL"),
        (["run", "/nowhere/at/all"], "does not exist"),
        (["run", "--sip", "5060", "."], "expected ADDRESS:PORT"),
        (["run", "--sip", "here:5060", "."], "expected ADDRESS:PORT"),
        (["run", "--sip", "127.0.0.1:70000", "."], "expected ADDRESS:PORT"),
        (["run", "--sip", "::1:5060", "."], "expected ADDRESS:PORT"),
        (["run", "--sip", "[127.0.0.1]:5060", "."], "expected ADDRESS:PORT"),
        (["run", "--sip", "127.0.0.1:5060", "--sip", "127.0.0.1:5060", "."], "stands twice"),
        (["run", "--sip", "0.0.0.0:5060", "."], "an address that phones can reach"),
        (["run", "--sip", "[::]:5060", "."], "an address that phones can reach"),
        (["run", "--http", "8080", "."], "--http"),
        (["run", "--rtp", "20000", "."], "expected LOW-HIGH"),
        (["run", "--rtp", "20001-20100", "."], "LOW is even"),
        (["run", "--rtp", "20100-20000", "."], "HIGH is above"),
        (["run", "--log-level", "loud", "."], "--log-level"),
    ],
)
def test_bad_usage_exits_2_and_says_what_was_expected(
    command: Command, arguments: list[str], message: str
) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert "Traceback" not in ended.err


def _listener(folder: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / CONTROL_SOCKET))
    listener.listen(1)
    return listener


def _answer_once(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(answer)
