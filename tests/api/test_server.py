"""Starting and stopping: the socket is the owner's, a taken port is one line, nothing stays half open."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import httpx
import pytest
import uvloop

from switch.api.server import ApiServer, bind_http
from switch.api.state_folder import StateFolder
from switch.base.errors import ResourceError
from switch.sip.flow import Address
from tests.api.centre_port import CentrePort
from tests.api.conftest import ANY_PORT, Served


def _mode(path: Path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


async def test_only_the_owner_may_open_the_control_socket(served: Served) -> None:
    assert _mode(served.state.control_socket) == 0o600
    assert _mode(served.state.path) == 0o700


async def test_a_wide_umask_does_not_widen_the_socket(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        state = StateFolder.open(tmp_path / "state")
        state.bind_control().close()
    finally:
        os.umask(before)
    assert _mode(state.path) == 0o700
    assert _mode(state.control_socket) == 0o600
    state.close()


def test_a_folder_that_others_may_enter_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    with pytest.raises(ResourceError, match="chmod 700"):
        StateFolder.open(shared)
    assert _mode(shared) == 0o755


def test_two_switches_cannot_share_a_state_folder(tmp_path: Path) -> None:
    first = StateFolder.open(tmp_path / "state")
    with pytest.raises(ResourceError, match="another switch is running"):
        StateFolder.open(tmp_path / "state")
    first.close()
    first.close()
    StateFolder.open(tmp_path / "state").close()


def test_what_a_dead_switch_left_is_taken_over(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    state.bind_control().close()
    assert state.control_socket.exists()
    state.bind_control().close()
    state.close()
    assert not state.control_socket.exists()


def test_a_state_path_too_long_for_a_unix_socket_is_said_so(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / ("deep" * 30))
    with pytest.raises(ResourceError, match="shorter --state"):
        state.bind_control()
    state.close()


def test_a_state_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="state folder"):
        StateFolder.open(tmp_path / "file" / "state")


async def test_a_taken_port_is_one_line_and_nothing_stays_open(tmp_path: Path) -> None:
    taken = bind_http(ANY_PORT)
    taken.listen()
    address = Address(*taken.getsockname()[:2])
    state, server = StateFolder.open(tmp_path / "state"), ApiServer()
    with pytest.raises(ResourceError, match=f"{address}: Address already in use; choose another with --http"):
        await server.start(CentrePort(), state, address)
    assert not state.control_socket.exists()
    taken.close()
    state.close()


async def test_a_failed_control_socket_closes_http_again(tmp_path: Path) -> None:
    probe = bind_http(ANY_PORT)
    address = Address(*probe.getsockname()[:2])
    probe.close()
    state, server = StateFolder.open(tmp_path / ("deep" * 30)), ApiServer()
    with pytest.raises(ResourceError, match="control socket"):
        await server.start(CentrePort(), state, address)
    bind_http(address).close()
    state.close()


async def test_without_http_only_the_control_socket_listens(tmp_path: Path) -> None:
    state, server = StateFolder.open(tmp_path / "state"), ApiServer()
    assert await server.start(CentrePort(), state, None) is None
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(state.control_socket))) as client:
        assert (await client.get("http://control/v1/health")).json()["ready"] is True
    await server.stop()
    await server.stop()
    state.close()


async def test_ipv6_is_an_address_like_any_other() -> None:
    try:
        listener = bind_http(Address("::1", 0))
    except ResourceError:
        pytest.skip("this machine has no IPv6 loopback")
    assert listener.family == socket.AF_INET6
    listener.close()


def test_the_servers_run_in_a_uvloop_too(tmp_path: Path) -> None:
    async def ask() -> list[int]:
        state, server = StateFolder.open(tmp_path / "state"), ApiServer()
        address = await server.start(CentrePort(), state, ANY_PORT)
        over_unix = httpx.AsyncHTTPTransport(uds=str(state.control_socket))
        async with httpx.AsyncClient(transport=over_unix) as control, httpx.AsyncClient() as public:
            statuses = [
                (await control.get("http://control/v1/health")).status_code,
                (await public.get(f"http://{address}/metrics")).status_code,
            ]
        await server.stop()
        state.close()
        return statuses

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ask()) == [200, 200]
