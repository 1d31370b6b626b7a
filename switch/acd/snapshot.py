"""The state as bytes, the same from both halves: what a restart, a replay and a comparison need.

Everything is a little-endian signed 64-bit number, or a string: its length in bytes, then UTF-8. Layout:
magic and version; header; queues and agents in the order first set; visits by arrival; then what came with
version 2, of the tenant, each queue, each agent, each visit, in the same orders (snapshot_second.py); digest
of all before. Due times, lines and indexes are derived, and nothing is written that can be derived.
A snapshot of version 1 is read as one in which all that came later is as in a router without it.
"""

from struct import error

from switch.acd.decisions import AgentState
from switch.acd.due import DueKind
from switch.acd.limits import NEVER, UNITS
from switch.acd.settings import AgentSettings, Contact, Need, Policy, QueueSettings, Requirement, Step
from switch.acd.snapshot_bytes import Reader, SnapshotError, Writer, number_at, pick
from switch.acd.snapshot_second import read_second, restore_offer, write_second
from switch.acd.state import Agent, Queue, State, Visit, VisitState

VERSION = 2
"""Raised when the layout changes."""

_MASK = (1 << 64) - 1
_POLICIES = tuple(Policy)
_SHOWN = tuple(AgentState)


def sequence_of(data: bytes) -> int:
    """How many events the router had taken; of what `write` of either half gave."""
    return number_at(data, 2)


def write(state: State, version: int = VERSION) -> bytes:
    """The snapshot of `state`, of this version or of the first."""
    out = Writer(version)
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
    if version >= VERSION:
        write_second(out, state)
    return out.done()


def _write_queue(out: Writer, queue: Queue) -> None:
    s = queue.settings
    out.text(s.name)
    out.numbers(_POLICIES.index(s.policy), s.priority, s.ring_us, s.lease_margin_us, s.wrap_up_us)
    out.numbers(s.misses_before_pause, s.contacts_max, int(s.refuse_without_agents))
    out.numbers(s.service_level_us, s.retry_same_agent_us)
    out.numbers(queue.entered, queue.answered, queue.answered_in_time, queue.abandoned)
    out.numbers(queue.abandoned_in_time, queue.withdrawn, queue.refused)
    out.numbers(len(queue.answers), *queue.answers)


def _write_agent(out: Writer, agent: Agent) -> None:
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


def _write_visit(out: Writer, visit: Visit) -> None:
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
    _write_first_offer(out, visit)
    out.numbers(visit.connected_at, visit.wrap_up_us, len(visit.backoffs))
    for name, until in visit.backoffs:
        out.text(name)
        out.numbers(until)


def _write_first_offer(out: Writer, visit: Visit) -> None:
    """The agent who talks or is rung; further offers stand in the second part."""
    if visit.offers:
        offer = visit.offers[0]
        out.text(offer.agent.name)
        out.numbers(1, offer.number, offer.fence, offer.lease_until)
    else:
        out.text(visit.agent_name)
        out.numbers(int(visit.agent is not None), 0, 0, 0)


def read(data: bytes) -> State:
    """The state that `write` wrote, in either version. Raises SnapshotError."""
    src = Reader(data, VERSION)
    try:
        return _read_state(src)
    except (error, IndexError, KeyError, UnicodeDecodeError, ValueError) as problem:
        raise SnapshotError("snapshot is damaged: it contradicts itself") from problem


def _read_state(src: Reader) -> State:
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
    if src.version >= VERSION:
        read_second(src, state)
    else:
        _assume_second(state)
    for visit in list(state.visits.values()):
        state.add_visit(visit)
        _restore_load(state, visit)
    for agent in state.agents.values():
        agent.offers.sort(key=lambda offer: offer.number)
    complete = (len(state.queues), len(state.agents), len(state.visits)) == (queues, agents, visits)
    if not complete or not src.at_end():
        raise SnapshotError("snapshot is damaged: it contradicts itself")
    return state


def _read_queue(src: Reader) -> Queue:
    name = src.text()
    policy = _POLICIES[pick(src.number(), len(_POLICIES))]
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


def _read_agent(src: Reader, state: State) -> None:
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
    agent.shown = _SHOWN[pick(src.number(), len(_SHOWN))]
    agent.shown_reason = src.text()
    agent.since = src.number()
    state.agents[name] = agent
    state.agents_by_number[number] = agent
    if agent.wrap_until:
        state.due.set(DueKind.WRAP_UP, number, agent.wrap_until)
    if agent.rest_until:
        state.due.set(DueKind.REST, number, agent.rest_until)


def _assume_second(state: State) -> None:
    """What a router of the first version would have known of what came later: nothing before now."""
    for agent in state.agents.values():
        agent.signed_in_at = state.now
        agent.busy_since = state.now if agent.is_busy() else NEVER
        agent.today = agent.answered
        agent.wrap_units = UNITS if agent.wrap_until else 0
    for visit in state.visits.values():
        visit.rings = len(visit.offers)


def _read_visit(src: Reader, state: State) -> None:
    contact_id, queue_name = src.text(), src.text()
    attached = src.flag()
    seq, priority, since = src.numbers(3)
    steps = tuple(_read_step(src) for _ in range(src.count()))
    avoid = tuple(src.text() for _ in range(src.count()))
    contact = Contact(contact_id, queue_name, Requirement(steps), priority, since, avoid)
    visit = Visit(contact, state.queues[queue_name] if attached else None, seq)
    visit.state = VisitState(src.number())
    visit.step = pick(src.number(), len(steps))
    agent_name = src.text()
    agent = state.agents[agent_name] if src.flag() else None
    offer, fence, lease_until = src.numbers(3)
    visit.connected_at, visit.wrap_up_us = src.numbers(2)
    visit.backoffs = [(src.text(), src.number()) for _ in range(src.count())]
    if visit.state is not VisitState.CONNECTED and visit.queue is None:
        raise SnapshotError("snapshot is damaged: a contact waits in no queue")
    if visit.state is VisitState.WAITING and agent is not None:
        raise SnapshotError("snapshot is damaged: a waiting contact has an agent")
    if visit.state is VisitState.OFFERED:
        if agent is None:
            raise SnapshotError("snapshot is damaged: an offer to nobody")
        restore_offer(state, visit, offer, fence, agent, lease_until)
    else:
        visit.agent, visit.agent_name = agent, agent_name
        if agent is not None:
            agent.talks.append(visit)
    if not next(reversed(state.visits_by_seq), 0) < seq <= state.last_seq:
        raise SnapshotError("snapshot is damaged: a number stands twice")
    # Its lines and due times follow, once all is known that they depend on.
    state.visits[visit.id] = state.visits_by_seq[seq] = visit


def _read_step(src: Reader) -> Step:
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
    for offer in visit.offers:
        state.due.set(DueKind.LEASE, offer.number, offer.lease_until)
    due = visit.step_due()
    if due is not None:
        state.due.set(DueKind.STEP, visit.seq, due)
    if visit.backoffs:
        state.due.set(DueKind.BACKOFF, visit.seq, min(until for _, until in visit.backoffs))
    if visit.kept_until() > state.now:
        state.due.set(DueKind.KEPT, visit.seq, visit.kept_until())
    if visit.more_at:
        state.due.set(DueKind.MORE, visit.seq, visit.more_at)
