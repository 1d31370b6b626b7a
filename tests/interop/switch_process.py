"""A real `softswitch run` as a process of its own, on free ports, with the secrets it made."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.interop.process import free_port

START_S = 60.0
"""A first start speaks every prompt; on two busy cores that takes some seconds."""

STOP_S = 8.0
PORTS_WANTED = 64


class SwitchProcess:
    """`async with await SwitchProcess.start(folder) as switch:` always ends its process."""

    def __init__(
        self, process: asyncio.subprocess.Process, state: Path, ready: dict[str, Any], errors: Path
    ) -> None:
        self.process = process
        self.state = state
        self.ready = ready
        self.errors = errors
        self.sip = f"{ready['sip'][0]['host']}:{ready['sip'][0]['port']}"
        self.metrics_url = str(ready["metrics"])
        self.secrets = dict(line.split() for line in (state / "secrets.txt").read_text().splitlines())

    @classmethod
    async def start(cls, dialplans: Path, state: Path, *options: str, rtp: str = "") -> "SwitchProcess":
        """Start and wait for the ready line."""
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        errors = state.parent / f"{state.name}.stderr"
        low = free_port() & ~1
        low = min(max(low, 20_000), 60_000)
        with errors.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "switch.cli", "run", str(dialplans)),
                *("--sip", "127.0.0.1:0", "--http", "127.0.0.1:0", "--state", str(state)),
                *("--rtp", rtp or f"{low}-{low + PORTS_WANTED - 1}", "--keep-secrets", *options),
                stdout=asyncio.subprocess.PIPE,
                stderr=sink,
            )
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_S)
            assert line, f"the switch did not start:\n{errors.read_text()}"
            ready = json.loads(line)
        except BaseException:
            if process.returncode is None:
                process.kill()
            await process.wait()
            raise
        return cls(process, state, ready, errors)

    async def __aenter__(self) -> "SwitchProcess":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> int:
        """SIGTERM, and the exit code; SIGKILL where it does not stop in time."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), STOP_S)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        return self.process.returncode or 0

    async def cli(self, *words: str) -> Any:
        """What `softswitch WORDS --json` prints, decoded; an AssertionError with its error line else."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "switch.cli", *words, "--json", "--state", str(self.state)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0, f"softswitch {' '.join(words)}: {err.decode()}{out.decode()}"
        return json.loads(out) if out.strip() else None

    def log(self) -> str:
        """What it said on standard error."""
        return self.errors.read_text()


def copy_centre(folder: Path, carrier_port: int) -> Path:
    """The test centre with this carrier's port in it."""
    source = Path(__file__).parent / "centre"
    target = folder / "dialplans"
    shutil.copytree(source, target)
    shared = target / "centre.yaml"
    shared.write_text(shared.read_text().replace("CARRIER_PORT", str(carrier_port)))
    return target
