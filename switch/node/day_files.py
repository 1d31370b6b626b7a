"""Reads the YAML of a day to simulate. Queues and agents may come from dialplans: they are written once."""

import csv
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from switch.acd.settings import AgentSettings
from switch.base.errors import ConfigurationError, Problem
from switch.dialplan import schema
from switch.dialplan.centre import load_centre
from switch.dialplan.hours import Calendar, parse_ranges
from switch.dialplan.plan import TenantPlan
from switch.dialplan.problems import Problems
from switch.dialplan.source import Path as Place
from switch.dialplan.source import Source, parse
from switch.exchange.wishes import requirement_of
from switch.node.day_centre import DayCentre, Wish
from switch.node.day_schema import (
    DAY_S,
    AcceptModel,
    CallsModel,
    DayModel,
    GroupModel,
    LinesModel,
    PressModel,
)
from switch.node.dialplan_files import read_dialplans
from switch.node.translate import agent_settings, queue_settings, routing_settings
from switch.wfm.draws import CALLS_MAX
from switch.wfm.scenario import (
    GOOD_LINES,
    KEY,
    Accepts,
    BadLines,
    Call,
    Handling,
    Press,
    Scenario,
    Shift,
    Stream,
    Target,
    Worker,
)

_TIME = re.compile(r"(\d{1,2})[:h](\d{2})(?::(\d{2}))?$")

USUAL_YEAR = 2026
"""It begins on a Thursday; its first Monday is the 5th."""

