"""When a callback takes its turn (docs/decisions/0031).

One rule for two who ask: the live switch, and a simulated day.
"""

from enum import Enum, auto

from switch.base.clock import SECOND

AGAIN_US = 30 * SECOND
"""Before a queue that refused a callback (nobody is signed in, it is full) is asked again, and before the
opening hours are looked at again."""


class Turn(Enum):
    """What becomes of a callback whose time has come."""

    ENTERS = auto()
    RESTS = auto()
    EXPIRED = auto()


def turn(now: int, expires_at: int, *, opened: bool) -> Turn:
    """Into the line; or not before the hours have come; or not any more."""
    if now >= expires_at:
        return Turn.EXPIRED
    return Turn.ENTERS if opened else Turn.RESTS


def offered_after_s(first_s: int, every_s: int) -> int:
    """How long after the entry a waiting caller hears of it first; 0: never."""
    return first_s or every_s
