"""Keeps Python's collector of cyclic garbage from holding up the loop.

Theory of operation. What a call, a registration or a scrape is made of is acyclic: it goes by its reference
counts, the moment it ends, and the collector would find nothing (a test holds this for calls). It would only
look: with five thousand calls standing at a million objects, for a quarter of a second. So while calls stand
it does not run at all. Cycles that something rare leaves (an error with its traceback, a browser that
vanished) wait until nobody can be disturbed: no call for a minute, and then at most every QUIET_EVERY.

A switch that is never without a call collects nothing; `process_resident_memory_bytes` would tell.
"""

import gc

LOOK_EVERY_S = 1.0
"""How often `look` is called."""

SETTLED = 60
"""Looks without a call before the collector may run: transactions linger for 32 s."""

QUIET_EVERY = 600
"""Looks from one run of the collector to the next, at least."""


class Collector:
    """`start` once, then `look` every second."""

    __slots__ = ("_quiet", "_since")

    def __init__(self) -> None:
        self._quiet = 0
        self._since = 0

    def start(self) -> None:
        """What exists now lives as long as the process, and is never looked at again."""
        gc.collect()
        gc.freeze()
        gc.disable()

    def look(self, calls: int) -> bool:
        """A second has passed and `calls` stand; True where the collector ran."""
        self._since += 1
        self._quiet = 0 if calls else self._quiet + 1
        if self._quiet < SETTLED or self._since < QUIET_EVERY:
            return False
        self._since = 0
        gc.collect()
        return True
