"""SIP URIs and name-addrs as values (RFC 3261 sections 19.1, 20.10 and 25.1)."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Self
from urllib.parse import quote as escape
from urllib.parse import unquote_to_bytes

from switch.base.values import quick
from switch.sip.grammar import (
    TOKEN,
    MessageError,
    Params,
    find_param,
    format_params,
    one_line,
    parse_params,
    quote,
    unquote,
)

URI_LENGTH_MAX = 2048
"""Characters of one URI. Long ones come from proxies that keep state in parameters; 2,048 holds all of
those."""

_CACHED_URIS = 2048
_CACHED_LENGTH_MAX = 256
"""The same phones and trunks come again and again: the cache is bounded to 2,048 x 256 characters of keys."""

_USER_UNRESERVED = "-_.!~*'()&=+$,;?/"
_PASSWORD_UNRESERVED = "-_.!~*'()&=+$,"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*")
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.\-]+)(?::([0-9]{1,5}))?\Z")
_USER_TEXT = re.compile(r"(?:[^%\s\x00-\x20<>\"\x7f@]|%[0-9A-Fa-f]{2})+\Z")
_FORBIDDEN = re.compile(r"[\s\x00-\x20<>\"\x7f]")
_QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_COMPARED_ALWAYS = ("transport", "user", "ttl", "method", "maddr")


@quick
@dataclass(frozen=True, slots=True)
class Uri:
    """A `sip:` or `sips:` URI; of every other scheme (`tel:` too) only `scheme` and `opaque` are set.

    `user` and `password` are unescaped; `host` is a name or an address without brackets; `params` and
    `headers` keep their escapes. `==` compares the parts literally: RFC 3261's looser rule is `same_uri`.
    """

    scheme: str = "sip"
    user: str | None = None
    password: str | None = None
    host: str = ""
    port: int | None = None
    params: Params = ()
    headers: tuple[tuple[str, str], ...] = ()
    opaque: str | None = None
    _text: str = field(default="", init=False, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Raises MessageError. An unknown scheme is kept: whoever uses the URI decides about it."""
        if len(text) <= _CACHED_LENGTH_MAX:
            return _parse_cached(text)
        return _parse_uri(text)

    def param(self, name: str) -> str | None:
        """The value of a parameter, "" for one without a value, None for an absent one."""
        return find_param(self.params, name)

    @property
    def is_sip(self) -> bool:
        return self.opaque is None

    @property
    def secure(self) -> bool:
        return self.scheme == "sips"

    def bare(self) -> "Uri":
        """Scheme, user, host and port alone: the form of an address of record (RFC 3261 section 10.3, step
        5)."""
        if self.opaque is not None or not (self.params or self.headers or self.password):
            return self
        return Uri(self.scheme, self.user, None, self.host, self.port)

    def __str__(self) -> str:
        if not self._text:
            object.__setattr__(self, "_text", _format_uri(self))
        return self._text


@quick
@dataclass(frozen=True, slots=True)
class NameAddr:
    """A display name (unquoted, may be empty), a URI, and the header's own parameters (`tag`, `expires`,
    `q`)."""

    display: str
    uri: Uri
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """`"Name" <uri>;params`, `Name <uri>;params`, `<uri>` or `uri;params`. Raises MessageError."""
        text = text.strip()
        if text.startswith('"'):
            quoted = _QUOTED.match(text)
            if quoted is None:
                raise MessageError("unbalanced quote")
            display = unquote(quoted[0])
            rest = text[quoted.end() :].lstrip()
            if not rest.startswith("<"):
                raise MessageError("expected '<' after a display name")
        else:
            open_at = text.find("<")
            if open_at < 0:
                return cls._parse_bare(text)
            display = text[:open_at].strip()
            rest = text[open_at:]
            if '"' in display:
                raise MessageError("quote inside an unquoted display name")
        close_at = rest.find(">")
        if close_at < 0:
            raise MessageError("unbalanced angle bracket")
        return cls(display, Uri.parse(rest[1:close_at].strip()), parse_params(rest[close_at + 1 :].strip()))

    @classmethod
    def _parse_bare(cls, text: str) -> Self:
        # RFC 3261 section 20: without brackets every parameter is the header's, and '?' or ',' needs
        # brackets.
        uri, semicolon, params = text.partition(";")
        if "?" in uri or "," in uri:
            raise MessageError("a URI with '?' or ',' must stand in angle brackets")
        return cls("", Uri.parse(uri.strip()), parse_params(semicolon + params))

    @property
    def tag(self) -> str | None:
        return find_param(self.params, "tag")

    def param(self, name: str) -> str | None:
        """The value of a header parameter, "" for one without a value, None for an absent one."""
        return find_param(self.params, name)

    def with_tag(self, tag: str | None) -> "NameAddr":
        """The same with this tag, or without any."""
        others = tuple(pair for pair in self.params if pair[0] != "tag")
        return NameAddr(self.display, self.uri, others if tag is None else (*others, ("tag", tag)))

    def __str__(self) -> str:
        display = quote(one_line(self.display)) + " " if self.display else ""
        return f"{display}<{self.uri}>{format_params(self.params)}"


