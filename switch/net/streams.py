"""SIP over TCP and TLS: connections that peers open, and those that we open to gateways.

| a peer's connection | leaves by |
| --- | --- |
| accepted | too many in all or from its host: refused; TCP: at once to `open`; TLS: to `handshake` |
| handshake | done within `HANDSHAKE_S`: `open`; else cut |
| open, nothing said | one whole message within `FIRST_MESSAGE_S`; else cut |
| open, a message begun | complete within `FIRST_MESSAGE_S` of its first byte; else cut |
| open | silent for `IDLE_S`, does not read `WRITE_BUFFER_MAX` bytes, cannot be framed: cut |

One that we open has `CONNECT_S` for all of connecting, and owes us no first message.
"""

import asyncio
import re
import socket
import ssl

import structlog

from switch.base.errors import ResourceError
from switch.net.connections import Connections
from switch.net.seldom import Seldom
from switch.net.tls import ClientTls, ServerSide, check_name, client_context, proved_names
from switch.sip.flow import Address, Flow, Transport
from switch.sip.transport import DEFAULT_TLS_PORT, StreamFramer

_log = structlog.get_logger()

WRITE_BUFFER_MAX = 1 << 20
"""A peer that does not read for so many bytes is cut off; its phone will come back."""

FIRST_MESSAGE_S = 32
"""A peer that connects has as long as a transaction (Timer F) to send one whole message, and as long for
each further one that it has begun: who says nothing, or a byte now and then, is cut off."""

IDLE_S = 7_200
"""RFC 5923 leaves it open; phones register at least hourly, so two hours of silence is a dead peer."""

HANDSHAKE_S = 10
"""TLS needs two or three round trips; who takes longer holds a place for nothing."""

HANDSHAKES_MAX = 256
"""At once: each costs a millisecond or two of signing, so more than these would keep calls waiting."""

ACCEPTS_MAX = 64
"""Accepted before the loop looks at anything else."""

ACCEPT_REST_S = 0.5
"""After the process ran out of descriptors."""

CONNECT_S = 5
"""TCP and TLS together: a gateway that takes longer is passed over for the next."""

FLUSH_S = 5
"""How long a connection that we close may take to read our last answer."""

BACKLOG_MAX = 32
"""Messages that wait for a connection of ours to open; more than a few is a gateway that is down."""

LISTEN_BACKLOG = 1_024
"""Connections that the kernel keeps while the loop is busy: a shift that begins comes within seconds."""

_ALIAS = re.compile(
    rb"\r\n(?:via|v)[ \t]*:[ \t]*SIP/2\.0/TLS[ \t]+([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
    rb"[^\r\n,]*;[ \t]*alias[ \t]*(?:[;,]|\r\n)",
    re.IGNORECASE,
)


_REFUSES_OURS = "it does not trust our certificate, or its name is another than the one it was told"

_REASONS = {
    "TLSV1_ALERT_UNKNOWN_CA": _REFUSES_OURS,
    "SSLV3_ALERT_BAD_CERTIFICATE": _REFUSES_OURS,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _REFUSES_OURS,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "our certificate has expired, or its clock is wrong",
    "UNSUPPORTED_PROTOCOL": "it knows no TLS 1.2 or 1.3",
    "NO_SHARED_CIPHER": "no cipher in common",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it showed no certificate, which this listener requires",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
    "HTTP_REQUEST": "it does not speak TLS",
}


