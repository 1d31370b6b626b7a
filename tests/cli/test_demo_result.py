"""What the demo says at its end, and what it refuses to begin."""

import importlib.util
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from switch.api.views import CallRecord, WhyAnswer
from switch.cli.demo.hearing import Direction
from switch.cli.demo.result import Result, Verdict
from switch.cli.demo.story import PROBLEMS_MAX, Story
from switch.cli.demo.tables import show
from switch.cli.output import stream_console
from switch.metrics.report import measure
from tests.cli.conftest import Command

RECORD = CallRecord(
    tenant="maple",
    call="c-1",
    direction="inbound",
    caller="+15145559000",
    called="+15145550100",
    started_wall_us=1,
    answered_wall_us=2,
    ended_wall_us=3,
    cause="normal",
    by="caller",
    queue="sales",
    agent="anna",
    waited_ms=5_000,
    talked_ms=6_000,
)
RESULT = Result(
    ok=False,
    seed=4,
    seconds=61.0,
    customers=(),
    calls=(RECORD,),
    why=WhyAnswer("c-1", "maple", "Call c-1 [went] to anna.", (), ()),
    talks=(),
    audio=(Direction("customer to agent", 3, 0.95, 0.99, 0.1),),
    metrics=measure([], from_wall_us=0, until_wall_us=1).figures,
    verdicts=(Verdict("all heard each other", True, "3 talks"), Verdict("no call is left", False, "1 call")),
)


def shown(result: Result, width: int) -> str:
    out = io.StringIO()
    show(result, Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_all_ten_metrics_are_told_and_those_not_measured_say_so() -> None:
    text = shown(RESULT, 100)
    for figure in RESULT.metrics:
        assert figure.name in text
    assert text.count("not measured") == 10
    assert "no survey was asked" in text


@pytest.mark.parametrize("width", [80, 200])
def test_it_fits_a_terminal(width: int) -> None:
    text = shown(RESULT, width)
    assert max(len(line) for line in text.splitlines()) <= width
    for wanted in ("c-1 ", "+15145559000", "0.9500", "Call c-1 [went] to anna.", "customer to agent"):
        assert wanted in text
    assert ("answered within T" in text) == (width == 200)


def test_what_is_not_well_stands_out() -> None:
    text = shown(RESULT, 100)
    assert "ok      all heard each other: 3 talks" in text
    assert "NOT OK  no call is left: 1 call" in text


def test_a_demo_in_which_nobody_called_is_told_too() -> None:
    text = shown(replace(RESULT, calls=(), why=None, audio=()), 100)
    assert "nobody called" in text
    assert "nobody talked long enough" in text


def test_a_pipe_gets_whole_lines() -> None:
    """A table that is read by grep must not fold at the 80 columns that no terminal asked for."""
    out = io.StringIO()
    stream_console(out).print("x" * 300)
    assert out.getvalue() == "x" * 300 + "\n"


def test_times_count_from_the_opening_and_problems_are_bounded() -> None:
    story = Story()
    told: list[str] = []
    story.listener = told.append
    story.tell("the phones register")
    story.open()
    for number in range(PROBLEMS_MAX + 5):
        story.problem(str(number))
    assert told[0] == "0:00 the phones register"
    assert told[1].endswith("PROBLEM: 0")
    assert len(story.problems) == PROBLEMS_MAX


def test_without_its_phones_it_says_what_to_install(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> Any:
        return None if name == "pjsua2" else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    ended = command("demo")
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert "pip install 'softswitch[phones]'" in ended.err


@pytest.mark.parametrize("option", [("--agents", "1"), ("--customers", "0"), ("--minutes", "0")])
def test_sizes_that_make_no_demo_are_bad_usage(command: Command, option: tuple[str, str]) -> None:
    assert command("demo", *option).code == 2


def test_a_state_folder_that_cannot_be_is_one_line(command: Command, tmp_path: Path) -> None:
    pytest.importorskip("pjsua2")
    (tmp_path / "file").write_text("")
    ended = command("demo", "--state", str(tmp_path / "file" / "state"))
    assert ended.code == 1
    assert ended.err.count("\n") == 1


def test_a_state_folder_that_others_may_enter_is_refused_by_the_switch(
    command: Command, tmp_path: Path
) -> None:
    pytest.importorskip("pjsua2")
    folder = tmp_path / "open"
    folder.mkdir()
    os.chmod(folder, 0o755)
    ended = command("demo", "--state", str(folder))
    assert ended.code == 1
    assert "0755" in ended.err
    assert ended.err.count("\n") == 1
