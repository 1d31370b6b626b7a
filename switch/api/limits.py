"""What one HTTP client may cost: connections, seconds and bytes.

uvicorn bounds the size of headers, but neither how long they take nor the size of a body nor how many
connections stand open. All three are bounded here, so that a client that sends nothing, or for ever,
is gone after a stated time and never holds more than a stated amount.
"""

import asyncio
from typing import Any, cast

from h11 import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

BODY_BYTES_MAX = 16 * 1024
"""The largest control command is a name and a reason; this is forty of them."""
HEADER_BYTES_MAX = 8 * 1024
CONNECTIONS_MAX = 64
"""A few scrapers, a health check and some terminals; each costs one descriptor."""
PUBLIC_S_MAX = 15
"""A scrape that takes longer has failed: Prometheus gives up after 10 s by default."""
CONTROL_S_MAX = 600
"""A reload speaks every prompt that is new, which may take minutes on a small machine."""


class PublicProtocol(H11Protocol):
    """One connection: closed when there are too many, and aborted when its time is up."""

    seconds_max = PUBLIC_S_MAX
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)
        super().connection_made(stream)
        if len(self.connections) > CONNECTIONS_MAX:
            stream.abort()
            return
        self._deadline = self.loop.call_later(self.seconds_max, stream.abort)

    def handle_websocket_upgrade(self, event: Request) -> None:
        """From here on it is a stream, which has bounds of its own and lasts."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)


class ControlProtocol(PublicProtocol):
    """The same with the patience that a reload needs."""

    seconds_max = CONTROL_S_MAX


class BodyLimit:
    """Answers 413 to a body over BODY_BYTES_MAX, before any of it reaches the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "lifespan and WebSocket are switched off in the server"
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > BODY_BYTES_MAX:
                await _refuse(send)
                return
        await self._app(scope, _replay(bytes(body), receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hands out the body that was read, once, and then what the server says (a disconnect)."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


async def _refuse(send: Send) -> None:
    text = f"the body is over {BODY_BYTES_MAX} bytes\n".encode()
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": 413,
        "headers": [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())],
    }
    await send(start)
    await send({"type": "http.response.body", "body": text})
