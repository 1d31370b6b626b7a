"""Who may serve whom, and who is best: eligibility, ranking and the explanation of a choice."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from switch.acd.decisions import Choice, Exclusion, Ranked
from switch.acd.events import LineGrade
from switch.acd.limits import BEST_KEPT
from switch.acd.orders import contact_key
from switch.acd.scores import RANDOM_POLICIES, scores
from switch.acd.settings import Policy, Step
from switch.acd.state import Agent, State, Visit
from switch.base.matching import Unmet, unmet
from switch.base.rng import SplitMix64

_EXCLUSIONS = tuple(Exclusion)
_EXCLUSION_OF = {lacking: Exclusion(lacking.value) for lacking in Unmet}

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


def meets(agent: Agent, visit: Visit, step: Step) -> bool:
    """The agent could serve the visit at this step, whatever the agent does now."""
    contact = visit.contact
    return next(unmet(agent.able, step, contact.queue, contact.channel, visit.units), None) is None


def servable(state: State, visit: Visit) -> bool:
    """True where somebody in the configuration could serve the visit at one of its steps."""
    return any(
        agent.name not in visit.contact.avoid
        and any(meets(agent, visit, step) for step in reversed(visit.steps))
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
    if not meets(agent, visit, visit.steps[visit.step]):
        return None
    return None if agent.name in visit.contact.avoid or visit.backed_off(agent.name) else agent


def exclusions(state: State, agent: Agent, visit: Visit) -> Iterator[Exclusion]:
    """All that keeps this agent from this visit now, in the order of `Exclusion`; nothing for a candidate."""
    contact = visit.contact
    step = visit.steps[visit.step]
    for lacking in unmet(agent.able, step, contact.queue, contact.channel, visit.units):
        yield _EXCLUSION_OF[lacking]
    if agent.name in contact.avoid:
        yield Exclusion.AVOIDED
    if agent.rest_until or visit.backed_off(agent.name):
        yield Exclusion.JUST_DECLINED
    if contact.before and kept_for(state, visit) not in (None, agent):
        yield Exclusion.KEPT_FOR_OTHER
    if not agent.signed_in:
        yield Exclusion.SIGNED_OUT
    if not agent.reachable:
        yield Exclusion.UNREACHABLE
    if agent.line == LineGrade.UNUSABLE:
        yield Exclusion.LINE_BAD
    if agent.paused:
        yield Exclusion.PAUSED
    room = agent.fits(visit)
    if any(offer.visit is visit for offer in agent.offers) or (agent.offers and not room):
        yield Exclusion.OFFERED
    if not room and (agent.talks or agent.engaged):
        yield Exclusion.BUSY
    if not room and agent.wrap_until:
        yield Exclusion.WRAP_UP


def excluded(state: State, agent: Agent, visit: Visit) -> Exclusion | None:
    """Why this agent is no candidate of this visit now: the first reason that applies, or None."""
    return next(exclusions(state, agent, visit), None)


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
