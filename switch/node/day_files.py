"""Reads the YAML of a day to simulate. Queues and agents may come from dialplans: they are written once."""

import csv
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from switch.acd.settings import (
    AgentSettings,
    Need,
    Policy,
    QueueSettings,
    Requirement,
    Step,
)
from switch.base.clock import SECOND
from switch.base.errors import ConfigurationError, Problem
from switch.dialplan import schema
from switch.dialplan.centre import load_centre
from switch.dialplan.hours import parse_ranges
from switch.dialplan.plan import TenantPlan
from switch.dialplan.problems import Problems
from switch.dialplan.source import Path as Place
from switch.dialplan.source import Source, parse
from switch.node.day_schema import DAY_S, CallsModel, DayModel, GroupModel, QueueModel
from switch.node.dialplan_files import read_dialplans
from switch.node.translate import agent_settings, queue_settings
from switch.wfm.draws import CALLS_MAX
from switch.wfm.scenario import Call, Handling, Scenario, Shift, Stream, Target, Worker

_TIME = re.compile(r"(\d{1,2})[:h](\d{2})(?::(\d{2}))?$")


@dataclass(frozen=True, slots=True)
class DayFile:
    """A scenario, and how often and from which seed it is simulated."""

    scenario: Scenario
    replications: int
    seed: int


def read_day(path: Path) -> DayFile:
    """Raises ConfigurationError with every problem, each with file, line and column."""
    problems = Problems()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError((Problem(str(path), 0, 0, f"cannot be read: {error}"),)) from error
    source = parse(str(path), text, problems)
    model = schema.read(DayModel, source, (), source.data, problems)
    if model is None or problems.problems:
        raise ConfigurationError(tuple(problems.problems))
    file = _Reader(path.parent, source, model, problems).read()
    if problems.problems:
        raise ConfigurationError(tuple(problems.problems))
    return file


