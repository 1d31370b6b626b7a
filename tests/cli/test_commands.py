"""What each command prints and how it ends, with a switch that answers."""

import json

import pytest

from switch.api.views import ConfigurationProblem, Health
from tests.cli.conftest import Command, Running


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["agents"], ["maple/lea", "available", "1m01s", "french 80"]),
        (["agents", "list"], ["birch/lea", "maple/tom", "failing: 10% was lost"]),
        (["accounts"], ["maple-101", "registered", "192.0.2.7:5062", "gone"]),
        (["accounts", "list"], ["birch/101"]),
        (["callbacks"], ["b-1", "maple/sales", "+33612345678", "resting", "1m30s"]),
        (["callbacks", "cancel", "b-1"], ["b-1 is taken back"]),
        (["queues"], ["maple/sales", "42s", "80% in 20s", "- in 20s"]),
        (
            ["trunks"],
            ["sip.carrier.example = 192.0.2.1:5060 udp", "1m01s", "3/10", "3/30", "22 ms", "9m00s left"],
        ),
        (["trunks"], ["down", "timeout", "0/-", "rejected (401 Unauthorized)", "no address is known"]),
        (["calls"], ["c-n1-7", "+15145550111", "talking", "1h02m"]),
        (["calls", "list"], ["c-n1-7"]),
        (["calls", "recent"], ["c-n1-6", "12s", "50s", "normal"]),
        (
            ["calls", "audio", "c-n1-7"],
            ["101 (agent)", "now", "ended", "1.0%", "4.33", "5.0%", "21 ms", "3.92", "83 ms", "silence"],
        ),
        (["why", "c-n1-7"], ["lea was chosen of 2 candidates"]),
        (["status"], ["ready", "127.0.0.1:5060", "+15145550100", "http://127.0.0.1:8080/metrics"]),
        (["reload"], ["2 tenants loaded"]),
    ],
)
def test_a_person_sees_what_matters(
    command: Command, running: Running, arguments: list[str], expected: list[str]
) -> None:
    ended = command(*arguments, "--state", running.state)
    assert (ended.code, ended.err) == (0, "")
    for text in expected:
        assert text in ended.out


@pytest.mark.parametrize(
    ("arguments", "path", "expected"),
    [
        (["agents"], [1, "agent"], "lea"),
        (["agents", "list"], [2, "tenant"], "maple"),
        (["accounts"], [1, "addresses", 0], "192.0.2.7:5062"),
        (["accounts", "reset", "maple-101"], ["secret"], "s3cret"),
        (["callbacks"], [0, "number"], "+33612345678"),
        (["queues"], [0, "waiting"], 3),
        (["queues"], [1, "service_level"], None),
        (["trunks"], [0, "gateways", 1, "state"], "down"),
        (["calls"], [0, "call"], "c-n1-7"),
        (["calls", "recent", "--limit", "1"], [0, "talked_ms"], 50_000),
        (["calls", "audio", "c-n1-7"], ["legs", 0, "mos_peer"], None),
        (["calls", "hang-up", "c-n1-7"], ["result"], "done"),
        (["why", "c-n1-7"], ["offers", 0, "tie_break"], "score"),
        (["status"], ["health", "ready"], True),
        (["reload"], ["reloaded"], True),
        (["agents", "pause", "maple/lea", "--reason", "lunch"], ["result"], "done"),
    ],
)
def test_json_is_one_document_with_the_same_facts(
    command: Command, running: Running, arguments: list[str], path: list[str | int], expected: object
) -> None:
    ended = command(*arguments, "--json", "--state", running.state)
    assert ended.code == 0
    value = json.loads(ended.out)
    for step in path:
        value = value[step]
    assert value == expected


@pytest.mark.parametrize(
    ("verb", "options", "state"),
    [
        ("sign-in", [], "available"),
        ("sign-out", [], "logged-out"),
        ("pause", ["--reason", "lunch"], "paused"),
        ("resume", [], "available"),
        ("end-wrap-up", [], "available"),
    ],
)
def test_an_agent_does_what_is_asked(
    command: Command, running: Running, verb: str, options: list[str], state: str
) -> None:
    running.port.shown["maple/lea"] = "wrap-up"
    ended = command("agents", verb, "maple/lea", *options, "--state", running.state)
    assert (ended.code, ended.out) == (0, f"maple/lea: {verb}\n")
    assert running.port.shown["maple/lea"] == state


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["agents", "resume", "nobody"], "no agent nobody"),
        (["agents", "resume", "lea"], "in several tenants"),
        (["agents", "pause", "tom", "--reason", "x"], "not signed in"),
        (["accounts", "reset", "maple-999"], "maple-999"),
        (["calls", "hang-up", "c-none"], "no live call"),
        (["why", "c-none"], "no call c-none is known"),
    ],
)
def test_a_no_is_one_line_and_exit_code_1(
    command: Command, running: Running, arguments: list[str], message: str
) -> None:
    ended = command(*arguments, "--state", running.state)
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_a_no_in_json_is_json_and_exit_code_1(command: Command, running: Running) -> None:
    ended = command("agents", "resume", "nobody", "--json", "--state", running.state)
    assert (ended.code, json.loads(ended.out)["result"]) == (1, "not-found")


def test_a_secret_is_shown_with_what_the_phone_needs(command: Command, running: Running) -> None:
    ended = command("accounts", "reset", "maple-101", "--state", running.state)
    assert ended.code == 0
    for text in ("maple-101", "s3cret", "not shown again"):
        assert text in ended.out


def test_a_refused_reload_lists_the_problems_and_exits_2(command: Command, running: Running) -> None:
    running.port.problems = (ConfigurationProblem("maple.yaml", 4, 7, "unknown word 'quue'"),)
    ended = command("reload", "--state", running.state)
    assert ended.code == 2
    assert ended.err.splitlines()[0] == "maple.yaml:4:7: unknown word 'quue'"
    assert "old configuration stays" in ended.err


def test_status_of_a_switch_that_is_not_ready_exits_1(command: Command, running: Running) -> None:
    running.port.now_ready = Health(live=True, ready=False, reasons=("draining",))
    ended = command("status", "--state", running.state)
    assert ended.code == 1
    assert "not ready: draining" in ended.out


def test_names_are_printed_as_they_are_and_never_as_markup(command: Command, running: Running) -> None:
    running.port.shown["maple/[red]x"] = "[bold]paused"
    ended = command("agents", "--state", running.state)
    assert "maple/[red]x" in ended.out
    assert "[bold]paused" in ended.out


def test_the_state_folder_may_come_from_the_environment(
    command: Command, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTSWITCH_STATE", running.state)
    assert command("calls").code == 0
