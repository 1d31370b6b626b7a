"""What the switch's process holds while calls come and go at an even rate, and whether that grows.

What stands and what lingers (transactions, 32 s) is the same in each tenth of a run once it is full, so that
a later tenth may hold more only by what is never given back. `anonymous` is the memory that is the process's
own; resident memory has pages of files in it, such as the index of the journal's log, that the kernel may
take back.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from benchmarks.phones import Outcome, Phones

LINGER_S = 40
"""After a call its transactions stand for 32 s, and what was late a little longer."""

TENTHS = 10


@dataclass(frozen=True, slots=True)
class Held:
    """One look."""

    begun: int
    resident_mb: float
    anonymous_mb: float


def look(pid: int, begun: int) -> Held:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {name: int(rest.split()[0]) for name, _, rest in (row.partition(":") for row in rows)}
    return Held(begun, kilobytes["Rss"] / 1_024, kilobytes["Anonymous"] / 1_024)


def _line(held: Held, failed: int) -> str:
    return f"{held.begun:12,d} {failed:7,d} {held.resident_mb:12.1f} {held.anonymous_mb:13.1f}"


async def follow(pid: int, caller: Phones, seconds: int) -> None:
    """Tell it at the end of each tenth of the run, and at last how much it grew."""
    print(" calls begun  failed  resident MB  anonymous MB", flush=True)
    print(_line(look(pid, 0), 0), flush=True)
    looks: list[Held] = []
    outcome = caller.outcome()
    for _ in range(TENTHS):
        await asyncio.sleep(seconds / TENTHS)
        outcome = caller.outcome()
        looks.append(look(pid, outcome.begun))
        print(_line(looks[-1], outcome.failed), flush=True)
    outcome = await caller.finish()
    await asyncio.sleep(LINGER_S)
    print(_line(look(pid, outcome.begun), outcome.failed), "  all have ended", flush=True)
    print(grown(looks, seconds, outcome), flush=True)


def grown(looks: list[Held], seconds: int, outcome: Outcome) -> str:
    """One line: the first tenth in which all was full, against the last."""
    full = -(-LINGER_S * TENTHS // seconds)
    failed = f"failed: {outcome.failed:,} of {outcome.begun:,}"
    if full >= TENTHS - 1:
        return f"growth: not known, transactions linger for {LINGER_S} s of {seconds}; {failed}"
    first, last = looks[full], looks[-1]
    calls = max(1, last.begun - first.begun)
    anonymous = last.anonymous_mb - first.anonymous_mb
    resident = last.resident_mb - first.resident_mb
    return (
        f"growth over the last {calls:,} calls: {anonymous:+.1f} MB anonymous,"
        f" {anonymous * 2**20 / calls:+.0f} bytes a call; {resident:+.1f} MB resident; {failed}"
    )
