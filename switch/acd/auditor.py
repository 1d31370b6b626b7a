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
from switch.acd.limits import RETRY_MIN_US
from switch.acd.settings import AgentSettings, Contact, Need, QueueSettings

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
    offer: int = 0
    talks: bool = False
    tried: dict[str, int] = field(default_factory=dict)
    """Agents who missed it, and until when they are not asked again."""


@dataclass(slots=True)
class _Person:
    settings: AgentSettings
    levels: dict[str, int]
    available_since: int = -1
    offer: int = 0
    contact: str = ""
    """Whom they talk to."""
    rests_until: int = 0


class Auditor:
    """Follows one router from its first event. `breaches` counts by invariant."""

    def __init__(self) -> None:
        self.breaches: Counter[str] = Counter()
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
        if type(event) in _SETTINGS:
            self._see_settings(event)
        for decision in decisions:
            handler = self._handlers.get(type(decision))
            if handler is not None:
                handler(decision, event, now)

    def _see_settings(self, event: ev.Event) -> None:
        match event:
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
        visit = _Visit(event.contact, min(event.contact.waiting_since or now, now), now)
        self._visits[decision.contact] = visit
        self._lines.setdefault(decision.queue, {})[decision.contact] = visit

    def _offered(self, decision: Offered, _event: ev.Event, now: int) -> None:
        visit, person = self._visits.get(decision.contact), self._people.get(decision.agent)
        if visit is None or person is None:
            self.breaches[BOOKS] += 1
            return
        if visit.offer or visit.talks or person.offer or person.contact:
            self.breaches[DOUBLE_OFFER] += 1
        visit.offer = person.offer = decision.offer
        person.available_since = -1
        self._offers[decision.offer] = decision
        line = self._lines.get(decision.queue, {})
        for other in islice(line.values(), EARLIER_MAX):
            if other is visit:
                break
            waits = not other.offer and not other.talks and now - other.admitted > GRACE_US
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
            visit.offer = 0
            if decision.outcome in _RANG_OUT:
                visit.tried[decision.agent] = until
        if person is not None:
            person.offer = 0
            lost = decision.outcome is OfferOutcome.AGENT_GONE and isinstance(event, ev.Reach)
            if decision.outcome in _FAILED or lost:
                person.rests_until = max(person.rests_until, until)

    def _connected(self, decision: Connected, event: ev.Event, _now: int) -> None:
        offered = self._offers.pop(decision.offer, None)
        claimed = isinstance(event, ev.Claim) and offered is not None and event.fence == offered.fence
        visit, person = self._visits.get(decision.contact), self._people.get(decision.agent)
        if not claimed or visit is None or visit.talks or (person is not None and person.contact):
            self.breaches[UNCLAIMED_TALK] += 1
        if visit is not None:
            visit.offer, visit.talks = 0, True
            self._lines.get(decision.queue, {}).pop(decision.contact, None)
        if person is not None:
            person.offer, person.contact = 0, decision.contact

    def _visit_ended(self, decision: VisitEnded, _event: ev.Event, _now: int) -> None:
        visit = self._visits.pop(decision.contact, None)
        self._lines.get(decision.queue, {}).pop(decision.contact, None)
        if visit is None:
            self.breaches[BOOKS] += 1
            return
        person = self._people.get(decision.agent)
        if person is not None and person.contact == decision.contact:
            person.contact = ""

    def _agent_changed(self, decision: AgentChanged, _event: ev.Event, now: int) -> None:
        person = self._people.get(decision.agent)
        if person is not None:
            person.available_since = now if decision.state is AgentState.AVAILABLE else -1

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
                if visit.offer or visit.talks or visit.admitted > settled:
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
        settings, contact = person.settings, visit.contact
        # A step may ask for more than the one before: then both must be met.
        needs = (*_needs(visit, now), *(_needs(visit, now - grace_us) if grace_us else ()))
        return (
            (not settings.queues or contact.queue in settings.queues)
            and name not in contact.avoid
            and person.rests_until <= now - grace_us
            and visit.tried.get(name, 0) <= now - grace_us
            and all(person.levels.get(need.skill, 0) >= need.level for need in needs)
        )


_SETTINGS = frozenset((ev.SetQueue, ev.SetAgent, ev.RemoveQueue, ev.RemoveAgent))


def _needs(visit: _Visit, now: int) -> tuple[Need, ...]:
    steps = visit.contact.requirement.steps
    return next(
        (step.needs for step in reversed(steps) if visit.since + step.after_us <= now), steps[0].needs
    )
