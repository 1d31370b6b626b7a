"""YAML text to plain values, with the place of every key and value.

Scalars stay the text that the administrator wrote: `+15145550100`, `08:00` and the language `no` mean
themselves, quoted or not, and the schema decides what each becomes. We compose the parser's events
ourselves because that finds every duplicate key rather than the first, and bounds depth and size
(aliases of aliases are how a ten-line file grows to gigabytes).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from switch.base.errors import Problem
from switch.dialplan.problems import Place, Problems

TEXT_MAX = 1 << 20
"""Characters of one file; a tenant with a thousand agents needs a tenth of that."""

DEPTH_MAX = 40
"""Nesting of a file. A menu in a menu costs four levels, so ten menus deep are possible."""

VALUES_MAX = 200_000
"""Values of one file after aliases are followed."""

ALIASES_MAX = 1000
"""Aliases of one file: each copies the places of what it repeats."""

Path: TypeAlias = tuple[str | int, ...]


@dataclass(slots=True)
class Source:
    """One file: `data` is None, text, lists and dicts with text keys; places by path into `data`."""

    file: str
    data: Any = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        """Where the value at `path` stands, or the nearest thing around it that exists."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Place(self.file, 1, 1))

    def key_place(self, path: Path) -> Place:
        """Where the key that names `path` stands; the value's own place in a list."""
        return self.keys.get(path) or self.place(path)


class _Composer:
    """Turns the events of one document into data; recursion is bounded by DEPTH_MAX."""

    def __init__(self, source: Source, events: Iterator[Event], problems: Problems) -> None:
        self.source = source
        self.events = events
        self.problems = problems
        self.anchors: dict[str, tuple[Any, Path]] = {}
        self.count = 0
        self.aliases = 0

    def place(self, event: Event) -> Place:
        mark = event.start_mark
        return Place(self.source.file, mark.line + 1, mark.column + 1)

    def value(self, event: Event, path: Path) -> Any:
        place = self.place(event)
        self.source.values[path] = place
        self.count += 1
        if self.count > VALUES_MAX:
            raise _TooLargeError(place, f"the file has more than {VALUES_MAX} values")
        if len(path) > DEPTH_MAX:
            raise _TooLargeError(place, f"nested deeper than {DEPTH_MAX} levels")
        if isinstance(event, AliasEvent):
            return self.alias(event, path, place)
        if isinstance(event, ScalarEvent):
            data: Any = _scalar(event)
        elif isinstance(event, SequenceStartEvent):
            data = self.sequence(path)
        else:
            assert isinstance(event, MappingStartEvent)
            data = self.mapping(path)
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self.anchors[event.anchor] = (data, path)
        return data

    def alias(self, event: AliasEvent, path: Path, place: Place) -> Any:
        if event.anchor not in self.anchors:
            message = f"*{event.anchor} repeats what is marked &{event.anchor} above, and nothing is"
            self.problems.add(place, f'{message}; a feature code goes in quotes: "*{event.anchor}"')
            return None
        self.aliases += 1
        if self.aliases > ALIASES_MAX:
            raise _TooLargeError(place, f"more than {ALIASES_MAX} aliases")
        data, origin = self.anchors[event.anchor]
        for places in (self.source.values, self.source.keys):
            below = [key for key in places if key[: len(origin)] == origin and len(key) > len(origin)]
            self.count += len(below)
            if self.count > VALUES_MAX or len(path) > DEPTH_MAX:
                raise _TooLargeError(place, f"with its aliases the file has more than {VALUES_MAX} values")
            for key in below:
                places[path + key[len(origin) :]] = places[key]
        return data

    def sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while (event := next(self.events)).__class__.__name__ != "SequenceEndEvent":
            items.append(self.value(event, (*path, len(items))))
        return items

    def mapping(self, path: Path) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while (event := next(self.events)).__class__.__name__ != "MappingEndEvent":
            key = self.key(event)
            place = self.place(event)
            if key is None:
                self.value(next(self.events), (*path, ""))
                continue
            if key in items:
                first = self.source.keys[(*path, key)]
                self.problems.add(place, f"'{key}' stands twice; the first is in line {first.line}")
                self.value(next(self.events), (*path, key, "again"))
                continue
            self.source.keys[(*path, key)] = place
            items[key] = None
            items[key] = self.value(next(self.events), (*path, key))
        return items

    def key(self, event: Event) -> str | None:
        if isinstance(event, ScalarEvent):
            text = str(event.value)
            if text != "<<" or event.style is not None:
                return text
            self.problems.add(self.place(event), "merging with << is not part of this language; write it out")
            return None
        self.problems.add(
            self.place(event), "a name was expected before the colon, found a list or a mapping"
        )
        if not isinstance(event, AliasEvent):
            self.value(event, ("",))
        return None


class _TooLargeError(Exception):
    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def _scalar(event: ScalarEvent) -> str | None:
    text = str(event.value)
    plain = event.style is None
    return None if plain and text in ("", "~", "null") else text


def parse(file: str, text: str, problems: Problems) -> Source:
    """Read one file. What is wrong with it goes to `problems`; `data` is then what could be read."""
    source = Source(file)
    if len(text) > TEXT_MAX:
        problems.add(Place(file, 1, 1), f"the file is longer than {TEXT_MAX} characters")
        return source
    try:
        events = iter(YAML(typ="safe", pure=True).parse(text))
        composer = _Composer(source, events, problems)
        documents = 0
        for event in events:
            if isinstance(event, StreamEndEvent):
                break
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    problems.add(composer.place(event), "one file holds one document; a second begins here")
                    break
            elif isinstance(event, NodeEvent):
                source.data = composer.value(event, ())
    except _TooLargeError as error:
        problems.add(error.place, str(error))
    except MarkedYAMLError as error:
        problems.problems.append(_syntax_problem(file, error))
    except YAMLError as error:
        problems.add(Place(file, 1, 1), f"this is not YAML: {_first_line(str(error))}")
    return source


def _syntax_problem(file: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    problem = _first_line(str(error.problem or error.context or "cannot be read"))
    return Problem(file, line, column, f"this is not YAML: {problem}{_hint(problem, error)}")


def _hint(problem: str, error: MarkedYAMLError) -> str:
    """What an administrator most likely did: the parser speaks of its own states."""
    context = error.context or ""
    begun = f"line {error.context_mark.line + 1}" if error.context_mark is not None else "a line above"
    if "\\t" in problem or "'\t'" in problem:
        return "; YAML is indented with spaces, not with tabs"
    if "mapping values are not allowed" in problem or "got ':'" in problem:
        return "; text that holds a colon goes in quotes, and look at the indentation of this line"
    if "alias" in context:
        return '; a feature code goes in quotes: "*11"'
    if "quoted scalar" in context:
        return f"; a quote that begins in {begun} is not closed"
    if "expected ',' or" in problem:
        return f"; a bracket that is opened in {begun} is not closed before this"
    if "expected <block end>" in problem:
        return f"; this line is indented otherwise than what it belongs to, which begins in {begun}"
    if "could not find expected ':'" in problem:
        return "; a name needs a colon behind it: look at the lines above, too"
    return ""


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "cannot be read"
