"""A real phone listens to the talk of two others, whispers to one, and joins: what each of them heard."""

import asyncio
from pathlib import Path

import pytest

from switch.cli.demo import audio
from switch.cli.demo.phones import Call
from tests.interop.phones import assert_likeness
from tests.interop.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

WINDOW_MS = 1_000
"""Long windows: one voice of two that are heard together has a correlation of 0.7, a strange one of 0.1."""

HEARD, NOT_HEARD = 0.35, 0.2
PHASE_S = 3.5
MODES = ("listen", "whisper", "join")
CUSTOMER, AGENT, EVE = "shop-101", "shop-103", "shop-110"


def prepare_centre(dialplans: Path) -> None:
    shop = dialplans / "shop.yaml"
    shop.write_text(shop.read_text() + '\nsupervision: {accounts: ["110"]}\n')


def heard(shop: World, call: Call, speaker: str, from_s: float) -> float:
    """How much of a voice is in a phase of what a phone recorded."""
    assert call.recording is not None
    sound = audio.read_wav(call.recording)
    begin = int(from_s * audio.RATE_HZ)
    phase = sound[begin : begin + int((PHASE_S - 1) * audio.RATE_HZ)]
    return audio.listen(phase, shop.phones.voice(speaker), WINDOW_MS).peak


async def test_who_hears_whom(shop: World) -> None:
    clock = asyncio.get_running_loop().time
    anna, chloe, eve = [await shop.phone(user) for user in (CUSTOMER, AGENT, EVE)]
    call = await anna.call(f"sip:103@{shop.switch.sip}")
    rung = await chloe.incoming()
    await rung.answer()
    await call.expect("confirmed")
    began = clock()
    (row,) = await shop.switch.cli("calls")
    listens, phases, supervisor_began = None, {}, 0.0
    for mode, account in zip(MODES, ("110", "shop/110", "110"), strict=True):
        await shop.switch.cli("calls", mode, row["call"], "--with", account, "--reason", "a new colleague")
        if listens is None:
            listens = await eve.incoming()
            await listens.answer()
            await listens.expect("confirmed")
            supervisor_began = clock()
        phases[mode] = clock() + 0.7
        await asyncio.sleep(PHASE_S)
        (shown,) = await shop.switch.cli("calls")
        assert shown["supervisor"] == f"110 ({mode})"
    assert listens is not None
    await call.hangup()
    await rung.expect("disconnected")
    await listens.expect("disconnected")
    for mode, at in phases.items():
        both = at - began
        rows = {
            "agent hears customer": (heard(shop, rung, CUSTOMER, both), True),
            "customer hears agent": (heard(shop, call, AGENT, both), True),
            "agent hears supervisor": (heard(shop, rung, EVE, both), mode != "listen"),
            "customer hears supervisor": (heard(shop, call, EVE, both), mode == "join"),
            "supervisor hears customer": (heard(shop, listens, CUSTOMER, at - supervisor_began), True),
            "supervisor hears agent": (heard(shop, listens, AGENT, at - supervisor_began), True),
        }
        print(mode, {what: round(float(much), 2) for what, (much, _) in rows.items()})
        for what, (much, wanted) in rows.items():
            right = much > HEARD if wanted else much < NOT_HEARD
            assert_likeness(bool(right), f"{mode}: {what}: {wanted}", f"{much:.2f}")
    why = await shop.switch.cli("why", row["call"])
    assert "a new colleague" in str(why)


async def test_who_may_not_is_told_so(shop: World) -> None:
    anna, chloe = await shop.phone(CUSTOMER), await shop.phone(AGENT)
    call = await anna.call(f"sip:103@{shop.switch.sip}")
    rung = await chloe.incoming()
    await rung.answer()
    await call.expect("confirmed")
    (row,) = await shop.switch.cli("calls")
    refused = await shop.switch.command(
        "/v1/calls/supervise", call=row["call"], account="102", mode="listen", by="", reason=""
    )
    assert refused["result"] == "refused"
    assert "may not supervise" in refused["message"]
    await call.hangup()
    await rung.expect("disconnected")
