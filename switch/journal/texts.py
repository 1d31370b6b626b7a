"""What events become in a database: their fields as canonical JSON, and texts that every database takes.

A call has a dozen entries, and nearly all that they hold is plain text and numbers: so there is a C half
(module.c). This one specifies it and serves where the C was not built.
"""

import importlib
import json
from collections.abc import Callable
from typing import cast

Written = tuple[tuple[str, str], ...]
"""Names of fields in the order of canonical JSON, each with what stands before its value."""

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


WriteFields = Callable[[object, Written], str]
Storable = Callable[[str], str]


def writers(*, prefer_c: bool = True) -> tuple[WriteFields, Storable]:
    """Both functions: in C where they were built."""
    if prefer_c:
        try:
            module = importlib.import_module("switch.journal._journal")
        except ModuleNotFoundError:
            pass
        else:
            module.setup(dumps, _storable)
            return cast(tuple[WriteFields, Storable], (module.encode, module.storable))
    return _write_fields, _storable


write_fields, storable = writers()
