"""Two uvicorn servers in the switch's own loop: metrics and health on TCP, the control API on a Unix socket.

Sockets are bound before uvicorn sees them, so that a taken port is one clear line and not an exit
from within a library, and the Unix socket is never open to others, not even for a moment. uvicorn's
`serve` is not used because it takes over the signals of the process, which belong to `node`.
"""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from switch.api.control import control_app
from switch.api.limits import (
    CONNECTIONS_MAX,
    HEADER_BYTES_MAX,
    BodyLimit,
    ControlProtocol,
    PublicProtocol,
)
from switch.api.port import ControlPort
from switch.api.public import browser_app, public_app
from switch.api.state_folder import StateFolder
from switch.api.websocket import StreamGate, WebSocket
from switch.base.errors import ResourceError
from switch.sip.flow import Address

_DRAIN_S = 2
"""How long a stop waits for answers that are being written."""


@dataclass(frozen=True, slots=True)
class WebOptions:
    """WebSocket streams on the HTTP port, and a second port for browsers alone.

    `gate` None: no streams. `browsers` is bound and faces the browsers; with `tls` it speaks HTTPS. `origins`
    empty: pages of any origin may connect, since who calls must authenticate anyway.
    """

    gate: StreamGate | None = None
    origins: tuple[str, ...] = ()
    browsers: socket.socket | None = None
    tls: ssl.SSLContext | None = None


class ApiServer:
    """Start it when the port can answer; `stop` it before what the port stands on is taken down."""

    def __init__(self) -> None:
        self.web: Address | None = None
        """The browsers' port, where there is one."""
        self._running: list[tuple[uvicorn.Server, asyncio.Task[None], socket.socket]] = []

    async def start(
        self, port: ControlPort, state: StateFolder, http: Address | None, web: WebOptions | None = None
    ) -> Address | None:
        """Listen; the bound HTTP address comes back (of use when its port was 0). Raises ResourceError."""
        bound = None
        web = web or WebOptions()
        try:
            if http is not None:
                listener = bind_http(http)
                bound = Address(*listener.getsockname()[:2])
                await self._serve(public_app(port), PublicProtocol, listener, web)
            if web.browsers is not None:
                self.web = Address(*web.browsers.getsockname()[:2])
                await self._serve(browser_app(), PublicProtocol, web.browsers, web, web.tls)
            await self._serve(control_app(port), ControlProtocol, state.bind_control())
        except BaseException:
            await self.stop()
            raise
        return bound

    async def _serve(
        self,
        app: ASGIApp,
        protocol: type[PublicProtocol],
        listener: socket.socket,
        web: WebOptions | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        streams = None
        if web is not None and web.gate is not None:
            streams = partial(WebSocket, web.gate, web.origins)
        config = uvicorn.Config(
            BodyLimit(app),
            http=protocol,
            # Called like a class, which is all that is asked of it.
            ws="none" if streams is None else cast(type[asyncio.Protocol], streams),
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            # One request a connection: then the protocol's deadline bounds the request as well.
            headers=[("connection", "close")],
            backlog=CONNECTIONS_MAX,
            h11_max_incomplete_event_size=HEADER_BYTES_MAX,
            timeout_graceful_shutdown=_DRAIN_S,
        )
        config.load()
        config.ssl = tls
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        self._running.append((server, asyncio.create_task(server.main_loop()), listener))

    async def stop(self) -> None:
        """Stop listening, let running answers finish for `_DRAIN_S`; harmless when repeated."""
        running, self._running = self._running, []
        for _, ticks, _ in running:
            ticks.cancel()
        await asyncio.gather(*(server.shutdown(sockets=[listener]) for server, _, listener in running))


def bind_http(address: Address, setting: str = "--http") -> socket.socket:
    """A TCP socket bound to `address`, not yet listening. Raises ResourceError with one clear line, which
    names the `setting` that chooses another."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
    except OSError as error:
        listener.close()
        raise ResourceError(
            f"HTTP address {address}: {error.strerror}; choose another with {setting}"
        ) from error
    return listener
