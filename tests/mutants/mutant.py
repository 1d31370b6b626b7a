"""A line, its break, and who must notice."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

LISTS = "tests.mutants.lists"


@dataclass(frozen=True, slots=True)
class Mutant:
    """In `file`, the line that reads `line` (without indentation, once in the file) becomes `broken`.

    `test` is a pytest node id that then fails; it passes on the whole tree. An empty `broken` removes
    the line, which Python sees as `pass`.
    """

    file: str
    line: str
    broken: str
    test: str

    def apply(self, text: str) -> str:
        """The text with the break in it. Raises ValueError where the line is not there exactly once."""
        lines = text.split("\n")
        places = [number for number, line in enumerate(lines) if line.strip() == self.line]
        if len(places) != 1:
            raise ValueError(f"{self.file} has {len(places)} lines that read: {self.line}")
        old = lines[places[0]]
        indentation = old[: len(old) - len(old.lstrip())]
        empty = "pass" if self.file.endswith(".py") else ";"
        lines[places[0]] = indentation + (self.broken or empty)
        return "\n".join(lines)


def mutants_of(rooms: list[str]) -> list[Mutant]:
    """The lists of the rooms, or all of them where none is named."""
    folder = str(Path(__file__).with_name("lists"))
    known = sorted(module.name for module in iter_modules([folder]))
    unknown = set(rooms) - set(known)
    if unknown:
        raise SystemExit(f"no list for {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    found: list[Mutant] = []
    for room in rooms or known:
        found.extend(import_module(f"{LISTS}.{room}").MUTANTS)
    return found
