"""Run a sipp scenario with a time limit, and read how it went from its statistics file.

async with await Sipp.start(program, SCENARIOS / "registrar.xml", folder, calls=1) as registrar:
    result = await run_sipp(program, BENCHMARKS / "register.xml", folder, registrar.address, rows=...)
    assert result.failed == 0, result
"""

import asyncio
import csv
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.interop.process import end, free_port, tail, until_bound

SCENARIOS = Path(__file__).parent / "scenarios"
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks" / "sipp"
TIMEOUT_S = 60.0
BIND_TIMEOUT_S = 30.0
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class SippResult:
    """`exit_code` is 0 when every call succeeded, 1 when one failed, 99 without calls."""

    exit_code: int
    successful: int
    failed: int
    statistics: Mapping[str, str]
    errors: str


def credentials(user: str, password: str) -> str:
    """sipp's injection field for digest authentication."""
    return f"[authentication username={user} password={password}]"


class Sipp:
    """One sipp process. The context always ends it."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, port: int) -> None:
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self.folder = folder
        self._process = process

    @classmethod
    async def start(
        cls,
        program: str,
        scenario: Path,
        folder: Path,
        remote: str = "",
        *,
        rows: Iterable[tuple[str, ...]] = (),
        calls: int = 0,
        rate: float = 10,
        port: int = 0,
        transport: str = "udp",
        extra: tuple[str, ...] = (),
        timeout_s: float = TIMEOUT_S,
    ) -> "Sipp":
        """Start a caller to `remote` (host:port), or without it a callee, ready when this returns.

        `rows` are the injection file; `calls` 0 means until stopped, or one a row. `extra` goes to sipp as it
        is. Messages, errors and statistics are kept in a folder of their own under `folder`.
        """
        own = folder / f"sipp-{next(_numbers)}-{scenario.stem}"
        own.mkdir()
        port = port or free_port()
        arguments = [program, "-sf", str(scenario), *([remote] if remote else [])]
        arguments += ["-i", "127.0.0.1", "-bind_local", "-p", str(port), "-nostdin"]
        arguments += ["-t", "t1" if transport == "tcp" else "u1", "-r", str(rate)]
        arguments += ["-timeout", str(int(timeout_s)), "-timeout_error", "-trace_msg", "-trace_err"]
        arguments += ["-message_file", "messages.log", "-error_file", "errors.log"]
        arguments += ["-trace_stat", "-stf", "statistics.csv", "-fd", "1"]
        lines = [";".join(row) + "\n" for row in rows]
        if lines:
            (own / "rows.csv").write_text("SEQUENTIAL\n" + "".join(lines))
            arguments += ["-inf", "rows.csv"]
        if calls or lines:
            arguments += ["-m", str(calls or len(lines))]
        with (own / "screen.log").open("wb") as screen:
            process = await asyncio.create_subprocess_exec(
                *arguments, *extra, cwd=own, stdin=asyncio.subprocess.DEVNULL, stdout=screen, stderr=screen
            )
        sipp = cls(process, own, port)
        if not remote:
            try:
                await until_bound(port, transport, process, BIND_TIMEOUT_S)
            except BaseException as error:
                await end(process)
                error.add_note(tail(own / "screen.log"))
                raise
        return sipp

    async def __aenter__(self) -> "Sipp":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def finish(self, timeout_s: float = TIMEOUT_S) -> SippResult:
        """Wait until the wanted number of calls is done; past that time it is ended, and fails."""
        try:
            await asyncio.wait_for(self._process.wait(), timeout_s)
        except TimeoutError:
            await end(self._process)
        return self._result()

    async def stop(self) -> SippResult:
        """End it now."""
        await end(self._process)
        return self._result()

    def messages(self) -> str:
        """Every SIP message that it sent and received."""
        return tail(self.folder / "messages.log", 1_000_000)

    def _result(self) -> SippResult:
        row: dict[str, str] = {}
        path = self.folder / "statistics.csv"
        if path.exists():
            with path.open(newline="") as file:
                for row in csv.DictReader(file, delimiter=";"):  # noqa: B007 - the last row is the total
                    pass
        errors = tail(self.folder / "errors.log") or tail(self.folder / "screen.log")
        return SippResult(
            exit_code=self._process.returncode if self._process.returncode is not None else -1,
            successful=int(row.get("SuccessfulCall(C)", 0)),
            failed=int(row.get("FailedCall(C)", 0)),
            statistics=row,
            errors="" if self._process.returncode == 0 else errors,
        )


async def run_sipp(
    program: str,
    scenario: Path,
    folder: Path,
    remote: str,
    *,
    rows: Iterable[tuple[str, ...]] = (),
    calls: int = 0,
    rate: float = 10,
    port: int = 0,
    transport: str = "udp",
    extra: tuple[str, ...] = (),
    timeout_s: float = TIMEOUT_S,
) -> SippResult:
    """Start a caller and wait for its end, see `Sipp.start`."""
    sipp = await Sipp.start(
        program,
        scenario,
        folder,
        remote,
        rows=rows,
        calls=calls,
        rate=rate,
        port=port,
        transport=transport,
        extra=extra,
        timeout_s=timeout_s,
    )
    async with sipp:
        return await sipp.finish(timeout_s)
