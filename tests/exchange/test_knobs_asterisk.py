"""Each knob of queues.conf, as dialplans/peers/asterisk.yaml says it, from that file to ringing phones."""

import pytest

from switch.dialplan.actions import AgentVerb
from switch.journal import events, queue_events
from switch.sim.phone_call import CallState, PhoneCall
from tests.exchange.knobs import Knobs


def _ringing_at_reception(scene: Knobs) -> bool:
    return any(call.state is CallState.RINGING for call in scene.person(scene.desk).rang)


def _reception(scene: Knobs) -> Knobs:
    scene.person(scene.desk).after_us = None
    return scene


def test_ringall_rings_all() -> None:
    scene = Knobs("asterisk")
    scene.deaf()
    scene.call("501")
    assert scene.ringing() == ["anna", "ben", "carla"]


def test_linear_begins_at_the_first_each_time() -> None:
    scene = Knobs("asterisk")
    assert [scene.serve("502") for _ in range(3)] == ["anna"] * 3
    scene.pause("anna")
    assert scene.serve("502") == "ben"


def test_random_reaches_everybody_in_no_order() -> None:
    scene = Knobs("asterisk")
    served = [scene.serve("503") for _ in range(24)]
    assert set(served) == {"anna", "ben", "carla"}
    assert served[:8] != served[8:16], "nor the same order again"


def test_wrandom_goes_by_weight() -> None:
    """100 to 1 to 1: of 24 calls nearly all."""
    scene = Knobs("asterisk")
    served = [scene.serve("504") for _ in range(24)]
    assert served.count("anna") >= 20


def test_leastrecent_and_fewestcalls_differ_where_they_should() -> None:
    """Anna had two calls and then ben one: ben had the fewest, anna rests the longest."""
    history = ["525", "525", "526"]
    scene = Knobs("asterisk", ("anna", "ben"))
    assert [scene.serve(number) for number in history] == ["anna", "anna", "ben"]
    assert scene.serve("505") == "anna", "leastrecent"
    scene = Knobs("asterisk", ("anna", "ben"))
    assert [scene.serve(number) for number in history] == ["anna", "anna", "ben"]
    assert scene.serve("506") == "ben", "fewestcalls"


def test_rrmemory_remembers_who_was_last() -> None:
    scene = Knobs("asterisk")
    assert [scene.serve("507") for _ in range(2)] == ["anna", "ben"]
    assert scene.serve("525") == "anna", "a call of another queue between"
    assert [scene.serve("507") for _ in range(2)] == ["carla", "anna"]


def _next_after_anna_is_free(scene: Knobs, first: str, second: str) -> str:
    """Anna alone works and talks; two callers come in this order. Whose call rings next."""
    scene.pause("ben", "carla")
    talk = scene.call("525")
    scene.run(3)
    calls = {}
    for number in (first, second):
        calls[number] = scene.call(number)
        scene.run(5)
    scene.hang_up(talk)
    scene.run(3)
    mine = scene.phone_call("anna")
    return next(number for number, call in calls.items() if scene.talk_between(mine, call))


def test_the_queue_with_more_weight_comes_first() -> None:
    assert _next_after_anna_is_free(Knobs("asterisk"), "510", "511") == "511"


def test_the_caller_with_more_priority_comes_first() -> None:
    assert _next_after_anna_is_free(Knobs("asterisk"), "511", "512") == "512"


def test_the_longest_waiting_caller_may_be_forced() -> None:
    scene = Knobs("longest")
    talk = scene.call("510")
    scene.run(3)
    older = scene.call("510")
    scene.run(5)
    scene.call("511")
    scene.hang_up(talk)
    scene.run(3)
    assert scene.talk_between(scene.phone_call("anna"), older)


def test_autofill_serves_several_callers_at_once() -> None:
    scene = Knobs("asterisk")
    scene.deaf()
    for _ in range(3):
        scene.dial(scene.phones["120"], "502")
    scene.run(0.2)
    assert scene.ringing() == ["anna", "ben", "carla"]


