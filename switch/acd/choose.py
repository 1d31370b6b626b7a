"""Who may serve whom, and who is best: eligibility, ranking and the explanation of a choice."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from switch.acd.decisions import Choice, Exclusion, Ranked
from switch.acd.events import LineGrade
from switch.acd.limits import AMOUNT_MAX, BEST_KEPT
from switch.acd.orders import contact_key
from switch.acd.scores import RANDOM_POLICIES, scores
from switch.acd.settings import Need, Policy, Step
from switch.acd.state import Agent, State, Visit
from switch.base.rng import SplitMix64

_EXCLUSIONS = tuple(Exclusion)

Rank = tuple[int, int, int, int, int, str]
"""Failing line, score negated, not the agent of before, idle since, order, name: the least is the best."""

_TIES = ("line", "score", "agent of before", "longest idle", "order", "order")


@dataclass(frozen=True, slots=True)
class Given:
    """What a batch gives to a visit. `draw` is the visit's random word, `together` the size of the batch."""

    visit: Visit
    agent: Agent
    draw: int
    together: int


# Requirements.


def lacks(agent: Agent, needs: Iterable[Need]) -> Exclusion | None:
    """The first thing that an agent lacks: any skill missing comes before any low level."""
    low = False
    for need in needs:
        level = agent.skills.get(need.skill, 0)
        if level < need.level:
            if level == 0:
                return Exclusion.SKILL_MISSING
            low = True
    return Exclusion.LEVEL_TOO_LOW if low else None


def unmet(agent: Agent, visit: Visit, step: Step) -> Exclusion | None:
    """What of a step the agent does not meet, whatever the agent does now; or None."""
    if not agent.serves(visit.contact.queue) and not any(map(agent.serves, step.queues)):
        return Exclusion.OTHER_QUEUES
    lacking = lacks(agent, step.needs)
    if lacking is not None:
        return lacking
    if step.any_of and all(lacks(agent, group) for group in step.any_of):
        return Exclusion.LEVEL_TOO_LOW
    if any(agent.skills.get(need.skill, 0) >= need.level for need in step.none_of):
        return Exclusion.EXCLUDED_SKILL
    if step.teams and not set(step.teams) & set(agent.settings.teams):
        return Exclusion.OTHER_TEAM
    if visit.units > agent.settings.units or agent.most.get(visit.contact.channel, AMOUNT_MAX) == 0:
        return Exclusion.OTHER_CHANNELS
    return None


def servable(state: State, visit: Visit) -> bool:
    """True where somebody in the configuration could serve the visit at one of its steps."""
    return any(
        agent.name not in visit.contact.avoid
        and any(unmet(agent, visit, step) is None for step in reversed(visit.steps))
        for agent in state.agents.values()
    )


# Pairs.


def kept_for(state: State, visit: Visit) -> Agent | None:
    """The agent for whom alone the visit is kept now: the one of before, as long as that agent could come."""
    if visit.kept_until() <= state.now:
        return None
    agent = state.agents.get(visit.contact.before)
    if agent is None or not agent.signed_in or not agent.reachable or agent.line == LineGrade.UNUSABLE:
        return None
    if unmet(agent, visit, visit.steps[visit.step]) is not None:
        return None
    return None if agent.name in visit.contact.avoid or visit.backed_off(agent.name) else agent


def _unfit(state: State, agent: Agent, visit: Visit) -> Exclusion | None:
    """Why this agent may not serve this visit, whatever else occupies the agent, or None."""
    lacking = unmet(agent, visit, visit.steps[visit.step])
    if lacking is not None:
        return lacking
    if agent.name in visit.contact.avoid:
        return Exclusion.AVOIDED
    if agent.rest_until or visit.backed_off(agent.name):
        return Exclusion.JUST_DECLINED
    if visit.contact.before and kept_for(state, visit) not in (None, agent):
        return Exclusion.KEPT_FOR_OTHER
    return None


