"""Tables for people, JSON for programs: the same values, decided by `--json` alone."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import IO, Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from switch.api.views import Outcome, Result
from switch.cli.failures import EXIT_FAILURE

WIDE = 1_000
"""Columns where no terminal says how many there are: a pipe or a file gets whole names, not folded ones."""

_MINUTE_S = 60
_HOUR_S = 3600


def print_json(value: object) -> None:
    """One JSON document on standard output: objects for views, arrays for lists of them."""
    sys.stdout.write(json.dumps(_plain(value), ensure_ascii=False) + "\n")


def _plain(value: object) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def stream_console(stream: IO[str]) -> Console:
    """A console as wide as its terminal; as wide as the text where it is none."""
    return Console(file=stream, highlight=False, width=None if stream.isatty() else WIDE)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    empty: str,
    spare: Sequence[str] = (),
) -> None:
    """A table on standard output, or the sentence `empty` where there are no rows."""
    show_table(stream_console(sys.stdout), title, columns, list(rows), empty, spare)


def show_table(
    console: Console,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    empty: str,
    spare: Sequence[str] = (),
) -> None:
    """The same on a console of choice. Cells are text and never markup: names come from configuration.

    Words cut into pieces are unreadable, so a terminal that is too narrow does without columns of
    `spare`, in that order, and is told which.
    """
    if not rows:
        console.print(Text(empty))
        return
    left_out: list[str] = []
    table = _table(title, columns, rows, left_out)
    for column in spare:
        if _width(console, table) <= console.width:
            break
        left_out.append(column)
        table = _table(title, columns, rows, left_out)
    console.print(table)
    if left_out:
        console.print(Text(f"no room for: {', '.join(left_out)} (a wider window, a pipe or --json has them)"))


def _width(console: Console, table: Table) -> int:
    """Columns that the table takes unfolded; a plain measure would never pass the terminal's width."""
    return Measurement.get(console, console.options.update(max_width=WIDE), table).maximum


def _table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], without: Sequence[str]
) -> Table:
    shown = [index for index, column in enumerate(columns) if column not in without]
    table = Table(title=title, title_justify="left")
    for index in shown:
        table.add_column(columns[index], overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[index]) for index in shown))
    return table


def finish(outcome: Outcome, as_json: bool) -> None:
    """Print how a command went, and exit with 1 where it was not done."""
    if as_json:
        print_json(outcome)
    else:
        print(outcome.message, file=sys.stdout if outcome.result is Result.DONE else sys.stderr)
    if outcome.result is not Result.DONE:
        raise SystemExit(EXIT_FAILURE)


def span(milliseconds: int) -> str:
    """A duration as a person says it: `42s`, `3m07s`, `1h02m`."""
    seconds = milliseconds // 1000
    if seconds < _MINUTE_S:
        return f"{seconds}s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S}m{seconds % _MINUTE_S:02}s"
    return f"{seconds // _HOUR_S}h{seconds % _HOUR_S // _MINUTE_S:02}m"


def moment(wall_us: int) -> str:
    """A wall time in the local zone of whoever reads."""
    utc = datetime.fromtimestamp(wall_us / 1_000_000, tz=UTC)
    return utc.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def share(value: float | None) -> str:
    """A ratio in percent, or a dash where nothing was measured."""
    return "-" if value is None else f"{value:.0%}"


def mos(value: float | None) -> str:
    """A score of audio, or a dash where nothing was measured."""
    return "-" if value is None else f"{value:.2f}"


def part(count: int, whole: int) -> str:
    """So many of a whole in percent, to the tenth; a dash of nothing."""
    return f"{count / whole:.1%}" if whole else "-"


def skills(levels: tuple[tuple[str, int], ...]) -> str:
    """`french 80, sales 50`."""
    return ", ".join(f"{skill} {level}" for skill, level in levels)
