"""sippy's B2BUA (PyPI `sippy`, BSD) as the other peer of `benchmarks.calls`: calls in Python, as ours are.

It has an environment of its own (`python -m venv DIR; DIR/bin/pip install sippy`), of which the command is
told: the package brings dependencies that a switch has no use for. Its `b2bua_simple` keeps two legs a call,
passes SDP on as it came, and has no authentication, dialplan, journal, records or metrics.
"""

import asyncio
from pathlib import Path

from benchmarks.peer import START_S
from tests.interop.process import free_port

PROGRAM = """
from sippy import SipContact, b2bua_simple

whole = SipContact.SipAddress
SipContact.SipAddress = lambda name, url: whole(url=url)
b2bua_simple.main_func()
"""
"""Its program, but for the display name in its Contact: sipp takes that for a part of the URI, and its ACK is
then no SIP."""


class Sippy:
    """One running B2BUA; `pids` is its process."""

    def __init__(self, process: asyncio.subprocess.Process, sip: str) -> None:
        self._process = process
        self.sip = sip

    @classmethod
    async def start(cls, environment: Path, folder: Path, callee: str) -> "Sippy":
        """One that sends every new call to `callee` (host:port)."""
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            *(str(environment / "bin" / "python"), "-c", PROGRAM),
            *("-f", "-l", "127.0.0.1", "-p", str(port), "-n", callee, "-L", str(folder / "sippy.log")),
            # Its log of every message would be a part of what it costs.
            env={"SIPLOG_BEND": "none"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await asyncio.sleep(START_S)
        assert process.returncode is None, "sippy did not start"
        return cls(process, f"127.0.0.1:{port}")

    def pids(self) -> list[int]:
        return [self._process.pid]

    async def stop(self) -> None:
        """It does not always heed a SIGTERM."""
        self._process.kill()
        await self._process.wait()
