"""What a flow asks of agents, in the router's words; and the agent whom a caller talked to last time."""

from collections import OrderedDict

from switch.acd.settings import Need, Preference, Requirement, Step
from switch.base.clock import SECOND
from switch.dialplan.actions import QueueNeed, QueueStep
from switch.dialplan.plan import TenantPlan
from switch.dialplan.requirement import could_serve
from switch.exchange.office import Office
from switch.exchange.session import Session

KEPT_MAX = 100_000
"""Callers of all tenants whose last agent is remembered: about 20 MB. Beyond, the oldest is forgotten."""

DAY_US = 86_400 * SECOND


def requirement_of(steps: tuple[QueueStep, ...]) -> Requirement:
    """The rings of a wait."""
    return Requirement(tuple(map(_step, steps))) if steps else Requirement()


def _step(step: QueueStep) -> Step:
    return Step(
        step.after_s * SECOND,
        _needs(step.needs),
        tuple(map(_needs, step.any_of)),
        _needs(step.none_of),
        tuple(Preference(skill, weight) for skill, weight in step.prefer),
        step.teams,
        step.queues,
    )


def _needs(needs: tuple[QueueNeed, ...]) -> tuple[Need, ...]:
    return tuple(Need(need.skill, need.level) for need in needs)


def servable(plan: TenantPlan, queue: str, requirement: Requirement, avoid: tuple[str, ...]) -> bool:
    """Whether any configured agent could serve this at one of its rings."""
    return any(
        agent.name not in avoid and could_serve(agent, queue, step)
        for step in reversed(requirement.steps)
        for agent in plan.agents.values()
    )


def words(step: Step) -> str:
    """What a ring asks, for people: `french 50, one of (sales 20 | tools 4), not trainee 1, team north`."""
    parts = [_shown(step.needs)] if step.needs else []
    parts += [f"one of ({' | '.join(map(_shown, step.any_of))})"] if step.any_of else []
    parts += [f"not {_shown(step.none_of)}"] if step.none_of else []
    parts += [f"team {' or '.join(step.teams)}"] if step.teams else []
    parts += [f"with the agents of {', '.join(step.queues)}"] if step.queues else []
    return ", ".join(parts) or "nothing in particular"


def _shown(needs: tuple[Need, ...]) -> str:
    return ", ".join(f"{need.skill} {need.level}" for need in needs)


class LastAgents:
    """By tenant and caller's number: the agent, and until when that counts (monotonic us)."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[str, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def remember(self, tenant: str, caller: str, agent: str, until: int) -> None:
        if not _tells_who(caller):
            return
        self._kept[tenant, caller] = agent, until
        self._kept.move_to_end((tenant, caller))
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)

    def of(self, tenant: str, caller: str, now: int) -> str:
        """Empty where nobody is remembered."""
        agent, until = self._kept.get((tenant, caller), ("", 0))
        return agent if now < until else ""


def _tells_who(caller: str) -> bool:
    """Callers who withhold their number are many: none of them is the one of last time."""
    return caller.removeprefix("+").isdigit()


def last_agent(office: Office, session: Session, now: int) -> str:
    """Whom this caller talked to last time, if that is remembered."""
    if office.last_agents is None:
        return ""
    return office.last_agents.of(session.tenant, session.call.record.caller, now)


def talked(office: Office, session: Session, queue: str, agent: str, now: int) -> None:
    """A talk begins; where the queue wants it, the caller comes back to this agent."""
    plan = office.tenancy(session).plan.queues.get(queue)
    if plan is None or plan.sticky_s < 0:
        return
    remember(office, session.tenant, session.call.record.caller, agent, now + plan.remember_days * DAY_US)


def remember(office: Office, tenant: str, caller: str, agent: str, until: int) -> None:
    if office.last_agents is None:
        office.last_agents = LastAgents()
    office.last_agents.remember(tenant, caller, agent, until)
