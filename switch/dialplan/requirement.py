"""What a caller asks of agents, and how that widens with the wait: ring by ring, never narrower.

A ring is a `QueueStep`; the first holds from the start. Each `Widen` changes the ring before it: levels fall,
what is dropped is not asked any more, further teams and queues join.
"""

from collections.abc import Iterable
from dataclasses import replace

from switch.base.matching import Able, Ring, unmet
from switch.dialplan.actions import QueueNeed, QueueStep
from switch.dialplan.plan import AgentPlan
from switch.dialplan.program import Asks, Widen, merge_needs, widen_needs

LANGUAGE = "language:"
"""Languages are skills of this name: no skill that is written can be called so."""

ALL_TEAMS = ("all",)
"""In a widening: from here on it does not matter in which team an agent is."""


def language_skill(language: str) -> str:
    return LANGUAGE + language


def rings_of(
    needs: tuple[QueueNeed, ...], asks: Asks, widen: Iterable[Widen], language: str = ""
) -> tuple[QueueStep, ...]:
    """The rings of a wait with these needs; `language` is the caller's, where the queue matches it."""
    if asks.language and language:
        needs = merge_needs(needs, (QueueNeed(language_skill(language), asks.language),))
    ring = QueueStep(0, needs, asks.any_of, asks.none_of, asks.prefer, asks.teams)
    rings = [ring]
    for wider in widen:
        ring = _widened(ring, wider)
        rings.append(ring)
    return tuple(rings)


def _widened(ring: QueueStep, wider: Widen) -> QueueStep:
    dropped = wider.drop
    if LANGUAGE in dropped:
        dropped = dropped | {need.skill for need in ring.needs if need.skill.startswith(LANGUAGE)}
    groups = tuple(_lower(group, wider, dropped) for group in ring.any_of)
    teams = ring.teams if wider.teams is None else () if wider.teams == ALL_TEAMS else wider.teams
    return replace(
        ring,
        after_s=wider.after_s,
        needs=_lower(widen_needs(ring.needs, wider.needs), wider, dropped),
        # A group of which nothing is left is met by everybody.
        any_of=groups if all(groups) else (),
        none_of=tuple(need for need in ring.none_of if need.skill not in dropped),
        prefer=tuple(wish for wish in ring.prefer if wish[0] not in dropped),
        teams=teams,
        queues=tuple(dict.fromkeys((*ring.queues, *wider.queues))),
    )


def _lower(needs: tuple[QueueNeed, ...], wider: Widen, dropped: frozenset[str]) -> tuple[QueueNeed, ...]:
    lower = (QueueNeed(need.skill, need.level - wider.lower) for need in needs if need.skill not in dropped)
    return tuple(need for need in lower if need.level > 0)


def could_serve(agent: AgentPlan, queue: str, ring: Ring) -> bool:
    """Whether this agent, signed in and free, would be a candidate for a call."""
    able = Able(dict(agent.skills), agent.queues, agent.teams, agent.units, dict(agent.most))
    return next(unmet(able, ring, queue), None) is None


def words(ring: QueueStep) -> str:
    """A ring as people say it: `french 50, one of (sales 20 | service 40), not trainee, team north`."""
    parts = [_shown(ring.needs)] if ring.needs else []
    if ring.any_of:
        parts.append(f"one of ({' | '.join(_shown(group) for group in ring.any_of)})")
    parts += [f"not {_shown(ring.none_of)}"] if ring.none_of else []
    parts += [f"team {' or '.join(ring.teams)}"] if ring.teams else []
    return ", ".join(parts)


def _shown(needs: tuple[QueueNeed, ...]) -> str:
    return ", ".join(f"{need.skill.removeprefix(LANGUAGE)} {need.level}" for need in needs)
