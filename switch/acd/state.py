"""The state of one tenant's router: queues, agents, visits. Plain, mutable, owned by one router.

What is shown of an agent is derived from independent axes by `shown`; nothing else decides it.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import replace
from enum import IntEnum
from heapq import merge
from itertools import groupby
from operator import attrgetter

from switch.acd.decisions import AgentChanged, AgentState, Decision
from switch.acd.due import Due
from switch.acd.limits import AMOUNT_MAX, NEVER, ORDER_MAX
from switch.acd.settings import LEVEL_MAX, AgentSettings, Contact, QueueSettings, Requirement
from switch.base.rng import SplitMix64

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_MASK = (1 << 64) - 1


def name_hash(name: str) -> int:
    """FNV-1a, 64 bits, over UTF-8."""
    value = _FNV_OFFSET
    for byte in name.encode():
        value = ((value ^ byte) * _FNV_PRIME) & _MASK
    return value


def amount(value: int, least: int = -AMOUNT_MAX, most: int = AMOUNT_MAX) -> int:
    """`value` brought within the bounds that both halves share."""
    return max(least, min(value, most))


class VisitState(IntEnum):
    WAITING = 0
    OFFERED = 1
    CONNECTED = 2


class Queue:
    """A queue, its line of visits that wait or are offered, and its counts since start."""

    __slots__ = (
        "abandoned",
        "abandoned_in_time",
        "answered",
        "answered_in_time",
        "answers",
        "entered",
        "line",
        "offered",
        "refused",
        "settings",
        "talking",
        "withdrawn",
    )

    def __init__(self, settings: QueueSettings) -> None:
        self.settings = settings
        self.line: list[Visit] = []
        self.offered = 0
        self.talking = 0
        self.entered = 0
        self.answered = 0
        self.answered_in_time = 0
        self.abandoned = 0
        self.abandoned_in_time = 0
        self.withdrawn = 0
        self.refused = 0
        self.answers: list[int] = []

    def in_time(self, waited_us: int) -> bool:
        """Within the T of the service level; 0 switches T off, so that all are in time."""
        limit = self.settings.service_level_us
        return limit == 0 or waited_us <= limit

    def position(self, visit: "Visit") -> int:
        """1 for the first of the line."""
        return bisect_left(self.line, visit.key, key=_KEY) + 1


class Agent:
    """An agent's axes. `visit` is the one offered or connected; `engaged` counts calls of no queue."""

    __slots__ = (
        "answered",
        "engaged",
        "hash",
        "idle_since",
        "missed",
        "number",
        "order",
        "pause_reason",
        "paused",
        "queues",
        "reachable",
        "rest_until",
        "settings",
        "shown",
        "shown_reason",
        "signed_in",
        "since",
        "skills",
        "visit",
        "wrap_until",
    )

    def __init__(self, name: str, number: int, now: int) -> None:
        self.number = number
        self.hash = name_hash(name)
        self.signed_in = False
        self.reachable = False
        self.paused = False
        self.pause_reason = ""
        self.engaged = 0
        self.visit: Visit | None = None
        self.wrap_until = 0
        self.rest_until = 0
        self.idle_since = now
        self.answered = 0
        self.missed = 0
        self.shown = AgentState.LOGGED_OUT
        self.shown_reason = ""
        self.since = now
        self.configure(AgentSettings(name))

    def configure(self, settings: AgentSettings) -> None:
        """Take skills, queues and order; all else stays (a reload must not reset anyone's turn)."""
        skills = {name: amount(level, 0, LEVEL_MAX) for name, level in settings.skills}
        self.skills = {name: skills[name] for name in sorted(skills)}
        self.queues = tuple(sorted(set(settings.queues)))
        self.order = amount(settings.order, -ORDER_MAX, ORDER_MAX)
        self.settings = AgentSettings(settings.name, tuple(self.skills.items()), self.queues, self.order)

    @property
    def name(self) -> str:
        return self.settings.name

    def serves(self, queue: str) -> bool:
        return not self.queues or queue in self.queues

    def is_free(self) -> bool:
        """May be given an offer, as far as the agent alone is concerned."""
        return (
            self.signed_in
            and self.reachable
            and not self.paused
            and self.visit is None
            and not self.engaged
            and not self.wrap_until
        )

    def derive(self) -> tuple[AgentState, str]:
        """The shown state, from the axes, and the pause's reason, shown or pending."""
        state = AgentState.AVAILABLE
        if not self.signed_in:
            state = AgentState.LOGGED_OUT
        elif not self.reachable:
            state = AgentState.UNREACHABLE
        elif self.visit is not None and self.visit.state is VisitState.OFFERED:
            state = AgentState.OFFERED
        elif self.visit is not None or self.engaged:
            state = AgentState.BUSY
        elif self.wrap_until:
            state = AgentState.WRAP_UP
        elif self.paused:
            state = AgentState.PAUSED
        return state, self.pause_reason


