"""Messages to bytes. The C half (module.c) writes the same bytes; this one specifies it."""

import importlib
from collections.abc import Callable
from typing import cast

from switch.sip.message.headers import Item

Wire = Callable[[str, list[Item], bytes], bytes]


def wire_python(start: str, items: list[Item], body: bytes) -> bytes:
    """Start line, fields as they are written but for Content-Length, which is told of `body`, and `body`."""
    fields = "".join([f"{name}: {value}\r\n" for key, name, value in items if key != "content-length"])
    return f"{start}\r\n{fields}Content-Length: {len(body)}\r\n\r\n".encode() + body


def select_wire(*, prefer_c: bool = True) -> Wire:
    """The C half where it was built, else the Python that specifies it."""
    if prefer_c:
        try:
            return cast(Wire, importlib.import_module("switch.sip.message._message").wire)
        except ModuleNotFoundError:
            pass
    return wire_python


wire = select_wire()
