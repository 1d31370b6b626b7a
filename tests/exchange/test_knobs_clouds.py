"""Each knob of the clouds, as dialplans/peers/clouds.yaml says it, from that file to ringing phones."""

import pytest

from switch.acd.decisions import Offered
from switch.acd.events import Arrive, Claim, Reach, SignIn
from switch.acd.select import make_router
from switch.acd.settings import Contact
from switch.dialplan.actions import AgentVerb
from switch.journal import queue_events
from switch.node.translate import router_events
from switch.sim.phone_call import CallState
from tests.exchange.knobs import Knobs


def test_a_step_of_proficiency_expires() -> None:
    scene = Knobs("clouds", ("ben", "carla"))
    scene.deaf()
    scene.call("501")
    scene.run(14)
    assert scene.ringing() == [], "carla is a trainee"
    scene.run(2)
    assert scene.ringing() == ["ben"]


def test_rings_drop_a_skill_and_then_the_team() -> None:
    scene = Knobs("clouds", ("anna", "ben"))
    scene.pause("anna")
    scene.deaf()
    scene.call("502")
    scene.run(19)
    assert scene.ringing() == [], "ben is of Lyon"
    scene.run(2)
    assert scene.ringing() == ["ben"]
    told = [
        event.asks for event in scene.told(queue_events.Widened) if isinstance(event, queue_events.Widened)
    ]
    assert told == ["sales 50, not trainee 1, team paris", "sales 50, not trainee 1"]


def test_filters_choose_by_expression() -> None:
    """Vip or repair, no trainee, of Lyon: that is ben alone."""
    scene = Knobs("clouds")
    scene.deaf()
    scene.call("503")
    assert scene.ringing() == ["ben"]
    scene.pause("ben")
    scene.run(60)
    assert scene.ringing() == []


def test_a_target_is_skipped_if_nobody_is_there() -> None:
    scene = Knobs("clouds")
    scene.pause("anna")
    scene.call("504")
    scene.run(1)
    assert scene.person(scene.desk).rang
    assert scene.exits() == [("withdrawn", "nobody-ready")]


def test_a_profile_has_queues_a_priority_and_a_delay() -> None:
    scene = Knobs("clouds", ("anna", "ben"))
    scene.pause("anna")
    scene.deaf()
    scene.call("505")
    scene.run(11)
    assert scene.ringing() == [], "ben does not serve it yet"
    scene.run(2)
    assert scene.ringing() == ["ben"]


def test_a_profiles_priority_is_the_queues() -> None:
    scene = Knobs("clouds", ("anna",))
    talk = scene.call("525")
    scene.run(2)
    scene.call("501")
    scene.run(1)
    urgent = scene.call("505")
    scene.hang_up(talk)
    scene.run(3)
    assert scene.talk_between(scene.phone_call("anna"), urgent)


def test_a_caller_comes_back_to_the_agent_of_last_time() -> None:
    scene = Knobs("clouds", ("anna", "ben"))
    scene.pause("anna")
    assert scene.serve("506") == "ben"
    scene.verb("anna", AgentVerb.RESUME)
    assert scene.serve("506") == "ben", "though anna stands first"
    scene.pause("ben")
    assert scene.serve("506", talk_s=25) == "anna"


def test_a_preference_weighs_and_excludes_nobody() -> None:
    scene = Knobs("clouds", ("anna", "ben"))
    assert scene.serve("507") == "ben"
    scene.pause("ben")
    assert scene.serve("507") == "anna"


def test_own_calls_keep_the_idle_order() -> None:
    scene = Knobs("clouds", ("anna", "ben"))
    own = scene.dial(scene.anna, "110")
    scene.run(10)
    assert own.state is CallState.TALKING
    scene.hang_up(own)
    scene.run(1)
    assert scene.serve("508") == "anna"


@pytest.mark.parametrize(
    ("channels", "offered"),
    [("voice chat", "anna ben"), ("chat chat chat chat", "anna anna anna ben"), ("chat voice", "anna ben")],
)
def test_units_and_most_by_channel(channels: str, offered: str) -> None:
    """Anna takes three chats at most, of 20 units each, and no call beside one. Chats do not come by
    telephone: the router is told of them here, with the settings that the file has become."""
    plan = Knobs("clouds", ()).centre.tenants["shop"]
    router = make_router(1)
    for event in router_events(plan, None):
        router.apply(event, 0)
    for agent in ("anna", "ben"):
        router.apply(Reach(agent, reachable=True), 0)
        router.apply(SignIn(agent), 0)
    chosen = []
    for number, channel in enumerate(channels.split()):
        decided = router.apply(Arrive(Contact(f"c{number}", "sales", channel=channel)), 1)
        (offer,) = [decision for decision in decided if isinstance(decision, Offered)]
        chosen.append(offer.agent)
        router.apply(Claim(offer.offer, offer.fence), 2)
    assert " ".join(chosen) == offered
