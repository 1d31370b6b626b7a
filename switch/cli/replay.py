"""`softswitch replay`: a recorded day again, by the same configuration or another."""

import sys
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from switch.cli.failures import EXIT_FAILURE
from switch.cli.other_day import estimates, show_estimates
from switch.cli.output import moment, print_json, print_table, stream_console
from switch.cli.parameters import STATE_DEFAULT, Json, State

if TYPE_CHECKING:
    from switch.node.repetition import Repeated
    from switch.store.store import Store

_US = 1_000_000
_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")

Journal = Annotated[
    str,
    typer.Argument(
        metavar="[JOURNAL]",
        help="Store to read: a file, a copy of one, its folder, or postgresql://...; none: that of the state "
        "folder.",
    ),
]
Tenant = Annotated[str, typer.Option(help="Only this tenant.", metavar="NAME")]
From = Annotated[
    datetime | None, typer.Option("--from", formats=list(_FORMATS), help="Not before (local time).")
]
To = Annotated[datetime | None, typer.Option("--to", formats=list(_FORMATS), help="Not after (local time).")]

Config = Annotated[
    Path | None,
    typer.Option(
        metavar="DIALPLANS",
        exists=True,
        help="Folder of dialplans, or one file: run the day by this configuration, as an estimate.",
    ),
]
Draws = Annotated[int, typer.Option(min=1, max=1_000, help="With --config: draws of what was not seen.")]
Seed = Annotated[int, typer.Option(min=0, help="With --config: of the draws.", metavar="N")]


def replay(
    journal: Journal = "",
    state: State = STATE_DEFAULT,
    tenant: Tenant = "",
    since: From = None,
    until: To = None,
    config: Config = None,
    draws: Draws = 10,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Run a recorded day again and compare every decision with the journal; exit 1 on a difference.

    With --config: what another configuration would have decided, and what the day would have been, estimated.
    """
    # Here and not above: the other commands need no database.
    from switch.store.store import Store  # noqa: PLC0415 - the reason is the line before

    store = Store.open_to_read(store_of(journal, state))
    try:
        if config is not None:
            others = estimates(store, config, tenant, wall_us(since, 0), wall_us(until, 1 << 62), draws, seed)
            show_estimates(others, draws, as_json)
            return
        repeated, seconds = _repeat(store, tenant, wall_us(since, 0), wall_us(until, 1 << 62))
    finally:
        store.close()
    if as_json:
        print_json(repeated)
    else:
        _show(repeated, seconds)
    if not all(run.equal for run in repeated):
        raise SystemExit(EXIT_FAILURE)


def store_of(journal: str, state: Path) -> str | Path:
    """The store that is named, or the one of a state folder."""
    from switch.store.target import FILE_NAME  # noqa: PLC0415 - as above

    return journal or state / FILE_NAME


def wall_us(when: datetime | None, otherwise: int) -> int:
    """A local time as microseconds since 1970."""
    return otherwise if when is None else int(when.timestamp() * _US)


def _repeat(store: "Store", tenant: str, since: int, until: int) -> "tuple[list[Repeated], float]":
    from switch.node.repetition import chosen, repeat_run  # noqa: PLC0415 - as above

    runs = chosen(store, tenant, since, until)
    began = time.monotonic()
    repeated = []
    with Progress(console=stream_console(sys.stderr), transient=True, disable=not sys.stderr.isatty()) as bar:
        for run in runs:
            task = bar.add_task(f"tenant {run.tenant}", total=max(1, run.last - run.first))
            repeated.append(repeat_run(store, run, since, until, partial(_done, bar, task)))
    return repeated, time.monotonic() - began


def _done(bar: Progress, task: TaskID, events: int) -> None:
    bar.update(task, completed=events)


def _show(repeated: "list[Repeated]", seconds: float) -> None:
    rows = [
        (
            run.tenant,
            moment(run.from_wall_us),
            moment(run.until_wall_us),
            str(run.events),
            str(run.decisions),
            str(run.proofs),
            "equal" if run.equal else "DIFFERENT",
        )
        for run in repeated
    ]
    columns = ("tenant", "from", "to", "events", "decisions", "digests proved", "")
    print_table(f"Repeated in {seconds:.1f} s", columns, rows, "nothing was recorded")
    for run in repeated:
        for first, last in run.gaps:
            print(f"tenant {run.tenant}: events {first} to {last} were never stored; it went on behind them")
        if run.difference is not None:
            when = moment(run.difference.wall_us)
            print(f"tenant {run.tenant}: the first difference is at event {run.difference.event}, {when}")
            print(f"    recorded: {run.difference.recorded or 'nothing'}")
            print(f"    now:      {run.difference.now or 'nothing'}")
        if run.unproved:
            print(f"tenant {run.tenant}: behind event {run.unproved} the router's state is another")
    if all(run.equal for run in repeated):
        print(f"Every decision is equal: {sum(run.decisions for run in repeated)} of them.")
