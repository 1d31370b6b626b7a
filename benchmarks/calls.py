"""CPU of the switch per two-leg call, driven by sipp over loopback.

Everything that a user would have on is on: digest authentication of the caller, a dialplan that dials, the
journal, call records, and the metrics scraped each second. The RFC's timers are not shortened. A call is
INVITE, 407, ACK, INVITE, 100, 180, 200, ACK, one second, BYE, 200 on the caller's leg and the same without
the challenge on the callee's. No RTP is sent; the engine's thread runs with open streams.

CPU time is that of the whole server process (user and system, from /proc), divided by completed calls.
Kamailio, where it is installed, carries the same calls at the same rate alternately: a proxy without
authentication, calls, journal and records, its processes summed. So does sippy's B2BUA, where the command is
told of it (see `benchmarks.sippy`).

    python -m benchmarks.calls [--rate 50] [--seconds 20] [--rounds 2] [--no-peer] [--sippy DIR] [--why]
                               [--fine-clock]

sipp 3.6 has a clock that moves each 4 ms, so that its set-up times are multiples of that. `--fine-clock`
gives it another: for a percentile that is to be held against a bound.

Where calls fail, and always with `--why`, it prints below the row why: what sipp found wrong, with a message;
what was repeated; how long each process was ready to run and got no processor, and what the kernel dropped;
what the switch refused, and its journal of the first calls that were lost.

With `--memory` it prints what the process holds while calls come and go at an even rate, at each tenth of the
time and when the last one's transactions have ended, and at last in one line how much it grew. For 200,000:

    python -m benchmarks.calls --memory --rate 600 --seconds 334
"""

import argparse
import asyncio
import csv
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from benchmarks import held, lost
from benchmarks.peer import Kamailio, is_installed
from benchmarks.phones import Outcome, Phones, fine_clock
from benchmarks.sippy import Sippy
from benchmarks.witness import Witness, cpu_s, memory_mb
from tests.interop.process import free_port, free_rtp_range
from tests.interop.switch_process import SwitchProcess

HOLD_MS = 1_000
SCRAPE_TIMEOUT_S = 10
REGISTER_S = 30
REGISTRATIONS_MAX = 3
PORTS = (4_000, 30_000)
"""Where they are looked for: tests that run beside have some in the upper half."""

PORTS_MAX = 9_000
"""RTP ports of one run: 2,250 calls that stand, twice what 1,000 a second are."""

CENTRE = "digest: [md5]   # sipp knows no other\n"
TENANT = """\
name: Bench
languages: [en]
country: FR
numbers: {"700": ring}
accounts: {"101": {}, "102": {}}
flows:
  ring: [{dial: {extension: "102", timeout_s: 30}}]
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run."""

    rate: int
    completed: int
    failed: int
    cpu_ms_a_call: float
    setup_ms: dict[str, float]
    memory_mb: float


class Scraper:
    """What Prometheus would do; it keeps the last answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.last = ""

    async def run(self) -> None:
        """Until it is cancelled."""
        async with httpx.AsyncClient() as client:
            while True:
                self.last = (await client.get(self._url, timeout=SCRAPE_TIMEOUT_S)).text
                await asyncio.sleep(1)


@asynccontextmanager
async def beside(*runs: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """These run while the block does; what one of them dies of is told at the end."""
    tasks = [asyncio.create_task(run) for run in runs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


def credentials(switch: SwitchProcess, user: str) -> str:
    return f"[authentication username={user} password={switch.secrets[user]}]"


async def register(folder: Path, switch: SwitchProcess, port: int) -> None:
    """The callee's phone, as often as a phone asks again that is told to come later (503)."""
    row = f"bench-102;{credentials(switch, 'bench-102')};{switch.sip}"
    for attempt in range(REGISTRATIONS_MAX):
        phone = await Phones.start(
            folder / f"register-{attempt}",
            "register.xml",
            *(switch.sip, "-p", str(port), "-m", "1", "-timeout", str(REGISTER_S)),
            row=row,
        )
        outcome = await phone.finish()
        if outcome.exit_code == 0:
            return
        print(f"the callee could not register (sipp ended with {outcome.exit_code}):", flush=True)
        print("\n".join(outcome.told("phone")) or phone.last_words(), flush=True)
    raise RuntimeError(f"the callee could not register; the switch says:\n{switch.log()}")


