"""What must hold of a router, counted while it works. Shares nothing with the router but the values.

It follows the events that went in and the decisions that came out, with tables of its own, and compares. A
breach is counted by name and never raised: whoever is served must not suffer from a check.
`docs/invariants.md` says each in words; any count but zero is an alert.

What costs the same for each event is checked at each; what would cost a walk (agents beside the waiting,
leases, the books) is checked at `inspect`, bounded, when the metrics are read.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from switch.acd import events as ev
from switch.acd.decisions import (
    Admitted,
    AgentChanged,
    AgentState,
    Connected,
    Decision,
    Offered,
    OfferEnded,
    OfferOutcome,
    QueueView,
    VisitEnded,
)
from switch.acd.limits import RETRY_MIN_US, UNITS
from switch.acd.settings import (
    AgentSettings,
    Contact,
    Need,
    Policy,
    QueueSettings,
    Step,
    TenantSettings,
)

DOUBLE_OFFER = "double-offer"
UNCLAIMED_TALK = "unclaimed-talk"
OVERTAKEN = "overtaken"
LEASE_OVERDUE = "lease-overdue"
IDLE_BESIDE_WAITING = "idle-beside-waiting"
BOOKS = "books"
INVARIANTS = (DOUBLE_OFFER, UNCLAIMED_TALK, OVERTAKEN, LEASE_OVERDUE, IDLE_BESIDE_WAITING, BOOKS)

GRACE_US = 1_000_000
"""The router learns of times by `Wake`, a moment after them: what is younger than this is not judged."""

EARLIER_MAX = 8
"""Contacts before an offered one that are looked at: an overtaking is mostly of the first in line."""

PAIRS_MAX = 2_000
"""Agent and contact pairs of one inspection: about a millisecond."""

_RINGS_SEVERAL = (Policy.RING_ALL, Policy.RING_PROGRESSIVELY)
_UNUSABLE = 2
_OWN_CALL_UNITS = 100
_RANG_OUT = (OfferOutcome.NO_ANSWER, OfferOutcome.LEASE_EXPIRED)
_FAILED = (OfferOutcome.DECLINED, OfferOutcome.BUSY, OfferOutcome.UNREACHABLE, OfferOutcome.FAILED)


class Reads(Protocol):
    """What an inspection asks of the router."""

    def queues(self, now: int) -> list[QueueView]: ...


@dataclass(slots=True)
class _Visit:
    contact: Contact
    since: int
    """When the wait began, which may be long before it came to this queue."""
    admitted: int
    units: int
    offers: set[int] = field(default_factory=set)
    talks: bool = False
    wrap_up_us: int = 0
    tried: dict[str, int] = field(default_factory=dict)
    """Agents who missed it, and until when they are not asked again."""


@dataclass(slots=True)
class _Person:
    settings: AgentSettings
    levels: dict[str, int]
    available_since: int = -1
    line: int = 0
    held: dict[str, _Visit] = field(default_factory=dict)
    """Whom they are offered or talk to."""
    own_calls: int = 0
    wraps_until: int = 0
    wrap_units: int = 0
    rests_until: int = 0

    def has_room(self, visit: _Visit, now: int) -> bool:
        """For one more contact beside those held, own calls and a wrap-up."""
        channel = visit.contact.channel
        most = next((count for name, count in self.settings.most if name == channel), None)
        alike = sum(other.contact.channel == channel for other in self.held.values())
        used = sum(other.units for other in self.held.values()) + _OWN_CALL_UNITS * self.own_calls
        used += self.wrap_units if self.wraps_until > now else 0
        return used + visit.units <= self.settings.units and (most is None or alike < most)


class Auditor:
    """Follows one router from its first event. `breaches` counts by invariant.

    Who rests is unknown of a router that a restart brought back: `idle_from` is when idling is judged first.
    """

    def __init__(self, idle_from: int = 0) -> None:
        self._idle_from = idle_from
        self.breaches: Counter[str] = Counter()
        self._tenant = TenantSettings()
        self._queues: dict[str, QueueSettings] = {}
        self._people: dict[str, _Person] = {}
        self._visits: dict[str, _Visit] = {}
        self._lines: dict[str, dict[str, _Visit]] = {}
        self._offers: dict[int, Offered] = {}
        self._handlers: dict[type, Callable[[Any, ev.Event, int], None]] = {
            Admitted: self._admitted,
            Offered: self._offered,
            OfferEnded: self._offer_ended,
            Connected: self._connected,
            VisitEnded: self._visit_ended,
            AgentChanged: self._agent_changed,
        }

    def follow(self, event: ev.Event, decisions: Sequence[Decision], now: int) -> None:
        """After `Router.apply(event, now)` gave `decisions`."""
        if type(event) in _TOLD:
            self._see_told(event)
        for decision in decisions:
            handler = self._handlers.get(type(decision))
            if handler is not None:
                handler(decision, event, now)

    def _see_told(self, event: ev.Event) -> None:
        match event:
            case ev.SetTenant():
                self._tenant = event.tenant
            case ev.Engage() | ev.Disengage():
                person = self._people.get(event.agent)
                if person is not None:
                    change = 1 if isinstance(event, ev.Engage) else -1
                    person.own_calls = max(0, person.own_calls + change)
            case ev.EndWrapUp():
                person = self._people.get(event.agent)
                if person is not None:
                    person.wraps_until = 0
            case ev.SetQueue():
                self._queues[event.queue.name] = event.queue
            case ev.SetAgent():
                levels = dict(event.agent.skills)
                person = self._people.setdefault(event.agent.name, _Person(event.agent, levels))
                person.settings, person.levels = event.agent, levels
            case ev.RemoveQueue():
                self._queues.pop(event.queue, None)
            case ev.RemoveAgent():
                self._people.pop(event.agent, None)

    def _admitted(self, decision: Admitted, event: ev.Event, now: int) -> None:
        if not isinstance(event, ev.Arrive) or decision.contact in self._visits:
            self.breaches[BOOKS] += 1
            return
        units = dict(self._tenant.channels).get(event.contact.channel, UNITS)
        visit = _Visit(event.contact, min(event.contact.waiting_since or now, now), now, units)
        self._visits[decision.contact] = visit
        self._lines.setdefault(decision.queue, {})[decision.contact] = visit

    def _offered(self, decision: Offered, _event: ev.Event, now: int) -> None:
        visit, person = self._visits.get(decision.contact), self._people.get(decision.agent)
        if visit is None or person is None:
            self.breaches[BOOKS] += 1
            return
        queue = self._queues.get(decision.queue)
        several = queue is not None and queue.policy in _RINGS_SEVERAL
        room = person.has_room(visit, now) and decision.contact not in person.held
        if visit.talks or not room or (visit.offers and not several):
            self.breaches[DOUBLE_OFFER] += 1
        self._look_for_overtaken(decision, visit, person, now)
        visit.offers.add(decision.offer)
        person.held[decision.contact] = visit
        person.available_since = -1
        self._offers[decision.offer] = decision

    def _look_for_overtaken(self, decision: Offered, visit: _Visit, person: _Person, now: int) -> None:
        line = self._lines.get(decision.queue, {})
        for other in islice(line.values(), EARLIER_MAX):
            if other is visit:
                break
            waits = not other.offers and not other.talks and now - other.admitted > GRACE_US
            equal = other.contact.priority == visit.contact.priority and other.since < visit.since
            if waits and equal and self._may_serve(decision.agent, person, other, now, 0):
                self.breaches[OVERTAKEN] += 1
                break

    def _offer_ended(self, decision: OfferEnded, event: ev.Event, now: int) -> None:
        offered = self._offers.pop(decision.offer, None)
        if offered is None or offered.contact != decision.contact:
            self.breaches[BOOKS] += 1
            return
        visit, person = self._visits.get(decision.contact), self._people.get(decision.agent)
        queue = self._queues.get(offered.queue)
        until = now + max(queue.retry_same_agent_us if queue is not None else 0, RETRY_MIN_US)
        if visit is not None:
            visit.offers.discard(decision.offer)
            if decision.outcome in _RANG_OUT:
                visit.tried[decision.agent] = until
        if person is not None:
            person.held.pop(decision.contact, None)
            lost = decision.outcome is OfferOutcome.AGENT_GONE and isinstance(event, ev.Reach)
            if decision.outcome in _FAILED or lost:
                person.rests_until = max(person.rests_until, until)

    def _connected(self, decision: Connected, event: ev.Event, _now: int) -> None:
        offered = self._offers.pop(decision.offer, None)
        claimed = isinstance(event, ev.Claim) and offered is not None and event.fence == offered.fence
        visit, person = self._visits.get(decision.contact), self._people.get(decision.agent)
        held = person is None or decision.contact in person.held
        if not claimed or not held or visit is None or visit.talks:
            self.breaches[UNCLAIMED_TALK] += 1
        if visit is not None:
            visit.offers.discard(decision.offer)
            visit.talks = True
            queue = self._queues.get(decision.queue)
            visit.wrap_up_us = queue.wrap_up_us if queue is not None else 0
            self._lines.get(decision.queue, {}).pop(decision.contact, None)
            if person is not None:
                person.held[decision.contact] = visit

    def _visit_ended(self, decision: VisitEnded, _event: ev.Event, now: int) -> None:
        visit = self._visits.pop(decision.contact, None)
        self._lines.get(decision.queue, {}).pop(decision.contact, None)
        if visit is None:
            self.breaches[BOOKS] += 1
            return
        person = self._people.get(decision.agent)
        # An agent who was removed and set anew has nothing to do with the talk of before.
        if person is not None and person.held.pop(decision.contact, None) is not None and visit.wrap_up_us:
            person.wrap_units = visit.units + (person.wrap_units if person.wraps_until > now else 0)
            person.wraps_until = max(person.wraps_until, now + visit.wrap_up_us)

    def _agent_changed(self, decision: AgentChanged, _event: ev.Event, now: int) -> None:
        person = self._people.get(decision.agent)
        if person is not None:
            person.line = decision.line
            able = decision.state is AgentState.AVAILABLE and decision.line != _UNUSABLE
            person.available_since = now if able else -1

    # What is looked at now and then.

    def inspect(self, router: Reads, now: int) -> None:
        """What would cost too much at each event. Each breach that lasts is counted at each inspection."""
        self._inspect_leases(now)
        self._inspect_idle(now)
        self._inspect_books(router, now)

    def _inspect_leases(self, now: int) -> None:
        if any(offered.lease_until + GRACE_US < now for offered in self._offers.values()):
            self.breaches[LEASE_OVERDUE] += 1

    def _inspect_idle(self, now: int) -> None:
        if now < self._idle_from:
            return
        settled = now - GRACE_US
        idle = [
            (name, person)
            for name, person in self._people.items()
            if 0 <= person.available_since <= settled and person.rests_until <= settled
        ]
        if not idle:
            return
        pairs = 0
        for line in self._lines.values():
            for visit in line.values():
                if visit.offers or visit.talks or visit.admitted > settled:
                    continue
                for name, person in idle:
                    pairs += 1
                    if pairs > PAIRS_MAX:
                        return
                    if self._may_serve(name, person, visit, now, GRACE_US):
                        self.breaches[IDLE_BESIDE_WAITING] += 1
                        return

    def _inspect_books(self, router: Reads, now: int) -> None:
        for view in router.queues(now):
            out = view.answered + view.abandoned + view.withdrawn
            inside = len(self._lines.get(view.name, ()))
            if view.waiting + view.offered != inside or view.entered != out + inside:
                self.breaches[BOOKS] += 1
                return

    def _may_serve(self, name: str, person: _Person, visit: _Visit, now: int, grace_us: int) -> bool:
        """Whether the agent may serve the contact, and could for longer than the grace."""
        contact = visit.contact
        if name in contact.avoid or person.rests_until > now - grace_us:
            return False
        if visit.tried.get(name, 0) > now - grace_us or not person.has_room(visit, now):
            return False
        # Kept for another agent, who may or may not be there: this is not judged.
        if contact.before and contact.before != name and visit.since + contact.sticky_us > now - grace_us:
            return False
        # A step may ask for more than the one before: then both must be met.
        return _meets(person, visit, _step(visit, now)) and (
            not grace_us or _meets(person, visit, _step(visit, now - grace_us))
        )


_TOLD = frozenset(
    (
        ev.SetTenant,
        ev.SetQueue,
        ev.SetAgent,
        ev.RemoveQueue,
        ev.RemoveAgent,
        ev.Engage,
        ev.Disengage,
        ev.EndWrapUp,
    )
)


def _step(visit: _Visit, now: int) -> Step:
    steps = visit.contact.requirement.steps
    return next((step for step in reversed(steps) if visit.since + step.after_us <= now), steps[0])


def _meets(person: _Person, visit: _Visit, step: Step) -> bool:
    """Whether the agent has all that the step asks for."""
    settings, levels = person.settings, person.levels

    def has(need: Need) -> bool:
        return levels.get(need.skill, 0) >= need.level

    serves = not settings.queues or not {visit.contact.queue, *step.queues}.isdisjoint(settings.queues)
    return (
        serves
        and all(map(has, step.needs))
        and (not step.any_of or any(all(map(has, group)) for group in step.any_of))
        and not any(map(has, step.none_of))
        and (not step.teams or not set(step.teams).isdisjoint(settings.teams))
    )
