"""Roots of our exceptions. The three have different readers.

A `PeerError` is what somebody on the wire did wrong: it becomes a SIP response or a counted drop.
A `ConfigurationError` is what an administrator wrote: it names the place and what was expected.
A `ResourceError` is what the machine refused: a port, a disk, a limit; one clear line and an exit.
Our own mistakes are `AssertionError`s and are never caught to be hidden.
"""

from dataclasses import dataclass


class SoftswitchError(Exception):
    """Any failure that this project raises on purpose."""


class PeerError(SoftswitchError):
    """The peer's mistake."""


class ResourceError(SoftswitchError):
    """The machine's refusal: a taken port, a full disk, an exhausted pool."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file. `line` and `column` start at 1; 0 where there is no position."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConfigurationError(SoftswitchError):
    """One or more mistakes of an administrator, each with its place."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
