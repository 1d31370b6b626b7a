"""A machine without libopus or libsrtp2: one line at start says so, and nothing of it is offered."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CENTRE = "codecs: [opus, g722]\n"
PLAN = """
languages: [en]
numbers: {600: main}
accounts: {'101': {codecs: [opus]}}
flows: {main: [hangup]}
"""

PROGRAM = """
import asyncio, json, os, sys
from pathlib import Path
from structlog.testing import capture_logs
from switch.exchange import codecs
from switch.node.options import RunOptions
from switch.node.start import running
from switch.sip.flow import Address
from tests.interop.process import free_rtp_range

async def main():
    folder = Path(sys.argv[1])
    low, high = free_rtp_range()
    local = (Address("127.0.0.1", 0),)
    options = RunOptions(folder / "plans", local, None, folder / "state", rtp_low=low, rtp_high=high)
    with capture_logs() as logs:
        async with running(options) as (control, _):
            office = control.node.exchange.office
            account = codecs.of_account(office, "shop", "101")
            print(json.dumps({
                "said": [line for line in logs if "library" in line["event"]],
                "secures": [slot.secures for slot in control.node.engine.slots][:1],
                "centre": office.signalling.settings.audio.codecs,
                "account": account.codecs,
            }))

asyncio.run(main())
"""


def started(folder: Path, **environment: str) -> dict[str, list[object]]:
    """What a switch says and offers; it runs as a process of its own, since a library once found stays."""
    (folder / "plans").mkdir()
    (folder / "plans" / "centre.yaml").write_text(CENTRE)
    (folder / "plans" / "shop.yaml").write_text(PLAN)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[object]] = json.loads(done.stdout.splitlines()[-1])
    return found


def empty_library(folder: Path, name: str) -> None:
    """With nothing in it, to stand before the real one."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    (folder / "empty.c").write_text("int nothing;\n")
    subprocess.run(["gcc", "-shared", "-fPIC", folder / "empty.c", "-o", folder / name], check=True)


def test_one_line_says_that_there_is_no_srtp_and_nothing_is_encrypted(tmp_path: Path) -> None:
    empty_library(tmp_path, "libsrtp2.so.1")
    found = started(tmp_path, LD_LIBRARY_PATH=str(tmp_path))
    (line,) = found["said"]
    assert isinstance(line, dict)
    assert (line["log_level"], line["reason"]) == ("warning", "it is no libsrtp of version 2")
    assert found["secures"] == [False]
    assert found["account"] == ["OPUS"]


def test_one_line_says_so_and_nothing_of_it_is_offered(tmp_path: Path) -> None:
    empty_library(tmp_path, "libopus.so.0")
    found = started(tmp_path, LD_LIBRARY_PATH=str(tmp_path))
    (line,) = found["said"]
    assert isinstance(line, dict)
    assert line["log_level"] == "warning"
    assert line["reason"] == "it is no libopus of version 1.0 or later"
    assert found["centre"] == ["G722"]
    assert found["account"] == ["PCMU", "PCMA"]
