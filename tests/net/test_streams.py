"""SIP over TCP on real sockets: connections of peers and of ours, their ends and their bounds."""

import asyncio
import socket

import pytest

from switch.net import connections, streams
from switch.net.intake import Intake
from switch.net.network import Network
from switch.net.ports import NetCounts
from switch.sip.flow import Address, Flow, Transport
from tests.net.inbox import WAIT_S, Inbox, listening

ONE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 2\r\n\r\nhi"
TWO = b"OPTIONS sip:b SIP/2.0\r\nContent-Length: 0\r\n\r\n"


class Phone:
    """A peer that dials us."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def dial(cls, address: Address) -> "Phone":
        return cls(*await asyncio.open_connection(address.host, address.port))

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self) -> bytes:
        """What comes next; empty at the end."""
        async with asyncio.timeout(WAIT_S):
            try:
                return await self.reader.read(1 << 16)
            except ConnectionResetError:
                return b""


class Gateway:
    """A peer that we dial."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.visitors: list[asyncio.StreamWriter] = []

    async def open(self) -> Address:
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        return Address("127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visitors.append(writer)
        while data := await reader.read(1 << 16):
            self.heard += data
        writer.close()

    async def close(self) -> None:
        for writer in self.visitors:
            writer.transport.abort()
        self._server.close()
        await self._server.wait_closed()


async def test_messages_come_up_whole_and_answers_go_back_by_their_connection() -> None:
    async with listening() as (network, inbox, bound):
        phone, other = await Phone.dial(bound), await Phone.dial(bound)
        for piece in (ONE[:10], ONE[10:] + TWO[:5], TWO[5:]):
            phone.say(piece)
            await asyncio.sleep(0.01)
        other.say(TWO)
        await inbox.until(lambda: len(inbox.messages) == 3)
        flow = inbox.messages[0][1]
        assert [data for data, where in inbox.messages if where == flow] == [ONE, TWO]
        assert (flow.transport, flow.local) == (Transport.TCP, bound)
        assert len({where.connection for _, where in inbox.messages}) == 2
        network.send(b"answer", flow)
        assert await phone.hear() == b"answer"
        assert network.counts.connections_open == 2


async def test_a_ping_is_answered() -> None:
    """RFC 5626 section 3.5.1: a phone that hears no pong gives its connection up."""
    async with listening() as (_, inbox, bound):
        phone = await Phone.dial(bound)
        phone.say(b"\r\n\r\n")
        assert await phone.hear() == b"\r\n"
        assert inbox.messages == []


async def test_the_end_of_a_connection_is_told_once_and_later_bytes_fail() -> None:
    async with listening() as (network, inbox, bound):
        phone = await Phone.dial(bound)
        phone.say(TWO)
        await inbox.until(lambda: bool(inbox.messages))
        flow = inbox.messages[0][1]
        phone.writer.close()
        await inbox.until(lambda: bool(inbox.ends))
        assert inbox.ends == [flow]
        network.send(b"too late", flow)
        assert inbox.failures == [flow]
        assert network.counts.connections_open == 0


async def test_a_stream_that_cannot_be_framed_is_cut_after_what_was_good() -> None:
    async with listening() as (network, inbox, bound):
        phone = await Phone.dial(bound)
        phone.say(TWO + b"OPTIONS sip:c SIP/2.0\r\nContent-Length: many\r\n\r\n")
        assert await phone.hear() == b""
        await inbox.until(lambda: bool(inbox.ends))
        assert inbox.messages[0][0] == TWO
        assert network.counts.connections_cut == 1


@pytest.mark.parametrize("drops", [(), (b"O",) * 40, (b"\r\n\r\n",) * 40], ids=["silent", "a byte", "pings"])
async def test_who_connects_and_never_says_a_message_is_cut(
    monkeypatch: pytest.MonkeyPatch, drops: tuple[bytes, ...]
) -> None:
    monkeypatch.setattr(streams, "FIRST_MESSAGE_S", 0.1)
    async with listening() as (network, inbox, bound):
        phone = await Phone.dial(bound)
        for drop in drops:
            if inbox.ends:
                break
            phone.say(drop)
            await asyncio.sleep(0.005)
        await inbox.until(lambda: bool(inbox.ends))
        assert network.counts.connections_cut == 1
        assert inbox.messages == []


async def test_a_begun_message_must_end_but_a_pause_between_messages_may_be_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening() as (_, inbox, bound):
        phone = await Phone.dial(bound)
        phone.say(TWO)
        await inbox.until(lambda: len(inbox.messages) == 1)
        monkeypatch.setattr(streams, "FIRST_MESSAGE_S", 0.1)
        await asyncio.sleep(0.2)
        phone.say(b"\r\n\r\n")
        assert await phone.hear() == b"\r\n"
        await asyncio.sleep(0.2)
        phone.say(TWO)
        await inbox.until(lambda: len(inbox.messages) == 2)
        phone.say(ONE[:10])
        await inbox.until(lambda: bool(inbox.ends))


async def test_a_connection_that_fell_silent_is_ended_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "IDLE_S", 0.05)
    async with listening() as (network, inbox, bound):
        phone = await Phone.dial(bound)
        phone.say(TWO)
        await inbox.until(lambda: bool(inbox.ends))
        assert len(inbox.messages) == 1
        assert network.counts.connections_open == 0


