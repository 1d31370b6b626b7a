"""How good an agent's line is, as talks show it: one rule for two who ask (docs/decisions/0031), the exchange
with what the engine measures, and a simulated day with what was stated.

It falls at once and recovers late, so that nobody is thrown in and out.
"""

from dataclasses import dataclass

from switch.acd.events import LineGrade
from switch.base.clock import MINUTE

JUDGED_S = 10
"""Shorter talks say nothing."""

STRETCH_S = 20
"""The stretch of a talk that is judged by itself: of a shorter one, the part of a report that belongs to the
stretch before would count too much."""

LOSS_FAILING, LOSS_UNUSABLE = 50, 150
"""Packets lost of a thousand, the worse of both ways: 5% is heard, 15% is not understood."""

ROUND_TRIP_FAILING_US = 500_000
JITTER_FAILING_US = 60_000
"""ITU-T G.114 calls 400 ms one way the limit of what is acceptable; phones' buffers hold some 60 ms."""

GOOD_TALKS = 2
FORGET_US = 30 * MINUTE
"""Half an hour without a talk: what was measured then says little of now."""

RETRY_US = 10 * MINUTE
"""An unusable line that nobody mends is tried again, as a failing one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Of a talk or a stretch of one, the worse way: packets lost of a thousand, jitter, round trip."""

    loss: int
    jitter_us: int = 0
    round_trip_us: int = 0

    def bad(self, part: int = 1) -> str:
        """What is bad about it, in words; empty where all is within a `part` of what is allowed."""
        if self.loss * part > LOSS_FAILING:
            return f"{self.loss / 10:.0f}% of the sound was lost"
        if self.jitter_us * part > JITTER_FAILING_US:
            return f"packets came up to {self.jitter_us // 1000} ms apart from their time"
        if self.round_trip_us * part > ROUND_TRIP_FAILING_US:
            return f"sound takes {self.round_trip_us // 1000} ms there and back"
        return ""


@dataclass(slots=True)
class LineState:
    """An agent's line. `bad` and `good` count talks in a row."""

    grade: LineGrade = LineGrade.GOOD
    reason: str = ""
    bad: int = 0
    good: int = 0

    def judged(self, heard: Heard, *, troubled: bool = False) -> tuple[LineGrade, str]:
        """A talk is over: the grade from now on, and why. `troubled`: a stretch of it was bad."""
        reason = heard.bad()
        if reason:
            self.bad, self.good = self.bad + 1, 0
            unusable = self.bad > 1 and heard.loss > LOSS_UNUSABLE
            return max(LineGrade.UNUSABLE if unusable else LineGrade.FAILING, self.grade), reason
        self.bad = 0
        if troubled:
            # On the whole it was good, and yet it was not.
            self.good = 0
            return self.grade, self.reason
        # Half of what is bad is good enough; in between nothing is said either way.
        self.good = self.good + 1 if not heard.bad(2) else 0
        return (LineGrade.GOOD, "") if self.good >= GOOD_TALKS else (self.grade, self.reason)

    def lapsed(self) -> tuple[LineGrade, str]:
        """The grade has stood for its time without anything that confirmed it."""
        self.bad = 0
        better = LineGrade.FAILING if self.grade is LineGrade.UNUSABLE else LineGrade.GOOD
        return better, self.reason if better else ""

    def become(self, grade: LineGrade, reason: str) -> bool:
        """Whether that is another grade than before."""
        changed = grade is not self.grade
        self.grade, self.reason = grade, reason
        if changed:
            self.good = 0
        return changed


def stands_us(grade: LineGrade) -> int:
    """How long a grade stands without anything that confirms it; 0: for ever."""
    if grade is LineGrade.GOOD:
        return 0
    return RETRY_US if grade is LineGrade.UNUSABLE else FORGET_US
