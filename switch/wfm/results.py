"""What simulated days say: figures of each queue, interval and group of agents, with confidence intervals.

Figures are by arrival: a call counts in the interval in which it came. A caller who calls again counts again,
as on the switch. Uncertainty is that of the mean of the replications (95 %, Student's t), because days
differ more than calls.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf, sqrt
from statistics import stdev
from typing import TYPE_CHECKING

from switch.base.clock import SECOND
from switch.base.gates import CLOSED, HOLIDAY, TIMEOUT
from switch.wfm.books import Book, books_of
from switch.wfm.scenario import KEY, Scenario

if TYPE_CHECKING:
    # Whoever only shows figures, and each command does at its start, needs no day and so no numpy.
    from switch.wfm.day import DayResult, Visit

_T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t at 97.5 % for 1 to 30 degrees of freedom; beyond, the normal's 1.96 and a correction."""


def half_width(values: Sequence[float]) -> float:
    """Half the 95 % confidence interval of the mean; infinite for a single value."""
    count = len(values)
    if count < 2:
        return inf
    degrees = count - 1
    t = _T_975[degrees - 1] if degrees <= len(_T_975) else 1.96 + 2.4 / degrees
    return t * stdev(values) / sqrt(count)


@dataclass(slots=True)
class Counts:
    """Of one queue and interval (or day). `still` wait when nobody can serve them any more.

    `refused` at the door by the router, `closed` outside the hours; of those who waited `too_long` left by
    `max_wait_s`, `put_out` by another gate, and `chose` by a key."""

    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    too_long: int = 0
    refused: int = 0
    still: int = 0
    closed: int = 0
    put_out: int = 0
    chose: int = 0
    in_time: int = 0
    """Waits that ended within the threshold, answered or given up."""
    answered_in_time: int = 0
    answered_wait_s: float = 0.0
    wait_s: float = 0.0
    talk_s: float = 0.0

    @property
    def service_level(self) -> float:
        """(A within T + B within T) / (A + B); calls that a gate puts out count as late."""
        told = self.answered + self.abandoned + self.too_long + self.put_out + self.still
        return self.in_time / told if told else 1.0

    @property
    def wanted(self) -> int:
        """Who wanted an agent while agents are there, and did not choose otherwise. Whoever is refused or put
        out was not served in time either; against closed doors no number of agents helps."""
        return self.entered - self.closed - self.chose

    @property
    def abandonment(self) -> float:
        return self.abandoned / self.entered if self.entered else 0.0

    @property
    def speed_of_answer_s(self) -> float:
        return self.answered_wait_s / self.answered if self.answered else 0.0

    @property
    def handling_s(self) -> float:
        return self.talk_s / self.answered if self.answered else 0.0

    def add(self, other: "Counts") -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Sheet:
    """One day: counts by queue and interval; seconds signed in and busy by group and interval."""

    queues: dict[str, list[Counts]]
    busy_s: dict[str, list[float]]
    staffed_s: dict[str, list[float]]
    waits_s: dict[str, list[float]] = field(default_factory=dict)
    missed: int = 0
    lines_fell: tuple[int, ...] = ()
    """To failing, to unusable."""
    exits: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Queue, gate and where it led, of who left by a gate or was refused."""
    promises: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Callbacks by queue and how they ended."""
    books: dict[str, list[Book]] = field(default_factory=dict)
    """By interval, and one after the day; empty where the day was not counted (a recorded one)."""


