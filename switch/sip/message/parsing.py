"""Bytes to messages (RFC 3261 sections 7 and 25), for a datagram or for one framed message of a stream.

`parse` reads everything that an accessor of `Message` can give, so that what comes out of it never raises
later. What it leaves alone (Date, Subject, unknown headers) is not looked at, as section 7.3 wants.
"""

import re
from functools import lru_cache
from typing import Final

from switch.sip.grammar import TOKEN, MessageError
from switch.sip.message.headers import Headers, Item, item_of
from switch.sip.message.limits import (
    HEAD_BYTES_MAX,
    HEADER_LINES_MAX,
    HEADER_VALUE_MAX,
    MESSAGE_BYTES_MAX,
)
from switch.sip.message.messages import Request, Response
from switch.sip.uri import URI_LENGTH_MAX, Uri

_REQUEST_LINE = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]+) (\S+) SIP/([0-9]+)\.([0-9]+)\Z", re.IGNORECASE)
_STATUS_LINE = re.compile(r"SIP/2\.0 ([0-9]{3})(?: (.*))?\Z", re.IGNORECASE)
_FOLD = re.compile(r"\r\n[ \t]+")
_LOOKS_LIKE_RESPONSE: Final = "sip/"
_COMMON_LINES = 4096
_COMMON_LENGTH_MAX = 128
"""The cache of common header lines: bounded to 4,096 x 128 characters, about 2 MB with what it keeps of
each."""


def parse(data: bytes) -> Request | Response:
    """Parse one message. Bytes after Content-Length are ignored (RFC 3261 section 18.3).

    Raises MessageError: its `status` is the RFC's answer, or None for what is to be dropped without one.
    """
    if len(data) > MESSAGE_BYTES_MAX:
        raise MessageError("message is too large", None)
    if data.startswith(b"\r\n"):
        data = data.lstrip(b"\r\n")
    head, blank, body = data.partition(b"\r\n\r\n")
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    start, _, rest = text.partition("\r\n")
    if start[:4].lower() == _LOOKS_LIKE_RESPONSE:
        return _parse_response(start, rest, bool(blank), body)
    return _parse_request(start, rest, bool(blank), body)


def _parse_response(start: str, rest: str, complete: bool, body: bytes) -> Response:
    try:
        found = _STATUS_LINE.match(start)
        if found is None or not 100 <= int(found[1]) <= 699 or "\r" in start or "\n" in start:
            raise MessageError("malformed status line")
        response = Response(int(found[1]), found[2] or "", _parse_headers(rest), b"")
        _finish(response, complete, body)
        return response
    except MessageError as error:
        # Nobody answers a response.
        raise MessageError(error.reason, None) from None


def _parse_request(start: str, rest: str, complete: bool, body: bytes) -> Request:
    method, _, after = start.partition(" ")
    if not TOKEN.fullmatch(method) or not after:
        raise MessageError("no request line", None)
    partial = Request(method, Uri(scheme="", opaque=after.split(" ")[0]), (), b"")
    try:
        partial.headers = _parse_headers(rest, partial)
        found = _REQUEST_LINE.match(start)
        if found is None:
            raise MessageError("malformed request line")
        if (int(found[3][:4]), int(found[4][:4])) != (2, 0):
            raise MessageError("unknown SIP version", 505)
        if len(found[2]) > URI_LENGTH_MAX:
            raise MessageError("Request-URI is too long", 414)
        request = Request(method, Uri.parse(found[2]), partial.headers, b"")
        if request.uri.headers:
            raise MessageError("header fields in the Request-URI")
        _finish(request, complete, body)
        if request.cseq.method != method:
            raise MessageError("CSeq and request differ in their method")
        return request
    except MessageError as error:
        answerable = method != "ACK" and "Via" in partial.headers
        raise MessageError(
            error.reason, error.status if answerable else None, partial if answerable else None
        ) from None


def _parse_headers(text: str, partial: Request | None = None) -> Headers:
    """Unfold, split into names and values. With `partial`, the good lines are left there when one is bad."""
    if len(text) > HEAD_BYTES_MAX:
        raise MessageError("header section is too large", 513)
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    items: list[Item] = []
    problem: MessageError | None = None
    for line in text.split("\r\n") if text else ():
        item = _common_line(line) if len(line) <= _COMMON_LENGTH_MAX else None
        if item is None:
            try:
                item = _parse_line(line)
            except MessageError as error:
                problem = problem or error
                continue
        items.append(item)
    if len(items) > HEADER_LINES_MAX:
        problem = problem or MessageError("too many header lines", 513)
        del items[HEADER_LINES_MAX:]
    headers = Headers.of_items(items)
    if problem is not None:
        if partial is not None:
            partial.headers = headers
        raise problem
    return headers


def _parse_line(line: str) -> Item:
    name, colon, value = line.partition(":")
    name = name.rstrip(" \t")
    value = value.strip(" \t")
    if not colon or not TOKEN.fullmatch(name) or "\r" in value or "\n" in value:
        raise MessageError("malformed header line")
    if len(value) > HEADER_VALUE_MAX:
        raise MessageError(f"{name[:40]} is too long", 513)
    return item_of(name, value)


@lru_cache(_COMMON_LINES)
def _common_line(line: str) -> Item | None:
    """The same Allow, Supported, Max-Forwards and User-Agent lines come in every message of a peer."""
    try:
        return _parse_line(line)
    except MessageError:
        return None


def _finish(message: Request | Response, complete: bool, body: bytes) -> None:
    """Read every header that an accessor gives, and cut the body to its length."""
    if not complete:
        raise MessageError("message ends inside its headers")
    _ = (message.vias, message.from_, message.to, message.call_id, message.cseq)
    headers = message.headers
    _ = message.max_forwards
    if "Contact" in headers:
        _ = message.contacts
    if "Route" in headers:
        _ = message.routes
    if "Record-Route" in headers:
        _ = message.record_routes
    if len(headers.fields("Content-Type")) > 1:
        raise MessageError("repeated Content-Type")
    message.body = body[: content_length(headers, len(body))]


def content_length(headers: Headers, available: int) -> int:
    """The body's length; all of `available` where no header says it (datagrams). Raises MessageError."""
    values = set(headers.fields("Content-Length"))
    if not values:
        return available
    value = values.pop()
    if values or not (value.isascii() and value.isdigit()) or len(value) > 10:
        raise MessageError("malformed Content-Length")
    if int(value) > available:
        raise MessageError("body is shorter than Content-Length")
    return int(value)
