"""What the parsers of this room share: the error they raise, splitting, quoting (RFC 3261 section 25.1).

Text here is `str`: a header section is UTF-8 (RFC 3261 section 7), and where it is not, each byte is taken
for a Latin-1 character, as old phones mean it. So no text holds a lone surrogate that would fail in a log or
a store.
"""

import re
from typing import TYPE_CHECKING

from switch.base.errors import PeerError

if TYPE_CHECKING:
    from switch.sip.message.messages import Request

Params = tuple[tuple[str, str | None], ...]
"""Ordered `;name=value` parameters. Names in lower case, values as written (quotes kept), None without
`=`."""

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
"""RFC 3261 section 25.1, `token`."""

_PIECES = {
    separator: re.compile(rf'(?:[^"<{separator}]+|"[^"\\]*(?:\\.[^"\\]*)*"|<[^>]*>)*', re.DOTALL)
    for separator in ",;"
}
"""Text up to a separator that stands neither in quotes nor in angle brackets."""

_PLAIN_PARAMS = re.compile(r"(?:;[A-Za-z0-9\-.!%*_+`'~]+(?:=[^\s;<>\",=]*)?)+")
"""Nearly all parameters: no white space, no quotes. They need no further look."""

_NOT_IN_NAMES = re.compile(r"[<>\",@\s]")
"""What would change the meaning of the text round a parameter; other strange names are harmless and stay."""

PARAMS_MAX = 64
"""Parameters of one header value or URI. Real ones have ten; the bound keeps a hostile line cheap."""


class MessageError(PeerError):
    """Bytes that are not a SIP message we accept.

    `status` is the answer that RFC 3261 gives, or None where nothing may be answered (a response, an ACK,
    noise). `request` is what could be understood of a request, enough for `make_response`; None where it was
    too little.
    """

    def __init__(self, reason: str, status: int | None = 400, request: "Request | None" = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.request = request


def split_outside(text: str, separator: str) -> list[str]:
    """Split at `separator` outside quoted strings and angle brackets; parts are stripped.

    Raises MessageError for a quote or bracket that never closes.
    """
    if separator not in text:
        return [text.strip()]
    if '"' not in text and "<" not in text:
        return [part.strip() for part in text.split(separator)]
    return _scan(text, separator)


def _scan(text: str, separator: str) -> list[str]:
    """Piece by piece, each as long as it can be: linear, whatever a hostile peer writes."""
    piece = _PIECES[separator]
    parts: list[str] = []
    position = 0
    while True:
        found = piece.match(text, position)
        assert found is not None, "a piece may be empty"
        parts.append(found[0].strip())
        position = found.end()
        if position == len(text):
            return parts
        if text[position] != separator:
            raise MessageError("unbalanced quote or angle bracket")
        position += 1


def parse_params(text: str) -> Params:
    """Parse `;a=b;c` (leading semicolon required unless empty). Raises MessageError for an empty name."""
    if not text:
        return ()
    if text[0] != ";":
        raise MessageError("expected ';' before a parameter")
    if _PLAIN_PARAMS.fullmatch(text):
        plain = [part.partition("=") for part in text[1:].split(";")]
        if len(plain) <= PARAMS_MAX:
            return tuple([(name.lower(), value if equals else None) for name, equals, value in plain])
    params: list[tuple[str, str | None]] = []
    # A quote must be seen to close even where nothing is split: we append parameters of our own to such text.
    parts = _scan(text[1:], ";") if '"' in text else text[1:].split(";")
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not name or _NOT_IN_NAMES.search(name):
            raise MessageError("malformed parameter")
        if ("<" in value or ">" in value) and '"' not in value:
            raise MessageError("angle bracket in a parameter")
        params.append((name, value.strip() if equals else None))
    if len(params) > PARAMS_MAX:
        raise MessageError("too many parameters", 513)
    return tuple(params)


def format_params(params: Params) -> str:
    """The inverse of `parse_params`."""
    if not params:
        return ""
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in params])


def find_param(params: Params, name: str) -> str | None:
    """The value of `name`; "" where it stands without a value; None where it is absent."""
    for key, value in params:
        if key == name:
            return value or ""
    return None


def with_param(params: Params, name: str, value: str | None) -> Params:
    """`params` with `name` replaced in its place, or added at the end."""
    for key, _ in params:
        if key == name:
            return tuple([(key, value if key == name else old) for key, old in params])
    return (*params, (name, value))


def quote(text: str) -> str:
    """A quoted-string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """The content of a quoted-string; other text comes back unchanged. Raises MessageError if unbalanced."""
    if not text.startswith('"'):
        return text
    if len(text) < 2 or text[-1] != '"':
        raise MessageError("unbalanced quote")
    inner = text[1:-1]
    return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL) if "\\" in inner else inner


def one_line(text: str) -> str:
    """Text that is safe inside one header line: a line break, however it got there, becomes a space.

    What a peer hid in an escaped user part or display name must not become a header of ours.
    """
    if "\r" in text or "\n" in text:
        return text.replace("\r", " ").replace("\n", " ")
    return text


def parse_number(text: str, maximum: int, what: str) -> int:
    """A decimal of ASCII digits in 0..maximum. Raises MessageError."""
    if not (text.isascii() and text.isdigit()):
        raise MessageError(f"{what} is not a number")
    # Bounded before int(), which is quadratic and which Python refuses beyond 4,300 digits.
    if len(text.lstrip("0")) > 20 or int(text) > maximum:
        raise MessageError(f"{what} is too large")
    return int(text)
