"""Messages to bytes. The C half (answers_out.h) writes the same bytes; this one specifies it."""

from switch.sip.message.headers import Item


def wire(start: str, items: list[Item], body: bytes) -> bytes:
    """Start line, fields as they are written but for Content-Length, which is told of `body`, and `body`."""
    fields = "".join([f"{name}: {value}\r\n" for key, name, value in items if key != "content-length"])
    return f"{start}\r\n{fields}Content-Length: {len(body)}\r\n\r\n".encode() + body
