"""Collects what is wrong, with place, expectation and the nearest known word."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from switch.base.errors import Problem

WORDS_SHOWN = 12
"""Known words listed in one message; more would hide the message."""

CLOSE = 0.6
"""How alike a word must be to be suggested, of 1."""

PROBLEMS_MAX = 200
"""Problems kept: whoever has more has one cause."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file; `line` and `column` start at 1."""

    file: str = ""
    line: int = 0
    column: int = 0


NOWHERE = Place()
"""The place of what is built in."""


@dataclass(slots=True)
class Problems:
    """Errors in `problems`, and `warnings` that stop nothing."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def add(self, place: Place, message: str) -> None:
        """An error: the dialplan is not accepted."""
        problem = Problem(place.file, place.line, place.column, message)
        if len(self.problems) < PROBLEMS_MAX and problem not in self.problems:
            self.problems.append(problem)

    def warn(self, place: Place, message: str) -> None:
        """Something that works but is hardly meant."""
        problem = Problem(place.file, place.line, place.column, message)
        if len(self.warnings) < PROBLEMS_MAX and problem not in self.warnings:
            self.warnings.append(problem)

    def unknown(self, place: Place, kind: str, word: str, known: Iterable[str]) -> None:
        """A word that names nothing: with the nearest one that does."""
        self.add(place, f"unknown {kind} '{word}'{suggestion(word, known)}")


def suggestion(word: str, known: Iterable[str]) -> str:
    """What to write after a wrong word: the nearest known one and the list of all."""
    words = sorted(set(known))
    if not words:
        return "; none is defined"
    shown = ", ".join(words[:WORDS_SHOWN]) + (", ..." if len(words) > WORDS_SHOWN else "")
    near = get_close_matches(word, words, n=1, cutoff=CLOSE) or get_close_matches(
        word.lower().replace("-", "_"), words, n=1, cutoff=CLOSE
    )
    if not near:
        return f"; expected one of: {shown}"
    return f"; did you mean '{near[0]}'?" + (f" (known: {shown})" if len(words) <= WORDS_SHOWN else "")
