"""Each knob of mod_callcenter, by dialplans/peers/freeswitch.yaml: from the file to ringing phones."""

import pytest

from switch.dialplan.actions import AgentVerb
from switch.journal import events
from switch.sim.phone_call import CallState
from tests.exchange.knobs import Knobs

THREE = ("anna", "ben", "carla")


def test_ring_all() -> None:
    scene = Knobs("freeswitch", THREE)
    scene.deaf()
    scene.call("501")
    assert scene.ringing() == ["anna", "ben", "carla"]


def test_top_down_begins_at_the_first_each_time() -> None:
    scene = Knobs("freeswitch", THREE)
    assert [scene.serve("502") for _ in range(2)] == ["anna", "anna"]
    scene.pause("anna")
    assert scene.serve("502") == "ben"


def test_top_down_goes_on_when_nobody_answers() -> None:
    """FreeSWITCH 1216: it stopped for good."""
    scene = Knobs("freeswitch", THREE)
    scene.deaf()
    scene.call("502")
    rung = []
    for _ in range(3):
        rung += scene.ringing()
        scene.run(20)
    assert rung == ["anna", "ben", "anna"], "from the top again, after the rest of the first"


# Anna talks for a minute, then ben twice, but shortly.
HISTORY = (("525", 60), ("526", 3), ("526", 3))


@pytest.mark.parametrize(("number", "served"), [("505", "anna"), ("506", "anna"), ("508", "ben")])
def test_longest_idle_fewest_calls_and_least_talk_time(number: str, served: str) -> None:
    scene = Knobs("freeswitch", ("anna", "ben"))
    for past, talk_s in HISTORY:
        scene.serve(past, talk_s)
    assert scene.serve(number) == served


def test_fewest_calls_is_not_longest_idle() -> None:
    scene = Knobs("freeswitch", ("anna", "ben"))
    for past in ("525", "525", "526"):
        scene.serve(past)
    assert scene.serve("506") == "ben", "one call less, though anna rests longer"


def test_round_robin() -> None:
    scene = Knobs("freeswitch", THREE)
    assert [scene.serve("507") for _ in range(4)] == ["anna", "ben", "carla", "anna"]


def test_ring_progressively_rings_one_more() -> None:
    scene = Knobs("freeswitch", THREE)
    scene.deaf()
    scene.call("509")
    assert len(scene.ringing()) == 1
    scene.run(4)
    assert len(scene.ringing()) == 2
    scene.run(4)
    assert len(scene.ringing()) == 3


def test_the_next_tier_joins_after_its_wait() -> None:
    scene = Knobs("freeswitch", ("anna", "ben"))
    scene.pause("anna")
    scene.deaf()
    scene.call("513")
    scene.run(14)
    assert scene.ringing() == []
    scene.run(2)
    assert scene.ringing() == ["ben"]


@pytest.mark.parametrize(("later_s", "first"), [(20, "511"), (40, "510")])
def test_a_base_score_is_worth_so_much_waiting(later_s: int, first: str) -> None:
    """Three points, ten seconds each: who came half a minute later is served first, and no later."""
    scene = Knobs("freeswitch", ("anna",))
    talk = scene.call("525")
    scene.run(2)
    calls = {"510": scene.call("510")}
    scene.run(later_s)
    calls["511"] = scene.call("511")
    scene.run(1)
    scene.hang_up(talk)
    scene.run(3)
    mine = scene.phone_call("anna")
    assert next(number for number, call in calls.items() if scene.talk_between(mine, call)) == first


@pytest.mark.parametrize(("status", "outcome"), [(603, "declined"), (486, "busy")])
def test_a_phone_that_rejects_rests_from_every_caller(status: int, outcome: str) -> None:
    scene = Knobs("freeswitch", ("anna",))
    scene.deaf()
    scene.call("517")
    scene.call("517")
    scene.phone_call("anna").decline(status, scene.world.now)
    scene.world.touch()
    scene.run(11)
    assert scene.outcomes() == [("anna", outcome)]
    assert scene.ringing() == []
    scene.run(2)
    assert scene.ringing() == ["anna"]


