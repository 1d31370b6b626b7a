"""How long a waiting contact will still wait, from the state of the system. Integers, so both halves agree.

Theory of operation. Whoever is n-th in a line that s busy agents serve waits for n of them to become free;
where all are busy, one becomes free each `handling / s` on average (Whitt 1999; the queue-length estimator of
Ibrahim and Whitt 2009). Four things are added to that.

- Those ahead who give up need no agent. They do so at the rate that was measured in the queue, each as long
  as it waits, so the line shortens faster the longer it is.
- Agents serve more than one kind of contact. Of a kind that stands ahead that share counts which falls on the
  agents who may serve this contact; and an agent takes as long for it as its queue's talks last.
- A narrow kind with a long line keeps its agents busy for longer than the others are: those agents do not
  help here, and their line is not ours. They are taken out, the most loaded first.
- Queues of higher priority take agents from us also by contacts that will come, as often as of late.

This is done for each step that the contact's requirement will reach: the answer is the first step by whose
end somebody is free. Known weaknesses are in docs/decisions/0030.
"""

from dataclasses import dataclass

from switch.acd.choose import meets
from switch.acd.events import LineGrade
from switch.acd.limits import ANSWERS_WINDOW_US
from switch.acd.orders import service_key
from switch.acd.settings import Order, Step
from switch.acd.state import Agent, Queue, State, Visit, VisitState

ONE = 1024
"""A contact, an agent, in the fixed point of this file."""

BLOCKS = 64
"""Parts in which a line is worked off, about: who gives up is reckoned anew at each."""

KINDS_MAX = 32
"""Kinds of contacts ahead among which bottlenecks are looked for, the longest here. All count by shares."""

ROUNDS_MAX = 8
"""Bottlenecks taken out at most; a centre with more of them has other worries than an estimate."""

HANDLING_MAX_US = 1 << 36
"""Nineteen hours: longer talks than this need no better estimate."""

WORK_MAX = 1 << 20
"""What one contact counts at most: a thousand of ours."""

AHEAD_MAX = 1 << 30
"""A million contacts ahead, in the fixed point."""

RATE_MAX = 1 << 20
"""A thousand times more give up than are served: no longer line is waited in by anybody."""

LEAST_SHARE = 8
"""An eighth of the agents is reckoned with, however many the queues of higher priority need."""

AT_ONCE_MAX = 100
"""Contacts that an agent is reckoned to serve at once, of channels that need few units."""

UNKNOWN = -1
"""Nobody who is at work may serve the contact at any step."""


@dataclass(slots=True)
class _Kind:
    """Contacts ahead whom the same agents may serve: these, as bits; their work, in contacts like ours; and
    the arrival of the first of them."""

    agents: int
    work: int
    seq: int


def estimate_us(state: State, visit: Visit, now: int) -> int:
    """Microseconds until somebody is free for a waiting visit, or UNKNOWN."""
    queue = visit.queue
    assert queue is not None, "a waiting visit has a queue"
    working = [agent for agent in state.agents.values() if _at_work(agent)]
    ahead = _Ahead(state, visit, queue, working, now)
    since, last = visit.contact.waiting_since, len(visit.steps) - 1
    for place in range(visit.step, last + 1):
        agents = _who(working, visit, visit.steps[place]) & ~_named(working, visit.contact.avoid)
        if not agents:
            continue
        takes_us = max(ahead.cleared_us(agents), since + visit.steps[place].after_us - now)
        if place == last or now + takes_us < since + visit.steps[place + 1].after_us:
            return takes_us
    return UNKNOWN


def _at_work(agent: Agent) -> bool:
    """Takes contacts, now or when done with what is at hand."""
    return agent.signed_in and agent.reachable and not agent.paused and agent.line != LineGrade.UNUSABLE


def _named(working: list[Agent], names: tuple[str, ...]) -> int:
    return sum(1 << place for place, agent in enumerate(working) if agent.name in names) if names else 0


def _who(working: list[Agent], visit: Visit, step: Step) -> int:
    """Who of those at work may serve the visit at a step, as bits."""
    return sum(1 << place for place, agent in enumerate(working) if meets(agent, visit, step))


def _handling_us(queue: Queue) -> int:
    return max(1, min(queue.mean_handling_us(), HANDLING_MAX_US))


