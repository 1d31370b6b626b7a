"""The state as bytes, the same from both halves: what a restart, a replay and a comparison need.

Everything is a little-endian signed 64-bit number, or a string: its length in bytes, then UTF-8. Layout:
magic and version; header; queues and agents in the order first set; visits by arrival; digest of all
before. Due times, lines and indexes are derived, and nothing is written that can be derived.
"""

from struct import Struct, error

from switch.acd.decisions import AgentState
from switch.acd.due import DueKind
from switch.acd.settings import AgentSettings, Contact, Need, Policy, QueueSettings, Requirement, Step
from switch.acd.state import Agent, Queue, State, Visit, VisitState
from switch.base.errors import SoftswitchError

MAGIC = b"SWACD\x00\x00\x01"
"""Name and version; the last byte is raised when the layout changes."""

_PRIME = (1 << 64) - 59
"""The largest prime of 64 bits."""

_Q = Struct("<q")
_MASK = (1 << 64) - 1
_POLICIES = tuple(Policy)
_SHOWN = tuple(AgentState)


class SnapshotError(SoftswitchError):
    """Bytes that are no snapshot of this version, or a damaged one."""


def digest(data: bytes) -> int:
    """64 bits over `data`: as one big number (a set bit before it, zeros behind up to whole words) modulo
    the largest 64-bit prime. Not for secrets. C does it word by word, Python in one division."""
    padded = b"\x01" + data + bytes(-len(data) % 8)
    return int.from_bytes(padded, "big") % _PRIME


class _Writer:
    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = [MAGIC]

    def numbers(self, *values: int) -> None:
        self._parts.append(Struct(f"<{len(values)}q").pack(*values))

    def text(self, value: str) -> None:
        raw = value.encode()
        self._parts.append(_Q.pack(len(raw)))
        self._parts.append(raw)

    def done(self) -> bytes:
        body = b"".join(self._parts)
        return body + digest(body).to_bytes(8, "little")


def sequence_of(data: bytes) -> int:
    """How many events the router had taken; of what `write` of either half gave."""
    sequence: int = _Q.unpack_from(data, len(MAGIC) + 2 * _Q.size)[0]
    return sequence


def write(state: State) -> bytes:
    """The snapshot of `state`."""
    out = _Writer()
    seed = state.rng.state
    out.numbers(seed - (1 << 64) if seed >> 63 else seed)
    out.numbers(state.now, state.sequence, state.last_offer, state.last_fence, state.last_seq)
    out.numbers(state.last_agent, state.wake_at)
    out.numbers(len(state.queues), len(state.agents), len(state.visits))
    for queue in state.queues.values():
        _write_queue(out, queue)
    for agent in state.agents.values():
        _write_agent(out, agent)
    for visit in state.visits.values():
        _write_visit(out, visit)
    return out.done()


def _write_queue(out: _Writer, queue: Queue) -> None:
    s = queue.settings
    out.text(s.name)
    out.numbers(_POLICIES.index(s.policy), s.priority, s.ring_us, s.lease_margin_us, s.wrap_up_us)
    out.numbers(s.misses_before_pause, s.contacts_max, int(s.refuse_without_agents))
    out.numbers(s.service_level_us, s.retry_same_agent_us)
    out.numbers(queue.entered, queue.answered, queue.answered_in_time, queue.abandoned)
    out.numbers(queue.abandoned_in_time, queue.withdrawn, queue.refused)
    out.numbers(len(queue.answers), *queue.answers)


def _write_agent(out: _Writer, agent: Agent) -> None:
    out.text(agent.name)
    out.numbers(agent.number, agent.order, len(agent.skills))
    for skill, level in agent.skills.items():
        out.text(skill)
        out.numbers(level)
    out.numbers(len(agent.queues))
    for queue in agent.queues:
        out.text(queue)
    out.numbers(int(agent.signed_in), int(agent.reachable), int(agent.paused))
    out.text(agent.pause_reason)
    out.numbers(agent.engaged, agent.wrap_until, agent.rest_until, agent.idle_since)
    out.numbers(agent.answered, agent.missed, _SHOWN.index(agent.shown))
    out.text(agent.shown_reason)
    out.numbers(agent.since)


