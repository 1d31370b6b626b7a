"""Agents whose lines are bad are asked last or passed over, are told so and why, and come back."""

import pytest

from switch.acd.decisions import OfferOutcome
from switch.base.clock import MINUTE
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.exchange.lines import offer_ended, reason_of, resume
from switch.journal import queue_events
from switch.journal.why import explain
from switch.journal.words import tell
from switch.media.events import StreamAlarm
from switch.media.quality import Alarm, StreamQuality
from switch.sim.phone_call import CallState, PhoneCall
from tests.sim import centres
from tests.sim.scene import CALLER, Scene

GOOD = StreamQuality(
    packets_received=1000, packets_sent=1000, reports=5, jitter_us=5_000, round_trip_us=60_000
)
LOSSY = StreamQuality(packets_received=900, packets_sent=1000, packets_lost=100, reports=5)
DEAF = StreamQuality(packets_received=1000, packets_sent=1000, reports=5, peer_lost=200)
MUTE = StreamQuality(packets_received=0, packets_sent=1000)
SHORT = StreamQuality(packets_received=50, packets_sent=100, packets_lost=50)
LATE = StreamQuality(packets_received=1000, packets_sent=1000, round_trip_us=600_000)
SHAKY = StreamQuality(packets_received=1000, packets_sent=1000, reports=2, peer_jitter_us=70_000)
FAIR = StreamQuality(packets_received=960, packets_sent=1000, packets_lost=40)


def _talk(scene: Scene, quality: StreamQuality) -> None:
    """A customer talks with anna, and that is how her line was."""
    call = scene.customer(CALLER)
    scene.run(2)
    leg = next(leg for leg in scene.world.exchange.office.legs.values() if leg.agent)
    scene.world.engine.qualities[leg.slot.number] = quality
    scene.hang_up(call)
    scene.run(6)


def _line(scene: Scene) -> int:
    router = scene.world.exchange.office.parts.tenancies["shop"].router
    return next(view.line for view in router.agents(scene.world.now) if view.name == "anna")


def _done(scene: Scene) -> None:
    """In time every line is good again, and nothing of it is left."""
    scene.run(2_500)
    scene.nothing_is_left()


def _grades(scene: Scene) -> list[str]:
    return [
        event.grade
        for event in scene.told(queue_events.LineGraded)
        if isinstance(event, queue_events.LineGraded)
    ]


def _told(scene: Scene) -> list[bytes]:
    seen = [d.data for _, d in scene.wire.seen if d.target == scene.anna.address]
    return [data.partition(b"\r\n\r\n")[2] for data in seen if data.startswith(b"MESSAGE")]


@pytest.mark.parametrize(
    ("quality", "reason"),
    [
        (LOSSY, "10% of the sound was lost"),
        (DEAF, "20% of the sound was lost"),
        (LATE, "sound takes 600 ms there and back"),
        (SHAKY, "packets came up to 70 ms apart from their time"),
    ],
)
def test_one_bad_talk_makes_a_line_failing_and_the_agent_is_told_why(
    quality: StreamQuality, reason: str
) -> None:
    scene = Scene(agents=("anna",))
    _talk(scene, quality)
    assert _line(scene) == 1
    assert reason_of(scene.world.exchange.office, "shop", "anna") == reason
    assert _told(scene) == [f"Your line is bad ({reason}): others are asked before you.".encode()]
    assert _grades(scene) == ["failing"]
    _done(scene)


@pytest.mark.parametrize("quality", [GOOD, SHORT, FAIR])
def test_what_is_good_or_says_nothing_changes_nothing(quality: StreamQuality) -> None:
    scene = Scene(agents=("anna",))
    _talk(scene, quality)
    assert (_line(scene), _told(scene)) == (0, [])
    _done(scene)


def test_a_phone_that_is_never_heard_cannot_be_used() -> None:
    scene = Scene(agents=("anna",))
    _talk(scene, MUTE)
    assert _line(scene) == 2
    waits = scene.customer()
    scene.run(2)
    assert len(scene.person(scene.anna).rang) == 1, "passed over"
    scene.hang_up(waits)
    _done(scene)


