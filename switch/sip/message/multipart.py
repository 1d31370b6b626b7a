"""Bodies of several parts (RFC 2046 section 5.1, RFC 5621): find the one that is wanted.

A part is not copied out before it is asked for, and nothing in a part is believed: a multipart inside a
multipart is opened once more and no further.
"""

import re
from dataclasses import dataclass

from switch.sip.grammar import MessageError

PARTS_MAX = 16
"""Of one body; an INVITE of a carrier has two or three (a session, ISUP, a location)."""

DEPTH_MAX = 2
"""A session inside multipart/alternative inside multipart/mixed; deeper is a puzzle, not a call."""

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s";,]{1,70}))', re.IGNORECASE)
_HANDLING = re.compile(r';\s*handling\s*=\s*"?required"?', re.IGNORECASE)
_FOLD = re.compile(rb"\r\n[ \t]+")


@dataclass(frozen=True, slots=True)
class Part:
    """One part; `kind` is `type/subtype` in lower case. `required`: not to be passed over."""

    kind: str
    required: bool
    encoding: str
    body: bytes


def parts(content_type: str, body: bytes, depth: int = DEPTH_MAX) -> tuple[Part, ...]:
    """The parts of a multipart body, those of inner ones in place of them. Raises MessageError."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise MessageError("multipart without a boundary")
    mark = b"--" + (found.group(1) or found.group(2)).encode()
    # The line end before a boundary belongs to the boundary.
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 2:
        raise MessageError("multipart without a part")
    if len(pieces) > PARTS_MAX + 2:
        raise MessageError("too many parts")
    collected: list[Part] = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        part, whole_type = _part(piece)
        if part.kind.startswith("multipart/") and depth > 1:
            collected += parts(whole_type, part.body, depth - 1)
        else:
            collected.append(part)
    return tuple(collected[:PARTS_MAX])


def _part(piece: bytes) -> tuple[Part, str]:
    """A part with its headers; without any it is text (RFC 2046 section 5.1)."""
    # What stands behind the boundary on its line is padding.
    _, _, rest = piece.partition(b"\r\n")
    head, blank, body = (b"", b"\r\n", rest[2:]) if rest.startswith(b"\r\n") else rest.partition(b"\r\n\r\n")
    if not blank:
        raise MessageError("a part without an end of its headers")
    fields: dict[str, str] = {}
    for line in _FOLD.sub(b" ", head).split(b"\r\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        fields.setdefault(name.strip().lower(), value.strip())
    whole_type = fields.get("content-type", "text/plain")
    kind = "".join(whole_type.partition(";")[0].lower().split())
    required = _HANDLING.search(";" + fields.get("content-disposition", "").partition(";")[2]) is not None
    return Part(kind, required, fields.get("content-transfer-encoding", "binary").lower(), body), whole_type
