"""What RFC 3261 section 18 asks of a transport, without the sockets: framing of streams, `received`, `rport`.

Theory of the framer. A stream is a row of messages, each a head that ends with an empty line and a body as
long as Content-Length says, with empty lines between them (RFC 3261 section 7.5, RFC 5626 section 3.5.1).
Bytes arrive in any cut. Where a head cannot be framed (no length can be believed) the next message cannot be
found either: the framer hands up what it has, so that the layer above can answer it, says `broken`, and the
connection must be closed.
"""

import re
from dataclasses import dataclass

from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Via
from switch.sip.message.limits import HEAD_BYTES_MAX, MESSAGE_BYTES_MAX
from switch.sip.message.select import halves

DEFAULT_PORT = 5060
DEFAULT_TLS_PORT = 5061

_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)*([^\r\n]*)", re.IGNORECASE)
_BLANK = b"\r\n\r\n"
_TOP_VIA = re.compile(
    rb"\r\n(?:via|v)[ \t]*:[ \t]*SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*[A-Z]+[ \t]+(\[[0-9a-f:.]+\]|[a-z0-9.-]+)"
    rb"(?:[ \t]*:[ \t]*([0-9]{1,5}))?",
    re.IGNORECASE,
)
PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Ping:
    """RFC 5626 section 3.5.1: the peer keeps its connection alive; send `reply` on the same one."""

    reply: bytes = b"\r\n"


class StreamFramer:
    """Cuts one connection's bytes into messages. One framer a connection."""

    __slots__ = ("_buffer", "_scanned", "_wanted", "broken")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        """Where the search for the empty line goes on, so that a slow sender costs linear work."""
        self._wanted = 0
        """Length of the message whose head is complete; 0 while the head is awaited."""
        self.broken: str | None = None
        """Why the stream cannot be read on; the connection is to be closed."""

    @property
    def pending(self) -> bool:
        """A message is begun and not complete. Line ends alone are a keep-alive, and begin none."""
        buffer = self._buffer
        return len(buffer) > len(_BLANK) or bool(buffer.strip(b"\r\n"))

    def feed(self, data: bytes) -> list[bytes | Ping]:
        """The messages, and at most one ping, that these bytes complete. Nothing after `broken`."""
        out: list[bytes | Ping] = []
        if self.broken is not None:
            return out
        self._buffer += data
        pinged = False
        while self.broken is None:
            if self._wanted == 0:
                pinged = self._skip_empty_lines() or pinged
                if not self._find_head(out):
                    break
            if len(self._buffer) < self._wanted:
                break
            self._take(self._wanted, out)
        # One answer is enough for any number of pings in one read: a flood must not be multiplied.
        if pinged:
            out.append(Ping())
        return out

    def _skip_empty_lines(self) -> bool:
        """Drop line ends before a start line; true if there were two together, which is a ping."""
        buffer = self._buffer
        if not buffer.startswith(b"\r"):
            return False
        end = 0
        while buffer.startswith(_BLANK, end):
            end += 4
        pinged = end > 0
        # A single line end is a pong, or half a ping: only what follows it tells, so it waits for that.
        if buffer.startswith(b"\r\n", end) and len(buffer) > end + 2 and buffer[end + 2 : end + 3] != b"\r":
            end += 2
        if end:
            del buffer[:end]
            self._scanned = 0
        return pinged

    def _find_head(self, out: list[bytes | Ping]) -> bool:
        """Look for the end of the head and work out the message's length; false while more bytes are
        needed."""
        buffer = self._buffer
        if len(buffer) < 4 and _BLANK.startswith(buffer):
            return False
        blank = buffer.find(_BLANK, max(0, self._scanned - 3))
        if blank < 0:
            self._scanned = len(buffer)
            if len(buffer) > HEAD_BYTES_MAX:
                self._break("head-too-large", out, HEAD_BYTES_MAX)
            return False
        if blank > HEAD_BYTES_MAX:
            self._break("head-too-large", out, HEAD_BYTES_MAX)
            return False
        lengths = {bytes(value).strip() for value in _LENGTH.findall(bytes(buffer[:blank]))}
        # RFC 3261 section 20.14 wants the header on streams; a bodiless message without it does no harm.
        length = lengths.pop() if lengths else b"0"
        head = blank + len(_BLANK)
        if lengths or not length.isdigit() or len(length) > 10:
            self._break("bad-content-length", out, head)
            return False
        if head + int(length) > MESSAGE_BYTES_MAX:
            self._break("message-too-large", out, head)
            return False
        self._wanted = head + int(length)
        return True

    def _take(self, length: int, out: list[bytes | Ping]) -> None:
        out.append(bytes(self._buffer[:length]))
        del self._buffer[:length]
        self._scanned = self._wanted = 0

    def _break(self, why: str, out: list[bytes | Ping], length: int) -> None:
        self.broken = why
        self._take(length, out)
        self._buffer.clear()


def note_source(request: Request, flow: Flow) -> None:
    """Write the source into the top Via (RFC 3261 section 18.2.1, RFC 3581 section 4).

    `received` where sent-by is not literally the source address, or where `rport` asks for both.
    Raises MessageError if the Via is malformed.
    """
    vias = request.vias
    if halves.note_source(request, flow.remote.host, str(flow.remote.port)):
        return
    via = vias[0]
    if not via.wants_rport and via.host == flow.remote.host:
        return
    noted = via.with_param("received", flow.remote.host)
    if via.wants_rport:
        noted = noted.with_param("rport", str(flow.remote.port))
    fields = request.headers.all("Via")
    if len(request.headers.fields("Via")) == len(fields):
        request.headers.replace_first("Via", str(noted))
    else:
        request.headers.set_all("Via", (str(noted), *fields[1:]))
    # Known already: to read it again would be a tenth of the cost of the whole message.
    request.headers.parsed["via"] = (noted, *vias[1:])


def response_address(data: bytes, flow: Flow) -> tuple[Address, str] | None:
    """Where a response goes whose connection is gone (RFC 3261 section 18.2.2), and the host of its sent-by.

    To the host that the request came from and the port of sent-by. `data` is the response as it was to be
    sent; None where it is none, or its Via cannot be read.
    """
    if not data.startswith(b"SIP/2.0 "):
        return None
    via = _TOP_VIA.search(data)
    if via is None:
        return None
    default = DEFAULT_TLS_PORT if flow.transport is Transport.TLS else DEFAULT_PORT
    port = int(via.group(2) or default)
    if not 0 < port <= PORT_MAX:
        return None
    return Address(flow.remote.host, port), via.group(1).decode("ascii").strip("[]")


def response_flow(via: Via, flow: Flow) -> Flow:
    """Where a response goes (RFC 3261 section 18.2.2): `via` is the request's top one, after `note_source`.

    Streams answer on their connection. A datagram goes to the host it came from, which is what `received`
    says, and to the port of `rport`, of sent-by, or the default. `maddr` is not followed: it would let a
    stranger aim us.
    """
    if flow.transport.reliable:
        return flow
    port = via.rport or via.port or DEFAULT_PORT
    if port == flow.remote.port:
        return flow
    return Flow(flow.transport, flow.local, Address(flow.remote.host, port), flow.connection)
