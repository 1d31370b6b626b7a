"""What entries become in a database: fields as canonical JSON, texts that every database takes, columns.

A call has a dozen entries, and nearly all that they hold is plain text and numbers: so there is a C half
(module.c). This one specifies it and serves where the C was not built.
"""

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

Written = tuple[tuple[str, str], ...]
"""Names of fields in the order of canonical JSON, each with what stands before its value."""

Kind = tuple[str, int, Written]
"""Of a class of events: its kind, its version and its fields."""

dumps = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode
quoted = json.encoder.encode_basestring_ascii


def _write_fields(event: object, written: Written) -> str:
    """The fields as one canonical JSON object."""
    text = ""
    for name, before in written:
        value = getattr(event, name)
        text += before + (quoted(value) if type(value) is str else dumps(value))
    return text + "}" if text else "{}"


def _storable(text: str) -> str:
    """Text that every database takes: names from the wire may hold NUL or bytes that are not UTF-8.

    Such characters are shown escaped in records; the journal's body keeps them exactly. Enumeration
    members become plain text, which is the one type that both drivers bind alike.
    """
    text = str(text)
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def _write_columns(entries: Sequence[Any], kinds: Mapping[type[Any], Kind]) -> list[int | str]:
    """The columns of the journal's table, of one entry behind those of the other.

    An event that is of none of the `kinds` knows its own, and has its fields as they were read: `Opaque`.
    """
    columns: list[int | str] = []
    for entry in entries:
        event = entry.event
        known = kinds.get(type(event))
        if known is None:
            kind, version, body = event.KIND, event.VERSION, event.body
        else:
            kind, version, body = known[0], known[1], _write_fields(event, known[2])
        place = (entry.sequence, entry.at, entry.wall_us, _storable(entry.tenant), _storable(entry.call))
        columns += (*place, kind, version, body)
    return columns


WriteFields = Callable[[object, Written], str]
Storable = Callable[[str], str]
WriteColumns = Callable[[Sequence[Any], Mapping[type[Any], Kind]], list[int | str]]


def writers(*, prefer_c: bool = True) -> tuple[WriteFields, Storable, WriteColumns]:
    """The functions: in C where they were built."""
    if prefer_c:
        try:
            module = importlib.import_module("switch.journal._journal")
        except ModuleNotFoundError:
            pass
        else:
            module.setup(dumps, _storable)
            found = (module.encode, module.storable, module.columns)
            return cast(tuple[WriteFields, Storable, WriteColumns], found)
    return _write_fields, _storable, _write_columns


write_fields, storable, write_columns = writers()