def same_uri(a: Uri, b: Uri) -> bool:
    """RFC 3261 section 19.1.4. Schemes other than SIP's compare as text without regard to case."""
    if a is b or a == b:
        # The same phone's contact, again and again.
        return True
    if a.scheme != b.scheme:
        return False
    if a.opaque is not None or b.opaque is not None:
        return (a.opaque or "").lower() == (b.opaque or "").lower()
    if (a.user, a.password, a.port) != (b.user, b.password, b.port) or not _same_host(a.host, b.host):
        return False
    left, right = _folded(a.params), _folded(b.params)
    for name in left.keys() | right.keys():
        if name in left and name in right:
            if left[name] != right[name]:
                return False
        elif name in _COMPARED_ALWAYS:
            return False
    return _folded_headers(a) == _folded_headers(b)


def _same_host(a: str, b: str) -> bool:
    if ":" in a and ":" in b:
        return IPv6Address(a) == IPv6Address(b)
    return a.lower() == b.lower()


def _folded(params: Params) -> dict[str, str]:
    return {name: _unescape(value or "").lower() for name, value in params}


def _folded_headers(uri: Uri) -> list[tuple[str, str]]:
    return sorted((name.lower(), _unescape(value)) for name, value in uri.headers)


def _unescape(text: str) -> str:
    """Undo %HH once. What is not UTF-8 then stays escaped: text has no place for such bytes."""
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


@lru_cache(_CACHED_URIS)
def _parse_cached(text: str) -> Uri:
    return _parse_uri(text)


def _parse_uri(text: str) -> Uri:
    if len(text) > URI_LENGTH_MAX:
        raise MessageError("URI is too long")
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise MessageError("URI has no scheme")
    scheme = scheme.lower()
    if _FORBIDDEN.search(rest):
        raise MessageError("URI has a character that must be escaped")
    if scheme not in ("sip", "sips"):
        if not rest:
            raise MessageError("URI is empty")
        uri = Uri(scheme=scheme, opaque=rest)
    else:
        uri = _parse_sip_uri(scheme, rest)
    # Written as it was read: a peer that compares our text with its own finds no difference.
    object.__setattr__(uri, "_text", text)
    return uri


def _parse_sip_uri(scheme: str, rest: str) -> Uri:
    user = password = None
    # A user part may hold '?' and ';' but no bare '@', and nothing after it may: so the first '@' is the
    # border.
    userinfo, at, after = rest.partition("@")
    if not at:
        after = rest
    else:
        if not userinfo or not _USER_TEXT.match(userinfo):
            raise MessageError("malformed user part")
        user, colon, secret = userinfo.partition(":")
        if not user:
            raise MessageError("empty user part")
        user = _decode_user(user)
        password = _decode_user(secret) if colon else None
    host_and_params, question, headers = after.partition("?")
    host_port, semicolon, params = host_and_params.partition(";")
    found = _HOST_PORT.match(host_port)
    if found is None or _BAD_ESCAPE.search(after):
        raise MessageError("malformed host, port or escape")
    port = found[2]
    if port is not None and not 0 < int(port) < 65536:
        raise MessageError("port out of range")
    return Uri(
        scheme,
        user,
        password,
        parse_host(found[1]),
        int(port) if port is not None else None,
        parse_params(semicolon + params),
        _parse_uri_headers(headers) if question else (),
    )


def _decode_user(text: str) -> str:
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise MessageError("escaped bytes are not UTF-8") from None


def parse_host(text: str) -> str:
    """A host name or address; brackets of an IPv6 reference are taken off. Raises MessageError."""
    if not text.startswith("["):
        return text
    try:
        IPv6Address(text[1:-1])
    except AddressValueError:
        raise MessageError("malformed IPv6 reference") from None
    return text[1:-1]


def format_host(host: str) -> str:
    """A host as it stands in a URI or Via: IPv6 gets its brackets."""
    return f"[{host}]" if ":" in host else host


def _parse_uri_headers(text: str) -> tuple[tuple[str, str], ...]:
    headers: list[tuple[str, str]] = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not equals or not TOKEN.fullmatch(name):
            raise MessageError("malformed header in a URI")
        headers.append((name, value))
    return tuple(headers)


def _format_uri(uri: Uri) -> str:
    if uri.opaque is not None:
        return f"{uri.scheme}:{uri.opaque}"
    parts = [uri.scheme, ":"]
    if uri.user is not None:
        parts.append(escape(uri.user, safe=_USER_UNRESERVED))
        if uri.password is not None:
            parts.append(":" + escape(uri.password, safe=_PASSWORD_UNRESERVED))
        parts.append("@")
    parts.append(format_host(uri.host))
    if uri.port is not None:
        parts.append(f":{uri.port}")
    parts.append(format_params(uri.params))
    if uri.headers:
        parts.append("?" + "&".join(f"{name}={value}" for name, value in uri.headers))
    return "".join(parts)