class Visit:
    """One contact's stay in one queue.

    `queue` and `agent` are None once removed; their names stay in `contact.queue` and `agent_name`.
    """

    __slots__ = (
        "agent",
        "agent_name",
        "backoffs",
        "connected_at",
        "contact",
        "fence",
        "key",
        "lease_until",
        "offer",
        "queue",
        "seq",
        "state",
        "step",
        "steps",
        "wrap_up_us",
    )

    def __init__(self, contact: Contact, queue: Queue | None, seq: int) -> None:
        self.contact = contact
        self.queue = queue
        self.seq = seq
        self.key = (-contact.priority, contact.waiting_since, seq)
        self.steps = contact.requirement.steps
        self.step = 0
        self.state = VisitState.WAITING
        self.agent: Agent | None = None
        self.agent_name = ""
        self.offer = 0
        self.fence = 0
        self.lease_until = 0
        self.connected_at = 0
        self.wrap_up_us = 0
        self.backoffs: list[tuple[str, int]] = []

    @property
    def id(self) -> str:
        return self.contact.contact

    def waited(self, now: int) -> int:
        return now - self.contact.waiting_since

    def step_due(self) -> int | None:
        """When the next step begins, or None after the last."""
        if self.step + 1 >= len(self.steps):
            return None
        return self.contact.waiting_since + self.steps[self.step + 1].after_us

    def backed_off(self, agent: str) -> bool:
        return any(name == agent for name, _ in self.backoffs)


_KEY = attrgetter("key")


def global_key(visit: Visit) -> tuple[int, int, int, int]:
    """The order in which contacts are served: queue, priority, time, arrival."""
    assert visit.queue is not None, "only visits of a standing queue are in a line"
    return (-visit.queue.settings.priority, *visit.key)


class State:
    """Everything that a snapshot holds, its indexes, and the decisions of the present event."""

    def __init__(self, seed: int) -> None:
        self.rng = SplitMix64(seed)
        self.now = 0
        self.sequence = 0
        self.last_offer = 0
        self.last_fence = 0
        self.last_seq = 0
        self.last_agent = 0
        self.wake_at = NEVER
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, Agent] = {}
        self.visits: dict[str, Visit] = {}
        self.visits_by_seq: dict[int, Visit] = {}
        self.agents_by_number: dict[int, Agent] = {}
        self.offers: dict[int, Visit] = {}
        self.due = Due()
        self.dirty_agents: dict[int, Agent] = {}
        self.dirty_visits: dict[int, Visit] = {}
        self.out: list[Decision] = []

    def add_visit(self, visit: Visit) -> None:
        self.visits[visit.id] = visit
        self.visits_by_seq[visit.seq] = visit
        if visit.queue is not None and visit.state is not VisitState.CONNECTED:
            insort(visit.queue.line, visit, key=_KEY)

    def leave_line(self, visit: Visit) -> None:
        queue = visit.queue
        if queue is None:
            return
        index = bisect_left(queue.line, visit.key, key=_KEY)
        assert queue.line[index] is visit, "the line holds each visit once"
        del queue.line[index]

    def forget_visit(self, visit: Visit) -> None:
        del self.visits[visit.id]
        del self.visits_by_seq[visit.seq]
        self.dirty_visits.pop(visit.seq, None)

    def refresh(self, agent: Agent) -> None:
        """Show what the axes now say, and let a free agent be considered for the waiting."""
        shown, reason = agent.derive()
        if shown is not agent.shown or reason != agent.shown_reason:
            if shown is not agent.shown or shown is AgentState.PAUSED:
                agent.since = self.now
            agent.shown, agent.shown_reason = shown, reason
            self.out.append(AgentChanged(agent.name, shown, reason))
        if agent.is_free():
            self.dirty_agents[agent.number] = agent

    def in_order(self) -> Iterator[Visit]:
        """All visits of all lines in the order in which they are to be served."""
        queues = sorted(self.queues.values(), key=_priority)
        for _, same in groupby(queues, key=_priority):
            yield from merge(*(queue.line for queue in same), key=_KEY)


def _priority(queue: Queue) -> int:
    return -queue.settings.priority


def clean_queue(settings: QueueSettings) -> QueueSettings:
    """The same settings with every number within the shared bounds."""
    return replace(
        settings,
        priority=amount(settings.priority),
        ring_us=amount(settings.ring_us, 0),
        lease_margin_us=amount(settings.lease_margin_us, 0),
        wrap_up_us=amount(settings.wrap_up_us, 0),
        misses_before_pause=amount(settings.misses_before_pause, 0),
        contacts_max=amount(settings.contacts_max, 0),
        service_level_us=amount(settings.service_level_us, 0),
        retry_same_agent_us=amount(settings.retry_same_agent_us, 0),
    )


def clean_contact(contact: Contact, now: int) -> Contact:
    """The same contact within the shared bounds; `waiting_since` 0 means from now, and never later."""
    since = now if contact.waiting_since == 0 else min(amount(contact.waiting_since), now)
    steps = contact.requirement.steps or Requirement().steps
    return replace(
        contact,
        requirement=Requirement(
            tuple(
                replace(
                    step,
                    after_us=amount(step.after_us, 0),
                    needs=tuple(replace(need, level=amount(need.level)) for need in step.needs),
                )
                for step in steps
            )
        ),
        priority=amount(contact.priority),
        waiting_since=since,
    )