def _occupied(agent: Agent, visit: Visit) -> Exclusion | None:
    """What the agent does now that leaves no room for the visit, or None."""
    if not agent.signed_in:
        return Exclusion.SIGNED_OUT
    if not agent.reachable:
        return Exclusion.UNREACHABLE
    if agent.line == LineGrade.UNUSABLE:
        return Exclusion.LINE_BAD
    if agent.paused:
        return Exclusion.PAUSED
    if any(offer.visit is visit for offer in agent.offers):
        return Exclusion.OFFERED
    if agent.fits(visit):
        return None
    if agent.offers:
        return Exclusion.OFFERED
    return Exclusion.BUSY if agent.talks or agent.engaged else Exclusion.WRAP_UP


def excluded(state: State, agent: Agent, visit: Visit) -> Exclusion | None:
    """Why this agent is no candidate of this visit now: the first reason that applies, or None."""
    return _unfit(state, agent, visit) or _occupied(agent, visit)


def may_serve(state: State, agent: Agent, visit: Visit) -> bool:
    """True where this agent could be offered this visit now."""
    return excluded(state, agent, visit) is None


# The choice.


def draw_for(state: State, policy: Policy) -> int:
    """The random word of one choice: a copy of the state, which moves only where somebody is chosen."""
    return SplitMix64(state.rng.state).next() if policy in RANDOM_POLICIES else 0


def rank(state: State, visit: Visit, fit: list[Agent], draw: int) -> list[Rank]:
    """The candidates from the best on."""
    before = visit.contact.before
    return sorted(
        (agent.line, -score, int(agent.name != before), agent.idle_since, agent.order, agent.name)
        for agent, score in zip(fit, scores(state, visit, fit, draw), strict=True)
    )


def choose(state: State, visit: Visit, given: Given | None = None) -> tuple[Agent, Choice] | None:
    """The best agent for a visit, or the one given, and why; None where nobody may serve it now."""
    assert visit.queue is not None, "a waiting visit has a queue"
    policy = visit.queue.settings.policy
    fit, exclusions = candidates(state, visit)
    if not fit:
        return None
    if given is not None:
        ranking = rank(state, visit, fit, given.draw)
        ranking.sort(key=lambda candidate: candidate[-1] != given.agent.name)
        choice = explain(state, visit, ranking, exclusions)
        return given.agent, replace(choice, tie_break="batch", batch=given.together)
    draw = draw_for(state, policy)
    if policy in RANDOM_POLICIES:
        state.rng.next()
    ranking = rank(state, visit, fit, draw)
    return state.agents[ranking[0][-1]], explain(state, visit, ranking, exclusions)


def candidates(state: State, visit: Visit) -> tuple[list[Agent], tuple[tuple[Exclusion, int], ...]]:
    """Who may serve the visit now, and how many may not, by reason."""
    counts = dict.fromkeys(_EXCLUSIONS, 0)
    fit: list[Agent] = []
    for agent in state.agents.values():
        why = excluded(state, agent, visit)
        if why is None:
            fit.append(agent)
        else:
            counts[why] += 1
    return fit, tuple((why, count) for why, count in counts.items() if count)


def explain(
    state: State, visit: Visit, ranking: list[Rank], exclusions: tuple[tuple[Exclusion, int], ...]
) -> Choice:
    """The account of a choice of the first of `ranking`."""
    assert visit.queue is not None, "a waiting visit has a queue"
    policy = visit.queue.settings.policy
    return Choice(
        policy=policy.value,
        candidates=len(ranking),
        exclusions=exclusions,
        best=tuple(
            Ranked(name, -negated, state.now - idle) for _, negated, _, idle, _, name in ranking[:BEST_KEPT]
        ),
        tie_break=_tie_break(policy, ranking),
        needs=tuple((need.skill, need.level) for need in visit.steps[visit.step].needs),
        sequence=state.sequence,
        step=visit.step,
        key=contact_key(state, visit),
    )


def _tie_break(policy: Policy, ranking: list[Rank]) -> str:
    """What set the first apart from the second."""
    if len(ranking) == 1:
        return "only candidate"
    first, second = ranking[0], ranking[1]
    tie = next(name for name, a, b in zip(_TIES, first, second, strict=True) if a != b)
    return "random" if tie == "score" and policy in RANDOM_POLICIES else tie
