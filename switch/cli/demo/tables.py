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


def show(result: Result, console: Console) -> None:
    """Calls, why, the ten metrics, the audio, the verdicts."""
    show_table(
        console,
        "Calls of customers",
        ("call", "from", "to", "queue", "agent", "waited", "talked", "ended by", "cause"),
        [_call(row) for row in result.calls],
        "nobody called",
    )
    if result.why is not None:
        console.print(Text(f"\nsoftswitch why {result.why.call}", style="bold"))
        lines = result.why.text.splitlines()
        console.print(Text("\n".join(lines[:_WHY_LINES_MAX])), soft_wrap=True)
    console.print()
    show_table(
        console,
        f"The ten call-centre metrics of {TENANT}, all queues, in {span(int(result.seconds * 1000))}",
        ("metric", "value", "from", "definition"),
        [(figure.name, figure.text, _made_of(figure), _said(figure)) for figure in result.metrics],
        "",
    )
    console.print()
    show_table(
        console,
        f"Audio: correlation of what was said with what was heard "
        f"(at least {PEAK_MIN}; with another voice at most {OTHER_PEAK_MAX})",
        ("direction", "talks", "lowest", "median", "highest of another voice"),
        [
            (row.what, str(row.talks), f"{row.lowest:.4f}", f"{row.middle:.4f}", f"{row.other_highest:.4f}")
            for row in result.audio
        ],
        "nobody talked long enough to compare",
    )
    console.print()
    for verdict in result.verdicts:
        mark = Text("ok      ", style="green") if verdict.ok else Text("NOT OK  ", style="bold red")
        console.print(mark + Text(f"{verdict.what}: {verdict.seen}"), soft_wrap=True)


def _call(row: CallRecord) -> tuple[str, ...]:
    return (
        row.call,
        row.caller,
        row.called,
        row.queue,
        row.agent,
        span(row.waited_ms) if row.queue else "",
        span(row.talked_ms),
        row.by,
        row.cause,
    )


def _made_of(figure: Figure) -> str:
    """The sums behind a figure, so that it can be checked by hand."""
    if figure.value is None:
        return ""
    if figure.unit == "s":
        return f"{figure.numerator / 1e6:.1f} s / {figure.denominator}"
    if figure.name == "occupancy":
        return f"{figure.numerator / 1e6:.0f} s / {figure.denominator / 1e6:.0f} s"
    return f"{figure.numerator} / {figure.denominator}"


def _said(figure: Figure) -> str:
    return f"{figure.definition} ({figure.note})" if figure.note else figure.definition
