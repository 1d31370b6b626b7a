"""Due times of the router, in an order that both halves share: time, kind, number.

Unlike `base.timers` equal times do not fire in the order set, because that order is no part of the
state: a router restored from a snapshot must fire as the one that wrote it.
"""

from enum import IntEnum
from heapq import heapify, heappop, heappush

_SWEEP_ABOVE = 64
"""Below this many ghosts a sweep costs more than it saves."""


class DueKind(IntEnum):
    """What falls due. The number beside it is the offer's, the agent's or the visit's."""

    LEASE = 0
    WRAP_UP = 1
    REST = 2
    STEP = 3
    BACKOFF = 4
    KEPT = 5
    MORE = 6


class Due:
    """A heap with at most one time for each (kind, number). Ghosts are bounded by the living."""

    __slots__ = ("_at", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int]] = []
        self._at: dict[tuple[int, int], int] = {}

    def set(self, kind: DueKind, number: int, at: int) -> None:
        """Fall due at `at`, instead of any earlier setting."""
        self._at[kind, number] = at
        heappush(self._heap, (at, kind, number))
        if len(self._heap) > 2 * len(self._at) + _SWEEP_ABOVE:
            self._heap = [(when, key[0], key[1]) for key, when in self._at.items()]
            heapify(self._heap)

    def cancel(self, kind: DueKind, number: int) -> None:
        self._at.pop((kind, number), None)

    def next(self) -> int | None:
        """The earliest due time, or None."""
        heap = self._heap
        while heap:
            at, kind, number = heap[0]
            if self._at.get((kind, number)) == at:
                return at
            heappop(heap)
        return None

    def pop(self, now: int) -> tuple[int, int] | None:
        """Take the first (kind, number) that is due at `now`, or None."""
        at = self.next()
        if at is None or at > now:
            return None
        _, kind, number = heappop(self._heap)
        del self._at[kind, number]
        return kind, number
