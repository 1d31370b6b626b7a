"""Queued calls: how long an agent stays idle beside waiting callers, and what the queue costs.

A real switch over loopback. *Idle*: all agents talk, twice as many callers wait; talks end at random (or,
`together`, all at the same moment), each by the agent's BYE. From just before that BYE leaves the phone until
the kernel has the next INVITE for that agent: the way in, the end of the old call, the decision, the way out.

*Cost*: CPU of the whole process per call, alternately of calls that a flow dials to a phone and of calls that
a queue gives to an agent; with challenge, journal, records and metrics; nobody waits. What is said of the
signalling core alone by `benchmarks.core --queued` is steadier: this has the noise of a whole machine in it.
Where others work on the machine, `--nice -15` lets the switch and the phones go first.

    python -m benchmarks.queued [--agents 50] [--seconds 20] [--rate 100] [--rounds 5] [--nice -15]
"""

import argparse
import asyncio
import os
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.office import Office
from switch.base.rng import SplitMix64
from tests.interop.switch_process import SwitchProcess, next_rtp_range

TALK_S = 2.0
"""Mean talk while callers wait: 50 agents end 25 talks a second."""

SHORT_TALK_S = 0.5
PHONE = 999
"""The phone that plain calls are dialled to."""

CALLERS = 40
"""Accounts that call; each may have many calls."""


def tenant(agents: int, policy: str) -> str:
    """So many agents, a queue for all of them, and a flow that dials one phone."""
    accounts = ", ".join(f'"{number}": {{}}' for number in (PHONE, *range(1000, 1000 + agents)))
    callers = ", ".join(f'"{number}": {{}}' for number in range(3000, 3000 + CALLERS))
    people = ", ".join(
        f'a{n}: {{account: "{n}", skills: {{english: 50}}}}' for n in range(1000, 1000 + agents)
    )
    return f"""
languages: [en]
numbers: {{"700": plain, "701": queued}}
accounts: {{{accounts}, {callers}}}
skills: [english]
agents: {{{people}}}
queues: {{sales: {{policy: {policy}, refuse_without_agents: false}}}}
flows:
  plain: [{{dial: {{extension: "{PHONE}"}}}}]
  queued: [{{queue: {{name: sales, needs: {{english: 20}}}}}}]
"""


class Talks:
    """How long the next talk lasts: drawn with a seed, or all end at the same moment."""

    def __init__(self) -> None:
        self._rng = SplitMix64(7)
        self.together_at: float | None = None
        self.fixed_s: float | None = None

    def __call__(self) -> float:
        if self.fixed_s is not None:
            return self.fixed_s
        if self.together_at is not None:
            now = asyncio.get_running_loop().time()
            return TALK_S - (now - self.together_at) % TALK_S
        return TALK_S * (0.5 + self._rng.below(1 << 20) / (1 << 20))


def cpu_ms(pid: int) -> float:
    """Of all threads, to the nanosecond where `/proc/PID/stat` counts hundredths of a second."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def share(values: list[int], part: float) -> float:
    """A percentile in milliseconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] / 1e6


async def idle(office: Office, talks: Talks, agents: int, seconds: float) -> None:
    """Callers wait all the time; the agents' idle times are printed."""
    for number in range(3 * agents):
        office.call("701", f"bench-{3000 + number % CALLERS}")
        await asyncio.sleep(0.01)
    for name in ("at random", "together"):
        talks.together_at = None if name == "at random" else asyncio.get_running_loop().time()
        await asyncio.sleep(2 * TALK_S)
        office.idle_ns.clear()
        await asyncio.sleep(seconds)
        found = list(office.idle_ns)
        p50, p90, p99 = (share(found, part) for part in (0.5, 0.9, 0.99))
        print(
            f"idle: {agents} agents, talks end {name:9}: {len(found)} talks, p50 {p50:.2f} ms, "
            f"p90 {p90:.2f}, p99 {p99:.2f}, most {max(found) / 1e6:.2f}  (target p50 2, p99 5; "
            f"{office.repeated} sent again, {office.failed} failed)",
            flush=True,
        )
    office.again = False
    talks.fixed_s = SHORT_TALK_S
    while office.completed < 3 * agents:
        await asyncio.sleep(0.5)
    await asyncio.sleep(2 * TALK_S + 3 * SHORT_TALK_S)


async def block(switch: SwitchProcess, office: Office, number: str, rate: int, seconds: float) -> float:
    """CPU ms a call of one block of calls at a steady rate."""
    loop = asyncio.get_running_loop()
    office.again = False
    done, failed, before, begun = office.completed, office.failed, cpu_ms(switch.process.pid), loop.time()
    count = int(rate * seconds)
    for made in range(count):
        await asyncio.sleep(max(0.0, begun + made / rate - loop.time()))
        office.call(number, f"bench-{3000 + made % CALLERS}")
    await asyncio.sleep(4 * SHORT_TALK_S)
    assert (office.completed - done, office.failed) == (count, failed), f"{office.completed - done}"
    return (cpu_ms(switch.process.pid) - before) / count


async def measure(folder: Path, agents: int, seconds: float, rate: int, rounds: int) -> None:
    dialplans = folder / "dialplans"
    dialplans.mkdir()
    (dialplans / "bench.yaml").write_text(tenant(agents, "longest-idle"))
    slots = 2 * (4 * agents + rate)
    async with await SwitchProcess.start(
        dialplans, folder / "state", rtp=next_rtp_range(2 * slots)
    ) as switch:
        talks = Talks()
        office = Office(switch, talks)
        office.open()
        try:
            for number in (PHONE, *range(1000, 1000 + agents)):
                await office.register(f"bench-{number}")
            for number in range(1000, 1000 + agents):
                await switch.command("/v1/agents/command", name=f"bench/a{number}", verb="sign-in", reason="")
            await idle(office, talks, agents, seconds)
            talks.fixed_s = SHORT_TALK_S
            plain: list[float] = []
            queued: list[float] = []
            for _ in range(rounds):
                plain.append(await block(switch, office, "700", rate, seconds / 2))
                queued.append(await block(switch, office, "701", rate, seconds / 2))
            pairs = [more - less for more, less in zip(queued, plain, strict=True)]
            print(
                f"cost: {rate} calls/s, {rounds} blocks each: plain {median(plain):.2f} ms (lowest "
                f"{min(plain):.2f}), queued {median(queued):.2f} ms (lowest {min(queued):.2f}): the queue "
                f"adds {median(pairs):.2f} ms (median of pairs), {min(queued) - min(plain):.2f} (of the "
                "lowest); target 0.3"
            )
        finally:
            office.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nice", type=int, default=0, help="of the switch and the phones; below 0 as root")
    options = parser.parse_args()
    # The switch is a child of this process, and inherits it.
    os.nice(options.nice)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), options.agents, options.seconds, options.rate, options.rounds))


if __name__ == "__main__":
    main()