@pytest.mark.parametrize("bound_name", ["CONNECTIONS_MAX", "CONNECTIONS_PER_HOST_MAX"])
async def test_connections_beyond_the_bound_are_refused_and_room_comes_back(
    monkeypatch: pytest.MonkeyPatch, bound_name: str
) -> None:
    monkeypatch.setattr(connections, bound_name, 1)
    async with listening() as (network, inbox, bound):
        first = await Phone.dial(bound)
        first.say(TWO)
        await inbox.until(lambda: len(inbox.messages) == 1)
        refused = await Phone.dial(bound)
        assert await refused.hear() == b""
        assert network.counts.connections_refused == 1
        first.writer.close()
        await inbox.until(lambda: bool(inbox.ends))
        third = await Phone.dial(bound)
        third.say(ONE)
        await inbox.until(lambda: len(inbox.messages) == 2)


async def test_a_peer_that_does_not_read_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WRITE_BUFFER_MAX", 1 << 16)
    async with listening() as (network, inbox, bound):
        phone = await Phone.dial(bound)
        phone.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is a read transport too
        phone.say(TWO)
        await inbox.until(lambda: bool(inbox.messages))
        flow = inbox.messages[0][1]
        for _ in range(1000):
            network.send(bytes(1 << 16), flow)
            if network.counts.connections_cut:
                break
        await inbox.until(lambda: bool(inbox.ends))
        assert network.counts.connections_cut == 1
        phone.writer.transport.abort()


def to(remote: Address, bound: Address) -> Flow:
    return Flow(Transport.TCP, bound, remote)


async def test_our_connection_is_opened_once_and_used_again() -> None:
    gateway = Gateway()
    remote = await gateway.open()
    async with listening() as (network, inbox, bound):
        for _ in range(2):
            network.send(ONE, to(remote, bound))
        await inbox.until(lambda: len(gateway.heard) == 2 * len(ONE))
        network.send(TWO, to(remote, bound))
        await inbox.until(lambda: gateway.heard.endswith(TWO))
        assert bytes(gateway.heard) == ONE + ONE + TWO
        assert len(gateway.visitors) == 1
        gateway.visitors[0].write(TWO)
        await inbox.until(lambda: bool(inbox.messages))
        assert inbox.messages[0][1].remote == remote
        # The gateway restarts: the next message finds it again.
        gateway.visitors[0].transport.abort()
        await inbox.until(lambda: bool(inbox.ends))
        network.send(TWO, to(remote, bound))
        await inbox.until(lambda: len(gateway.visitors) == 2)
    await gateway.close()


async def test_a_gateway_that_is_not_there_is_told_at_once() -> None:
    """Or its caller would hear nothing for half a minute while another gateway stands by."""
    gateway = Gateway()
    remote = await gateway.open()
    await gateway.close()
    async with listening() as (network, inbox, bound):
        network.send(ONE, to(remote, bound))
        await inbox.until(lambda: bool(inbox.failures))
        assert inbox.failures == [to(remote, bound)]


async def test_what_waits_for_a_connection_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BACKLOG_MAX", 3)
    gateway = Gateway()
    remote = await gateway.open()
    async with listening() as (network, inbox, bound):
        for _ in range(10):
            network.send(TWO, to(remote, bound))
        await inbox.until(lambda: len(gateway.heard) >= 3 * len(TWO))
        await asyncio.sleep(0.02)
        assert bytes(gateway.heard) == TWO * 3
    await gateway.close()


async def test_close_ends_everything() -> None:
    gateway = Gateway()
    remote = await gateway.open()
    network, inbox = Network(), Inbox()
    bound = await network.open(Address("127.0.0.1", 0))
    await network.start(inbox)
    phone = await Phone.dial(bound)
    phone.say(TWO)
    network.send(ONE, to(remote, bound))
    await inbox.until(lambda: bool(inbox.messages) and bool(gateway.heard))
    await network.close()
    assert await phone.hear() == b""
    assert len(inbox.ends) == 2
    assert network.listeners == ()
    await gateway.close()


