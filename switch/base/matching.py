"""Whether somebody could serve what is asked for, whatever they do at the moment.

One rule for three who ask: the router, the checks before the first call, and a reload that looks again at
those who wait. The C half of the router is its twin; the auditor of invariants has its own, on purpose.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

VOICE = "voice"
"""The channel of calls and callbacks."""

CALL_UNITS = 100
"""The units of capacity that a call takes."""


class Need(Protocol):
    @property
    def skill(self) -> str: ...
    @property
    def level(self) -> int: ...


class Ring(Protocol):
    """What is asked for from some moment of the wait on: the flow's `QueueStep`, or the router's `Step`."""

    @property
    def needs(self) -> tuple[Need, ...]: ...
    @property
    def any_of(self) -> tuple[tuple[Need, ...], ...]: ...
    @property
    def none_of(self) -> tuple[Need, ...]: ...
    @property
    def teams(self) -> tuple[str, ...]: ...
    @property
    def queues(self) -> tuple[str, ...]: ...


class Unmet(StrEnum):
    """What is in the way, in the order in which it is told."""

    OTHER_QUEUES = "serves-other-queues"
    SKILL_MISSING = "skill-missing"
    LEVEL_TOO_LOW = "level-too-low"
    EXCLUDED_SKILL = "excluded-skill"
    OTHER_TEAM = "other-team"
    OTHER_CHANNELS = "other-channels"


@dataclass(frozen=True, slots=True)
class Able:
    """What somebody can do. No `queues`: all of them; a channel that `most` does not name: any number."""

    levels: Mapping[str, int]
    queues: tuple[str, ...]
    teams: tuple[str, ...]
    units: int
    most: Mapping[str, int]


def unmet(
    able: Able, ring: Ring, queue: str, channel: str = VOICE, units: int = CALL_UNITS
) -> Iterator[Unmet]:
    """All that is in the way of a contact of `queue`; nothing where it could be served."""
    if able.queues and queue not in able.queues and not any(name in able.queues for name in ring.queues):
        yield Unmet.OTHER_QUEUES
    lacking = _lacks(able, ring.needs)
    if lacking is not None:
        yield lacking
    elif ring.any_of and all(_lacks(able, group) for group in ring.any_of):
        yield Unmet.LEVEL_TOO_LOW
    if any(able.levels.get(need.skill, 0) >= need.level for need in ring.none_of):
        yield Unmet.EXCLUDED_SKILL
    if ring.teams and not any(team in able.teams for team in ring.teams):
        yield Unmet.OTHER_TEAM
    if units > able.units or able.most.get(channel) == 0:
        yield Unmet.OTHER_CHANNELS


def _lacks(able: Able, needs: Iterable[Need]) -> Unmet | None:
    """The first thing that is lacked: any skill missing comes before any low level."""
    low = False
    for need in needs:
        level = able.levels.get(need.skill, 0)
        if level < need.level:
            if level == 0:
                return Unmet.SKILL_MISSING
            low = True
    return Unmet.LEVEL_TOO_LOW if low else None
