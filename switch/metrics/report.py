"""The ten call-centre metrics of an interval, from its journal entries: those measured, and which are not.

Definitions are the common ones, with their scope stated in each figure; docs/metrics.md has them all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from switch.journal.entry import Entry
from switch.metrics import words
from switch.metrics.tally import Counts, Scope, Tally

REPEAT_WINDOW_US = 7 * 24 * 3600 * 1_000_000
"""A customer who enters the same queue again within this was not helped the first time."""

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric. `unit` is "ratio" (0 to 1) or "s"; `value` None means not measured, `note` says why.

    Numerator and denominator are what it was made of: counts, or microseconds.
    """

    name: str
    unit: str
    value: float | None
    numerator: int
    denominator: int
    definition: str
    note: str = ""

    @property
    def text(self) -> str:
        """For a table: "87.5 %", "12.3 s", "not measured"."""
        if self.value is None:
            return "not measured"
        return f"{self.value * 100:.1f} %" if self.unit == "ratio" else f"{self.value:.1f} s"


@dataclass(frozen=True, slots=True)
class Report:
    """Always the same ten figures in the same order, and the sums that they are made of."""

    scope: Scope
    counts: Counts
    figures: tuple[Figure, ...]


def measure(
    entries: Iterable[Entry],
    *,
    from_wall_us: int,
    until_wall_us: int,
    thresholds_us: Mapping[tuple[str, str], int] | None = None,
    tenant: str = "",
    queue: str = "",
    repeat_window_us: int = REPEAT_WINDOW_US,
) -> Report:
    """The figures of [from, until) by wall time, of one tenant or queue or of all.

    Entries come in the journal's order. Those before `from` tell in which states agents began and who
    called; those after `until` who called again: hand in what there is. `thresholds_us` are the
    queues' T by (tenant, queue).
    """
    known = thresholds_us or {}
    scope = Scope(from_wall_us, until_wall_us, tenant, queue)
    tally = Tally(scope, lambda tenant, queue: known.get((tenant, queue), words.SERVICE_LEVEL_US))
    for entry in entries:
        tally.take(entry)
    tally.finish()
    counts = tally.counts
    figures = (
        *_waiting(counts),
        *_handling(counts, scope),
        _first_contact(tally, repeat_window_us),
        _ratio("transfer rate", counts.transferred, counts.handled, "transferred / handled"),
        _unmeasured("satisfaction", "ratio", "top answers / answers", "no survey was asked"),
        _unmeasured("cost a contact", "currency", "cost / handled", "no costs are known"),
    )
    return Report(scope, counts, figures)


def _waiting(counts: Counts) -> tuple[Figure, ...]:
    answered, abandoned = counts.answered, counts.abandoned
    offered = answered + abandoned + counts.withdrawn + counts.put_out
    short = counts.abandoned_short
    without_short = (
        f"{(abandoned - short) / (offered - short) * 100:.1f} % without those within 5 s"
        if offered > short
        else ""
    )
    return (
        _ratio(
            "service level",
            counts.answered_in_time + counts.abandoned_in_time,
            answered + abandoned,
            "(answered within T + abandoned within T) / (answered + abandoned)",
        ),
        _ratio("abandonment", abandoned, offered, "abandoned / contacts whose wait ended", without_short),
        _duration("speed of answer", counts.answered_wait_us, answered, "waits of the answered / answered"),
    )


def _handling(counts: Counts, scope: Scope) -> tuple[Figure, ...]:
    occupancy = "(talk + hold + wrap-up) / (the same + ready)"
    return (
        _duration(
            "handling time",
            counts.talk_us + counts.wrap_up_us,
            counts.handled,
            "(talk + hold + wrap-up) / handled",
        ),
        _duration("wrap-up", counts.wrap_up_us, counts.handled, "wrap-up / handled"),
        _unmeasured("occupancy", "ratio", occupancy, "an agent's ready time belongs to no single queue")
        if scope.queue
        else _ratio("occupancy", counts.occupied_us, counts.occupied_us + counts.ready_us, occupancy),
    )


def _first_contact(tally: Tally, window_us: int) -> Figure:
    resolved = sum(
        not any(
            call != handled.call and handled.ended_wall_us < wall_us <= handled.ended_wall_us + window_us
            for wall_us, call in tally.queued_at.get((handled.tenant, handled.queue, handled.caller), ())
        )
        for handled in tally.handled_calls.values()
    )
    return _ratio(
        "first-contact resolution",
        resolved,
        len(tally.handled_calls),
        "handled calls whose caller did not enter the same queue again within the window / handled calls",
        f"window {window_us / 3600 / _US:g} h; callers without a number are left out",
    )


def _ratio(name: str, part: int, whole: int, definition: str, note: str = "") -> Figure:
    if not whole:
        return Figure(name, "ratio", None, part, whole, definition, "nothing to measure in the interval")
    return Figure(name, "ratio", part / whole, part, whole, definition, note)


def _duration(name: str, sum_us: int, number: int, definition: str) -> Figure:
    if not number:
        return Figure(name, "s", None, sum_us, number, definition, "nothing to measure in the interval")
    return Figure(name, "s", sum_us / _US / number, sum_us, number, definition)


def _unmeasured(name: str, unit: str, definition: str, why: str) -> Figure:
    return Figure(name, unit, None, 0, 0, definition, why)
