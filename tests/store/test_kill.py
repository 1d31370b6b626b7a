"""`kill -9` at random moments: the journal reloads, and only the stated window is lost.

A failure prints the seed of its moments; `KILL_SEED=n pytest tests/store/test_kill.py` replays them.
"""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from switch.journal.codec import digest
from switch.journal.entry import Entry
from switch.store.store import Store
from switch.store.writer import WINDOW_S
from tests.journal.sample import queued_call

KILLS = 10

LATE_S = 0.3
"""How late the writer's thread may wake after its window. What a commit takes is the disk's affair and not
counted, nor is a time in which the whole process stood still; what was told to be durable must be there."""

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Told:
    """What a victim told before it died."""

    opened_at: int
    durable: int
    appended: list[tuple[int, int]]
    """Sequences and when they were appended, in nanoseconds."""
    committing: bool = False
    """It died in a commit."""

    def owed(self, died_ns: int) -> int:
        """The last sequence that must have outlived it: all that waited for longer than the window."""
        if self.committing:
            return self.durable
        times = [at_ns for _, at_ns in self.appended] + [died_ns]
        stalled_ns = max((after - before for before, after in pairwise(times)), default=0)
        safe_ns = died_ns - int((WINDOW_S + LATE_S) * 1e9) - 2 * stalled_ns
        return max((sequence for sequence, at_ns in self.appended if at_ns < safe_ns), default=self.durable)


def _kill_after(target: str, commits: int, delay_s: float) -> tuple[Told, int]:
    """Start a victim, kill it `delay_s` after so many commits; its words and the time of death."""
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.store.victim", target], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert victim.stdout is not None
    opened = victim.stdout.readline().split()
    assert opened[:1] == [b"open"], "the victim did not start"
    lines = []
    while commits > 0:
        lines.append(victim.stdout.readline())
        assert lines[-1], "the victim ended by itself"
        commits -= lines[-1].startswith(b"durable")
    time.sleep(delay_s)
    died_ns = time.monotonic_ns()
    victim.send_signal(signal.SIGKILL)
    told = Told(int(opened[1]), int(opened[1]), [])
    for line in lines + victim.communicate()[0].splitlines():
        match line.split():
            case [b"durable", sequence]:
                told.durable = int(sequence)
                told.committing = False
            case [b"begin", _]:
                told.committing = True
            case [b"append", sequence, at_ns]:
                told.appended.append((int(sequence), int(at_ns)))
    return told, died_ns


def test_every_entry_older_than_the_window_outlives_the_process(target: str) -> None:
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 100_000))
    print(f"KILL_SEED={seed}")
    rng = random.Random(seed)
    last = 0
    for number in range(KILLS if target.endswith(".sqlite") else 3):
        # Some die in their first commits, some late enough that the window must have passed.
        late = number % 2 == 0
        delay_s = rng.uniform(0.4, 0.7) if late else rng.uniform(0.0, 0.1)
        told, died_ns = _kill_after(target, int(late), delay_s)
        assert told.opened_at == last, "the next process goes on where the journal ends"
        store = Store.open(target)
        last = store.last_sequence()
        assert last >= told.durable
        assert last >= told.owed(died_ns)
        assert told.durable > told.opened_at or not late
        _check_whole(store, last)
        store.close()


def _check_whole(store: Store, last: int) -> None:
    """No gaps, every entry readable, and the records agree with the journal."""
    entries: list[Entry] = []
    while page := store.entries_since(len(entries)):
        entries += page
    assert [entry.sequence for entry in entries] == list(range(1, last + 1))
    assert len(digest(entries)) == 64
    ends = sum(entry.event.KIND == "call-ended" for entry in entries)
    starts = sum(entry.event.KIND == "call-started" for entry in entries)
    assert len(store.calls(10_000)) == ends
    assert len(store.open_calls()) == starts - ends
    assert {len(queued_call())} >= {len(store.entries_of_call(row.call)) for row in store.calls(3)}
