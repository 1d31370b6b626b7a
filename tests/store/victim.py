"""A process that writes a journal until it is killed: `python -m tests.store.victim STORE`.

It tells on standard output, a line each and unbuffered: `open LAST`, `append SEQUENCE NANOSECONDS` after each
append, `begin NANOSECONDS` before each commit, `durable SEQUENCE` after it. Times are CLOCK_MONOTONIC, which
parent and child share.
"""

import os
import sys
import time

from switch.journal.entry import Journal
from switch.store.rows import Rows
from switch.store.store import Store
from switch.store.writer import JournalWriter
from tests.journal.sample import queued_call


def _tell(line: str) -> None:
    os.write(1, line.encode() + b"\n")


class Told(Store):
    """A store that says when a commit begins."""

    def write(self, rows: Rows) -> None:
        _tell(f"begin {time.monotonic_ns()}")
        super().write(rows)


def main() -> None:
    store = Told.open(sys.argv[1])
    writer = JournalWriter(store, on_durable=lambda sequence: _tell(f"durable {sequence}"))
    journal = Journal(store.last_sequence())
    writer.start()
    # After the start, which compiles for some tenths of a second on a busy machine.
    _tell(f"open {journal.last_sequence}")
    while True:
        entries = queued_call(journal, call=f"c-{journal.last_sequence}")
        for entry in entries:
            writer.append([entry])
        _tell(f"append {journal.last_sequence} {time.monotonic_ns()}")
        time.sleep(0.002)


if __name__ == "__main__":
    main()
