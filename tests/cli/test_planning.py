"""`softswitch simulate` and `softswitch staff`: tables, JSON, pictures, and what cannot be done."""

import json
from pathlib import Path

from tests.cli.conftest import Command
from tests.tidy.tree import ROOT

DAY = str(ROOT / "dialplans" / "example" / "maple.day.yaml")

_PNG = b"\x89PNG"

SMALL = """\
day: 08:00-10:00
interval_minutes: 60
replications: 3
queues: {line: {target: 80}}
groups: {people: {agents: 1}}
calls: {calls: {queue: line, per_hour: {08:00: 20}, patience_s: 60}}
"""


def test_a_day_in_tables_and_the_same_again(command: Command) -> None:
    ended = command("simulate", DAY, "--replications", "3", "--intervals")
    assert (ended.code, ended.err) == (0, "")
    assert "mean of 3 simulated days" in ended.out
    assert "sales" in ended.out
    assert "19:00" in ended.out
    assert command("simulate", DAY, "--replications", "3", "--intervals").out == ended.out
    assert command("simulate", DAY, "--replications", "3", "--intervals", "--seed", "2").out != ended.out


def test_the_same_in_json_and_pictures(command: Command, tmp_path: Path) -> None:
    ended = command("simulate", DAY, "--replications", "2", "--json", "--plots", str(tmp_path / "plots"))
    summary = json.loads(ended.out)
    queues = {queue["queue"]: queue for queue in summary["queues"]}
    assert 0 < queues["sales"]["service_level"]["mean"] < 1
    assert summary["replications"] == 2
    pictures = sorted(file.name for file in (tmp_path / "plots").iterdir())
    assert pictures == ["agents.png", "queue-sales.png", "queue-support.png"]
    assert all((tmp_path / "plots" / name).read_bytes().startswith(_PNG) for name in pictures)


def test_a_mistake_names_its_place(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "bad.day.yaml"
    file.write_text(SMALL.replace("queue: line", "queue: lin"))
    ended = command("simulate", str(file))
    assert (ended.code, ended.out) == (2, "")
    assert "bad.day.yaml:6:24: unknown queue 'lin'; did you mean 'line'?" in ended.err


def test_the_formulas(command: Command) -> None:
    """The house example: 360 calls in half an hour, 240 s, 15 s."""
    load = ("--calls-per-hour", "720", "--handling-s", "240", "--threshold-s", "15")
    ended = command("staff", *load, "--patience-s", "120")
    assert "49 <" in ended.out
    assert "agents needed: 49" in ended.out
    assert "55 (Erlang C)" in ended.out
    told = json.loads(command("staff", *load, "--json").out)
    assert (told["agents"], told["erlangs"]) == (55, 48)
    at_55 = next(row for row in told["by_agents"] if row["agents"] == 55)
    assert abs(at_55["service_level"] - 0.8459) < 5e-5


def test_the_fewest_agents(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "small.day.yaml"
    file.write_text(SMALL)
    ended = command("staff", str(file))
    assert ended.code == 0
    assert "every target is reached in every interval" in ended.out
    told = json.loads(command("staff", str(file), "--json").out)["staffing"]
    assert told["reached"]
    assert told["intervals"] == ["08:00", "09:00"]
    assert min(told["agents"]["people"]) >= 1


def test_a_search_that_is_cut_off_says_so(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "small.day.yaml"
    file.write_text(SMALL.replace("agents: 1", "agents: 1, missed: 0.9"))
    ended = command("staff", str(file), "--trials", "1")
    assert ended.code == 1
    assert "not every target could be reached" in ended.out


def test_what_is_missing_is_said(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "small.day.yaml"
    file.write_text(SMALL.replace("{target: 80}", "{}"))
    assert "no queue has a target" in command("staff", str(file)).err
    assert "--calls-per-hour" in command("staff").err
