"""The switch of the demo: `softswitch run` in a process of its own, as anybody would start it."""

import asyncio
import json
import random
import socket
import sys
from pathlib import Path
from typing import Any

from switch.cli.failures import CommandError

START_TIMEOUT_S = 120.0
"""A first start speaks every prompt: seconds, on a small and busy machine many of them."""
STOP_TIMEOUT_S = 10.0

RTP_PORTS = 256
"""Two for each party of a call: sixty-four calls at once, far above what the demo makes."""
_RTP_LOW, _RTP_HIGH = 24_000, 30_000
"""Below the range from which Linux gives ports to everybody else."""
_RTP_TRIES = 20

LOG = "switch.log"
_TAIL_LINES = 5


class Server:
    """A running switch; `stop` ends its process in every case."""

    def __init__(self, process: asyncio.subprocess.Process, state: Path, ready: dict[str, Any]) -> None:
        self._process = process
        self.state = state
        self.sip = f"{ready['sip'][0]['host']}:{ready['sip'][0]['port']}"
        self.metrics = str(ready["metrics"])
        lines = (state / "secrets.txt").read_text(encoding="utf-8").splitlines()
        # A reset adds a line: the last one counts.
        self.secrets = dict(line.split() for line in lines)

    @classmethod
    async def start(cls, dialplans: Path, state: Path) -> "Server":
        """Start it on free ports and wait until it takes calls. Raises CommandError with its own words."""
        low = _free_rtp_ports()
        with (state / LOG).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "switch.cli", "run", str(dialplans), "--keep-secrets", "--state", str(state)),
                *("--sip", "127.0.0.1:0", "--http", "127.0.0.1:0"),
                *("--rtp", f"{low}-{low + RTP_PORTS - 1}"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                # Ctrl-C is for the demo, which lets everybody hang up before the switch stops.
                start_new_session=True,
            )
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_S)
            if not line:
                said = (state / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
                raise CommandError("the switch did not start: " + " / ".join(said[-_TAIL_LINES:]))
            return cls(process, state, json.loads(line))
        except TimeoutError:
            await _end(process)
            raise CommandError(f"the switch was not ready within {START_TIMEOUT_S:g} s") from None
        except BaseException:
            await _end(process)
            raise

    async def wait(self) -> int:
        """Until it has ended; its exit code."""
        return await self._process.wait()

    async def stop(self) -> int:
        """Its exit code; repeating it is harmless."""
        return await _end(self._process)

    def log(self) -> str:
        """What it said."""
        return (self.state / LOG).read_text(encoding="utf-8", errors="replace")


async def _end(process: asyncio.subprocess.Process) -> int:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
    return await process.wait()


def _free_rtp_ports() -> int:
    """The lowest of RTP_PORTS ports that were free a moment ago."""
    for _ in range(_RTP_TRIES):
        low = random.randrange(_RTP_LOW, _RTP_HIGH - RTP_PORTS, 2)
        if all(_is_free(port) for port in range(low, low + RTP_PORTS)):
            return low
    raise CommandError(f"no {RTP_PORTS} free UDP ports in a row between {_RTP_LOW} and {_RTP_HIGH}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
