"""How many people should work here? The fewest agents by interval and group for each queue's service level.

Theory of operation. A plan says how many of each group are there in each interval. It begins with Erlang's
answer for each kind of call alone, given to the least skilled group that serves it. Then the real router is
simulated with it, on the same callers each time: where a queue misses its target, agents are added, to
that group of those who serve it that was busiest; where all is well, agents are taken away, the most skilled
first, as long as every target is kept. At the end, one agent less anywhere misses a target, as far as the
search could afford to look (`trials_max`). It is a local optimum, not a proof that no other mix is cheaper.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from switch.acd.settings import Need, QueueSettings
from switch.base.clock import SECOND
from switch.wfm.erlang import Load, agents_for
from switch.wfm.results import Sheet, total
from switch.wfm.scenario import Scenario, Shift, Stream, Worker
from switch.wfm.ways import Wait

Plan = dict[str, list[int]]
"""Agents by group and interval."""

Simulate = Callable[[Scenario], Sequence[Sheet]]
"""All replications of a scenario, from the same seeds each time."""

APART = 3
"""Intervals that are tried at once lie this far apart: an agent is hardly missed beyond the next interval."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """The plan, the days simulated with it, and whether every target was reached in every interval."""

    plan: Plan
    scenario: Scenario
    sheets: Sequence[Sheet]
    reached: bool
    trials: int

    @property
    def agent_hours(self) -> float:
        return sum(map(sum, self.plan.values())) * self.scenario.interval_s / 3600


def groups_of(scenario: Scenario) -> dict[str, Worker]:
    """One worker of each group: all are alike."""
    return {worker.group: worker for worker in reversed(scenario.workers)}


def planned(scenario: Scenario, plan: Plan) -> Scenario:
    """The scenario with so many agents: the k-th of a group is there when at least k are wanted."""
    templates = groups_of(scenario)
    workers: list[Worker] = []
    for group, counts in plan.items():
        like = templates[group]
        for number in range(max(counts, default=0)):
            agent = replace(like.agent, name=f"{group}-{number + 1}", order=len(workers))
            workers.append(replace(like, agent=agent, shifts=_shifts(scenario, counts, number)))
    return replace(scenario, workers=tuple(workers))


def _shifts(scenario: Scenario, counts: Sequence[int], number: int) -> tuple[Shift, ...]:
    found: list[Shift] = []
    for place, count in enumerate(counts):
        if count <= number:
            continue
        start = place * scenario.interval_s
        until = min(start + scenario.interval_s, scenario.day_s)
        if found and found[-1].to_s == start:
            found[-1] = Shift(found[-1].from_s, until)
        else:
            found.append(Shift(start, until))
    return tuple(found)


def serves(worker: Worker, stream: Stream | Wait) -> bool:
    """Whether the agent may take these calls, at once or after they have widened."""
    agent = worker.agent
    levels = dict(agent.skills)

    def has(needs: tuple[Need, ...]) -> bool:
        return all(levels.get(need.skill, 0) >= need.level for need in needs)

    return any(
        (not agent.queues or bool({stream.queue, *step.queues} & {*agent.queues}))
        and (not step.teams or bool({*step.teams} & {*agent.teams}))
        and has(step.needs)
        and not any(has((need,)) for need in step.none_of)
        and (not step.any_of or any(map(has, step.any_of)))
        for step in stream.requirement.steps
    )


def servers(scenario: Scenario, queue: str) -> list[str]:
    """The groups that serve any call of the queue, the least skilled first."""
    asked: tuple[Stream | Wait, ...] = (*scenario.streams, *scenario.waits)
    streams = [stream for stream in asked if stream.queue == queue]
    found = {
        group: worker
        for group, worker in groups_of(scenario).items()
        if any(serves(worker, stream) for stream in streams)
    }
    return sorted(found, key=lambda group: (sum(level for _, level in found[group].agent.skills), group))


def first_plan(scenario: Scenario) -> Plan:
    """Erlang's answer for each kind of call alone, given to the least skilled group that serves it."""
    plan: Plan = {group: [0] * scenario.intervals for group in groups_of(scenario)}
    queues = {queue.name: queue for queue in scenario.queues}
    target = {item.queue: item.service_level for item in scenario.targets}
    for stream in scenario.streams:
        able = [
            group for group in servers(scenario, stream.queue) if serves(groups_of(scenario)[group], stream)
        ]
        if not able:
            continue
        for place, calls in enumerate(_expected(scenario, stream)):
            wanted = _agents(queues[stream.queue], stream, calls / scenario.interval_s, target)
            plan[able[0]][place] += wanted
    return plan


