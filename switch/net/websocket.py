"""SIP over WebSocket (RFC 7118). The web server accepts and upgrades; here a stream of its messages becomes a
connection like any other. One WebSocket message is one SIP message, so nothing is framed.

A browser is reached by its own connection and by nothing else: its Contact names a host that does not exist.
"""

from typing import Protocol

from switch.net.connections import Connections
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message.limits import MESSAGE_BYTES_MAX

SUBPROTOCOL = "sip"
"""RFC 7118 section 4.1."""

_PING, _PONG = b"\r\n\r\n", b"\r\n"


class WebSocketStream(Protocol):
    """What the web server hands over: open, and with the subprotocol agreed."""

    remote: Address
    local: Address
    secure: bool

    def send(self, data: bytes) -> None:
        """One message; bounded by the server, which cuts a peer that does not read."""

    def abort(self) -> None:
        """End it."""


class WebSocketConnection:
    """The sink of one stream, and its place in the table of connections."""

    __slots__ = ("_stream", "_table", "flow")

    def __init__(self, table: Connections, flow: Flow, stream: WebSocketStream) -> None:
        self.flow = flow
        self._table = table
        self._stream = stream

    def message(self, data: bytes) -> None:
        """One whole message of the browser."""
        if not data.strip(b"\r\n\0"):
            # RFC 7118 section 5.4: the keep-alive of RFC 5626 in a message of its own.
            self._table.counts.keepalives += 1
            if data == _PING:
                self.send(_PONG)
            return
        self._table.intake.put(data, self.flow)
        self._table.intake.drain()

    def closed(self) -> None:
        """The stream is gone; told once, however it ended."""
        if self._table.remove(self):
            self._table.receiver.closed(self.flow)

    def send(self, data: bytes) -> None:
        self._stream.send(data)

    def abort(self) -> None:
        self._stream.abort()


class WebSocketGate:
    """Where the web server asks whether a stream may stand. `advertised` replaces its local address in what
    browsers are told; None where they see the same address as we."""

    subprotocol = SUBPROTOCOL
    message_bytes_max = MESSAGE_BYTES_MAX

    def __init__(self, table: Connections, advertised: Address | None = None) -> None:
        self._table = table
        self.advertised = advertised

    def open(self, stream: WebSocketStream) -> WebSocketConnection | None:
        """Take the stream, or None where there are too many."""
        if not self._table.admit(stream.remote.host):
            return None
        transport = Transport.WSS if stream.secure else Transport.WS
        local = self.advertised or stream.local
        flow = Flow(transport, local, stream.remote, self._table.next_number())
        connection = WebSocketConnection(self._table, flow, stream)
        self._table.add(connection)
        return connection
