"""Who may serve whom, and who is best: eligibility, scores and the explanation of a choice."""

from switch.acd.decisions import Choice, Exclusion, Ranked
from switch.acd.limits import BEST_KEPT, SCORE_SHIFT
from switch.acd.settings import Need, Policy
from switch.acd.state import Agent, State, Visit, VisitState
from switch.base.rng import SplitMix64

_EXCLUSIONS = tuple(Exclusion)


def lacks(agent: Agent, needs: tuple[Need, ...]) -> Exclusion | None:
    """The first thing that an agent lacks of a step: any skill missing comes before any low level."""
    low = False
    for need in needs:
        level = agent.skills.get(need.skill, 0)
        if level < need.level:
            if level == 0:
                return Exclusion.SKILL_MISSING
            low = True
    return Exclusion.LEVEL_TOO_LOW if low else None


def _unfit(agent: Agent, visit: Visit) -> Exclusion | None:
    """Why this agent may not serve this visit, whatever else occupies the agent, or None."""
    if not agent.serves(visit.contact.queue):
        return Exclusion.OTHER_QUEUES
    lacking = lacks(agent, visit.steps[visit.step].needs)
    if lacking is not None:
        return lacking
    if agent.name in visit.contact.avoid:
        return Exclusion.AVOIDED
    if agent.rest_until or visit.backed_off(agent.name):
        return Exclusion.JUST_DECLINED
    return None


def _occupied(agent: Agent) -> Exclusion | None:
    """Why this agent is not free, or None."""
    if not agent.signed_in:
        return Exclusion.SIGNED_OUT
    if not agent.reachable:
        return Exclusion.UNREACHABLE
    if agent.paused:
        return Exclusion.PAUSED
    if agent.visit is not None and agent.visit.state is VisitState.OFFERED:
        return Exclusion.OFFERED
    if agent.visit is not None or agent.engaged:
        return Exclusion.BUSY
    if agent.wrap_until:
        return Exclusion.WRAP_UP
    return None


def excluded(agent: Agent, visit: Visit) -> Exclusion | None:
    """Why this agent is no candidate of this visit now: the first reason that applies, or None."""
    return _unfit(agent, visit) or _occupied(agent)


def may_serve(agent: Agent, visit: Visit) -> bool:
    """True where this agent could be offered this visit now."""
    return agent.is_free() and _unfit(agent, visit) is None


def servable(state: State, visit: Visit) -> bool:
    """True where somebody in the configuration could serve the visit at one of its steps."""
    return any(
        agent.serves(visit.contact.queue)
        and agent.name not in visit.contact.avoid
        and any(lacks(agent, step.needs) is None for step in reversed(visit.steps))
        for agent in state.agents.values()
    )


def _score(policy: Policy, agent: Agent, needs: tuple[Need, ...], draw: int) -> int:
    """Higher is better. Signed 64-bit fixed point, except for RANDOM, where it is 62 random bits."""
    match policy:
        case Policy.MOST_SKILLED:
            if not needs:
                return 0
            total = sum(agent.skills.get(need.skill, 0) for need in needs)
            return (total << SCORE_SHIFT) // len(needs)
        case Policy.LEAST_SKILLED:
            # All skills, not only the needed ones: the point is to keep those free who can do more.
            return -(sum(agent.skills.values()) << SCORE_SHIFT)
        case Policy.FEWEST_CALLS:
            return -(agent.answered << SCORE_SHIFT)
        case Policy.LINEAR:
            return -(agent.order << SCORE_SHIFT)
        case Policy.RANDOM:
            return SplitMix64(draw ^ agent.hash).next() >> 2
        case _:
            return 0


def choose(state: State, visit: Visit) -> tuple[Agent, Choice] | None:
    """The best agent for a waiting visit and why, or None where nobody may serve it now."""
    assert visit.queue is not None, "a waiting visit has a queue"
    policy = visit.queue.settings.policy
    needs = visit.steps[visit.step].needs
    counts = dict.fromkeys(_EXCLUSIONS, 0)
    fit: list[Agent] = []
    for agent in state.agents.values():
        why = excluded(agent, visit)
        if why is None:
            fit.append(agent)
        else:
            counts[why] += 1
    if not fit:
        return None
    draw = state.rng.next() if policy is Policy.RANDOM else 0
    ranking = sorted(
        (-_score(policy, agent, needs, draw), agent.idle_since, agent.order, agent.name) for agent in fit
    )
    choice = Choice(
        policy=policy.value,
        candidates=len(fit),
        exclusions=tuple((why, count) for why, count in counts.items() if count),
        best=tuple(
            Ranked(name, -negated, state.now - idle) for negated, idle, _, name in ranking[:BEST_KEPT]
        ),
        tie_break=_tie_break(policy, ranking),
        needs=tuple((need.skill, need.level) for need in needs),
        sequence=state.sequence,
        step=visit.step,
    )
    return state.agents[ranking[0][3]], choice


def _tie_break(policy: Policy, ranking: list[tuple[int, int, int, str]]) -> str:
    """What set the first apart from the second."""
    if len(ranking) == 1:
        return "only candidate"
    first, second = ranking[0], ranking[1]
    if first[0] != second[0]:
        return "random" if policy is Policy.RANDOM else "score"
    return "longest idle" if first[1] != second[1] else "order"
