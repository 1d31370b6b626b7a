"""The whole route with phones that nobody here wrote: register, sign in, dial in, choose, wait, talk."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from switch.cli.demo import audio
from switch.cli.demo.phones import AnswerPolicy
from tests.interop.phones import Phones, assert_contains
from tests.interop.process import free_port
from tests.interop.switch_process import SwitchProcess, copy_centre
from tests.interop.world import CUSTOMER, World


@pytest.fixture(scope="module")
def centre_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, Path]:
    """One state folder for the module, so that prompts are spoken once."""
    folder = tmp_path_factory.mktemp("centre")
    port = free_port()
    return copy_centre(folder, port), port, folder / "state"


@pytest.fixture
async def world(centre_folder: tuple[Path, int, Path], phones: Phones) -> AsyncIterator[World]:
    dialplans, port, state = centre_folder
    (state / "switch.db").unlink(missing_ok=True)
    (state / "secrets.txt").unlink(missing_ok=True)
    async with await SwitchProcess.start(dialplans, state) as switch:
        yield World(switch, phones, port)
        assert "Traceback" not in switch.log()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_customer_talks_to_the_best_agent(world: World, transport: str) -> None:
    anna = await world.phone("shop-101", transport=transport, answer=AnswerPolicy("answer", 200))
    ben = await world.phone("shop-102", transport=transport, answer=AnswerPolicy("answer", 200))
    for phone in (anna, ben):
        code = await phone.call("*11")
        await code.expect("confirmed")
        await code.expect("disconnected", 12)
    await world.until("shop/anna", "available")
    await world.until("shop/ben", "available")

    customer = await world.carrier(transport=transport)
    call = await customer.call(f"sip:0033199000100@{world.switch.sip}")
    await call.expect("confirmed")
    await asyncio.sleep(0.5)
    await call.dtmf("2", method="info" if transport == "tcp" else "rfc2833")
    talk = await ben.incoming(10)
    await talk.expect("confirmed")
    assert not anna.saw("incoming")
    await asyncio.sleep(2.5)
    await world.phones.until_heard(talk, CUSTOMER, 2)
    assert await world.agent_state("shop/ben") == "busy"
    await call.hangup()
    await talk.expect("disconnected")
    world.phones.assert_heard(talk, CUSTOMER, windows_min=2)
    await world.until("shop/ben", "wrap-up")
    await world.until("shop/ben", "available")
    await world.nothing_left()

    record = next(row for row in await world.records() if row["queue"] == "sales")
    assert (record["tenant"], record["agent"], record["caller"]) == ("shop", "ben", "+33612345678")
    why = await world.switch.cli("why", record["call"])
    assert "ben was chosen" in why["text"]
    assert why["offers"][0]["agent"] == "ben"


async def test_both_hear_each_other(world: World) -> None:
    anna = await world.phone("shop-101", answer=AnswerPolicy("answer", 200), codecs=("PCMA",))
    await world.switch.cli("agents", "sign-in", "shop/anna")
    customer = await world.carrier(codecs=("PCMU",))
    call = await customer.call(f"sip:0033199000100@{world.switch.sip}")
    await call.expect("confirmed")
    await asyncio.sleep(0.3)
    await call.dtmf("1")
    talk = await anna.incoming(10)
    await talk.expect("confirmed")
    await asyncio.sleep(4)
    await world.phones.until_heard(talk, CUSTOMER, 3)
    await talk.hangup()
    await talk.expect("disconnected")
    await call.expect("disconnected", 15)
    world.phones.assert_heard(talk, CUSTOMER, windows_min=3)
    # The caller's recording begins with the menu and the music; the agent is in its last seconds.
    assert call.recording is not None
    assert_contains(audio.read_wav(call.recording), world.phones.voice("shop-101"), 5)


async def test_an_agent_who_does_not_answer_is_passed_over_and_then_paused(world: World) -> None:
    await world.phone("shop-102", answer=AnswerPolicy("ring"))
    await world.switch.cli("agents", "sign-in", "shop/ben")
    customer = await world.carrier()
    call = await customer.call(f"sip:0033199000100@{world.switch.sip}")
    await call.expect("confirmed")
    await asyncio.sleep(0.3)
    await call.dtmf("2")
    await world.until("shop/ben", "offered")
    await world.until("shop/ben", "paused", 20)
    queues = await world.switch.cli("queues")
    assert next(q["waiting"] for q in queues if (q["tenant"], q["queue"]) == ("shop", "sales")) == 1
    (waits,) = await world.switch.cli("calls")
    why = (await world.switch.cli("why", waits["call"]))["text"]
    assert "Waits now in queue sales" in why
    assert re.search(r"ben .*paused: missed for [0-9.]+ s$", why, re.MULTILINE), why
    # Who signs anna in sees beforehand that it would not help this caller.
    assert re.search(r"anna +level too low: english 50 of 60 needed; signed out: .*; unreachable$", why, re.M)
    chloe = await world.phone("shop-103", answer=AnswerPolicy("answer"))
    await world.switch.cli("agents", "sign-in", "shop/chloe")
    talk = await chloe.incoming(10)
    await talk.expect("confirmed")
    await call.hangup()
    await talk.expect("disconnected")
    await world.nothing_left()


async def test_hold_resume_and_blind_transfer(world: World) -> None:
    anna = await world.phone("shop-101", answer=AnswerPolicy("answer", 100))
    desk = await world.phone("shop-110", answer=AnswerPolicy("answer", 300))
    await world.switch.cli("agents", "sign-in", "shop/anna")
    customer = await world.carrier()
    call = await customer.call(f"sip:0033199000100@{world.switch.sip}")
    await call.expect("confirmed")
    await asyncio.sleep(0.3)
    await call.dtmf("1")
    talk = await anna.incoming(10)
    await talk.expect("confirmed")
    await talk.hold()
    await talk.expect("media_local_hold")
    await asyncio.sleep(0.5)
    await talk.resume()
    await talk.expect("media_active")
    await asyncio.sleep(0.5)
    await talk.transfer(f"sip:110@{world.switch.sip}")
    status = await talk.expect("transfer_status", final=True)
    assert status["code"] == 200
    moved = await desk.incoming()
    await moved.expect("confirmed")
    await talk.expect("disconnected")
    await world.until("shop/anna", "wrap-up")
    await asyncio.sleep(2.5)
    await world.phones.until_heard(moved, CUSTOMER, 2)
    await call.hangup()
    await moved.expect("disconnected")
    world.phones.assert_heard(moved, CUSTOMER, windows_min=2)
    await world.nothing_left()
    record = next(row for row in await world.records() if row["queue"] == "sales")
    assert record["agent"] == "anna"


async def test_transfer_to_a_queue_goes_to_another_agent(world: World) -> None:
    anna = await world.phone("shop-101", answer=AnswerPolicy("answer", 100))
    chloe = await world.phone("shop-103", answer=AnswerPolicy("answer", 100))
    await world.switch.cli("agents", "sign-in", "shop/anna")
    await world.switch.cli("agents", "sign-in", "shop/chloe")
    customer = await world.carrier()
    call = await customer.call(f"sip:0033199000100@{world.switch.sip}")
    await call.expect("confirmed")
    await asyncio.sleep(0.3)
    await call.dtmf("1")
    first = await anna.incoming(10)
    await first.expect("confirmed")
    await first.transfer(f"sip:600@{world.switch.sip}")
    second = await chloe.incoming(10)
    await second.expect("confirmed")
    await first.expect("disconnected")
    await call.hangup()
    await second.expect("disconnected")
    await world.nothing_left()


async def test_an_agent_calls_outside_in_the_carriers_form(world: World) -> None:
    ben = await world.phone("shop-102")
    await world.switch.cli("agents", "sign-in", "shop/ben")
    carrier = await world.carrier(answer=AnswerPolicy("answer", 200))
    call = await ben.call("0612345678")
    arrived = await carrier.incoming()
    event = next(e for e in carrier.events if e.name == "incoming")
    assert "INVITE sip:0033612345678@" in event["message"]
    assert "33199000100" in event["caller"]
    await call.expect("confirmed")
    assert await world.agent_state("shop/ben") == "busy"
    await call.hangup()
    await arrived.expect("disconnected")
    await world.until("shop/ben", "available")
    await world.nothing_left()


async def test_nobody_answers_the_menu_and_the_desk_rings(world: World) -> None:
    desk = await world.phone("shop-110", answer=AnswerPolicy("answer", 100))
    customer = await world.carrier()
    call = await customer.call(f"sip:0033199000100@{world.switch.sip}")
    await call.expect("confirmed")
    await call.dtmf("9")
    talk = await desk.incoming(25)
    await talk.expect("confirmed")
    await call.hangup()
    await talk.expect("disconnected")
    await world.nothing_left()


async def test_tenants_with_the_same_words_never_meet(world: World) -> None:
    ours = await world.phone("shop-101", answer=AnswerPolicy("answer"))
    theirs = await world.phone("other-101", answer=AnswerPolicy("answer"))
    await world.switch.cli("agents", "sign-in", "shop/anna")
    await world.switch.cli("agents", "sign-in", "other/anna")
    customer = await world.carrier()
    call = await customer.call(f"sip:0033199000200@{world.switch.sip}")
    talk = await theirs.incoming(10)
    await talk.expect("confirmed")
    assert not ours.saw("incoming")
    internal = await ours.call("102")
    ended = await internal.expect("disconnected")
    assert ended["code"] in (404, 480)
    await call.hangup()
    await talk.expect("disconnected")
    records = await world.records()
    assert {row["tenant"] for row in records if row["queue"] == "sales"} == {"other"}
