"""What strangers and broken phones send to a running switch: answered or dropped, counted, and forgotten."""

import asyncio
import os
import random
from collections.abc import Iterator
from typing import cast

import pytest

from switch.cli.demo.phones import AnswerPolicy
from tests.interop.raw_sip import RawClient
from tests.interop.switch_process import SwitchProcess
from tests.interop.world import WAIT_S, World, until
from tests.vectors import vector

pytestmark = pytest.mark.asyncio(loop_scope="module")

Shared = tuple[SwitchProcess, int]
DATAGRAMS = 20_000 if os.environ.get("SOAK") else 3_000
CONNECTIONS = 1_000
SEED = int(os.environ.get("SEED", "4475"))

INVITE = (
    "INVITE sip:{called}@{switch} SIP/2.0\r\n"
    "Via: SIP/2.0/{transport} {address};rport;branch=z9hG4bK{number}\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:a@{address}>;tag={number}\r\nTo: <sip:{called}@{switch}>\r\n"
    "Call-ID: hostile{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:a@{address}>\r\n"
    "Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"
)


def torture() -> list[bytes]:
    """Every message of RFC 4475 and RFC 5118."""
    folders = (vector("sip/rfc4475"), vector("sip/rfc5118"))
    return [path.read_bytes() for folder in folders for path in sorted(folder.glob("*.dat"))]


def mutants(messages: list[bytes], count: int, source: random.Random) -> Iterator[bytes]:
    """Messages that were cut, doubled, mixed and scribbled on; and bytes that never were a message."""
    for number in range(count):
        kind = number % 5
        message = bytearray(source.choice(messages))
        if kind == 0:
            yield source.randbytes(source.randrange(1_500))
        elif kind == 1:
            yield bytes(message[: source.randrange(len(message))])
        elif kind == 2:
            for _ in range(source.randrange(1, 20)):
                message[source.randrange(len(message))] = source.randrange(256)
            yield bytes(message)
        elif kind == 3:
            lines = bytes(message).split(b"\r\n")
            source.shuffle(lines)
            yield b"\r\n".join(lines)
        else:
            other = source.choice(messages)
            yield bytes(message[: source.randrange(len(message))]) + other[source.randrange(len(other)) :]


async def assert_well(shop: World) -> None:
    """Nothing is left of it, nothing was said about it, and phones work as before."""
    metrics = await shop.switch.metrics()
    assert metrics['softswitch_invariant_violations_total{invariant="internal-error"}'] == 0
    assert "Traceback" not in shop.switch.log()
    anna = await shop.phone("shop-101", answer=AnswerPolicy("answer"))
    ben = await shop.phone("shop-102")
    call = await ben.call("101")
    await call.expect("confirmed")
    await call.hangup()
    await (await anna.incoming()).expect("disconnected")
    await shop.nothing_left()


async def test_torture_and_noise_over_udp(shop: World) -> None:
    messages = torture()
    noise = list(mutants(messages, DATAGRAMS, random.Random(SEED)))
    with RawClient(shop.switch.sip) as client:
        for number, data in enumerate(messages + noise):
            if data and len(data) < 65_000:
                client.send(data)
            if number % 50 == 0:
                await asyncio.sleep(0.01)
    await assert_well(shop)
    metrics = await shop.switch.metrics()
    dropped = sum(value for name, value in metrics.items() if name.startswith("softswitch_sip_drops_total"))
    assert dropped > DATAGRAMS / 10