def test_penalties_fall_with_the_wait() -> None:
    scene = Knobs("asterisk")
    scene.pause("anna")
    scene.deaf()
    scene.call("513")
    scene.run(19)
    assert scene.ringing() == []
    scene.run(2)
    assert scene.ringing() == ["ben"], "and never carla"


def test_penalties_do_not_count_where_too_few_are_signed_in() -> None:
    """penaltymemberslimit."""
    scene = Knobs("asterisk", ("ben",))
    scene.deaf()
    scene.call("513")
    assert scene.ringing() == ["ben"]
    (queued,) = scene.told(events.Queued)
    assert isinstance(queued, events.Queued)
    assert queued.needs == ("sales>=50",)
    assert not scene.told(queue_events.Widened)


def test_maxlen_refuses_the_next() -> None:
    scene = _reception(Knobs("asterisk"))
    scene.pause("anna", "ben", "carla")
    scene.call("514")
    assert not _ringing_at_reception(scene)
    scene.call("514")
    assert _ringing_at_reception(scene)
    assert [
        event.reason for event in scene.told(events.QueueRefused) if isinstance(event, events.QueueRefused)
    ] == ["full"]


@pytest.mark.parametrize(("waits_s", "in_time"), [(2, 1), (8, 0)])
def test_servicelevel_counts_answers_within_it(waits_s: int, in_time: int) -> None:
    scene = Knobs("asterisk")
    scene.pause("anna", "ben", "carla")
    scene.call("515")
    scene.run(waits_s)
    scene.verb("anna", AgentVerb.RESUME)
    scene.run(2)
    router = scene.world.exchange.office.parts.tenancies["shop"].router
    view = next(view for view in router.queues(scene.world.now) if view.name == "level")
    assert (view.answered, view.answered_in_time) == (1, in_time)


def test_an_exit_key_leads_out() -> None:
    scene = _reception(Knobs("asterisk"))
    scene.pause("anna", "ben", "carla")
    call = scene.call("516")
    scene.run(5)
    call.press("5", scene.world.now)
    scene.run(1)
    assert not _ringing_at_reception(scene)
    call.press("0", scene.world.now)
    scene.run(1)
    assert _ringing_at_reception(scene)
    assert scene.exits() == [("withdrawn", "key")]


def test_timeout_and_retry() -> None:
    scene = Knobs("asterisk", ("anna",))
    scene.deaf()
    scene.call("517")
    scene.run(7)
    assert scene.ringing() == ["anna"]
    scene.run(2)
    assert scene.ringing() == []
    assert scene.outcomes() == [("anna", "no-answer")]
    scene.run(2)
    assert len(scene.person(scene.anna).rang) == 1
    scene.run(2)
    assert scene.ringing() == ["anna"]


def test_who_waited_long_enough_goes_on_behind_the_queue() -> None:
    """Queue(...,30) and TIMEOUT: to the destination that is stated."""
    scene = _reception(Knobs("asterisk"))
    scene.pause("anna", "ben", "carla")
    scene.call("518")
    scene.run(29)
    assert not _ringing_at_reception(scene)
    scene.run(2)
    assert _ringing_at_reception(scene)
    assert scene.exits() == [("withdrawn", "timeout")]


def test_the_steps_behind_the_queue_follow_an_agent_who_hung_up() -> None:
    """CONTINUE."""
    scene = Knobs("asterisk")
    call = scene.call("518")
    scene.run(3)
    scene.hang_up(scene.phone_call("anna"))
    scene.run(0.2)
    assert scene.hears(call) == ("web_site",)


def test_wrap_up_holds_in_all_queues() -> None:
    """wrapuptime and shared_lastcall; Asterisk 1006 and 607."""
    scene = Knobs("asterisk", ("anna",))
    scene.serve("519")
    assert scene.state("anna") == ("wrap-up", "")
    scene.call("510")
    scene.run(17)
    assert len(scene.person(scene.anna).rang) == 1
    scene.run(3)
    assert len(scene.person(scene.anna).rang) == 2


