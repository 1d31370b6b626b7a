"""Bytes to a session description (RFC 8866 section 5 and its grammar in section 9).

Strict where a wrong guess would send audio astray (versions, addresses, ports, unknown line types, which
section 5 forbids to half-understand), lenient where phones in the field err without harm: bare LF, a
missing `s=` or `t=`, session lines out of order, an empty last line.
"""

import re
from dataclasses import dataclass, field

from switch.base.values import quick
from switch.sdp.session import Attribute, Connection, Media, Origin, SdpError, Session

BYTES_MAX = 32_768
"""A browser's offer with video and ICE takes about 10 kB; three times that is nobody's description."""
LINES_MAX = 1_000
"""Lines of one description: the same browser's offer has about 200."""
MEDIA_MAX = 32
"""`m=` lines: every one costs a line in the answer; conference clients send a dozen."""
FORMATS_MAX = 64
"""Formats of one `m=` line: there are 128 payload types, and clients list fewer than 30."""
DIGITS_MAX = 32
"""Digits of a number: session ids are 64-bit NTP times (20 digits) in the RFC, longer in some phones."""

_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
_ADDRESS = re.compile(r"[0-9A-Za-z.:_\-]+")
_PROTOCOL = re.compile(r"[!#$%&'*+\-./0-9A-Z^_`a-z{|}~]+")
_TIMING = re.compile(r"[0-9]{1,32} [0-9]{1,32}")
_SESSION_LINES = frozenset("osiuepcbtrzka")
_MEDIA_LINES = frozenset("icbka")


@quick
@dataclass(slots=True)
class _Section:
    """What the session level and every media level have in common, while it is read."""

    connection: Connection | None = None
    bandwidths: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)

    def read(self, kind: str, value: str) -> None:
        if kind == "c":
            # Several c= lines are the layers of a multicast (section 5.7); the first tells what it is.
            self.connection = self.connection or _connection(value)
        elif kind == "b":
            self.bandwidths.append(value)
        elif kind == "a":
            self.attributes.append(_attribute(value))


@quick
@dataclass(slots=True)
class _Head:
    """Lines that stand once, at the session level."""

    origin: Origin | None = None
    name: str | None = None
    timing: str | None = None

    def read(self, kind: str, value: str) -> None:
        if kind == "o":
            if self.origin is not None:
                raise SdpError("second o= line")
            self.origin = _origin(value)
        elif kind == "s":
            self.name = self.name or value.strip() or "-"
        elif kind == "t":
            if not _TIMING.fullmatch(value):
                raise SdpError("malformed t= line")
            self.timing = self.timing or value


def parse(data: bytes) -> Session:
    """Read one description. Raises `SdpError` and nothing else."""
    lines = _lines(data)
    if lines[0] != "v=0":
        raise SdpError("line 1: expected v=0")
    head = _Head()
    session = _Section()
    media: list[tuple[Media, _Section]] = []
    for number, line in enumerate(lines[1:], start=2):
        kind, value = line[:1], line[2:]
        try:
            if line[1:2] != "=":
                raise SdpError("expected a letter and =")
            if kind == "m":
                if len(media) == MEDIA_MAX:
                    raise SdpError(f"more than {MEDIA_MAX} m= lines")
                media.append((_media(value), _Section()))
            elif media and kind in _MEDIA_LINES:
                media[-1][1].read(kind, value)
            elif not media and kind in _SESSION_LINES:
                head.read(kind, value)
                session.read(kind, value)
            else:
                raise SdpError(f"{kind}= line is unknown or misplaced")
        except SdpError as error:
            raise SdpError(f"line {number}: {error}") from None
    return _assemble(head, session, media)


def _lines(data: bytes) -> list[str]:
    if len(data) > BYTES_MAX:
        raise SdpError(f"more than {BYTES_MAX} bytes")
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    if "\r" in text or "\0" in text:
        raise SdpError("bare CR or NUL")
    lines = text.rstrip("\n").split("\n")
    if len(lines) > LINES_MAX:
        raise SdpError(f"more than {LINES_MAX} lines")
    return lines


def _assemble(head: _Head, session: _Section, media: list[tuple[Media, _Section]]) -> Session:
    if head.origin is None:
        raise SdpError("no o= line")
    sections: list[Media] = []
    for index, (line, section) in enumerate(media):
        if line.port and section.connection is None and session.connection is None:
            raise SdpError(f"no c= line for m= line {index + 1}")
        sections.append(
            Media(
                line.kind,
                line.port,
                line.protocol,
                line.formats,
                section.connection,
                tuple(section.bandwidths),
                tuple(section.attributes),
            )
        )
    return Session(
        head.origin,
        head.name or "-",
        session.connection,
        tuple(session.bandwidths),
        head.timing or "0 0",
        tuple(session.attributes),
        tuple(sections),
    )


def _origin(value: str) -> Origin:
    fields = value.split()
    if len(fields) != 6 or fields[3] != "IN":
        raise SdpError("malformed o= line")
    username, session_id, version, _, address_type, address = fields
    return Origin(username, number(session_id), number(version), address_type, address)


def _connection(value: str) -> Connection:
    fields = value.split()
    if len(fields) != 3 or fields[0] != "IN" or fields[1] not in ("IP4", "IP6"):
        raise SdpError("malformed c= line")
    address, *multicast = fields[2].split("/")
    if not _ADDRESS.fullmatch(address) or len(multicast) > 2:
        raise SdpError("malformed address in c= line")
    for part in multicast:
        number(part)
    return Connection(fields[1], address)


def _attribute(value: str) -> Attribute:
    name, colon, rest = value.partition(":")
    name = name.rstrip()
    if not _TOKEN.fullmatch(name):
        raise SdpError("malformed a= line")
    return Attribute(name, rest) if colon else Attribute(name)


def _media(value: str) -> Media:
    fields = value.split()
    if len(fields) < 4:
        raise SdpError("m= line needs a kind, port, protocol and format")
    kind, port_text, protocol, *formats = fields
    port, slash, count = port_text.partition("/")
    if slash:
        number(count)
    if len(formats) > FORMATS_MAX:
        raise SdpError(f"more than {FORMATS_MAX} formats in an m= line")
    if not (_TOKEN.fullmatch(kind) and _PROTOCOL.fullmatch(protocol) and all(map(_TOKEN.fullmatch, formats))):
        raise SdpError("malformed m= line")
    if number(port) > 65_535:
        raise SdpError("port out of range in m= line")
    return Media(kind, int(port), protocol, tuple(formats))


def number(text: str) -> int:
    """Decimal ASCII digits of a bounded count. Raises `SdpError`."""
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX):
        raise SdpError("expected a number")
    return int(text)
