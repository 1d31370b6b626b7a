"""A message that one real phone leaves and another listens to, keeps and deletes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from switch.cli.demo import audio
from tests.interop.phones import assert_likeness
from tests.interop.world import World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

WINDOW_MS = 1_000


def prepare_centre(dialplans: Path) -> None:
    shop = dialplans / "shop.yaml"
    text = shop.read_text().replace('  "600": to_sales', '  "600": to_sales\n  "650": leave\n  "651": hear')
    shop.write_text(
        f"{text}\n  leave: [{{take_message: sales}}]\n  hear: [{{voice_mail: sales}}]\n"
        'mailboxes: {sales: {pin: "4711"}}\nrecording: {format: opus}\n'
    )


async def rows(shop: World) -> list[dict[str, Any]]:
    return list(await shop.switch.cli("messages"))


async def test_left_heard_and_deleted(shop: World) -> None:
    anna, chloe = await shop.phone("shop-101"), await shop.phone("shop-103")
    leaves = await anna.call(f"sip:650@{shop.switch.sip}")
    await leaves.expect("confirmed")
    await asyncio.sleep(5)
    await leaves.hangup()

    async def new() -> list[bool]:
        return [row["new"] for row in await rows(shop)]

    await until(new, [True], 10, "the message is listed")
    (row,) = await rows(shop)
    assert (row["tenant"], row["mailbox"]) == ("shop", "sales")
    # The caller stayed five seconds and more; the prompt before the tone took some of it.
    assert 1_500 < row["duration_ms"] < 60_000
    file = shop.switch.state / "recordings" / f"{row['file']}.opus"
    assert file.exists()

    call = await chloe.call(f"sip:651@{shop.switch.sip}")
    await call.expect("confirmed")
    await asyncio.sleep(0.5)
    await call.dtmf("4711")
    await until(new, [False], 40, "the message was heard to its end")
    assert file.with_suffix(".heard").exists()
    await asyncio.sleep(0.5)
    await call.dtmf("3")
    await until(new, [], 10, "the message was deleted")
    await call.expect("disconnected", 15)  # there are no more
    assert not file.exists()
    assert not file.with_suffix(".heard").exists()
    assert call.recording is not None
    heard = audio.follow(audio.read_wav(call.recording), shop.phones.voice("shop-101"), WINDOW_MS)
    peaks = sorted((match.peak for match in heard), reverse=True)
    print("the caller's voice in what was heard:", [round(peak, 2) for peak in peaks[:4]])
    assert_likeness(sum(peak > 0.85 for peak in peaks) >= 2, "the caller's voice", peaks)
