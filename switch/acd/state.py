"""The state of one tenant's router: queues, agents, visits, offers. Plain, mutable, owned by one router.

What is shown of an agent is derived from independent axes by `derive`; nothing else decides it.
"""

from bisect import bisect_left, insort
from enum import IntEnum
from operator import attrgetter

from switch.acd.clean import clean_agent
from switch.acd.decisions import AgentChanged, AgentState, Decision
from switch.acd.due import Due
from switch.acd.events import LineGrade
from switch.acd.limits import (
    ENGAGED_MAX,
    GIVEN_UP_MAX,
    HANDLINGS_LEAST,
    NEVER,
    PRIORITY_MAX,
    RECENT_KEPT,
    SPAN_MAX,
    UNITS,
    WAIT_SUM_MAX_US,
)
from switch.acd.settings import AgentSettings, Contact, Order, QueueSettings, TenantSettings
from switch.base.matching import Able
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


class VisitState(IntEnum):
    WAITING = 0
    OFFERED = 1
    CONNECTED = 2


class Queue:
    """A queue, its line of visits that wait or are offered, and its counts since start.

    `assigned` are those of the line who are promised an agent by the batch that is being made.

    Of the waits that ended last `ends` are known; the bits of `ends_in_time` say which were in time, the
    lowest the latest. `gave_up` of those who waited `wait_sum_us` in all; both are halved now and then, so
    that their ratio is of the recent. `last` is (order, name) of the agent whom the queue last offered.
    """

    __slots__ = (
        "abandoned",
        "abandoned_in_time",
        "answered",
        "answered_in_time",
        "answers",
        "assigned",
        "ends",
        "ends_in_time",
        "entered",
        "gave_up",
        "handlings",
        "last",
        "line",
        "offered",
        "refused",
        "settings",
        "talking",
        "wait_sum_us",
        "withdrawn",
    )

    def __init__(self, settings: QueueSettings) -> None:
        self.settings = settings
        self.line: list[Visit] = []
        self.offered = 0
        self.assigned = 0
        self.talking = 0
        self.entered = 0
        self.answered = 0
        self.answered_in_time = 0
        self.abandoned = 0
        self.abandoned_in_time = 0
        self.withdrawn = 0
        self.refused = 0
        self.answers: list[int] = []
        self.handlings: list[int] = []
        self.ends = 0
        self.ends_in_time = 0
        self.gave_up = 0
        self.wait_sum_us = 0
        self.last: tuple[int, str] | None = None

    def in_time(self, waited_us: int) -> bool:
        """Within the T of the service level; 0 switches T off, so that all are in time."""
        limit = self.settings.service_level_us
        return limit == 0 or waited_us <= limit

    def note_end(self, waited_us: int) -> None:
        """A wait ended by an answer or by an abandonment."""
        self.ends = min(self.ends + 1, RECENT_KEPT)
        self.ends_in_time = (self.ends_in_time << 1 | self.in_time(waited_us)) & _MASK

    def note_wait(self, waited_us: int, *, gave_up: bool) -> None:
        """A wait ended by an answer, an abandonment or a withdrawal."""
        self.gave_up += gave_up
        self.wait_sum_us += min(waited_us, SPAN_MAX)
        if self.gave_up >= GIVEN_UP_MAX or self.wait_sum_us >= WAIT_SUM_MAX_US:
            self.gave_up, self.wait_sum_us = self.gave_up >> 1, self.wait_sum_us >> 1

    def note_handling(self, handling_us: int) -> None:
        self.handlings = [*self.handlings[1 - RECENT_KEPT :], handling_us]

    def mean_handling_us(self) -> int:
        """Of the last handlings; what is stated until there are enough."""
        if len(self.handlings) < HANDLINGS_LEAST:
            return self.settings.handling_us
        return sum(self.handlings) // len(self.handlings)

    def waiting(self) -> int:
        """Visits in the line that are not offered, nor about to be."""
        return len(self.line) - self.offered - self.assigned

    def position(self, visit: "Visit") -> int:
        """1 for the first of the line."""
        return bisect_left(self.line, visit.key, key=_KEY) + 1