def test_it_takes_two_very_bad_talks_to_be_unusable() -> None:
    scene = Scene(agents=("anna",))
    _talk(scene, DEAF)
    assert _line(scene) == 1
    _talk(scene, DEAF)
    assert _line(scene) == 2
    _done(scene)


def test_two_good_talks_in_a_row_bring_it_back() -> None:
    scene = Scene(agents=("anna",))
    for quality in (LOSSY, GOOD, FAIR, GOOD):
        _talk(scene, quality)
        assert _line(scene) == 1, "one good talk is not two"
    _talk(scene, GOOD)
    assert _line(scene) == 0
    assert _told(scene)[-1] == b"Your line is good again."
    assert _grades(scene) == ["failing", "good"]
    _done(scene)


def test_a_failing_agent_is_asked_after_the_others() -> None:
    """Anna is the better by skill; of two alike the one with the good line comes first."""
    text = centres.SHOP.replace("english: 60", "english: 90")
    scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=("anna",))
    _talk(scene, LOSSY)
    scene.run(60)
    scene.verb("ben", AgentVerb.SIGN_IN)
    scene.customer()
    scene.run(2)
    assert len(scene.person(scene.ben).rang) == 1, "though anna is idle longer"
    _done(scene)


def test_time_mends_what_nobody_measures() -> None:
    scene = Scene(agents=("anna",))
    _talk(scene, MUTE)
    scene.run(10 * 60)
    assert _line(scene) == 1
    scene.run(30 * 60)
    assert _line(scene) == 0
    assert scene.world.now > 40 * MINUTE
    _done(scene)


def test_a_new_registration_is_a_new_chance() -> None:
    scene = Scene(agents=("anna",))
    _talk(scene, MUTE)
    scene.anna.unregister(scene.world.now)
    scene.world.touch()
    scene.run(1)
    scene.anna.register(scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert _line(scene) == 1
    _done(scene)


def test_a_tenant_may_do_without() -> None:
    text = centres.SHOP + "routing: {watch_lines: false}\n"
    scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=("anna",))
    _talk(scene, MUTE)
    assert _line(scene) == 0
    assert scene.world.exchange.office.lines is None
    _done(scene)


def test_a_phone_that_is_registered_and_not_reached_is_asked_last_and_then_passed_over() -> None:
    scene = Scene(agents=("anna",))
    exchange = scene.world.exchange
    for outcome in (OfferOutcome.UNREACHABLE, OfferOutcome.FAILED, OfferOutcome.NO_ANSWER):
        offer_ended(exchange.office, "shop", "anna", outcome, scene.world.now)
    assert exchange.office.lines is not None
    assert exchange.office.lines["shop", "anna"].grade == 0, "one is none, and the others say nothing of it"
    for _ in range(3):
        offer_ended(exchange.office, "shop", "anna", OfferOutcome.UNREACHABLE, scene.world.now)
    exchange.settle(scene.world.now)
    scene.world.touch()
    assert _grades(scene) == ["failing", "unusable"]
    assert reason_of(exchange.office, "shop", "anna") == "4 calls did not reach your phone"
    _done(scene)


def test_a_router_that_goes_on_after_a_restart_keeps_nobody_out_for_ever() -> None:
    """Its grades outlive the process that measured; here they are mended in time, as if measured now."""
    scene = Scene(agents=("anna",))
    _talk(scene, MUTE)
    office = scene.world.exchange.office
    office.lines = None
    office.timers.cancel(("line", "shop anna"))
    resume(office, "shop", scene.world.now)
    assert reason_of(office, "shop", "anna") == "measured before the last restart"
    scene.run(11 * 60)
    assert _line(scene) == 1
    _done(scene)


def _talks(scene: Scene) -> tuple[PhoneCall, int]:
    """A customer talks with anna: the call, and the slot of her leg."""
    call = scene.customer(CALLER)
    scene.run(2)
    leg = next(leg for leg in scene.world.exchange.office.legs.values() if leg.agent)
    return call, leg.slot.number


def _so_far(received: int, lost: int, **more: int) -> StreamQuality:
    """How the talk was until now, by our own count; the phone's reports are of no loss."""
    return StreamQuality(
        packets_received=received, packets_sent=received + lost, packets_lost=lost, reports=3, **more
    )


