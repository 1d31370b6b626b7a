"""Real uvicorn servers on a free TCP port and a Unix socket in a folder of the test's own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from switch.api.server import ApiServer
from switch.api.state_folder import StateFolder
from switch.sip.flow import Address
from tests.api.centre_port import CentrePort

ANY_PORT = Address("127.0.0.1", 0)


@dataclass
class Served:
    """What the tests talk to: the port behind, and a client for each side of it."""

    port: CentrePort
    address: Address
    state: StateFolder
    public: httpx.AsyncClient
    control: httpx.AsyncClient


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    state = StateFolder.open(tmp_path / "state")
    port, server = CentrePort(), ApiServer()
    address = await server.start(port, state, ANY_PORT)
    assert address is not None
    over_unix = httpx.AsyncHTTPTransport(uds=str(state.control_socket))
    async with (
        httpx.AsyncClient(base_url=f"http://{address}") as public,
        httpx.AsyncClient(base_url="http://control", transport=over_unix) as control,
    ):
        yield Served(port, address, state, public, control)
    await server.stop()
    state.close()
