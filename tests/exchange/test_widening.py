"""Rings of a wait, as they open: in the journal and in the story of the call."""

from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.journal import queue_events
from switch.journal.why import explain
from switch.journal.words import tell
from tests.sim import centres
from tests.sim.scene import Scene

RINGS = """{queue: {name: sales, needs: {english: 90}, any_of: [{english: 95}], none_of: {english: 99},
    widen: [{after_s: 5, lower: 20}, {after_s: 10, drop: english}]}}"""


def _scene(more: str = "") -> Scene:
    text = centres.SHOP.replace("{queue: {name: sales, needs: {english: 50}}}", RINGS)
    text = text.replace("    refuse_without_agents: false\n", f"    refuse_without_agents: false\n{more}")
    return Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=(), observed=False)


def test_each_ring_is_told_as_it_opens() -> None:
    scene = _scene()
    call = scene.customer()
    scene.run(12)
    told = [event for event in scene.told(queue_events.Widened) if isinstance(event, queue_events.Widened)]
    assert [(event.step, event.asks) for event in told] == [
        (1, "english 70, one of (english 75), not english 99"),
        (2, "nothing in particular"),
    ]
    entries = [entry for entry in scene.world.journal if entry.call]
    story = explain(entry for entry in entries if entry.call == entries[0].call)
    assert story is not None
    lines = tell(story)
    assert any("ring 2 in queue sales: asks for english 70, one of (english 75)" in line for line in lines)
    scene.hang_up(call)
    scene.nothing_is_left()


def test_an_agent_comes_within_reach_by_the_ring_that_lets_them() -> None:
    scene = _scene()
    scene.verb("ben", AgentVerb.SIGN_IN)
    scene.customer()
    scene.run(9)
    assert scene.person(scene.ben).rang == [], "60 is less than 70"
    scene.run(2)
    assert len(scene.person(scene.ben).rang) == 1
    scene.nothing_is_left()


def test_a_callback_widens_as_its_caller_would_have() -> None:
    scene = _scene("    callback: {offer_after_s: 0, offer_every_s: 0}\n")
    call = scene.customer()
    for key in "11":
        call.press(key, scene.world.now)
        scene.run(0.5)
    scene.run(12)
    told = [event for event in scene.told(queue_events.Widened) if isinstance(event, queue_events.Widened)]
    assert [event.step for event in told] == [1, 2]
    book = scene.world.exchange.office.callbacks
    assert book is not None
    (name,) = book.by_id
    assert {entry.call for entry in scene.world.journal if isinstance(entry.event, queue_events.Widened)} == {
        name
    }
    scene.world.exchange.cancel_callback(name, scene.world.now)
    scene.world.touch()
    scene.nothing_is_left()
