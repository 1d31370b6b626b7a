"""How many of a queue's agents are at work: what its gates ask while callers wait."""

from switch.acd.staffed import FRESH_US, count_staff
from switch.exchange.office import Tenancy


def staff_of(tenancy: Tenancy, queue: str, now: int) -> tuple[int, int]:
    """Agents of a queue who are signed in, and of those who take contacts (`count_staff`)."""
    if tenancy.staff_at < 0 or now - tenancy.staff_at >= FRESH_US:
        tenancy.staff_at = now
        queues = tuple(tenancy.plan.queues)
        queues_of = {agent.name: agent.queues or queues for agent in tenancy.plan.agents.values()}
        tenancy.staff = count_staff(tenancy.router.agents(now), queues_of)
    return tenancy.staff.get(queue, (0, 0))
