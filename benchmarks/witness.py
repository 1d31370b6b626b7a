"""What a run over real sockets had from the machine: whether somebody who was late was kept waiting.

Twice a second: how long each process's threads stood ready and got no processor (`schedstat`, of the kernel),
datagrams that were dropped because a socket's buffer was full (`/proc/net/udp`), and how busy the machine
was with others. A late answer of a process that hardly waited is its own doing.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

EVERY_S = 0.5
TICKS_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def memory_mb(pid: int) -> float:
    """Resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def waited_s(pid: int) -> float:
    """How long its first thread was ready and did not run: that of sipp, and of the switch's loop."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9


def dropped(ports: frozenset[int]) -> dict[int, int]:
    """Datagrams that found the buffer of a UDP socket full, by local port."""
    found: dict[int, int] = {}
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        port = int(words[1].rpartition(":")[2], 16)
        if port in ports:
            found[port] = found.get(port, 0) + int(words[-1])
    return found


def _machine_s() -> tuple[float, float]:
    """Time of all processors so far: at work for anybody, and taken by the host (of a virtual machine)."""
    first = Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(word) / TICKS_S for word in first[:8])
    return user + nice + system + irq + softirq, steal


@dataclass(slots=True)
class _Watched:
    before_cpu_s: float
    waited_s: float
    last_waited_s: float
    worst: float = 0.0
    used_s: float = 0.0


@dataclass(slots=True)
class Witness:
    """`processes` by name; `ports` are UDP ports of theirs, by name."""

    processes: Mapping[str, int]
    ports: Mapping[str, int]
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _drops: dict[str, int] = field(default_factory=dict)
    _began: float = 0.0
    _machine: tuple[float, float] = (0.0, 0.0)
    _now: float = 0.0
    _machine_now: tuple[float, float] = (0.0, 0.0)

    async def watch(self) -> None:
        """Until it is cancelled."""
        self._began, self._machine = time.monotonic(), _machine_s()
        for name, pid in self.processes.items():
            waited = waited_s(pid)
            self._watched[name] = _Watched(cpu_s(pid), waited, waited)
        last = self._began
        while True:
            await asyncio.sleep(EVERY_S)
            last = self._look(last)

    def _look(self, last: float) -> float:
        now = time.monotonic()
        for name, pid in self.processes.items():
            watched = self._watched[name]
            try:
                waited, used = waited_s(pid), cpu_s(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended: what it had stays as it was
            watched.worst = max(watched.worst, (waited - watched.last_waited_s) / (now - last))
            watched.last_waited_s, watched.used_s = waited, used - watched.before_cpu_s
        found = dropped(frozenset(self.ports.values()))
        for name, port in self.ports.items():
            self._drops[name] = max(self._drops.get(name, 0), found.get(port, 0))
        self._now, self._machine_now = now, _machine_s()
        return now

    def told(self) -> list[str]:
        """Lines for a person."""
        seconds = self._now - self._began
        if seconds <= 0:
            return []
        lines = []
        for name, watched in self._watched.items():
            share = (watched.last_waited_s - watched.waited_s) / seconds
            lines.append(
                f"    {name}: {watched.used_s / seconds:4.0%} of a processor; ready and kept waiting for one"
                f" {share:4.0%} of the time, {watched.worst:4.0%} in its worst {EVERY_S} s;"
                f" {self._drops.get(name, 0):,} datagrams dropped at its socket"
            )
        busy, stolen = (b - a for a, b in zip(self._machine, self._machine_now, strict=True))
        ours = sum(watched.used_s for watched in self._watched.values())
        lines.append(
            f"    machine: {len(os.sched_getaffinity(0))} processors; others used"
            f" {max(0.0, busy - ours) / seconds:4.0%} of one, the host took {stolen / seconds:4.0%}"
        )
        return lines
