"""Time as the core sees it: integers, handed in, never asked for.

`now` everywhere below floor 5 is a count of monotonic microseconds. Wall time is a separate
value (microseconds since 1970-01-01 UTC) for the places that deal with hours and records.
"""

from dataclasses import dataclass

MICROSECOND = 1
MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND


@dataclass(slots=True)
class WallClock:
    """Wall time derived from `now`; the node corrects `offset_us` when the host's clock is stepped."""

    offset_us: int

    def at(self, now: int) -> int:
        """Microseconds since 1970-01-01 UTC at monotonic time `now`."""
        return now + self.offset_us
