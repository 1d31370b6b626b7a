"""SIP over UDP on real sockets: what a flood sheds, and what cannot stop the reader."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from switch.base.errors import ResourceError
from switch.net import udp
from switch.net.network import Network
from switch.sip.flow import Address, Flow, Transport
from tests.net.inbox import HERE, Inbox, listening


@pytest.fixture
def phone() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(5)
        yield made


class _Refusing:
    """A transport whose `sendto` raises, as uvloop's does for an address of another family."""

    def __init__(self, real: Any, sendto: Callable[[bytes, object], None]) -> None:
        self.real = real
        self.sendto = sendto

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


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


async def test_a_flood_sheds_registrations_first_and_calls_last(
    phone: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop is busy meanwhile: nothing is read until all have arrived."""
    monkeypatch.setattr(udp, "QUEUE_SOFT", 2)
    monkeypatch.setattr(udp, "QUEUE_HARD", 4)
    network, inbox = Network(), Inbox()
    bound = await network.open(HERE)
    sent = [b"REGISTER a", b"OPTIONS a", b"REGISTER b", b"OPTIONS b", b"INVITE a", b"BYE a", b"INVITE b"]
    for data in sent:
        phone.sendto(data, (bound.host, bound.port))
    await inbox.until(lambda: network.counts.datagrams_shed == 3)
    await network.start(inbox)
    await inbox.until(lambda: len(inbox.messages) == 4)
    assert [data for data, _ in inbox.messages] == [b"REGISTER a", b"OPTIONS a", b"INVITE a", b"BYE a"]
    assert network.counts.datagrams_shed == 3
    await network.close()


async def test_a_phone_that_is_gone_does_not_stop_the_reader(phone: socket.socket) -> None:
    """Its machine answers with ICMP, which the kernel tells as an error of our socket."""
    async with listening() as (network, inbox, bound):
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as gone:
            gone.bind(("127.0.0.1", 0))
            nobody = address_of(gone)
        # The listener's socket is not connected, so the kernel may keep such errors to itself.
        for _ in range(3):
            network.send(b"anybody?", Flow(Transport.UDP, bound, nobody))
        listener = network._listeners[Transport.UDP, bound]
        assert isinstance(listener, udp.UdpListener)
        listener._transport.get_protocol().error_received(ConnectionRefusedError())
        phone.sendto(b"still here", (bound.host, bound.port))
        await inbox.until(lambda: bool(inbox.messages))
        assert network.counts.socket_errors >= 1


@pytest.mark.parametrize(
    "remote",
    [Address("127.0.0.1", 0), Address("127.0.0.1", 70_000), Address("::1", 5060)],
    ids=["port 0", "port 70000", "IPv6"],
)
async def test_an_address_that_no_socket_takes_is_counted_and_the_next_message_goes(
    phone: socket.socket, remote: Address
) -> None:
    """A Via or Contact may name anything. uvloop raises where asyncio tells its protocol."""
    async with listening() as (network, _, bound):
        network.send(b"x", Flow(Transport.UDP, bound, remote))
        assert network.counts.datagrams_unsent + network.counts.socket_errors == 1
        network.send(b"y", Flow(Transport.UDP, bound, address_of(phone)))
        assert phone.recvfrom(100) == (b"y", (bound.host, bound.port))


async def test_what_the_loop_raises_of_an_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as (network, inbox, bound):
        listener = network._listeners[Transport.UDP, bound]
        assert isinstance(listener, udp.UdpListener)

        def refuse(_data: bytes, _address: object) -> None:
            raise ValueError("socket family mismatch")

        monkeypatch.setattr(listener, "_transport", _Refusing(listener._transport, refuse))
        flow = Flow(Transport.UDP, bound, Address("::1", 5060))
        network.send(b"x", flow)
        assert inbox.failures == [flow]
        assert network.counts.datagrams_unsent == 1


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
