"""How many of a queue's agents are at work: what its gates ask while callers wait."""

from switch.acd.decisions import AgentState
from switch.base.clock import SECOND
from switch.exchange.office import Tenancy

FRESH_US = SECOND
"""Counts are taken again after this: a line of a thousand asks a hundred times a second."""

_AT_WORK = frozenset({AgentState.AVAILABLE, AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP})


def staff_of(tenancy: Tenancy, queue: str, now: int) -> tuple[int, int]:
    """Agents of a queue who are signed in, and of those who take contacts: not paused nor about to be, with a
    phone that is registered, busy or not."""
    if tenancy.staff_at < 0 or now - tenancy.staff_at >= FRESH_US:
        tenancy.staff_at = now
        tenancy.staff = _count(tenancy, now)
    return tenancy.staff.get(queue, (0, 0))


def _count(tenancy: Tenancy, now: int) -> dict[str, tuple[int, int]]:
    plan = tenancy.plan
    counts = dict.fromkeys(plan.queues, (0, 0))
    for view in tenancy.router.agents(now):
        agent = plan.agents.get(view.name)
        if agent is None or view.state is AgentState.LOGGED_OUT:
            continue
        ready = view.state in _AT_WORK and not view.reason
        for name in agent.queues or plan.queues:
            signed_in, working = counts.get(name, (0, 0))
            counts[name] = (signed_in + 1, working + ready)
    return counts
