"""The second part of a snapshot: what came with the second design (docs/decisions/0030)."""

from dataclasses import replace

from switch.acd.events import LineGrade
from switch.acd.limits import RECENT_KEPT
from switch.acd.settings import Assign, Need, Order, Preference, Requirement, Step, TenantSettings
from switch.acd.snapshot_bytes import Reader, SnapshotError, Writer, pick
from switch.acd.state import Agent, Offer, Queue, State, Visit, VisitState

_MASK = (1 << 64) - 1
_ORDERS = tuple(Order)
_ASSIGNS = tuple(Assign)


def write_second(out: Writer, state: State) -> None:
    """The tenant, then queues, agents and visits in the orders of the first part."""
    tenant = state.tenant
    out.numbers(_ORDERS.index(tenant.order), _ASSIGNS.index(tenant.assign), tenant.ageing_us)
    out.pairs(tenant.channels)
    out.numbers(int(tenant.own_calls_reset_idle), tenant.day_start_us, state.day_end)
    for queue in state.queues.values():
        _write_queue(out, queue)
    for agent in state.agents.values():
        _write_agent(out, agent)
    for visit in state.visits.values():
        _write_visit(out, visit)


def read_second(src: Reader, state: State) -> None:
    """Completes the state that the first part gave."""
    order = _ORDERS[pick(src.number(), len(_ORDERS))]
    assign = _ASSIGNS[pick(src.number(), len(_ASSIGNS))]
    ageing_us = src.number()
    channels = src.pairs()
    own_calls_reset_idle = src.flag()
    day_start_us, state.day_end = src.numbers(2)
    state.tenant = TenantSettings(order, assign, ageing_us, channels, own_calls_reset_idle, day_start_us)
    for queue in state.queues.values():
        _read_queue(src, queue)
    for agent in state.agents.values():
        _read_agent(src, agent)
    for visit in state.visits.values():
        _read_visit(src, state, visit)


def _write_queue(out: Writer, queue: Queue) -> None:
    s = queue.settings
    out.numbers(s.share, s.cost, s.handling_us, s.target_percent)
    out.pairs(s.shares)
    out.numbers(s.ring_more_us, int(s.busy_is_miss), int(s.unreachable_is_miss))
    order, name = queue.last or (0, "")
    out.numbers(int(queue.last is not None), order)
    out.text(name)
    out.numbers(len(queue.handlings), *queue.handlings)
    bits = queue.ends_in_time
    out.numbers(queue.ends, bits - (1 << 64) if bits >> 63 else bits, queue.gave_up, queue.wait_sum_us)


def _read_queue(src: Reader, queue: Queue) -> None:
    share, cost, handling_us, target_percent = src.numbers(4)
    shares = src.pairs()
    ring_more_us, busy_is_miss, unreachable_is_miss = src.number(), src.flag(), src.flag()
    queue.settings = replace(
        queue.settings,
        share=share,
        cost=cost,
        handling_us=handling_us,
        target_percent=target_percent,
        shares=shares,
        ring_more_us=ring_more_us,
        busy_is_miss=busy_is_miss,
        unreachable_is_miss=unreachable_is_miss,
    )
    has_last, order, name = src.flag(), src.number(), src.text()
    queue.last = (order, name) if has_last else None
    queue.handlings = src.numbers(pick(src.count(), RECENT_KEPT + 1))
    queue.ends = pick(src.number(), RECENT_KEPT + 1)
    queue.ends_in_time = src.number() & _MASK
    queue.gave_up, queue.wait_sum_us = src.numbers(2)


def _write_agent(out: Writer, agent: Agent) -> None:
    s = agent.settings
    out.texts(s.teams)
    out.numbers(s.weight, s.units)
    out.pairs(s.most)
    out.numbers(agent.line, agent.shown_line, agent.wrap_units)
    out.numbers(agent.signed_in_at, agent.busy_us, agent.busy_since, agent.today)


def _read_agent(src: Reader, agent: Agent) -> None:
    teams = src.texts()
    weight, units = src.numbers(2)
    most = src.pairs()
    agent.configure(replace(agent.settings, teams=teams, weight=weight, units=units, most=most))
    agent.line, agent.shown_line = (pick(src.number(), len(LineGrade)) for _ in range(2))
    agent.wrap_units = src.number()
    agent.signed_in_at, agent.busy_us, agent.busy_since, agent.today = src.numbers(4)


def _write_visit(out: Writer, visit: Visit) -> None:
    contact = visit.contact
    out.text(contact.channel)
    out.text(contact.before)
    out.numbers(contact.sticky_us, visit.units)
    for step in visit.steps:
        out.numbers(len(step.any_of))
        for group in step.any_of:
            out.pairs(tuple((need.skill, need.level) for need in group))
        out.pairs(tuple((need.skill, need.level) for need in step.none_of))
        out.pairs(tuple((wish.skill, wish.weight) for wish in step.prefer))
        out.texts(step.teams)
        out.texts(step.queues)
    out.numbers(visit.rings, visit.more_at, max(0, len(visit.offers) - 1))
    for offer in visit.offers[1:]:
        out.numbers(offer.number, offer.fence, offer.lease_until)
        out.text(offer.agent.name)


def _read_visit(src: Reader, state: State, visit: Visit) -> None:
    channel, before = src.text(), src.text()
    sticky_us, visit.units = src.numbers(2)
    visit.steps = tuple(_read_step(src, step) for step in visit.steps)
    requirement = Requirement(visit.steps)
    visit.contact = replace(
        visit.contact, requirement=requirement, channel=channel, before=before, sticky_us=sticky_us
    )
    visit.rings, visit.more_at = src.numbers(2)
    for _ in range(src.count()):
        number, fence, lease_until = src.numbers(3)
        if visit.state is not VisitState.OFFERED:
            raise SnapshotError("snapshot is damaged: an offer of who is not offered")
        restore_offer(state, visit, number, fence, state.agents[src.text()], lease_until)


def _read_step(src: Reader, step: Step) -> Step:
    any_of = tuple(_needs(src) for _ in range(src.count()))
    none_of = _needs(src)
    prefer = tuple(Preference(skill, weight) for skill, weight in src.pairs())
    return replace(step, any_of=any_of, none_of=none_of, prefer=prefer, teams=src.texts(), queues=src.texts())


def _needs(src: Reader) -> tuple[Need, ...]:
    return tuple(Need(skill, level) for skill, level in src.pairs())


def restore_offer(
    state: State, visit: Visit, number: int, fence: int, agent: Agent, lease_until: int
) -> None:
    """An offer that stood, with its reservation."""
    if number in state.offers:
        raise SnapshotError("snapshot is damaged: a number stands twice")
    offer = Offer(number, fence, visit, agent, lease_until)
    state.offers[number] = offer
    visit.offers.append(offer)
    agent.offers.append(offer)
