"""The real dnsmasq on a free port of loopback, and servers that are silent or lie."""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import cast

import dns.message
import dns.rrset
import pytest

from switch.sip.flow import Address
from tests.interop.process import free_port

HERE = "127.0.0.1"
_STARTED_S = 30.0


@asynccontextmanager
async def dnsmasq(records: Iterable[str], port: int = 0) -> AsyncIterator[Address]:
    """dnsmasq that knows these records alone, each an option such as `--srv-host=...`."""
    program = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("dnsmasq is not installed: apt-get install dnsmasq-base")
    address = Address(HERE, port or free_port())
    process = await asyncio.create_subprocess_exec(
        program,
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--no-daemon",
        "--bind-interfaces",
        "--pid-file=",
        f"--listen-address={address.host}",
        f"--port={address.port}",
        "--local-ttl=60",
        "--auth-ttl=60",
        "--local=/example/",
        *records,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await _answers(address, process)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def _answers(address: Address, process: asyncio.subprocess.Process) -> None:
    query = dns.message.make_query("started.example", "A").to_wire()
    loop = asyncio.get_running_loop()
    end = loop.time() + _STARTED_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        probe.connect((address.host, address.port))
        while loop.time() < end:
            assert process.returncode is None, "dnsmasq does not start"
            with contextlib.suppress(OSError, TimeoutError):
                probe.send(query)
                await asyncio.wait_for(loop.sock_recv(probe, 512), 1.0)
                return
            await asyncio.sleep(0.02)
    raise AssertionError("dnsmasq does not answer")


class Liar(asyncio.DatagramProtocol):
    """Answers each question with rubbish, with another id, with another name, and never with the truth."""

    def __init__(self, *, silent: bool = False) -> None:
        self.asked = 0
        self._silent = silent
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        if self._silent or self._transport is None:
            return
        query = dns.message.from_wire(data)
        self._transport.sendto(b"\x00\x01rubbish", addr)
        lie = dns.message.make_response(query)
        lie.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.66"))
        lie.id = query.id ^ 1
        self._transport.sendto(lie.to_wire(), addr)
        other = dns.message.make_response(dns.message.make_query("other.example", "A"))
        other.id = query.id
        self._transport.sendto(other.to_wire(), addr)


@asynccontextmanager
async def liar(*, silent: bool = False) -> AsyncIterator[tuple[Address, Liar]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Liar(silent=silent), local_addr=(HERE, 0)
    )
    try:
        yield Address(HERE, transport.get_extra_info("sockname")[1]), protocol
    finally:
        transport.close()
