"""Each word of Asterisk's queue_log and each outcome of its Queue(): the journal's entry that says it."""

from switch.dialplan.actions import AgentVerb
from switch.journal import events, queue_events
from switch.sim.phone_call import PhoneCall
from tests.exchange.knobs import Knobs


def _talk(scene: Knobs) -> PhoneCall:
    call = scene.call("510")
    scene.run(3)
    return call


def _record(scene: Knobs) -> events.CallEnded:
    scene.run(2)
    return scene.records()[-1]


def test_enterqueue_and_connect() -> None:
    scene = Knobs("asterisk", ("anna",))
    _talk(scene)
    (queued,) = scene.told(events.Queued)
    (connected,) = scene.told(events.AgentConnected)
    assert isinstance(queued, events.Queued)
    assert isinstance(connected, events.AgentConnected)
    assert (queued.queue, queued.position) == ("silver", 1)
    assert (connected.queue, connected.agent) == ("silver", "anna")
    assert connected.waited_us >= 1_000_000


def test_completecaller_and_completeagent() -> None:
    scene = Knobs("asterisk", ("anna",))
    scene.hang_up(_talk(scene))
    assert (_record(scene).by, _record(scene).agent) == ("caller", "anna")
    _talk(scene)
    scene.hang_up(scene.phone_call("anna"))
    assert (_record(scene).by, _record(scene).agent) == ("agent", "anna")
    assert scene.exits() == [("ended", "")] * 2


def test_abandon_and_ringcanceled() -> None:
    scene = Knobs("asterisk", ("anna",))
    scene.deaf()
    call = scene.call("510")
    scene.run(2)
    scene.hang_up(call)
    scene.run(1)
    assert scene.outcomes() == [("anna", "caller-gone")]
    assert [outcome for outcome, _ in scene.exits()] == ["abandoned"]


def test_ringnoanswer() -> None:
    scene = Knobs("asterisk", ("anna",))
    scene.deaf()
    scene.call("517")
    scene.run(9)
    assert scene.outcomes() == [("anna", "no-answer")]


def test_blindtransfer_and_attendedtransfer() -> None:
    scene = Knobs("asterisk", ("anna",))
    _talk(scene)
    scene.phone_call("anna").refer("110", scene.world.now)
    scene.world.touch()
    scene.run(3)
    _talk(scene)
    first = scene.phone_call("anna")
    first.hold(scene.world.now, held=True)
    second = scene.dial(scene.anna, "110")
    scene.run(3)
    first.refer_to_call(second, scene.world.now)
    scene.world.touch()
    scene.run(3)
    told = [event for event in scene.told(events.Transferred) if isinstance(event, events.Transferred)]
    assert [(event.target, event.outcome) for event in told] == [("110", "done"), ("110", "done")]


def test_exitempty_exitwithkey_exitwithtimeout() -> None:
    scene = Knobs("asterisk", ("anna",))
    scene.pause("anna")
    scene.call("521")
    by_key = scene.call("516")
    scene.call("518")
    scene.run(1)
    by_key.press("0", scene.world.now)
    scene.run(31)
    assert scene.exits() == [("withdrawn", "nobody-ready"), ("withdrawn", "key"), ("withdrawn", "timeout")]


def test_addmember_removemember_pause_and_unpause() -> None:
    scene = Knobs("asterisk", ())
    for verb, reason in (
        (AgentVerb.SIGN_IN, ""),
        (AgentVerb.PAUSE, "lunch"),
        (AgentVerb.RESUME, ""),
        (AgentVerb.SIGN_OUT, ""),
    ):
        scene.verb("anna", verb, reason)
    told = [event for event in scene.told(events.AgentChanged) if isinstance(event, events.AgentChanged)]
    assert [(event.state, event.reason) for event in told[-4:]] == [
        ("available", ""),
        ("paused", "lunch"),
        ("available", ""),
        ("logged-out", ""),
    ]


def test_penalty() -> None:
    """A ring that opens is a penalty that changes, of the caller's wait."""
    scene = Knobs("asterisk", ("ben", "carla"))
    scene.pause("ben")
    scene.call("513")
    scene.run(21)
    (widened,) = scene.told(queue_events.Widened)
    assert isinstance(widened, queue_events.Widened)
    assert (widened.queue, widened.asks) == ("levels", "sales 50")