async def measure(
    folder: Path,
    rate: int,
    seconds: int,
    *,
    memory_told: bool = False,
    always_told: bool = False,
    fine: bool = False,
) -> Run:
    """One run against a switch of its own."""
    dialplans = folder / "dialplans"
    dialplans.mkdir()
    (dialplans / "centre.yaml").write_text(CENTRE)
    (dialplans / "bench.yaml").write_text(TENANT)
    concurrent = 2 * (rate * 2 + 50)
    rtp = "{}-{}".format(*free_rtp_range(min(2 * concurrent + concurrent // 2, PORTS_MAX), PORTS))
    async with await SwitchProcess.start(dialplans, folder / "state", rtp=rtp) as switch:
        port = free_port()
        await register(folder, switch, port)
        callee = await Phones.start(folder / "callee", "callee.xml", "-p", str(port))
        scraper, pid = Scraper(switch.metrics_url), switch.process.pid
        before = cpu_s(pid)
        row = f"bench-101;{credentials(switch, 'bench-101')};700;{switch.sip}"
        caller, caller_port = await _calls(folder, switch.sip, rate, seconds, row, fine=fine)
        witness = Witness(
            {"switch": pid, "caller": caller.process.pid, "callee": callee.process.pid},
            {"switch": int(switch.sip.rpartition(":")[2]), "caller": caller_port, "callee": port},
        )
        try:
            async with beside(scraper.run(), witness.watch()):
                if memory_told:
                    await held.follow(pid, caller, seconds)
                called = await caller.finish()
                used = cpu_s(pid) - before
                memory = memory_mb(pid)
        finally:
            answered = await callee.stop()
        if called.failed or always_told:
            told = [*called.told("caller"), *answered.told("callee"), *witness.told()]
            told += lost.counters(scraper.last)
            for call_id in called.call_ids:
                told += lost.journal(folder / "state", call_id)
            told += lost.log(switch.log())
            print("\n".join(told), flush=True)
        return _result(folder / "caller", rate, called, used, memory)


StartPeer = Callable[[Path, str], Awaitable[Kamailio | Sippy]]
Measure = Callable[[Path, int, int], Coroutine[None, None, Run]]


async def measure_peer(start: StartPeer, folder: Path, rate: int, seconds: int) -> Run:
    """The same calls through a peer of its own."""
    port = free_port()
    callee = await Phones.start(folder / "callee", "callee.xml", "-p", str(port))
    peer = await start(folder, f"127.0.0.1:{port}")
    try:
        pids = peer.pids()
        before = sum(cpu_s(pid) for pid in pids)
        caller, _ = await _calls(folder, peer.sip, rate, seconds, f"bench-101;none;700;{peer.sip}")
        called = await caller.finish()
        used = sum(cpu_s(pid) for pid in pids) - before
        memory = sum(memory_mb(pid) for pid in pids)
    finally:
        await peer.stop()
        await callee.stop()
    return _result(folder / "caller", rate, called, used, memory)


async def _calls(
    folder: Path, target: str, rate: int, seconds: int, row: str, *, fine: bool = False
) -> tuple[Phones, int]:
    """The callers, and their port."""
    port = free_port()
    caller = await Phones.start(
        folder / "caller",
        "caller.xml",
        *(target, "-p", str(port), "-r", str(rate), "-m", str(rate * seconds)),
        *("-d", str(HOLD_MS), "-trace_rtt", "-rtt_freq", "1"),
        *("-timeout", str(seconds + 60)),
        row=row,
        clock=fine_clock(folder) if fine else None,
    )
    return caller, port


def _result(folder: Path, rate: int, called: Outcome, used_s: float, memory: float) -> Run:
    times = sorted(
        float(row["response_time_ms"])
        for path in folder.glob("*_rtt.csv")
        for row in csv.DictReader(path.open(), delimiter=";")
    )
    shares = (("p50", 0.5), ("p99", 0.99)) if times else ()
    setup = {name: times[int(len(times) * share)] for name, share in shares}
    cost_ms = used_s * 1_000 / max(1, called.completed)
    return Run(rate, called.completed, called.failed, cost_ms, setup, memory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rate", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=1, help="runs of each, alternately")
    parser.add_argument("--no-peer", action="store_true", help="without Kamailio")
    parser.add_argument("--memory", action="store_true", help="tell what the switch holds, and run it alone")
    parser.add_argument(
        "--why", action="store_true", help="tell what was repeated or late also without a loss"
    )
    parser.add_argument("--fine-clock", action="store_true", help="set-up to the microsecond (wants gcc)")
    parser.add_argument("--sippy", type=Path, metavar="DIR", help="environment in which sippy is installed")
    options = parser.parse_args()
    if shutil.which("sipp") is None:
        sys.exit("sipp is not installed: apt-get install sip-tester")
    ours = partial(measure, memory_told=options.memory, always_told=options.why, fine=options.fine_clock)
    servers: dict[str, Measure] = {"switch": ours}
    if options.memory:
        options.sippy = None
    elif not options.no_peer and is_installed():
        servers["kamailio"] = partial(measure_peer, Kamailio.start)
    else:
        print("without the comparison: kamailio is not installed, or not wanted")
    if options.sippy is not None:
        servers["sippy"] = partial(measure_peer, partial(Sippy.start, options.sippy))
    print("server    calls/s  completed  failed  CPU ms/call  set-up p50 ms  p99 ms  memory MB")
    for rate in options.rate:
        costs: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(options.rounds):
            for name, run_one in servers.items():
                with tempfile.TemporaryDirectory() as folder:
                    run = asyncio.run(run_one(Path(folder), rate, options.seconds))
                _print(name, run)
                costs[name].append(run.cpu_ms_a_call)
        for name in list(servers)[1:]:
            ratio = min(costs["switch"]) / min(costs[name])
            print(f"{rate} calls/s: the switch takes {ratio:.1f} times what {name} takes (lowest of each)")


def _print(name: str, run: Run) -> None:
    p50, p99 = run.setup_ms.get("p50", float("nan")), run.setup_ms.get("p99", float("nan"))
    print(
        f"{name:8s}  {run.rate:7d}  {run.completed:9d}  {run.failed:6d}  {run.cpu_ms_a_call:11.2f}"
        f"  {p50:13.1f}  {p99:6.1f}  {run.memory_mb:9.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
