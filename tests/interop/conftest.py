"""Fixtures that give real third-party phones, or skip with the command that installs them."""

import importlib.util
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.interop.phones import Phones
from tests.interop.process import free_port
from tests.interop.switch_process import PORTS_WANTED, SwitchProcess, copy_centre, next_rtp_range
from tests.interop.world import World


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Phones]:
    """Real pjsua2 phones."""
    if importlib.util.find_spec("pjsua2") is None:
        pytest.skip("pjsua2 is not installed: pip install '.[phones]'")
    running = Phones(tmp_path)
    yield running
    await running.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_switch(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "AsyncIterator[tuple[SwitchProcess, int]]":
    """One switch with the test centre for all tests of a module, and its carrier's port.

    `prepare_centre(folder)` of the module may change the dialplans first; `SWITCH_OPTIONS` are further
    arguments, `RTP_PORTS` is how many it gets; `LISTENS_AS_THE_CENTRE_SAYS` leaves `--sip` away. The module's
    tests run on one loop: `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
    """
    folder = tmp_path_factory.mktemp("centre")
    port = free_port()
    dialplans = copy_centre(folder, port)
    getattr(request.module, "prepare_centre", lambda _: None)(dialplans)
    options = getattr(request.module, "SWITCH_OPTIONS", ())
    rtp = next_rtp_range(getattr(request.module, "RTP_PORTS", PORTS_WANTED))
    sip = "" if getattr(request.module, "LISTENS_AS_THE_CENTRE_SAYS", False) else "127.0.0.1:0"
    async with await SwitchProcess.start(dialplans, folder / "state", *options, rtp=rtp, sip=sip) as switch:
        yield switch, port
        assert "Traceback" not in switch.log()
        assert await switch.stop() == 0, switch.log()


@pytest_asyncio.fixture(loop_scope="module")
async def shop(shared_switch: "tuple[SwitchProcess, int]", tmp_path: Path) -> AsyncIterator[World]:
    """The module's switch with phones of this test alone; afterwards no call may be left, nor a traceback."""
    if importlib.util.find_spec("pjsua2") is None:
        pytest.skip("pjsua2 is not installed: pip install '.[phones]'")
    switch, port = shared_switch
    world = World(switch, Phones(tmp_path), port)
    try:
        yield world
    finally:
        await world.phones.stop()
        await world.everybody_leaves()
    await world.nothing_left()
    assert "Traceback" not in switch.log()


def _program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return path


@pytest.fixture
def baresip_program() -> str:
    """Path of baresip."""
    return _program("baresip", "baresip")


@pytest.fixture
def sipp_program() -> str:
    """Path of sipp."""
    return _program("sipp", "sip-tester")


@pytest.fixture
def linphone_program() -> str:
    """Path of linphonec."""
    return _program("linphonec", "linphone-cli")


@pytest.fixture
def sipsak_program() -> str:
    """Path of sipsak."""
    return _program("sipsak", "sipsak")


@pytest.fixture
def scanners() -> tuple[str, str, str]:
    """Paths of svmap, svwar and svcrack."""
    found = [_program(name, "sipvicious") for name in ("svmap", "svwar", "svcrack")]
    return (found[0], found[1], found[2])
