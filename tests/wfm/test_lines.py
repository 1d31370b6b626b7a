"""Lines that lose sound on a simulated day, by hand-made traces: who is asked last, and who not at all."""

from dataclasses import replace

import pytest

from switch.acd.router import Router
from switch.acd.settings import AgentSettings, Policy, QueueSettings
from switch.wfm.day import DayResult, simulate_day
from switch.wfm.results import sheet_of, summarize
from switch.wfm.scenario import BadLines, Call, Scenario, Shift, Stream, Worker
from switch.wfm.staffing import planned
from tests.wfm.days import run

HOUR_S = 3600
TWELVE, EIGHTEEN = BadLines(1.0, 0.12), BadLines(1.0, 0.18)


def centre(*calls: Call, line: BadLines = TWELVE, alone: bool = False, watch: bool = True) -> Scenario:
    """Anna, whose line is bad, is asked before Ben, whose line is good."""
    anna = Worker(AgentSettings("anna", order=0), "anna", (Shift(0, HOUR_S),), line=line)
    ben = Worker(AgentSettings("ben", order=1), "ben", (Shift(0, HOUR_S),))
    workers = (anna,) if alone else (anna, ben)
    streams = (Stream("calls", "line", trace=calls),)
    queues = (QueueSettings("line", Policy.LINEAR),)
    return Scenario(queues, workers, streams, HOUR_S, HOUR_S, watch_lines=watch)


def who(day: DayResult) -> list[str]:
    return [f"{visit.agent} {visit.waited_s:g}" for visit in day.visits]


def test_a_failing_line_is_asked_last() -> None:
    """From the end of the first talk on: Anna only where Ben is busy."""
    calls = (Call(0, 15), Call(20, 15), Call(21, 5))
    day = run(centre(*calls))
    assert who(day) == ["anna 0", "ben 0", "anna 0"]
    assert day.lines_fell == (1, 0)
    assert who(run(centre(*calls, watch=False))) == ["anna 0", "anna 0", "ben 0"]
    assert who(run(centre(*calls, line=BadLines(1.0, 0.05)))) == ["anna 0", "anna 0", "ben 0"]


def test_a_short_talk_says_nothing() -> None:
    assert who(run(centre(Call(0, 9.9), Call(20, 5)))) == ["anna 0", "anna 0"]
    assert who(run(centre(Call(0, 10), Call(20, 5)))) == ["anna 0", "ben 0"]


def test_a_long_talk_shows_it_before_its_end() -> None:
    """After the first twenty seconds of it; and it lapses half an hour after the talk."""
    day = run(centre(Call(0, 100), Call(2000, 5), Call(1899, 5), Call(1901, 5)))
    assert day.lines_fell == (1, 0)
    assert who(day) == ["anna 0", "ben 0", "anna 0", "anna 0"]


def test_an_unusable_line_is_passed_over_and_tried_again_after_ten_minutes() -> None:
    """Two talks in a row that lost over 15 %. The second ends at 40, so nobody is offered before 640."""
    day = run(centre(Call(0, 15), Call(20, 20), Call(50, 5), line=EIGHTEEN, alone=True))
    assert who(day) == ["anna 0", "anna 0", "anna 590"]
    assert day.lines_fell == (1, 1)
    usable = run(centre(Call(0, 15), Call(20, 20), Call(50, 5), alone=True))
    assert who(usable) == ["anna 0"] * 3


@pytest.mark.parametrize(("share", "bad"), [(0.0, 0), (0.2, 1), (0.4, 2), (1.0, 5)])
def test_the_stated_share_of_a_group(share: float, bad: int) -> None:
    """Also where the staffing makes the agents."""
    like = Worker(AgentSettings("a"), "group", (Shift(0, HOUR_S),), line=BadLines(share, 0.5))
    calls = tuple(Call(0, 15) for _ in range(5))
    scenario = planned(replace(centre(*calls), workers=(like,)), {"group": [5]})
    assert run(scenario).lines_fell == (bad, 0)


def test_both_halves_of_the_router_give_the_same_day_of_bad_lines() -> None:
    stream = Stream("calls", "line", calls=(200.0,), patience_s=100)
    workers = tuple(
        Worker(AgentSettings(f"a{number}"), "group", (Shift(0, HOUR_S),), line=BadLines(0.5, 0.18))
        for number in range(10)
    )
    scenario = replace(centre(), workers=workers, streams=(stream,))
    day = run(scenario, seed=2)
    assert simulate_day(scenario, Router(2), 2, 0) == day
    assert min(day.lines_fell) > 0
    assert summarize(scenario, [sheet_of(scenario, day)] * 2).lines_fell == day.lines_fell