class _Ahead:
    """Who waits and is served before a visit, and how fast that goes."""

    def __init__(self, state: State, visit: Visit, queue: Queue, working: list[Agent], now: int) -> None:
        self._state, self._queue, self._working, self._now = state, queue, working, now
        self._visit = visit
        self._kinds = self._found()

    def _found(self) -> list[_Kind]:
        """Alike ones together, those that are here for longest first."""
        visit, ours_us = self._visit, _handling_us(self._queue)
        key = service_key(self._state, visit)
        known: dict[tuple[str, Step, str, int], int] = {}
        kinds: dict[int, _Kind] = {}
        for queue in self._state.queues.values():
            each = min(ONE * _handling_us(queue) // ours_us, WORK_MAX)
            for other in queue.line:
                if other is visit:
                    break
                if other.state is not VisitState.WAITING:
                    continue
                if queue is not self._queue and service_key(self._state, other) > key:
                    continue
                step = other.steps[other.step]
                alike = (queue.settings.name, step, other.contact.channel, other.units)
                if alike not in known:
                    known[alike] = _who(self._working, other, step)
                kind = kinds.setdefault(known[alike], _Kind(known[alike], 0, other.seq))
                kind.work += each
                kind.seq = min(kind.seq, other.seq)
        return sorted((kind for kind in kinds.values() if kind.agents), key=lambda kind: kind.seq)

    def cleared_us(self, agents: int) -> int:
        """Until those ahead and the visit are served by these agents, all of whom are busy."""
        out = 0
        for _ in range(ROUNDS_MAX):
            narrow = self._bottleneck(agents, out)
            if not narrow:
                break
            out |= narrow
            agents &= ~narrow
        whole = self._places(agents)
        servers = max(whole - self._taken(agents, whole), whole // LEAST_SHARE)
        queue, handling_us, rate = self._queue, _handling_us(self._queue), 0
        if queue.wait_sum_us:
            rate = min(queue.gave_up * handling_us * ONE // queue.wait_sum_us, RATE_MAX)
        left = min(self._work(agents, out), AHEAD_MAX) + ONE
        block, takes_us = left // BLOCKS, 0
        while left > 0:
            part = min(block, left)
            others = max(0, left - ONE - part // 2)
            takes_us += part * handling_us // (servers + others * rate // ONE)
            left -= part
        return takes_us

    def _work(self, agents: int, out: int) -> int:
        """The work ahead that falls on these agents, while those who are `out` take none of it."""
        return sum(
            kind.work * (kind.agents & agents).bit_count() // (kind.agents & ~out).bit_count()
            for kind in self._kinds
            if kind.agents & ~out
        )

    def _bottleneck(self, agents: int, out: int) -> int:
        """Of the kinds that only a part of these agents serves, the part of the most loaded; 0 where none is
        more loaded than all of these agents together."""
        work, count, found = self._work(agents, out) + ONE, agents.bit_count(), 0
        told = self._kinds[:KINDS_MAX]
        for kind in told:
            part = kind.agents & agents
            if not part or part == agents:
                continue
            within = sum(
                other.work for other in told if other.agents & ~out and not other.agents & ~out & ~part
            )
            if within * count > work * part.bit_count():
                work, count, found = within, part.bit_count(), part
        return found

    def _places(self, agents: int) -> int:
        """How many contacts like this one these agents serve at once."""
        channel, units = self._visit.contact.channel, self._visit.units
        return ONE * sum(
            min(agent.settings.units // units, agent.most.get(channel, AT_ONCE_MAX), AT_ONCE_MAX)
            for place, agent in enumerate(self._working)
            if agents >> place & 1
        )

    def _taken(self, agents: int, whole: int) -> int:
        """How much of the agents' time goes to what queues of higher priority send, as of late."""
        if self._state.tenant.order is not Order.PRIORITY:
            return 0
        taken = 0
        for other in self._state.queues.values():
            recent = [at for at in other.answers if at >= self._now - ANSWERS_WINDOW_US]
            if other.settings.priority <= self._queue.settings.priority or len(recent) < 2:
                continue
            name = other.settings.name
            theirs = sum(1 << place for place, agent in enumerate(self._working) if agent.serves(name))
            if theirs & agents:
                busy = len(recent) * _handling_us(other) * ONE // max(1, self._now - recent[0])
                taken += min(busy, whole) * (theirs & agents).bit_count() // theirs.bit_count()
        return taken