def test_autopause_after_misses_in_all_queues() -> None:
    scene = Knobs("asterisk", ("anna",))
    scene.deaf()
    scene.call("520")
    scene.run(20)
    assert scene.outcomes() == [("anna", "no-answer")] * 2
    assert scene.state("anna") == ("paused", "missed")
    scene.call("510")
    scene.run(5)
    assert scene.ringing() == []


def test_autopause_counts_busy_phones_where_stated() -> None:
    scene = Knobs("asterisk", ("anna",))
    scene.deaf()
    scene.call("520")
    for _ in range(2):
        scene.phone_call("anna").decline(486, scene.world.now)
        scene.world.touch()
        scene.run(6)
    assert scene.outcomes() == [("anna", "busy")] * 2
    assert scene.state("anna") == ("paused", "missed")


def test_joinempty_and_leavewhenempty() -> None:
    scene = _reception(Knobs("asterisk", ("anna",)))
    scene.deaf()
    scene.call("521")
    assert scene.ringing() == ["anna"]
    scene.verb("anna", AgentVerb.PAUSE, "lunch")
    scene.run(21)
    assert _ringing_at_reception(scene), "LEAVEEMPTY, paused"
    assert scene.exits() == [("withdrawn", "nobody-ready")]
    scene.verb("anna", AgentVerb.SIGN_OUT)
    scene.call("521")
    scene.run(1)
    refused = scene.told(events.QueueRefused)
    assert [event.reason for event in refused if isinstance(event, events.QueueRefused)] == ["no-agents"]


def test_who_talks_is_not_an_empty_queue() -> None:
    scene = _reception(Knobs("asterisk", ("anna",)))
    scene.call("521")
    scene.run(3)
    scene.call("521")
    scene.run(30)
    assert not _ringing_at_reception(scene)


def test_ringinuse_is_never() -> None:
    scene = Knobs("asterisk", ("anna",))
    scene.call("510")
    scene.run(3)
    scene.call("510")
    scene.run(60)
    assert len(scene.person(scene.anna).rang) == 1


def test_announcements_in_the_order_that_is_stated() -> None:
    """Position with its limit and only when it is better, hold time once, periodic messages in turn."""
    scene = Knobs("asterisk", ("anna",))
    scene.call("525")
    scene.run(2)
    first, second, third = (scene.call("522") for _ in range(3))
    told: dict[PhoneCall, list[tuple[str, ...]]] = {second: [], third: []}
    for at in range(2 * 75):
        scene.run(0.5)
        if at == 40:
            scene.hang_up(first)
        for call, heard in told.items():
            if (clips := scene.hears(call)) != ("music",) and clips not in heard[-1:]:
                heard.append(clips)
    estimate = told[second][0][1]
    assert told[second] == [
        ("position-2", estimate, "patience"),
        ("position-1", "web_site"),
        ("patience",),
    ]
    assert estimate.startswith("estimate-")
    assert told[third] == [(told[third][0][0], "patience"), ("position-2", "web_site"), ("patience",)]
    assert told[third][0][0].startswith("estimate-"), "the third place is beyond the limit"


def test_music_of_ones_own_and_recording() -> None:
    scene = Knobs("asterisk", ("anna",))
    scene.pause("anna")
    call = scene.call("523")
    scene.run(1)
    assert scene.hears(call) == ("our_song",)
    scene.verb("anna", AgentVerb.RESUME)
    scene.run(3)
    assert call.state is CallState.TALKING
    assert len(scene.told(events.RecordingStarted)) == 1


def test_a_caller_withdraws_to_be_called_back() -> None:
    """WITHDRAW: the place is kept."""
    scene = Knobs("asterisk")
    scene.pause("anna", "ben", "carla")
    call = scene.dial(scene.carrier, "+33199000101", "+33612345678")
    scene.run(0.2)
    for key in "11":
        call.press(key, scene.world.now)
        scene.run(0.5)
    assert ("withdrawn", "callback") in scene.exits()
