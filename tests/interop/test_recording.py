"""Recordings of real phones: each side is in its channel, pauses are silent, a message is in its mailbox."""

import asyncio
import contextlib
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from switch.cli.demo import audio
from tests.interop.phones import PEAK_MIN, PEAK_OTHER_MAX, assert_contains, assert_likeness
from tests.interop.world import World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

soundfile: Any = import_module("soundfile")


def prepare_centre(dialplans: Path) -> None:
    """103 is always recorded, in Opus; 650 takes messages."""
    shop = dialplans / "shop.yaml"
    text = shop.read_text().replace('"103": {name: Chloé}', '"103": {name: Chloé, record: true}')
    text = text.replace('  "600": to_sales', '  "600": to_sales\n  "650": message')
    shop.write_text(f"{text}\n  message: [{{take_message: sales}}]\nrecording: {{format: opus}}\n")


def channels(path: Path) -> list[audio.Samples]:
    """Of a file that is closed, at 8000 Hz."""
    sound, rate = soundfile.read(path, always_2d=True)
    return [np.asarray(channel) for channel in sound[:: rate // audio.RATE_HZ].T]


async def the_file(shop: World, rows: int) -> Path:
    async def listed() -> int:
        return len(await shop.switch.cli("recordings", "--limit", "50"))

    await until(listed, rows, 10, "the call's recording is listed")
    row = (await shop.switch.cli("recordings", "--limit", "1"))[0]
    path: Path = shop.switch.state / "recordings" / f"{row['file']}.opus"

    async def closed() -> bool:
        """Its last page is marked."""
        with contextlib.suppress(FileNotFoundError):
            data = path.read_bytes()
            return data[data.rfind(b"OggS") + 5] & 4 > 0
        return False

    await until(closed, True, 10, f"{path} is closed")
    return path


async def test_a_talk_of_two_phones_is_recorded_left_and_right(shop: World) -> None:
    before = len(await shop.switch.cli("recordings", "--limit", "50"))
    anna, chloe = await shop.phone("shop-101"), await shop.phone("shop-103")
    call = await anna.call(f"sip:103@{shop.switch.sip}")
    rung = await chloe.incoming()
    await rung.answer()
    await call.expect("confirmed")
    await asyncio.sleep(3)
    (row,) = await shop.switch.cli("calls")
    assert row["recording"] == "on"
    await shop.switch.cli("calls", "record", row["call"], "pause")
    await asyncio.sleep(2)
    await shop.switch.cli("calls", "record", row["call"], "resume")
    await asyncio.sleep(2)
    await call.hangup()
    await rung.expect("disconnected")
    left, right = channels(await the_file(shop, before + 1))
    for heard, speaker, other in ((left, "shop-101", "shop-103"), (right, "shop-103", "shop-101")):
        matches = audio.follow(heard, shop.phones.voice(speaker))
        assert_likeness(bool(np.median([match.peak for match in matches]) > PEAK_MIN), speaker, matches)
        assert audio.listen(heard, shop.phones.voice(other)).peak < PEAK_OTHER_MAX, "the sides are apart"
        ticks = np.abs(heard[: len(heard) // 80 * 80].reshape(-1, 80)).max(axis=1) < 0.002
        silent = max(len(run) for run in "".join(".x"[int(tick)] for tick in ticks).split("."))
        assert_likeness(silent > 150, "the pause of two seconds", silent)


async def test_a_message_is_in_its_mailbox(shop: World) -> None:
    before = len(await shop.switch.cli("recordings", "--limit", "50"))
    anna = await shop.phone("shop-101")
    call = await anna.call(f"sip:650@{shop.switch.sip}")
    await call.expect("confirmed")
    await asyncio.sleep(4)
    await call.hangup()
    path = await the_file(shop, before + 1)
    assert path.parent == shop.switch.state / "recordings" / "shop" / "messages" / "sales"
    (said,) = channels(path)
    assert_contains(said, shop.phones.voice("shop-101"), 3, str(path))
