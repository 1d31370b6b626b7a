"""A message that one real phone leaves and another listens to and deletes; a phone that is a machine."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from switch.cli.demo import audio
from tests.codecs.signals import speech, tone
from tests.interop.phones import assert_likeness
from tests.interop.world import World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

WINDOW_MS = 1_000
NUMBERS = {"650": "leave", "651": "hear", "652": "robots", "653": "mobile"}


def prepare_centre(dialplans: Path) -> None:
    shop = dialplans / "shop.yaml"
    numbers = "\n".join(f'  "{number}": {flow}' for number, flow in NUMBERS.items())
    text = shop.read_text().replace('  "600": to_sales', f'  "600": to_sales\n{numbers}')
    shop.write_text(
        f"{text}\n  leave: [{{take_message: sales}}]\n  hear: [{{voice_mail: sales}}]\n"
        "  robots: [{detect: {machine: [{play: goodbye}], beep_s: 20}}, hangup]\n"
        '  mobile: [answer, {dial: {extension: "102", machine: hangup}}, {play: goodbye}]\n'
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


def answering_machine(file: Path) -> Path:
    """Somebody reads a greeting of four seconds without a pause, then a beep, then nothing for a while."""
    greeting = speech()[: 4 * 16_000 : 2].astype(float) / 32_768
    beep = tone(1_000, audio.RATE_HZ, 0.4).astype(float) / 32_768
    pause = np.zeros(audio.RATE_HZ // 2)
    return audio.write_wav(file, np.concatenate([greeting, pause, beep, np.zeros(30 * audio.RATE_HZ)]))


async def why(shop: World, called: str) -> str:
    """The whole story of the last call to that number, once it is over."""

    async def over() -> bool:
        return any(row["called"] == called for row in await shop.records())

    await until(over, True, 30, "the record is there")
    call = next(row["call"] for row in await shop.records() if row["called"] == called)
    return str((await shop.switch.cli("why", call))["text"])


async def test_a_machine_hears_the_message_behind_its_beep(shop: World, tmp_path: Path) -> None:
    spoken = str(answering_machine(tmp_path / "machine.wav"))
    robot = await shop.phone("shop-101", play=spoken)
    call = await robot.call(f"sip:652@{shop.switch.sip}")
    await call.expect("confirmed")
    await call.expect("disconnected", 40)
    told = await why(shop, "652")
    print(told)
    assert "is heard: machine" in told
    # A beep that a stuttering phone breaks is followed by the silence that says the same.
    behind = max(told.find("detect beep"), told.find("detect silence"))
    assert 0 < behind < told.index("play goodbye")


async def test_a_dialled_machine_is_no_talk(shop: World, tmp_path: Path) -> None:
    spoken = str(answering_machine(tmp_path / "machine.wav"))
    machine = await shop.phone("shop-102", play=spoken)
    chloe = await shop.phone("shop-103")
    call = await chloe.call(f"sip:653@{shop.switch.sip}")
    rings = await machine.incoming()
    await rings.answer()
    await call.expect("disconnected", 40)
    told = await why(shop, "653")
    print(told)
    assert "is heard: machine" in told
    assert "dialling ended: machine" in told
    assert "play goodbye" not in told
