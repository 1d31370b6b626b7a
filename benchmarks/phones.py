"""sipp as the phones of a benchmark: started in a folder of its own, and asked afterwards what went wrong.

sipp tells much and keeps it apart: how many calls failed and of what in its statistics, which message of the
scenario was repeated or out of place in its counts, and whole messages in its errors. `Outcome` has them
together, so that a benchmark that lost a call can say which and why.
"""

import asyncio
import csv
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.interop.process import free_port

SCENARIOS = Path(__file__).parent / "sipp"

BUFFER_BYTES = 4 << 20
"""Of its socket, as the switch asks for its own: with the usual 64 kB it lost datagrams whenever it got no
processor for a twentieth of a second, and half a second later they were repeated."""

ERRORS_BYTES_MAX = 4 << 20
"""Of sipp's errors: a run of which every call failed would fill the memory."""

SAMPLES_MAX = 3
"""Whole messages that are shown of one mistake, and Call-IDs that are followed into the journal."""

LEAVE_S = 5.0
"""How long it may wait for the last calls when it is asked to leave (SIGUSR1)."""

_RECORD = re.compile(r"'?\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\.\d+\t")
"""Each begins with the time twice, not always on a new line."""

LINES_MAX = 12
"""Of a message that is shown: down to its CSeq."""

_CALL_ID = re.compile(r"(?:call-?id:?|dead call)\s*'?([^\s',:]+)", re.IGNORECASE)
_LATE = "Dead call"
"""What came for a call that was over already."""

_NUMBERS = re.compile(r"\d+")
_TOLD = tuple(
    f"{name}(C)"
    for name in (
        "OutOfCallMsgs",
        "DeadCallMsgs",
        "Retransmissions",
        "WatchdogMajor",
        "WatchdogMinor",
        "FatalErrors",
    )
)
_WRONG = ("_Retrans", "_Timeout", "_Unexp", "_Lost")


