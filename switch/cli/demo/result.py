"""What a demo came to, as values: the same for the tables at the end and for `--json`."""

from dataclasses import dataclass

from switch.api.views import CallRecord, WhyAnswer
from switch.cli.demo.hearing import Direction, TalkCheck
from switch.metrics.report import Figure


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that must be so, whether it was, and what was seen."""

    what: str
    ok: bool
    seen: str


@dataclass(frozen=True, slots=True)
class CustomerStory:
    number: str
    manner: str
    language: str
    line: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Result:
    """`seconds` is from the opening to the last wrap-up. `why` explains one of the calls."""

    ok: bool
    seed: int
    seconds: float
    customers: tuple[CustomerStory, ...]
    calls: tuple[CallRecord, ...]
    why: WhyAnswer | None
    talks: tuple[TalkCheck, ...]
    audio: tuple[Direction, ...]
    metrics: tuple[Figure, ...]
    verdicts: tuple[Verdict, ...]
