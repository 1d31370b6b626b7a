"""Entries as canonical JSON and back.

Canonical: keys sorted, no spaces, ASCII with escapes. So the same entries give the same bytes on any
machine (the digest rests on this), and a caller's name with bytes that are not UTF-8 survives.

Old journals load for ever: a field that is missing takes its default. What cannot be understood
without guessing (an unknown kind, a newer version, unknown fields) becomes `Opaque` and is written
back exactly as it was read.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import get_args

from switch.base.errors import SoftswitchError
from switch.journal.entry import Entry
from switch.journal.events import Event, Opaque
from switch.journal.texts import Kind, Written, dumps, quoted, write_columns, write_fields


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the codec must know of one kind of event."""

    event_class: type[Event]
    make: Callable[..., Event]
    version: int
    names: tuple[str, ...]
    required: frozenset[str]
    written: Written
    """Fields in the order of canonical JSON, each with what stands before its value."""


def _shape(event_class: type[Event]) -> _Shape:
    known = fields(event_class)
    required = frozenset(f.name for f in known if f.default is MISSING and f.default_factory is MISSING)
    names = tuple(f.name for f in known)
    written = tuple((name, f"{',' if at else '{'}{quoted(name)}:") for at, name in enumerate(sorted(names)))
    return _Shape(event_class, event_class, vars(event_class)["VERSION"], names, required, written)


_SHAPES: dict[str, _Shape] = {
    vars(event_class)["KIND"]: _shape(event_class)
    for event_class in get_args(Event)
    if event_class is not Opaque
}


_KINDS: dict[type[Event], Kind] = {
    shape.event_class: (kind, shape.version, shape.written) for kind, shape in _SHAPES.items()
}


class CodecError(SoftswitchError):
    """A stored entry is not what any version of the switch writes: the journal was damaged."""


def kinds() -> frozenset[str]:
    """Every kind that this version knows."""
    return frozenset(_SHAPES)


def encode_event(event: Event) -> str:
    """The event's fields as one canonical JSON object, without kind and version."""
    if isinstance(event, Opaque):
        return event.body
    return write_fields(event, _SHAPES[event.KIND].written)


def columns(entries: Sequence[Entry]) -> list[int | str]:
    """What the journal's table has of each, one behind the other: sequence, both times, tenant, call, kind,
    version and the event's fields as `encode_event` writes them."""
    return write_columns(entries, _KINDS)


def decode_event(kind: str, version: int, body: str) -> Event:
    """The event that `encode_event` wrote. Raises CodecError where `body` is not a JSON object."""
    shape = _SHAPES.get(kind)
    if shape is None or version > shape.version:
        return Opaque(kind, version, body)
    try:
        values = json.loads(body)
    except ValueError as error:
        raise CodecError(f"journal entry of kind {kind} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise CodecError(f"journal entry of kind {kind} is not a JSON object")
    names = values.keys()
    if not shape.required <= names or not names <= set(shape.names):
        return Opaque(kind, version, body)
    for name, value in values.items():
        if type(value) is list:
            values[name] = frozen(value)
    return shape.make(**values)


def frozen(values: list[object]) -> tuple[object, ...]:
    """A JSON array as a tuple, however deep: events hold no lists."""
    return tuple([frozen(item) if type(item) is list else item for item in values])


def encode(entry: Entry) -> str:
    """One line: the envelope, kind, version and event."""
    event = entry.event
    # Written by hand in key order, because the event's text is already canonical.
    return (
        f'{{"at":{entry.at},"call":{dumps(entry.call)},"event":{encode_event(event)},'
        f'"kind":{dumps(event.KIND)},"sequence":{entry.sequence},"tenant":{dumps(entry.tenant)},'
        f'"version":{event.VERSION},"wall_us":{entry.wall_us}}}'
    )


def decode(line: str) -> Entry:
    """The entry that `encode` wrote. Raises CodecError where the line is not one."""
    try:
        values = json.loads(line)
        event = decode_event(values["kind"], values["version"], dumps(values["event"]))
        return Entry(
            values["sequence"], values["at"], values["wall_us"], values["tenant"], values["call"], event
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CodecError(f"not a journal line: {error!r}") from error


class JournalDigest:
    """SHA-256 over the lines of a journal, fed piece by piece; the same seed gives the same one."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._hash.update(encode(entry).encode("ascii"))
            self._hash.update(b"\n")

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def digest(entries: Iterable[Entry]) -> str:
    """The digest of a whole journal in one step."""
    running = JournalDigest()
    running.update(entries)
    return running.hexdigest()
