"""Where callers go who are not served: what a queue's own rules and the dialplan's flows say, as values.

`node` reads them out of the dialplans. Times are seconds from the start of the day.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from switch.acd.settings import Requirement
from switch.base.gates import HOLIDAY


@dataclass(frozen=True, slots=True)
class Shut:
    """Not open from `from_s` until `until_s`; `gate` says why: `closed` or `holiday`."""

    from_s: float
    until_s: float
    gate: str


@dataclass(frozen=True, slots=True)
class Ends:
    """Out of what is simulated: `label` is a phone, a menu, a mailbox; empty: the call ends."""

    label: str


@dataclass(frozen=True, slots=True)
class Queues:
    """Into the queue of `Scenario.waits` at this place: simulated further."""

    wait: int


@dataclass(frozen=True, slots=True)
class ByHours:
    """A step `hours` or `holiday` on the way."""

    shut: tuple[Shut, ...]
    open: "Way"
    closed: "Way"
    holiday: "Way"


@dataclass(frozen=True, slots=True)
class CallsBack:
    """A step `callback`: whoever accepts is called back from the queue of `Scenario.waits` at this place."""

    wait: int
    declined: "Way"


Way = Ends | Queues | ByHours | CallsBack

Follows = Ends | Queues | CallsBack
"""Where a way leads at one moment."""


@dataclass(frozen=True, slots=True)
class Door:
    """A step `hours` before the queue: whoever comes while it is shut goes there; None: on to the queue."""

    shut: tuple[Shut, ...]
    closed: Way | None
    holiday: Way | None


@dataclass(frozen=True, slots=True)
class Wait:
    """A step `queue`: what is asked there, how long (0: for ever), and by gate (`key 0` for a key) where it
    leads."""

    queue: str
    requirement: Requirement = field(default_factory=Requirement)
    priority: int = 0
    max_wait_s: float = 0.0
    estimate_s_max: int = 0
    exits: tuple[tuple[str, Way], ...] = ()


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """Those of a CallbackPlan. `offered_after_s` of waiting a caller hears of it, 0: never. It is `shut` when
    nobody is called."""

    tries: int
    retry_s: float
    expires_s: float
    ring_s: float
    offered_after_s: float
    shut: tuple[Shut, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What the dialplan, not the router, decides of a queue's callers; the words are those of a QueuePlan."""

    queue: str
    shut: tuple[Shut, ...] = ()
    leave_when: frozenset[str] = frozenset()
    widen_at_once_below: int = 0
    callback: CallbackRules | None = None
    sticky_s: int = -1
    """How long callers are kept for the agent of last time; -1: that agent does not matter."""
    remember_s: float = 0.0


def shut_at(shut: tuple[Shut, ...], at_s: float) -> str:
    """The gate at which it is shut, empty while it is open."""
    place = bisect_right(shut, at_s, key=lambda span: span.from_s) - 1
    return shut[place].gate if place >= 0 and at_s < shut[place].until_s else ""


def followed(way: Way, at_s: float) -> Follows:
    """Where a way leads at this time."""
    while isinstance(way, ByHours):
        gate = shut_at(way.shut, at_s)
        way = way.open if not gate else way.holiday if gate == HOLIDAY else way.closed
    return way