class Connection(asyncio.Protocol):
    """One connection from its first byte to its last; for TLS what is inside."""

    __slots__ = (
        "_alarm",
        "_deadline",
        "_early",
        "_framer",
        "_loop",
        "_proved",
        "_table",
        "flow",
        "task",
        "transport",
        "waiting",
    )

    def __init__(self, table: Connections, flow: Flow) -> None:
        self.flow = flow
        self.transport: asyncio.Transport | None = None
        self.waiting: list[bytes] = []
        """What is to be sent while it is being opened."""
        self.task: asyncio.Task[None] | None = None
        self._table = table
        self._loop = asyncio.get_running_loop()
        self._framer = StreamFramer()
        self._alarm: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._proved = False
        """The peer has shown that it speaks SIP, by a whole message."""
        self._early = b""

    def opened(self, transport: asyncio.Transport, *, ours: bool) -> None:
        """It can be written to. Peers that come to us owe a message."""
        self.transport = transport
        self._proved = ours
        self._set_deadline(IDLE_S if ours else FIRST_MESSAGE_S)
        waiting, self.waiting = self.waiting, []
        for data in waiting:
            self.send(data)
        early, self._early = self._early, b""
        if early:
            self.data_received(early)

    # What the loop tells.

    def data_received(self, data: bytes) -> None:
        transport = self.transport
        if transport is None:
            # The first bytes may be here before the end of the handshake is told.
            self._early += data
            return
        framer, table = self._framer, self._table
        was_pending = framer.pending
        complete = False
        for item in framer.feed(data):
            if isinstance(item, bytes):
                complete = True
                if self.flow.certificate_names:
                    self._note_alias(item)
                table.intake.put(item, self.flow)
            else:
                table.counts.keepalives += 1
                self.send(item.reply)
        self._proved = self._proved or complete
        if framer.pending:
            # Its time runs from its first byte: further ones, or a whole message before it, change nothing.
            if complete or not was_pending:
                self._set_deadline(FIRST_MESSAGE_S if self._proved else None)
        elif self._proved:
            self._set_deadline(IDLE_S)
        table.intake.drain()
        if framer.broken is not None:
            table.counts.connections_cut += 1
            transport.close()
            self._set_deadline(FLUSH_S)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._stop()

    # What the table asks.

    def send(self, data: bytes) -> None:
        transport = self.transport
        if transport is None:
            if len(self.waiting) < BACKLOG_MAX:
                self.waiting.append(data)
            return
        if transport.get_write_buffer_size() > WRITE_BUFFER_MAX:
            self.cut()
            return
        transport.write(data)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        elif self.task is not None:
            self.task.cancel()

    def cut(self) -> None:
        """End it for what the peer did, or did not do."""
        self._table.counts.connections_cut += 1
        self.abort()

    # Inside.

    def _stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._table.remove(self):
            self._table.receiver.closed(self.flow)

    def _set_deadline(self, seconds: float | None) -> None:
        """None leaves the one that stands. The timer is set anew only where it would be late: a busy
        connection moves its deadline with every message."""
        if seconds is None:
            return
        self._deadline = self._loop.time() + seconds
        if self._alarm is None or self._alarm.when() > self._deadline:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._loop.time() < self._deadline:
            self._alarm = self._loop.call_at(self._deadline, self._ring)
            return
        if self.transport is not None and self.transport.is_closing():
            # It is cut already, and does not read the answer that said why.
            self.abort()
        else:
            self.cut()

    def _note_alias(self, message: bytes) -> None:
        """RFC 5923: only a name that its certificate proved may be reached by its connection."""
        found = _ALIAS.search(message[:2_048])
        if found is None or message.startswith(b"SIP/2.0"):
            return
        name = found.group(1).decode("ascii").strip("[]").lower()
        if name in self.flow.certificate_names:
            self._table.alias(self, int(found.group(2) or DEFAULT_TLS_PORT), name)


