"""What a caller hears and an agent dials, with real phones."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from switch.cli.demo import audio
from switch.cli.demo.phones import AnswerPolicy, Phone
from switch.node.music import music
from tests.interop.phones import assert_likeness
from tests.interop.world import World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWER = AnswerPolicy("answer", 100)
CLOSED_STATUS, HOLIDAY_STATUS = 480, 486

_EXTRA = """
hours:
  far: {{daily: "{from_hour:02}:00-{to_hour:02}:00"}}
  always: {{daily: "00:00-24:00"}}
holidays: {{{today}: Today, {tomorrow}: Midnight passed meanwhile}}
"""

_FLOWS = f"""
  by_hours: [{{hours: {{when: far, closed: shut, holiday: shut}}}}, answer, hangup]
  by_day: [{{hours: {{when: always, closed: shut, holiday: feast}}}}, answer, hangup]
  shut: [{{reject: {CLOSED_STATUS}}}]
  feast: [{{reject: {HOLIDAY_STATUS}}}]
"""


def prepare_centre(dialplans: Path) -> None:
    """Numbers whose opening hours are always over, or on a holiday, whenever the test runs."""
    now = datetime.now(UTC)
    far = (now + timedelta(hours=11)).hour
    extra = _EXTRA.format(
        from_hour=min(far, 22),
        to_hour=min(far, 22) + 1,
        today=f"{now:%m-%d}",
        tomorrow=f"{now + timedelta(days=1):%m-%d}",
    )
    shop = dialplans / "shop.yaml"
    text = shop.read_text().replace(
        '  "600": to_sales', '  "600": to_sales\n  "601": by_hours\n  "602": by_day'
    )
    head, flows, rest = text.partition("\nflows:\n")
    assert flows
    # Long, so that what ends it early cannot be mistaken for its end.
    assert "wrap_up_s: 2" in head
    head = head.replace("wrap_up_s: 2", "wrap_up_s: 30")
    shop.write_text(head + "\n" + extra + flows.rstrip("\n") + _FLOWS + rest)


async def dial_code(phone: Phone, code: str, then: str = "") -> None:
    """Dial a feature code, press what it asks for, and listen to the end."""
    call = await phone.call(code)
    await call.expect("confirmed")
    if then:
        await asyncio.sleep(0.5)
        await call.dtmf(then)
    await call.expect("disconnected", 15)


async def test_every_feature_code(shop: World) -> None:
    ben = await shop.phone("shop-102")
    name = "shop/ben"
    assert await shop.agent_state(name) == "logged-out"
    await dial_code(ben, "*11")
    await shop.until(name, "available")
    await dial_code(ben, "*131")
    await shop.until(name, "paused")
    assert (await shop.agent(name))["reason"] == "lunch"
    await dial_code(ben, "*14")
    await shop.until(name, "available")
    await dial_code(ben, "*13", then="2")
    await shop.until(name, "paused")
    assert (await shop.agent(name))["reason"] == "training"
    await dial_code(ben, "*12")
    await shop.until(name, "logged-out")


async def test_the_wrap_up_is_ended_by_phone(shop: World) -> None:
    anna = await shop.phone("shop-101", answer=ANSWER)
    await shop.sign_in("shop/anna")
    customer = await shop.carrier()
    call = await shop.dial_in(customer, "1")
    talk = await anna.incoming(10)
    await talk.expect("confirmed")
    await talk.hangup()
    await shop.until("shop/anna", "wrap-up")
    code = await anna.call("*15")
    await code.expect("confirmed")
    await code.hangup()
    await shop.until("shop/anna", "available", 15)
    await call.expect("disconnected", 15)


async def test_codes_that_are_wrong(shop: World) -> None:
    """An unknown code or reason is refused; a phone without an agent is told so and changes nothing."""
    ben, desk = await shop.phone("shop-102"), await shop.phone("shop-110")
    await shop.sign_in("shop/ben")
    for code in ("*99", "*139", "*"):
        call = await ben.call(code)
        assert (await call.expect("disconnected"))["code"] in (404, 484), code
    await dial_code(desk, "*12")
    assert await shop.agent_state("shop/ben") == "available"
    # A digit that names no reason, and then silence, pauses nobody.
    call = await ben.call("*13")
    await call.expect("confirmed")
    await asyncio.sleep(0.5)
    await call.dtmf("7")
    await asyncio.sleep(2)
    await call.hangup()
    assert await shop.agent_state("shop/ben") == "available"


@pytest.mark.parametrize("method", ["rfc2833", "info"])
async def test_a_wrong_key_and_then_the_right_one(shop: World, method: str) -> None:
    anna = await shop.phone("shop-101", answer=ANSWER)
    await shop.sign_in("shop/anna")
    customer = await shop.carrier()
    call = await shop.dial_in(customer, "9", method)
    await asyncio.sleep(1.0)
    assert not anna.saw("incoming")
    await call.dtmf("1", method=method)
    talk = await anna.incoming(10)
    await talk.expect("confirmed")
    await call.hangup()
    await talk.expect("disconnected")


async def test_a_waiting_caller_hears_music_and_the_position(shop: World) -> None:
    """The music that ships, cut by an announcement that is not music, and music again."""
    customer = await shop.carrier(codecs=("PCMA",))
    call = await shop.dial_in(customer, "2")
    await asyncio.sleep(11)
    await call.hangup()
    await call.expect("disconnected")
    assert call.recording is not None
    tune = np.asarray(music(), dtype=np.float64)
    heard = audio.follow(audio.read_wav(call.recording), tune)
    kinds = "".join("m" if match.peak > 0.85 else "s" for match in heard)
    # Speech of the menu; music, the announcement 2 s after the start of the wait, music, the next one.
    assert_likeness(kinds.count("m") >= 5, "music", (kinds, heard))
    inside = kinds[kinds.index("m") : kinds.rindex("m") + 1]
    assert_likeness(inside.count("s") >= 2, "an announcement", (kinds, heard))
    assert_likeness(len(heard) >= 20, "anything all the time that the caller waited", (kinds, heard))


async def test_closed_hours_and_holidays(shop: World) -> None:
    ben = await shop.phone("shop-102")
    for number, status in (("601", None), ("602", HOLIDAY_STATUS)):
        call = await ben.call(number)
        ended = await call.expect("disconnected")
        # Today is a holiday, so that hours without an exception for holidays are closed on it too.
        assert ended["code"] == (status or CLOSED_STATUS), number


@pytest.mark.parametrize(
    ("policy", "statuses"),
    [
        (AnswerPolicy("decline", 0, 486), (486,)),
        (AnswerPolicy("decline", 100, 603), (603, 480)),
        (AnswerPolicy("decline", 100, 480), (480,)),
    ],
    ids=["busy", "declined", "unavailable"],
)
async def test_a_callee_who_does_not_want(
    shop: World, policy: AnswerPolicy, statuses: tuple[int, ...]
) -> None:
    await shop.phone("shop-101", answer=policy)
    ben = await shop.phone("shop-102")
    call = await ben.call("101")
    assert (await call.expect("disconnected"))["code"] in statuses


async def test_numbers_that_nobody_answers_to(shop: World) -> None:
    ben = await shop.phone("shop-102")
    for number, status in (("103", 480), ("199", 404), ("0041441234567", 403)):
        call = await ben.call(number)
        assert (await call.expect("disconnected"))["code"] == status, number
    customer = await shop.carrier()
    call = await customer.call(f"sip:0033199000999@{shop.switch.sip}")
    assert (await call.expect("disconnected"))["code"] == 404


async def test_a_caller_who_changes_her_mind(shop: World) -> None:
    anna = await shop.phone("shop-101")
    ben = await shop.phone("shop-102")
    call = await ben.call("101")
    await call.expect("early", code=180)
    rung = await anna.incoming()
    await call.hangup()
    assert (await call.expect("disconnected"))["code"] == 487
    await rung.expect("disconnected")


async def test_an_agent_who_declines_is_passed_over(shop: World) -> None:
    """The caller keeps the place and the next agent is rung."""
    await shop.phone("shop-102", answer=AnswerPolicy("decline", 50, 486))
    chloe = await shop.phone("shop-103", answer=ANSWER)
    await shop.sign_in("shop/ben", "shop/chloe")
    customer = await shop.carrier()
    call = await shop.dial_in(customer, "2")
    talk = await chloe.incoming(10)
    await talk.expect("confirmed")
    await call.hangup()
    await talk.expect("disconnected")


@pytest.mark.parametrize("method", ["rfc2833", "info"])
async def test_digits_reach_the_other_party_of_a_talk(shop: World, method: str) -> None:
    """RFC 4733 is relayed; INFO becomes RFC 4733, for phones that know no other."""
    anna = await shop.phone("shop-101", answer=ANSWER)
    ben = await shop.phone("shop-102")
    call = await ben.call("101")
    await call.expect("media_active")
    talk = await anna.incoming()
    await talk.expect("media_active")
    await asyncio.sleep(0.3)
    await call.dtmf("147*#", method=method, duration_ms=120)
    heard = [await talk.expect("dtmf") for _ in "147*#"]
    assert "".join(event["digit"] for event in heard) == "147*#"
    assert {event["method"] for event in heard} == {"rfc2833"}
    await asyncio.sleep(0.3)
    assert sum(event.name == "dtmf" for event in anna.events) == 5, "a digit came twice"
    await call.hangup()
    await talk.expect("disconnected")


async def test_a_waiting_caller_who_hangs_up_is_abandoned(shop: World) -> None:
    before = await _abandoned(shop)
    customer = await shop.carrier()
    call = await shop.dial_in(customer, "1")
    await asyncio.sleep(0.7)
    await call.hangup()

    async def more() -> int:
        return await _abandoned(shop) - before

    await until(more, 1, 3, "abandoned callers")


async def _abandoned(shop: World) -> int:
    queues = await shop.switch.ask("/v1/queues")
    return int(next(q["abandoned"] for q in queues if (q["tenant"], q["queue"]) == ("shop", "sales")))
