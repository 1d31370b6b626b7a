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
from pathlib import Path

from switch.journal.codec import digest
from switch.journal.entry import Entry
from switch.store.store import Store
from switch.store.writer import WINDOW_S
from tests.journal.sample import queued_call

KILLS = 10

COMMIT_S = 0.3
"""What a commit may take on a loaded machine; on an idle one it is a few milliseconds. What was told
to be durable is checked without any such allowance."""

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Testimony:
    """What a victim told before it died."""

    opened_at: int
    durable: int
    appended: list[tuple[int, int]]


def _kill_after(target: str, delay_s: float) -> tuple[Testimony, int]:
    """Start a victim, kill it `delay_s` after it began to write; its words and the time of death."""
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.store.victim", target], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert victim.stdout is not None
    opened = victim.stdout.readline().split()
    assert opened[:1] == [b"open"], "the victim did not start"
    time.sleep(delay_s)
    died_ns = time.monotonic_ns()
    victim.send_signal(signal.SIGKILL)
    rest = victim.communicate()[0]
    testimony = Testimony(int(opened[1]), int(opened[1]), [])
    for line in rest.splitlines():
        match line.split():
            case [b"durable", sequence]:
                testimony.durable = int(sequence)
            case [b"append", sequence, at_ns]:
                testimony.appended.append((int(sequence), int(at_ns)))
    return testimony, died_ns


def test_every_entry_older_than_the_window_outlives_the_process(target: str) -> None:
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 100_000))
    print(f"KILL_SEED={seed}")
    rng = random.Random(seed)
    last = 0
    commits_seen = 0
    safe_seen = 0
    for number in range(KILLS if target.endswith(".sqlite") else 3):
        # Some die in their first commits, some late enough that the window must have passed.
        delay_s = rng.uniform(0.0, 0.1) if number % 2 else rng.uniform(0.4, 0.7)
        testimony, died_ns = _kill_after(target, delay_s)
        assert testimony.opened_at == last, "the next process goes on where the journal ends"
        store = Store.open(target)
        last = store.last_sequence()
        assert last >= testimony.durable
        commits_seen += testimony.durable > testimony.opened_at
        safe_ns = died_ns - int((WINDOW_S + COMMIT_S) * 1e9)
        safe = max((sequence for sequence, at_ns in testimony.appended if at_ns < safe_ns), default=0)
        assert last >= safe
        safe_seen += safe > 0
        _check_whole(store, last)
        store.close()
    assert commits_seen, "no kill came after a commit: the test shows nothing"
    assert safe_seen, "no kill came after the window: the test shows nothing"


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
