"""Requests and responses: a start line, `Headers`, a body, and accessors that parse once and remember.

The accessors raise MessageError on a malformed header; on a message that came out of `parse` they do not,
because `parse` has read all of them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from switch.sip.grammar import MessageError, parse_number
from switch.sip.message.fields import CSeq, Via
from switch.sip.message.headers import Headers, Item, item_of
from switch.sip.message.limits import CONTACTS_MAX, EXPIRES_MAX, MAX_FORWARDS_MAX, ROUTES_MAX, VIAS_MAX
from switch.sip.message.reasons import reason_phrase
from switch.sip.message.writing import wire
from switch.sip.uri import NameAddr, Uri

_COPIED = frozenset({"via", "from", "call-id", "cseq"})
DIALOG_FORMING = frozenset({"INVITE", "SUBSCRIBE", "REFER", "NOTIFY"})


class Message:
    """What requests and responses have in common. Each of the two is nothing else."""

    __slots__ = ("_wire", "body", "headers")

    def __init__(self, headers: Headers | Iterable[tuple[str, str]], body: bytes) -> None:
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body
        self._wire: tuple[int, object, object, bytes, bytes] | None = None

    def _start(self) -> tuple[str, object, object]:
        """The first line, without its line end, and the two things that it is made of."""
        raise AssertionError("a message is a request or a response")

    def to_bytes(self) -> bytes:
        """The wire form, with Content-Length. Computed again only after a change."""
        version, body = self.headers.version, self.body
        start, first, second = self._start()
        old = self._wire
        if old is not None and old[0] == version and old[1] is first and old[2] is second and old[3] is body:
            return old[4]
        data = wire(start, self.headers.items(), body)
        self._wire = (version, first, second, body, data)
        return data

    def put_away(self) -> None:
        """Take less memory: what was read and written is read and written again when it is wanted."""
        self._wire = None
        self.headers.put_away()

    def _read(self, key: str, read: Callable[["Message"], Any]) -> Any:
        """What `read` makes of this header, remembered until the header changes."""
        parsed = self.headers.parsed
        found = parsed.get(key)
        if found is None:
            found = parsed[key] = read(self)
        return found

    def _single(self, name: str) -> str:
        fields = self.headers.fields(name)
        if len(fields) != 1:
            raise MessageError(f"{'missing' if not fields else 'repeated'} {name}")
        return fields[0]

    @property
    def via(self) -> Via:
        """The topmost hop."""
        return self.vias[0]

    @property
    def vias(self) -> tuple[Via, ...]:
        """All hops, topmost first; at least one."""
        found: tuple[Via, ...] = self._read("via", _read_vias)
        return found

    @property
    def from_(self) -> NameAddr:
        found: NameAddr = self._read("from", _read_from)
        return found

    @property
    def to(self) -> NameAddr:
        found: NameAddr = self._read("to", _read_to)
        return found

    @property
    def cseq(self) -> CSeq:
        found: CSeq = self._read("cseq", _read_cseq)
        return found

    @property
    def call_id(self) -> str:
        found: str = self._read("call-id", _read_call_id)
        return found

    @property
    def contacts(self) -> tuple[NameAddr, ...]:
        """All contacts; empty where there is none, and for `Contact: *`."""
        found: tuple[NameAddr, ...] = self._read("contact", _read_contacts)
        return found

    @property
    def contact_is_star(self) -> bool:
        """`Contact: *`, with which a REGISTER removes every binding (RFC 3261 section 10.2.2)."""
        return self.headers.all("Contact") == ["*"]

    @property
    def contact(self) -> NameAddr | None:
        """The first contact, or None."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def max_forwards(self) -> int | None:
        """0..255, or None where the header is absent (RFC 2543 peers)."""
        if "Max-Forwards" not in self.headers:
            return None
        found: int = self._read("max-forwards", _read_max_forwards)
        return found

    @property
    def routes(self) -> tuple[NameAddr, ...]:
        found: tuple[NameAddr, ...] = self._read("route", _read_routes)
        return found

    @property
    def record_routes(self) -> tuple[NameAddr, ...]:
        found: tuple[NameAddr, ...] = self._read("record-route", _read_record_routes)
        return found

    @property
    def content_type(self) -> str | None:
        """`type/subtype` in lower case without parameters, or None."""
        value = self.headers.get("Content-Type")
        return None if value is None else "".join(value.partition(";")[0].lower().split())

    @property
    def expires(self) -> int | None:
        """Seconds, or None where absent or malformed (RFC 3261 section 10.2.1.1: then the default counts)."""
        value = self.headers.get("Expires")
        if value is None:
            return None
        try:
            return parse_number(value, EXPIRES_MAX, "Expires")
        except MessageError:
            return None

    @property
    def require(self) -> tuple[str, ...]:
        """Option tags in lower case."""
        return tuple([tag.lower() for tag in self._tokens("Require")])

    @property
    def supported(self) -> tuple[str, ...]:
        """Option tags in lower case."""
        return tuple([tag.lower() for tag in self._tokens("Supported")])

    @property
    def allow(self) -> tuple[str, ...]:
        """Methods, as written: they are case-sensitive."""
        return tuple(self._tokens("Allow"))

    def _tokens(self, name: str) -> list[str]:
        """A list of tokens: there is nothing to quote in it, so it is split plainly and never malformed."""
        parts = [part.strip() for value in self.headers.fields(name) for part in value.split(",")]
        return [part for part in parts if part]


