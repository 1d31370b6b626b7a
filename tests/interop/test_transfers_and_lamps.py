"""Attended transfers and what phones watch, with real phones (pjsua2)."""

import asyncio

import pytest

from switch.cli.demo import audio
from switch.cli.demo.phones import AnswerPolicy, Call
from tests.interop.phones import PEAK_MIN, assert_likeness
from tests.interop.world import CUSTOMER, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWER = AnswerPolicy("answer", 200)


async def _customer_talks(shop: World) -> tuple[Call, Call, Call]:
    """A customer talks to anna, who has them on hold and talks to the desk: the customer's call, hers, her
    second."""
    anna = await shop.phone("shop-101", answer=ANSWER)
    await shop.sign_in("shop/anna")
    customer = await shop.carrier()
    call = await shop.dial_in(customer, "1")
    talk = await anna.incoming(10)
    await talk.expect("confirmed")
    await talk.hold()
    await talk.expect("media_local_hold")
    second = await anna.call("110")
    return call, talk, second


async def test_an_attended_transfer_and_the_two_hear_each_other(shop: World) -> None:
    desk = await shop.phone("shop-110", answer=ANSWER)
    call, talk, second = await _customer_talks(shop)
    moved = await desk.incoming()
    await second.expect("confirmed")
    await asyncio.sleep(1.5)
    await talk.transfer_to_call(second)
    assert (await talk.expect("transfer_status", final=True))["code"] == 200
    await talk.expect("disconnected")
    await second.expect("disconnected")
    await shop.until("shop/anna", "wrap-up")
    await asyncio.sleep(4)
    await shop.phones.until_heard(moved, CUSTOMER, 2)
    await call.hangup()
    await moved.expect("disconnected")
    await call.expect("disconnected")
    shop.phones.assert_heard(moved, CUSTOMER, windows_min=2)
    # The customer's recording begins with the menu, anna and music; the desk is in its last seconds.
    assert call.recording is not None
    heard = audio.follow(audio.read_wav(call.recording), shop.phones.voice("shop-110"))
    assert_likeness(sum(match.peak > PEAK_MIN for match in heard[-4:]) >= 2, "the desk", heard[-6:])
    await shop.nothing_left()
    ends = {(row["direction"], row["cause"]) for row in await shop.records()}
    assert ends == {("inbound", "normal"), ("internal", "transferred")}


async def test_an_attended_transfer_while_the_other_still_rings(shop: World) -> None:
    desk = await shop.phone("shop-110", answer=AnswerPolicy("ring"))
    call, talk, second = await _customer_talks(shop)
    moved = await desk.incoming()
    await second.expect("early", code=180)
    await talk.transfer_to_call(second)
    await talk.expect("transfer_status", code=180)
    await moved.answer()
    assert (await talk.expect("transfer_status", final=True))["code"] == 200
    await talk.expect("disconnected")
    await asyncio.sleep(2.5)
    await shop.phones.until_heard(moved, CUSTOMER, 1)
    await call.hangup()
    await moved.expect("disconnected")
    shop.phones.assert_heard(moved, CUSTOMER)


async def test_the_presence_of_an_agent_on_a_softphone(shop: World) -> None:
    desk = await shop.phone("shop-110")
    await desk.command("watch", uri="102")
    assert not (await desk.expect("presence", subscription="ACTIVE"))["online"]
    await shop.phone("shop-102")
    await shop.sign_in("shop/ben")
    shown = await desk.expect("presence", online=True)
    assert shown["subscription"] == "ACTIVE"
    await shop.switch.command("/v1/agents/command", name="shop/ben", verb="pause", reason="lunch")
    await desk.expect("presence", online=True, note="paused: lunch")


async def test_the_lamp_for_voice_messages(shop: World) -> None:
    desk = await shop.phone("shop-110")
    await desk.command("mailbox")
    told = await desk.expect("mailbox")
    assert "Messages-Waiting: no" in told["body"]
    assert "Voice-Message: 0/0 (0/0)" in told["body"]
