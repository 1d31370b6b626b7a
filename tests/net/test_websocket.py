"""SIP over WebSocket (RFC 7118), with the real web server and the `websockets` client library."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from switch.api import websocket
from switch.api.server import ApiServer, WebOptions, bind_http
from switch.api.state_folder import StateFolder
from switch.net import connections
from switch.net.network import Network
from switch.net.tls import Certificate, ServerSide, ServerTls
from switch.sip.flow import Address, Transport
from tests.api.centre_port import CentrePort
from tests.certificates import Authority
from tests.net.inbox import HERE, WAIT_S, Inbox

ONE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 2\r\n\r\nhi"
BINARY = b"MESSAGE sip:a SIP/2.0\r\nContent-Length: 2\r\n\r\n\xff\xfe"
SIP = [Subprotocol("sip")]


@asynccontextmanager
async def serving(
    folder: Path, origins: tuple[str, ...] = (), tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Network, Inbox, str]]:
    network, inbox, api = Network(), Inbox(), ApiServer()
    await network.start(inbox)
    state = StateFolder.open(folder / "state")
    browsers = None if tls is None else bind_http(HERE)
    web = WebOptions(network.websockets(), origins, browsers, tls)
    http = await api.start(CentrePort(), state, HERE, web)
    try:
        if browsers is None:
            yield network, inbox, f"ws://{http}/"
        else:
            yield network, inbox, f"wss://localhost:{browsers.getsockname()[1]}/"
    finally:
        await network.close()
        await api.stop()
        state.close()


def dial(url: str, **words: object) -> connect:
    return connect(url, subprotocols=SIP, proxy=None, **words)  # type: ignore[arg-type]  # as they are given


async def test_messages_go_both_ways_as_text_and_as_binary(tmp_path: Path) -> None:
    """RFC 7118 section 5.2: one SIP message a WebSocket message, either kind."""
    async with serving(tmp_path) as (network, inbox, url), dial(url) as browser:
        assert browser.subprotocol == "sip"
        await browser.send(ONE.decode())
        await browser.send(BINARY)
        await browser.send([ONE[:9].decode(), ONE[9:].decode()])
        await inbox.until(lambda: len(inbox.messages) == 3)
        assert [data for data, _ in inbox.messages] == [ONE, BINARY, ONE]
        flow = inbox.messages[0][1]
        assert flow.transport is Transport.WS
        assert str(flow.local) in url
        assert flow.remote == Address(*browser.local_address[:2])
        network.send(ONE, flow)
        network.send(BINARY, flow)
        assert await browser.recv() == ONE.decode()
        assert await browser.recv() == BINARY
        assert network.counts.connections["WS"] == 1
        await browser.close()
        await inbox.until(lambda: inbox.ends == [flow])
        # RFC 7118 section 5.5: a browser cannot be called: what has lost its connection fails, answers too.
        network.send(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/WS a.invalid\r\n\r\n", flow)
        network.send(ONE, flow)
        assert inbox.failures == [flow, flow]


async def test_keepalives(tmp_path: Path) -> None:
    """RFC 7118 section 6 with RFC 5626 section 3.5.1, and the pings of RFC 6455."""
    async with serving(tmp_path) as (network, inbox, url), dial(url) as browser:
        await browser.send("\r\n\r\n")
        assert await browser.recv() == "\r\n"
        await browser.send("\r\n")
        await (await browser.ping())
        assert network.counts.keepalives == 2
        assert not inbox.messages


@pytest.mark.parametrize("offered", [None, ["xmpp"], ["sipx", "xsip"]])
async def test_rfc7118_4_1_without_the_subprotocol_the_handshake_is_refused(
    tmp_path: Path, offered: list[str] | None
) -> None:
    async with serving(tmp_path) as (network, _, url):
        names = None if offered is None else [Subprotocol(name) for name in offered]
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, subprotocols=names, proxy=None)
        assert refused.value.response.status_code == 400
        assert b"'sip' was expected" in refused.value.response.body
        assert network.counts.connections_open == 0


async def test_pages_of_another_origin_are_refused_where_origins_are_stated(tmp_path: Path) -> None:
    async with serving(tmp_path, ("https://desk.example",)) as (_, _, url):
        with capture_logs() as told:
            for origin in ("https://evil.example", None):
                with pytest.raises(InvalidStatus) as refused:
                    await dial(url, origin=origin)
                assert refused.value.response.status_code == 403
        assert [line["origin"] for line in told] == ["https://evil.example", "none"]
        async with dial(url, origin="https://desk.example"):
            pass


async def test_too_many_are_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_PER_HOST_MAX", 1)
    async with serving(tmp_path) as (network, inbox, url):
        async with dial(url):
            with pytest.raises(InvalidStatus) as refused:
                await dial(url)
            assert refused.value.response.status_code == 503
            assert network.counts.connections_refused == 1
        await inbox.until(lambda: network.counts.connections_open == 0)
        async with dial(url):
            pass


async def test_a_message_that_is_too_large_ends_the_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, inbox, url), dial(url) as browser:
        await browser.send("x" * 70_000)
        with pytest.raises(ConnectionClosed):
            await browser.recv()
        assert browser.close_code == 1009
        await inbox.until(lambda: len(inbox.ends) == 1)
        assert not inbox.messages


async def test_a_browser_that_fell_asleep_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or its agent would be offered callers whom nobody can hear."""
    monkeypatch.setattr(websocket, "PING_EVERY_S", 0.05)
    # For who is awake: however slow the machine is, an answer comes before so many pings.
    monkeypatch.setattr(websocket, "SILENT_PINGS_MAX", 10)
    async with serving(tmp_path) as (network, inbox, url):
        awake = await dial(url)
        asleep = await dial(url)
        await inbox.until(lambda: network.counts.connections_open == 2)
        asleep.transport.pause_reading()
        await inbox.until(lambda: len(inbox.ends) == 1)
        await asyncio.sleep(0.2)
        assert inbox.ends[0].remote == Address(*asleep.local_address[:2])
        assert network.counts.connections_open == 1
        asleep.transport.abort()
        await awake.close()