def _expected(scenario: Scenario, stream: Stream) -> list[float]:
    if not stream.trace:
        return list(stream.calls)
    calls = [0.0] * scenario.intervals
    for call in stream.trace:
        calls[min(len(calls) - 1, int(call.at_s // scenario.interval_s))] += 1
    return calls


def _agents(queue: QueueSettings, stream: Stream, calls_per_s: float, target: dict[str, float]) -> int:
    handling_s = stream.handling.mean_s
    if stream.trace:
        handling_s = sum(call.handling_s for call in stream.trace) / len(stream.trace)
    load = Load(calls_per_s, max(handling_s + queue.wrap_up_us / SECOND, 0.001))
    level = target.get(queue.name, 0.0)
    return agents_for(load, queue.service_level_us / SECOND, level, patience_s=stream.patience_s)


class Search:
    """One search. `simulate` gives the days of a scenario; `told` is called after each, with how many."""

    def __init__(
        self, scenario: Scenario, simulate: Simulate, trials_max: int, told: Callable[[int], None]
    ) -> None:
        assert scenario.targets, "the reader asks for targets"
        self._scenario = scenario
        self._simulate = simulate
        self._left = trials_max
        self._trials = 0
        self._told = told
        self._servers = {item.queue: servers(scenario, item.queue) for item in scenario.targets}

    def run(self) -> Staffing:
        plan = first_plan(self._scenario)
        sheets = self._try(plan)
        while self._left > 0 and (missed := self._missed(sheets)):
            if not self._add(plan, sheets, missed):
                break
            sheets = self._try(plan)
        if not self._missed(sheets):
            sheets = self._take_away(plan, sheets)
        reached = not self._missed(sheets)
        return Staffing(plan, planned(self._scenario, plan), sheets, reached, self._trials)

    def _try(self, plan: Plan) -> Sequence[Sheet]:
        self._left -= 1
        self._trials += 1
        sheets = self._simulate(planned(self._scenario, plan))
        self._told(self._trials)
        return sheets

    def _missed(self, sheets: Sequence[Sheet]) -> list[tuple[str, int, float]]:
        """Queue, interval and by how much, of each target that is not reached."""
        found: list[tuple[str, int, float]] = []
        for target in self._scenario.targets:
            for place in range(self._scenario.intervals):
                counts = total(sheet.queues[target.queue][place] for sheet in sheets)
                told = counts.wanted
                reached = counts.in_time / told if told else 1.0
                if reached < target.service_level:
                    found.append((target.queue, place, target.service_level - reached))
        return found

    def _add(self, plan: Plan, sheets: Sequence[Sheet], missed: list[tuple[str, int, float]]) -> bool:
        """Agents where they are missing; more at once where much is missing."""
        added: set[tuple[str, int]] = set()
        for queue, place, lacking in missed:
            able = self._servers[queue]
            if not able:
                continue
            group = max(able, key=lambda name: self._occupancy(sheets, name, place))
            if (group, place) in added:
                continue
            # A line that the interval before left behind is not this one's fault; it is served all the same.
            plan[group][place] += max(1, round(lacking * plan[group][place] / 4))
            added.add((group, place))
        return bool(added)

    @staticmethod
    def _occupancy(sheets: Sequence[Sheet], group: str, place: int) -> float:
        """A group that is not there counts as busy, so that the least skilled is asked first."""
        staffed = sum(sheet.staffed_s.get(group, [0.0] * (place + 1))[place] for sheet in sheets)
        busy = sum(sheet.busy_s.get(group, [0.0] * (place + 1))[place] for sheet in sheets)
        return busy / staffed if staffed else 1.0

    def _take_away(self, plan: Plan, sheets: Sequence[Sheet]) -> Sequence[Sheet]:
        """One less here and there, most skilled first, while every target is kept."""
        skilled = sorted(
            plan, key=lambda name: -sum(level for _, level in groups_of(self._scenario)[name].agent.skills)
        )
        for group in skilled:
            for places in self._rounds():
                open_places = set(places)
                while open_places and self._left > 0:
                    open_places = {place for place in open_places if plan[group][place] > 0}
                    for place in open_places:
                        plan[group][place] -= 1
                    trial = self._try(plan) if open_places else sheets
                    missed = {place for _, place, _ in self._missed(trial)}
                    if not missed:
                        sheets = trial
                        continue
                    # A target missed here or just after is blamed on the agent taken here.
                    blamed = {place for place in open_places if missed & {place - 1, place, place + 1}}
                    for place in blamed or open_places:
                        plan[group][place] += 1
                    kept = open_places - blamed if blamed else set()
                    if kept and self._left > 0:
                        trial = self._try(plan)
                        if self._missed(trial):
                            for place in kept:
                                plan[group][place] += 1
                        else:
                            sheets = trial
                    open_places = kept
        return sheets

    def _rounds(self) -> Iterator[list[int]]:
        for offset in range(APART):
            yield list(range(offset, self._scenario.intervals, APART))
