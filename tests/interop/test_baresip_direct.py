"""baresip and pjsua2 call each other directly: a second, unrelated SIP stack as a measuring instrument."""

import asyncio
from pathlib import Path

import pytest

from switch.cli.demo.phones import AnswerPolicy
from tests.interop.baresip import Baresip, BaresipAccount
from tests.interop.phones import Phones, assert_contains
from tests.interop.sipp import SCENARIOS, Sipp


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_baresip_answers_pjsua2(
    phones: Phones, baresip_program: str, tmp_path: Path, transport: str
) -> None:
    account = BaresipAccount("carol", transport=transport)
    alice = await phones.start("alice", transport=transport)
    async with await Baresip.start(baresip_program, account, tmp_path, phones.voice("carol")) as carol:
        call = await alice.call(f"sip:carol@{carol.address}")
        await call.expect("confirmed")
        await carol.expect("CALL_ESTABLISHED")
        await asyncio.sleep(2.7)
        await phones.until_heard(call, "carol", 2)
        await call.hangup()
        await call.expect("disconnected")
        await carol.expect("CALL_CLOSED")
        phones.assert_heard(call, "carol", windows_min=2)
        assert_contains(carol.heard(), phones.voice("alice"), 2)


async def test_baresip_calls_pjsua2_and_hangs_up(
    phones: Phones, baresip_program: str, tmp_path: Path
) -> None:
    account = BaresipAccount("carol", codec="PCMA")
    bob = await phones.start("bob", answer=AnswerPolicy("answer", 100))
    async with await Baresip.start(baresip_program, account, tmp_path, phones.voice("carol")) as carol:
        await carol.command("dial", bob.uri)
        call = await bob.incoming()
        await call.expect("confirmed")
        assert (await call.expect("media_active"))["codec"] == "PCMA"
        await asyncio.sleep(2.7)
        await phones.until_heard(call, "carol", 1)
        await carol.command("hangup")
        await call.expect("disconnected")
        phones.assert_heard(call, "carol")


async def test_baresip_answers_and_declines_by_hand(
    phones: Phones, baresip_program: str, tmp_path: Path
) -> None:
    account = BaresipAccount("carol", auto_answer=False)
    alice = await phones.start("alice")
    async with await Baresip.start(baresip_program, account, tmp_path, phones.voice("carol")) as carol:
        call = await alice.call(f"sip:carol@{carol.address}")
        await call.expect("early", code=180)
        await carol.expect("CALL_INCOMING")
        await carol.command("accept")
        await call.expect("confirmed")
        await call.hangup()
        await call.expect("disconnected")
        await carol.expect("CALL_CLOSED")
        again = await alice.call(f"sip:carol@{carol.address}")
        await carol.expect("CALL_INCOMING")
        await carol.command("hangup")
        assert (await again.expect("disconnected"))["code"] == 486


@pytest.mark.parametrize(("password", "kind"), [("secret", "REGISTER_OK"), ("guess", "REGISTER_FAIL")])
async def test_baresip_registers(
    phones: Phones, baresip_program: str, sipp_program: str, tmp_path: Path, password: str, kind: str
) -> None:
    async with await Sipp.start(sipp_program, SCENARIOS / "registrar.xml", tmp_path) as registrar:
        account = BaresipAccount("carol", password, registrar.address)
        async with await Baresip.start(baresip_program, account, tmp_path, phones.voice("carol")) as carol:
            await carol.expect(kind)
