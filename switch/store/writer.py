"""The thread that makes the journal durable, a group at a time.

`append` turns entries into rows on the caller's thread and never blocks. The thread waits until
the oldest waiting entry is WINDOW_S old, commits what has gathered in one transaction, and says how far
the journal is durable. So an entry may be lost to a crash for about WINDOW_S and the commit's own time.

When the database refuses (disk full, locked, server gone) the thread keeps what it has, says one
line, and tries again. Meanwhile entries gather: from SHED_ENTRIES on the caller should take no new
calls (`sheds`), which leaves room for those in progress to end; at ENTRIES_MAX `append` refuses.
"""

import threading
import time
from collections.abc import Callable, Sequence

from switch.acd.trail import Piece
from switch.base.errors import ResourceError
from switch.journal.entry import Entry
from switch.store.rows import Rows, rows_of
from switch.store.store import Store

WINDOW_S = 0.020
"""How long the first entry of a group waits for others: the journal's stated window."""

ENTRIES_MAX = 100_000
"""Entries that wait for the database at most: at about 1 kB each, 100 MB of memory."""

SHED_ENTRIES = 50_000
"""From here on no new calls: 2,000 calls in progress can still write 25 entries each."""

GROUP_ENTRIES_MAX = 2_000
"""Entries of one transaction at most: about 20 ms of work, so that catching up shows progress."""

RETRY_S = 0.5
"""After a refusal; a full disk or a restarting server needs seconds, not microseconds."""

STOP_S = 10.0
"""How long `stop` tries to store the rest."""

HealthCallback = Callable[[bool, str], None]
DurableCallback = Callable[[int], None]