def _read_vias(message: Message) -> tuple[Via, ...]:
    values = message.headers.all("Via")
    if not values:
        raise MessageError("missing Via")
    if len(values) > VIAS_MAX:
        raise MessageError("too many Vias", 483)
    return tuple([Via.parse(value) for value in values])


def _read_from(message: Message) -> NameAddr:
    return NameAddr.parse(message._single("From"))


def _read_to(message: Message) -> NameAddr:
    return NameAddr.parse(message._single("To"))


def _read_cseq(message: Message) -> CSeq:
    return CSeq.parse(message._single("CSeq"))


def _read_call_id(message: Message) -> str:
    value = message._single("Call-ID")
    if not value or " " in value or "\t" in value:
        raise MessageError("malformed Call-ID")
    return value


def _read_contacts(message: Message) -> tuple[NameAddr, ...]:
    # Counted before they are taken apart: a flood of lists must not cost more than its refusals. Names in
    # quotes may hold commas too, hence the double.
    if sum(field.count(",") for field in message.headers.fields("Contact")) > 2 * CONTACTS_MAX:
        raise MessageError("too many Contacts", 513)
    values = message.headers.all("Contact")
    if len(values) > CONTACTS_MAX:
        raise MessageError("too many Contacts", 513)
    if values == ["*"]:
        return ()
    return tuple([NameAddr.parse(value) for value in values])


def _read_max_forwards(message: Message) -> int:
    return parse_number(message._single("Max-Forwards"), MAX_FORWARDS_MAX, "Max-Forwards")


def _read_routes(message: Message) -> tuple[NameAddr, ...]:
    return _read_route_list(message, "Route")


def _read_record_routes(message: Message) -> tuple[NameAddr, ...]:
    return _read_route_list(message, "Record-Route")


def _read_route_list(message: Message, name: str) -> tuple[NameAddr, ...]:
    values = message.headers.all(name)
    if len(values) > ROUTES_MAX:
        raise MessageError(f"too many {name}s", 513)
    return tuple([NameAddr.parse(value) for value in values])


READERS: dict[str, Callable[[Message], object]] = {
    "via": _read_vias,
    "from": _read_from,
    "to": _read_to,
    "cseq": _read_cseq,
    "call-id": _read_call_id,
    "contact": _read_contacts,
    "route": _read_routes,
    "record-route": _read_record_routes,
    "max-forwards": _read_max_forwards,
}
"""What the accessors remember, by key, and how it is read."""


class Request(Message):
    """A request (RFC 3261 section 7.1)."""

    __slots__ = ("method", "uri")

    def __init__(
        self, method: str, uri: Uri, headers: Headers | Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    def _start(self) -> tuple[str, object, object]:
        return f"{self.method} {self.uri} SIP/2.0", self.method, self.uri

    def copy(self) -> "Request":
        """An independent copy: the layers below may add a Via without the caller's seeing it."""
        return Request(self.method, self.uri, self.headers.copy(), self.body)

    def make_response(
        self,
        status: int,
        reason: str | None = None,
        *,
        to_tag: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str | None = None,
    ) -> "Response":
        """RFC 3261 section 8.2.6.2: Via, From, To, Call-ID and CSeq as they came, `to_tag` if To had none.

        Record-Route is copied where the response can form a dialog (section 12.1.1). Works on the partial
        request of a MessageError too: what is missing there is missing in the response.
        """
        forms_dialog = 100 < status < 300 and self.method in DIALOG_FORMING
        copied: list[Item] = []
        for item in self.headers.items():
            key = item[0]
            if key in _COPIED or (key == "record-route" and forms_dialog):
                copied.append(item)
            elif key == "to":
                add_tag = to_tag and not self._has_to_tag()
                copied.append(item_of("To", f"{item[2]};tag={to_tag}") if add_tag else item)
        copied += [item_of(name, value) for name, value in headers]
        if content_type is not None:
            copied.append(item_of("Content-Type", content_type))
        phrase = reason_phrase(status) if reason is None else reason
        return Response(status, phrase, Headers.of_items(copied), body)

    def _has_to_tag(self) -> bool:
        try:
            return self.to.tag is not None
        except MessageError:
            # A To that we could not read goes back untouched: a tag put into it might land inside a quote.
            return True

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri}>"


class Response(Message):
    """A response (RFC 3261 section 7.2). `status` is 100..699."""

    __slots__ = ("reason", "status")

    def __init__(
        self, status: int, reason: str, headers: Headers | Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    def _start(self) -> tuple[str, object, object]:
        return f"SIP/2.0 {self.status} {self.reason}", self.reason, self.status

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"
