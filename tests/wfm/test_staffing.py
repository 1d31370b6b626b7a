"""The fewest agents: enough for each target, and one less is not; beside the closed form."""

from dataclasses import replace

import pytest

from switch.acd.settings import AgentSettings, Need, QueueSettings, Requirement, Step
from switch.wfm.erlang import Load, agents_for
from switch.wfm.results import Counts, Sheet, total
from switch.wfm.scenario import Handling, Scenario, Shape, Shift, Stream, Target, Worker
from switch.wfm.staffing import Search, Staffing, first_plan, planned, servers
from tests.wfm.days import alike, sheets


def search(scenario: Scenario, replications: int = 4, trials: int = 60) -> Staffing:
    counted: list[int] = []
    found = Search(scenario, lambda plan: sheets(plan, replications), trials, counted.append).run()
    assert counted == list(range(1, found.trials + 1))
    assert found.trials <= trials
    return found


def levels(found: Staffing, queue: str) -> list[float]:
    """The share served in time, by interval."""
    whole = [
        total(day.queues[queue][place] for day in found.sheets) for place in range(found.scenario.intervals)
    ]
    return [counts.in_time / counts.entered for counts in whole]


def test_alike_agents_are_as_many_as_erlang_says() -> None:
    """Long intervals at an even load: the simulation and the formula differ by at most one."""
    scenario = replace(
        alike(1, (3000.0, 3000.0), day_s=72_000, patience_s=120), targets=(Target("line", 0.8),)
    )
    found = search(scenario)
    formula = agents_for(Load(3000 / 36_000, 120), 20, 0.8, patience_s=120)
    assert found.reached
    assert all(abs(count - formula) <= 1 for count in found.plan["all"])
    assert min(levels(found, "line")) >= 0.8


def skilled() -> Scenario:
    french = Requirement((Step(0, (Need("french", 50),)),))
    always = (Shift(0, 7200),)
    return Scenario(
        queues=(QueueSettings("french"), QueueSettings("help")),
        workers=(
            Worker(AgentSettings("bilingual", (("french", 90), ("english", 90))), "bilingual", always),
            Worker(AgentSettings("english", (("english", 90),), ("help",)), "english", always),
        ),
        streams=(
            Stream("orders", "french", french, 0, (10, 40), Handling(180, Shape.EXPONENTIAL), 180),
            Stream("faults", "help", Requirement(), 0, (60, 60), Handling(240, Shape.EXPONENTIAL), 180),
        ),
        day_s=7200,
        interval_s=3600,
        targets=(Target("french", 0.8), Target("help", 0.8)),
    )


def test_skills_decide_who_is_asked_for() -> None:
    scenario = skilled()
    assert servers(scenario, "french") == ["bilingual"]
    assert servers(scenario, "help") == ["english", "bilingual"]
    found = search(scenario, replications=10)
    assert found.reached
    assert found.plan["bilingual"][1] > found.plan["bilingual"][0] > 0
    assert min(levels(found, "french")) >= 0.8
    assert min(levels(found, "help")) >= 0.8


def test_one_less_anywhere_misses_a_target() -> None:
    found = search(skilled(), replications=10, trials=200)
    for group, counts in found.plan.items():
        for place, count in enumerate(counts):
            if not count:
                continue
            less = {name: list(row) for name, row in found.plan.items()}
            less[group][place] -= 1
            days = sheets(planned(skilled(), less), 10)
            missed = [
                total(day.queues[queue][at] for day in days)
                for queue in ("french", "help")
                for at in range(2)
            ]
            assert min(part.in_time / part.entered for part in missed) < 0.8, (group, place)


def test_what_nobody_can_serve_is_said() -> None:
    scenario = skilled()
    nobody = replace(scenario, workers=scenario.workers[1:])
    found = search(nobody, trials=5)
    assert not found.reached


def test_shifts_are_whole_while_an_agent_is_needed() -> None:
    plan = planned(skilled(), {"bilingual": [1, 2], "english": [0, 1]})
    shifts = [(worker.group, worker.shifts) for worker in plan.workers]
    assert shifts == [
        ("bilingual", (Shift(0, 7200),)),
        ("bilingual", (Shift(3600, 7200),)),
        ("english", (Shift(3600, 7200),)),
    ]


@pytest.mark.parametrize("shows", [-1, 0, 1])
def test_an_agent_who_is_missed_is_given_back_and_the_others_stay_away(shows: int) -> None:
    """Several intervals are tried at once. The one that misses its target, or whose neighbour does because a
    line is left behind, keeps its agent; that is no reason to keep agents elsewhere."""
    scenario = replace(
        alike(1, (600.0,) * 8, day_s=8 * 3600.0, patience_s=120), targets=(Target("line", 0.8),)
    )
    erlang = first_plan(scenario)["all"]
    needed = [count - less for count, less in zip(erlang, (0, 1, 3, 2, 0, 1, 4, 0), strict=True)]

    def simulate(plan: Scenario) -> list[Sheet]:
        """Known beforehand: a target is missed where there are fewer than needed, or beside it."""
        there = [sum(shift_covers(worker, place) for worker in plan.workers) for place in range(8)]
        late = {place + shows for place in range(8) if there[place] < needed[place]}
        # What the last interval leaves behind is seen in itself: there is no other.
        late = {min(7, max(0, place)) for place in late}
        counts = [Counts(entered=10, in_time=0 if place in late else 10) for place in range(8)]
        return [Sheet({"line": counts}, {"all": [3600.0] * 8}, {"all": [3600.0] * 8})]

    found = Search(scenario, simulate, 200, lambda _: None).run()
    assert found.reached
    assert found.plan["all"] == needed


def shift_covers(worker: Worker, place: int) -> bool:
    """Whether the agent is there in an hour of the day."""
    return any(shift.from_s <= place * 3600 and (place + 1) * 3600 <= shift.to_s for shift in worker.shifts)
