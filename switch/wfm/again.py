"""A recorded day by another configuration: the real router, callers and agents as they were.

An estimate, and it says so. What was seen is kept; what another configuration brings to light is drawn: how
long callers who were answered would have waited (Kaplan and Meier), how long a talk is with whom nobody
talked (from talks of the same queue and needs). How an agent answers a ring is what that agent did in turn.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from itertools import cycle
from math import inf
from typing import Any

import numpy as np

from switch.acd import events as ev
from switch.acd.decisions import Connected, Offered, OfferEnded, Refused, VisitEnded, VisitOutcome, WakeAt
from switch.acd.opening import Opening, Standing
from switch.acd.select import RouterLike
from switch.acd.settings import AgentSettings, Contact, QueueSettings, TenantSettings
from switch.base.clock import SECOND
from switch.wfm.asked import Asked
from switch.wfm.day import DayResult, Visit
from switch.wfm.draws import Caller
from switch.wfm.patience import Survival
from switch.wfm.recorded import Recorded, Ring, Stay
from switch.wfm.scenario import Scenario, Shift, Worker

RING = Ring(5 * SECOND, None)
"""Of an agent of whom and of whose colleagues nothing was recorded."""

LATER, LAST = 1 << 62, 1 << 63
"""What happens at one moment keeps the order in which it was recorded; then comes all else, and then what
agents did: a phone that is lost by not answering answers first."""

_WAKE = ev.Wake()

TIMEOUT = "timeout"
"""Why the dialplan takes out whoever waited as long as the step `queue` lets them."""

NEAR_US = SECOND
"""A recorded time-out this near to the configured one is that one, and keeps its moment."""

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
        for talks in self._talks.values():
            talks.sort()
        self._patience = {queue: Survival(of) for queue, of in waits.items()}
        self._rings = [ring for rings in recorded.rings.values() for ring in rings] or [RING]

    def patience_us(self, contact: Contact, waited_us: int, chance: float) -> float:
        """Until when somebody waits who waited so long; infinite where nobody gave up later."""
        known = self._patience.get(contact.queue)
        return inf if known is None else known.beyond(waited_us, chance)

    def talk_us(self, contact: Contact, chance: float, seen_us: int = 0) -> int:
        """Of a contact that nobody talked to, or whose talk went on for `seen_us` when the record ended."""
        for key in _keys(contact):
            talks = self._talks.get(key, ())
            first = bisect_left(talks, seen_us)
            if first < len(talks):
                return talks[first + int(chance * (len(talks) - first))]
        return max(TALK_US, seen_us)

    def ring(self, chance: float) -> Ring:
        """Of an agent who was never rung."""
        return self._rings[int(chance * len(self._rings))]


def _keys(contact: Contact) -> tuple[Any, ...]:
    return (contact.queue, contact.requirement), contact.queue, None


class Again:
    """One draw. `router` is the one with which the record begins; `settings` replace what it knows, and what
    was recorded of them. `asked` is what contacts ask now, of whom that is known."""

    def __init__(
        self,
        recorded: Recorded,
        opening: Opening,
        settings: Sequence[ev.Event],
        asked: Mapping[str, Asked],
        router: RouterLike,
        seed: int,
    ) -> None:
        self._recorded = recorded
        self._router = router
        self._chance = np.random.Generator(np.random.PCG64(seed))
        self._pools = Pools(recorded)
        self._heap: list[tuple[int, int, int, Callable[[], ev.Event | None]]] = []
        self._made = 0
        self._now = opening.now
        self._wake_at = 0
        self._opening = opening
        self._settings = settings
        self._asked = asked
        self._rings = {agent: cycle(rings) for agent, rings in recorded.rings.items()}
        self._pairs = {pair: iter(rings) for pair, rings in recorded.pairs.items()}
        self._ringing: set[int] = set()
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
        opening, outcome = self._opening, self.outcome
        for event in self._settings:
            match event:
                case ev.SetQueue(queue):
                    outcome.queues[queue.name] = queue
                case ev.SetAgent(agent):
                    outcome.people[agent.name] = agent
        for contact in opening.waiting:
            outcome.by_contact[contact.contact] = Stay(contact, opening.now)
            self._waits(contact)
        for offer in opening.offers:
            self._rings_at(offer, offer.at)
        if opening.wake_at > self._now:
            self._wake(WakeAt(opening.wake_at))
        for event in changes(opening, self._settings):
            self._apply(event)
        for at, event in self._recorded.agents:
            self._push(at, event, rank=LAST)
        for contact_, stay in self._recorded.stays.items():
            if contact_ not in outcome.by_contact:
                self._arrive_at(stay.at, stay.contact)

    def _at(self, at: int, event: ev.Event) -> None:
        self._push(at, event)

    def _push(
        self, at: int, event: ev.Event, act: Callable[[], ev.Event | None] | None = None, rank: int = LATER
    ) -> None:
        """`act` tells at that moment what happens in place of the event, if anything."""
        self._made += 1
        rank = self._recorded.order.get((at, event), rank)
        heappush(self._heap, (at, rank, self._made, act or partial(_itself, event)))

    def _apply(self, event: ev.Event) -> None:
        self.outcome.day.events += 1
        for decision in self._router.apply(event, self._now):
            handler = self._handlers.get(type(decision))
            if handler is not None:
                handler(decision)

    # What callers do.

    def _arrive_at(self, at: int, recorded: Contact) -> None:
        asked = self._asked.get(recorded.contact)
        contact = recorded if asked is None else asked.of(recorded)
        self.outcome.by_contact[contact.contact] = Stay(contact, at)
        self._push(at, ev.Arrive(recorded), lambda: self._arrive(contact))

    def _arrive(self, contact: Contact) -> ev.Event:
        self._waits(contact)
        return ev.Arrive(contact)

    def _waits(self, contact: Contact) -> None:
        """When the caller goes who is not served until then."""
        past = self._recorded.stays.get(contact.contact)
        since = min(contact.waiting_since or self._now, self._now)
        waited_us = 0
        if past is not None and past.outcome != VisitOutcome.REFUSED:
            waited_us = past.waited_us if past.outcome else self._recorded.end - min(since, past.at)
        withdrawn = past is not None and past.outcome == VisitOutcome.WITHDRAWN
        reason = "" if past is None else past.reason
        asked = self._asked.get(contact.contact)
        if asked is not None:
            limit = self._now + asked.wait_us_max
            timed_out = withdrawn and reason == TIMEOUT
            if timed_out and asked.wait_us_max and abs(limit - since - waited_us) <= NEAR_US:
                limit = since + waited_us
            if asked.wait_us_max:
                self._leaves_at(limit, ev.Withdraw(contact.contact, TIMEOUT))
            withdrawn = withdrawn and not timed_out
        if past is not None and past.outcome == VisitOutcome.ABANDONED:
            self._leaves_at(since + waited_us, ev.Abandon(contact.contact))
            return
        if withdrawn:
            self._leaves_at(since + waited_us, ev.Withdraw(contact.contact, reason))
        patience_us = self._pools.patience_us(contact, waited_us, self._chance.random())
        if patience_us != inf:
            self._leaves_at(since + int(patience_us), ev.Abandon(contact.contact))

    def _leaves_at(self, at: int, event: ev.Abandon | ev.Withdraw) -> None:
        """Whoever talks by then has forgotten the waiting."""
        stay = self.outcome.by_contact[event.contact]
        self._push(at, event, lambda: None if stay.outcome else event)

    def _refused(self, decision: Refused) -> None:
        stay = self.outcome.by_contact[decision.contact]
        stay.outcome, stay.reason = VisitOutcome.REFUSED.value, str(decision.reason)

    def _ended(self, decision: VisitEnded) -> None:
        stay = self.outcome.by_contact.get(decision.contact)
        if decision.outcome is VisitOutcome.ENDED:
            if stay is not None:
                stay.talked_us = decision.talked_us
            wrap_up_us = self._recorded.wrap_ups.get(decision.contact)
            if wrap_up_us is not None:
                self._at(self._now + wrap_up_us, ev.EndWrapUp(decision.agent))
        elif stay is not None and not stay.outcome:
            stay.outcome, stay.reason = decision.outcome.value, decision.reason
            stay.waited_us = decision.waited_us

    # What agents do.

    def _offered(self, decision: Offered) -> None:
        stay = self.outcome.by_contact[decision.contact]
        stay.first_agent = stay.first_agent or decision.agent
        self._rings_at(decision, self._now)

    def _rings_at(self, made: Offered | Standing, at: int) -> None:
        ring = answered_within(self._ring(made), made.ring_us)
        self._ringing.add(made.offer)
        if ring.lapsed:
            return  # the lease ends by itself
        answer: ev.Event = ev.Claim(made.offer, made.fence)
        if ring.declined is not None:
            answer = ev.Decline(made.offer, made.fence, ring.declined)
        ringing, offer = self._ringing, made.offer
        self._push(at + ring.after_us, answer, lambda: answer if offer in ringing else None)

    def _ring(self, decision: Offered | Standing) -> Ring:
        """As this agent answered this contact; else as it answered others, in turn; else as anybody."""
        own = self._recorded.rings.get(decision.agent, ())
        past = next(self._pairs.get((decision.contact, decision.agent), iter(())), None)
        if past is not None and past.cut_off:
            longer = [ring for ring in own if ring.after_us > past.after_us]
            unanswered = max(past.ring_us, past.after_us + 1)
            return longer[0] if longer else Ring(unanswered, ev.DeclineReason.NO_ANSWER, ring_us=past.ring_us)
        if past is not None:
            return past
        return next(self._rings[decision.agent]) if own else self._pools.ring(self._chance.random())

    def _connected(self, decision: Connected) -> None:
        self._ringing.discard(decision.offer)
        stay = self.outcome.by_contact[decision.contact]
        stay.outcome, stay.agent, stay.waited_us = "answered", decision.agent, decision.waited_us
        past = self._recorded.stays.get(decision.contact)
        talk_us = -1 if past is None else past.talked_us
        if talk_us < 0:
            seen_us = 0
            if past is not None and past.outcome == "answered":
                seen_us = self._recorded.end - past.talk_from
            talk_us = self._pools.talk_us(stay.contact, self._chance.random(), seen_us)
        self._at(self._now + talk_us, ev.Finish(decision.contact))

    def _offer_ended(self, decision: OfferEnded) -> None:
        self._ringing.discard(decision.offer)
        self.outcome.day.missed += decision.outcome in ("no-answer", "lease-expired")

    # What the router wants.

    def _wake(self, decision: WakeAt) -> None:
        at = self._wake_at = decision.at
        self._push(max(at, self._now), _WAKE, lambda: _WAKE if at == self._wake_at else None)


def answered_within(ring: Ring, ring_us: int) -> Ring:
    """What becomes of a recorded ring where the phone rings for `ring_us`."""
    if ring.ring_us == ring_us or not ring.ring_us:
        return ring
    unanswered = ring.declined is ev.DeclineReason.NO_ANSWER and not ring.lapsed
    if unanswered and ring.after_us >= ring.ring_us:
        return replace(ring, after_us=ring.after_us - ring.ring_us + ring_us)
    if ring.after_us > ring_us:
        return Ring(ring_us, ev.DeclineReason.NO_ANSWER)
    return ring


def changes(opening: Opening, settings: Sequence[ev.Event]) -> list[ev.Event]:
    """What makes the opening's router know the settings, as a reload would: removals first."""
    queues = {event.queue.name for event in settings if isinstance(event, ev.SetQueue)}
    agents = {event.agent.name for event in settings if isinstance(event, ev.SetAgent)}
    found: list[ev.Event] = []
    if opening.tenant != TenantSettings() and not any(isinstance(event, ev.SetTenant) for event in settings):
        found.append(ev.SetTenant(TenantSettings()))
    found += [ev.RemoveQueue(queue.name) for queue in opening.queues if queue.name not in queues]
    found += [ev.RemoveAgent(agent.name) for agent in opening.agents if agent.name not in agents]
    known: set[ev.Event] = {ev.SetTenant(opening.tenant)}
    known |= {*map(ev.SetQueue, opening.queues), *map(ev.SetAgent, opening.agents)}
    return found + [event for event in settings if event not in known]


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


def presence(recorded: Recorded, opening: Opening, start: int) -> dict[str, tuple[Shift, ...]]:
    """When each agent was signed in, in seconds from `start`."""
    since = dict.fromkeys(opening.signed_in, max(opening.now, start))
    shifts: dict[str, list[Shift]] = defaultdict(list)
    for at, event in recorded.agents:
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
        if other is not None:
            counts[_change(past, other)] += 1
    return counts


def _change(past: Stay, now: Stay) -> str:
    if past.outcome == "answered" == now.outcome:
        return "same agent" if past.agent == now.agent else "another agent"
    if past.outcome == now.outcome:
        return "as before"
    return f"{past.outcome or 'still waiting'}, now {now.outcome or 'still waiting'}"
