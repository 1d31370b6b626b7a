"""Gates of a queue on the wire: the caller hears the right words, and the reason is in the journal."""

import pytest

from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.journal import events
from switch.journal.why import explain
from switch.journal.words import tell
from switch.sim.phone_call import CallState
from tests.sim import centres
from tests.sim.scene import Scene

GATES = """
    leave_when: [no_agents, nobody_ready]
    max_estimate_s: 60
    handling_s: 50
    no_agents: [hangup]
    nobody_ready: [hangup]
    closed: [hangup]
    estimate: [hangup]
"""


def _centre(more: str = GATES, hours: str = "") -> Centre:
    text = centres.SHOP.replace(
        "    refuse_without_agents: false\n", f"    refuse_without_agents: false{more}"
    )
    if hours:
        text = text.replace("queues:\n", f"hours: {{shop: {{daily: {hours}}}}}\nqueues:\n")
        text = text.replace("    policy: most-skilled\n", "    policy: most-skilled\n    hours: shop\n")
    return load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text})


def _left(scene: Scene) -> list[tuple[str, str]]:
    return [
        (event.outcome, event.reason)
        for event in scene.told(events.VisitEnded)
        if isinstance(event, events.VisitEnded)
    ]


def test_when_the_last_agent_signs_out_those_who_wait_leave() -> None:
    scene = Scene(_centre(), agents=("anna",))
    scene.person(scene.anna).after_us = None
    call = scene.customer()
    scene.verb("anna", AgentVerb.SIGN_OUT)
    scene.run(11)
    assert call.state is CallState.ENDED
    assert _left(scene) == [("withdrawn", "no-agents")]
    scene.nothing_is_left()


def test_when_all_agents_pause_those_who_wait_leave() -> None:
    scene = Scene(_centre(), agents=("anna", "ben"))
    scene.verb("ben", AgentVerb.PAUSE, "lunch")
    scene.verb("anna", AgentVerb.PAUSE, "lunch")
    call = scene.customer()
    assert call.state is CallState.ENDED, "at once: at entry nobody was ready"
    assert _left(scene) == [("withdrawn", "nobody-ready")]
    scene.nothing_is_left()


def test_an_agent_who_talks_is_ready() -> None:
    scene = Scene(_centre(), agents=("anna",))
    first = scene.customer()
    scene.run(2)
    second = scene.customer("+33600000002")
    scene.run(30)
    assert (first.state, second.state) == (CallState.TALKING, CallState.TALKING)
    scene.nothing_is_left()


def test_a_gate_never_takes_a_caller_from_a_phone_that_rings() -> None:
    """Estimates of a slow queue are long, and 0 for whoever is offered."""
    scene = Scene(_centre(), agents=("anna",))
    scene.person(scene.anna).after_us = 7_000_000
    for caller in range(3):
        call = scene.customer(f"+3360000000{caller}")
        scene.run(40)
        assert call.state is CallState.TALKING
        scene.hang_up(call)
        scene.run(5)
    scene.person(scene.anna).after_us = None
    rung, waits, leaves = (scene.customer(f"+3360000001{number}") for number in range(3))
    scene.run(1)
    # One agent and talks of 50 seconds: the first who waits is told 50, the second 100.
    assert (rung.state, waits.state, leaves.state) == (
        CallState.TALKING,
        CallState.TALKING,
        CallState.ENDED,
    )
    assert ("withdrawn", "estimate") in _left(scene)
    scene.nothing_is_left()


@pytest.mark.parametrize("hours", ["00:00-08:00"])
def test_a_queue_that_is_shut_refuses_with_its_reason(hours: str) -> None:
    """The world begins at nine."""
    scene = Scene(_centre(hours=hours))
    call = scene.customer()
    assert call.state is CallState.ENDED
    (refused,) = scene.told(events.QueueRefused)
    assert isinstance(refused, events.QueueRefused)
    assert (refused.queue, refused.reason) == ("sales", "closed")
    assert not scene.told(events.Queued)
    entries = [entry for entry in scene.world.journal if entry.call]
    story = explain(entry for entry in entries if entry.call == entries[0].call)
    assert story is not None
    assert any("Queue sales refused the contact: closed." in line for line in tell(story))
    scene.nothing_is_left()


def test_a_reload_that_takes_the_last_able_agent_away_leaves_nobody_waiting_for_nobody() -> None:
    scene = Scene(_centre(more="\n    unservable: [hangup]\n"), agents=(), observed=False)
    call, other = scene.customer(), scene.dial(scene.phones["110"], "600")
    scene.run(1)
    text = centres.SHOP.replace("english: 90", "english: 40").replace("english: 60", "english: 45")
    text = text.replace("needs: {english: 50}", "needs: {english: 45}")
    scene.world.reload(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}))
    scene.world.touch()
    scene.run(1)
    assert call.state is CallState.ENDED
    assert other.state is CallState.TALKING, "asks for nothing, so that ben may serve it"
    assert _left(scene) == [("withdrawn", "unservable")]
