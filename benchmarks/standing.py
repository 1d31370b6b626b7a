"""Memory of a standing two-leg call, pauses of the collector while thousands stand, growth over many calls.

In one process, by `parties.py`: the signalling core with its journal entries and counters, without sockets,
engine and database. A call stands when it is answered and its transactions have ended, 32 s after the last
message.
Pauses are those of the collector by its own callbacks, with the policy of a running switch, while further
calls come and go. Growth compares the resident memory after half of the calls with that after all of them.

    python -m benchmarks.standing [--standing 5000] [--calls 20000] [--objects]
"""

import argparse
import gc
import os
import tracemalloc
from time import thread_time_ns

from benchmarks.parties import Parties
from switch.base.clock import SECOND
from switch.node.collector import Collector

RATE = 200
"""Calls a second of virtual time."""

LINGER_US = 40 * SECOND
"""Longer than any transaction."""

FOR_EVER_US = 1_000_000 * SECOND
WARM_CALLS = 300


def resident_kb() -> float:
    """Memory of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1_024


class Pauses:
    """How long each collection took, in milliseconds, by generation."""

    def __init__(self) -> None:
        self.took_ms: list[tuple[float, int]] = []
        self._since = 0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._since = thread_time_ns()
        else:
            self.took_ms.append(((thread_time_ns() - self._since) / 1e6, info["generation"]))

    def line(self) -> str:
        if not self.took_ms:
            return "none"
        longest, generation = max(self.took_ms)
        total = sum(took for took, _ in self.took_ms)
        told = f"{len(self.took_ms)}, {total:.0f} ms together"
        return f"{told}, longest {longest:.2f} ms (generation {generation})"


def come_and_go(parties: Parties, collector: Collector, calls: int) -> None:
    """Calls of one second each, with the collector looked after once a second as a switch does."""
    for number in range(calls):
        parties.call()
        parties.advance(parties.now + SECOND // RATE)
        if number % RATE == 0:
            collector.look(len(parties.exchange.office.sessions))


def fill(parties: Parties, collector: Collector, calls: int) -> None:
    """Calls that stay."""
    parties.hold_us = FOR_EVER_US
    come_and_go(parties, collector, calls)
    parties.hold_us = SECOND
    parties.advance(parties.now + LINGER_US)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--standing", type=int, default=5_000)
    words.add_argument("--calls", type=int, default=20_000)
    words.add_argument("--objects", action="store_true", help="where the memory is, by tracemalloc")
    options = words.parse_args()
    parties = Parties(slots=2 * options.standing + 4 * RATE)
    collector = Collector()
    collector.start()
    come_and_go(parties, collector, WARM_CALLS)
    parties.advance(parties.now + LINGER_US)
    gc.collect()
    if options.objects:
        tracemalloc.start()
    before = resident_kb()
    fill(parties, collector, options.standing)
    if options.objects:
        snapshot = tracemalloc.take_snapshot()
        for line in snapshot.statistics("lineno")[:40]:
            size, count = line.size / options.standing, line.count / options.standing
            print(f"{size:7.0f} B  {count:5.1f}  {line.traceback}")
        held = tracemalloc.get_traced_memory()[0] / options.standing / 1_024
        print(f"{held:.1f} kB a standing call by tracemalloc")
        tracemalloc.stop()
    kilobytes = (resident_kb() - before) / options.standing
    print(f"{kilobytes:.1f} kB a standing call, {options.standing:,} of them")
    pauses = Pauses()
    come_and_go(parties, collector, options.calls // 2)
    middle = resident_kb()
    come_and_go(parties, collector, options.calls - options.calls // 2)
    print(f"collections while {options.standing:,} stand: {pauses.line()}")
    growth = resident_kb() - middle
    print(f"growth over the last {options.calls - options.calls // 2:,} calls: {growth:.0f} kB")
    print(f"cyclic garbage that was left: {gc.collect():,} objects")


if __name__ == "__main__":
    main()
