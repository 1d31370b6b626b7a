"""CPU of the signalling core per two-leg call: the switch without its sockets, in one process.

Two scripted phones call through a real exchange on a virtual clock (see `parties.py`); transactions linger
for the RFC's 32 s of it, so that tables and heaps have their size in service. Only the switch's own time is
counted. What a whole process adds (sockets, the event loop, the store's thread) is `benchmarks.calls`.

    python -m benchmarks.core [--calls 6000] [--rate 100] [--profile]
"""

import argparse
import cProfile
import pstats

from benchmarks.parties import Parties
from switch.base.clock import SECOND
from switch.node.collector import Collector

WARM_SHARE = 4
"""A quarter of the calls fill tables and caches before the measurement begins."""


CHUNK = 250
"""Calls of one sample. The median is told, and the lowest: other work on the machine only adds."""


def run(calls: int, rate: int) -> tuple[Parties, list[float]]:
    """`calls` calls at an even rate; milliseconds a call of each chunk, but for the first quarter."""
    parties = Parties(slots=2 * rate * 2 + 100)
    gap_us = SECOND // rate
    # As the node does, whose collector does not run while calls stand.
    Collector().start()
    samples = []
    for number in range(1, calls + 1):
        parties.call()
        parties.advance(parties.now + gap_us)
        if number % CHUNK == 0:
            if number > calls // WARM_SHARE:
                samples.append(parties.spent_ns / CHUNK / 1e6)
            parties.spent_ns = 0
    return parties, sorted(samples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=6_000)
    parser.add_argument("--rate", type=int, default=100, help="calls a second of virtual time")
    parser.add_argument("--profile", action="store_true", help="where the time goes, by cProfile")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    if profile:
        profile.enable()
    parties, samples = run(options.calls, options.rate)
    if profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)
    tally = parties.tally
    print(f"calls {tally.started}, ended {tally.ended}, journal entries {tally.entries}")
    sent, received = tally.datagrams_out / tally.started, tally.datagrams_in / tally.started
    print(f"datagrams a call: {received:.1f} in, {sent:.1f} out")
    print(f"core: {samples[len(samples) // 2]:.3f} ms a call (lowest sample {samples[0]:.3f})")


if __name__ == "__main__":
    main()
