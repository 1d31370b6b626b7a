"""What a message asks of us that we may not understand (RFC 3261 sections 8.2.2.3 and 8.2.3, RFC 5621).

Looked at once for each request, before its leg or anybody else has it: whoever comes after finds a session
description in the body, or nothing. Most requests have neither Require nor a body of another kind, and cost
two looks into their headers.
"""

from collections.abc import Collection

from switch.sip.grammar import MessageError
from switch.sip.message import Message, Request, Response
from switch.sip.message.multipart import Part, parts

SESSION = "application/sdp"
ACCEPTED = f"{SESSION}, multipart/mixed, multipart/alternative"
"""What a 415 and an answer to OPTIONS name (RFC 3261 section 20.1)."""

PRIVACY = "privacy"
"""RFC 3323 section 4.2: phones that call anonymously ask for it by Proxy-Require. It is no ability of an
endpoint, and so not told in Supported."""

_PLAIN = frozenset({"", "identity"})
_UNCODED = frozenset({"binary", "8bit", "7bit"})
_REGISTRABLE = frozenset({"sip", "sips", "tel"})


def refusal(request: Request, supported: Collection[str]) -> Response | None:
    """420, 415 or 400 to a request that cannot be understood; None, and its body is plain, else.

    A registrar knows extensions of its own, and judges the Require of a REGISTER itself.
    """
    headers = request.headers
    if request.method == "REGISTER":
        # RFC 4475 section 3.3.7: an address of record of an unknown kind is nobody's.
        return (
            None
            if request.to.uri.scheme in _REGISTRABLE
            else request.make_response(400, "Unknown Scheme in To")
        )
    if "Require" in headers or "Proxy-Require" in headers:
        # Where a proxy would stand, we stand: what a proxy must understand, we must (RFC 4475 section 3.3.8).
        asked = [*request.require, *(tag.strip().lower() for tag in headers.all("Proxy-Require"))]
        unknown = [tag for tag in dict.fromkeys(asked) if tag not in supported and tag != PRIVACY]
        if unknown:
            return request.make_response(420, headers=[("Unsupported", ", ".join(unknown))])
    return _unwrapped(request) if request.body else None


def open_body(message: Message) -> None:
    """The session of a response or an ACK that carries several parts; they cannot be refused."""
    if not (message.headers.get("Content-Type") or "").lower().startswith("multipart/"):
        return
    try:
        found = _session(parts(message.headers.get("Content-Type") or "", message.body))
    except MessageError:
        found = None
    if found is not None:
        _replace(message, found)


def not_acceptable(request: Request) -> Response | None:
    """406 to an INVITE whose sender does not accept a session description (RFC 3261 section 21.4.7)."""
    if "Accept" not in request.headers:
        return None
    for value in request.headers.all("Accept"):
        kind, *parameters = (part.strip().lower() for part in value.split(";"))
        zero = any(
            parameter.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for parameter in parameters
        )
        if kind in (SESSION, "application/*", "*/*") and not zero:
            return None
    return request.make_response(406)


def _unwrapped(request: Request) -> Response | None:
    encoding = (request.headers.get("Content-Encoding") or "").strip().lower()
    if encoding not in _PLAIN:
        return request.make_response(415, headers=[("Accept-Encoding", "identity")])
    content_type = request.headers.get("Content-Type") or ""
    if not content_type.lower().startswith("multipart/"):
        return None
    found_parts = parts(content_type, request.body)
    found = _session(found_parts)
    # RFC 5621 section 8: `required` is also what an absent disposition means. Carriers attach ISUP without
    # one and expect a call, so only what is written counts.
    if any(part.required and part is not found for part in found_parts):
        return request.make_response(415, headers=[("Accept", ACCEPTED)])
    if found is not None:
        _replace(request, found)
    return None


def _session(found: tuple[Part, ...]) -> Part | None:
    return next((part for part in found if part.kind == SESSION and part.encoding in _UNCODED), None)


def _replace(message: Message, part: Part) -> None:
    message.headers.set("Content-Type", SESSION)
    message.body = part.body
