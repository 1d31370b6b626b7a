"""What an administrator or a machine gets wrong at a start: one clear line, an exit code, no half start."""

import asyncio
import os
import re
import resource
import shutil
import socket
import sqlite3
import sys
from pathlib import Path

import pytest

from switch.cli.demo import audio
from tests.interop.process import free_port, free_rtp_range
from tests.interop.switch_process import (
    SwitchProcess,
    copy_centre,
    next_rtp_range,
    read_secrets,
    refused_start,
    run_cli,
)

FAILURE, CONFIGURATION = 1, 2


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of prompts for every state folder of this module, filled by whoever needs it first."""
    return tmp_path_factory.mktemp("prompts")


@pytest.fixture
def place(tmp_path: Path, prompts: Path) -> tuple[Path, Path]:
    """Dialplans, and a state folder that has its prompts."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "prompts").symlink_to(prompts)
    return copy_centre(tmp_path, free_port()), state


def one_line(errors: str) -> str:
    """Standard error is that one line."""
    lines = errors.strip().splitlines()
    assert len(lines) == 1, errors
    return lines[0]


def taken(kind: socket.SocketKind) -> socket.socket:
    """A socket on a port of loopback that nobody else can have now."""
    other = socket.socket(socket.AF_INET, kind)
    other.bind(("127.0.0.1", 0))
    if kind is socket.SOCK_STREAM:
        other.listen()
    return other


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["udp", "tcp"])
async def test_a_taken_sip_port(place: tuple[Path, Path], kind: socket.SocketKind) -> None:
    dialplans, state = place
    with taken(kind) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        refused = await refused_start(dialplans, state, sip=address)
    line = one_line(refused.errors)
    word = "UDP" if kind is socket.SOCK_DGRAM else "TCP"
    assert refused.exit_code == FAILURE
    assert f"cannot listen on {word} {address}: " in line.replace("[", "").replace("]", "")
    # A secret that nobody was shown must not be in force: the next start makes and shows it.
    assert not read_secrets(state)
    assert sqlite3.connect(state / "switch.db").execute("SELECT count(*) FROM account").fetchone() == (0,)
    assert not (state / "control.sock").exists()


async def test_a_taken_http_port_takes_no_call_before_it_is_noticed(place: tuple[Path, Path]) -> None:
    dialplans, state = place
    with taken(socket.SOCK_STREAM) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        refused = await refused_start(dialplans, state, http=address)
    assert refused.exit_code == FAILURE
    assert f"HTTP address {address}: " in one_line(refused.errors)
    assert not read_secrets(state)


