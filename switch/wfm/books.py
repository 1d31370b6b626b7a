"""The books of a simulated day: waiting at the start + entered = exits by kind + waiting at the end.

What entered and left is counted from the callers' visits, what waits from the router: two who do not know of
each other. An offered contact counts as waiting.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from switch.wfm.scenario import Scenario

if TYPE_CHECKING:
    from switch.wfm.day import DayResult, Visit


@dataclass(slots=True)
class Book:
    """Of one queue and interval. `exits` by kind: answered, abandoned, or the gate."""

    start: int = 0
    entered: int = 0
    exits: dict[str, int] = field(default_factory=dict)
    end: int = 0

    @property
    def balances(self) -> bool:
        return self.start + self.entered == sum(self.exits.values()) + self.end

    @staticmethod
    def sum_of(books: Iterable["Book"]) -> "Book":
        whole = Book()
        for book in books:
            whole.start += book.start
            whole.entered += book.entered
            whole.exits = dict(Counter(whole.exits) + Counter(book.exits))
            whole.end += book.end
        return whole


def books_of(scenario: Scenario, day: "DayResult") -> dict[str, list[Book]]:
    """By queue: one of each interval, and one from the end of the day until nobody can do anything more."""
    count = len(day.borders)
    books = {queue.name: [Book() for _ in range(count)] for queue in scenario.queues}
    for queue, parts in books.items():
        before = 0
        for book, border in zip(parts, day.borders, strict=True):
            book.start, book.end = before, border.get(queue, 0)
            before = book.end
    for visit in day.visits:
        if visit.promise is not None and visit.outcome == "refused":
            continue  # a callback that is asked again: it did not come in
        parts = books[visit.queue]
        parts[_place(scenario, visit.at_s, count)].entered += 1
        if visit.left_s != inf:
            exits, kind = parts[_place(scenario, visit.left_s, count)].exits, _kind(visit)
            exits[kind] = exits.get(kind, 0) + 1
    return books


def _place(scenario: Scenario, at_s: float, count: int) -> int:
    """An interval ends before what happens at that moment."""
    return count - 1 if at_s >= scenario.day_s else int(at_s // scenario.interval_s)


def _kind(visit: "Visit") -> str:
    return visit.gate or ("answered" if visit.outcome in ("answered", "ended") else visit.outcome)
