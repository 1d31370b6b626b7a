"""CPU of the signalling core per two-leg call: the switch without its sockets, in one process.

Two scripted phones call through a real exchange on a virtual clock (see `parties.py`); transactions linger
for the RFC's 32 s of it, so that tables and heaps have their size in service. Only the switch's own time is
counted. What a whole process adds (sockets, the event loop, the store's thread) is `benchmarks.calls`.

    python -m benchmarks.core [--calls 6000] [--rate 100] [--queued] [--profile]
"""

import argparse
import cProfile
import pstats
from dataclasses import dataclass, field

from benchmarks.parties import Parties
from switch.base.clock import SECOND
from switch.node.collector import Collector

WARM_SHARE = 4
"""A quarter of the calls fill tables and caches before the measurement begins."""

CHUNK = 250
"""Calls of one sample. The median is told, and the lowest: other work on the machine only adds."""


@dataclass(slots=True)
class Line:
    """One switch under load. `samples` are milliseconds a call of each chunk but the first quarter's."""

    parties: Parties
    samples: list[float] = field(default_factory=list)

    def chunk(self, gap_us: int, *, counts: bool) -> None:
        self.parties.spent_ns = 0
        for _ in range(CHUNK):
            self.parties.call()
            self.parties.advance(self.parties.now + gap_us)
        if counts:
            self.samples.append(self.parties.spent_ns / CHUNK / 1e6)


def run(calls: int, rate: int, *, queued: bool) -> list[Line]:
    """`calls` calls at an even rate that a flow dials; and by turns, where `queued`, as many by a queue."""
    slots = 2 * rate * 2 + 100
    lines = [Line(Parties(slots))]
    if queued:
        # Two agents where one would do: nobody waits, and the choice is among about a hundred.
        lines.append(Line(Parties(slots, agents=2 * rate)))
    # As the node does, whose collector does not run while calls stand.
    Collector().start()
    chunks = calls // CHUNK
    for number in range(1, chunks + 1):
        for line in lines:
            line.chunk(SECOND // rate, counts=number > chunks // WARM_SHARE)
    return lines


def told(line: Line) -> str:
    """What was measured, in words."""
    tally, samples = line.parties.tally, sorted(line.samples)
    return (
        f"{samples[len(samples) // 2]:.3f} ms a call (lowest sample {samples[0]:.3f}); "
        f"{tally.started} calls, {tally.ended} ended, "
        f"a call {tally.datagrams_in / tally.started:.1f} datagrams in, "
        f"{tally.datagrams_out / tally.started:.1f} out, {tally.entries / tally.started:.1f} journal entries"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=6_000)
    parser.add_argument("--rate", type=int, default=100, help="calls a second of virtual time")
    parser.add_argument(
        "--queued", action="store_true", help="by turns also calls that a queue gives to agents"
    )
    parser.add_argument("--profile", action="store_true", help="where the time goes, by cProfile")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    if profile:
        profile.enable()
    lines = run(options.calls, options.rate, queued=options.queued)
    if profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)
    for name, line in zip(("core", "queued"), lines, strict=False):
        print(f"{name}: {told(line)}")
    if options.queued:
        plain, queued = lines
        more = sorted(ours - theirs for ours, theirs in zip(queued.samples, plain.samples, strict=True))
        print(
            f"the queue adds {more[len(more) // 2]:.3f} ms a call (median of pairs; lowest of each: "
            f"{min(queued.samples) - min(plain.samples):.3f}; target 0.3)"
        )


if __name__ == "__main__":
    main()
