"""What the router is told about queues, agents and contacts. Names are unique within a tenant.

There is one router a tenant, so nothing here names the tenant.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from switch.base import matching

LEVEL_MAX = 100
"""Skill levels run from 0 (has it not) to 100."""

VOICE = matching.VOICE
"""The channel of calls and callbacks."""


class Policy(StrEnum):
    """How the best agent is chosen among the eligible. C knows the words by their place: append only."""

    MOST_SKILLED = "most-skilled"
    LEAST_SKILLED = "least-skilled"
    LONGEST_IDLE = "longest-idle"
    FEWEST_CALLS = "fewest-calls"
    LINEAR = "linear"
    RANDOM = "random"
    LEAST_OCCUPIED = "least-occupied"
    ROUND_ROBIN = "round-robin"
    WEIGHTED_RANDOM = "weighted-random"
    IDLENESS_RATIO = "idleness-ratio"
    RING_ALL = "ring-all"
    RING_PROGRESSIVELY = "ring-progressively"


class Order(StrEnum):
    """Which contact is served first, in all queues of a tenant. Append only."""

    PRIORITY = "priority"
    FIRST_COME = "first-come"
    AGEING = "ageing"
    COST = "cost"
    RATIO = "ratio"
    SERVICE_LEVEL = "service-level"


class Assign(StrEnum):
    """Whether several contacts and several free agents are matched one by one, or as a whole. Append only."""

    ONE_BY_ONE = "one-by-one"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Need:
    """A skill and the least level of it, 1..100."""

    skill: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Preference:
    """A skill that is welcome but not needed. `weight` 1..1000, against the other preferences of the step."""

    skill: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """From `after_us` of waiting on, this replaces what the earlier steps asked for.

    `needs` all of them. `any_of` groups of needs: of at least one group all are met (no groups: nothing is
    asked). `none_of` who has such a skill at that level or above is not asked. `prefer` weighs in the policy
    `most-skilled` alone. `teams` only members of one of them (none: everybody). `queues` further queues whose
    agents join.
    """

    after_us: int
    needs: tuple[Need, ...]
    any_of: tuple[tuple[Need, ...], ...] = ()
    none_of: tuple[Need, ...] = ()
    prefer: tuple[Preference, ...] = ()
    teams: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()


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
    share: int = 1
    cost: int = 1
    handling_us: int = 180_000_000
    target_percent: int = 80
    shares: tuple[tuple[str, int], ...] = ()
    ring_more_us: int = 10_000_000
    busy_is_miss: bool = False
    unreachable_is_miss: bool = False


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """An agent: skills with levels, and the queues served (empty: all of the tenant).

    `order` is the place in linear order and the last tie-break before the name. `weight` (1..1000) is for
    `weighted-random`. `units` is the whole capacity, of which each contact takes those of its channel; `most`
    bounds the contacts of a channel at a time (a channel not named: as many as the units allow; 0: none).
    """

    name: str
    skills: tuple[tuple[str, int], ...] = ()
    queues: tuple[str, ...] = ()
    order: int = 0
    teams: tuple[str, ...] = ()
    weight: int = 1
    units: int = 100
    most: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What holds in all queues of the tenant. Before the first of these the defaults hold.

    `ageing_us` is the waiting that a point of priority is worth (order `ageing`). `channels` are channels
    with the units that a contact of them takes (1..10,000); `voice` and channels not named take 100.
    `own_calls_reset_idle` an agent's own calls send the agent to the end of the idle order.
    `day_start_us` the monotonic time of any start of a day, also one before the clock began; `fewest-calls`
    counts by days of 24 hours (0: since the agent was defined).
    """

    order: Order = Order.PRIORITY
    assign: Assign = Assign.ONE_BY_ONE
    ageing_us: int = 60_000_000
    channels: tuple[tuple[str, int], ...] = ()
    own_calls_reset_idle: bool = False
    day_start_us: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer's wish for attention in one queue. `contact` is unique across nodes.

    `priority` raises (positive) over others of the queue; equals are served by arrival. `waiting_since`
    is when the wait began, earlier than now where a place was kept (transfer back, recovery).
    `avoid` are agents who are not offered this contact (the one who transferred it). `before` is the agent
    of the last time: until `waiting_since + sticky_us` nobody else is offered the contact while that agent
    could be, and later that agent is first among equals.
    """

    contact: str
    queue: str
    requirement: Requirement = field(default_factory=Requirement)
    priority: int = 0
    waiting_since: int = 0
    avoid: tuple[str, ...] = ()
    channel: str = VOICE
    before: str = ""
    sticky_us: int = 0
