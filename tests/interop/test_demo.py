"""`softswitch demo` as a user runs it: a short day with real phones, and Ctrl-C in the middle of one."""

import asyncio
import importlib.util
import json
import os
import signal
import sys
from pathlib import Path

import pytest

DAY_S = 300.0
"""A day of the smallest size lasts about 40 s; on a busy machine much more."""
INTERRUPT_S = 120.0
SEED = "4"
"""Short talks, and both who are served are the best of different agents."""

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pjsua2") is None, reason="pjsua2 is not installed: pip install '.[phones]'"
)


async def start(state: Path, *options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "switch.cli", "demo", "--state", str(state), "--seed", SEED, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # As a shell does it: Ctrl-C goes to the whole group.
        process_group=0,
    )


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_short_day_ends_with_every_verdict_well(tmp_path: Path) -> None:
    process = await start(
        tmp_path / "state", "--minutes", "0.3", "--agents", "3", "--customers", "3", "--json"
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), DAY_S)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.wait()
    assert process.returncode == 0, err.decode()
    result = json.loads(out)
    assert result["ok"]
    assert all(verdict["ok"] for verdict in result["verdicts"])
    outcomes = {customer["manner"]: customer["outcome"] for customer in result["customers"]}
    assert len(outcomes) == 3
    assert outcomes["talks"] == outcomes["presses a wrong key first"] == "served"
    assert len(result["calls"]) == 3
    assert [(row["what"], row["talks"] >= 2, row["lowest"] > 0.9) for row in result["audio"]] == [
        ("customer to agent", True, True),
        ("agent to customer", True, True),
    ]
    measured = {figure["name"]: figure["value"] for figure in result["metrics"]}
    assert len(measured) == 10
    assert measured["satisfaction"] is None
    assert measured["cost a contact"] is None
    assert measured["handling time"] > measured["wrap-up"] > 0
    assert "was chosen because" in result["why"]["text"]
    told = err.decode()
    for line in ("anna signs in (*11)", "presses 7", " talks with customer 9000", "anna signs out (*12)"):
        assert line in told
    assert "PROBLEM" not in told


async def until_told(process: asyncio.subprocess.Process, words: bytes) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(INTERRUPT_S):
        async for line in process.stdout:
            if words in line:
                return
    raise AssertionError(f"it ended without a word of {words.decode()}")


async def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    process = await start(tmp_path / "state", "--minutes", "2")
    try:
        await until_told(process, b"signs in")
        began = children(process.pid)
        assert len(began) >= 8, "a switch, six agents and a reception"
        os.killpg(process.pid, signal.SIGINT)
        os.killpg(process.pid, signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), INTERRUPT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 130
    assert b"interrupted" in out
    assert err == b""
    assert [pid for pid in began if is_running(pid)] == []
    assert not os.path.exists(tmp_path / "state" / "control.sock")


async def test_a_switch_that_dies_ends_the_demo_in_one_line(tmp_path: Path) -> None:
    process = await start(tmp_path / "state", "--minutes", "2")
    try:
        await until_told(process, b" calls +1514555")
        began = children(process.pid)
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in began}
        (switch,) = [pid for pid, words in commands.items() if b"--keep-secrets" in words]
        os.kill(switch, signal.SIGKILL)
        _, err = await asyncio.wait_for(process.communicate(), INTERRUPT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 1
    assert err.decode() == "softswitch: the switch ended in the middle of the demo, exit code -9\n"
    assert [pid for pid in began if is_running(pid)] == []
