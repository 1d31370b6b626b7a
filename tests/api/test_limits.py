"""A client that is silent, endless or one too many costs a stated amount and no more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest

from switch.api import limits
from tests.api.conftest import Served


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server closes or aborts; the test fails when it does neither."""
    try:
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionResetError:
        return b""


async def test_a_body_over_the_limit_never_reaches_the_switch(served: Served) -> None:
    body = b'{"name": "' + b"x" * limits.BODY_BYTES_MAX + b'", "verb": "resume"}'
    answer = await served.control.post("/v1/agents/command", content=body)
    assert answer.status_code == 413
    assert str(limits.BODY_BYTES_MAX) in answer.text


async def test_a_chunked_body_is_counted_as_it_comes(served: Served) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 1024

    answer = await served.control.post("/v1/reload", content=endless())
    assert answer.status_code == 413


async def test_headers_over_the_limit_are_refused(served: Served) -> None:
    reader, writer = await asyncio.open_connection(served.address.host, served.address.port)
    writer.write(b"GET /metrics HTTP/1.1\r\nhost: x\r\nx-long: " + b"y" * 2 * limits.HEADER_BYTES_MAX)
    assert (await _read_all(reader)).startswith(b"HTTP/1.1 400")
    writer.close()


@pytest.mark.parametrize(
    "start", [b"", b"GET /metrics HTTP/1.1\r\nhost:", b"POST /x HTTP/1.1\r\nhost: x\r\n"]
)
async def test_a_connection_that_says_nothing_more_is_ended(
    served: Served, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(limits.PublicProtocol, "seconds_max", 0.05)
    reader, writer = await asyncio.open_connection(served.address.host, served.address.port)
    writer.write(start)
    assert await _read_all(reader) == b""
    writer.close()


async def test_one_request_a_connection(served: Served) -> None:
    reader, writer = await asyncio.open_connection(served.address.host, served.address.port)
    writer.write(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n" * 2)
    assert (await _read_all(reader)).count(b"HTTP/1.1 200") == 1
    writer.close()


async def test_connections_beyond_the_limit_are_closed_and_room_comes_back(served: Served) -> None:
    address = served.address
    held = [await asyncio.open_connection(address.host, address.port) for _ in range(limits.CONNECTIONS_MAX)]
    reader, writer = await asyncio.open_connection(address.host, address.port)
    assert await _read_all(reader) == b""
    writer.close()
    for _, other in held:
        other.close()
        await other.wait_closed()
    async with asyncio.timeout(30):
        while not await _answers(served):
            await asyncio.sleep(0.02)


async def _answers(served: Served) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await served.public.get("/health/live")).status_code == 200
    return False