def _write_visit(out: _Writer, visit: Visit) -> None:
    contact = visit.contact
    out.text(contact.contact)
    out.text(contact.queue)
    out.numbers(int(visit.queue is not None), visit.seq, contact.priority, contact.waiting_since)
    out.numbers(len(visit.steps))
    for step in visit.steps:
        out.numbers(step.after_us, len(step.needs))
        for need in step.needs:
            out.text(need.skill)
            out.numbers(need.level)
    out.numbers(len(contact.avoid))
    for name in contact.avoid:
        out.text(name)
    out.numbers(visit.state, visit.step)
    out.text(visit.agent_name)
    out.numbers(int(visit.agent is not None), visit.offer, visit.fence, visit.lease_until)
    out.numbers(visit.connected_at, visit.wrap_up_us, len(visit.backoffs))
    for name, until in visit.backoffs:
        out.text(name)
        out.numbers(until)


class _Reader:
    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = len(MAGIC)

    def number(self) -> int:
        value: int = _Q.unpack_from(self._data, self._at)[0]
        self._at += 8
        return value

    def numbers(self, count: int) -> list[int]:
        return [self.number() for _ in range(count)]

    def count(self) -> int:
        """A count of things that each take at least 8 bytes; so a damaged one cannot be huge."""
        value = self.number()
        if not 0 <= value <= (len(self._data) - self._at) // 8:
            raise SnapshotError("snapshot is damaged: a count is out of range")
        return value

    def flag(self) -> bool:
        return self.number() != 0

    def text(self) -> str:
        size = self.number()
        if not 0 <= size <= len(self._data) - self._at:
            raise SnapshotError("snapshot is damaged: a string is out of range")
        raw = self._data[self._at : self._at + size]
        self._at += size
        return raw.decode()

    def at_end(self) -> bool:
        return self._at == len(self._data)


def read(data: bytes) -> State:
    """The state that `write` wrote. Raises SnapshotError."""
    body = data[:-8]
    if len(data) < len(MAGIC) + 8 or not data.startswith(MAGIC):
        raise SnapshotError("not a snapshot of this version of the router")
    if digest(body).to_bytes(8, "little") != data[-8:]:
        raise SnapshotError("snapshot is damaged: its digest does not fit")
    try:
        return _read_state(_Reader(body))
    except (error, IndexError, KeyError, UnicodeDecodeError, ValueError) as problem:
        raise SnapshotError("snapshot is damaged: it contradicts itself") from problem


def _read_state(src: _Reader) -> State:
    state = State(0)
    state.rng.state = src.number() & _MASK
    state.now, state.sequence, state.last_offer, state.last_fence, state.last_seq = src.numbers(5)
    state.last_agent, state.wake_at = src.numbers(2)
    queues, agents, visits = src.count(), src.count(), src.count()
    for _ in range(queues):
        queue = _read_queue(src)
        state.queues[queue.settings.name] = queue
    for _ in range(agents):
        _read_agent(src, state)
    for _ in range(visits):
        _read_visit(src, state)
    complete = (len(state.queues), len(state.agents), len(state.visits)) == (queues, agents, visits)
    if not complete or not src.at_end():
        raise SnapshotError("snapshot is damaged: it contradicts itself")
    return state


