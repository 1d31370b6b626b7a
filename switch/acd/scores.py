"""What each policy thinks of each candidate: higher is better. docs/decisions/0030 has the table.

Integers only, so that both halves hold the same bits: 32 of them behind the point, unless said otherwise.
"""

from bisect import bisect_left, bisect_right
from collections import Counter

from switch.acd.limits import SCORE_SHIFT
from switch.acd.settings import Need, Policy, Step
from switch.acd.state import Agent, State, Visit
from switch.base.rng import SplitMix64

RANDOM_POLICIES = frozenset({Policy.RANDOM, Policy.WEIGHTED_RANDOM})

_FRACTION_BITS = 31


def scores(state: State, visit: Visit, fit: list[Agent], draw: int) -> list[int]:
    """The scores of the candidates `fit` for the visit, in their order. `draw` is the random word."""
    assert visit.queue is not None, "a waiting visit has a queue"
    settings = visit.queue.settings
    match settings.policy:
        case Policy.MOST_SKILLED:
            step = visit.steps[visit.step]
            return [_skill(agent, step) for agent in fit]
        case Policy.LEAST_SKILLED:
            # All skills, not only the needed ones: the point is to keep those free who can do more.
            return [-(sum(agent.skills.values()) << SCORE_SHIFT) for agent in fit]
        case Policy.LEAST_OCCUPIED:
            now = state.now
            return [-fraction(agent.busy_until(now), now - agent.signed_in_at) for agent in fit]
        case Policy.FEWEST_CALLS:
            return [-(agent.today << SCORE_SHIFT) for agent in fit]
        case Policy.ROUND_ROBIN:
            return _turns(state, visit.queue.last, fit)
        case Policy.LINEAR:
            return [-(agent.order << SCORE_SHIFT) for agent in fit]
        case Policy.RANDOM:
            return [SplitMix64(draw ^ agent.hash).next() >> 2 for agent in fit]
        case Policy.WEIGHTED_RANDOM:
            # The least of exponential variables, each with its weight as rate, is theirs in proportion.
            return [
                -((surprise(SplitMix64(draw ^ agent.hash).next()) << 16) // agent.settings.weight)
                for agent in fit
            ]
        case Policy.IDLENESS_RATIO:
            return _idleness(settings.shares, fit)
        case Policy.LONGEST_IDLE | Policy.RING_ALL | Policy.RING_PROGRESSIVELY:
            return [0] * len(fit)


def fraction(part: int, whole: int) -> int:
    """`part` ÷ `whole` with 32 bits behind the point, 0 <= part <= whole; 0 where `whole` is 0."""
    while whole >> _FRACTION_BITS:
        part, whole = part >> 1, whole >> 1
    return (part << SCORE_SHIFT) // whole if whole else 0


def surprise(word: int) -> int:
    """-log2(word ÷ 2**64) with 32 bits behind the point, bit by bit from repeated squares. 0 counts as 1."""
    word = word or 1
    exponent = word.bit_length() - 1
    mantissa = (word << (63 - exponent)) >> 32
    bits = 0
    for _ in range(32):
        square = mantissa * mantissa
        bit = square >> 63
        bits = bits << 1 | bit
        mantissa = square >> (31 + bit)
    return (64 << 32) - (exponent << 32 | bits)


def _mean_level(agent: Agent, needs: tuple[Need, ...]) -> int:
    if not needs:
        return 0
    return (sum(agent.skills.get(need.skill, 0) for need in needs) << SCORE_SHIFT) // len(needs)


def _skill(agent: Agent, step: Step) -> int:
    """The mean level of what is needed, with the best group that is met, and of what is preferred."""
    met = [
        group for group in step.any_of if all(agent.skills.get(need.skill, 0) >= need.level for need in group)
    ]
    score = max(_mean_level(agent, (*step.needs, *group)) for group in met or ((),))
    if step.prefer:
        wished = sum(wish.weight * agent.skills.get(wish.skill, 0) for wish in step.prefer)
        score += (wished << SCORE_SHIFT) // sum(wish.weight for wish in step.prefer)
    return score


def _turns(state: State, last: tuple[int, str] | None, fit: list[Agent]) -> list[int]:
    """How far behind the last one offered, going round all agents by order and name."""
    roster = state.places()
    start = bisect_right(roster, last) if last is not None else 0
    places = (bisect_left(roster, (agent.order, agent.name)) for agent in fit)
    return [-((place - start) % len(roster) << SCORE_SHIFT) for place in places]


def _idleness(shares: tuple[tuple[str, int], ...], fit: list[Agent]) -> list[int]:
    """How far the agent's team has more of the idle than its share."""
    teams = [_team(agent, shares) for agent in fit]
    idle = Counter(teams)
    whole = sum(share for _, share in shares)
    return [idle[at] * whole - (shares[at][1] if at >= 0 else 0) * len(fit) for at in teams]


def _team(agent: Agent, shares: tuple[tuple[str, int], ...]) -> int:
    """The place of the agent's team among the shares, or -1."""
    return next((at for at, (team, _) in enumerate(shares) if team in agent.settings.teams), -1)