class Agent:
    """An agent's axes. `offers` (by number) and `talks` (by arrival) are the load given by queues, `engaged`
    counts own calls.

    `wrap_units` are held until `wrap_until`. `busy_us` is the busy time since sign-in that is over, and
    `busy_since` when that of now began, or NEVER. `today` counts answers since the start of the day.
    """

    __slots__ = (
        "able",
        "answered",
        "busy_since",
        "busy_us",
        "engaged",
        "hash",
        "idle_since",
        "line",
        "missed",
        "most",
        "number",
        "offers",
        "order",
        "pause_reason",
        "paused",
        "queues",
        "reachable",
        "rest_until",
        "settings",
        "shown",
        "shown_line",
        "shown_reason",
        "signed_in",
        "signed_in_at",
        "since",
        "skills",
        "talks",
        "today",
        "wrap_units",
        "wrap_until",
    )

    def __init__(self, name: str, number: int, now: int) -> None:
        self.number = number
        self.hash = name_hash(name)
        self.signed_in = False
        self.signed_in_at = now
        self.reachable = False
        self.line = int(LineGrade.GOOD)
        self.paused = False
        self.pause_reason = ""
        self.engaged = 0
        self.offers: list[Offer] = []
        self.talks: list[Visit] = []
        self.wrap_until = 0
        self.wrap_units = 0
        self.rest_until = 0
        self.idle_since = now
        self.busy_us = 0
        self.busy_since = NEVER
        self.answered = 0
        self.today = 0
        self.missed = 0
        self.shown = AgentState.LOGGED_OUT
        self.shown_reason = ""
        self.shown_line = self.line
        self.since = now
        self.configure(AgentSettings(name))

    def configure(self, settings: AgentSettings) -> None:
        """Take what is configured; all else stays (a reload must not reset anyone's turn)."""
        self.settings = clean_agent(settings)
        self.skills = dict(self.settings.skills)
        self.queues = self.settings.queues
        self.order = self.settings.order
        self.most = dict(self.settings.most)
        self.able = Able(self.skills, self.queues, self.settings.teams, self.settings.units, self.most)

    @property
    def name(self) -> str:
        return self.settings.name

    def serves(self, queue: str) -> bool:
        return not self.queues or queue in self.queues

    def used(self) -> int:
        """The units of capacity that are in use."""
        given = self.wrap_units
        for offer in self.offers:
            given += offer.visit.units
        for talk in self.talks:
            given += talk.units
        return given + UNITS * min(self.engaged, ENGAGED_MAX) if self.engaged else given

    def fits(self, visit: "Visit") -> bool:
        """There is room for the visit beside what the agent does now."""
        if self.used() + visit.units > self.settings.units:
            return False
        channel = visit.contact.channel
        most = self.most.get(channel)
        if most is None:
            return True
        held = sum(offer.visit.contact.channel == channel for offer in self.offers)
        return held + sum(talk.contact.channel == channel for talk in self.talks) < most

    def is_ready(self) -> bool:
        """May be given offers as far as the agent alone is concerned, and where there is room."""
        return (
            self.signed_in
            and self.reachable
            and not self.paused
            and not self.rest_until
            and self.line != LineGrade.UNUSABLE
            and self.used() < self.settings.units
        )

    def is_busy(self) -> bool:
        return bool(self.talks or self.engaged or self.wrap_until)

    def busy_until(self, now: int) -> int:
        """Busy time since sign-in, by now."""
        return self.busy_us + (now - self.busy_since if self.busy_since != NEVER else 0)

    def derive(self) -> tuple[AgentState, str]:
        """The shown state, from the axes, and the pause's reason, shown or pending."""
        state = AgentState.AVAILABLE
        if not self.signed_in:
            state = AgentState.LOGGED_OUT
        elif not self.reachable:
            state = AgentState.UNREACHABLE
        elif self.offers:
            state = AgentState.OFFERED
        elif self.talks or self.engaged:
            state = AgentState.BUSY
        elif self.wrap_until:
            state = AgentState.WRAP_UP
        elif self.paused:
            state = AgentState.PAUSED
        return state, self.pause_reason


class Visit:
    """One contact's stay in one queue.

    `queue` and `agent` (of the talk) are None once removed; their names stay in `contact.queue` and
    `agent_name`. `rings` is how many may be rung with `ring-progressively`, `more_at` when one more may.
    """

    __slots__ = (
        "agent",
        "agent_name",
        "backoffs",
        "connected_at",
        "contact",
        "key",
        "more_at",
        "offers",
        "queue",
        "rings",
        "seq",
        "state",
        "step",
        "steps",
        "units",
        "wrap_up_us",
    )

    def __init__(self, contact: Contact, queue: Queue | None, seq: int) -> None:
        self.contact = contact
        self.queue = queue
        self.seq = seq
        self.key = (0, 0, seq)
        self.steps = contact.requirement.steps
        self.step = 0
        self.state = VisitState.WAITING
        self.units = UNITS
        self.offers: list[Offer] = []
        self.rings = 0
        self.more_at = 0
        self.agent: Agent | None = None
        self.agent_name = ""
        self.connected_at = 0
        self.wrap_up_us = 0
        self.backoffs: list[tuple[str, int]] = []

    @property
    def id(self) -> str:
        return self.contact.contact

    def waited(self, now: int) -> int:
        return now - self.contact.waiting_since

    def kept_until(self) -> int:
        """Until when the visit is kept for the agent of before; 0 where it is not."""
        contact = self.contact
        return contact.waiting_since + contact.sticky_us if contact.before and contact.sticky_us else 0

    def step_due(self) -> int | None:
        """When the next step begins, or None after the last."""
        if self.step + 1 >= len(self.steps):
            return None
        return self.contact.waiting_since + self.steps[self.step + 1].after_us

    def backed_off(self, agent: str) -> bool:
        return any(name == agent for name, _ in self.backoffs)


