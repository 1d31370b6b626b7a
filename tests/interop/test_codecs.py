"""Real phones of G.722 and Opus, with each other and with one of G.711, for which the switch translates."""

import asyncio
from pathlib import Path

import pytest

from switch.cli.demo import audio
from tests.interop.baresip import Baresip, BaresipAccount
from tests.interop.phones import assert_contains
from tests.interop.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGENTS = ("103",)
G722, OPUS = "G722/16000/1", "opus/48000/2"

PEAK_MIN = 0.6
"""Opus keeps what is heard and not the wave: baresip's filters low tones, which turns their phase."""


def prepare_centre(dialplans: Path) -> None:
    """MD5 for baresip; 101 speaks G.722 or G.711, 102 Opus or G.722, 103 what all do."""
    shared, shop = dialplans / "centre.yaml", dialplans / "shop.yaml"
    shared.write_text(f"digest: [md5]\n{shared.read_text()}")
    text = shop.read_text()
    for name, codecs in (("Anna", "[g722, pcma]"), ("Ben", "[opus, g722, l16]")):
        assert f"{{name: {name}}}" in text
        text = text.replace(f"{{name: {name}}}", f"{{name: {name}, codecs: {codecs}}}")
    shop.write_text(text)


async def phone(shop: World, program: str, folder: Path, user: str, codec: str) -> Baresip:
    account = BaresipAccount(
        f"shop-{user}", shop.switch.secrets[f"shop-{user}"], shop.switch.sip, codec=codec
    )
    started = await Baresip.start(program, account, folder, shop.phones.voice(f"shop-{user}"))
    await started.expect("REGISTER_OK")
    return started


def assert_heard(heard: audio.Samples, voice: audio.Samples) -> None:
    assert_contains(heard, voice, 3, peak_min=PEAK_MIN)


@pytest.mark.parametrize(("user", "codec"), [("101", G722), ("102", OPUS)])
async def test_a_wide_band_phone_calls_one_of_g711(
    shop: World, baresip_program: str, tmp_path: Path, user: str, codec: str
) -> None:
    """Each hears the other, through two codecs and a resampler."""
    chloe = await shop.phone("shop-103")
    async with await phone(shop, baresip_program, tmp_path, user, codec) as caller:
        await caller.command("dial", f"sip:103@{shop.switch.sip}")
        rung = await chloe.incoming()
        await rung.answer()
        await rung.expect("confirmed")
        await asyncio.sleep(4)
        await caller.command("hangup")
        await rung.expect("disconnected")
        assert rung.recording is not None
        assert_heard(audio.read_wav(rung.recording), shop.phones.voice(f"shop-{user}"))
        assert_heard(caller.heard(), shop.phones.voice("shop-103"))


@pytest.mark.parametrize("codec", [OPUS, G722])
async def test_two_wide_band_phones(shop: World, baresip_program: str, tmp_path: Path, codec: str) -> None:
    """Opus with G.722 is translated, G.722 with itself is relayed."""
    async with (
        await phone(shop, baresip_program, tmp_path, "101", G722) as anna,
        await phone(shop, baresip_program, tmp_path, "102", codec) as ben,
    ):
        await ben.command("dial", f"sip:101@{shop.switch.sip}")
        await anna.expect("CALL_ESTABLISHED", 10)
        await asyncio.sleep(4)
        await ben.command("hangup")
        await anna.expect("CALL_CLOSED", 10)
        assert_heard(anna.heard(), shop.phones.voice("shop-102"))
        assert_heard(ben.heard(), shop.phones.voice("shop-101"))
