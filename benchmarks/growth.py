"""Whether memory grows over 200,000 calls that come and go, at an even rate, when none of them stays.

In one process, by `parties.py`, on a virtual clock: the signalling core with its journal's rows and counters,
without sockets, engine and database. After each tenth of the calls everybody hangs up and transactions end;
then what Python's allocator has in use is read, and what the process holds. The first tenth fills tables that
have a bound, such as that of digest counts; what comes after it is growth.

    python -m benchmarks.growth [--calls 200000]
"""

import argparse
import gc
import sys

from benchmarks.parties import Parties
from benchmarks.standing import LINGER_US, RATE, come_and_go, resident_kb
from switch.node.collector import Collector

SAMPLES = 10


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--calls", type=int, default=200_000)
    options = words.parse_args()
    parties = Parties(slots=4 * RATE)
    collector = Collector()
    collector.start()
    held: list[tuple[int, float]] = []
    print("   calls   memory blocks  resident kB")
    for _ in range(SAMPLES):
        come_and_go(parties, collector, options.calls // SAMPLES)
        parties.advance(parties.now + LINGER_US)
        held.append((sys.getallocatedblocks(), resident_kb()))
        print(f"{parties.tally.ended:8,d}  {held[-1][0]:14,d}  {held[-1][1]:11,.0f}", flush=True)
    calls = options.calls * (SAMPLES - 1) // SAMPLES
    blocks, kilobytes = held[-1][0] - held[0][0], held[-1][1] - held[0][1]
    print(f"over the last {calls:,} calls: {blocks:+,d} blocks, {kilobytes:+,.0f} kB resident")
    print(f"cyclic garbage that was left: {gc.collect():,} objects")


if __name__ == "__main__":
    main()