@dataclass(slots=True)
class Mistake:
    """Errors of one kind: how many, and the first of them as sipp wrote them."""

    count: int = 0
    samples: list[str] = field(default_factory=list)
    call_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`kinds`: why calls failed, and what else is not as it should be, by sipp's names; none that is 0.
    `places`: messages of the scenario that were repeated, late or out of place."""

    exit_code: int
    begun: int
    completed: int
    failed: int
    kinds: dict[str, int]
    places: dict[str, int]
    mistakes: dict[str, Mistake]

    @property
    def call_ids(self) -> list[str]:
        """Of the first calls that were lost."""
        found = [
            call_id
            for kind, mistake in self.mistakes.items()
            for call_id in mistake.call_ids
            if not kind.startswith(_LATE)
        ]
        return list(dict.fromkeys(found))[:SAMPLES_MAX]

    def told(self, name: str) -> list[str]:
        """Lines for a person; none where nothing was wrong."""
        lines = []
        for what, counts in (("", self.kinds), (" by message", self.places)):
            if counts:
                each = ", ".join(f"{key} {count:,}" for key, count in counts.items())
                lines.append(f"    {name}{what}: {each}")
        for kind, mistake in self.mistakes.items():
            lines.append(f"    {name}, {mistake.count:,} times: {kind}")
            lines += [f"        {line}" for line in mistake.samples[0].splitlines()[:LINES_MAX]]
        return lines


class Phones:
    """One sipp process, of one scenario."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder

    @classmethod
    async def start(
        cls, folder: Path, scenario: str, *arguments: str, row: str = "", clock: Path | None = None
    ) -> "Phones":
        """`row` is the one line of the injection file; `clock` comes from `fine_clock`."""
        folder.mkdir(exist_ok=True)
        words = ["sipp", "-sf", str(SCENARIOS / scenario), "-i", "127.0.0.1", "-bind_local", "-nostdin"]
        words += ["-trace_err", "-error_file", "errors.log", "-trace_stat", "-stf", "stat.csv", "-fd", "1"]
        words += ["-trace_counts", "-buff_size", str(BUFFER_BYTES)]
        # Of its own choice these are 6000 and 8888 on, where an RTP range of the switch may be: then it ends.
        words += ["-mp", str(free_port()), "-cp", str(free_port()), *arguments]
        if row:
            (folder / "rows.csv").write_text(f"SEQUENTIAL\n{row}\n")
            words += ["-inf", "rows.csv"]
        with (folder / "screen.log").open("wb") as screen:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=folder,
                stdout=screen,
                stderr=screen,
                env=None if clock is None else {**os.environ, "LD_PRELOAD": str(clock)},
            )
        return cls(process, folder)

    async def finish(self) -> Outcome:
        """Wait until its calls are done."""
        await self.process.wait()
        return self.outcome()

    async def stop(self) -> Outcome:
        """End it: what it says of itself is complete only afterwards."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGUSR1)
            try:
                await asyncio.wait_for(self.process.wait(), LEAVE_S)
            except TimeoutError:
                self.process.terminate()
        return await self.finish()

    def outcome(self) -> Outcome:
        """As far as it has written it down."""
        totals = _last_row(self.folder / "stat.csv")
        counts = next(iter(self.folder.glob("*_counts.csv")), None)
        failures = {
            name.removesuffix("(C)"): int(count)
            for name, count in totals.items()
            if count.isdigit() and (name in _TOLD or (name.startswith("Failed") and name.endswith("(C)")))
        }
        failed = failures.pop("FailedCall", 0)
        return Outcome(
            self.process.returncode if self.process.returncode is not None else -1,
            int(totals.get("TotalCallCreated", 0)),
            int(totals.get("SuccessfulCall(C)", 0)),
            failed,
            {name: count for name, count in failures.items() if count},
            {} if counts is None else _places(_last_row(counts)),
            mistakes_in(self.folder / "errors.log"),
        )

    def last_words(self) -> str:
        """The end of its screen and its errors, where it did not even run."""
        paths = (self.folder / "errors.log", self.folder / "screen.log")
        return "\n".join(path.read_text(errors="replace")[-1_500:] for path in paths if path.exists())


def fine_clock(folder: Path) -> Path | None:
    """A library that gives sipp a clock to the microsecond; its own moves each 4 ms. None without gcc."""
    if shutil.which("gcc") is None:
        return None
    library = folder / "fine_clock.so"
    source = SCENARIOS / "fine_clock.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source)], check=True)
    return library


def _last_row(path: Path) -> dict[str, str]:
    """The totals; empty where nothing was written yet. A row that is being written is not taken."""
    last: dict[str, str] = {}
    if path.exists():
        with path.open(newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                if None not in row.values():
                    last = row
    return {name: value for name, value in last.items() if name and value}


def _places(row: dict[str, str]) -> dict[str, int]:
    wrong = {name: int(count) for name, count in row.items() if name.endswith(_WRONG) and count.isdigit()}
    return {name: count for name, count in wrong.items() if count}


def mistakes_in(path: Path) -> dict[str, Mistake]:
    """Errors by what they say, without numbers and Call-IDs, the most frequent first."""
    found: dict[str, Mistake] = {}
    if not path.exists():
        return found
    with path.open(errors="replace") as file:
        text = file.read(ERRORS_BYTES_MAX)
    for record in _RECORD.split(text)[1:]:
        first = record.partition("\n")[0].rstrip()
        said = first.partition(": ")[2] or first
        call_id = _CALL_ID.search(first)
        if call_id is not None:
            said = said.replace(call_id.group(1), "...")
        mistake = found.setdefault(_NUMBERS.sub("N", said) if call_id is None else said, Mistake())
        mistake.count += 1
        if len(mistake.samples) < SAMPLES_MAX:
            mistake.samples.append(record.rstrip())
            if call_id is not None:
                mistake.call_ids.append(call_id.group(1))
    return dict(sorted(found.items(), key=lambda item: -item[1].count))