def spread(into: list[float], interval_s: float, from_s: float, to_s: float, part: float = 1.0) -> None:
    """Adds `part` of the time from `from_s` to `to_s` to its intervals; none is beyond the last."""
    at = from_s
    while at < to_s:
        place = int(at // interval_s)
        if place >= len(into):
            return
        until = min(to_s, (place + 1) * interval_s)
        into[place] += (until - at) * part
        at = until


def sheet_of(scenario: Scenario, day: "DayResult") -> Sheet:
    """Counts one day."""
    intervals, interval_s = scenario.intervals, scenario.interval_s
    threshold_s = {queue.name: queue.service_level_us / SECOND for queue in scenario.queues}
    groups = {worker.agent.name: worker.group for worker in scenario.workers}
    names = list(dict.fromkeys(groups.values()))
    sheet = Sheet(
        {queue.name: [Counts() for _ in range(intervals)] for queue in scenario.queues},
        {name: [0.0] * intervals for name in names},
        {name: [0.0] * intervals for name in names},
        {queue.name: [] for queue in scenario.queues},
        day.missed,
    )
    sheet.lines_fell = day.lines_fell
    for promise in day.promises:
        sheet.promises[promise.queue, promise.outcome] += 1
    for visit in day.visits:
        if visit.promise is not None and visit.outcome == "refused":
            continue  # asked again half a minute later: nobody came, and nobody left
        # Retrials of the last callers come after the day; they belong to its last interval.
        counts = sheet.queues[visit.queue][min(intervals - 1, int(visit.at_s // interval_s))]
        counts.entered += 1
        in_time = visit.waited_s <= threshold_s[visit.queue]
        match visit.outcome:
            case "answered" if visit.gate:
                counts.chose += 1
            case "answered":
                counts.answered += 1
                counts.answered_wait_s += visit.waited_s
                counts.talk_s += visit.talked_s
                counts.in_time += in_time
                counts.answered_in_time += in_time
                sheet.waits_s[visit.queue].append(visit.waited_s)
            case "abandoned":
                counts.abandoned += 1
                counts.in_time += in_time
            case "withdrawn" | "refused":
                _left(counts, visit)
                if visit.gate:
                    sheet.exits[visit.queue, visit.gate, visit.to] += 1
            case _:
                counts.still += 1
        counts.wait_s += visit.waited_s
    for agent, from_s, to_s, part in day.talks:
        spread(sheet.busy_s[groups[agent]], interval_s, from_s, to_s, part)
    if day.borders:
        sheet.books = books_of(scenario, day)
    for worker in scenario.workers:
        for shift in worker.shifts:
            spread(sheet.staffed_s[worker.group], interval_s, shift.from_s, shift.to_s)
    return sheet


def _left(counts: Counts, visit: "Visit") -> None:
    """Without an agent, and not by hanging up."""
    if visit.outcome == "refused":
        counts.closed += visit.gate in (CLOSED, HOLIDAY)
        counts.refused += visit.gate not in (CLOSED, HOLIDAY)
    elif visit.gate in ("", TIMEOUT):
        counts.too_long += 1
    elif visit.gate.startswith(KEY) or visit.gate == "callback":
        counts.chose += 1
    else:
        counts.put_out += 1


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over days, and half its 95 % confidence interval (infinite after a single day)."""

    mean: float
    half: float

    @staticmethod
    def of(values: Sequence[float]) -> "Figure":
        return Figure(sum(values) / len(values), half_width(values))


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """A queue over all replications. Means a day; shares 0 to 1; seconds."""

    queue: str
    entered: Figure
    answered: Figure
    abandoned: Figure
    too_long: Figure
    refused: Figure
    still: Figure
    closed: Figure
    put_out: Figure
    chose: Figure
    service_level: Figure
    abandonment: Figure
    speed_of_answer_s: Figure
    wait_p90_s: float
    handling_s: float
    by_interval: tuple[Counts, ...]
    """Sums over the replications."""


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """A group of agents: full-time people on average, and how busy they were, by day and by interval."""

    group: str
    agents: float
    occupancy: float
    agents_by_interval: tuple[float, ...]
    occupancy_by_interval: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ExitFigures:
    """How many calls a day left a queue by a gate, or were refused there, and where that led (empty: the
    call ends)."""

    queue: str
    gate: str
    to: str
    calls: Figure


@dataclass(frozen=True, slots=True)
class CallbackFigures:
    """How many callbacks a day ended how, of those that a queue made."""

    queue: str
    outcome: str
    calls: Figure


@dataclass(frozen=True, slots=True)
class Summary:
    """What a simulation says. `books` are sums over the replications, `unbalanced` those that do not balance
    (queue, interval): a mistake of ours."""

    replications: int
    queues: tuple[QueueFigures, ...]
    groups: tuple[GroupFigures, ...]
    missed: float
    exits: tuple[ExitFigures, ...] = ()
    callbacks: tuple[CallbackFigures, ...] = ()
    books: dict[str, tuple[Book, ...]] = field(default_factory=dict)
    unbalanced: tuple[tuple[str, int], ...] = ()
    lines_fell: tuple[float, ...] = ()
    """A day: to failing, to unusable."""


def summarize(scenario: Scenario, sheets: Sequence[Sheet]) -> Summary:
    """All replications together."""
    queues = tuple(_queue_figures(queue.name, sheets) for queue in scenario.queues)
    groups = tuple(_group_figures(scenario, name, sheets) for name in sheets[0].staffed_s)
    ways = sorted({way for sheet in sheets for way in sheet.exits})
    exits = (ExitFigures(*way, Figure.of([sheet.exits[way] for sheet in sheets])) for way in ways)
    kept = sorted({key for sheet in sheets for key in sheet.promises})
    callbacks = tuple(
        CallbackFigures(*key, Figure.of([sheet.promises[key] for sheet in sheets])) for key in kept
    )
    books = {
        queue: tuple(map(Book.sum_of, zip(*(sheet.books[queue] for sheet in sheets), strict=True)))
        for queue in sheets[0].books
    }
    unbalanced = {
        (queue, place)
        for sheet in sheets
        for queue, parts in sheet.books.items()
        for place, book in enumerate(parts)
        if not book.balances
    }
    missed = sum(sheet.missed for sheet in sheets) / len(sheets)
    falls = zip(*(sheet.lines_fell for sheet in sheets), strict=True)
    fell = tuple(sum(counts) / len(sheets) for counts in falls)
    broken = tuple(sorted(unbalanced))
    return Summary(len(sheets), queues, groups, missed, tuple(exits), callbacks, books, broken, fell)


def total(parts: Iterable[Counts]) -> Counts:
    """The sum of counts."""
    whole = Counts()
    for part in parts:
        whole.add(part)
    return whole


def _queue_figures(queue: str, sheets: Sequence[Sheet]) -> QueueFigures:
    days = [total(sheet.queues[queue]) for sheet in sheets]
    waits = sorted(wait for sheet in sheets for wait in sheet.waits_s[queue])
    intervals = [total(parts) for parts in zip(*(sheet.queues[queue] for sheet in sheets), strict=True)]
    return QueueFigures(
        queue,
        entered=Figure.of([day.entered for day in days]),
        answered=Figure.of([day.answered for day in days]),
        abandoned=Figure.of([day.abandoned for day in days]),
        too_long=Figure.of([day.too_long for day in days]),
        refused=Figure.of([day.refused for day in days]),
        still=Figure.of([day.still for day in days]),
        closed=Figure.of([day.closed for day in days]),
        put_out=Figure.of([day.put_out for day in days]),
        chose=Figure.of([day.chose for day in days]),
        service_level=Figure.of([day.service_level for day in days]),
        abandonment=Figure.of([day.abandonment for day in days]),
        speed_of_answer_s=Figure.of([day.speed_of_answer_s for day in days]),
        wait_p90_s=waits[len(waits) * 9 // 10] if waits else 0.0,
        handling_s=total(days).handling_s,
        by_interval=tuple(intervals),
    )


def _group_figures(scenario: Scenario, group: str, sheets: Sequence[Sheet]) -> GroupFigures:
    staffed = sheets[0].staffed_s[group]
    busy = [
        sum(parts) / len(sheets) for parts in zip(*(sheet.busy_s[group] for sheet in sheets), strict=True)
    ]
    whole = sum(staffed)
    return GroupFigures(
        group,
        whole / scenario.day_s,
        sum(busy) / whole if whole else 0.0,
        tuple(seconds / scenario.interval_s for seconds in staffed),
        tuple(used / there if there else 0.0 for used, there in zip(busy, staffed, strict=True)),
    )
