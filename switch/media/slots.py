"""The pool of pre-bound slots: reserving is immediate, so that SDP can answer at once.

A slot is free, reserved, or closing. It becomes free again only when the engine says `StreamClosed`,
so that a late packet of one call is never heard by the next.
"""

from collections import deque
from collections.abc import Iterable

from switch.media.plan import Slot


class SlotPool:
    """First released, first reserved: a port rests as long as the pool allows.

    Slot number N is of media thread N modulo `threads`. A call's slots are of one thread, so that its streams
    need not be moved to be bridged; calls go where most slots are free.
    """

    __slots__ = ("_free", "_slots", "_used")

    def __init__(self, slots: Iterable[Slot], threads: int = 1) -> None:
        self._slots = {slot.number: slot for slot in slots}
        self._free: list[deque[int]] = [deque() for _ in range(threads)]
        for number in self._slots:
            self._free[number % threads].append(number)
        self._used: set[int] = set()

    @property
    def in_use(self) -> int:
        """Slots that are reserved or closing."""
        return len(self._used)

    @property
    def host(self) -> str:
        """Of every slot, as peers reach it; empty where there is none."""
        return next((slot.host for slot in self._slots.values()), "")

    @property
    def size(self) -> int:
        return len(self._slots)

    def reserve(self, near: int | None = None) -> Slot | None:
        """A free slot, of the thread of slot `near` if that has one; None when all are in use."""
        free = self._free[0 if near is None else near % len(self._free)]
        if len(self._free) > 1 and (near is None or not free):
            free = max(self._free, key=len)
        if not free:
            return None
        number = free.popleft()
        self._used.add(number)
        return self._slots[number]

    def release(self, number: int) -> None:
        """Free a slot: after `StreamClosed`, or when it was reserved and never opened."""
        assert number in self._used, "a slot is released once"
        self._used.remove(number)
        self._free[number % len(self._free)].append(number)
