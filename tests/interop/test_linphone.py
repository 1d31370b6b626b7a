"""Linphone as a phone of the centre: by UDP and by TLS, its audio in the clear and with keys by SDES."""

import asyncio
from pathlib import Path

import pytest

from switch.cli.demo import audio
from tests.interop.linphone import Linphone, LinphoneAccount
from tests.interop.phones import assert_contains
from tests.interop.world import CUSTOMER, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_linphone_calls_a_phone_of_its_tenant(
    shop: World, linphone_program: str, tmp_path: Path
) -> None:
    switch = shop.switch
    account = LinphoneAccount("shop-102", switch.secrets["shop-102"], switch.sip)
    anna = await shop.phone("shop-101")
    voice = shop.phones.voice("shop-102")
    async with await Linphone.start(linphone_program, account, tmp_path, voice) as ben:
        await ben.registered()
        await ben.command(f"call sip:101@{switch.sip}")
        rung = await anna.incoming()
        await rung.answer()
        await rung.expect("confirmed")
        await ben.expect("Media streams established")
        await asyncio.sleep(3)
        await shop.phones.until_heard(rung, "shop-102", 2)
        await ben.command("terminate")
        await rung.expect("disconnected")
        await ben.expect("ended")
        shop.phones.assert_heard(rung, "shop-102", windows_min=2)
        assert_contains(ben.heard(), shop.phones.voice("shop-101"), 2)


async def test_linphone_is_an_agent_s_phone(shop: World, linphone_program: str, tmp_path: Path) -> None:
    switch = shop.switch
    account = LinphoneAccount("shop-101", switch.secrets["shop-101"], switch.sip)
    voice = shop.phones.voice("shop-101")
    async with await Linphone.start(linphone_program, account, tmp_path, voice, answers=True) as anna:
        await anna.registered()
        await shop.sign_in("shop/anna")
        await shop.until("shop/anna", "available")
        customer = await shop.carrier()
        call = await shop.dial_in(customer, "1")
        await anna.expect("Media streams established", 10)
        await shop.until("shop/anna", "busy")
        await asyncio.sleep(4)
        await shop.phones.until_heard(call, "shop-101", 5)
        await anna.command("terminate")
        await shop.until("shop/anna", "wrap-up")
        await call.expect("disconnected", 15)
        assert call.recording is not None
        assert_contains(audio.read_wav(call.recording), voice, 5)
        assert_contains(anna.heard(), shop.phones.voice(CUSTOMER), 2)
