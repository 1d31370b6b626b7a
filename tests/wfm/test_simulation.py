"""Simulated days against published results and closed forms; the books balance; a seed is a day."""

import json
import os
from dataclasses import replace
from itertools import pairwise
from math import sqrt
from statistics import NormalDist, fmean, stdev
from typing import Any

import pytest

from switch.acd.router import Router
from switch.acd.settings import AgentSettings, Need, Policy, QueueSettings, Requirement, Step
from switch.wfm.day import simulate_day
from switch.wfm.draws import Draws
from switch.wfm.erlang import Load, impatient
from switch.wfm.results import half_width, sheet_of, spread, summarize, total
from switch.wfm.scenario import Call, Handling, Scenario, Shape, Shift, Stream, Target, Worker
from tests.vectors import vector
from tests.wfm.days import ENDLESS_S, alike, run, sheets

REPLICATIONS = 1000 if os.environ.get("SOAK") else 50
COMPARISONS = 4
"""Published figures compared below: Bonferroni's correction divides the 1 % by it."""

NORMAL_95 = 1.959964


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(vector("queueing/simulation_reference.json").read_text())
    return found


def agrees(ours: list[float], low: float, high: float) -> None:
    """A two-sample test at 1 %, corrected, of our mean against a published 95 % interval."""
    theirs, their_error = (low + high) / 2, (high - low) / 2 / NORMAL_95
    error = sqrt(stdev(ours) ** 2 / len(ours) + their_error**2)
    bound = NormalDist().inv_cdf(1 - 0.01 / COMPARISONS / 2)
    assert abs(fmean(ours) - theirs) <= bound * error, f"{fmean(ours)} against {low}..{high}"


def test_a_day_without_abandonment_as_published(published: dict[str, Any]) -> None:
    """4.2 calls a minute for 480 minutes from an empty start, 12 agents, mean talk of 2 minutes."""
    reference = published["MMC"]
    days = [
        total(sheet.queues["line"]) for sheet in sheets(alike(12, (4.2 * 480,), day_s=28_800), REPLICATIONS)
    ]
    agrees([day.answered_in_time for day in days], *reference["ci"])
    agrees([day.speed_of_answer_s / 60 for day in days], *reference["ASA_min"])


def test_a_day_with_abandonment_as_published(published: dict[str, Any]) -> None:
    reference = published["MMCAb"]
    scenario = alike(12, (4.2 * 480,), day_s=28_800, patience_s=60)
    days = [total(sheet.queues["line"]) for sheet in sheets(scenario, REPLICATIONS, seed=3)]
    agrees([day.abandoned for day in days], *reference["ci"])
    agrees([day.answered_in_time for day in days], *reference["in_target"])


def test_a_long_day_comes_to_the_closed_form() -> None:
    scenario = alike(20, (9 * 1440.0,), day_s=86_400, patience_s=90)
    formula = impatient(Load(9 / 60, 120), 20, 20, 90)
    days = [total(sheet.queues["line"]) for sheet in sheets(scenario, 6)]
    shares = [day.abandonment for day in days]
    assert abs(fmean(shares) - formula.abandoned) <= 4 * stdev(shares) / sqrt(len(shares)) + 1e-4
    levels = [day.service_level for day in days]
    assert abs(fmean(levels) - formula.service_level) <= 4 * stdev(levels) / sqrt(len(levels)) + 1e-4


def centre(policy: Policy = Policy.MOST_SKILLED) -> Scenario:
    """Two queues, three groups, retrials, missed offers, shifts that end in the middle."""
    need = Requirement((Step(0, (Need("french", 50),)), Step(30_000_000, ())))
    return Scenario(
        queues=(
            QueueSettings("sales", policy, wrap_up_us=20_000_000, ring_us=15_000_000),
            QueueSettings("help", policy, contacts_max=1, refuse_without_agents=True),
        ),
        workers=(
            Worker(AgentSettings("anna", (("french", 90),), order=0), "french", (Shift(0, 7200),), 4, 0.1),
            Worker(AgentSettings("ben", order=1), "others", (Shift(0, 3600), Shift(5400, 14400)), 3, 0.1),
            Worker(AgentSettings("carl", (), ("help",), 2), "helpers", (Shift(1800, 14400),), 3),
        ),
        streams=(
            Stream("orders", "sales", need, 1, (20, 30, 30, 10), Handling(200), 120, 0.4, 600),
            Stream("faults", "help", Requirement(), 0, (15, 15, 15, 15), Handling(300), 200),
        ),
        day_s=14_400,
        interval_s=3_600,
        max_wait_s=(("sales", 240.0),),
        targets=(Target("sales", 0.8),),
        day_variation=0.2,
    )


