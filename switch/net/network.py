"""All SIP sockets of one switch."""

from dataclasses import dataclass

from switch.base.errors import ResourceError
from switch.net.connections import Connections
from switch.net.intake import Intake
from switch.net.ports import NetCounts, Receiver
from switch.net.streams import Dialler, StreamListener
from switch.net.tls import ClientTls, Loaded, ServerContexts, ServerSide, ServerTls
from switch.net.udp import UdpListener
from switch.net.websocket import WebSocketGate
from switch.sip.flow import Address, Flow, Transport

_ANY_PORT_TRIES = 20
"""A port must be free for UDP and TCP alike, and the kernel chooses for one of them only."""

PLAIN = (Transport.UDP, Transport.TCP)


@dataclass(frozen=True, slots=True)
class Listening:
    """One address to listen on. `advertised` is what peers are told where that is another one; its port 0
    stands for the bound port. `tls` goes with the transport TLS."""

    bind: Address
    transports: tuple[Transport, ...] = PLAIN
    advertised: Address | None = None
    tls: ServerTls | None = None


_Key = tuple[Transport, Address]


class Network:
    """Listeners by what peers call them, and the way down to them."""

    def __init__(self, tls: ClientTls = ClientTls()) -> None:  # noqa: B008 - frozen, so one default is shared
        """Raises ResourceError for certificates that cannot be read."""
        self.counts = NetCounts()
        self.intake = Intake(self.counts)
        self.connections = Connections(self.counts, self.intake)
        self._receiver: Receiver | None = None
        self._dialler = Dialler(self.connections, tls)
        self._datagrams: dict[Address, UdpListener] = {}
        self._streams: dict[_Key, StreamListener] = {}
        self._gates: list[WebSocketGate] = []

    @property
    def listeners(self) -> tuple[_Key, ...]:
        """What peers can be told to speak to, in the order opened."""
        datagrams = ((Transport.UDP, address) for address in self._datagrams)
        return (*datagrams, *self._streams)

    @property
    def certificates(self) -> tuple[Loaded, ...]:
        """Those that listeners show, for metrics."""
        return tuple(
            loaded for listener in self._streams.values() if listener.tls for loaded in listener.tls.loaded
        )

    async def open(self, address: Address) -> Address:
        """Listen for UDP and TCP on one address. Raises ResourceError; nothing stays open then."""
        return await self.listen(Listening(address))

    async def listen(self, wanted: Listening) -> Address:
        """Open one listener; the address that peers are told comes back. Raises ResourceError."""
        tries = _ANY_PORT_TRIES if wanted.bind.port == 0 and len(wanted.transports) > 1 else 1
        for left in reversed(range(tries)):
            opened: list[tuple[Transport, UdpListener | StreamListener]] = []
            try:
                advertised = self._open_all(wanted, opened)
            except ResourceError:
                for _, listener in opened:
                    await listener.close()
                if not left or not opened:
                    raise
                continue
            for transport, listener in opened:
                if isinstance(listener, UdpListener):
                    self._datagrams[advertised] = listener
                else:
                    self._streams[transport, advertised] = listener
            return advertised
        raise AssertionError("the last try returns or raises")

    def _open_all(
        self, wanted: Listening, opened: list[tuple[Transport, UdpListener | StreamListener]]
    ) -> Address:
        """Every transport on one port; what was opened stands in `opened` also where the next one fails."""
        bind = wanted.bind
        advertised = wanted.advertised
        for transport in wanted.transports:
            if transport is Transport.UDP:
                datagrams = UdpListener(self.counts, self.intake)
                bind = datagrams.open(bind, advertised)
                opened.append((transport, datagrams))
            else:
                listener = StreamListener(self.connections, transport)
                if transport is Transport.TLS:
                    assert wanted.tls is not None, "TLS comes with certificates"
                    listener.tls = ServerSide(wanted.tls)
                bind = listener.open(bind, advertised)
                opened.append((transport, listener))
            if advertised is not None and not advertised.port:
                advertised = Address(advertised.host, bind.port)
        for _, either in opened:
            either.address = advertised or bind
        return advertised or bind

    def websockets(self, advertised: Address | None = None) -> WebSocketGate:
        """Where a web server hands over its streams with the subprotocol `sip`."""
        gate = WebSocketGate(self.connections, advertised)
        self._gates.append(gate)
        return gate

    async def start(self, receiver: Receiver) -> None:
        """Begin to hand up what comes; until then it waits in the sockets."""
        self._receiver = receiver
        self.connections.start(receiver)
        for datagrams in self._datagrams.values():
            datagrams.start(receiver)
        for listener in self._streams.values():
            listener.start()
        self.intake.start(receiver)

    def count_lost(self) -> None:
        """Bring into `counts` what only the kernel knows."""
        self.counts.datagrams_lost = sum(datagrams.lost for datagrams in self._datagrams.values())

    def send(self, data: bytes, flow: Flow) -> None:
        """Down to the listener that the flow names; a flow of a listener that is gone fails."""
        transport = flow.transport
        if transport is Transport.UDP:
            datagrams = self._datagrams.get(flow.local)
            if datagrams is not None:
                datagrams.send(data, flow)
            elif self._receiver is not None:
                self._receiver.failed(flow)
            return
        dials = (transport, flow.local) in self._streams
        if self._receiver is not None:
            self.connections.send(data, flow, self._dialler.dial if dials else None)

    def reload_tls(self, client: ClientTls, servers: dict[Address, ServerTls]) -> None:
        """Read the certificates again; connections that stand are not touched.

        `servers` is by what peers call a TLS listener; others keep what they have. Raises ResourceError,
        and then everything is as it was.
        """
        found = {
            address: ServerContexts(settings)
            for address, settings in servers.items()
            if (Transport.TLS, address) in self._streams
        }
        self._dialler.set_tls(client)
        for address, contexts in found.items():
            side = self._streams[Transport.TLS, address].tls
            assert side is not None, "a TLS listener has certificates"
            side.replace(contexts)

    async def close(self) -> None:
        for datagrams in self._datagrams.values():
            await datagrams.close()
        for listener in self._streams.values():
            await listener.close()
        # Cut, not cancelled: a connection that sees its end leaves by its own door.
        self.connections.end_all()
        await self._dialler.close()
        await self.connections.ended()
        self._datagrams.clear()
        self._streams.clear()