def _pick(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise SnapshotError("snapshot is damaged: an unknown word")
    return index


def _read_queue(src: _Reader) -> Queue:
    name = src.text()
    policy = _POLICIES[_pick(src.number(), len(_POLICIES))]
    priority, ring, margin, wrap_up, misses, most = src.numbers(6)
    refuse = src.flag()
    level, retry = src.numbers(2)
    queue = Queue(
        QueueSettings(name, policy, priority, ring, margin, wrap_up, misses, most, refuse, level, retry)
    )
    queue.entered, queue.answered, queue.answered_in_time, queue.abandoned = src.numbers(4)
    queue.abandoned_in_time, queue.withdrawn, queue.refused = src.numbers(3)
    queue.answers = src.numbers(src.count())
    return queue


def _read_agent(src: _Reader, state: State) -> None:
    name = src.text()
    number, order = src.numbers(2)
    skills = tuple((src.text(), src.number()) for _ in range(src.count()))
    queues = tuple(src.text() for _ in range(src.count()))
    agent = Agent(name, number, 0)
    agent.configure(AgentSettings(name, skills, queues, order))
    agent.signed_in, agent.reachable, agent.paused = src.flag(), src.flag(), src.flag()
    agent.pause_reason = src.text()
    agent.engaged, agent.wrap_until, agent.rest_until, agent.idle_since = src.numbers(4)
    agent.answered, agent.missed = src.numbers(2)
    agent.shown = _SHOWN[_pick(src.number(), len(_SHOWN))]
    agent.shown_reason = src.text()
    agent.since = src.number()
    state.agents[name] = agent
    state.agents_by_number[number] = agent
    if agent.wrap_until:
        state.due.set(DueKind.WRAP_UP, number, agent.wrap_until)
    if agent.rest_until:
        state.due.set(DueKind.REST, number, agent.rest_until)


def _read_visit(src: _Reader, state: State) -> None:
    contact_id, queue_name = src.text(), src.text()
    attached = src.flag()
    seq, priority, since = src.numbers(3)
    steps = tuple(_read_step(src) for _ in range(src.count()))
    avoid = tuple(src.text() for _ in range(src.count()))
    contact = Contact(contact_id, queue_name, Requirement(steps), priority, since, avoid)
    visit = Visit(contact, state.queues[queue_name] if attached else None, seq)
    visit.state = VisitState(src.number())
    visit.step = _pick(src.number(), len(steps))
    visit.agent_name = src.text()
    if src.flag():
        visit.agent = state.agents[visit.agent_name]
        if visit.agent.visit is not None:
            raise SnapshotError("snapshot is damaged: an agent serves two contacts")
        visit.agent.visit = visit
    visit.offer, visit.fence, visit.lease_until = src.numbers(3)
    visit.connected_at, visit.wrap_up_us = src.numbers(2)
    visit.backoffs = [(src.text(), src.number()) for _ in range(src.count())]
    if visit.state is not VisitState.CONNECTED and visit.queue is None:
        raise SnapshotError("snapshot is damaged: a contact waits in no queue")
    if visit.agent is None and visit.state is VisitState.OFFERED:
        raise SnapshotError("snapshot is damaged: an offer to nobody")
    if visit.agent is not None and visit.state is VisitState.WAITING:
        raise SnapshotError("snapshot is damaged: a waiting contact has an agent")
    if not next(reversed(state.visits_by_seq), 0) < seq <= state.last_seq or visit.offer in state.offers:
        raise SnapshotError("snapshot is damaged: a number stands twice")
    state.add_visit(visit)
    _restore_load(state, visit)


def _read_step(src: _Reader) -> Step:
    after, count = src.number(), src.count()
    return Step(after, tuple(Need(src.text(), src.number()) for _ in range(count)))


def _restore_load(state: State, visit: Visit) -> None:
    """What is derived from a visit: counts of its queue, the offer's index, due times."""
    if visit.state is VisitState.CONNECTED:
        if visit.queue is not None:
            visit.queue.talking += 1
        return
    assert visit.queue is not None, "checked by the caller"
    if visit.state is VisitState.OFFERED:
        visit.queue.offered += 1
        state.offers[visit.offer] = visit
        state.due.set(DueKind.LEASE, visit.offer, visit.lease_until)
    due = visit.step_due()
    if due is not None:
        state.due.set(DueKind.STEP, visit.seq, due)
    if visit.backoffs:
        state.due.set(DueKind.BACKOFF, visit.seq, min(until for _, until in visit.backoffs))