async def test_every_cut_of_the_bytes() -> None:
    """RFC 3261 section 18.3: a stream keeps no borders: two messages with a line end between, cut once at
    every place."""
    stream = ONE + b"\r\n" + TWO
    async with listening() as (_, inbox, bound):
        phone = await Phone.dial(bound)
        kernel = phone.writer.transport.get_extra_info("socket")
        kernel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for cut in range(1, len(stream)):
            phone.say(stream[:cut])
            await asyncio.sleep(0.001)
            phone.say(stream[cut:])
            await asyncio.sleep(0)
        cuts = len(stream) - 1
        await inbox.until(lambda: len(inbox.messages) == 2 * cuts)
        assert [data for data, _ in inbox.messages] == [ONE, TWO] * cuts


@pytest.mark.parametrize("before", [b"", TWO], ids=["alone", "behind a whole one"])
async def test_a_message_begun_behind_a_whole_one_must_end_as_soon(
    monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    """Its patience runs from its first byte, in whichever read that came; a byte now and then is no help."""
    async with listening() as (_, inbox, bound):
        phone = await Phone.dial(bound)
        phone.say(TWO)
        await inbox.until(lambda: len(inbox.messages) == 1)
        monkeypatch.setattr(streams, "FIRST_MESSAGE_S", 0.2)
        phone.say(before + ONE[:10])
        # The rest takes four times as long as is allowed, and each byte comes within it.
        for byte in ONE[10:]:
            if inbox.ends:
                break
            phone.say(bytes([byte]))
            await asyncio.sleep(0.02)
        await inbox.until(lambda: bool(inbox.ends))
        assert ONE not in [data for data, _ in inbox.messages]


async def test_a_long_message_after_another_gets_its_own_time() -> None:
    """The end of one slow message and the beginning of the next in one read: the next one's time begins."""
    async with listening() as (network, inbox, bound):
        phone = await Phone.dial(bound)
        phone.say(TWO)
        await inbox.until(lambda: len(inbox.messages) == 1)
        connection = network.connections._streams[inbox.messages[0][1].connection]
        assert isinstance(connection, streams.Connection)
        phone.say(ONE[:10])
        await inbox.until(lambda: connection._framer.pending)
        first = connection._deadline
        await asyncio.sleep(0.01)
        phone.say(ONE[10:] + ONE[:10])
        await inbox.until(lambda: len(inbox.messages) == 2)
        assert connection._deadline > first
        phone.say(ONE[10:])
        await inbox.until(lambda: len(inbox.messages) == 3)


RESPONSE = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 192.0.2.9:%d;branch=z9hG4bKx\r\nContent-Length: 0\r\n\r\n"


async def test_rfc3261_18_2_2_an_answer_whose_connection_is_gone_goes_to_the_via() -> None:
    """To the source's host, whatever the Via claims, and to the port that the Via names."""
    gateway = Gateway()
    remote = await gateway.open()
    async with listening() as (network, inbox, bound):
        phone = await Phone.dial(bound)
        phone.say(TWO)
        await inbox.until(lambda: bool(inbox.messages))
        flow = inbox.messages[0][1]
        phone.writer.close()
        await inbox.until(lambda: bool(inbox.ends))
        answer = RESPONSE % remote.port
        network.send(answer, flow)
        await inbox.until(lambda: bytes(gateway.heard) == answer)
        assert not inbox.failures
        # A request of ours has no Via to go to: whoever sent it hears that.
        network.send(TWO, flow)
        assert inbox.failures == [flow]
    await gateway.close()


async def test_rfc5923_a_peer_that_names_ever_other_ports_fills_no_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "WAYS_MAX", 3)
    table = connections.Connections(NetCounts(), Intake(NetCounts()))
    here, there = Address("192.0.2.1", 5061), Address("192.0.2.2", 40_000)
    stream = _Silent(Flow(Transport.TLS, here, there, table.next_number()))
    table.add(stream)
    for port in range(5_000, 5_010):
        table.alias(stream, port, "carrier.example")
    for port in range(5_000, 5_010):
        table.send(b"x", Flow(Transport.TLS, here, Address(there.host, port), 0, "carrier.example"), _no_dial)
    assert stream.sent == 3


class _Silent:
    """A connection that is there, and counts."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.sent = 0

    def send(self, data: bytes) -> None:
        del data
        self.sent += 1

    def abort(self) -> None:
        """Nothing to end."""


def _no_dial(flow: Flow) -> "_Silent":
    return _Silent(flow)
