"""An ordered multimap of header fields (RFC 3261 section 7.3).

Names compare without regard to case, and a compact form is the same header as its long one (section 7.3.3).
Values are kept as they stood, unfolded.
"""

import sys
from collections.abc import Iterable, Iterator

from switch.sip.grammar import one_line, split_outside

_KNOWN_NAMES = """
    Accept Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authentication-Info
    Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language
    Content-Length Content-Type CSeq Date Diversion Error-Info Event Expires From History-Info
    Identity In-Reply-To Info-Package Max-Forwards MIME-Version Min-Expires Min-SE Organization
    P-Asserted-Identity P-Preferred-Identity Path Privacy Priority Proxy-Authenticate
    Proxy-Authorization Proxy-Require RAck Reason Record-Route Recv-Info Refer-Sub Refer-To
    Referred-By Remote-Party-ID Replaces Reply-To Require Retry-After Route RSeq Server
    Service-Route Session-Expires SIP-ETag SIP-If-Match Subject Subscription-State Supported
    Target-Dialog Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate
"""

_COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
"""RFC 3261 section 7.3.3 and the IANA registry of compact forms."""

_LIST_NAMES = """
    Accept Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Call-Info Contact
    Content-Encoding Content-Language Diversion Error-Info History-Info In-Reply-To
    P-Asserted-Identity P-Preferred-Identity Path Proxy-Require Reason Record-Route Recv-Info
    Remote-Party-ID Require Route Service-Route Supported Unsupported Via Warning
"""
LIST_HEADERS = frozenset(_LIST_NAMES.lower().split())
"""Headers whose grammar is a comma-separated list; only these may be split (section 7.3.1)."""

FORMS: dict[str, str] = {}
"""Keys by the usual spellings of a name and by its compact form. Each key is one object, quickly found among
others."""

WRITTEN: dict[str, str] = {}
"""Names as they are written, by key."""

for _name in (*_KNOWN_NAMES.split(), *_COMPACT.values()):
    for _form in (_name, _name.lower(), _name.upper()):
        FORMS[_form] = sys.intern(_name.lower())
    WRITTEN[sys.intern(_name.lower())] = _name
for _short, _name in _COMPACT.items():
    FORMS[_short] = FORMS[_short.upper()] = sys.intern(_name.lower())


def key_of(name: str) -> str:
    """The lower-case long form by which a header is found."""
    known = FORMS.get(name)
    if known is not None:
        return known
    lower = name.lower()
    return FORMS.get(lower, lower)


Item = tuple[str, str, str]
"""Key, name as written to the wire, value."""


def item_of(name: str, value: str) -> Item:
    """One header field as it is kept."""
    key = key_of(name)
    return (key, WRITTEN.get(key, name), one_line(value))


class Headers:
    """Header fields in the order of the message."""

    __slots__ = ("_items", "parsed", "version")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items: list[Item] = [item_of(name, value) for name, value in items]
        self.parsed: dict[str, object] = {}
        """What the message's accessors have read, by key; forgotten for a header when that header changes."""
        self.version = 0
        """Counts changes, so that what was serialised from here can tell that it is old."""

    @classmethod
    def of_items(cls, items: list[Item]) -> "Headers":
        """From fields as `item_of` makes them; the list is kept."""
        headers = cls()
        headers._items = items
        return headers

    def get(self, name: str) -> str | None:
        """The first field of this name, whole, or None."""
        key = key_of(name)
        for item in self._items:
            if item[0] == key:
                return item[2]
        return None

    def fields(self, name: str) -> list[str]:
        """Every field of this name, whole, in order."""
        key = key_of(name)
        return [item[2] for item in self._items if item[0] == key]

    def all(self, name: str) -> list[str]:
        """Every value of this name; fields that are lists are split at their commas."""
        found = self.fields(name)
        if not found or key_of(name) not in LIST_HEADERS:
            return found
        if len(found) == 1 and "," not in found[0]:
            return [found[0]] if found[0] else []
        return [part for value in found for part in split_outside(value, ",") if part]

    def items(self) -> list[Item]:
        """The fields as they are kept, to make another `Headers` of; not to be changed."""
        return self._items

    def set(self, name: str, value: str) -> None:
        """Replace all fields of this name by one, in the place of the first, or at the end."""
        self.set_all(name, (value,))

    def set_all(self, name: str, values: Iterable[str]) -> None:
        """Replace all fields of this name by these, in the place of the first, or at the end."""
        new = [item_of(name, value) for value in values]
        key = key_of(name)
        place = self._place(key)
        self._items = [item for item in self._items if item[0] != key]
        self._items[place:place] = new
        self._changed(key)

    def add(self, name: str, value: str) -> None:
        """A further field at the end."""
        item = item_of(name, value)
        self._items.append(item)
        self._changed(item[0])

    def prepend(self, name: str, value: str) -> None:
        """A field before all others, as a Via is added."""
        item = item_of(name, value)
        self._items.insert(0, item)
        self._changed(item[0])

    def replace_first(self, name: str, value: str) -> None:
        """Put `value` in the place of the first field of this name, which must be there."""
        new = item_of(name, value)
        key = new[0]
        place = self._place(key)
        assert place < len(self._items), f"no {name} to replace"
        self._items[place] = new
        self._changed(key)

    def remove(self, name: str) -> None:
        """Drop every field of this name; harmless where there is none."""
        if name in self:
            self.set_all(name, ())

    def copy(self) -> "Headers":
        """An independent copy, which knows already what was read of this one."""
        other = Headers.of_items(self._items.copy())
        other.parsed = self.parsed.copy()
        return other

    def put_away(self) -> None:
        """Forget what can be read again: these fields are kept for long and seldom looked at."""
        self.parsed = {}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for _, name, value in self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return [(k, v) for k, _, v in self._items] == [(k, v) for k, _, v in other._items]

    __hash__ = None  # type: ignore[assignment]  # mutable, as a list is; mypy knows no other spelling

    def __repr__(self) -> str:
        return f"Headers({list(self)!r})"

    def _place(self, key: str) -> int:
        """Where the first field of this key stands; the end where there is none."""
        place = 0
        for item in self._items:
            if item[0] == key:
                break
            place += 1
        return place

    def _changed(self, key: str) -> None:
        self.parsed.pop(key, None)
        self.version += 1
