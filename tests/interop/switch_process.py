"""A real `softswitch run` as a process of its own, on free ports, with the secrets it made."""

import asyncio
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from switch.api.state_folder import CONTROL_SOCKET
from tests.interop.process import free_rtp_range

START_S = 120.0
"""A first start speaks every prompt; on two busy cores that takes some seconds."""

STOP_S = 30.0
ANSWER_S = 120.0
PORTS_WANTED = 64


@dataclass(frozen=True, slots=True)
class Refused:
    """A start that was refused: what a shell and a person see of it."""

    exit_code: int
    errors: str


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
        self.secrets = read_secrets(state)

    @classmethod
    async def start(
        cls,
        dialplans: Path,
        state: Path,
        *options: str,
        rtp: str = "",
        sip: str = "127.0.0.1:0",
        http: str = "127.0.0.1:0",
        prefix: tuple[str, ...] = (),
    ) -> "SwitchProcess":
        """Start and wait for the ready line. `prefix` is a command that runs it, as `ip netns exec NAME`."""
        process, errors = await spawn(dialplans, state, *options, rtp=rtp, sip=sip, http=http, prefix=prefix)
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

    async def kill(self) -> None:
        """SIGKILL: what a crash or the machine's out-of-memory killer does."""
        self.process.kill()
        await self.process.wait()

    async def cli(self, *words: str) -> Any:
        """What `softswitch WORDS --json` prints, decoded; an AssertionError with its error line else."""
        code, out, err = await run_cli(*words, "--json", "--state", str(self.state))
        assert code == 0, f"softswitch {' '.join(words)}: {err}{out}"
        return json.loads(out) if out.strip() else None

    async def ask(self, path: str, **query: str | int) -> Any:
        """The same answer without a process of its own: for questions that are asked again and again."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.state / CONTROL_SOCKET))
        async with httpx.AsyncClient(
            base_url="http://switch", transport=transport, timeout=ANSWER_S
        ) as client:
            return (await client.get(path, params=query)).json()

    async def command(self, path: str, **body: str) -> Any:
        """POST to the control socket."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.state / CONTROL_SOCKET))
        async with httpx.AsyncClient(
            base_url="http://switch", transport=transport, timeout=ANSWER_S
        ) as client:
            return (await client.post(path, json=body)).json()

    async def page(self, path: str) -> tuple[int, str]:
        """Status and text of a page that anybody may see (`/metrics`, `/health/ready`)."""
        async with httpx.AsyncClient(base_url=str(self.ready["http"]), timeout=ANSWER_S) as client:
            answer = await client.get(path)
            return answer.status_code, answer.text

    async def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name and labels."""
        _, text = await self.page("/metrics")
        samples = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def log(self) -> str:
        """What it said on standard error."""
        return self.errors.read_text()


async def spawn(
    dialplans: Path,
    state: Path,
    *options: str,
    rtp: str = "",
    sip: str = "127.0.0.1:0",
    http: str = "127.0.0.1:0",
    prefix: tuple[str, ...] = (),
) -> tuple[asyncio.subprocess.Process, Path]:
    """The process, whatever becomes of it, and the file that holds its standard error."""
    errors = dialplans.parent / f"{state.name}.stderr"
    with errors.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *prefix,
            sys.executable,
            *("-m", "switch.cli", "run", str(dialplans)),
            *(("--sip", sip) if sip else ()),
            *("--http", http, "--state", str(state)),
            *("--rtp", rtp or next_rtp_range(), "--keep-secrets", *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
        )
    return process, errors


async def refused_start(dialplans: Path, state: Path, *options: str, **places: Any) -> Refused:
    """Start a switch that must not start, and give what it said."""
    process, errors = await spawn(dialplans, state, *options, **places)
    try:
        out, _ = await asyncio.wait_for(process.communicate(), START_S)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert not out, f"it says that it is ready: {out!r}"
    assert process.returncode is not None
    return Refused(process.returncode, errors.read_text())


async def run_cli(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `softswitch WORDS`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "switch.cli", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), ANSWER_S)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def next_rtp_range(ports: int = PORTS_WANTED) -> str:
    """A range of free ports, as `--rtp` wants it."""
    return "{}-{}".format(*free_rtp_range(ports))


def read_secrets(state: Path) -> dict[str, str]:
    """SIP user to secret; the newest line of a user counts."""
    path = state / "secrets.txt"
    return dict(line.split() for line in path.read_text().splitlines()) if path.exists() else {}


def copy_centre(folder: Path, carrier_port: int, carrier: str = "127.0.0.2") -> Path:
    """The test centre with this carrier's address in it."""
    source = Path(__file__).parent / "centre"
    target = folder / "dialplans"
    shutil.copytree(source, target)
    shared = target / "centre.yaml"
    text = shared.read_text().replace("CARRIER_PORT", str(carrier_port))
    shared.write_text(text.replace("127.0.0.2", carrier))
    return target
