"""SIP over UDP with real sockets: what comes, what is shed, and errors that stop nobody."""

import asyncio
import socket

import pytest

from switch.base.errors import ResourceError
from switch.net import udp
from switch.net.network import Network
from switch.sip.flow import Address, Flow, Transport
from tests.net.test_tcp import Owner, until


async def test_datagrams_come_up_and_go_down() -> None:
    network, owner = Network(), Owner()
    address = await network.open(Address("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.connect((address.host, address.port))
        peer.send(b"before the start")
        await asyncio.sleep(0.05)
        assert not owner.messages
        await network.start(owner)
        peer.send(b"after it")
        await until(lambda: len(owner.messages) == 2)
        data, flow = owner.messages[1]
        assert data == b"after it"
        assert flow.remote == Address(*peer.getsockname())
        network.send(b"answer", flow)
        peer.settimeout(30)
        assert peer.recv(100) == b"answer"
    await network.close()


async def test_what_the_kernel_dropped_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else tells: a phone only repeats what was lost, half a second later."""
    monkeypatch.setattr(udp, "KERNEL_BUFFER", 4_096)
    network, owner = Network(), Owner()
    address = await network.open(Address("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for _ in range(100):
            peer.sendto(b"x" * 500, (address.host, address.port))
    await network.start(owner)
    await until(lambda: bool(owner.messages))
    network.count_lost()
    assert 0 < network.counts.datagrams_lost == 100 - network.counts.datagrams_received
    await network.close()


async def test_a_phone_that_is_gone_stops_nobody() -> None:
    """Its ICMP errors are counted at most; the reader goes on."""
    network, owner = Network(), Owner()
    address = await network.open(Address("127.0.0.1", 0))
    await network.start(owner)
    for _ in range(20):
        network.send(b"anybody?", Flow(Transport.UDP, address, Address("127.0.0.1", 9)))
        await asyncio.sleep(0.005)
    for host, port in (("127.0.0.1", 0), ("::1", 5060), ("127.0.0.1", 70_000), ("no address", 5060)):
        network.send(b"nobody", Flow(Transport.UDP, address, Address(host, port)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.sendto(b"here", (address.host, address.port))
        await until(lambda: [data for data, _ in owner.messages] == [b"here"])
    await network.close()


async def test_a_taken_port_is_one_line_and_leaves_nothing_open() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = Address(*other.getsockname())
        with pytest.raises(ResourceError, match="TCP"):
            await Network().open(taken)
        await asyncio.sleep(0.01)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((taken.host, taken.port))
