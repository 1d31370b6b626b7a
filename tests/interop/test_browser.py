"""A browser is a phone like any other: JsSIP in Chromium over WSS, its audio by ICE, DTLS and SRTP.

Its microphone is a WAV file; what the other end of the call heard is compared with it, and the reverse.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from switch.cli.demo import audio
from tests.certificates import Authority
from tests.interop.browser_phone import ORIGIN, BrowserPhone, chromium_program
from tests.interop.phones import PEAK_MIN
from tests.interop.world import CUSTOMER, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHARED = f"""
digest: [md5]   # JsSIP knows no other
certificates:
  main: {{chain: tls/sip.pem, key: tls/sip.key}}
web: {{address: "127.0.0.1:0", certificates: main, origins: ["{ORIGIN}"]}}
"""
TALK_S = 4
PEAK_OPUS_MIN = 0.6
"""Opus keeps what is heard and not the wave, the less so with noise for a voice."""
PEAK_TO_BROWSER_MIN = 0.4
"""What the browser hears was seen at 0.8 and lately at 0.52 and 0.56, which is not explained yet; another
voice is below 0.3."""


def prepare_centre(dialplans: Path) -> None:
    """A web port with a certificate."""
    Authority(dialplans / "tls").issue("sip", "localhost")
    shared, shop = dialplans / "centre.yaml", dialplans / "shop.yaml"
    shared.write_text(SHARED + shared.read_text())
    text = shop.read_text()
    assert "{name: Ben}" in text
    shop.write_text(text.replace("{name: Ben}", "{name: Ben, codecs: opus}"))


@pytest_asyncio.fixture(loop_scope="module")
async def browser(shop: World, tmp_path: Path) -> AsyncIterator[BrowserPhone]:
    """Signed in as shop-101."""
    program = chromium_program()
    port = next(place["port"] for place in shop.switch.ready["sip"] if place["transport"] == "WSS")
    async with await BrowserPhone.start(program, tmp_path, shop.phones.voice("shop-101")) as phone:
        await phone.sign_in(
            f"wss://localhost:{port}/", "shop-101", shop.switch.secrets["shop-101"], "shop.local"
        )
        await phone.expect("registered")
        yield phone


async def test_a_customer_talks_with_an_agent_in_a_browser(shop: World, browser: BrowserPhone) -> None:
    await shop.sign_in("shop/anna")
    await shop.until("shop/anna", "available")
    customer = await shop.carrier()
    call = await shop.dial_in(customer, "1")
    await browser.expect("incoming")
    await browser.answer()
    await browser.expect("confirmed")
    assert await shop.agent_state("shop/anna") == "busy"
    await asyncio.sleep(TALK_S)
    await browser.hang_up()
    await call.expect("disconnected", 10)
    assert call.recording is not None
    heard = audio.follow(audio.read_wav(call.recording), shop.phones.voice("shop-101"))
    assert sum(match.peak > PEAK_MIN for match in heard) >= 4, heard
    match = audio.listen(await browser.heard(), shop.phones.voice(CUSTOMER))
    assert match.peak > PEAK_MIN, match


async def test_a_browser_calls_a_phone(shop: World, browser: BrowserPhone) -> None:
    desk = await shop.phone("shop-110")
    await browser.call("sip:110@shop.local")
    rung = await desk.incoming()
    await rung.answer()
    await browser.expect("confirmed")
    await asyncio.sleep(TALK_S)
    await rung.hangup()
    await rung.expect("disconnected")
    await browser.expect("ended")
    shop.phones.assert_heard(rung, "shop-101", windows_min=2)
    match = audio.listen(await browser.heard(), shop.phones.voice("shop-110"))
    assert match.peak > PEAK_MIN, match


async def test_a_browser_of_opus_calls_a_phone_of_g711(shop: World, tmp_path: Path) -> None:
    """The one codec that its account has is not the phone's: the switch translates, keys and all."""
    port = next(place["port"] for place in shop.switch.ready["sip"] if place["transport"] == "WSS")
    async with await BrowserPhone.start(chromium_program(), tmp_path, shop.phones.voice("shop-102")) as ben:
        await ben.sign_in(
            f"wss://localhost:{port}/", "shop-102", shop.switch.secrets["shop-102"], "shop.local"
        )
        await ben.expect("registered")
        desk = await shop.phone("shop-110", codecs=("PCMU",))
        await ben.call("sip:110@shop.local")
        rung = await desk.incoming()
        await rung.answer()
        await ben.expect("confirmed")
        await asyncio.sleep(TALK_S)
        await rung.hangup()
        await rung.expect("disconnected")
        await ben.expect("ended")
        assert rung.recording is not None
        match = audio.listen(audio.read_wav(rung.recording), shop.phones.voice("shop-102"))
        assert match.peak > PEAK_OPUS_MIN, match
        match = audio.listen(await ben.heard(), shop.phones.voice("shop-110"))
        assert match.peak > PEAK_TO_BROWSER_MIN, match


async def test_a_page_that_goes_away_is_not_offered_calls(shop: World, browser: BrowserPhone) -> None:
    await shop.sign_in("shop/anna")
    await shop.until("shop/anna", "available")
    await browser.sign_out()
    await shop.until("shop/anna", "unreachable")
