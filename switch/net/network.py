"""All SIP sockets of one switch."""

from itertools import count

from switch.base.errors import ResourceError
from switch.net.ports import NetCounts, Receiver
from switch.net.tcp import TcpListener
from switch.net.udp import UdpListener
from switch.sip.flow import Address, Flow, Transport

_ANY_PORT_TRIES = 20
"""A port must be free for UDP and TCP alike, and the kernel chooses for one of them only."""


class Network:
    """Listeners for UDP and TCP on each address, and the way down to them."""

    def __init__(self) -> None:
        self._receiver: Receiver | None = None
        self._numbers = count(1)
        self._listeners: dict[tuple[Transport, Address], UdpListener | TcpListener] = {}
        self.counts = NetCounts()

    @property
    def listeners(self) -> tuple[tuple[Transport, Address], ...]:
        return tuple(self._listeners)

    async def open(self, address: Address) -> Address:
        """Listen for UDP and TCP on one address. Raises ResourceError; nothing stays open then."""
        tries = _ANY_PORT_TRIES if address.port == 0 else 1
        for left in reversed(range(tries)):
            udp = UdpListener(self.counts)
            tcp = TcpListener(self.counts, self._numbers)
            bound = await udp.open(address)
            try:
                await tcp.open(bound)
            except ResourceError:
                await udp.close()
                if not left:
                    raise
                continue
            self._listeners[Transport.UDP, bound] = udp
            self._listeners[Transport.TCP, bound] = tcp
            return bound
        raise AssertionError("the last try returns or raises")

    async def start(self, receiver: Receiver) -> None:
        """Begin to hand up what comes; until then it waits in the sockets."""
        self._receiver = receiver
        for listener in self._listeners.values():
            if isinstance(listener, UdpListener):
                listener.start(receiver)
            else:
                await listener.start(receiver)

    def send(self, data: bytes, flow: Flow) -> None:
        """Down to the listener that the flow names; a flow of a listener that is gone fails."""
        listener = self._listeners.get((flow.transport, flow.local))
        if listener is not None:
            listener.send(data, flow)
        elif self._receiver is not None:
            self._receiver.failed(flow)

    async def close(self) -> None:
        for listener in self._listeners.values():
            await listener.close()
        self._listeners.clear()
