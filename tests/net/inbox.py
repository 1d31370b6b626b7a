"""An owner of sockets that keeps what it is told, and waits for it without a guess."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from switch.net.network import Network
from switch.sip.flow import Address, Flow

WAIT_S = 30
"""For what must come: a loaded machine is slow, never wrong."""
HERE = Address("127.0.0.1", 0)


class Inbox:
    """A `Receiver`."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, Flow]] = []
        self.failures: list[Flow] = []
        self.refusals: list[tuple[bytes, Flow]] = []
        self.branches: list[str] = []
        self.drains = 0
        self.ends: list[Flow] = []

    def received(self, data: bytes, flow: Flow) -> None:
        self.messages.append((data, flow))

    def refused(self, data: bytes, flow: Flow) -> None:
        self.refusals.append((data, flow))

    def drained(self) -> None:
        self.drains += 1

    def failed(self, flow: Flow, branch: str = "") -> None:
        self.failures.append(flow)
        self.branches.append(branch)

    def closed(self, flow: Flow) -> None:
        self.ends.append(flow)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Let the loop run until this holds."""
        async with asyncio.timeout(WAIT_S):
            while not reached():
                await asyncio.sleep(0.002)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Network, Inbox, Address]]:
    """A network on one address of the loopback, started."""
    network, inbox = Network(), Inbox()
    bound = await network.open(HERE)
    await network.start(inbox)
    try:
        yield network, inbox, bound
    finally:
        await network.close()
