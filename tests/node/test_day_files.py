"""Days to simulate: the shipped ones and the documented one are read; every mistake has its place."""

import re
from pathlib import Path

import pytest

from switch.acd.settings import Need, Policy, Step
from switch.base.errors import ConfigurationError
from switch.node import day_schema
from switch.node.day_files import DayFile, read_day
from switch.wfm.scenario import Call, Shape, Shift
from tests.tidy.tree import ROOT

PAGE = (ROOT / "docs" / "administrators.md").read_text()

SMALL = """\
day: 08:00-12:00
interval_minutes: 60
queues:
  line: {policy: linear, wrap_up_s: 20, target: 80, max_wait_s: 90}
groups:
  regulars: {agents: 2, skills: {french: 60}, shifts: "07:00-10:00, 11:00-13:00"}
calls:
  orders:
    queue: line
    needs: {french: 50}
    widen: [{after_s: 60, drop: french}]
    per_hour: {08:00: 30, 09:30: 60}
    patience_s: 100
"""


def read(folder: Path, text: str) -> DayFile:
    file = folder / "small.day.yaml"
    file.write_text(text)
    return read_day(file)


def test_a_small_day(tmp_path: Path) -> None:
    scenario = read(tmp_path, SMALL).scenario
    (queue,), (stream,) = scenario.queues, scenario.streams
    assert (queue.policy, queue.wrap_up_us, stream.max_wait_s) == (Policy.LINEAR, 20_000_000, 90)
    assert stream.calls == (30, 45, 60, 60)
    assert stream.requirement.steps == (Step(0, (Need("french", 50),)), Step(60_000_000, ()))
    assert (scenario.day_s, scenario.starts_at_s, scenario.intervals) == (14_400, 28_800, 4)
    assert [worker.agent.name for worker in scenario.workers] == ["regulars-1", "regulars-2"]
    assert scenario.workers[0].shifts == (Shift(0, 7200), Shift(10_800, 14_400))
    assert scenario.targets[0].service_level == 0.8


def test_a_night_shift_reaches_past_midnight(tmp_path: Path) -> None:
    text = SMALL.replace("08:00-12:00", "22:00-02:00").replace('"07:00-10:00, 11:00-13:00"', "20:00-01:00")
    text = text.replace("{08:00: 30, 09:30: 60}", "{22:00: 30, 00:00: 60}")
    scenario = read(tmp_path, text).scenario
    assert scenario.workers[0].shifts == (Shift(0, 10_800),)
    assert scenario.streams[0].calls == (30, 30, 60, 60)


@pytest.mark.parametrize(
    ("day", "shift", "there"),
    [("22:00-02:00", "00:00-01:00", Shift(7200, 10_800)), ("01:00-05:00", "22:00-03:00", Shift(0, 7200))],
)
def test_a_shift_of_the_other_side_of_midnight(tmp_path: Path, day: str, shift: str, there: Shift) -> None:
    text = SMALL.replace("08:00-12:00", day).replace('"07:00-10:00, 11:00-13:00"', shift)
    assert read(tmp_path, text).scenario.workers[0].shifts == (there,)


def test_a_recorded_day(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("at,handling_s,patience_s\n08:00:05,100,\n9:30,50.5,20\n")
    text = SMALL.replace("per_hour: {08:00: 30, 09:30: 60}", "trace: calls.csv")
    assert read(tmp_path, text).scenario.streams[0].trace == (Call(5, 100), Call(5400, 50.5, 20))


@pytest.mark.parametrize("file", sorted((ROOT / "dialplans").glob("*/*.day.yaml")))
def test_the_days_that_ship_are_read(file: Path) -> None:
    scenario = read_day(file).scenario
    assert {worker.group for worker in scenario.workers} >= {"anna", "felix"}
    assert {stream.queue for stream in scenario.streams} <= {queue.name for queue in scenario.queues}
    assert all(stream.max_wait_s for stream in scenario.streams)


def test_the_documented_day_is_read(tmp_path: Path) -> None:
    example, called_back = re.findall(r"```yaml\n(day:.*?)```", PAGE, re.DOTALL)
    assert read(tmp_path, called_back).scenario.streams[0].accepts is not None
    file = read(tmp_path, example)
    assert (file.replications, len(file.scenario.workers)) == (20, 6)
    assert file.scenario.streams[0].handling.shape is Shape.LOGNORMAL


def test_every_word_is_explained() -> None:
    section = PAGE[PAGE.index("## What if?") :]
    models = [value for value in vars(day_schema).values() if isinstance(value, type)]
    words = {word for model in models for word in getattr(model, "model_fields", {})}
    assert [word for word in sorted(words) if f"`{word}`" not in section] == []


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("linear", "linaer", 4, "did you mean 'linear'?"),
        ("wrap_up_s", "wrapup_s", 4, "unknown word 'wrapup_s'; did you mean 'wrap_up_s'?"),
        ("queue: line", "queue: lin", 9, "unknown queue 'lin'; did you mean 'line'?"),
        ("{french: 50}", "{frensh: 50}", 10, "did you mean 'french'?"),
        ("08:00-12:00", "08:00", 1, "hours such as"),
        ("08:00-12:00", "08:00-10:00, 11:00-12:00", 1, "one range"),
        ("09:30: 60", "9.5: 60", 12, "a time of day such as 08:30 was expected, found '9.5'"),
        ("    per_hour: {08:00: 30, 09:30: 60}\n", "", 8, "either per_hour or trace"),
        ("per_hour: {08:00: 30, 09:30: 60}", "trace: none.csv", 12, "cannot be read"),
        ("target: 80", "target: 100", 4, "target"),
        ("agents: 2", "agents: 0", 6, "at least 1"),
        ("08:00: 30", "08:00: 9000000000", 12, "at most"),
        ("07:00-10:00", "7-10", 6, "hours such as"),
        ("day:", "tenant: maple\nday:", 1, "state 'dialplans'"),
        ("french: 60}", "french: 60}, queues: [lines]", 6, "unknown queue 'lines'"),
    ],
)
def test_mistakes_have_their_place(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    assert old in SMALL
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, SMALL.replace(old, new, 1))
    problem = refused.value.problems[0]
    assert problem.file.endswith("small.day.yaml")
    assert (problem.line, said in problem.message) == (line, True), problem


def test_a_line_of_a_trace_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("at,handling_s\n08:00:05,100\n08:00:09,long\n")
    with pytest.raises(ConfigurationError, match=r"calls\.csv:3: the columns"):
        read(tmp_path, SMALL.replace("per_hour: {08:00: 30, 09:30: 60}", "trace: calls.csv"))


def test_dialplans_give_queues_and_agents(tmp_path: Path) -> None:
    folder = ROOT / "dialplans" / "minimal"
    text = f"dialplans: {folder}\ncalls: {{a: {{queue: sales, per_hour: {{08:00: 5}}}}}}\n"
    scenario = read(tmp_path, text).scenario
    assert "sales" in {queue.name for queue in scenario.queues}
    assert scenario.workers
    with pytest.raises(ConfigurationError, match="unknown tenant 'shap'; did you mean 'shop'"):
        read(tmp_path, text + "tenant: shap\n")
    with pytest.raises(ConfigurationError, match="unknown queue 'sail'"):
        read(tmp_path, text + "queues: {sail: {priority: 1}}\n")