async def test_a_handshake_that_does_not_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switch.api.limits.PublicProtocol.seconds_max", 0.1)
    async with serving(tmp_path) as (_, _, url):
        host, _, port = url.removeprefix("ws://").rstrip("/").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConn")
        assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
        writer.close()


async def test_a_browser_that_does_not_read_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "WRITE_BUFFER_MAX", 1 << 16)
    async with serving(tmp_path) as (network, inbox, url):
        browser: ClientConnection = await dial(url)
        await browser.send(ONE.decode())
        await inbox.until(lambda: bool(inbox.messages))
        browser.transport.pause_reading()
        for _ in range(2_000):
            network.send(b"x" * 60_000, inbox.messages[0][1])
        await inbox.until(lambda: bool(inbox.ends))
        browser.transport.abort()


async def test_every_cut_of_the_frames(tmp_path: Path) -> None:
    """The bytes of a handshake and a masked frame, cut once at every place."""
    frame = b"\x82" + bytes([0x80 | len(ONE)]) + bytes(4) + ONE
    async with serving(tmp_path) as (_, inbox, url):
        host, _, port = url.removeprefix("ws://").rstrip("/").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        )
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        for cut in range(1, len(frame)):
            writer.write(frame[:cut])
            await asyncio.sleep(0.001)
            writer.write(frame[cut:])
            await asyncio.sleep(0)
        await inbox.until(lambda: len(inbox.messages) == len(frame) - 1)
        assert {data for data, _ in inbox.messages} == {ONE}
        writer.close()


async def test_wss_on_the_browsers_port_and_no_figures_there(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    files = authority.issue("web", "localhost", "127.0.0.1")
    side = ServerSide(ServerTls((Certificate(files.chain, files.key),)))
    context = ssl.create_default_context(cafile=authority.ca)
    async with serving(tmp_path, tls=side.front) as (network, inbox, url):
        async with dial(url, ssl=context) as browser:
            await browser.send(ONE.decode())
            await inbox.until(lambda: bool(inbox.messages))
            flow = inbox.messages[0][1]
            assert flow.transport is Transport.WSS
            network.send(ONE, flow)
            assert await browser.recv() == ONE.decode()
        port = int(url.rstrip("/").rpartition(":")[2])
        reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b" 404 " in await reader.readline()
        writer.close()
