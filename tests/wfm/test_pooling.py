"""What is known of skills and policies from the literature, found again with the real router.

Days are compared in pairs, on the same callers: so the scatter of the days is not that of the difference.
"""

import os
from dataclasses import replace
from functools import cache
from math import sqrt
from statistics import fmean, stdev

import pytest

from switch.acd.settings import AgentSettings, Need, Policy, QueueSettings, Requirement, Step
from switch.wfm.results import half_width, total
from switch.wfm.scenario import Handling, Scenario, Shape, Shift, Stream, Worker
from tests.wfm.days import ENDLESS_S, sheets

SOAK = bool(os.environ.get("SOAK"))
KINDS = 6
AGENTS = 60
CALLS_A_MINUTE = 4.6
"""Of each kind, of 120 s each: 55 of the 60 agents are busy."""

DAY_S = 4 * 3600


def kinds_of(agent: int, skills: int) -> range:
    """A chain (Jordan and Graves 1995): whoever has two skills has those of neighbours."""
    return range(agent % KINDS, agent % KINDS + skills)


@cache
def levels(skills: int) -> list[float]:
    """The service level of each day where every agent has so many skills."""
    workers = tuple(
        Worker(
            AgentSettings(
                f"agent-{number}",
                tuple((f"kind-{kind % KINDS}", 80) for kind in kinds_of(number, skills)),
                order=number,
            ),
            "all",
            (Shift(0, ENDLESS_S),),
        )
        for number in range(AGENTS)
    )
    streams = tuple(
        Stream(
            f"kind-{kind}",
            "line",
            Requirement((Step(0, (Need(f"kind-{kind}", 50),)),)),
            calls=(CALLS_A_MINUTE * DAY_S / 60,),
            handling=Handling(120, Shape.EXPONENTIAL),
            patience_s=300,
        )
        for kind in range(KINDS)
    )
    scenario = Scenario(
        (QueueSettings("line", Policy.LONGEST_IDLE, service_level_us=20_000_000),),
        workers,
        streams,
        DAY_S,
        DAY_S,
    )
    return [total(day.queues["line"]).service_level for day in sheets(scenario, 40 if SOAK else 9)]


def test_two_skills_an_agent_are_nearly_as_good_as_all() -> None:
    """Wallace and Whitt 2005: with one skill the line is far worse, with two almost that of all six."""
    one, two, three, six = (levels(skills) for skills in (1, 2, 3, KINDS))
    lost_by_one = [best - worst for best, worst in zip(six, one, strict=True)]
    lost_by_two = [best - less for best, less in zip(six, two, strict=True)]
    assert fmean(lost_by_one) - half_width(lost_by_one) > 0.15
    assert fmean(lost_by_two) + half_width(lost_by_two) < 0.08
    # Three quarters of what flexibility can give come with the second skill, and hardly more with a third.
    assert fmean(lost_by_two) < fmean(lost_by_one) / 4
    assert fmean(three) > fmean(two) > fmean(one)


BILINGUAL, MONOLINGUAL = 8, 16
ALTERNATIVES = (Policy.LONGEST_IDLE, Policy.MOST_SKILLED, Policy.FEWEST_CALLS, Policy.RANDOM, Policy.LINEAR)
SLOWER = (Policy.LEAST_OCCUPIED, Policy.ROUND_ROBIN, Policy.WEIGHTED_RANDOM)
"""Compared in `make soak` only."""


def experts(policy: Policy) -> Scenario:
    """A few who speak both languages beside many who speak one; calls in the other are rare."""

    def worker(number: int, *skills: str) -> Worker:
        agent = AgentSettings(f"agent-{number:02}", tuple((skill, 80) for skill in skills), order=number)
        return Worker(agent, "all", (Shift(0, ENDLESS_S),))

    workers = [worker(number, "english", "french") for number in range(BILINGUAL)]
    workers += [worker(BILINGUAL + number, "english") for number in range(MONOLINGUAL)]

    def stream(skill: str, calls_a_minute: float) -> Stream:
        return Stream(
            skill,
            skill,
            Requirement((Step(0, (Need(skill, 50),)),)),
            calls=(calls_a_minute * DAY_S / 60,),
            handling=Handling(120, Shape.EXPONENTIAL),
            patience_s=240,
        )

    return Scenario(
        (QueueSettings("english", policy), QueueSettings("french", policy)),
        tuple(workers),
        (stream("english", 7.5), stream("french", 2.0)),
        DAY_S,
        DAY_S,
    )


@cache
def waits(policy: Policy) -> tuple[list[float], list[float]]:
    """Mean wait of the rare callers and of all, by day."""
    days = sheets(experts(policy), 40 if SOAK else 9)
    rare = [total(day.queues["french"]) for day in days]
    whole = [total((rare_of, total(day.queues["english"]))) for rare_of, day in zip(rare, days, strict=True)]
    return [day.wait_s / day.entered for day in rare], [day.wait_s / day.entered for day in whole]


@pytest.mark.parametrize("other", [*ALTERNATIVES, *(SLOWER if SOAK else ())])
def test_least_skilled_keeps_the_experts_free(other: Policy) -> None:
    """Calls that all can take go to those who can take nothing else: the rare callers wait less than under
    any other policy, and all together no longer."""
    rare, whole = waits(Policy.LEAST_SKILLED)
    rare_other, whole_other = waits(other)
    gained = [theirs - ours for theirs, ours in zip(rare_other, rare, strict=True)]
    assert fmean(gained) - half_width(gained) > 0
    more = [theirs - ours for theirs, ours in zip(whole_other, whole, strict=True)]
    assert fmean(more) + stdev(more) / sqrt(len(more)) > 0


def test_the_gain_is_that_of_the_bilingual_alone() -> None:
    """With everybody bilingual the policies of skill make no difference: a check of the comparison."""

    def alike(policy: Policy) -> Scenario:
        scenario = experts(policy)
        both = tuple((skill, 80) for skill in ("english", "french"))
        workers = tuple(replace(w, agent=replace(w.agent, skills=both)) for w in scenario.workers)
        return replace(scenario, workers=workers)

    least, longest = (sheets(alike(policy), 3) for policy in (Policy.LEAST_SKILLED, Policy.LONGEST_IDLE))
    assert [day.queues for day in least] == [day.queues for day in longest]
