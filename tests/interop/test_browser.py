"""A browser is a phone like any other: JsSIP in Chromium over WSS, its audio by ICE, DTLS and SRTP.

Its microphone is a WAV file; what the other end of the call heard is compared with it, and the reverse.
"""

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from switch.cli.demo import audio
from tests.certificates import Authority
from tests.interop.browser_phone import ORIGIN, BrowserPhone, chromium_program
from tests.interop.phones import PEAK_MIN, assert_contains, assert_likeness
from tests.interop.world import CUSTOMER, World, until
from tests.vectors import vector

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHARED = f"""
digest: [md5]   # JsSIP knows no other
certificates:
  main: {{chain: tls/sip.pem, key: tls/sip.key}}
web: {{address: "127.0.0.1:0", certificates: main, origins: ["{ORIGIN}"]}}
"""
TALK_S = 4
LONG_TALK_S = 8
SPEECH = ("sense_and_sensibility_01_austen_64kb-0870.wav", "sense_and_sensibility_01_austen_64kb-0930.wav")
"""Read sentences at 16 kHz: Opus keeps what is heard of a voice, and less of noise in its place."""
SPEECH_HZ = 16_000
SPEECH_FROM_HZ = 300
"""The lower end of a telephone's band. Chromium's Opus encoder is set for telephony and so has a high-pass
filter, which turns the phase of what is below: the same encoder and decoder alone come to 0.83 with it."""
WINDOW_MS = 200
PEAK_OPUS_MIN = 0.95
"""The median of windows. Each is looked for by itself: a jitter buffer moves what follows by milliseconds."""
PEAK_OTHER_VOICE_MAX = 0.6
"""The shorter the windows, the more they find that is a little like them: up to 0.45 was seen."""
FINER = 6
"""Delays are no whole samples of 8000 Hz: half of one takes a fifth off the likeness of what is at 3 kHz."""


def prepare_centre(dialplans: Path) -> None:
    """A web port with a certificate."""
    Authority(dialplans / "tls").issue("sip", "localhost")
    shared, shop = dialplans / "centre.yaml", dialplans / "shop.yaml"
    shared.write_text(SHARED + shared.read_text())
    text = shop.read_text()
    assert "{name: Ben}" in text
    shop.write_text(text.replace("{name: Ben}", "{name: Ben, codecs: opus, record: true}"))


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


def likeness(heard: audio.Samples, said: audio.Samples, rate_hz: int = audio.RATE_HZ) -> audio.Match:
    """The median of the windows, each aligned to a fraction of a sample."""
    finer = FINER * audio.RATE_HZ
    return audio.listen(
        audio.resample(heard, rate_hz, finer), audio.resample(said, rate_hz, finer), WINDOW_MS, finer
    )


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
    await shop.phones.until_heard(call, "shop-101", 4)
    await browser.hang_up()
    await call.expect("disconnected", 10)
    assert call.recording is not None
    assert_contains(audio.read_wav(call.recording), shop.phones.voice("shop-101"), 4)
    match = likeness(await browser.heard(), shop.phones.voice(CUSTOMER))
    assert_likeness(match.peak > PEAK_MIN, "the customer", match)


async def test_a_browser_calls_a_phone(shop: World, browser: BrowserPhone) -> None:
    desk = await shop.phone("shop-110")
    await browser.call("sip:110@shop.local")
    rung = await desk.incoming()
    await rung.answer()
    await browser.expect("confirmed")
    await asyncio.sleep(TALK_S)
    await shop.phones.until_heard(rung, "shop-101", 2)
    await rung.hangup()
    await rung.expect("disconnected")
    await browser.expect("ended")
    shop.phones.assert_heard(rung, "shop-101", windows_min=2)
    match = likeness(await browser.heard(), shop.phones.voice("shop-110"))
    assert_likeness(match.peak > PEAK_MIN, "the phone", match)


def sentences(name: str) -> audio.Samples:
    spectrum = np.fft.rfft(audio.read_wav(vector(f"audio/speech/{name}")))
    spectrum[: SPEECH_FROM_HZ * 2 * len(spectrum) // SPEECH_HZ] = 0
    said: audio.Samples = np.fft.irfft(spectrum)
    return said


async def the_recording(shop: World) -> audio.Samples:
    """What the one recorded caller said, as the switch wrote it at 16 kHz."""

    async def listed() -> int:
        return len(await shop.switch.cli("recordings"))

    await until(listed, 1, 10, "the call's recording is listed")
    (row,) = await shop.switch.cli("recordings")
    with wave.open(str(shop.switch.state / "recordings" / f"{row['file']}.wav"), "rb") as file:
        assert (file.getnchannels(), file.getframerate()) == (2, SPEECH_HZ)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return samples[:, 0] / 32_768


async def test_a_browser_of_opus_calls_a_phone_of_g711(shop: World, tmp_path: Path) -> None:
    """The one codec that its account has is not the phone's: the switch translates. What the browser has for
    its microphone is what the switch records and what the phone hears, and the other way round."""
    mine, theirs = map(sentences, SPEECH)
    narrow_mine, narrow_theirs = (audio.resample(said, SPEECH_HZ, audio.RATE_HZ) for said in (mine, theirs))
    audio.write_wav(shop.phones.folder / "shop-110-speaks.wav", narrow_theirs)
    port = next(place["port"] for place in shop.switch.ready["sip"] if place["transport"] == "WSS")
    async with await BrowserPhone.start(chromium_program(), tmp_path, mine, SPEECH_HZ) as ben:
        await ben.sign_in(
            f"wss://localhost:{port}/", "shop-102", shop.switch.secrets["shop-102"], "shop.local"
        )
        await ben.expect("registered")
        desk = await shop.phone("shop-110", codecs=("PCMU",))
        await ben.call("sip:110@shop.local")
        rung = await desk.incoming()
        await rung.answer()
        await ben.expect("confirmed")
        await asyncio.sleep(LONG_TALK_S)
        await rung.hangup()
        await rung.expect("disconnected")
        await ben.expect("ended")
        assert rung.recording is not None
        matches = {
            "recorded": likeness(await the_recording(shop), mine, SPEECH_HZ),
            "phone": likeness(audio.read_wav(rung.recording), narrow_mine),
            "browser": likeness(await ben.heard(), narrow_theirs),
        }
        alike = all(match.peak > PEAK_OPUS_MIN and match.windows >= 10 for match in matches.values())
        assert_likeness(alike, "what was said", matches)
        assert likeness(await ben.heard(), narrow_mine).peak < PEAK_OTHER_VOICE_MAX


async def test_a_page_that_goes_away_is_not_offered_calls(shop: World, browser: BrowserPhone) -> None:
    await shop.sign_in("shop/anna")
    await shop.until("shop/anna", "available")
    await browser.sign_out()
    await shop.until("shop/anna", "unreachable")