def test_a_line_that_fails_during_a_talk_is_told_of_and_asked_last_from_the_next_call_on() -> None:
    scene = Scene(agents=("anna",))
    call, slot = _talks(scene)
    quality = scene.world.engine.qualities
    quality[slot] = _so_far(1000, 0)
    scene.run(6)
    assert _line(scene) == 0
    # The next twenty seconds: a tenth is lost, of the whole talk a twentieth.
    quality[slot] = _so_far(1900, 100)
    scene.run(6)
    assert _line(scene) == 1
    reason = "10% of the sound was lost"
    assert reason_of(scene.world.exchange.office, "shop", "anna") == reason
    assert _told(scene) == [f"Your line is bad ({reason}): others are asked before you.".encode()]
    assert call.state is CallState.TALKING
    (graded,) = [entry for entry in scene.world.journal if isinstance(entry.event, queue_events.LineGraded)]
    story = explain(entry for entry in scene.world.journal if entry.call == graded.call)
    assert story is not None
    assert any(f"the line of agent anna is failing from now on: {reason}" in line for line in tell(story))
    scene.hang_up(call)
    _done(scene)


def test_a_short_stretch_says_nothing() -> None:
    """One lost report is no line: twenty seconds are judged, not five."""
    scene = Scene(agents=("anna",))
    call, slot = _talks(scene)
    for received, lost in ((250, 50), (550, 50), (850, 50), (1200, 50)):
        scene.world.engine.qualities[slot] = _so_far(received, lost)
        scene.run(5)
    assert (_line(scene), _told(scene)) == (0, [])
    scene.hang_up(call)
    _done(scene)


@pytest.mark.parametrize(
    ("alarm", "reason"),
    [(Alarm.NO_AUDIO, "nothing is heard of you"), (Alarm.NOT_HEARD, "your phone hears nothing of us")],
)
def test_a_talk_in_which_somebody_hears_nothing_is_a_failing_line(alarm: Alarm, reason: str) -> None:
    scene = Scene(agents=("anna",))
    call, slot = _talks(scene)
    scene.world.exchange.media_event(StreamAlarm(slot, alarm, raised=True), scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert _line(scene) == 1
    assert reason_of(scene.world.exchange.office, "shop", "anna") == reason
    assert _told(scene) == [f"Your line is bad ({reason}): others are asked before you.".encode()]
    scene.hang_up(call)
    _done(scene)


def test_a_muted_phone_and_a_customers_line_say_nothing_of_the_agents() -> None:
    scene = Scene(agents=("anna",))
    call, slot = _talks(scene)
    other = next(leg for leg in scene.world.exchange.office.legs.values() if not leg.agent).slot.number
    for number, alarm in ((slot, Alarm.SILENCE), (slot, Alarm.DEAD_AIR), (other, Alarm.NO_AUDIO)):
        scene.world.exchange.media_event(StreamAlarm(number, alarm, raised=True), scene.world.now)
    scene.world.engine.qualities[other] = _so_far(500, 1000)
    scene.world.touch()
    scene.run(20)
    assert (_line(scene), _told(scene)) == (0, [])
    scene.hang_up(call)
    _done(scene)


def test_a_talk_with_a_bad_stretch_is_no_good_talk_at_its_end() -> None:
    scene = Scene(agents=("anna",))
    call, slot = _talks(scene)
    scene.world.engine.qualities[slot] = _so_far(900, 100)
    scene.run(6)
    scene.world.engine.qualities[slot] = _so_far(20_000, 100)
    scene.run(6)
    scene.hang_up(call)
    scene.run(6)
    _talk(scene, GOOD)
    assert _line(scene) == 1, "of two good talks in a row this was the first"
    _talk(scene, GOOD)
    assert _line(scene) == 0
    _done(scene)


def test_a_tenant_who_does_without_is_not_looked_at() -> None:
    text = centres.SHOP + "routing: {watch_lines: false}\n"
    scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=("anna",))
    call, slot = _talks(scene)
    scene.world.engine.qualities[slot] = _so_far(500, 1000)
    scene.world.exchange.media_event(StreamAlarm(slot, Alarm.NO_AUDIO, raised=True), scene.world.now)
    scene.run(20)
    assert _line(scene) == 0
    assert scene.world.exchange.office.lines is None
    scene.hang_up(call)
    _done(scene)
