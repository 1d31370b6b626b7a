"""SIP over UDP on real sockets: what comes, what goes, and what cannot stop the reader."""

import asyncio
import importlib
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from switch.base.errors import ResourceError
from switch.net import stun, udp
from switch.net.datagrams import datagrams
from switch.net.network import Network
from switch.sip.flow import Address, Flow, Transport
from tests.net.inbox import HERE, Inbox, listening


@pytest.fixture(autouse=True, params=["c", "python"])
def _half(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every socket is read and written by both halves."""
    # Compiled at every installation: where it is missing, that is a failure and no reason to look away.
    importlib.import_module("switch.net._net")
    monkeypatch.setattr(udp, "datagrams", partial(datagrams, prefer_c=request.param == "c"))


@pytest.fixture
def phone() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(30)
        yield made


def address_of(bound: socket.socket) -> Address:
    host, port = bound.getsockname()
    return Address(host, port)


async def test_a_datagram_comes_up_with_its_flow_and_goes_back_by_it(phone: socket.socket) -> None:
    async with listening() as (network, inbox, bound):
        phone.sendto(b"ask", (bound.host, bound.port))
        await inbox.until(lambda: bool(inbox.messages))
        ((data, flow),) = inbox.messages
        assert (data, flow) == (b"ask", Flow(Transport.UDP, bound, address_of(phone)))
        network.send(b"answer", flow)
        assert phone.recvfrom(100) == (b"answer", (bound.host, bound.port))
        assert network.counts.datagrams_received == 1


async def test_what_came_before_the_start_waits(phone: socket.socket) -> None:
    network, inbox = Network(), Inbox()
    bound = await network.open(HERE)
    phone.sendto(b"early", (bound.host, bound.port))
    await network.start(inbox)
    await inbox.until(lambda: bool(inbox.messages))
    assert inbox.messages[0][0] == b"early"
    await network.close()


@pytest.mark.parametrize(
    "remote",
    [Address("127.0.0.1", 0), Address("127.0.0.1", 70_000), Address("::1", 5060), Address("localhost", 5060)],
    ids=["port 0", "port 70000", "IPv6", "a name"],
)
async def test_an_address_that_no_socket_takes_is_counted_and_the_next_message_goes(
    phone: socket.socket, remote: Address
) -> None:
    """A Via or Contact may name anything; a name is not looked up, which would stop the whole switch."""
    async with listening() as (network, inbox, bound):
        flow = Flow(Transport.UDP, bound, remote)
        network.send(b"x", flow)
        assert network.counts.datagrams_unsent == 1
        assert inbox.failures == [flow]
        network.send(b"y", Flow(Transport.UDP, bound, address_of(phone)))
        assert phone.recvfrom(100) == (b"y", (bound.host, bound.port))


@pytest.mark.parametrize(
    "data", [b"\r\n\r\n", b"\r\n", b"\0\0\0\0", b""], ids=["ping", "pong", "zero", "none"]
)
async def test_keepalives_end_in_the_socket(phone: socket.socket, data: bytes) -> None:
    """RFC 3261 section 7.5 lets empty lines stand before a message; RFC 5626 section 3.5.1 asks for an answer
    to two of them, and to nothing else."""
    async with listening() as (network, inbox, bound):
        phone.sendto(data, (bound.host, bound.port))
        phone.sendto(b"OPTIONS", (bound.host, bound.port))
        await inbox.until(lambda: bool(inbox.messages))
        assert [data for data, _ in inbox.messages] == [b"OPTIONS"]
        assert network.counts.keepalives == 1
        phone.setblocking(False)
        if data == b"\r\n\r\n":
            assert phone.recv(10) == b"\r\n"
        else:
            with pytest.raises(BlockingIOError):
                phone.recv(10)


async def test_rfc5626_4_4_2_a_stun_request_is_answered_with_the_source(phone: socket.socket) -> None:
    async with listening() as (network, inbox, bound):
        ask = struct.pack(">HHI12s", 1, 0, stun.MAGIC, b"transaction!")
        phone.sendto(ask, (bound.host, bound.port))
        await inbox.until(lambda: network.counts.keepalives == 1)
        source = phone.getsockname()
        assert phone.recv(100) == stun.answer(ask, source[0], source[1])
        assert not inbox.messages


BRANCH = "z9hG4bKabcdefghij0123456789"
ASKED = f"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;rport;branch={BRANCH}\r\n\r\n".encode()


async def test_a_datagram_that_nobody_took_fails_its_transaction_and_no_other(phone: socket.socket) -> None:
    """ICMP port unreachable, with the datagram that it quotes (RFC 1122 section 3.2.2.1)."""
    async with listening() as (network, inbox, bound):
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as gone:
            gone.bind(("127.0.0.1", 0))
            nobody = Flow(Transport.UDP, bound, address_of(gone))
        network.send(ASKED, nobody)
        await inbox.until(lambda: bool(inbox.failures))
        assert (inbox.failures, inbox.branches) == ([nobody], [BRANCH])
        # An answer quotes the peer's branch, and bytes without one quote nobody's: neither says anything.
        network.send(b"SIP/2.0 200 OK" + ASKED, nobody)
        network.send(b"no branch", nobody)

        def all_told() -> bool:
            if network.counts.unreachable < 3:
                # A kernel sends so many of these errors a second, to all the tests of the machine together.
                network.send(b"no branch", nobody)
            return network.counts.unreachable >= 3

        await inbox.until(all_told)
        assert len(inbox.failures) == 1
        # The error that the kernel still holds does not stop a message to somebody else.
        network.send(ASKED, nobody)
        network.send(b"to you", Flow(Transport.UDP, bound, address_of(phone)))
        assert phone.recv(100) == b"to you"
        assert network.counts.datagrams_unsent == 0


async def test_a_flow_of_no_listener_fails() -> None:
    async with listening() as (network, inbox, _):
        flow = Flow(Transport.UDP, Address("127.0.0.1", 1), Address("127.0.0.1", 2))
        network.send(b"x", flow)
        assert inbox.failures == [flow]


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["UDP", "TCP"])
async def test_a_taken_port_is_one_clear_line_and_leaves_nothing_open(kind: socket.SocketKind) -> None:
    with closing(socket.socket(socket.AF_INET, kind)) as other:
        other.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            other.listen()
        taken = address_of(other)
        network = Network()
        with pytest.raises(ResourceError, match=rf"cannot listen on (UDP|TCP) {taken}: .*in use"):
            await network.open(taken)
        assert network.listeners == ()
        # Of the half that could be opened nothing stays, once the loop has turned.
        await asyncio.sleep(0)
        free = socket.SOCK_DGRAM if kind is socket.SOCK_STREAM else socket.SOCK_STREAM
        with closing(socket.socket(socket.AF_INET, free)) as again:
            again.bind((taken.host, taken.port))
