"""Phones whose audio is encrypted, talking with phones whose is not: the switch stands between.

baresip takes its keys by SDES (RFC 4568) or by a DTLS handshake (RFC 5763).
"""

from pathlib import Path

import pytest

from tests.interop.baresip import Baresip, BaresipAccount
from tests.interop.baresip_talks import call_a_colleague, serve_a_customer
from tests.interop.phones import assert_contains
from tests.interop.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGENTS = ("103",)


def prepare_centre(dialplans: Path) -> None:
    """MD5 for baresip; one account that must encrypt, one that may."""
    shared, shop = dialplans / "centre.yaml", dialplans / "shop.yaml"
    shared.write_text(f"digest: [md5]\n{shared.read_text()}")
    text = shop.read_text()
    assert "{name: Anna}" in text
    shop.write_text(text.replace("{name: Anna}", "{name: Anna, encrypted_media: required}"))


async def test_an_agent_s_phone_with_keys_in_the_description(
    shop: World, baresip_program: str, tmp_path: Path
) -> None:
    account = BaresipAccount(
        "shop-101", shop.switch.secrets["shop-101"], shop.switch.sip, encryption="srtp-mand"
    )
    voice = shop.phones.voice("shop-101")
    async with await Baresip.start(baresip_program, account, tmp_path, voice) as anna:
        await serve_a_customer(shop, anna, voice)


async def test_a_phone_that_must_encrypt_and_does_not_is_refused(
    shop: World, baresip_program: str, tmp_path: Path
) -> None:
    account = BaresipAccount("shop-101", shop.switch.secrets["shop-101"], shop.switch.sip)
    voice = shop.phones.voice("shop-101")
    async with await Baresip.start(baresip_program, account, tmp_path, voice) as anna:
        await anna.expect("REGISTER_OK")
        await anna.command("dial", f"sip:600@{shop.switch.sip}")
        closed = await anna.expect("CALL_CLOSED")
        assert "488" in str(closed["param"])


@pytest.mark.parametrize("encryption", ["srtp-mand", "dtls_srtp"])
async def test_a_phone_that_encrypts_calls_one_that_does_not(
    shop: World, baresip_program: str, tmp_path: Path, encryption: str
) -> None:
    switch = shop.switch
    account = BaresipAccount("shop-102", switch.secrets["shop-102"], switch.sip, encryption=encryption)
    voice = shop.phones.voice("shop-102")
    async with await Baresip.start(baresip_program, account, tmp_path, voice) as ben:
        await call_a_colleague(shop, ben, "shop-103", talk_s=3)
        assert_contains(ben.heard(), shop.phones.voice("shop-103"), 2)
