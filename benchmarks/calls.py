"""CPU of the switch per two-leg call, driven by sipp over loopback.

Everything that a user would have on is on: digest authentication of the caller, a dialplan that dials, the
journal, call records, and the metrics scraped each second. The RFC's timers are not shortened. A call is
INVITE, 407, ACK, INVITE, 100, 180, 200, ACK, one second, BYE, 200 on the caller's leg and the same without
the challenge on the callee's. No RTP is sent; the engine's thread runs with open streams.

CPU time is that of the whole server process (user and system, from /proc), divided by completed calls.
Kamailio, where it is installed, carries the same calls at the same rate alternately: a proxy without
authentication, calls, journal and records, its processes summed. So does sippy's B2BUA, where the command is
told of it (see `benchmarks.sippy`).

    python -m benchmarks.calls [--rate 50] [--seconds 20] [--rounds 2] [--no-peer] [--sippy DIR]

With `--memory` it prints instead what the process holds while calls come and go at an even rate: before the
first, at each tenth of the time, and when the last one's transactions have ended. For 200,000 calls:

    python -m benchmarks.calls --memory --rate 600 --seconds 334
"""

import argparse
import asyncio
import csv
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from benchmarks.peer import Kamailio, is_installed
from benchmarks.sippy import Sippy
from tests.interop.process import free_port, free_rtp_range
from tests.interop.switch_process import SwitchProcess

SIPP = Path(__file__).parent / "sipp"
HOLD_MS = 1_000
LINGER_S = 40
"""After a call its transactions stand for 32 s, and what was late a little longer."""

PORTS = (4_000, 30_000)
"""Where they are looked for: tests that run beside have some in the upper half."""

PORTS_MAX = 9_000
"""RTP ports of one run: 2,250 calls that stand, twice what 1,000 a second are."""

TICKS_S = os.sysconf("SC_CLK_TCK")

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


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def memory_mb(pid: int) -> float:
    """Resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def scrape(url: str, stop: asyncio.Event) -> None:
    """What Prometheus would do."""
    async with httpx.AsyncClient() as client:
        while not stop.is_set():
            await client.get(url, timeout=10)
            await asyncio.sleep(1)


async def sipp(folder: Path, scenario: str, *arguments: str, row: str = "") -> asyncio.subprocess.Process:
    """Start sipp in a folder of its own."""
    folder.mkdir(exist_ok=True)
    words = ["sipp", "-sf", str(SIPP / scenario), "-i", "127.0.0.1", "-bind_local", "-nostdin", *arguments]
    if row:
        (folder / "rows.csv").write_text(f"SEQUENTIAL\n{row}\n")
        words += ["-inf", "rows.csv"]
    return await asyncio.create_subprocess_exec(
        *words, cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )


def credentials(switch: SwitchProcess, user: str) -> str:
    return f"[authentication username={user} password={switch.secrets[user]}]"


async def follow(pid: int, rate: int, seconds: int) -> None:
    """Tell the memory of a run at each of its tenths."""
    for tenth in range(11):
        print(
            f"{rate * seconds * tenth // 10:8,d} calls begun: {memory_mb(pid):7.1f} MB resident", flush=True
        )
        await asyncio.sleep(seconds / 10)
    await asyncio.sleep(LINGER_S)
    print(f"    all have ended:    {memory_mb(pid):7.1f} MB resident", flush=True)


async def measure(folder: Path, rate: int, seconds: int, *, memory_told: bool = False) -> Run:
    """One run against a switch of its own."""
    dialplans = folder / "dialplans"
    dialplans.mkdir()
    (dialplans / "centre.yaml").write_text(CENTRE)
    (dialplans / "bench.yaml").write_text(TENANT)
    concurrent = 2 * (rate * 2 + 50)
    rtp = "{}-{}".format(*free_rtp_range(min(2 * concurrent + concurrent // 2, PORTS_MAX), PORTS))
    async with await SwitchProcess.start(dialplans, folder / "state", rtp=rtp) as switch:
        port = free_port()
        callee_row = f"bench-102;{credentials(switch, 'bench-102')};{switch.sip}"
        register = await sipp(
            folder / "register", "register.xml", switch.sip, "-p", str(port), "-m", "1", row=callee_row
        )
        assert await register.wait() == 0, "the callee could not register"
        callee = await sipp(folder / "callee", "callee.xml", "-p", str(port))
        stop = asyncio.Event()
        scraper = asyncio.create_task(scrape(switch.metrics_url, stop))
        try:
            pid = switch.process.pid
            before = cpu_s(pid)
            row = f"bench-101;{credentials(switch, 'bench-101')};700;{switch.sip}"
            caller = await _calls(folder, switch.sip, rate, seconds, row)
            if memory_told:
                await follow(pid, rate, seconds)
            await caller.wait()
            used = cpu_s(pid) - before
            memory = memory_mb(pid)
        finally:
            stop.set()
            await scraper
            callee.terminate()
            await callee.wait()
        return _result(folder / "caller", rate, used, memory)


StartPeer = Callable[[Path, str], Awaitable[Kamailio | Sippy]]
Measure = Callable[[Path, int, int], Coroutine[None, None, Run]]


async def measure_peer(start: StartPeer, folder: Path, rate: int, seconds: int) -> Run:
    """The same calls through a peer of its own."""
    port = free_port()
    callee = await sipp(folder / "callee", "callee.xml", "-p", str(port))
    peer = await start(folder, f"127.0.0.1:{port}")
    try:
        pids = peer.pids()
        before = sum(cpu_s(pid) for pid in pids)
        caller = await _calls(folder, peer.sip, rate, seconds, f"bench-101;none;700;{peer.sip}")
        await caller.wait()
        used = sum(cpu_s(pid) for pid in pids) - before
        memory = sum(memory_mb(pid) for pid in pids)
    finally:
        await peer.stop()
        callee.terminate()
        await callee.wait()
    return _result(folder / "caller", rate, used, memory)


async def _calls(folder: Path, target: str, rate: int, seconds: int, row: str) -> asyncio.subprocess.Process:
    return await sipp(
        folder / "caller",
        "caller.xml",
        *(target, "-p", str(free_port()), "-r", str(rate), "-m", str(rate * seconds)),
        *("-d", str(HOLD_MS), "-trace_stat", "-stf", "stat.csv", "-fd", "1"),
        *("-trace_rtt", "-rtt_freq", "1"),
        *("-timeout", str(seconds + 60)),
        row=row,
    )


def _result(folder: Path, rate: int, used_s: float, memory: float) -> Run:
    with (folder / "stat.csv").open() as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    completed, failed = int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])
    times = sorted(
        float(row["response_time_ms"])
        for path in folder.glob("*_rtt.csv")
        for row in csv.DictReader(path.open(), delimiter=";")
    )
    shares = (("p50", 0.5), ("p99", 0.99)) if times else ()
    setup = {name: times[int(len(times) * share)] for name, share in shares}
    return Run(rate, completed, failed, used_s * 1_000 / max(1, completed), setup, memory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rate", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=1, help="runs of each, alternately")
    parser.add_argument("--no-peer", action="store_true", help="without Kamailio")
    parser.add_argument("--memory", action="store_true", help="tell what the switch holds, and run it alone")
    parser.add_argument("--sippy", type=Path, metavar="DIR", help="environment in which sippy is installed")
    options = parser.parse_args()
    if shutil.which("sipp") is None:
        sys.exit("sipp is not installed: apt-get install sip-tester")
    servers: dict[str, Measure] = {"switch": partial(measure, memory_told=options.memory)}
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
