"""Reliable provisional answers (RFC 3262) and session timers (RFC 4028) with real phones on both sides."""

import asyncio
from pathlib import Path

import pytest

from switch.cli.demo.phones import AnswerPolicy
from tests.interop.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


def messages(log: Path, start: str) -> list[str]:
    """Messages of a phone's log that begin so, with their header fields."""
    text = log.read_text(errors="replace").replace("\r", "")
    return [start + part.partition("\n\n")[0] for part in text.split(f"\n{start}")[1:]]


async def test_a_phone_that_insists_on_100rel_calls_and_is_called(shop: World, tmp_path: Path) -> None:
    """As caller it requires them of the switch; as callee it gives them, and the switch acknowledges."""
    logs = [tmp_path / "anna.log", tmp_path / "ben.log"]
    anna = await shop.phone("shop-101", reliable=True, log_path=str(logs[0]))
    ben = await shop.phone(
        "shop-102", reliable=True, log_path=str(logs[1]), answer=AnswerPolicy("answer", 1_000)
    )
    for caller, number in ((anna, "102"), (ben, "101")):
        callee = ben if caller is anna else anna
        if callee is anna:
            await anna.set_policy(AnswerPolicy("answer", 1_000))
        call = await caller.call(number)
        await call.expect("confirmed", 10)
        await asyncio.sleep(1.5)
        await call.hangup()
        await call.expect("disconnected")
        shop.phones.assert_heard(call, "shop-102" if caller is anna else "shop-101")
    for log in logs:
        pracks = messages(log, "PRACK ")
        # One that the phone sent as the caller, and one that the switch sent to it as the callee.
        assert len(pracks) == 2, pracks
        assert all("RAck: " in prack for prack in pracks)


async def test_a_phone_that_insists_on_session_timers(shop: World, tmp_path: Path) -> None:
    """The shortest interval that the RFC allows is agreed on both legs, and outlives a hold and its end."""
    logs = [tmp_path / "anna.log", tmp_path / "ben.log"]
    anna = await shop.phone("shop-101", session_s=90, log_path=str(logs[0]))
    await shop.phone("shop-102", session_s=90, log_path=str(logs[1]), answer=AnswerPolicy("answer", 100))
    call = await anna.call("102")
    await call.expect("confirmed", 10)
    await call.hold()
    await call.expect("media_local_hold", 10)
    await call.resume()
    await call.expect("media_active", 10)
    await asyncio.sleep(1)
    await call.hangup()
    await call.expect("disconnected")
    shop.phones.assert_heard(call, "shop-102")
    answers = [m for m in messages(logs[0], "SIP/2.0 200") if " INVITE" in m]
    assert answers
    assert all("Session-Expires: 90;refresher=" in answer for answer in answers), answers
    theirs = [m for m in messages(logs[1], "SIP/2.0 200") if " INVITE" in m]
    assert theirs
    assert all("Session-Expires: " in answer for answer in theirs), theirs
