"""SIP over TCP by asyncio streams: connections that peers open, and those that we open to gateways."""

import asyncio
from collections import Counter
from itertools import count

from switch.base.errors import ResourceError
from switch.net.ports import NetCounts, Receiver
from switch.sip.flow import Address, Flow, Transport
from switch.sip.transport import StreamFramer

CONNECTIONS_MAX = 10_000
"""One an agent's phone, and room for a shift that comes while the other has not left."""

READ_BYTES = 65_536
WRITE_BUFFER_MAX = 1 << 20
"""A peer that does not read for so many bytes is cut off; its phone will come back."""

FIRST_MESSAGE_S = 32
"""A peer that connects has as long as a transaction (Timer F) to send one whole message, and as long for
each further one that it has begun: who says nothing, or a byte now and then, is cut off."""

CONNECTIONS_PER_HOST_MAX = 2_000
"""A large office behind one NAT fits; one stranger cannot take all connections."""

IDLE_S = 7_200
"""RFC 5923 leaves it open; phones register at least hourly, so two hours of silence is a dead peer."""

CONNECT_S = 5
BACKLOG_MAX = 32
"""Messages that wait for a connection of ours to open; more than a few is a gateway that is down."""


class _Connection:
    __slots__ = ("flow", "reader", "task", "waiting", "writer")

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None
        self.waiting: list[bytes] = []
        self.task: asyncio.Task[None] | None = None


class TcpListener:
    """One bound TCP address and all its connections."""

    def __init__(self, counts: NetCounts, numbers: "count[int]") -> None:
        self._receiver: Receiver | None = None
        self._counts = counts
        self._numbers = numbers
        self._server: asyncio.Server | None = None
        self._connections: dict[int, _Connection] = {}
        self._hosts: Counter[str] = Counter()
        self._opened: dict[Address, int] = {}
        """Connections that we opened, by whom they reach: reused by later requests (RFC 3261 section 18)."""
        self.address = Address("", 0)

    async def open(self, address: Address) -> Address:
        """Bind; port 0 asks for any. Raises ResourceError with one line."""
        try:
            self._server = await asyncio.start_server(
                self._accept, address.host, address.port, start_serving=False
            )
        except OSError as error:
            raise ResourceError(f"cannot listen on TCP {address}: {error.strerror or error}") from error
        self.address = Address(address.host, self._server.sockets[0].getsockname()[1])
        return self.address

    async def start(self, receiver: Receiver) -> None:
        """Accept, and hand up what comes."""
        assert self._server is not None, "open comes before start"
        self._receiver = receiver
        await self._server.start_serving()

    def send(self, data: bytes, flow: Flow) -> None:
        """By the flow's connection, or by one of ours to its remote address, opened when needed."""
        number = flow.connection or self._opened.get(flow.remote, 0)
        connection = self._connections.get(number)
        if connection is None and flow.connection:
            self._owner.failed(flow)
        elif connection is None:
            self._connect(data, flow)
        elif connection.writer is None:
            if len(connection.waiting) < BACKLOG_MAX:
                connection.waiting.append(data)
        else:
            self._write(connection, data)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        # Cut, not cancelled: a reader that sees its end leaves by its own door.
        connections = list(self._connections.values())
        for connection in connections:
            if connection.writer is not None:
                connection.writer.transport.abort()
            elif connection.task is not None:
                connection.task.cancel()
        tasks = [connection.task for connection in connections if connection.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _owner(self) -> Receiver:
        assert self._receiver is not None, "nothing moves before start"
        return self._receiver

    def _write(self, connection: _Connection, data: bytes) -> None:
        writer = connection.writer
        assert writer is not None, "an open connection has a writer"
        if writer.transport.get_write_buffer_size() > WRITE_BUFFER_MAX:
            self._counts.connections_cut += 1
            writer.transport.abort()
            return
        writer.write(data)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if peer is None:
            writer.transport.abort()
            return
        if len(self._connections) >= CONNECTIONS_MAX or self._hosts[peer[0]] >= CONNECTIONS_PER_HOST_MAX:
            self._counts.connections_refused += 1
            writer.transport.abort()
            return
        number = next(self._numbers)
        flow = Flow(Transport.TCP, self.address, Address(peer[0], peer[1]), number)
        connection = _Connection(flow)
        connection.reader, connection.writer = reader, writer
        connection.task = asyncio.current_task()
        self._add(connection)
        await self._serve(connection, asyncio.get_running_loop().time() + FIRST_MESSAGE_S)

    def _connect(self, data: bytes, flow: Flow) -> None:
        number = next(self._numbers)
        connection = _Connection(Flow(Transport.TCP, self.address, flow.remote, number))
        connection.waiting.append(data)
        self._add(connection)
        self._opened[flow.remote] = number
        connection.task = asyncio.create_task(self._dial(connection, flow), name=f"sip-tcp-{flow.remote}")

    async def _dial(self, connection: _Connection, asked: Flow) -> None:
        remote = asked.remote
        try:
            opening = asyncio.open_connection(remote.host, remote.port)
            connection.reader, connection.writer = await asyncio.wait_for(opening, CONNECT_S)
        except (OSError, TimeoutError):
            self._drop(connection)
            self._owner.failed(asked)
            return
        for data in connection.waiting:
            self._write(connection, data)
        connection.waiting.clear()
        await self._serve(connection, None)

    async def _serve(self, connection: _Connection, due: float | None) -> None:
        self._counts.connections_open += 1
        try:
            await self._read(connection, due)
        except OSError:
            pass
        finally:
            self._counts.connections_open -= 1
            self._drop(connection)
            if connection.writer is not None:
                connection.writer.close()
            self._owner.closed(connection.flow)

    async def _read(self, connection: _Connection, due: float | None) -> None:
        """Until the peer leaves or is cut off. `due` is the time by which a message must have come."""
        reader = connection.reader
        assert reader is not None, "an open connection has a reader"
        framer = StreamFramer()
        loop = asyncio.get_running_loop()
        while framer.broken is None:
            patience_s = IDLE_S if due is None else due - loop.time()
            try:
                data = await asyncio.wait_for(reader.read(READ_BYTES), patience_s)
            except TimeoutError:
                break
            if not data:
                return
            items = framer.feed(data)
            if any(isinstance(item, bytes) for item in items):
                due = None
            elif due is None and data.strip(b"\r\n"):
                # Empty lines are a keep-alive of some phones and begin nothing.
                due = loop.time() + FIRST_MESSAGE_S
            for item in items:
                if isinstance(item, bytes):
                    self._owner.received(item, connection.flow)
                else:
                    self._write(connection, item.reply)
        self._counts.connections_cut += 1

    def _add(self, connection: _Connection) -> None:
        self._connections[connection.flow.connection] = connection
        self._hosts[connection.flow.remote.host] += 1

    def _drop(self, connection: _Connection) -> None:
        if self._connections.pop(connection.flow.connection, None) is not None:
            host = connection.flow.remote.host
            self._hosts[host] -= 1
            if not self._hosts[host]:
                del self._hosts[host]
        if self._opened.get(connection.flow.remote) == connection.flow.connection:
            del self._opened[connection.flow.remote]