@pytest.mark.parametrize("policy", list(Policy))
def test_the_books_balance(policy: Policy) -> None:
    """Whoever entered has left in one way, or still waits; nobody is served by two, or by nobody."""
    day = run(centre(policy), seed=5)
    sheet = sheet_of(centre(policy), day)
    whole = total(counts for line in sheet.queues.values() for counts in line)
    exits = whole.answered + whole.abandoned + whole.too_long + whole.refused + whole.still
    assert whole.entered == len(day.visits) == exits
    assert len(day.talks) == whole.answered
    assert min(whole.answered, whole.abandoned, whole.too_long, whole.refused, day.missed) > 0
    for agent in ("anna", "ben", "carl"):
        talks = sorted((start, until) for name, start, until, _ in day.talks if name == agent)
        assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(talks))


def test_the_same_seed_gives_the_same_day() -> None:
    assert run(centre(), seed=9) == run(centre(), seed=9)
    assert run(centre(), seed=9) != run(centre(), seed=10)
    assert run(centre(), seed=9, number=1) != run(centre(), seed=9, number=2)


def test_both_halves_of_the_router_give_the_same_day() -> None:
    assert simulate_day(centre(), Router(9), 9, 0) == run(centre(), seed=9)


def test_callers_are_the_same_whoever_works() -> None:
    """Common random numbers: only the decisions differ between two staffings."""
    more = replace(
        centre(), workers=(*centre().workers, Worker(AgentSettings("dora"), "more", (Shift(0, 9e9),)))
    )
    assert Draws(centre(), 4, 0).callers == Draws(more, 4, 0).callers


def test_a_trace_is_the_calls_that_come() -> None:
    trace = (Call(10, 100), Call(11, 100, 30), Call(50, 5, 1e9))
    scenario = replace(alike(1, (0.0,), day_s=3600), streams=(Stream("day", "line", trace=trace),))
    visits = run(scenario).visits
    assert [(visit.at_s, visit.outcome, visit.waited_s) for visit in visits] == [
        (10, "answered", 0),
        (11, "abandoned", 30),
        (50, "answered", 60),
    ]


def test_who_gives_up_calls_again() -> None:
    stream = Stream(
        "calls", "line", calls=(200,), handling=Handling(900), patience_s=30, retrial=0.6, retrial_s=60
    )
    visits = run(replace(alike(2, (0.0,), day_s=3600), streams=(stream,))).visits
    assert sum(visit.caller.retrials > visit.tries_left for visit in visits) > 50


def test_nobody_who_can_serve_is_said_so() -> None:
    scenario = replace(
        centre(), workers=(Worker(AgentSettings("carl", (), ("help",)), "g", (Shift(0, ENDLESS_S),)),)
    )
    sheet = sheet_of(scenario, run(scenario))
    sales = total(sheet.queues["sales"])
    assert sales.refused == sales.entered > 0


def test_handling_has_the_stated_mean_and_scatter() -> None:
    for shape, variation in ((Shape.LOGNORMAL, 0.7), (Shape.EXPONENTIAL, 1.0), (Shape.CONSTANT, 0.0)):
        stream = Stream("calls", "line", calls=(40_000.0,), handling=Handling(200, shape, variation or 1))
        scenario = replace(alike(1, (0.0,), day_s=3600), streams=(stream,))
        times = [caller.handling_s for caller in Draws(scenario, 2, 0).callers]
        assert abs(fmean(times) - 200) < 4
        assert abs(stdev(times) / fmean(times) - variation) < 0.03


def test_figures_of_a_known_day() -> None:
    trace = (Call(0, 100), Call(10, 50), Call(20, 10, 5), Call(3700, 100))
    scenario = replace(alike(1, (0.0, 0.0), day_s=7200), streams=(Stream("day", "line", trace=trace),))
    summary = summarize(scenario, sheets(scenario, 2))
    (queue,), (group,) = summary.queues, summary.groups
    assert (queue.entered.mean, queue.answered.mean, queue.abandoned.mean) == (4, 3, 1)
    assert queue.service_level.mean == 0.75  # one waited 90 s, one gave up after 5
    assert queue.speed_of_answer_s.mean == 30
    assert (queue.by_interval[0].entered, queue.by_interval[1].entered) == (6, 2)
    assert group.occupancy_by_interval == (150 / 3600, 100 / 3600)
    assert queue.entered.half == 0


def test_time_is_spread_over_intervals() -> None:
    into = [0.0, 0.0, 0.0]
    spread(into, 10, 5, 27)
    assert into == [5, 10, 7]
    spread(into, 10, 28, 99)
    assert into == [5, 10, 9]


def test_confidence_is_students() -> None:
    assert half_width([1.0]) == float("inf")
    assert abs(half_width([1.0, 2.0, 3.0]) - 4.303 * 1 / sqrt(3)) < 1e-9
    assert abs(half_width([float(n) for n in range(41)]) / (stdev(range(41)) / sqrt(41)) - 2.021) < 0.002