_ALONE = GroupModel()
"""How an agent of the dialplans takes calls: as a group of which nothing is said."""


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
    starts_s: int = 0
    day_s: int = 0

    def read(self) -> DayFile:
        model = self.model
        self._day()
        centre = DayCentre(self.source, self.problems, self._dialplans())
        centre.read_hours(model)
        centre.read_routing(model.routing)
        groups = centre.read_groups(model.groups, model.queues)
        centre.read_queues(model.queues)
        workers = self._workers(centre, groups)
        starts = self._date(centre.calendar) + timedelta(seconds=self.starts_s)
        walker = centre.open_ways(starts, self.day_s)
        streams = self._streams(centre)
        targets = (Target(name, percent / 100) for name, percent in centre.targets.items())
        scenario = Scenario(
            queues=tuple(map(queue_settings, centre.queues.values())),
            workers=workers,
            streams=streams,
            day_s=self.day_s,
            interval_s=model.interval_minutes * 60,
            targets=tuple(targets),
            day_variation=model.day_variation,
            starts_at_s=self.starts_s,
            tenant=routing_settings(centre.routing, 0, self.starts_s),
            rules=tuple(rules for rules in map(walker.rules, centre.queues.values()) if rules is not None),
            waits=tuple(walker.waits),
            watch_lines=centre.routing.watch_lines,
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

    def _date(self, calendar: Calendar) -> datetime:
        """The day of the year; any Monday that is no holiday where it does not matter."""
        text = self.model.date
        mondays = [datetime(USUAL_YEAR, 1, 5) + timedelta(weeks=week) for week in range(52)]
        usual = next((day for day in mondays if calendar.holiday(day.date()) is None), mondays[0])
        try:
            return datetime.combine(date.fromisoformat(text), time()) if text else usual
        except ValueError:
            self._add(("date",), f"a date such as 2026-12-24 was expected, found '{text}'")
            return usual

    def _dialplans(self) -> TenantPlan | None:
        if not self.model.dialplans:
            if self.model.tenant:
                self._add(("tenant",), "a tenant is one of dialplans; state 'dialplans' as well")
            return None
        centre = load_centre(read_dialplans(self.folder / self.model.dialplans))
        keys = list(centre.tenants)
        tenant = self.model.tenant or (keys[0] if len(keys) == 1 else "")
        plan = centre.tenants.get(tenant)
        if plan is None:
            place = self.source.place(("tenant",) if tenant else ("dialplans",))
            self.problems.unknown(place, "tenant", tenant, keys)
        return plan

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

    def _workers(self, centre: DayCentre, groups: dict[str, GroupModel]) -> tuple[Worker, ...]:
        model = self.model
        known = {} if groups else centre.agents
        for word, names in (("shifts", model.shifts), ("bad_lines", model.bad_lines)):
            for name in names:
                if name not in known:
                    self.problems.unknown(self.source.key_place((word, name)), "agent", name, known)
        workers: list[Worker] = []
        for name, plan in centre.agents.items():
            group = groups.get(name)
            if group is None:
                shifts = self._shifts(model.shifts.get(name, []), ("shifts", name))
                line = self._lines(model.bad_lines.get(name), ("bad_lines", name))
                workers.append(self._worker(agent_settings(plan), name, shifts, _ALONE, line))
                continue
            shifts = self._shifts(group.shifts, ("groups", name, "shifts"))
            line = self._lines(group.bad_lines, ("groups", name, "bad_lines"))
            for number in range(group.agents):
                agent = replace(agent_settings(plan), name=f"{name}-{number + 1}", order=len(workers))
                workers.append(self._worker(agent, name, shifts, group, line))
        return tuple(workers)

    def _lines(self, raw: object, path: Place) -> BadLines:
        """Of a group the share whose lines lose so much, or of one agent."""
        if raw is None:
            return GOOD_LINES
        model = schema.read(LinesModel, self.source, path, raw, self.problems)
        return GOOD_LINES if model is None else BadLines(model.share, model.loss / 100)

    def _worker(
        self, agent: AgentSettings, group: str, shifts: tuple[Shift, ...], like: GroupModel, line: BadLines
    ) -> Worker:
        own_calls, own_call_s = like.own_calls_per_hour, like.own_call_s
        return Worker(
            agent,
            group,
            shifts,
            like.answer_s,
            like.missed,
            self.model.own_calls_per_hour if own_calls is None else own_calls,
            self.model.own_call_s if own_call_s is None else own_call_s,
            line,
        )

    def _streams(self, centre: DayCentre) -> tuple[Stream, ...]:
        found: list[Stream] = []
        for name, raw in self.model.calls.items():
            path: Place = ("calls", name)
            model = schema.read(CallsModel, self.source, path, raw, self.problems)
            if model is None:
                continue
            wish = centre.wish(name, model)
            if bool(model.per_hour) == bool(model.trace):
                place = self.source.key_place(path)
                self.problems.add(place, f"calls '{name}': either per_hour or trace was expected")
            if wish is not None:
                found.append(self._stream(name, model, wish, path, centre))
        if sum(sum(stream.calls) + len(stream.trace) for stream in found) > CALLS_MAX:
            self._add(
                ("calls",), f"more than {CALLS_MAX} calls a day; simulate a part of the day or fewer kinds"
            )
        return tuple(found)

    def _stream(self, name: str, model: CallsModel, wish: Wish, path: Place, centre: DayCentre) -> Stream:
        return Stream(
            name=name,
            queue=wish.queue,
            requirement=requirement_of(wish.rings),
            priority=wish.priority,
            calls=self._rates(model, path),
            handling=Handling(model.handling_s, model.handling, model.handling_variation),
            patience_s=model.patience_s,
            retrial=model.retrial,
            retrial_s=model.retrial_s,
            trace=self._trace(model.trace, (*path, "trace")) if model.trace else (),
            channel=wish.channel,
            max_wait_s=wish.max_wait_s,
            estimate_s_max=wish.estimate_s_max,
            exits=wish.exits,
            doors=wish.doors,
            presses=self._presses(model, wish, path),
            accepts=self._accepts(model, centre, path),
            repeat=model.repeat,
        )

    def _accepts(self, model: CallsModel, centre: DayCentre, path: Place) -> Accepts | None:
        """Which share is called back in place of waiting."""
        if model.called_back is None:
            return None
        at = (*path, "called_back")
        stated = schema.read(AcceptModel, self.source, at, model.called_back, self.problems)
        if all(queue.callback is None for queue in centre.queues.values()):
            self.problems.add(self.source.key_place(at), "no queue calls anybody back: state its 'callback'")
        return None if stated is None else Accepts(stated.accept, stated.reached, stated.answer_s)

    def _presses(self, model: CallsModel, wish: Wish, path: Place) -> tuple[Press, ...]:
        """Which share presses which key."""
        found: list[Press] = []
        known = [gate.removeprefix(KEY) for gate, _ in wish.exits if gate.startswith(KEY)]
        for key, raw in model.presses.items():
            at = (*path, "presses", key)
            if key not in known:
                place = self.source.key_place(at)
                self.problems.unknown(place, f"key of queue '{wish.queue}'", key, known)
            press = schema.read(PressModel, self.source, at, raw, self.problems)
            if press is not None:
                found.append(Press(f"{KEY}{key}", press.share, press.after_s))
        if sum(press.share for press in found) > 1:
            self._add((*path, "presses"), "shares that are 1 together, or less, were expected")
        return tuple(found)

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


def _seconds(text: str) -> int | None:
    """Of a time of day, after midnight."""
    match = _TIME.match(text.strip())
    if match is None:
        return None
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds if hours < 24 and max(minutes, seconds) < 60 else None