class Offer:
    """One agent reserved for one visit."""

    __slots__ = ("agent", "fence", "lease_until", "number", "visit")

    def __init__(self, number: int, fence: int, visit: Visit, agent: Agent, lease_until: int) -> None:
        self.number = number
        self.fence = fence
        self.visit = visit
        self.agent = agent
        self.lease_until = lease_until


_KEY = attrgetter("key")


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
        self.tenant = TenantSettings()
        self.day_end = 0
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, Agent] = {}
        self.visits: dict[str, Visit] = {}
        self.visits_by_seq: dict[int, Visit] = {}
        self.agents_by_number: dict[int, Agent] = {}
        self.offers: dict[int, Offer] = {}
        self.kept: dict[str, dict[int, Visit]] = {}
        self.roster: list[tuple[int, str]] | None = None
        self.due = Due()
        self.dirty_agents: dict[int, Agent] = {}
        self.dirty_visits: dict[int, Visit] = {}
        self.out: list[Decision] = []

    # Lines.

    def urgency(self, visit: Visit) -> int:
        """The points of priority that are worth waiting, in the order `ageing`."""
        assert visit.queue is not None, "only visits of a standing queue are in a line"
        points = visit.queue.settings.priority + visit.contact.priority
        return max(-PRIORITY_MAX, min(points, PRIORITY_MAX))

    def line_key(self, visit: Visit) -> tuple[int, int, int]:
        """The place in the line; docs/decisions/0030 has the table."""
        since = visit.contact.waiting_since
        first = -visit.contact.priority
        if self.tenant.order is Order.FIRST_COME:
            first = 0
        elif self.tenant.order is Order.AGEING:
            first = since - self.urgency(visit) * self.tenant.ageing_us
        return (first, since, visit.seq)

    def sort_line(self, queue: Queue) -> None:
        """After a setting changed that the keys depend on."""
        for visit in queue.line:
            visit.key = self.line_key(visit)
        queue.line.sort(key=_KEY)

    def add_visit(self, visit: Visit) -> None:
        self.visits[visit.id] = visit
        self.visits_by_seq[visit.seq] = visit
        if visit.queue is None or visit.state is VisitState.CONNECTED:
            return
        visit.key = self.line_key(visit)
        insort(visit.queue.line, visit, key=_KEY)
        if visit.kept_until():
            self.kept.setdefault(visit.contact.before, {})[visit.seq] = visit

    def leave_line(self, visit: Visit) -> None:
        queue = visit.queue
        if queue is None:
            return
        index = bisect_left(queue.line, visit.key, key=_KEY)
        assert queue.line[index] is visit, "the line holds each visit once"
        del queue.line[index]
        if visit.kept_until():
            kept = self.kept[visit.contact.before]
            del kept[visit.seq]
            if not kept:
                del self.kept[visit.contact.before]

    def forget_visit(self, visit: Visit) -> None:
        del self.visits[visit.id]
        del self.visits_by_seq[visit.seq]
        self.dirty_visits.pop(visit.seq, None)

    # Agents.

    def release_kept(self, agent: str) -> None:
        """Whether visits are kept for this agent may have changed: others may serve them now."""
        self.dirty_visits.update(self.kept.get(agent, {}))

    def places(self) -> list[tuple[int, str]]:
        """(order, name) of all agents, in order."""
        if self.roster is None:
            self.roster = sorted((agent.order, agent.name) for agent in self.agents.values())
        return self.roster

    def refresh(self, agent: Agent) -> None:
        """Show and account for what the axes now say, and let a ready agent be considered for the waiting."""
        shown, reason = agent.derive()
        if (shown, reason, agent.line) != (agent.shown, agent.shown_reason, agent.shown_line):
            if shown is not agent.shown or shown is AgentState.PAUSED:
                agent.since = self.now
            agent.shown, agent.shown_reason, agent.shown_line = shown, reason, agent.line
            self.out.append(AgentChanged(agent.name, shown, reason, agent.line))
        if agent.is_busy() and agent.busy_since == NEVER:
            agent.busy_since = self.now
        elif not agent.is_busy() and agent.busy_since != NEVER:
            agent.busy_us += self.now - agent.busy_since
            agent.busy_since = NEVER
        if agent.is_ready():
            self.dirty_agents[agent.number] = agent
