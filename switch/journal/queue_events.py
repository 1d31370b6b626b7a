"""Events of queues beside the visits themselves: rings, callbacks, lines of agents. See `journal.events`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Widened:
    """The contact has waited long enough for a further ring: `step` from 0, and what it `asks` in words."""

    KIND: ClassVar[str] = "widened"
    VERSION: ClassVar[int] = 1
    contact: str
    queue: str
    step: int
    asks: str


_Pairs = tuple[tuple[str, int], ...]

PackedStep = tuple[int, _Pairs, tuple[_Pairs, ...], _Pairs, _Pairs, tuple[str, ...], tuple[str, ...]]
"""A step of a requirement as plain values: after_us, needs, any_of, none_of, prefer, teams, queues."""


@dataclass(frozen=True, slots=True)
class CallbackKept:
    """A callback that is promised, or goes on after a try or a restart. The last says all that is needed.

    Its entries belong to the call that has the callback's id. `steps` are the router's, field by field.
    """

    KIND: ClassVar[str] = "callback-kept"
    VERSION: ClassVar[int] = 1
    callback: str
    queue: str
    number: str
    since_wall_us: int
    expires_wall_us: int
    priority: int
    tries_left: int
    record: bool
    steps: tuple[PackedStep, ...]


@dataclass(frozen=True, slots=True)
class CallbackEnded:
    """`outcome`: answered, no-answer, expired, cancelled, refused (the queue is gone), not-stored."""

    KIND: ClassVar[str] = "callback-ended"
    VERSION: ClassVar[int] = 1
    callback: str
    queue: str
    number: str
    outcome: str


@dataclass(frozen=True, slots=True)
class LineGraded:
    """An agent's line is good, failing (others are asked first) or unusable (passed over) from now on."""

    KIND: ClassVar[str] = "line-graded"
    VERSION: ClassVar[int] = 1
    agent: str
    grade: str
    reason: str
