"""SIP over UDP, by asyncio-dgram.

The library queues datagrams without a bound and raises an earlier socket error out of the next receive.
So the queue is bounded here, on arrival, and errors (an ICMP "port unreachable" of a phone that is gone)
are counted where they are told: neither can stop the reader.
"""

import asyncio
import os
import socket
from typing import Any

from asyncio_dgram.aio import DatagramServer, Protocol, TransportClosed

from switch.base.errors import ResourceError
from switch.net.ports import NetCounts, Receiver
from switch.sip.flow import Address, Flow, Transport

QUEUE_SOFT = 2_000
"""Above this, REGISTER and OPTIONS are shed: phones repeat them, and no caller is hurt."""

QUEUE_HARD = 10_000
"""Above this, everything is: ten thousand messages are a second of work, and their senders repeat them."""

SEND_BUFFER_MAX = 1 << 20
"""Bytes that wait for the kernel; beyond it a datagram is dropped, as the network itself would."""

KERNEL_BUFFER = 4 << 20
"""What we ask the kernel to keep while the loop is busy; it may grant less."""

PORT_MAX = 65_535

_SHEDDABLE = (b"REGISTER ", b"OPTIONS ")


class _Bounded(Protocol):
    """The library's protocol with a bound on its queue."""

    def __init__(self, queue: "asyncio.Queue[Any]", drained: asyncio.Event, counts: NetCounts) -> None:
        super().__init__(queue, asyncio.Queue(), drained)
        self._queue = queue
        self._counts = counts

    def datagram_received(self, data: bytes, addr: Any) -> None:
        waiting = self._queue.qsize()
        if waiting >= QUEUE_SOFT and (waiting >= QUEUE_HARD or data.startswith(_SHEDDABLE)):
            self._counts.datagrams_shed += 1
            return
        self._queue.put_nowait((data, addr))

    def error_received(self, exc: Exception) -> None:
        del exc
        self._counts.socket_errors += 1


class UdpListener:
    """One bound UDP address."""

    def __init__(self, counts: NetCounts) -> None:
        self._receiver: Receiver | None = None
        self._counts = counts
        self._transport: Any = None
        self._server: Any = None
        self._task: asyncio.Task[None] | None = None
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self.address = Address("", 0)

    async def open(self, address: Address) -> Address:
        """Bind; port 0 asks for any. Raises ResourceError with one line. What comes waits for `start`."""
        loop = asyncio.get_running_loop()
        drained = asyncio.Event()
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Bounded(self._queue, drained, self._counts),
                local_addr=(address.host, address.port),
            )
        except OSError as error:
            # The loop's own words for it are about Python's arguments; the number is the system's.
            why = os.strerror(error.errno) if error.errno else str(error)
            raise ResourceError(
                f"cannot listen on UDP {address}: {why}; choose another with --sip"
            ) from error
        self._transport = transport
        kernel = transport.get_extra_info("socket")
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)
        self.address = Address(address.host, kernel.getsockname()[1])
        self._server = DatagramServer(self._transport, self._queue, asyncio.Queue(), drained)
        return self.address

    def start(self, receiver: Receiver) -> None:
        """Hand up what comes."""
        self._receiver = receiver
        self._task = asyncio.create_task(self._read(receiver), name=f"sip-udp-{self.address}")

    async def _read(self, receiver: Receiver) -> None:
        while True:
            try:
                data, source = await self._server.recv()
            except TransportClosed:
                return
            self._counts.datagrams_received += 1
            flow = Flow(Transport.UDP, self.address, Address(source[0], source[1]))
            receiver.received(data, flow)

    def send(self, data: bytes, flow: Flow) -> None:
        """Put one datagram on the wire; a full buffer or a bad address loses it, counted."""
        if self._transport.get_write_buffer_size() > SEND_BUFFER_MAX:
            self._counts.datagrams_unsent += 1
            return
        if not 0 < flow.remote.port <= PORT_MAX:
            # A loop takes such a port for the end of the whole socket, and closes it.
            self._unsent(flow)
            return
        try:
            self._transport.sendto(data, (flow.remote.host, flow.remote.port))
        except (OSError, ValueError):
            # A Via or Contact may name an address that no socket takes (another family, a name).
            self._unsent(flow)

    def _unsent(self, flow: Flow) -> None:
        self._counts.datagrams_unsent += 1
        if self._receiver is not None:
            self._receiver.failed(flow)

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
