"""A phone that is a page in Chromium: JsSIP over WSS, the browser's own WebRTC, a WAV file as microphone.

The page is `browser/phone.js`, made into one file with JsSIP when the tests are installed (`make test`).
Chromium is Debian's; nothing of it looks beyond loopback.
"""

import asyncio
import base64
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Browser, Page, Playwright, async_playwright

from switch.cli.demo import audio

BUNDLE = Path(sys.prefix) / "browser" / "phone.bundle.js"
ORIGIN = "https://phone.test"
PAGE = f"{ORIGIN}/"
EXPECT_TIMEOUT_S = 30.0
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page of "the internet" may not speak to loopback else.
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
    "--ignore-certificate-errors",
    "--allow-loopback-in-peer-connection",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


def chromium_program() -> str:
    """Debian's Chromium, or a skip that says what is missing."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    if not BUNDLE.exists():
        pytest.skip(
            "the browser's page was not made: apt-get install npm, then deploy/browser-page .venv/browser"
        )
    return program


class BrowserPhone:
    """One page with one account. The context always ends the browser."""

    def __init__(self, playwright: Playwright, browser: Browser, page: Page) -> None:
        self._playwright = playwright
        self._browser = browser
        self._page = page
        self._claimed = 0
        self.console: list[str] = []

    @classmethod
    async def start(
        cls, program: str, folder: Path, voice: audio.Samples, rate_hz: int = audio.RATE_HZ
    ) -> "BrowserPhone":
        """Start it with `voice` as its microphone."""
        spoken = audio.write_wav(folder / "browser-speaks.wav", voice, rate_hz)
        playwright = await async_playwright().start()
        try:
            browser = await playwright.chromium.launch(
                executable_path=program,
                headless=True,
                args=[*_FLAGS, f"--use-file-for-fake-audio-capture={spoken}"],
            )
            page = await browser.new_page()
            phone = cls(playwright, browser, page)
            page.on("console", lambda message: phone.console.append(message.text))
            page.on("pageerror", lambda error: phone.console.append(str(error)))
            await page.route(
                PAGE + "**", lambda route: route.fulfill(body="<html></html>", content_type="text/html")
            )
            await page.goto(PAGE)
            await page.add_script_tag(content=BUNDLE.read_text())
        except BaseException:
            await playwright.stop()
            raise
        return phone

    async def __aenter__(self) -> "BrowserPhone":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._browser.close()
        await self._playwright.stop()

    async def sign_in(self, url: str, user: str, password: str, domain: str) -> None:
        """Register by this WebSocket address."""
        await self._page.evaluate("(a) => phone.start(...a)", [url, user, password, domain])

    async def call(self, target: str) -> None:
        await self._page.evaluate("(target) => phone.call(target)", target)

    async def answer(self) -> None:
        await self._page.evaluate("() => phone.answer()")

    async def press(self, key: str) -> None:
        await self._page.evaluate("(key) => phone.key(key)", key)

    async def hold(self) -> None:
        await self._page.evaluate("() => phone.hold()")

    async def resume(self) -> None:
        await self._page.evaluate("() => phone.resume()")

    async def hang_up(self) -> None:
        await self._page.evaluate("() => phone.hangUp()")

    async def sign_out(self) -> None:
        await self._page.evaluate("() => phone.stop()")

    async def expect(self, kind: str, timeout_s: float = EXPECT_TIMEOUT_S) -> str:
        """Claim the next event of that kind, and give its detail; those before it are passed over."""
        events: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    events = await self._page.evaluate("() => phone.events")
                    for number, event in enumerate(events):
                        if number >= self._claimed and event["kind"] == kind:
                            self._claimed = number + 1
                            return str(event["detail"])
                    await asyncio.sleep(0.05)
        except TimeoutError:
            seen = ", ".join(f"{event['kind']} {event['detail']}" for event in events)
            raise TimeoutError(
                f"browser: no {kind} within {timeout_s} s; it saw {seen or 'nothing'}; {self.console[-5:]}"
            ) from None

    async def heard(self) -> audio.Samples:
        """What came out of its loudspeaker so far, at 8 kHz."""
        recording = await self._page.evaluate("() => phone.recording()")
        samples = np.frombuffer(base64.b64decode(recording["samples"]), np.float32)
        step = int(recording["rate"]) // audio.RATE_HZ
        assert step * audio.RATE_HZ == recording["rate"], f"the browser plays at {recording['rate']} Hz"
        whole = samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1)
        return np.asarray(whole, np.float64)
