"""The machine's clocks, as the core wants them: integers of microseconds."""

import time


def now_us() -> int:
    """Monotonic microseconds, the `now` of the whole core."""
    return time.monotonic_ns() // 1_000


def wall_offset_us() -> int:
    """What to add to `now_us` for microseconds since 1970."""
    return time.time_ns() // 1_000 - now_us()
