"""WebSocket on the web port: handshake, frames and bounds of RFC 6455, by a library's protocol without I/O.

What is spoken inside is not known here. Whoever wants streams gives a `StreamGate` with the name of its
subprotocol; a handshake without that name is refused in words, because its author needs to read them.
"""

import asyncio
import http
from collections.abc import Sequence
from typing import Any, Protocol, cast

from websockets.datastructures import Headers
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from switch.net.seldom import Seldom
from switch.sip.flow import Address

_refusals = Seldom()
"""Of all ports together: a page that is refused comes again by itself, every few seconds."""

HANDSHAKE_S = 10
"""A handshake is one request; the time counts from the connection."""

PING_EVERY_S = 25
"""Below the 30 to 60 s after which proxies and home routers forget a silent connection. A browser cannot send
pings by itself, and a tab that sleeps or a machine that was closed says nothing: an answer shows life."""

SILENT_PINGS_MAX = 2
"""Without an answer for so many the browser is gone, and its agent must not be offered a caller."""

WRITE_BUFFER_MAX = 1 << 20
"""A browser that does not read for so many bytes is cut off."""

CLOSE_S = 5
"""How long a connection that we close may take to agree."""


class StreamSink(Protocol):
    """Who takes the messages of one stream."""

    def message(self, data: bytes) -> None:
        """One whole message, text or binary."""

    def closed(self) -> None:
        """The stream is gone; told once."""


class StreamGate(Protocol):
    """Who takes the streams of one subprotocol."""

    subprotocol: str
    message_bytes_max: int

    def open(self, stream: "WebSocket") -> StreamSink | None:
        """Take a stream whose handshake is good; None where there are too many."""


class WebSocket(asyncio.Protocol):
    """One WebSocket from its handshake to its end; `remote`, `local` and `secure` are the connection's.

    Made by the web server with the transport of an HTTP request that asks for an upgrade.
    """

    def __init__(self, gate: StreamGate, origins: Sequence[str], **_server: Any) -> None:
        self.remote = self.local = Address("", 0)
        self.secure = False
        self._gate = gate
        self._origins = frozenset(origins)
        self._loop = asyncio.get_running_loop()
        self._protocol = ServerProtocol(
            subprotocols=[Subprotocol(gate.subprotocol)], max_size=gate.message_bytes_max
        )
        self._transport: asyncio.Transport | None = None
        self._sink: StreamSink | None = None
        self._pieces: list[bytes] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._silent_pings = 0

    # What the stream's owner asks.

    def send(self, data: bytes) -> None:
        """One message: as text where it is text, as browsers' libraries expect it."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > WRITE_BUFFER_MAX:
            self.abort()
            return
        try:
            if _is_text(data):
                self._protocol.send_text(data)
            else:
                self._protocol.send_binary(data)
        except InvalidState:
            # The browser has begun to close: what we say now it does not want.
            return
        self._flush()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What the loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.remote = Address(*transport.get_extra_info("peername")[:2])
        self.local = Address(*transport.get_extra_info("sockname")[:2])
        self.secure = transport.get_extra_info("ssl_object") is not None
        self._alarm = self._loop.call_later(HANDSHAKE_S, self.abort)

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame):
                self._frame(event)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._alarm is not None:
            self._alarm.cancel()
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.closed()

    # Inside.

    def _shake_hands(self, request: Request) -> None:
        refusal = self._refusal(request)
        if refusal is not None:
            self._protocol.send_response(refusal)
            return
        response = self._protocol.accept(request)
        if response.status_code == http.HTTPStatus.SWITCHING_PROTOCOLS:
            self._sink = self._gate.open(self)
            if self._sink is None:
                response = self._protocol.reject(
                    http.HTTPStatus.SERVICE_UNAVAILABLE, "too many connections\n"
                )
        self._protocol.send_response(response)
        if self._sink is not None:
            self._set_alarm(PING_EVERY_S, self._ping)

    def _refusal(self, request: Request) -> Response | None:
        """What the library does not ask for: the subprotocol, and a page that may speak to us."""
        name = self._gate.subprotocol
        offered = [
            word.strip()
            for field in request.headers.get_all("Sec-WebSocket-Protocol")
            for word in field.split(",")
        ]
        if name not in offered:
            text = f"the WebSocket subprotocol '{name}' was expected: new WebSocket(url, '{name}')\n"
            return self._protocol.reject(http.HTTPStatus.BAD_REQUEST, text)
        origin = _origin(request.headers)
        if self._origins and origin not in self._origins:
            _refusals.say(
                "a page may not connect: its origin is not among web: origins",
                origin=origin[:200] or "none",
                peer=str(self.remote),
            )
            text = f"pages of {origin or 'no origin'} may not connect here\n"
            return self._protocol.reject(http.HTTPStatus.FORBIDDEN, text)
        return None

    def _frame(self, frame: Frame) -> None:
        self._silent_pings = 0
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._pieces.append(bytes(frame.data))
            if frame.fin and self._sink is not None:
                # The library holds the sum of the pieces to the bound.
                pieces, self._pieces = self._pieces, []
                self._sink.message(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def _ping(self) -> None:
        if self._silent_pings >= SILENT_PINGS_MAX:
            self.abort()
            return
        self._silent_pings += 1
        try:
            self._protocol.send_ping(b"")
        except InvalidState:
            return
        self._flush()
        self._set_alarm(PING_EVERY_S, self._ping)

    def _flush(self) -> None:
        """Write what the protocol has to say; an empty piece is the end of it."""
        transport = self._transport
        if transport is None:
            return
        for piece in self._protocol.data_to_send():
            if piece:
                transport.write(piece)
            elif transport.can_write_eof():
                transport.write_eof()
            else:
                transport.close()
        if self._protocol.close_expected() and not transport.is_closing():
            self._set_alarm(CLOSE_S, self.abort)

    def _set_alarm(self, seconds: float, action: Any) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_later(seconds, action)


def _origin(headers: Headers) -> str:
    values = headers.get_all("Origin")
    return values[0].strip().lower() if len(values) == 1 else ""


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
