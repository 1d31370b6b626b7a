"""What is simulated: a day of calls, callers and agents, as values. Times are seconds from its start."""

from dataclasses import dataclass, field
from enum import StrEnum

from switch.acd.settings import VOICE, AgentSettings, QueueSettings, Requirement, TenantSettings
from switch.wfm.ways import Door, QueueRules, Wait, Way

KEY = "key "
"""How the gate of a key begins: `key 0`."""


class Shape(StrEnum):
    """How handling times scatter around their mean."""

    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True)
class Handling:
    """Talk of a call. `variation` is the standard deviation over the mean; only the log-normal shape has it.

    Log-normal is what centres measure (Brown et al. 2005); exponential is what formulas assume.
    """

    mean_s: float
    shape: Shape = Shape.LOGNORMAL
    variation: float = 1.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a recorded day. `patience_s` None: drawn like that of the others of its stream."""

    at_s: float
    handling_s: float
    patience_s: float | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """Of the callers of a stream this share would press a key, after an exponential time of mean `after_s`,
    in each queue where it leads somewhere. `key` is as in the exits: `key 0`."""

    key: str
    share: float
    after_s: float


@dataclass(frozen=True, slots=True)
class Accepts:
    """Of the callers of a stream this share accepts to be called back where it is offered. A try reaches the
    share `reached` of them, `answer_s` after it began to ring."""

    share: float
    reached: float = 1.0
    answer_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Stream:
    """Calls of one kind: the queue they enter and what they need there.

    `calls` is the expected number of each interval of the day (a non-homogeneous Poisson stream); a `trace`
    stands in their place. `patience_s` is the mean of an exponential patience, 0 for ever. Of those who
    give up, the share `retrial` (below 1) calls again after an exponential time of mean `retrial_s`.
    `max_wait_s` puts a caller out who waited so long, as the dialplan does; 0: never, None: as the queue's.
    `estimate_s_max` and `exits` are those of `Wait`; `doors` are passed before.
    """

    name: str
    queue: str
    requirement: Requirement = field(default_factory=Requirement)
    priority: int = 0
    calls: tuple[float, ...] = ()
    handling: Handling = field(default_factory=lambda: Handling(180.0))
    patience_s: float = 0.0
    retrial: float = 0.0
    retrial_s: float = 300.0
    trace: tuple[Call, ...] = ()
    channel: str = VOICE
    max_wait_s: float | None = None
    estimate_s_max: int = 0
    exits: tuple[tuple[str, Way], ...] = ()
    doors: tuple[Door, ...] = ()
    presses: tuple[Press, ...] = ()
    accepts: Accepts | None = None
    repeat: float = 0.0
    """The share of calls that come from somebody who called before on that day."""


@dataclass(frozen=True, slots=True)
class Shift:
    """When an agent is signed in. A talk that begins before `to_s` is finished."""

    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class BadLines:
    """Of the agents of a group this share has a line that loses so much of the sound, 0 to 1."""

    share: float = 0.0
    loss: float = 0.0


GOOD_LINES = BadLines()


@dataclass(frozen=True, slots=True)
class Worker:
    """One agent: skills as the router knows them, a group for the tables, shifts in order.

    `answer_s` is how long the phone rings before it is taken; of the offers the share `missed` rings out.
    Whoever is free makes `own_calls` an hour, which are not of a queue, for an exponential time of mean
    `own_call_s`.
    """

    agent: AgentSettings
    group: str
    shifts: tuple[Shift, ...]
    answer_s: float = 0.0
    missed: float = 0.0
    own_calls: float = 0.0
    own_call_s: float = 120.0
    line: BadLines = GOOD_LINES


@dataclass(frozen=True, slots=True)
class Target:
    """The service level that a queue promises: this share answered within the queue's `service_level_us`."""

    queue: str
    service_level: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A day. `max_wait_s` by queue puts a caller out who waited so long, as the queue's exit does.

    A whole day is busier or quieter by a gamma factor of mean 1 and standard deviation `day_variation`.
    """

    queues: tuple[QueueSettings, ...]
    workers: tuple[Worker, ...]
    streams: tuple[Stream, ...]
    day_s: float
    interval_s: float
    max_wait_s: tuple[tuple[str, float], ...] = ()
    targets: tuple[Target, ...] = ()
    day_variation: float = 0.0
    starts_at_s: int = 0
    """Seconds after midnight at which the day starts; for what is printed only."""
    tenant: TenantSettings = field(default_factory=TenantSettings)
    rules: tuple[QueueRules, ...] = ()
    """Of those queues that have any."""
    waits: tuple[Wait, ...] = ()
    """Where callers wait who left another queue by a gate."""
    watch_lines: bool = True
    """Agents whose lines fail are asked last, or not at all."""

    @property
    def intervals(self) -> int:
        return max(1, -(-int(self.day_s) // int(self.interval_s)))


def clock(scenario: Scenario, place: int) -> str:
    """When an interval begins: `08:30`."""
    minutes = (scenario.starts_at_s + place * int(scenario.interval_s)) // 60 % 1440
    return f"{minutes // 60:02}:{minutes % 60:02}"