class StreamListener:
    """One bound address for TCP, or for TLS where `tls` is given.

    Connections are accepted here and not by the event loop, so that one is counted, and refused where there
    are too many, before a byte of it is read and before TLS has cost anything.
    """

    def __init__(self, table: Connections, transport: Transport) -> None:
        self.transport = transport
        self.address = Address("", 0)
        """As peers see it."""
        self.tls: ServerSide | None = None
        self._table = table
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._resting: asyncio.TimerHandle | None = None
        self._failed_handshakes = Seldom()

    def open(self, bind: Address, advertised: Address | None = None) -> Address:
        """Bind; port 0 asks for any. Raises ResourceError with one line. The bound address comes back."""
        family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind((bind.host, bind.port))
            made.listen(LISTEN_BACKLOG)
        except OSError as error:
            made.close()
            why = error.strerror or error
            raise ResourceError(f"cannot listen on {self.transport} {bind}: {why}") from error
        bound = Address(bind.host, made.getsockname()[1])
        self._socket = made
        self.address = advertised or bound
        return bound

    def start(self) -> None:
        """Accept, and hand up what comes."""
        assert self._socket is not None, "open comes before start"
        self._resting = None
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._acceptable)

    async def close(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _acceptable(self) -> None:
        assert self._socket is not None, "a closed socket is not watched"
        loop = asyncio.get_running_loop()
        for _ in range(ACCEPTS_MAX):
            try:
                accepted, peer = self._socket.accept()
            except (BlockingIOError, ConnectionAbortedError, InterruptedError):
                return
            except OSError as error:
                # No descriptors are left: what waits would wake us at once, again and again.
                _log.error("connections cannot be accepted", at=str(self.address), reason=error.strerror)
                loop.remove_reader(self._socket.fileno())
                self._resting = loop.call_later(ACCEPT_REST_S, self.start)
                return
            self._accept(accepted, Address(peer[0], peer[1]))

    def _accept(self, accepted: socket.socket, peer: Address) -> None:
        if not self._table.admit(peer.host):
            accepted.close()
            return
        if self.tls is not None and len(self._tasks) >= HANDSHAKES_MAX:
            self._table.counts.connections_refused += 1
            accepted.close()
            return
        accepted.setblocking(False)
        flow = Flow(self.transport, self.address, peer, self._table.next_number())
        connection = Connection(self._table, flow)
        self._table.add(connection)
        connection.task = asyncio.create_task(self._begin(accepted, connection))
        self._tasks.add(connection.task)
        connection.task.add_done_callback(self._tasks.discard)

    async def _begin(self, accepted: socket.socket, connection: Connection) -> None:
        """Until the connection stands: for TLS this is the handshake."""
        secure = self.tls is not None
        try:
            transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=None if self.tls is None else self.tls.front,
                ssl_handshake_timeout=HANDSHAKE_S if secure else None,
            )
        except (OSError, asyncio.CancelledError) as error:
            # SSLError is one; so are a reset, and the time that is up.
            if secure:
                self._table.counts.handshakes_failed += 1
                if isinstance(error, ssl.SSLError):
                    self._failed_handshakes.say(
                        "a TLS handshake failed",
                        at=str(self.address),
                        peer=str(connection.flow.remote),
                        reason=_tls_reason(error),
                    )
            self._table.remove(connection)
            accepted.close()
            return
        flow = connection.flow
        names = proved_names(transport.get_extra_info("peercert")) if secure else ()
        if names:
            connection.flow = Flow(flow.transport, flow.local, flow.remote, flow.connection, "", names)
        connection.opened(transport, ours=False)


class Dialler:
    """Opens connections to gateways."""

    def __init__(self, table: Connections, tls: ClientTls) -> None:
        """Raises ResourceError for certificates that cannot be read."""
        self._table = table
        self._tasks: set[asyncio.Task[None]] = set()
        self.set_tls(tls)

    def set_tls(self, tls: ClientTls) -> None:
        """For connections from now on. Raises ResourceError, and then nothing has changed."""
        self._context = client_context(tls)
        self._wildcards = tls.wildcards

    def dial(self, asked: Flow) -> Connection:
        """A connection that takes what is to be sent, and sends it once it stands."""
        number = self._table.next_number()
        flow = Flow(asked.transport, asked.local, asked.remote, number, asked.server_name)
        connection = Connection(self._table, flow)
        self._table.add_ours(connection)
        task = asyncio.create_task(self._open(connection, asked), name=f"sip-dial-{asked.remote}")
        connection.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return connection

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _open(self, connection: Connection, asked: Flow) -> None:
        secure = asked.transport is Transport.TLS
        wanted = asked.server_name or asked.remote.host
        try:
            opening = asyncio.get_running_loop().create_connection(
                lambda: connection,
                asked.remote.host,
                asked.remote.port,
                ssl=self._context if secure else None,
                server_hostname=wanted if secure else None,
            )
            transport, _ = await asyncio.wait_for(opening, CONNECT_S)
        except (OSError, TimeoutError) as error:
            if secure and isinstance(error, ssl.SSLError):
                _log.warning("TLS to a gateway failed", gateway=wanted, reason=_tls_reason(error))
            self._fail(connection, asked)
            return
        if secure:
            names = proved_names(transport.get_extra_info("peercert"))
            if not check_name(names, wanted, wildcards=self._wildcards):
                shown = ", ".join(names) or "no name"
                _log.warning("a gateway's certificate is for another name", gateway=wanted, shown=shown)
                transport.abort()
                self._fail(connection, asked)
                return
            flow = connection.flow
            connection.flow = Flow(
                flow.transport, flow.local, flow.remote, flow.connection, asked.server_name, names
            )
        connection.opened(transport, ours=True)

    def _fail(self, connection: Connection, asked: Flow) -> None:
        if asked.transport is Transport.TLS:
            self._table.counts.handshakes_failed += 1
        if self._table.remove(connection):
            self._table.receiver.failed(asked)


def _tls_reason(error: ssl.SSLError) -> str:
    """In words where OpenSSL's name of it says too little to whoever has to mend it."""
    reason = getattr(error, "verify_message", None) or error.reason or str(error)
    return _REASONS.get(reason, reason)
