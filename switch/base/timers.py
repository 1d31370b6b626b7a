"""One heap for many timers. Cancelled and moved timers stay in the heap as ghosts and are skipped.

Ghosts are swept when they outnumber the living, so that the heap is bounded by twice the timers.

A call sets fourteen timers and asks fifty times when the next is due: so the heap has a C half
(timers_out.h), which keeps the same order. This one specifies it and serves where the C was not built.
"""

import importlib
from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SWEEP_ABOVE = 64
"""Below this many ghosts a sweep costs more than it saves."""

_NEVER = (0, 0)
"""Orders count from 1."""


class PythonTimerHeap(Generic[K]):
    """Keyed timers: setting a key again moves it, cancelling an unknown key is harmless."""

    __slots__ = ("_due", "_heap", "_order")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, K]] = []
        self._due: dict[K, tuple[int, int]] = {}
        self._order = 0

    @property
    def entries(self) -> int:
        """Entries of the heap: timers and ghosts."""
        return len(self._heap)

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: K) -> bool:
        return key in self._due

    def set(self, key: K, at: int) -> None:
        """Fire `key` at monotonic time `at` (microseconds). Equal times fire in the order set."""
        self._order += 1
        self._due[key] = (at, self._order)
        heappush(self._heap, (at, self._order, key))
        if len(self._heap) > 2 * len(self._due) + _SWEEP_ABOVE:
            self._heap = [(due, order, k) for k, (due, order) in self._due.items()]
            heapify(self._heap)

    def cancel(self, key: K) -> None:
        """Forget `key`; harmless where it is not set."""
        self._due.pop(key, None)

    def due(self, key: K) -> int | None:
        """When `key` fires, or None where it is not set."""
        found = self._due.get(key)
        return None if found is None else found[0]

    def next(self) -> int | None:
        """When the earliest timer is due, or None."""
        heap = self._heap
        while heap:
            at, order, key = heap[0]
            if self._due.get(key, _NEVER)[1] == order:
                return at
            heappop(heap)
        return None

    def pop(self, now: int) -> K | None:
        """Take one timer that is due at `now`, or None."""
        at = self.next()
        if at is None or at > now:
            return None
        key = heappop(self._heap)[2]
        del self._due[key]
        return key


def timer_heap(*, prefer_c: bool = True) -> type[Any]:
    """The class of timer heaps: in C where it was built."""
    if prefer_c:
        try:
            found: type[Any] = importlib.import_module("switch.base._base").TimerHeap
        except ModuleNotFoundError:
            return PythonTimerHeap
        return found
    return PythonTimerHeap


if TYPE_CHECKING:
    TimerHeap = PythonTimerHeap
else:
    TimerHeap = timer_heap()
