"""A recorded day by another configuration: the real router, callers and agents as they were.

An estimate, and it says so. What was seen is kept; what another configuration brings to light is drawn: how
long callers who were answered would have waited (Kaplan and Meier), how long a talk is with whom nobody
talked (from talks of the same queue and needs). How an agent answers a ring is what that agent did in turn.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import cycle
from math import inf
from typing import Any

import numpy as np

from switch.acd import events as ev
from switch.acd.decisions import Connected, Offered, OfferEnded, Refused, VisitEnded, VisitOutcome, WakeAt
from switch.acd.select import RouterLike
from switch.acd.settings import AgentSettings, Contact, QueueSettings
from switch.wfm.day import SECOND, DayResult, Visit
from switch.wfm.draws import Caller
from switch.wfm.patience import Survival
from switch.wfm.recorded import SETTINGS, Recorded, Ring, Stay
from switch.wfm.scenario import Scenario, Shift, Worker

RING = Ring(5 * SECOND, None)
"""Of an agent of whom and of whose colleagues nothing was recorded."""

TALK_US = 180 * SECOND
"""Where not one talk was recorded."""


@dataclass(slots=True)
class Outcome:
    """How a day went: for the tables, and by contact (agent, outcome, whom it was offered to first)."""

    day: DayResult = field(default_factory=DayResult)
    by_contact: dict[str, Stay] = field(default_factory=dict)
    queues: dict[str, QueueSettings] = field(default_factory=dict)
    people: dict[str, AgentSettings] = field(default_factory=dict)


class Pools:
    """What is drawn from: by queue and needs, else by queue, else from all."""

    def __init__(self, recorded: Recorded) -> None:
        waits: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        self._talks: dict[Any, list[int]] = defaultdict(list)
        for stay in recorded.stays.values():
            if stay.outcome != VisitOutcome.REFUSED:
                waited = stay.waited_us if stay.outcome else recorded.end - stay.at
                gave_up = stay.outcome == VisitOutcome.ABANDONED
                waits[stay.contact.queue].append((waited, gave_up))
            if stay.talked_us >= 0:
                for key in _keys(stay.contact):
                    self._talks[key].append(stay.talked_us)
        self._patience = {queue: Survival(of) for queue, of in waits.items()}
        self._rings = [ring for rings in recorded.rings.values() for ring in rings] or [RING]

    def patience_us(self, contact: Contact, waited_us: int, chance: float) -> float:
        """Until when somebody waits who waited so long; infinite where nobody gave up later."""
        known = self._patience.get(contact.queue)
        return inf if known is None else known.beyond(waited_us, chance)

    def talk_us(self, contact: Contact, chance: float) -> int:
        """Of a contact that nobody talked to."""
        for key in _keys(contact):
            talks = self._talks.get(key)
            if talks:
                return talks[int(chance * len(talks))]
        return TALK_US

    def ring(self, chance: float) -> Ring:
        """Of an agent who was never rung."""
        return self._rings[int(chance * len(self._rings))]


def _keys(contact: Contact) -> tuple[Any, ...]:
    return (contact.queue, contact.requirement), contact.queue, None


class Again:
    """One draw. `opening` is how the record begins; `settings` replace the recorded, None: as it was."""

    def __init__(
        self,
        recorded: Recorded,
        opening: Sequence[tuple[int, ev.Event]],
        settings: Sequence[ev.Event] | None,
        router: RouterLike,
        seed: int,
    ) -> None:
        self._recorded = recorded
        self._router = router
        self._chance = np.random.Generator(np.random.PCG64(seed))
        self._pools = Pools(recorded)
        self._heap: list[tuple[int, bool, int, Callable[[], ev.Event | None]]] = []
        self._made = 0
        self._now = 0
        self._wake_at = 0
        self._opening = opening
        self._settings = settings
        self._rings = {agent: cycle(rings) for agent, rings in recorded.rings.items()}
        self._pairs = {pair: iter(rings) for pair, rings in recorded.pairs.items()}
        self._signed_in: dict[str, int] = {}
        self._shifts: dict[str, list[Shift]] = defaultdict(list)
        self.outcome = Outcome()
        self._handlers: dict[type, Callable[[Any], None]] = {
            Offered: self._offered,
            Connected: self._connected,
            VisitEnded: self._ended,
            Refused: self._refused,
            OfferEnded: self._offer_ended,
            WakeAt: self._wake,
        }

    def run(self) -> Outcome:
        """Up to the end of the record: who waits or talks then does so on both sides."""
        self._begin()
        while self._heap and self._heap[0][0] <= self._recorded.end:
            self._now, _, _, act = heappop(self._heap)
            event = act()
            if event is not None:
                self._apply(event)
        return self.outcome

    def _begin(self) -> None:
        replaced = self._settings is not None
        for event in self._settings or ():
            self._apply(event)
        for at, event in self._opening:
            if isinstance(event, ev.Arrive):
                self._arrive_at(at, event.contact)
            elif not (replaced and isinstance(event, SETTINGS)):
                self._at(at, event)
        if not replaced:
            for at, event in self._recorded.settings:
                self._at(at, event)
        for at, event in self._recorded.agents:
            self._push(at, partial(_itself, event), last=True)
        for contact, stay in self._recorded.stays.items():
            if contact not in self.outcome.by_contact:
                self._arrive_at(stay.at, stay.contact)

    def _at(self, at: int, event: ev.Event) -> None:
        self._push(at, partial(_itself, event))

    def _push(self, at: int, act: Callable[[], ev.Event | None], *, last: bool = False) -> None:
        """`last`: behind all else of that moment. A phone that is lost by not answering answers first."""
        self._made += 1
        heappush(self._heap, (at, last, self._made, act))

    def _apply(self, event: ev.Event) -> None:
        self.outcome.day.events += 1
        match event:
            case ev.SetQueue(queue):
                self.outcome.queues[queue.name] = queue
            case ev.SetAgent(agent):
                self.outcome.people[agent.name] = agent
        for decision in self._router.apply(event, self._now):
            handler = self._handlers.get(type(decision))
            if handler is not None:
                handler(decision)

    # What callers do.

    def _arrive_at(self, at: int, contact: Contact) -> None:
        self.outcome.by_contact[contact.contact] = Stay(contact, at)
        self._push(at, lambda: self._arrive(contact))

    def _arrive(self, contact: Contact) -> ev.Event:
        past = self._recorded.stays.get(contact.contact)
        since = min(contact.waiting_since or self._now, self._now)
        waited_us = 0
        if past is not None and past.outcome != VisitOutcome.REFUSED:
            waited_us = past.waited_us if past.outcome else self._recorded.end - past.at
        if past is not None and past.outcome == VisitOutcome.ABANDONED:
            self._push(since + waited_us, lambda: self._leaves(ev.Abandon(contact.contact)))
            return ev.Arrive(contact)
        if past is not None and past.outcome == VisitOutcome.WITHDRAWN:
            self._push(since + waited_us, lambda: self._leaves(ev.Withdraw(contact.contact, past.reason)))
        patience_us = self._pools.patience_us(contact, waited_us, self._chance.random())
        if patience_us != inf:
            self._push(since + int(patience_us), lambda: self._leaves(ev.Abandon(contact.contact)))
        return ev.Arrive(contact)

    def _leaves(self, event: ev.Abandon | ev.Withdraw) -> ev.Event | None:
        """Whoever talks by then has forgotten the waiting."""
        return None if self.outcome.by_contact[event.contact].outcome else event

    def _refused(self, decision: Refused) -> None:
        stay = self.outcome.by_contact[decision.contact]
        stay.outcome, stay.reason = VisitOutcome.REFUSED.value, str(decision.reason)

    def _ended(self, decision: VisitEnded) -> None:
        stay = self.outcome.by_contact.get(decision.contact)
        if stay is None:
            return
        if decision.outcome is VisitOutcome.ENDED:
            stay.talked_us = decision.talked_us
            wrap_up_us = self._recorded.wrap_ups.get(decision.contact)
            if wrap_up_us is not None:
                self._at(self._now + wrap_up_us, ev.EndWrapUp(decision.agent))
        elif not stay.outcome:
            stay.outcome, stay.reason = decision.outcome.value, decision.reason
            stay.waited_us = decision.waited_us

    # What agents do.

    def _offered(self, decision: Offered) -> None:
        stay = self.outcome.by_contact[decision.contact]
        stay.first_agent = stay.first_agent or decision.agent
        ring = self._ring(decision)
        answer: ev.Event = ev.Claim(decision.offer, decision.fence)
        if ring.declined is not None:
            answer = ev.Decline(decision.offer, decision.fence, ring.declined)
        self._at(self._now + min(ring.after_us, decision.ring_us), answer)

    def _ring(self, decision: Offered) -> Ring:
        """As this agent answered this contact; else as it answered others, in turn; else as anybody."""
        own = self._recorded.rings.get(decision.agent, ())
        past = next(self._pairs.get((decision.contact, decision.agent), iter(())), None)
        if past is not None and past.cut_off:
            longer = [ring for ring in own if ring.after_us > past.after_us]
            return longer[0] if longer else Ring(decision.ring_us, ev.DeclineReason.NO_ANSWER)
        if past is not None:
            return past
        return next(self._rings[decision.agent]) if own else self._pools.ring(self._chance.random())

    def _connected(self, decision: Connected) -> None:
        stay = self.outcome.by_contact[decision.contact]
        stay.outcome, stay.agent, stay.waited_us = "answered", decision.agent, decision.waited_us
        past = self._recorded.stays.get(decision.contact)
        talk_us = -1 if past is None else past.talked_us
        if talk_us < 0:
            talk_us = self._pools.talk_us(stay.contact, self._chance.random())
        self._at(self._now + talk_us, ev.Finish(decision.contact))

    def _offer_ended(self, decision: OfferEnded) -> None:
        self.outcome.day.missed += decision.outcome in ("no-answer", "lease-expired")

    # What the router wants.

    def _wake(self, decision: WakeAt) -> None:
        at = self._wake_at = decision.at
        self._push(max(at, self._now), lambda: ev.Wake() if at == self._wake_at else None)


def _itself(event: ev.Event) -> ev.Event:
    return event


# Figures.


def day_of(
    stays: Iterable[Stay], queues: dict[str, QueueSettings], start: int, end: int, missed: int = 0
) -> DayResult:
    """Stays as the tables of simulated days take them; seconds from `start`. Who talks at the `end` is busy
    until then."""
    day = DayResult(missed=missed)
    for stay in sorted(stays, key=lambda stay: stay.at):
        at_s = max(0, stay.at - start) / SECOND
        visit = Visit(Caller(at_s, 0, 0.0, inf, 0, 0.0), stay.contact.queue, at_s, 0)
        visit.outcome, visit.agent = stay.outcome, stay.agent
        visit.waited_s, visit.talked_s = stay.waited_us / SECOND, max(0, stay.talked_us) / SECOND
        day.visits.append(visit)
        if stay.agent:
            since = stay.contact.waiting_since or stay.at
            from_s = (min(since, stay.at) + stay.waited_us - start) / SECOND
            settings = queues.get(stay.contact.queue)
            wrap_up_s = 0.0 if settings is None else settings.wrap_up_us / SECOND
            over_s = from_s + visit.talked_s + wrap_up_s if stay.talked_us >= 0 else (end - start) / SECOND
            day.talks.append((stay.agent, max(0.0, from_s), over_s, 1.0))
    return day


def presence(
    recorded: Recorded, opening: Sequence[tuple[int, ev.Event]], start: int
) -> dict[str, tuple[Shift, ...]]:
    """When each agent was signed in, in seconds from `start`."""
    since: dict[str, int] = {}
    shifts: dict[str, list[Shift]] = defaultdict(list)
    for at, event in (*opening, *recorded.agents):
        if isinstance(event, ev.SignIn):
            since.setdefault(event.agent, max(at, start))
        elif isinstance(event, ev.SignOut) and event.agent in since:
            shifts[event.agent].append(_shift(since.pop(event.agent), at, start))
    for agent, at in since.items():
        shifts[agent].append(_shift(at, recorded.end, start))
    return {agent: tuple(of) for agent, of in shifts.items()}


def _shift(begin: int, end: int, start: int) -> Shift:
    return Shift((begin - start) / SECOND, (end - start) / SECOND)


def frame(
    queues: dict[str, QueueSettings],
    people: dict[str, AgentSettings],
    shifts: dict[str, tuple[Shift, ...]],
    day_s: float,
    interval_s: float,
) -> Scenario:
    """What the tables need to know of a day. Agents of one set of skills are a group."""
    workers = tuple(Worker(agent, _group(agent), shifts.get(agent.name, ())) for agent in people.values())
    return Scenario(tuple(queues.values()), workers, (), max(day_s, 1.0), interval_s)


def _group(agent: AgentSettings) -> str:
    return ", ".join(skill for skill, _ in agent.skills) or "no skills"


def compared(recorded: dict[str, Stay], now: dict[str, Stay]) -> Counter[str]:
    """Of contacts that both sides saw: how many go to the same agent, to another, and what else changes."""
    counts: Counter[str] = Counter()
    for contact, past in recorded.items():
        other = now.get(contact)
        if other is None or not past.outcome:
            continue
        counts[_change(past, other)] += 1
    return counts


def _change(past: Stay, now: Stay) -> str:
    if past.outcome == "answered" == now.outcome:
        return "same agent" if past.agent == now.agent else "another agent"
    if past.outcome == now.outcome:
        return "as before"
    return f"{past.outcome}, now {now.outcome or 'still waiting'}"
