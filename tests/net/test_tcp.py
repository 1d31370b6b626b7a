"""SIP over TCP with real sockets: framing, who is cut off, who is refused, and what is told upwards."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from switch.net import connections, streams
from switch.net.network import Network
from switch.sip.flow import Address, Flow, Transport

MESSAGE = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n"
PATIENCE_S = 0.3
"""How long the switch waits for a message, once a test is sure of the ones before."""

WAIT_S = 30.0


class Owner:
    """Notes what the sockets tell."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, Flow]] = []
        self.gone: list[Flow] = []
        self.failures: list[Flow] = []
        self.refusals: list[tuple[bytes, Flow]] = []

    def received(self, data: bytes, flow: Flow) -> None:
        self.messages.append((data, flow))

    def drained(self) -> None:
        pass

    def refused(self, data: bytes, flow: Flow) -> None:
        self.refusals.append((data, flow))

    def failed(self, flow: Flow, branch: str = "") -> None:
        del branch
        self.failures.append(flow)

    def closed(self, flow: Flow) -> None:
        self.gone.append(flow)


class Wire:
    def __init__(self, network: Network, owner: Owner, address: Address) -> None:
        self.network, self.owner, self.address = network, owner, address

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.address.host, self.address.port)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    network, owner = Network(), Owner()
    address = await network.open(Address("127.0.0.1", 0))
    await network.start(owner)
    yield Wire(network, owner, address)
    await network.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on the switch has `PATIENCE_S` only: called when what must come in time has come."""
    return lambda: monkeypatch.setattr(streams, "FIRST_MESSAGE_S", PATIENCE_S)


async def until(condition: object, seconds: float = WAIT_S) -> None:
    assert callable(condition)
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def test_a_message_comes_up_whole_and_the_answer_goes_down_the_same_way(wire: Wire) -> None:
    reader, writer = await wire.connect()
    for byte in MESSAGE:
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    await until(lambda: wire.owner.messages)
    data, flow = wire.owner.messages[0]
    assert data == MESSAGE
    assert flow.connection > 0
    wire.network.send(b"answer", flow)
    assert await reader.readexactly(6) == b"answer"
    writer.close()
    await until(lambda: wire.owner.gone == [flow])
    wire.network.send(b"late", flow)
    assert wire.owner.failures == [flow]


@pytest.mark.parametrize("data", [b"", b"INVITE sip:", b"\r\n\r\n"], ids=["silent", "half", "keep-alive"])
async def test_who_never_sends_a_message_is_cut_off(
    wire: Wire, impatient: Callable[[], None], data: bytes
) -> None:
    impatient()
    begun = asyncio.get_running_loop().time()
    reader, writer = await wire.connect()
    writer.write(data)
    assert (await asyncio.wait_for(reader.read(), WAIT_S)).strip() == b""
    assert asyncio.get_running_loop().time() - begun > PATIENCE_S * 0.9
    assert wire.network.counts.connections_cut == 1
    writer.close()


async def test_who_trickles_a_further_message_is_cut_off(wire: Wire, impatient: Callable[[], None]) -> None:
    reader, writer = await wire.connect()
    writer.write(MESSAGE)
    await until(lambda: wire.owner.messages)
    impatient()

    async def trickle() -> None:
        for byte in MESSAGE * 3:
            writer.write(bytes([byte]))
            await asyncio.sleep(PATIENCE_S / 10)

    trickling = asyncio.create_task(trickle())
    assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
    assert len(wire.owner.messages) == 1
    trickling.cancel()
    writer.close()


async def test_a_phone_that_registered_may_be_silent_and_keep_alive(
    wire: Wire, impatient: Callable[[], None]
) -> None:
    """Double and single empty lines are keep-alives, and begin no message."""
    reader, writer = await wire.connect()
    writer.write(MESSAGE)
    await until(lambda: wire.owner.messages)
    impatient()
    await asyncio.sleep(PATIENCE_S * 1.5)
    writer.write(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"\r\n"
    writer.write(b"\r\n")
    await asyncio.sleep(PATIENCE_S * 2)
    writer.write(MESSAGE)
    await until(lambda: len(wire.owner.messages) == 2)
    writer.close()


async def test_one_address_cannot_take_all_connections(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_PER_HOST_MAX", 3)
    kept = [await wire.connect() for _ in range(3)]
    await until(lambda: wire.network.counts.connections_open == 3)
    reader, refused = await wire.connect()
    await until(lambda: wire.network.counts.connections_refused == 1)
    other = await asyncio.open_connection(wire.address.host, wire.address.port, local_addr=("127.0.0.7", 0))
    await until(lambda: wire.network.counts.connections_open == 4)
    for _, writer in [*kept, (reader, refused), other]:
        writer.close()
    await until(lambda: wire.network.counts.connections_open == 0)
    again = await wire.connect()
    await until(lambda: wire.network.counts.connections_open == 1)
    again[1].close()


async def test_bytes_that_cannot_be_framed_end_the_connection(wire: Wire) -> None:
    reader, writer = await wire.connect()
    writer.write(b"INVITE sip:a SIP/2.0\r\nContent-Length: many\r\n\r\n")
    assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
    assert wire.network.counts.connections_cut == 1
    assert len(wire.owner.messages) == 1, "the head goes up, to be answered"
    writer.close()


async def test_a_gateway_that_is_not_there_fails(wire: Wire) -> None:
    asked = Flow(Transport.TCP, wire.address, Address("127.0.0.1", 1))
    wire.network.send(MESSAGE, asked)
    await until(lambda: wire.owner.failures == [asked])


async def test_a_gateway_is_connected_once_and_used_again(wire: Wire, impatient: Callable[[], None]) -> None:
    impatient()
    received = bytearray()
    connections = 0

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while data := await reader.read(1_000):
            received.extend(data)
        writer.close()

    server = await asyncio.start_server(gateway, "127.0.0.1", 0)
    remote = Address(*server.sockets[0].getsockname()[:2])
    asked = Flow(Transport.TCP, wire.address, remote)
    for _ in range(3):
        wire.network.send(MESSAGE, asked)
    await until(lambda: bytes(received) == MESSAGE * 3)
    # It owes us no message: only who came to us must say something.
    await asyncio.sleep(PATIENCE_S * 1.5)
    wire.network.send(MESSAGE, asked)
    await until(lambda: bytes(received) == MESSAGE * 4)
    assert connections == 1
    server.close()
