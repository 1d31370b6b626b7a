"""The envelope of an event: its place in the one order, when, whose, and which call."""

from dataclasses import dataclass

from switch.base.values import quick
from switch.journal.events import Event


@quick
@dataclass(frozen=True, slots=True)
class Entry:
    """`sequence` grows by one without gaps; `at` is monotonic, `wall_us` since 1970 UTC.

    `tenant` and `call` are empty where the event belongs to none.
    """

    sequence: int
    at: int
    wall_us: int
    tenant: str
    call: str
    event: Event


class Journal:
    """Numbers entries. `node` drains them to the store; nothing here waits."""

    __slots__ = ("_entries", "_offset_us", "_sequence")

    def __init__(self, last_sequence: int = 0, wall_offset_us: int = 0) -> None:
        self._sequence = last_sequence
        self._offset_us = wall_offset_us
        self._entries: list[Entry] = []

    @property
    def last_sequence(self) -> int:
        return self._sequence

    @property
    def waits(self) -> bool:
        """Whether a drain would give anything."""
        return bool(self._entries)

    def set_wall_offset(self, offset_us: int) -> None:
        """Wall time is `now + offset_us` from here on."""
        self._offset_us = offset_us

    def wall(self, now: int) -> int:
        """Microseconds since 1970 UTC at monotonic `now`."""
        return now + self._offset_us

    def write(self, event: Event, now: int, *, tenant: str = "", call: str = "") -> Entry:
        """Append one event; it is the next of the one order."""
        self._sequence += 1
        entry = Entry(self._sequence, now, now + self._offset_us, tenant, call, event)
        self._entries.append(entry)
        return entry

    def drain(self) -> list[Entry]:
        """Take what was written since the last drain."""
        entries, self._entries = self._entries, []
        return entries