class JournalWriter:
    """Made and used on one thread (the loop's); its own thread starts with `start`.

    `on_health(healthy, line)` is called when the database begins to refuse, refuses for another
    reason, or takes entries again; `on_durable(sequence)` after every commit. Both are called on the
    writer's thread: hand on with `loop.call_soon_threadsafe`.
    """

    def __init__(
        self,
        store: Store,
        *,
        on_health: HealthCallback | None = None,
        on_durable: DurableCallback | None = None,
        window_s: float = WINDOW_S,
        entries_max: int = ENTRIES_MAX,
        shed_entries: int = SHED_ENTRIES,
        retry_s: float = RETRY_S,
    ) -> None:
        """Raises ResourceError where the store cannot tell its last sequence."""
        self._store = store
        self._on_health = on_health
        self._on_durable = on_durable
        self._window_s = window_s
        self._entries_max = entries_max
        self._shed_entries = shed_entries
        self._retry_s = retry_s
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        # Guards what follows; held for a few assignments only, never during a commit.
        self._changed = threading.Condition()
        self._waiting: list[Rows] = []
        self._waiting_since = 0.0
        self._group_since = 0.0
        self._backlog = 0
        self._appended = self._durable = store.last_sequence()
        self._taken = self._stored = 0
        """Entries and pieces that were appended, and that are in the database."""
        self._refused = 0
        self._urgent = False
        self._stop_by: float | None = None
        self._trouble = ""

    # The caller's side

    def start(self) -> None:
        """Start the thread, once."""
        self._store.prepare_to_write()
        self._thread.start()

    def append(self, entries: Sequence[Entry], trail: Sequence[Piece] = ()) -> bool:
        """Take entries and pieces of routers' trails, whole or not at all, for one transaction; the entries'
        sequences go on from what was appended before.

        False where the bound is reached: nothing of these was taken, they are counted in `refused`, and
        the journal has a gap in its sequence there that says so.
        """
        if not entries and not trail:
            return True
        if self._backlog + len(entries) + len(trail) > self._entries_max:
            self._refused += len(entries)
            return False
        rows = rows_of(entries, trail)
        with self._changed:
            assert self._stop_by is None, "nothing is appended after stop"
            assert not entries or entries[0].sequence > self._appended, "sequences only grow"
            if not self._waiting:
                self._waiting_since = time.monotonic()
                self._changed.notify_all()
            self._waiting.append(rows)
            self._backlog += rows.entries
            self._taken += rows.entries
            self._appended = rows.last_sequence or self._appended
        return True

    @property
    def durable_sequence(self) -> int:
        """Every entry taken up to here is in the database and outlives a loss of power."""
        return self._durable

    @property
    def backlog(self) -> int:
        """Entries taken and not yet durable."""
        return self._backlog

    @property
    def refused(self) -> int:
        """Entries that `append` did not take, since the start."""
        return self._refused

    @property
    def healthy(self) -> bool:
        """False while the database refuses."""
        return not self._trouble

    @property
    def trouble(self) -> str:
        """Why the database refuses, as one line; empty while healthy."""
        return self._trouble

    @property
    def sheds(self) -> bool:
        """True where no new call should be taken: the room left is for calls in progress."""
        return self._backlog >= self._shed_entries

    @property
    def waiting_us(self) -> int:
        """The age of the oldest entry that is not durable, 0 where all are."""
        with self._changed:
            if not self._backlog:
                return 0
            return int((time.monotonic() - (self._group_since or self._waiting_since)) * 1_000_000)

    def flush(self, timeout_s: float) -> bool:
        """Commit at once and wait; True where all that was appended is durable. Blocks."""
        with self._changed:
            target = self._taken
            if self._stored < target:
                self._urgent = True
                self._changed.notify_all()
            return self._changed.wait_for(lambda: self._stored >= target, timeout_s)

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Store the rest and end the thread; False where `backlog` entries are lost. Blocks."""
        with self._changed:
            self._stop_by = time.monotonic() + timeout_s
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()
        if self._backlog:
            self._say(f"store {self._store.name}: {self._backlog} journal entries were not stored")
        return self._backlog == 0

    # The thread's side

    def _run(self) -> None:
        try:
            while (group := self._next_group()) and self._store_group(group):
                pass
        except Exception as error:
            # A mistake of ours: say that nothing is stored from here on, and let it be seen.
            self._say(f"the journal's writer ended: {error!r}")
            raise

    def _next_group(self) -> Rows | None:
        """The next transaction's rows, when their window is over; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stop_by is not None)
            while self._waiting and not self._urgent and self._stop_by is None:
                rest_s = self._waiting_since + self._window_s - time.monotonic()
                if rest_s <= 0:
                    break
                self._changed.wait(rest_s)
            if not self._waiting:
                return None
            group = Rows()
            taken = 0
            for rows in self._waiting:
                if taken and group.entries + rows.entries > GROUP_ENTRIES_MAX:
                    break
                group.add(rows)
                taken += 1
            del self._waiting[:taken]
            # What is left keeps `_waiting_since`: its window is over too.
            self._group_since = self._waiting_since
            if not self._waiting:
                self._urgent = False
            return group

    def _store_group(self, group: Rows) -> bool:
        """Until it is stored; False where the time to stop is over first."""
        while True:
            try:
                # A commit whose answer was lost with the connection may have been made.
                if self._trouble and self._is_stored(group):
                    break
                self._store.write(group)
                break
            except ResourceError as error:
                self._say(str(error))
                if not self._wait_for_retry():
                    return False
        with self._changed:
            self._durable = group.last_sequence or self._durable
            self._backlog -= group.entries
            self._stored += group.entries
            self._group_since = 0.0
            self._changed.notify_all()
        self._say("")
        if self._on_durable:
            self._on_durable(self._durable)
        return True

    def _is_stored(self, group: Rows) -> bool:
        """A group without entries is written again: pieces of trails that stand already stay."""
        return bool(group.last_sequence) and self._store.last_sequence() >= group.last_sequence

    def _wait_for_retry(self) -> bool:
        """False where the time to stop is over."""
        with self._changed:
            if self._stop_by is None:
                self._changed.wait_for(lambda: self._stop_by is not None, self._retry_s)
                return True
        # Stopping: the appender is gone, so plain waiting in small steps is enough.
        time.sleep(min(self._retry_s, 0.05))
        return time.monotonic() < self._stop_by

    def _say(self, trouble: str) -> None:
        """Tell a change of health, once."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if self._on_health:
            self._on_health(not trouble, trouble or f"store {self._store.name}: takes entries again")
