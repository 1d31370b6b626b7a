"""While calls go on: dialplans that are wrong, and a disk that is full."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from switch.cli.demo.phones import AnswerPolicy
from tests.interop.phones import Phones
from tests.interop.process import free_port
from tests.interop.switch_process import SwitchProcess, copy_centre, run_cli
from tests.interop.world import World, until
from tests.small_disk import small_disk

DISK_BYTES = 24 << 20
"""The prompts and the music of the test centre take about a third of it."""


async def test_a_wrong_dialplan_keeps_the_old_one(tmp_path: Path, phones: Phones) -> None:
    """By the command and by SIGHUP; then a right one is taken, while a call of the old one goes on."""
    dialplans = copy_centre(tmp_path, free_port())
    shop = dialplans / "shop.yaml"
    right = shop.read_text()
    async with await SwitchProcess.start(dialplans, tmp_path / "state") as switch:
        world = World(switch, phones, 0)
        anna = await world.phone("shop-101", answer=AnswerPolicy("answer"))
        ben = await world.phone("shop-102")
        await world.sign_in("shop/anna")
        talk = await ben.call("101")
        await talk.expect("confirmed")

        shop.write_text(right.replace("otherwise: desk", "otherwise: desks"))
        code, out, err = await run_cli("reload", "--state", str(switch.state))
        assert (code, out) == (2, "")
        place, _, message = err.splitlines()[0].partition(": ")
        line, column = (int(part) for part in place.removeprefix(f"{shop}:").split(":"))
        assert shop.read_text().splitlines()[line - 1][column - 1 :].startswith("desks")
        assert "desk" in message.replace("desks", "")
        assert "nothing was changed" in err

        os.kill(switch.process.pid, signal.SIGHUP)

        async def refused() -> bool:
            return "reload refused" in switch.log()

        await until(refused, True, 5, "the log says that the reload was refused")
        assert f"{shop}:{line}:{column}: " in switch.log()
        assert (await switch.page("/health/ready"))[0] == 200
        assert await world.agent_state("shop/anna") == "busy"

        shop.write_text(right.replace('"110": {name: Desk}', '"110": {name: Desk}, "111": {name: New}'))
        outcome = await switch.cli("reload")
        assert outcome["reloaded"]
        users = [row["user"] for row in await switch.ask("/v1/accounts")]
        assert "shop-111" in users
        assert not anna.saw("disconnected")
        await talk.hangup()
        await (await anna.incoming()).expect("disconnected")
        await world.nothing_left()
        new = await world.phones.start(
            "shop-111", password=read_secret(switch, "shop-111"), registrar=switch.sip
        )
        await new.register()
        assert "Traceback" not in switch.log()


def read_secret(switch: SwitchProcess, user: str) -> str:
    lines = (switch.state / "secrets.txt").read_text().splitlines()
    return next(line.split()[1] for line in reversed(lines) if line.startswith(f"{user} "))


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    with small_disk(tmp_path / "disk", str(DISK_BYTES)) as disk:
        yield disk


async def test_a_full_disk_does_not_end_calls(tmp_path: Path, small_disk: Path, phones: Phones) -> None:
    dialplans = copy_centre(tmp_path, free_port())
    async with await SwitchProcess.start(dialplans, small_disk / "state") as switch:
        world = World(switch, phones, 0)
        anna = await world.phone("shop-101", answer=AnswerPolicy("answer"))
        ben = await world.phone("shop-102")
        first = await ben.call("101")
        await first.expect("confirmed")

        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 65_536)

        async def ready() -> tuple[int, bool]:
            status, text = await switch.page("/health/ready")
            return status, "the disk is full" in text

        # Calls until the pages that SQLite had left are used up.
        made = 0
        while (await ready())[0] == 200 and made < 60:
            made += 1
            call = await ben.call("101")
            await call.expect("confirmed")
            await call.hangup()
            await call.expect("disconnected")
        assert await ready() == (503, True), f"after {made} calls: {await ready()}"
        assert (await switch.page("/health/live"))[0] == 200
        # The first talk has gone on, and another can begin.
        assert not anna.saw("disconnected", 0)
        second = await ben.call("101")
        await second.expect("confirmed")
        await asyncio.sleep(3)
        complaints = [line for line in switch.log().splitlines() if "[error" in line]
        assert len(complaints) == 1, complaints
        assert "the disk is full" in complaints[0]

        ballast.unlink()
        await until(ready, (200, False), 5, "/health/ready")
        await second.hangup()
        await first.hangup()
        await world.nothing_left()
        records = await world.records()
        assert len(records) == made + 2, "a call of the time without a disk has no record"
        assert "is written again" in switch.log()
        assert "Traceback" not in switch.log()
        sequences: list[Any] = [row["started_wall_us"] for row in records]
        assert len(set(sequences)) == len(sequences)
