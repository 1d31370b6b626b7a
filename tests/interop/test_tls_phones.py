"""Phones that register by TLS and talk by SRTP with keys by SDES.

Keys in a session description are as secret as what carries it (RFC 4568 section 7): this is the pair that
belongs together. The accounts of these phones demand it: `encrypted_media: required`.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.interop.baresip import Baresip, BaresipAccount
from tests.interop.baresip_talks import serve_a_customer
from tests.interop.linphone import Linphone, LinphoneAccount
from tests.interop.phones import assert_contains
from tests.interop.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

LISTENS_AS_THE_CENTRE_SAYS = True
ADDRESS, NAME = "127.0.0.1", "localhost"
"""What the certificate proves: baresip finds no name here, and linphone compares no address."""

LISTEN = """
certificates:
  main: {chain: tls/sip.pem, key: tls/sip.key}
listen:
  - {address: "127.0.0.1:0", transports: [udp, tcp]}
  - {address: "127.0.0.1:0", transports: tls, certificates: main}
"""


def prepare_centre(dialplans: Path) -> None:
    """A listener for TLS, MD5 for baresip, and two accounts that must encrypt."""
    Authority(dialplans / "tls").issue("sip", ADDRESS, NAME)
    Authority(dialplans / "tls", "stranger")
    shared, shop = dialplans / "centre.yaml", dialplans / "shop.yaml"
    shared.write_text(f"digest: [md5]\n{LISTEN}{shared.read_text()}")
    text = shop.read_text()
    for name in ("Anna", "Ben"):
        assert f"{{name: {name}}}" in text
        text = text.replace(f"{{name: {name}}}", f"{{name: {name}, encrypted_media: required}}", 1)
    shop.write_text(text)


def tls_port(shop: World) -> int:
    return next(int(place["port"]) for place in shop.switch.ready["sip"] if place["transport"] == "TLS")


def authority(shop: World, name: str = "authority") -> Path:
    return shop.switch.state.parent / "dialplans" / "tls" / f"{name}.pem"


def baresip_account(shop: World, extension: str) -> BaresipAccount:
    user = f"shop-{extension}"
    registrar = f"{ADDRESS}:{tls_port(shop)}"
    return BaresipAccount(user, shop.switch.secrets[user], registrar, "tls", encryption="srtp-mand")


def linphone_account(shop: World, extension: str) -> LinphoneAccount:
    user = f"shop-{extension}"
    return LinphoneAccount(
        user,
        shop.switch.secrets[user],
        f"{NAME}:{tls_port(shop)}",
        "tls",
        encrypted=True,
        authority=authority(shop),
    )


async def test_baresip_is_an_agent_s_phone_by_tls(shop: World, baresip_program: str, tmp_path: Path) -> None:
    voice = shop.phones.voice("shop-101")
    account = baresip_account(shop, "101")
    async with await Baresip.start(baresip_program, account, tmp_path, voice) as anna:
        await serve_a_customer(shop, anna, voice, customer_windows_min=2)
        assert (await shop.switch.metrics())['softswitch_sip_connections{transport="TLS"}'] == 1


async def test_baresip_calls_linphone_and_both_hear_each_other(
    shop: World, baresip_program: str, linphone_program: str, tmp_path: Path
) -> None:
    """Two stacks, TLS and SDES on both legs."""
    voices = {user: shop.phones.voice(user) for user in ("shop-101", "shop-102")}
    linphone = Linphone.start(
        linphone_program, linphone_account(shop, "102"), tmp_path, voices["shop-102"], answers=True
    )
    baresip = Baresip.start(baresip_program, baresip_account(shop, "101"), tmp_path, voices["shop-101"])
    async with await linphone as ben, await baresip as anna:
        await anna.expect("REGISTER_OK")
        await ben.registered()
        await anna.command("dial", f"sip:102@{ADDRESS}:{tls_port(shop)};transport=tls")
        await anna.expect("CALL_ESTABLISHED", 10)
        await asyncio.sleep(4)
        await anna.command("hangup")
        await ben.expect("ended")
        for heard, speaker in ((anna.heard(), "shop-102"), (ben.heard(), "shop-101")):
            assert_contains(heard, voices[speaker], 3, f"what should be {speaker}")


async def test_linphone_by_tls_calls_a_phone_that_does_not_encrypt(
    shop: World, linphone_program: str, tmp_path: Path
) -> None:
    chloe = await shop.phone("shop-103")
    voice = shop.phones.voice("shop-102")
    async with await Linphone.start(linphone_program, linphone_account(shop, "102"), tmp_path, voice) as ben:
        await ben.registered()
        await ben.command(f"call sip:103@{NAME}:{tls_port(shop)};transport=tls")
        rung = await chloe.incoming()
        await rung.answer()
        await rung.expect("confirmed")
        await ben.expect("Media streams established")
        await asyncio.sleep(3)
        await shop.phones.until_heard(rung, "shop-102", 2)
        await ben.command("terminate")
        await rung.expect("disconnected")
        assert "a=crypto:" in ben.sent_and_received()
        shop.phones.assert_heard(rung, "shop-102", windows_min=2)
        assert_contains(ben.heard(), shop.phones.voice("shop-103"), 2)


async def test_a_phone_that_does_not_know_our_authority_does_not_register(
    shop: World, linphone_program: str, tmp_path: Path
) -> None:
    """Linphone verifies us: the tests above do not show that it believes anybody."""
    account = replace(linphone_account(shop, "102"), authority=authority(shop, "stranger"))
    voice = shop.phones.voice("shop-102")
    async with await Linphone.start(linphone_program, account, tmp_path, voice) as ben:
        with pytest.raises(TimeoutError):
            await ben.registered(3)
        assert "Certificate verification failed" in ben.sent_and_received()
    rows = {row["user"]: row["registered"] for row in await shop.switch.ask("/v1/accounts")}
    assert not rows["shop-102"]
