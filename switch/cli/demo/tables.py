"""The demo's result as a person reads it."""

from rich.console import Console
from rich.text import Text

from switch.api.views import CallRecord
from switch.cli.demo.hearing import OTHER_PEAK_MAX, PEAK_MIN
from switch.cli.demo.plan import TENANT
from switch.cli.demo.result import Result
from switch.cli.output import show_table, span
from switch.metrics.report import Figure

_WHY_LINES_MAX = 60
_WIDE = 140
"""Columns from which on the definitions have room beside the figures."""


def show(result: Result, console: Console) -> None:
    """Calls, why, the ten metrics, the audio, the verdicts."""
    show_table(
        console,
        "Calls of customers",
        ("call", "from", "queue", "agent", "waited", "talked", "ended by"),
        [_call(row) for row in result.calls],
        "nobody called",
    )
    if result.why is not None:
        console.print(Text(f"\nsoftswitch why {result.why.call}", style="bold"))
        lines = result.why.text.splitlines()
        console.print(Text("\n".join(lines[:_WHY_LINES_MAX])))
    console.print()
    columns, rows = ["metric", "value", "from"], [_figure(figure) for figure in result.metrics]
    if console.width >= _WIDE:
        columns.append("definition")
        rows = [(*row, figure.definition) for row, figure in zip(rows, result.metrics, strict=True)]
    seconds = span(int(result.seconds * 1000))
    title = f"The ten call-centre metrics of {TENANT}: all queues, {seconds}, by end of wait"
    show_table(console, title, columns, rows, "")
    console.print()
    show_table(
        console,
        "Audio: correlation of what was said with what was heard",
        ("direction", "talks", "lowest", "median", "another's voice"),
        [
            (row.what, str(row.talks), f"{row.lowest:.4f}", f"{row.middle:.4f}", f"{row.other_highest:.4f}")
            for row in result.audio
        ],
        "nobody talked long enough to compare",
    )
    console.print(f"Each talk must reach {PEAK_MIN}; with another's voice none may exceed {OTHER_PEAK_MAX}.")
    console.print()
    for verdict in result.verdicts:
        mark = Text("ok      ", style="green") if verdict.ok else Text("NOT OK  ", style="bold red")
        console.print(mark + Text(f"{verdict.what}: {verdict.seen}"))


def _call(row: CallRecord) -> tuple[str, ...]:
    waited = span(row.waited_ms) if row.queue else ""
    return (row.call, row.caller, row.queue, row.agent, waited, span(row.talked_ms), row.by)


def _figure(figure: Figure) -> tuple[str, ...]:
    return (figure.name, figure.text, _made_of(figure))


def _made_of(figure: Figure) -> str:
    """The sums behind a figure, so that it can be checked by hand; or why there is none."""
    if figure.value is None:
        return figure.note
    if figure.unit == "s":
        return f"{figure.numerator / 1e6:.1f} s / {figure.denominator}"
    if figure.name == "occupancy":
        return f"{figure.numerator / 1e6:.0f} s / {figure.denominator / 1e6:.0f} s"
    return f"{figure.numerator} / {figure.denominator}" + (f"; {figure.note}" if figure.note else "")
