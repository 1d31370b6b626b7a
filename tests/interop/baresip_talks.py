"""What several tests do with a baresip at an agent's home that was just started."""

import asyncio

from switch.cli.demo.audio import Samples, read_wav
from tests.interop.baresip import Baresip
from tests.interop.phones import assert_contains
from tests.interop.world import CUSTOMER, World

TALK_S = 4
WINDOWS_MIN = 5
"""Of the phone's voice, in what the customer hears."""


async def serve_a_customer(
    shop: World, anna: Baresip, voice: Samples, *, customer_windows_min: int = 3
) -> None:
    """The phone of `shop/anna`, which speaks with `voice`, takes a caller; each hears the other."""
    await anna.expect("REGISTER_OK")
    await shop.sign_in("shop/anna")
    await shop.until("shop/anna", "available")
    customer = await shop.carrier()
    call = await shop.dial_in(customer, "1")
    await anna.expect("CALL_ESTABLISHED", 10)
    assert await shop.agent_state("shop/anna") == "busy"
    await asyncio.sleep(TALK_S)
    await shop.phones.until_heard(call, "shop-101", WINDOWS_MIN)
    await anna.command("hangup")
    await shop.until("shop/anna", "wrap-up")
    await call.expect("disconnected", 15)
    assert call.recording is not None
    assert_contains(read_wav(call.recording), voice, WINDOWS_MIN)
    assert_contains(anna.heard(), shop.phones.voice(CUSTOMER), customer_windows_min)


async def call_a_colleague(shop: World, ben: Baresip, colleague: str, *, talk_s: float) -> None:
    """The phone of shop-102 dials an extension whose phone never encrypts, and is heard there."""
    other = await shop.phone(colleague, codecs=("PCMU",))
    await ben.expect("REGISTER_OK")
    await ben.command("dial", f"sip:{colleague.removeprefix('shop-')}@{shop.switch.sip}")
    rung = await other.incoming()
    await rung.answer()
    await rung.expect("confirmed")
    await asyncio.sleep(talk_s)
    await shop.phones.until_heard(rung, "shop-102", 2)
    await ben.command("hangup")
    await rung.expect("disconnected")
    shop.phones.assert_heard(rung, "shop-102", windows_min=2)