@dataclass(slots=True)
class _Reader:
    folder: Path
    source: Source
    model: DayModel
    problems: Problems
    plan: TenantPlan | None = None
    starts_s: int = 0
    day_s: int = 0
    skills: set[str] = field(default_factory=set)

    def read(self) -> DayFile:
        model = self.model
        self._day()
        self._dialplans()
        queues, max_wait, targets = self._queues()
        workers = self._workers({queue.name for queue in queues})
        streams = self._streams({queue.name for queue in queues}, workers)
        scenario = Scenario(
            queues=queues,
            workers=workers,
            streams=streams,
            day_s=self.day_s,
            interval_s=model.interval_minutes * 60,
            max_wait_s=max_wait,
            targets=targets,
            day_variation=model.day_variation,
            starts_at_s=self.starts_s,
        )
        return DayFile(scenario, model.replications, model.seed)

    def _add(self, path: Place, message: str) -> None:
        self.problems.add(self.source.place(path), message)

    def _day(self) -> None:
        try:
            ranges = parse_ranges(self.model.day)
        except ValueError as error:
            self._add(("day",), str(error))
            ranges = ()
        if len(ranges) == 1:
            self.starts_s = ranges[0].start * 60
            self.day_s = (ranges[0].until - ranges[0].start) * 60
        elif ranges:
            self._add(("day",), f"one range such as 08:00-18:00 was expected, found '{self.model.day}'")
        self.day_s = self.day_s or 3600

    def _dialplans(self) -> None:
        if not self.model.dialplans:
            if self.model.tenant:
                self._add(("tenant",), "a tenant is one of dialplans; state 'dialplans' as well")
            return
        centre = load_centre(read_dialplans(self.folder / self.model.dialplans))
        keys = list(centre.tenants)
        tenant = self.model.tenant or (keys[0] if len(keys) == 1 else "")
        self.plan = centre.tenants.get(tenant)
        if self.plan is None:
            place = self.source.place(("tenant",) if tenant else ("dialplans",))
            self.problems.unknown(place, "tenant", tenant, keys)

    def _queues(
        self,
    ) -> tuple[tuple[QueueSettings, ...], tuple[tuple[str, float], ...], tuple[Target, ...]]:
        found: dict[str, QueueSettings] = {}
        max_wait: dict[str, float] = {}
        targets: list[Target] = []
        if self.plan is not None:
            found = {name: queue_settings(queue) for name, queue in self.plan.queues.items()}
            max_wait = {name: float(queue.max_wait_s) for name, queue in self.plan.queues.items()}
        for name, raw in self.model.queues.items():
            path: Place = ("queues", name)
            if self.plan is not None and name not in found:
                self.problems.unknown(self.source.key_place(path), "queue", name, found)
            model = schema.read(QueueModel, self.source, path, raw, self.problems)
            if model is None:
                continue
            found[name] = _changed(found.get(name, QueueSettings(name, refuse_without_agents=True)), model)
            if model.max_wait_s is not None:
                max_wait[name] = model.max_wait_s
            if model.target is not None:
                targets.append(Target(name, model.target / 100))
        return tuple(found.values()), tuple(max_wait.items()), tuple(targets)

    def _shifts(self, texts: list[str], path: Place) -> tuple[Shift, ...]:
        """Within the day; a shift that begins before it is there from the start."""
        if not texts:
            return (Shift(0, self.day_s),)
        found: list[Shift] = []
        for index, text in enumerate(texts):
            try:
                ranges = parse_ranges(text)
            except ValueError as error:
                self._add((*path, index), str(error))
                continue
            for part in ranges:
                # A day that goes past midnight has its small hours on the next day.
                for turn in (-DAY_S, 0, DAY_S):
                    start, until = (second * 60 + turn - self.starts_s for second in (part.start, part.until))
                    if until > 0 and start < self.day_s:
                        found.append(Shift(max(start, 0), min(until, self.day_s)))
        return tuple(sorted(found, key=lambda shift: shift.from_s))

    def _workers(self, queues: set[str]) -> tuple[Worker, ...]:
        workers: list[Worker] = []
        for agent in self.plan.agents.values() if self.plan is not None and not self.model.groups else ():
            shifts = self._shifts(self.model.shifts.get(agent.name, []), ("shifts", agent.name))
            workers.append(Worker(agent_settings(agent), agent.name, shifts, answer_s=3.0))
        agents = {} if self.plan is None else self.plan.agents
        for name in self.model.shifts:
            if name not in agents or self.model.groups:
                self.problems.unknown(self.source.key_place(("shifts", name)), "agent", name, agents)
        for name, raw in self.model.groups.items():
            path: Place = ("groups", name)
            model = schema.read(GroupModel, self.source, path, raw, self.problems)
            if model is None:
                continue
            for index, queue in enumerate(model.queues):
                if queue not in queues:
                    self.problems.unknown(self.source.place((*path, "queues", index)), "queue", queue, queues)
            workers += self._group(name, model, len(workers))
        self.skills = {skill for worker in workers for skill, _ in worker.agent.skills}
        return tuple(workers)

    def _group(self, name: str, model: GroupModel, first: int) -> list[Worker]:
        shifts = self._shifts(model.shifts, ("groups", name, "shifts"))
        skills, queues = tuple(model.skills.items()), tuple(model.queues)
        return [
            Worker(
                AgentSettings(f"{name}-{number + 1}", skills, queues, first + number),
                name,
                shifts,
                model.answer_s,
                model.missed,
            )
            for number in range(model.agents)
        ]

    def _streams(self, queues: set[str], workers: tuple[Worker, ...]) -> tuple[Stream, ...]:
        found: list[Stream] = []
        for name, raw in self.model.calls.items():
            path: Place = ("calls", name)
            model = schema.read(CallsModel, self.source, path, raw, self.problems)
            if model is None:
                continue
            if model.queue not in queues:
                self.problems.unknown(self.source.place((*path, "queue")), "queue", model.queue, queues)
            for skill in model.needs:
                if skill not in self.skills and workers:
                    place = self.source.key_place((*path, "needs", skill))
                    self.problems.unknown(place, "skill (no agent has it):", skill, self.skills)
            found.append(self._stream(name, model, path))
        if sum(sum(stream.calls) + len(stream.trace) for stream in found) > CALLS_MAX:
            self._add(
                ("calls",), f"more than {CALLS_MAX} calls a day; simulate a part of the day or fewer kinds"
            )
        return tuple(found)

    def _stream(self, name: str, model: CallsModel, path: Place) -> Stream:
        steps = [Step(0, _needs(model.needs))]
        steps += [Step(ring.after_s * SECOND, _needs(ring.needs)) for ring in model.widen]
        if bool(model.per_hour) == bool(model.trace):
            place = self.source.key_place(path)
            self.problems.add(place, f"calls '{name}': either per_hour or trace was expected")
        return Stream(
            name=name,
            queue=model.queue,
            requirement=Requirement(tuple(sorted(steps, key=lambda step: step.after_us))),
            priority=model.priority,
            calls=self._rates(model, path),
            handling=Handling(model.handling_s, model.handling, model.handling_variation),
            patience_s=model.patience_s,
            retrial=model.retrial,
            retrial_s=model.retrial_s,
            trace=self._trace(model.trace, (*path, "trace")) if model.trace else (),
        )

    def _rates(self, model: CallsModel, path: Place) -> tuple[float, ...]:
        """Calls of each interval: a rate holds until the next time that is stated."""
        marks: list[tuple[int, float]] = []
        for text, rate in model.per_hour.items():
            at_s = _seconds(text)
            if at_s is None:
                place = self.source.key_place((*path, "per_hour", text))
                self.problems.add(place, f"a time of day such as 08:30 was expected, found '{text}'")
                continue
            marks.append(
                ((at_s - self.starts_s) % DAY_S if at_s < self.starts_s else at_s - self.starts_s, rate)
            )
        marks.sort()
        interval_s = self.model.interval_minutes * 60
        calls: list[float] = []
        for start in range(0, self.day_s, interval_s):
            expected = 0.0
            for place_, (at, rate) in enumerate(marks):
                until = marks[place_ + 1][0] if place_ + 1 < len(marks) else self.day_s
                overlap = min(until, start + interval_s, self.day_s) - max(at, start)
                expected += rate * max(0, overlap) / 3600
            calls.append(expected)
        return tuple(calls)

    def _trace(self, name: str, path: Place) -> tuple[Call, ...]:
        """A CSV with the columns at, handling_s and, if known, patience_s."""
        found: list[Call] = []
        file = self.folder / name
        try:
            with open(file, encoding="utf-8-sig", newline="") as text:
                rows = csv.DictReader(text)
                for row in rows:
                    call = self._row(row)
                    if call is None or len(found) >= CALLS_MAX:
                        expected = "at (09:30:00), handling_s and perhaps patience_s"
                        self._add(path, f"{file}:{rows.line_num}: the columns {expected} were expected")
                        break
                    found.append(call)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            self._add(path, f"{file}: cannot be read: {error}")
        if not found:
            self._add(path, f"{file}: no calls were found")
        return tuple(found)

    def _row(self, row: dict[str, str]) -> Call | None:
        at_s = _seconds(row.get("at") or "")
        try:
            handling_s = float(row.get("handling_s") or "")
            patience_s = float(row["patience_s"]) if row.get("patience_s") else None
        except ValueError:
            return None
        if at_s is None or not 0 <= handling_s <= DAY_S or (patience_s is not None and not patience_s >= 0):
            return None
        return Call(float((at_s - self.starts_s) % DAY_S), handling_s, patience_s)


def _needs(needs: dict[str, int]) -> tuple[Need, ...]:
    return tuple(Need(skill, level) for skill, level in needs.items() if level)


def _seconds(text: str) -> int | None:
    """Of a time of day, after midnight."""
    match = _TIME.match(text.strip())
    if match is None:
        return None
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds if hours < 24 and max(minutes, seconds) < 60 else None


def _changed(queue: QueueSettings, model: QueueModel) -> QueueSettings:
    """The queue with what the day states of it."""
    stated = model.model_dump(exclude_none=True, exclude={"target", "max_wait_s"})
    changes: dict[str, object] = {}
    for word, value in stated.items():
        name = word.removesuffix("_s") + "_us" if word.endswith("_s") else word
        changes[name] = value * SECOND if name != word else value
    if "policy" in changes:
        changes["policy"] = Policy(str(changes["policy"]))
    return replace(queue, **changes)  # type: ignore[arg-type]  # the model has types for each
