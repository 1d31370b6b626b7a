"""Who forwarded a call: Diversion (RFC 5806) and History-Info (RFC 7044), read and written.

Both tell the same and are mapped as RFC 7544 does. Inside it is a list of `Forwarding`, the last first.
Everything in them is a stranger's word: it is shown, and nothing is decided by it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from urllib.parse import unquote_to_bytes

from switch.base.errors import PeerError
from switch.sip.message import Request
from switch.sip.tel import subscriber
from switch.sip.uri import NameAddr, Uri

FORWARDINGS_MAX = 10
"""Forwardings kept of one call, the last ones: Max-Forwards ends longer chains, and nobody reads them."""

ANONYMOUS = "anonymous"


class ForwardingHeader(StrEnum):
    """How a carrier is told."""

    DIVERSION = "diversion"
    HISTORY_INFO = "history-info"


@dataclass(frozen=True, slots=True)
class Forwarding:
    """`number` is E.164 where the carrier's is; `reason` one of RFC 5806's words. `hidden`: whoever
    forwarded does not want to be known to the next."""

    number: str
    reason: str = "unknown"
    hidden: bool = False

    def __str__(self) -> str:
        return f"{ANONYMOUS if self.hidden else self.number} ({self.reason})"


_CAUSE_OF = {
    "user-busy": 486,
    "no-answer": 408,
    "unconditional": 302,
    "deflection": 480,
    "unavailable": 503,
    "unknown": 404,
}
"""RFC 7544 section 6 (RFC 4458's causes)."""
_REASON_OF = {cause: reason for reason, cause in _CAUSE_OF.items()} | {487: "deflection"}
REASONS = frozenset(_CAUSE_OF) | {"time-of-day", "do-not-disturb", "follow-me", "out-of-service", "away"}

_CAUSE = re.compile(r"cause\s*=\s*([0-9]{3})")


def read_forwardings(request: Request, normalise: Callable[[str], str]) -> tuple[Forwarding, ...]:
    """What the request says, the last first; Diversion where it has both (it says the reasons)."""
    if "Diversion" in request.headers:
        return _diversions(listed(request, "Diversion"), normalise)
    return _history(listed(request, "History-Info"), normalise) if "History-Info" in request.headers else ()


def listed(request: Request, name: str) -> list[str]:
    """All values of a header; none where it cannot be read: a broken one is no reason to lose a call."""
    try:
        return request.headers.all(name)
    except PeerError:
        return []


def _diversions(values: list[str], normalise: Callable[[str], str]) -> tuple[Forwarding, ...]:
    found = []
    for text in values[:FORWARDINGS_MAX]:
        try:
            value = NameAddr.parse(text)
        except PeerError:
            continue
        reason = (value.param("reason") or "unknown").strip('"').lower()
        hidden = (value.param("privacy") or "off").strip('"').lower() in ("full", "uri")
        number = normalise(subscriber(value.uri))
        found.append(Forwarding(number, reason if reason in REASONS else "unknown", hidden))
    return tuple(found)


def _history(values: list[str], normalise: Callable[[str], str]) -> tuple[Forwarding, ...]:
    """An entry forwarded if the next was reached for a cause, or by `mp`, or if it says why it failed."""
    entries = []
    for text in values[-FORWARDINGS_MAX - 1 :]:
        try:
            value = NameAddr.parse(text)
        except PeerError:
            continue
        entries.append((_index(value), value))
    entries.sort(key=lambda entry: entry[0])
    found = []
    for (_, value), (_, following) in pairwise(entries):
        cause = _cause(following.uri.param("cause")) or _cause_of_reason(value.uri)
        if cause or following.param("mp") is not None:
            number = normalise(subscriber(value.uri))
            hidden = any(name == "privacy" and "none" not in text for name, text in _headers(value.uri))
            found.append(Forwarding(number, _REASON_OF.get(cause, "unknown"), hidden))
    return tuple(reversed(found))


def _index(value: NameAddr) -> tuple[int, ...]:
    """`1.1.2`; what cannot be read comes last."""
    parts = (value.param("index") or "").split(".")
    whole = all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts)
    return tuple(int(part) for part in parts) if whole else (99_999,)


def _cause(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) == 3 else 0


def _cause_of_reason(uri: Uri) -> int:
    """`<sip:...?Reason=SIP%3Bcause%3D302>` (RFC 7044 section 5)."""
    for name, text in _headers(uri):
        if name == "reason" and (found := _CAUSE.search(text)):
            return int(found[1])
    return 0


def _headers(uri: Uri) -> list[tuple[str, str]]:
    return [
        (name.lower(), unquote_to_bytes(text).decode("utf-8", "replace").lower())
        for name, text in uri.headers
    ]


def write_forwardings(
    header: ForwardingHeader,
    forwardings: tuple[Forwarding, ...],
    target: str,
    host: str,
    present: Callable[[str], str],
    *,
    trusted: bool,
) -> list[tuple[str, str]]:
    """Header fields for `forwardings` (the last first) of a call that now goes to `target`.

    One that is hidden is anonymous to a carrier that is not `trusted`. `present` writes a number in the
    carrier's form; `target` is written so already.
    """
    shown = forwardings[:FORWARDINGS_MAX]
    if header is ForwardingHeader.DIVERSION:
        return [("Diversion", _diversion(item, host, present, trusted=trusted)) for item in shown]
    fields, index = [], "1"
    reached = ""
    for item in reversed(shown):
        name = NameAddr("", _uri(item, host, present, trusted=trusted, cause=reached))
        mark = f";mp={index.rpartition('.')[0]}" if reached else ""
        fields.append(("History-Info", f"{name};index={index}{mark}"))
        reached, index = str(_CAUSE_OF.get(item.reason, 404)), f"{index}.1"
    last = NameAddr("", Uri(user=target, host=host, params=(("cause", reached),)))
    fields.append(("History-Info", f"{last};index={index};mp={index.rpartition('.')[0]}"))
    return fields


def _diversion(item: Forwarding, host: str, present: Callable[[str], str], *, trusted: bool) -> str:
    privacy = "full" if item.hidden else "off"
    uri = _uri(item, host, present, trusted=trusted, cause="")
    return f"{NameAddr('', uri)};reason={item.reason};counter=1;privacy={privacy}"


def _uri(item: Forwarding, host: str, present: Callable[[str], str], *, trusted: bool, cause: str) -> Uri:
    params = (("cause", cause),) if cause else ()
    if item.hidden and not trusted:
        return Uri(user=ANONYMOUS, host="anonymous.invalid", params=params)
    return Uri(user=present(item.number) or ANONYMOUS, host=host, params=params)
