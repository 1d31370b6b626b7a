"""A session description as values, and how they are written (RFC 8866 section 5).

Only what telephony needs is kept: lines `i u e p r z k` are checked for form when read and then dropped.
"""

from dataclasses import dataclass, replace

from switch.base.errors import PeerError
from switch.base.values import quick
from switch.sdp.direction import Direction


class SdpError(PeerError):
    """Bytes that are not a session description; the text says which line and why."""


@quick
@dataclass(frozen=True, slots=True)
class Origin:
    """The `o=` line, RFC 8866 section 5.2. `address` may be a name; nothing is ever sent to it."""

    username: str
    session_id: int
    version: int
    address_type: str
    address: str


@quick
@dataclass(frozen=True, slots=True)
class Connection:
    """A `c=` line: `address_type` IP4 or IP6, and the address without multicast TTL and count."""

    address_type: str
    address: str


@quick
@dataclass(frozen=True, slots=True)
class Attribute:
    """An `a=` line: a property (`value` None) or a value, which may be empty."""

    name: str
    value: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Media:
    """An `m=` section. `port` 0 means a declined or removed stream (RFC 3264 sections 6 and 8.2)."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: Connection | None = None
    bandwidths: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    def value(self, name: str) -> str | None:
        """The value of the first attribute of this name, or None."""
        return next((a.value for a in self.attributes if a.name == name), None)


@quick
@dataclass(frozen=True, slots=True)
class Session:
    """One whole description."""

    origin: Origin
    name: str = "-"
    connection: Connection | None = None
    bandwidths: tuple[str, ...] = ()
    timing: str = "0 0"
    attributes: tuple[Attribute, ...] = ()
    media: tuple[Media, ...] = ()

    def connection_of(self, media: Media) -> Connection | None:
        """The address of a stream: its own, else the session's (RFC 8866 section 5.7)."""
        return media.connection or self.connection

    def direction_of(self, media: Media) -> Direction:
        """The stream's direction: its own, else the session's, else sendrecv (RFC 8866 section 6.7)."""
        own = _direction(media.attributes)
        return own or _direction(self.attributes) or Direction.SENDRECV

    def to_bytes(self) -> bytes:
        """The description in RFC 8866's order of lines, with CRLF."""
        origin = self.origin
        lines = [
            "v=0",
            f"o={origin.username} {origin.session_id} {origin.version} IN"
            f" {origin.address_type} {origin.address}",
            f"s={self.name}",
        ]
        _write_common(lines, self.connection, self.bandwidths)
        lines.append(f"t={self.timing}")
        _write_attributes(lines, self.attributes)
        for media in self.media:
            lines.append(f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}")
            _write_common(lines, media.connection, media.bandwidths)
            _write_attributes(lines, media.attributes)
        return ("\r\n".join(lines) + "\r\n").encode()


def same_but_version(left: Session, right: Session) -> bool:
    """Whether two descriptions say the same, whatever their `o=` versions are.

    RFC 3264 section 8 lets a peer that repeats its offer keep the version, but phones exist that
    count up without a change, and others that change without counting. Only the content is trusted.
    """
    return replace(left, origin=replace(left.origin, version=right.origin.version)) == right


def _direction(attributes: tuple[Attribute, ...]) -> Direction | None:
    for attribute in attributes:
        if attribute.name in _DIRECTIONS and attribute.value is None:
            return Direction(attribute.name)
    return None


_DIRECTIONS = frozenset(Direction)


def _write_common(lines: list[str], connection: Connection | None, bandwidths: tuple[str, ...]) -> None:
    if connection is not None:
        lines.append(f"c=IN {connection.address_type} {connection.address}")
    lines.extend(f"b={bandwidth}" for bandwidth in bandwidths)


def _write_attributes(lines: list[str], attributes: tuple[Attribute, ...]) -> None:
    lines.extend(f"a={a.name}" if a.value is None else f"a={a.name}:{a.value}" for a in attributes)