def test_who_did_not_answer_rests_from_that_caller() -> None:
    scene = Knobs("freeswitch", ("anna",))
    scene.deaf()
    scene.call("517")
    scene.run(30)
    assert scene.outcomes() == [("anna", "no-answer")]
    assert scene.ringing() == []
    scene.run(4)
    assert scene.ringing() == ["anna"]


def test_max_wait_time() -> None:
    scene = Knobs("freeswitch", ("anna",))
    scene.person(scene.desk).after_us = None
    scene.pause("anna")
    scene.call("518")
    scene.run(29)
    assert not scene.person(scene.desk).rang
    scene.run(2)
    assert scene.person(scene.desk).rang
    assert scene.exits() == [("withdrawn", "timeout")]


def test_who_waits_leaves_when_nobody_is_signed_in() -> None:
    scene = Knobs("freeswitch", ("anna",))
    scene.deaf()
    scene.call("521")
    scene.verb("anna", AgentVerb.SIGN_OUT)
    scene.run(21)
    assert scene.person(scene.desk).rang
    assert scene.exits() == [("withdrawn", "no-agents")]


def test_wrap_up_time() -> None:
    scene = Knobs("freeswitch", ("anna",))
    scene.serve("519")
    assert scene.state("anna") == ("wrap-up", "")
    scene.run(20)
    assert scene.state("anna") == ("available", "")


def test_max_no_answer_makes_a_status() -> None:
    scene = Knobs("freeswitch", ("anna",))
    scene.deaf()
    scene.call("520")
    scene.run(20)
    assert scene.outcomes() == [("anna", "no-answer")] * 2
    assert scene.state("anna") == ("paused", "missed")


def test_agents_with_external_calls_are_skipped() -> None:
    scene = Knobs("freeswitch", ("anna", "ben"))
    own = scene.dial(scene.anna, "110")
    scene.run(3)
    assert own.state is CallState.TALKING
    scene.deaf()
    scene.call("502")
    assert scene.ringing() == ["ben"]


def test_available_on_demand_is_one_call_at_a_time() -> None:
    scene = Knobs("freeswitch", ("dora",))
    call = scene.call("527")
    scene.run(3)
    assert call.state is CallState.TALKING
    assert scene.state("dora")[0] == "busy"
    scene.hang_up(call)
    scene.run(1)
    assert scene.state("dora") == ("paused", "on-demand")
    scene.call("527")
    scene.run(30)
    assert len(scene.person(scene.agents["dora"]).rang) == 1
    scene.verb("dora", AgentVerb.RESUME)
    scene.run(3)
    assert len(scene.person(scene.agents["dora"]).rang) == 2


def test_who_resumes_during_the_talk_takes_the_next() -> None:
    scene = Knobs("freeswitch", ("dora",))
    call = scene.call("527")
    scene.run(3)
    scene.verb("dora", AgentVerb.RESUME)
    scene.hang_up(call)
    scene.run(1)
    assert scene.state("dora") == ("available", "")


def test_announcements_and_music() -> None:
    scene = Knobs("freeswitch", ("anna",))
    scene.pause("anna")
    told, plays = scene.call("522"), scene.call("523")
    scene.run(1)
    assert (scene.hears(told), scene.hears(plays)) == (("music",), ("our_song",))
    for wait_s in (4.1, 20):
        scene.run(wait_s)
        assert scene.hears(told) == ("patience",), "and neither place nor estimate"


def test_talks_are_recorded() -> None:
    scene = Knobs("freeswitch", ("anna",))
    scene.serve("510")
    assert not scene.told(events.RecordingStarted)
    scene.serve("523")
    assert len(scene.told(events.RecordingStarted)) == 1
