"""A recorded day by another configuration: what the store says of it, and draws of what might have been."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from switch.acd.opening import Opening, opening
from switch.acd.repeat import Repeat
from switch.acd.select import restore_router
from switch.acd.settings import AgentSettings, QueueSettings
from switch.acd.trail import Reader
from switch.base.clock import SECOND
from switch.dialplan.plan import TenantPlan
from switch.node.asked_again import asked_again
from switch.node.repetition import begin
from switch.node.translate import router_events
from switch.store.store import Store
from switch.store.trails import TrailRun
from switch.wfm.again import Again, Outcome, compared, day_of, frame, presence
from switch.wfm.asked import Asked
from switch.wfm.day import DayResult
from switch.wfm.recorded import Recorded, Stay
from switch.wfm.results import Sheet, Summary, sheet_of, summarize
from switch.wfm.scenario import Scenario, Shift

INTERVAL_S = 1800.0
EXAMPLES = 10
"""Contacts named one by one whose agent or outcome differs, the first ones of the day."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A contact that went otherwise in the first draw. Agents are empty where there was none."""

    contact: str
    queue: str
    wall_us: int
    recorded: str
    recorded_agent: str
    recorded_waited_ms: int
    now: str
    now_agent: str
    now_waited_ms: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of one tenant. `asked` contacts ask what the new flows ask, all others what was recorded. `changes`
    counts contacts in the first draw; `estimate` is over all draws."""

    tenant: str
    from_wall_us: int
    until_wall_us: int
    contacts: int
    asked: int
    changes: tuple[tuple[str, int], ...]
    examples: tuple[Changed, ...]
    recorded: Summary
    estimate: Summary


@dataclass(slots=True)
class _Part:
    """One run of a router within the day."""

    recorded: Recorded
    opening: Opening
    asked: dict[str, Asked]
    start: int
    """The day's beginning in this run's time."""


@dataclass(slots=True)
class _Day:
    """All parts of a tenant's day."""

    parts: list[_Part] = field(default_factory=list)
    from_wall_us: int = 0
    until_wall_us: int = 0

    @property
    def seconds(self) -> float:
        return (self.until_wall_us - self.from_wall_us) / SECOND


def estimate(
    store: Store,
    runs: Sequence[TrailRun],
    plan: TenantPlan,
    *,
    since: int,
    until: int,
    draws: int,
    seed: int,
    told: Callable[[], None],
) -> Estimate:
    """The runs of one tenant by another plan; `told` is called after each draw. Raises TrailError."""
    day = _read(store, runs, plan, since, until)
    sheets: list[Sheet] = []
    first: list[Outcome] = []
    scenario: Scenario | None = None
    for draw in range(draws):
        outcomes = [_again(part, plan, seed * 1_000 + draw) for part in day.parts]
        scenario = scenario or _frame(day, outcomes)
        sheets.append(_sheet(day, outcomes, scenario))
        first = first or outcomes
        told()
    assert scenario is not None, "there is at least one draw"
    was = _frame(day, [])
    recorded = summarize(was, [sheet_of(was, _recorded_day(day))])
    changes: Counter[str] = Counter()
    examples: list[Changed] = []
    for part, outcome in zip(day.parts, first, strict=True):
        changes += compared(part.recorded.stays, outcome.by_contact)
        examples += _examples(part.recorded, outcome)
    return Estimate(
        runs[0].tenant,
        day.from_wall_us,
        day.until_wall_us,
        sum(len(part.recorded.stays) for part in day.parts),
        sum(contact in part.asked for part in day.parts for contact in part.recorded.stays),
        tuple(changes.most_common()),
        tuple(examples[:EXAMPLES]),
        recorded,
        summarize(scenario, sheets),
    )


def _again(part: _Part, plan: TenantPlan, seed: int) -> Outcome:
    recorded, opening = part.recorded, part.opening
    settings = router_events(plan, None, opening.now, opening.now + recorded.offset_us)
    return Again(recorded, opening, settings, part.asked, restore_router(opening.snapshot), seed).run()


def _read(store: Store, runs: Sequence[TrailRun], plan: TenantPlan, since: int, until: int) -> _Day:
    day = _Day()
    for run in runs:
        snapshot = begin(store, run, since)
        recorded = Recorded(snapshot.at, snapshot.at, snapshot.wall_us - snapshot.at)
        opened = opening(Reader(snapshot).state)
        recorded.begin(opened)
        again = Repeat()
        pieces = (piece for piece in store.trails.onward(snapshot) if piece.wall_us <= until)
        for step in again.steps(pieces):
            if step.sequence == snapshot.first + 1:
                # Of a run's first snapshot the time is that of its window's end.
                recorded.start = min(recorded.start, step.now)
            recorded.take(step)
        recorded.close()
        asked = asked_again(store, plan, run.tenant, run.run - 1, run.entry)
        day.parts.append(_Part(recorded, opened, asked, 0))
    walls = [part.recorded.start + part.recorded.offset_us for part in day.parts]
    day.from_wall_us = min(walls)
    day.until_wall_us = max(part.recorded.end + part.recorded.offset_us for part in day.parts)
    for part in day.parts:
        part.start = day.from_wall_us - part.recorded.offset_us
    return day


def _frame(day: _Day, outcomes: Sequence[Outcome]) -> Scenario:
    """Recorded where there is no outcome; else with what is configured now, and queues that only were."""
    queues: dict[str, QueueSettings] = {}
    people: dict[str, AgentSettings] = {}
    shifts: dict[str, tuple[Shift, ...]] = {}
    for part in day.parts:
        queues |= part.recorded.queues
        for agent, of in presence(part.recorded, part.opening, part.start).items():
            shifts[agent] = (*shifts.get(agent, ()), *of)
    for outcome in outcomes:
        queues |= outcome.queues
        people |= outcome.people
    if not outcomes:
        for part in day.parts:
            people |= part.recorded.people
    return frame(queues, people, shifts, day.seconds, INTERVAL_S)


def _sheet(day: _Day, outcomes: Sequence[Outcome], scenario: Scenario) -> Sheet:
    whole = DayResult()
    for part, outcome in zip(day.parts, outcomes, strict=True):
        of = day_of(
            outcome.by_contact.values(), outcome.queues, part.start, part.recorded.end, outcome.day.missed
        )
        _add(whole, of)
    return sheet_of(scenario, whole)


def _recorded_day(day: _Day) -> DayResult:
    whole = DayResult()
    for part in day.parts:
        recorded = part.recorded
        _add(
            whole, day_of(recorded.stays.values(), recorded.queues, part.start, recorded.end, recorded.missed)
        )
    return whole


def _add(whole: DayResult, part: DayResult) -> None:
    whole.visits += part.visits
    whole.talks += part.talks
    whole.missed += part.missed


def _examples(recorded: Recorded, outcome: Outcome) -> list[Changed]:
    found = []
    for contact, past in recorded.stays.items():
        now = outcome.by_contact.get(contact)
        if now is None or _way(past) == _way(now):
            continue
        found.append(
            Changed(
                contact,
                past.contact.queue,
                past.at + recorded.offset_us,
                past.outcome,
                past.agent,
                past.waited_us // 1_000,
                now.outcome,
                now.agent,
                now.waited_us // 1_000,
            )
        )
    return found


def _way(stay: Stay) -> tuple[str, str]:
    return stay.outcome, stay.agent