async def test_a_taken_rtp_port_does_no_harm(place: tuple[Path, Path]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        low, high = free_rtp_range(100)
        other.bind(("127.0.0.1", low + 10))
        async with await SwitchProcess.start(*place, rtp=f"{low}-{high}") as switch:
            assert await switch.ask("/v1/health") == {"live": True, "ready": True, "reasons": []}


async def test_an_unknown_address(place: tuple[Path, Path]) -> None:
    refused = await refused_start(*place, sip="203.0.113.77:5060")
    assert refused.exit_code == FAILURE
    assert "203.0.113.77" in one_line(refused.errors)


async def test_a_second_switch_on_the_same_state(place: tuple[Path, Path]) -> None:
    dialplans, state = place
    async with await SwitchProcess.start(dialplans, state) as first:
        refused = await refused_start(dialplans, state)
        assert refused.exit_code == FAILURE
        assert "another switch is running on it" in refused.errors.splitlines()[-1]
        assert len(await first.ask("/v1/agents")) == 5
        assert (await run_cli("status", "--state", str(state)))[0] == 0


async def test_stores_that_cannot_be_used(place: tuple[Path, Path], tmp_path: Path) -> None:
    dialplans, state = place
    for store, expected in (
        ("sqlite:////nowhere/at/all/switch.db", "/nowhere/at/all"),
        ("postgresql+psycopg://nobody@127.0.0.1:1/none", "127.0.0.1"),
        ("mysql://localhost/x", "mysql"),
    ):
        refused = await refused_start(dialplans, state, "--store", store)
        line = refused.errors.strip().splitlines()[-1]
        assert refused.exit_code in (FAILURE, CONFIGURATION), (store, refused)
        assert expected in line, (store, line)
        assert "Traceback" not in refused.errors
    (state / "switch.db").write_bytes(b"this is no database, however long one looks at it" * 100)
    refused = await refused_start(dialplans, state)
    assert "the file is not a database" in refused.errors.splitlines()[-1]
    (state / "switch.db").unlink()
    del tmp_path


async def test_a_locked_store(place: tuple[Path, Path]) -> None:
    dialplans, state = place
    async with await SwitchProcess.start(dialplans, state) as switch:
        pass
    switch.errors.unlink()
    other = sqlite3.connect(state / "switch.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    refused = await refused_start(dialplans, state)
    other.close()
    assert refused.exit_code == FAILURE
    assert "another program holds the database locked" in one_line(refused.errors)


async def test_a_state_folder_that_others_may_enter(place: tuple[Path, Path]) -> None:
    dialplans, state = place
    state.chmod(0o755)
    refused = await refused_start(dialplans, state)
    assert refused.exit_code == FAILURE
    assert f"chmod 700 {state}" in one_line(refused.errors)


async def test_a_state_folder_that_cannot_be_written(place: tuple[Path, Path], tmp_path: Path) -> None:
    """Root may write everywhere but in /proc, so that stands for a folder of somebody else."""
    del tmp_path
    refused = await refused_start(place[0], Path("/proc/softswitch-state"), "--log-level", "info")
    assert refused.exit_code == FAILURE
    assert "/proc/softswitch-state" in refused.errors.splitlines()[-1]


async def test_a_wrong_dialplan_names_the_place_and_the_nearest_word(place: tuple[Path, Path]) -> None:
    dialplans, state = place
    shop = dialplans / "shop.yaml"
    text = shop.read_text().replace("policy: most-skilled", "policy: most-skiled")
    shop.write_text(text.replace("  main:\n", "  main:\n    - gretting: welcome\n"))
    refused = await refused_start(dialplans, state)
    assert refused.exit_code == CONFIGURATION
    lines = refused.errors.strip().splitlines()
    assert len(lines) == 2, refused.errors
    for line, word in zip(lines, ("most-skilled", "play"), strict=True):
        found = re.match(rf"{re.escape(str(shop))}:(\d+):(\d+): .+", line)
        assert found, line
        written = shop.read_text().splitlines()[int(found[1]) - 1][int(found[2]) - 1 :]
        assert written.startswith(("most-skiled", "gretting")), (line, written)
        assert word in line or word == "play"
    # Nothing was made: the dialplan is read before anything is touched.
    assert sorted(path.name for path in state.iterdir()) == ["prompts"]


async def test_an_empty_folder_of_dialplans(place: tuple[Path, Path], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    refused = await refused_start(empty, place[1])
    assert refused.exit_code == CONFIGURATION
    assert str(empty) in one_line(refused.errors)


async def test_a_prompt_that_is_no_wav_file(place: tuple[Path, Path]) -> None:
    dialplans, state = place
    (dialplans / "welcome.wav").write_bytes(b"RIFF this is not")
    shop = dialplans / "shop.yaml"
    old = 'welcome: {fr: "Bonjour. Un ou deux.", en: "Hello. One or two."}'
    assert old in shop.read_text()
    shop.write_text(shop.read_text().replace(old, "welcome: welcome.wav"))
    refused = await refused_start(dialplans, state)
    assert refused.exit_code in (FAILURE, CONFIGURATION)
    assert "welcome.wav" in refused.errors
    assert "Traceback" not in refused.errors
    audio.write_wav(dialplans / "welcome.wav", audio.speech(1, 1.0))
    async with await SwitchProcess.start(dialplans, state):
        pass


async def test_the_default_limit_of_open_files_is_raised(place: tuple[Path, Path]) -> None:
    """Debian's shells give 1024, which is fewer than the sockets of the default range."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < 4_096:
        pytest.skip(f"the hard limit of open files is {hard}; expected at least 4096")
    shell = ("bash", "-c", 'ulimit -Sn 1024; exec "$@"', "bash")
    async with await SwitchProcess.start(*place, rtp=next_rtp_range(1400), prefix=shell) as switch:
        assert (await switch.metrics())["softswitch_rtp_ports"] > 600


async def test_a_stop_during_the_start(place: tuple[Path, Path]) -> None:
    """SIGTERM before it is ready ends it as well, and what it made can be used again."""
    dialplans, state = place
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "switch.cli", "run", str(dialplans), "--sip", "127.0.0.1:0"),
        *("--http", "off", "--state", str(state), "--rtp", next_rtp_range()),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await asyncio.sleep(0.7)
    process.terminate()
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert b"Traceback" not in errors
    async with await SwitchProcess.start(dialplans, state):
        pass
    shutil.rmtree(state, ignore_errors=True)
    assert not os.path.exists(state)
