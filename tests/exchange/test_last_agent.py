"""Callers come back to the agent whom they talked to, where the queue wants it."""

import pytest

from switch.acd.events import Arrive, Event
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.exchange import wishes
from switch.exchange.wishes import LastAgents
from tests.sim import centres
from tests.sim.scene import CALLER, Scene


def _scene(words: str) -> Scene:
    text = centres.SHOP.replace(
        "    refuse_without_agents: false\n", f"    refuse_without_agents: false\n    {words}\n"
    )
    return Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=())


def _asked(scene: Scene, caller: str) -> tuple[str, int]:
    """Whom the router is told of for this caller, and how long to wait for them."""
    told: list[Arrive] = []
    office = scene.world.exchange.office
    tell = office.tell_router

    def listen(tenant: str, event: Event) -> None:
        if isinstance(event, Arrive):
            told.append(event)
        tell(tenant, event)

    with pytest.MonkeyPatch.context() as hears:
        hears.setattr(office, "tell_router", listen)
        call = scene.customer(caller)
    scene.run(2)
    scene.hang_up(call)
    scene.run(5)
    return told[0].contact.before, told[0].contact.sticky_us


def test_a_caller_is_kept_for_the_agent_of_last_time() -> None:
    scene = _scene("last_agent: {wait_s: 20}")
    scene.verb("ben", AgentVerb.SIGN_IN)
    assert _asked(scene, CALLER) == ("", 20_000_000)
    assert _asked(scene, CALLER) == ("ben", 20_000_000)
    assert _asked(scene, "+33600000001")[0] == "", "of somebody else nothing is known"
    scene.nothing_is_left()


def test_nobody_is_remembered_where_no_queue_wants_it() -> None:
    scene = _scene("")
    scene.verb("ben", AgentVerb.SIGN_IN)
    _asked(scene, CALLER)
    assert _asked(scene, CALLER) == ("", 0)
    assert scene.world.exchange.office.last_agents is None
    scene.nothing_is_left()


def test_callers_without_a_number_are_nobody_in_particular() -> None:
    scene = _scene("last_agent: {}")
    scene.verb("ben", AgentVerb.SIGN_IN)
    _asked(scene, "anonymous")
    assert _asked(scene, "anonymous")[0] == ""
    scene.nothing_is_left()


def test_it_is_remembered_for_so_long_and_of_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wishes, "KEPT_MAX", 2)
    agents = LastAgents()
    for number, agent in enumerate(("anna", "ben", "carl")):
        agents.remember("shop", f"+3360000000{number}", agent, until=100)
    assert len(agents) == 2
    assert agents.of("shop", "+33600000000", 50) == "", "the oldest is forgotten"
    assert agents.of("shop", "+33600000002", 50) == "carl"
    assert agents.of("other", "+33600000002", 50) == "", "tenants do not share callers"
    assert agents.of("shop", "+33600000002", 100) == ""
