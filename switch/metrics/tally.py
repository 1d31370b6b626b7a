"""What an interval's journal adds up to, in one pass. `switch.metrics.report` makes ratios of it.

Two clocks: durations that the journal tells (waits, talks) are taken as told; the time that agents
spend in their states is measured between entries by wall time, clipped to the interval.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from switch.journal.entry import Entry
from switch.journal.events import (
    AgentChanged,
    AgentConnected,
    CallEnded,
    CallStarted,
    NodeStarted,
    NodeStopped,
    Queued,
    QueueRefused,
    Transferred,
    VisitEnded,
)
from switch.metrics import words

ANONYMOUS = frozenset({"", "anonymous", "restricted", "unavailable", "unknown"})
"""Callers who are not told apart, so that nobody can say whether they called again."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the journal: [from, until) by wall time; an empty tenant or queue means all.

    A contact counts in the interval in which its wait ends (answered, abandoned), its talk and wrap-up
    in that in which they end.
    """

    from_wall_us: int
    until_wall_us: int
    tenant: str = ""
    queue: str = ""

    def has_time(self, wall_us: int) -> bool:
        return self.from_wall_us <= wall_us < self.until_wall_us

    def has(self, tenant: str, queue: str) -> bool:
        return self.tenant in ("", tenant) and self.queue in ("", queue)


@dataclass(frozen=True, slots=True)
class Handled:
    """A call that an agent of a queue served, for the question whether the customer came back."""

    call: str
    tenant: str
    caller: str
    queue: str
    ended_wall_us: int


@dataclass(slots=True)
class Counts:
    """Sums of one scope. Durations in microseconds."""

    entered: int = 0
    not_let_in: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    abandoned_in_time: int = 0
    abandoned_short: int = 0
    withdrawn: int = 0
    put_out: int = 0
    answered_wait_us: int = 0
    handled: int = 0
    talk_us: int = 0
    wrap_up_us: int = 0
    transferred: int = 0
    occupied_us: int = 0
    ready_us: int = 0


@dataclass(slots=True)
class _AgentTime:
    state: str
    since_wall_us: int


@dataclass(slots=True)
class Tally:
    """Feed every entry in order: those before the interval say how it began, those after who came back.

    `threshold_us` gives the service level threshold of a queue by (tenant, queue).
    """

    scope: Scope
    threshold_us: Callable[[str, str], int]
    counts: Counts = field(default_factory=Counts)
    handled_calls: dict[tuple[str, str], Handled] = field(default_factory=dict)
    queued_at: dict[tuple[str, str, str], list[tuple[int, str]]] = field(default_factory=dict)
    _callers: dict[str, str] = field(default_factory=dict)
    _agents: dict[tuple[str, str], _AgentTime] = field(default_factory=dict)
    _served_by_agent: dict[tuple[str, str], str] = field(default_factory=dict)
    _served_by_call: dict[str, str] = field(default_factory=dict)
    _last_wall_us: int = 0

    def take(self, entry: Entry) -> None:
        if isinstance(entry.event, NodeStarted):
            # After a kill nobody knows when it died: the last entry is the last sign of life.
            self._stop_agents(self._last_wall_us)
        self._last_wall_us = entry.wall_us
        take = _TAKE.get(type(entry.event))
        if take is not None:
            take(self, entry, entry.event)

    def finish(self) -> None:
        """The interval is over, or what was handed in is: count agents' states up to there."""
        self._stop_agents(max(self._last_wall_us, self.scope.until_wall_us))

    # Contacts

    def _call_started(self, entry: Entry, event: CallStarted) -> None:
        self._callers[entry.call] = event.caller

    def _call_ended(self, entry: Entry, _event: CallEnded) -> None:
        self._served_by_call.pop(entry.call, None)

    def _queued(self, entry: Entry, event: Queued) -> None:
        caller = self._callers.get(entry.call, "")
        if caller.lower() not in ANONYMOUS:
            arrivals = self.queued_at.setdefault((entry.tenant, event.queue, caller), [])
            arrivals.append((entry.wall_us, entry.call))
        if self._counts_now(entry, event.queue):
            self.counts.entered += 1

    def _queue_refused(self, entry: Entry, event: QueueRefused) -> None:
        if self._counts_now(entry, event.queue):
            self.counts.not_let_in += 1

    def _agent_connected(self, entry: Entry, event: AgentConnected) -> None:
        self._served_by_agent[entry.tenant, event.agent] = event.queue
        self._served_by_call[entry.call] = event.queue
        if not self._counts_now(entry, event.queue):
            return
        self.counts.answered += 1
        self.counts.answered_wait_us += event.waited_us
        if event.waited_us <= self.threshold_us(entry.tenant, event.queue):
            self.counts.answered_in_time += 1

    def _visit_ended(self, entry: Entry, event: VisitEnded) -> None:
        if not self._counts_now(entry, event.queue):
            return
        counts = self.counts
        match event.outcome:
            case words.ENDED:
                counts.handled += 1
                counts.talk_us += event.talked_us
                self._remember_handled(entry, event)
            case words.ABANDONED:
                counts.abandoned += 1
                counts.abandoned_in_time += event.waited_us <= self.threshold_us(entry.tenant, event.queue)
                counts.abandoned_short += event.waited_us <= words.SHORT_ABANDON_US
            case words.WITHDRAWN:
                counts.withdrawn += 1
            case words.REFUSED:
                # The journal says it twice, as a refusal and as a visit's end; it was let in before.
                counts.put_out += 1
                counts.not_let_in -= 1

    def _remember_handled(self, entry: Entry, event: VisitEnded) -> None:
        caller = self._callers.get(entry.call, "")
        if caller.lower() not in ANONYMOUS:
            # A second visit of the same call to the same queue is the same contact, ended later.
            self.handled_calls[entry.call, event.queue] = Handled(
                entry.call, entry.tenant, caller, event.queue, entry.wall_us
            )

    def _transferred(self, entry: Entry, event: Transferred) -> None:
        queue = self._served_by_call.get(entry.call)
        if queue is not None and event.outcome == words.TRANSFER_DONE and self._counts_now(entry, queue):
            self.counts.transferred += 1

    def _counts_now(self, entry: Entry, queue: str) -> bool:
        return self.scope.has_time(entry.wall_us) and self.scope.has(entry.tenant, queue)

    # Agents

    def _agent_changed(self, entry: Entry, event: AgentChanged) -> None:
        agent = (entry.tenant, event.agent)
        self._stop_agent(agent, entry.wall_us)
        self._agents[agent] = _AgentTime(event.state, entry.wall_us)

    def _node_stopped(self, entry: Entry, _event: NodeStopped) -> None:
        self._stop_agents(entry.wall_us)

    def _stop_agents(self, wall_us: int) -> None:
        for agent in tuple(self._agents):
            self._stop_agent(agent, wall_us)

    def _stop_agent(self, agent: tuple[str, str], until_wall_us: int) -> None:
        """Count the time that the agent spent in the state that ends."""
        spent = self._agents.pop(agent, None)
        if spent is None or not self.scope.has(agent[0], self.scope.queue):
            return
        if spent.state == words.WRAP_UP and self.scope.has_time(until_wall_us):
            queue = self._served_by_agent.get(agent)
            if queue is not None and self.scope.has(agent[0], queue):
                self.counts.wrap_up_us += max(0, until_wall_us - spent.since_wall_us)
        within_us = max(
            0,
            min(until_wall_us, self.scope.until_wall_us) - max(spent.since_wall_us, self.scope.from_wall_us),
        )
        if spent.state in (words.BUSY, words.WRAP_UP):
            self.counts.occupied_us += within_us
        elif spent.state in (words.AVAILABLE, words.OFFERED):
            self.counts.ready_us += within_us


_TAKE: dict[type, Callable[[Tally, Entry, Any], None]] = {
    CallStarted: Tally._call_started,
    CallEnded: Tally._call_ended,
    Queued: Tally._queued,
    QueueRefused: Tally._queue_refused,
    AgentConnected: Tally._agent_connected,
    VisitEnded: Tally._visit_ended,
    Transferred: Tally._transferred,
    AgentChanged: Tally._agent_changed,
    NodeStopped: Tally._node_stopped,
}
