"""`softswitch simulate`: how a day would go, told by the real router on a virtual clock."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from switch.cli.failures import EXIT_FAILURE, CommandError
from switch.cli.output import print_json, print_table, share, span, stream_console
from switch.cli.parameters import Json
from switch.wfm.results import Figure, QueueFigures, Sheet, Summary, sheet_of, summarize
from switch.wfm.scenario import Scenario, clock

if TYPE_CHECKING:
    from switch.node.day_files import DayFile

DayPath = Annotated[
    Path, typer.Argument(metavar="DAY", exists=True, dir_okay=False, help="YAML of the day to simulate.")
]
Replications = Annotated[
    int, typer.Option(min=0, max=10_000, help="Days to simulate; 0: as the file says.", metavar="N")
]
Seed = Annotated[int, typer.Option(min=-1, help="Of the callers; -1: as the file says.", metavar="N")]
Plots = Annotated[
    Path | None, typer.Option(help="Also draw the intervals into this folder (PNG).", metavar="DIR")
]


def simulate(
    day: DayPath,
    replications: Replications = 0,
    seed: Seed = -1,
    intervals: Annotated[bool, typer.Option("--intervals", help="Also a table by interval.")] = False,
    plots: Plots = None,
    as_json: Json = False,
) -> None:
    """Simulate a day: service level, waits, abandonment and occupancy, with 95 % confidence."""
    # Here and not above: the commands for a switch that runs need no dialplan, and are typed in a hurry.
    from switch.node.day_files import read_day  # noqa: PLC0415 - the reason is the line before

    file = asked(read_day(day), replications, seed)
    with Progress(console=stream_console(sys.stderr), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("simulating", total=file.replications)
        sheets = days(file, file.scenario, lambda: bar.advance(task))
    summary = summarize(file.scenario, sheets)
    if plots is not None:
        draw(file.scenario, summary, plots)
    if as_json:
        print_json(summary)
    else:
        show(file.scenario, summary, intervals)
    if summary.unbalanced:
        raise SystemExit(EXIT_FAILURE)


def asked(file: "DayFile", replications: int, seed: int) -> "DayFile":
    """The file with what the command line states instead."""
    return replace(file, replications=replications or file.replications, seed=file.seed if seed < 0 else seed)


def days(file: "DayFile", scenario: Scenario, told: Callable[[], None]) -> list[Sheet]:
    """All replications of a scenario; `told` is called after each."""
    from switch.acd.select import make_router  # noqa: PLC0415 - not above, as in `simulate`
    from switch.wfm.day import simulate_day  # noqa: PLC0415 - the same

    sheets: list[Sheet] = []
    for number in range(file.replications):
        sheets.append(sheet_of(scenario, simulate_day(scenario, make_router(file.seed), file.seed, number)))
        told()
    return sheets


def draw(scenario: Scenario, summary: Summary, folder: Path) -> None:
    """The plots; matplotlib is asked for only here, because most never draw."""
    try:
        from switch.cli.plots import draw_day  # noqa: PLC0415 - a large library that most never need
    except ModuleNotFoundError as error:
        raise CommandError("plots need matplotlib: pip install 'softswitch[plots]'") from error
    for file in draw_day(scenario, summary, folder):
        print(f"drawn: {file}", file=sys.stderr)


def show(scenario: Scenario, summary: Summary, intervals: bool) -> None:
    """The tables."""
    days_ = "day" if summary.replications == 1 else "days"
    rows = [(queue.queue, *of_queue(queue)) for queue in summary.queues]
    title = f"Queues, mean of {summary.replications} simulated {days_} (± 95 % confidence)"
    columns = ("queue", "calls", "answered", "abandoned", "too long", "refused", "service level")
    print_table(title, (*columns, "abandonment", "speed of answer", "wait p90"), rows, "no queues")
    if summary.exits:
        ways = [(way.queue, way.gate, way.to or "the end", of_figure(way.calls)) for way in summary.exits]
        print_table("Not served, by gate", ("queue", "gate", "goes to", "calls a day"), ways, "")
    if summary.callbacks:
        ends = [(part.queue, part.outcome, of_figure(part.calls)) for part in summary.callbacks]
        print_table("Callbacks", ("queue", "how they ended", "a day"), ends, "")
    people = [
        (group.group, f"{group.agents:.1f}", share(group.occupancy) if group.agents else "-")
        for group in summary.groups
    ]
    print_table("Agents", ("group", "on average", "occupancy"), people, "no agents")
    if any(summary.lines_fell):
        failing, unusable = summary.lines_fell
        print(f"lines fell a day: {failing:.1f} times to failing, {unusable:.1f} times to unusable")
    if intervals:
        _show_intervals(scenario, summary)
        _show_books(scenario, summary)
    count = sum(map(len, summary.books.values())) * summary.replications
    lost = ", ".join(f"{queue} {_from(scenario, place)}" for queue, place in summary.unbalanced)
    balance = f"do not balance: {lost}" if lost else "balance"
    print(f"books (waiting + entered = exits + waiting) {balance}: {count} of queues and intervals looked at")


def _show_intervals(scenario: Scenario, summary: Summary) -> None:
    rows: list[Sequence[str]] = []
    for place in range(scenario.intervals):
        agents = sum(group.agents_by_interval[place] for group in summary.groups)
        for queue in summary.queues:
            counts = queue.by_interval[place]
            rows.append(
                (
                    clock(scenario, place),
                    queue.queue,
                    f"{counts.entered / summary.replications:.1f}",
                    share(counts.service_level) if counts.entered else "-",
                    share(counts.abandonment) if counts.entered else "-",
                    f"{counts.speed_of_answer_s:.0f} s",
                    f"{agents:.1f}",
                )
            )
    columns = ("from", "queue", "calls", "service level", "abandonment", "speed of answer", "agents in all")
    print_table("Intervals", columns, rows, "no intervals")


def _show_books(scenario: Scenario, summary: Summary) -> None:
    """Mean of the days. An interval's exits are those in it, whenever the caller came."""
    days_ = summary.replications
    kinds = sorted({kind for books in summary.books.values() for book in books for kind in book.exits})
    rows = [
        (
            _from(scenario, place),
            queue,
            f"{book.start / days_:.1f}",
            f"{book.entered / days_:.1f}",
            *(f"{book.exits.get(kind, 0) / days_:.1f}" for kind in kinds),
            f"{book.end / days_:.1f}",
        )
        for queue, books in summary.books.items()
        for place, book in enumerate(books)
    ]
    print_table("Books", ("from", "queue", "waiting", "entered", *kinds, "waiting then"), rows, "no books")


def _from(scenario: Scenario, place: int) -> str:
    return clock(scenario, place) if place < scenario.intervals else "after the day"


def of_queue(queue: QueueFigures) -> tuple[str, ...]:
    """A queue's figures, in the order of the tables' columns."""
    return (
        of_figure(queue.entered),
        of_figure(queue.answered),
        of_figure(queue.abandoned),
        of_figure(queue.too_long),
        of_figure(queue.refused),
        of_share(queue.service_level),
        of_share(queue.abandonment),
        of_figure(queue.speed_of_answer_s, " s"),
        span(round(queue.wait_p90_s * 1000)),
    )


def of_figure(figure: Figure, unit: str = "") -> str:
    """`46.4 ± 3.8`, and without an error after a single day."""
    error = "" if figure.half == float("inf") else f" ± {figure.half:.1f}"
    return f"{figure.mean:.1f}{error}{unit}"


def of_share(figure: Figure) -> str:
    error = "" if figure.half == float("inf") else f" ± {figure.half * 100:.1f}"
    return f"{figure.mean * 100:.1f}{error} %"
