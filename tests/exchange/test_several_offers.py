"""One contact that rings at several agents (docs/decisions/0031): the first claim wins, none is missed."""

import re

import pytest

from switch.base.clock import SECOND
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.journal import events, queue_events
from switch.sim.phone import Phone
from switch.sim.phone_call import CallState
from tests.sim import centres
from tests.sim.scene import Scene

AGENTS = ("anna", "ben", "desk")


def _centre(policy: str, more: str = "") -> Centre:
    text = centres.SHOP.replace("    policy: most-skilled\n", f"    policy: {policy}\n{more}")
    text = text.replace(
        "pause_reasons: {1: lunch}",
        '  desk: {account: "110", skills: {english: 50}}\npause_reasons: {1: lunch}',
    )
    return load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text})


def _scene(policy: str = "ring-all", more: str = "") -> Scene:
    scene = Scene(_centre(policy, more), agents=AGENTS)
    for phone in scene.phones.values():
        scene.person(phone).after_us = None
    return scene


def _rung(scene: Scene) -> list[int]:
    return [len(scene.person(phone).rang) for phone in scene.phones.values()]


def _outcomes(scene: Scene) -> list[tuple[str, str]]:
    told = scene.told(events.OfferEnded)
    return sorted((event.agent, event.outcome) for event in told if isinstance(event, events.OfferEnded))


def _cancels(scene: Scene, phone: Phone) -> list[str]:
    """The Reason of each CANCEL and BYE that this phone got."""
    seen = [d.data.decode("latin-1") for _, d in scene.wire.seen if d.target == phone.address]
    ended = [data for data in seen if data.startswith(("CANCEL", "BYE"))]
    return [reason.group(1) for data in ended if (reason := re.search(r"\r\nReason: ([^\r]*)", data))]


def test_all_are_rung_the_first_wins_and_the_others_have_no_missed_call() -> None:
    scene = _scene()
    call = scene.customer()
    scene.run(1)
    assert _rung(scene) == [1, 1, 1]
    assert [scene.shown(agent) for agent in AGENTS] == ["offered"] * 3
    (ben,) = scene.person(scene.ben).rang
    ben.answer(scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert scene.talk_between(ben, call)
    assert _outcomes(scene) == [("anna", "answered-elsewhere"), ("desk", "answered-elsewhere")]
    for phone in (scene.anna, scene.desk):
        assert _cancels(scene, phone) == ['SIP;cause=200;text="Call completed elsewhere"']
        assert scene.person(phone).rang[0].state is CallState.ENDED
    assert [scene.shown(agent) for agent in AGENTS] == ["available", "busy", "available"]
    scene.nothing_is_left()


@pytest.mark.parametrize("gap_us", [0, 1, 500, 20_000])
def test_two_answer_together_and_one_has_the_caller(gap_us: int) -> None:
    """Asterisk 176: one call answered and acknowledged by two agents."""
    scene = _scene()
    call = scene.customer()
    scene.run(1)
    now = scene.world.now
    for number, phone in enumerate((scene.anna, scene.ben, scene.desk)):
        scene.world.at(now + number * gap_us, scene.person(phone).rang[0].answer)
    scene.run(2)
    rung = {phone: scene.person(phone).rang[0] for phone in scene.phones.values()}
    talking = [phone for phone, leg in rung.items() if leg.state is CallState.TALKING]
    assert len(talking) == 1
    assert scene.talk_between(scene.person(talking[0]).rang[0], call)
    assert len(scene.told(events.AgentConnected)) == 1
    assert sorted(outcome for _, outcome in _outcomes(scene)) == ["answered-elsewhere"] * 2
    losers = [phone for phone in scene.phones.values() if phone is not talking[0]]
    assert all("cause=200" in reason for phone in losers for reason in _cancels(scene, phone))
    scene.nothing_is_left()


def test_who_declines_leaves_the_others_ringing() -> None:
    scene = _scene()
    scene.customer()
    scene.run(1)
    scene.hang_up(scene.person(scene.anna).rang[0])
    scene.run(1)
    assert _outcomes(scene) == [("anna", "declined")]
    assert scene.person(scene.ben).rang[0].state is not CallState.ENDED
    scene.nothing_is_left()


def test_a_caller_who_gives_up_stops_all_phones() -> None:
    scene = _scene()
    call = scene.customer()
    scene.run(1)
    scene.hang_up(call)
    scene.run(1)
    assert {outcome for _, outcome in _outcomes(scene)} == {"caller-gone"}
    assert all(scene.person(phone).rang[0].state is CallState.ENDED for phone in scene.phones.values())
    assert not any("cause=200" in reason for reason in _cancels(scene, scene.anna))
    scene.nothing_is_left()


def test_one_more_is_rung_every_so_often() -> None:
    scene = _scene("ring-progressively", "    ring_more_s: 2\n")
    scene.customer()
    scene.run(1)
    assert sum(_rung(scene)) == 1
    scene.run(2)
    assert sum(_rung(scene)) == 2
    scene.run(2)
    assert _rung(scene) == [1, 1, 1]
    assert scene.world.now > 5 * SECOND
    scene.nothing_is_left()


def test_two_callers_never_share_an_agent() -> None:
    scene = _scene()
    scene.customer()
    second = scene.customer("+33600000002")
    scene.run(1)
    assert _rung(scene) == [1, 1, 1], "the second waits until somebody is free"
    (anna,) = scene.person(scene.anna).rang
    anna.answer(scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert [len(scene.person(phone).rang) for phone in (scene.ben, scene.desk)] == [2, 2]
    scene.hang_up(second)
    scene.nothing_is_left()


def test_a_callback_rings_all_and_calls_its_customer_once() -> None:
    terms = "    callback: {offer_after_s: 0, offer_every_s: 0}\n"
    scene = Scene(_centre("ring-all", terms), agents=())
    call = scene.customer()
    for key in "11":
        call.press(key, scene.world.now)
        scene.run(0.5)
    scene.run(3)
    scene.person(scene.anna).after_us = scene.person(scene.ben).after_us = SECOND
    for agent in AGENTS:
        scene.verb(agent, AgentVerb.SIGN_IN)
    scene.run(6)
    assert len(scene.person(scene.carrier).rang) == 1
    assert len(scene.told(events.AgentConnected)) == 1
    assert len(scene.told(queue_events.CallbackEnded)) == 1
    scene.nothing_is_left()
