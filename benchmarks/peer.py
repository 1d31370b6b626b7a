"""Kamailio (Debian's) as a stateful proxy with record-route, for the comparison in `benchmarks.calls`.

It keeps transactions and no calls: no authentication, no dialplan, no journal, no media. What it costs is
nearly the floor of carrying a call's messages through a process.
"""

import asyncio
import os
import shutil
from pathlib import Path

from tests.interop.process import free_port

CONFIGURATION = Path(__file__).parent / "sipp" / "kamailio.cfg"
START_S = 1.0


class Kamailio:
    """One running proxy; `pids` are its processes."""

    def __init__(self, process: asyncio.subprocess.Process, sip: str) -> None:
        self._process = process
        self.sip = sip

    @classmethod
    async def start(cls, folder: Path, callee: str) -> "Kamailio":
        """A proxy that sends every new call to `callee` (host:port)."""
        sip = f"127.0.0.1:{free_port()}"
        words = ("kamailio", "-DD", "-E", "-f", str(CONFIGURATION), "-l", f"udp:{sip}", "-w", str(folder))
        process = await asyncio.create_subprocess_exec(
            *words,
            *("-Y", str(folder), "-A", f'CALLEE="sip:{callee}"'),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await asyncio.sleep(START_S)
        assert process.returncode is None, "kamailio did not start"
        return cls(process, sip)

    def pids(self) -> list[int]:
        """Itself and its children: workers, timers, the main process."""
        first = self._process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *(int(child) for child in children)]

    async def stop(self) -> None:
        self._process.terminate()
        await self._process.wait()


def is_installed() -> bool:
    """Debian puts it where only root's path leads."""
    os.environ["PATH"] += ":/usr/sbin"
    return shutil.which("kamailio") is not None
