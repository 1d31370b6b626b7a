"""What the router is told about queues, agents and contacts. Names are unique within a tenant.

There is one router a tenant, so nothing here names the tenant.
"""

from dataclasses import dataclass, field
from enum import StrEnum

LEVEL_MAX = 100
"""Skill levels run from 0 (has it not) to 100."""


class Policy(StrEnum):
    """How the best agent is chosen among the eligible."""

    MOST_SKILLED = "most-skilled"
    LEAST_SKILLED = "least-skilled"
    LONGEST_IDLE = "longest-idle"
    FEWEST_CALLS = "fewest-calls"
    LINEAR = "linear"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Need:
    """A skill and the least level of it, 1..100."""

    skill: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """From `after_us` of waiting on, these needs (all of them) replace the earlier ones."""

    after_us: int
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """Steps in growing order of `after_us`; the first starts at 0."""

    steps: tuple[Step, ...] = (Step(0, ()),)


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """A queue. Durations in microseconds; 0 switches a limit off.

    `ring_us` how long an agent's phone rings; the lease outlives it by `lease_margin_us`.
    `misses_before_pause` unanswered offers in a row pause the agent with reason `missed`.
    `contacts_max` refuses further arrivals as FULL. `refuse_without_agents` refuses when nobody who
    is signed in serves the queue. `service_level_us` is the T of the service level.
    """

    name: str
    policy: Policy = Policy.MOST_SKILLED
    priority: int = 0
    ring_us: int = 20_000_000
    lease_margin_us: int = 5_000_000
    wrap_up_us: int = 0
    misses_before_pause: int = 3
    contacts_max: int = 0
    refuse_without_agents: bool = False
    service_level_us: int = 20_000_000
    retry_same_agent_us: int = 5_000_000


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """An agent: skills with levels, and the queues served (empty: all of the tenant).

    `order` is the place in linear order and the last tie-break before the name.
    """

    name: str
    skills: tuple[tuple[str, int], ...] = ()
    queues: tuple[str, ...] = ()
    order: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer's wish for attention in one queue. `contact` is unique across nodes.

    `priority` raises (positive) over others of the queue; equals are served by arrival. `waiting_since`
    is when the wait began, earlier than now where a place was kept (transfer back, recovery).
    `avoid` are agents who are not offered this contact (the one who transferred it).
    """

    contact: str
    queue: str
    requirement: Requirement = field(default_factory=Requirement)
    priority: int = 0
    waiting_since: int = 0
    avoid: tuple[str, ...] = ()
