"""The machine's clocks, as the core wants them: integers of microseconds."""

import time

SAME_US = 5_000_000
"""Wall and monotonic time of one machine that was not started again agree within this."""

_ahead_us = 0


def now_us() -> int:
    """Monotonic microseconds, the `now` of the whole core."""
    return time.monotonic_ns() // 1_000 + _ahead_us


def go_on_from(at: int, wall_us: int) -> None:
    """Let `now_us` go on from a moment of an earlier process, told in both times.

    What it left says "since" and "until" in its monotonic time; that of a machine that was started again
    began anew. Called once, before anything is told the time.
    """
    global _ahead_us  # noqa: PLW0603 - a process has one clock
    machine_us = time.monotonic_ns() // 1_000
    expected_us = at + max(0, time.time_ns() // 1_000 - wall_us)
    _ahead_us = (
        0 if at <= machine_us and abs(expected_us - machine_us) < SAME_US else expected_us - machine_us
    )


def wall_offset_us() -> int:
    """What to add to `now_us` for microseconds since 1970."""
    return time.time_ns() // 1_000 - now_us()
