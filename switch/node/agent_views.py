"""Agents as a supervisor sees them: state, line, and whether it is their time to work."""

from switch.acd.decisions import AgentView
from switch.acd.events import LineGrade
from switch.api import views
from switch.dialplan.hours import is_open, local_time
from switch.dialplan.plan import AgentPlan, TenantPlan
from switch.exchange.office import Tenancy

_US_PER_MS = 1_000


def row(
    key: str, tenancy: Tenancy, view: AgentView, call: str, line_reason: str, now: int, wall_us: int
) -> views.AgentRow:
    """One agent; `wall_us` is wall time at `now`."""
    plan = tenancy.plan.agents.get(view.name)
    home_time, in_shift = ("", None) if plan is None else _at_home(tenancy.plan, plan, wall_us)
    return views.AgentRow(
        tenant=key,
        agent=view.name,
        account="" if plan is None else plan.account,
        state=view.state,
        reason=view.reason,
        state_ms=max(0, now - view.since) // _US_PER_MS,
        call=call,
        answered=view.answered,
        missed_in_row=view.missed_in_row,
        skills=() if plan is None else plan.skills,
        line=LineGrade(view.line).name.lower(),
        line_reason=line_reason,
        home_time=home_time,
        in_shift=in_shift,
    )


def _at_home(tenant: TenantPlan, agent: AgentPlan, wall_us: int) -> tuple[str, bool | None]:
    """The time where the agent works, and whether it is within the shift; holidays are the tenant's."""
    local = local_time(wall_us, agent.zone or tenant.zone)
    in_shift = None if agent.shift is None else is_open(agent.shift, tenant.calendar, local)
    return f"{local:%H:%M}", in_shift


def told(agent: views.AgentRow) -> str:
    """The answer to a command: what the agent is now, and what else somebody has to know of it."""
    state = agent.state
    if state == "unreachable":
        # Or who signs somebody in takes it that this has failed.
        state = f"signed in, but unreachable: no phone is registered for account {agent.account}"
    kept = f"; the pause '{agent.reason}' is kept" if agent.reason and agent.state != "paused" else ""
    return f"{agent.tenant}/{agent.agent} is {state}{kept}"


def outside_shift(agent: views.AgentRow) -> str:
    """What is added to the answer when an agent signs in at another time; nothing is forbidden."""
    return f"; outside the shift: it is {agent.home_time} there" if agent.in_shift is False else ""
