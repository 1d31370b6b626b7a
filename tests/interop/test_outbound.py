"""A real phone that does outbound (RFC 5626), and what becomes of its calls when its connection is cut.

The phone is pjsua2 on TCP, which names its instance and its flow by itself. Between it and the switch stands
a relay of ours that can cut the connection as a router does that was switched off and on.
"""

import asyncio
from pathlib import Path

import pytest

from tests.interop.world import World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECONNECT_S = 30.0


class Relay:
    """Passes a phone's TCP connections on to the switch."""

    def __init__(self, switch: str) -> None:
        self._switch = switch
        self._server: asyncio.Server | None = None
        self._open: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0

    async def start(self) -> str:
        """Listen; the address that the phone is told."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Every connection ends at once, on both sides."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        host, _, port = self._switch.rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        self._open += [writer, back]
        for source, target in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pass(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                target.write(data)
        except OSError:
            pass
        target.transport.abort()


async def test_a_real_phone_is_granted_its_flow_and_keeps_its_call_when_that_is_cut(shop: World) -> None:
    relay = Relay(shop.switch.sip)
    try:
        anna = await shop.phone("shop-101", transport="tcp", registrar=await relay.start())
        log = Path(str(anna.config.log_path))
        assert ";reg-id=1" in log.read_text(errors="replace")
        assert "\nRequire: outbound" in log.read_text(errors="replace").replace("\r", "")
        ben = await shop.phone("shop-102")
        outgoing = await ben.call("101")
        incoming = await anna.incoming()
        await incoming.answer()
        await outgoing.expect("confirmed")
        await incoming.expect("confirmed")

        first = relay.connections
        relay.cut()

        async def is_back() -> bool:
            rows = await shop.switch.ask("/v1/accounts")
            row = next(row for row in rows if row["user"] == "shop-101")
            return relay.connections > first and row["registered"]

        await until(is_back, True, RECONNECT_S, "the phone is back")
        assert len(await shop.switch.ask("/v1/calls")) == 1
        await outgoing.hangup()
        # The BYE finds the phone by its new connection.
        await incoming.expect("disconnected", 10.0)
    finally:
        await relay.stop()