async def test_torture_and_noise_over_tcp(shop: World) -> None:
    messages = torture()
    host, port = shop.switch.sip.split(":")
    for data in [*messages, *mutants(messages, DATAGRAMS // 10, random.Random(SEED))]:
        reader, writer = await asyncio.open_connection(host, int(port))
        # In two pieces, and no farewell.
        writer.write(data[: len(data) // 2])
        await asyncio.sleep(0)
        writer.write(data[len(data) // 2 :])
        writer.transport.abort()
        del reader
    await assert_well(shop)

    async def connections() -> float:
        return (await shop.switch.metrics())['softswitch_sip_connections{transport="TCP"}']

    await until(connections, 0, 5, "open connections")


async def test_messages_in_pieces_are_put_together(shop: World) -> None:
    """Byte by byte is slow, and legal."""
    host, port = shop.switch.sip.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = INVITE.format(
        called="101",
        switch=shop.switch.sip,
        transport="TCP",
        address="127.0.0.1",
        number=1,
        length=0,
        body="",
    )
    for byte in request.encode():
        writer.write(bytes([byte]))
        await asyncio.sleep(0.0005)
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_S)
    assert b" 407 " in answer.split(b"\r\n")[0] or b" 100 " in answer.split(b"\r\n")[0]
    writer.close()


async def test_a_thousand_connections_that_say_next_to_nothing(shop: World) -> None:
    """They cost their sockets and no more; phones on UDP and TCP go on."""
    host, port = shop.switch.sip.split(":")
    writers = []
    try:
        for number in range(CONNECTIONS):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"INVITE sip:101@x SIP/2.0\r\nVia: "[: number % 32])
            writers.append(writer)
        metrics = await shop.switch.metrics()
        assert metrics['softswitch_sip_connections{transport="TCP"}'] >= CONNECTIONS
        chloe = await shop.phone("shop-103", transport="tcp", answer=AnswerPolicy("answer"))
        ben = await shop.phone("shop-102")
        call = await ben.call("103")
        await call.expect("confirmed")
        await call.hangup()
        await (await chloe.incoming()).expect("disconnected")
        if os.environ.get("SOAK"):
            await asyncio.sleep(35)
            assert (await shop.switch.metrics())['softswitch_sip_connections{transport="TCP"}'] < 10
    finally:
        for writer in writers:
            writer.transport.abort()

    async def few() -> bool:
        return (await shop.switch.metrics())['softswitch_sip_connections{transport="TCP"}'] < 10

    await until(few, True, 5, "only phones are connected")


class SilentCarrier(asyncio.DatagramProtocol):
    """It opens calls and acknowledges no answer; a BYE it does answer."""

    def __init__(self) -> None:
        self.farewells: set[bytes] = set()
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.startswith(b"BYE "):
            kept = (b"via", b"from", b"to", b"call-id", b"cseq")
            lines = [line for line in data.split(b"\r\n") if line.partition(b":")[0].lower() in kept]
            assert self.transport is not None
            answer = [b"SIP/2.0 200 OK", *lines, b"Content-Length: 0", b"", b""]
            self.transport.sendto(b"\r\n".join(answer), addr)
            self.farewells.add(next(line for line in lines if line.lower().startswith(b"call-id")))


async def test_calls_that_are_never_acknowledged_and_then_nothing_lingers(shop: World) -> None:
    """Nonsense for SDP opens nothing; good SDP without an ACK opens a call that ends with a BYE (RFC 3261
    section 13.3.1.4). When that is over, the timers of all the tests before have run out as well."""
    host, port = shop.switch.sip.split(":")
    good = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
    bodies = ("v=0\r\nm=audio", "\x00" * 50, "m=audio 99999999999 RTP/AVP 0", good, good, good)
    transport, carrier = await asyncio.get_running_loop().create_datagram_endpoint(
        SilentCarrier, local_addr=("127.0.0.2", shop.carrier_port)
    )
    for number, body in enumerate(bodies):
        request = INVITE.format(
            called="0033199000100",
            switch=shop.switch.sip,
            transport="UDP",
            address=f"127.0.0.2:{shop.carrier_port}",
            number=f"unacked{number}",
            length=len(body),
            body=body,
        )
        transport.sendto(request.encode(), (host, int(port)))

    async def standing() -> int:
        return len(await shop.switch.ask("/v1/calls"))

    await until(standing, 3, WAIT_S, "calls without an ACK")
    calls = await shop.switch.ask("/v1/calls")
    for row in calls:
        await shop.switch.command("/v1/calls/hang-up", call=row["call"])

    async def farewells() -> int:
        return len(carrier.farewells)

    await until(farewells, 3, 90, "BYEs")
    transport.close()
    # BYE transactions of ours linger for Timer K, those of phones that hung up for Timer J.
    await shop.nothing_lingers()
    await assert_well(shop)
