"""One call at a time: what is done after each event."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from switch.base.clock import SECOND
from switch.dialplan import actions as a
from switch.dialplan import events as e
from switch.dialplan.centre import load_centre
from switch.dialplan.interpreter import STEPS_PER_CALL_MAX, Interpreter
from switch.dialplan.plan import TenantPlan
from switch.dialplan.session import DIGITS_KEPT_MAX
from tests.dialplan.plans import plan, text

NOON_UTC = 1_784_116_800 * SECOND
"""2026-07-15 12:00 UTC, a Wednesday."""


@dataclass
class Call:
    """An interpreter and what it did, without the trail."""

    plan: TenantPlan
    flow: str = "main"
    now: int = 1000 * SECOND
    did: list[a.Action] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.flow_run = Interpreter(self.plan, self.flow)

    def give(self, event: e.Event, after_s: float = 0) -> list[a.Action]:
        self.now += int(after_s * SECOND)
        self.did = [act for act in self.flow_run.apply(event, self.now) if not isinstance(act, a.Trail)]
        return self.did

    def start(self, *, answered: bool = True, agent: str = "") -> list[a.Action]:
        return self.give(e.Started("+331", "100", NOON_UTC, agent, answered))

    def key(self, digit: str) -> list[a.Action]:
        return self.give(e.DigitPressed(digit))

    def heard(self) -> list[a.Action]:
        """What plays came to its end."""
        return self.give(e.PlayEnded(self.flow_run.session.playback, True))


def _play(number: int, *clips: str, loop: bool = False) -> a.Play:
    return a.Play(number, tuple(f"t/{clip}" for clip in clips), loop)


def _wake(call: Call, after_s: float) -> a.WakeAt:
    return a.WakeAt(call.now + int(after_s * SECOND))


def test_audio_answers_first() -> None:
    call = Call(plan("main:\n  - play: hello"))
    assert call.start(answered=False) == [a.Answer()]
    assert call.give(e.Answered()) == [_play(1, "hello.en")]
    assert call.heard() == [a.Hangup("end of flow")]
    assert call.flow_run.ended


def test_an_unanswered_call_is_refused_rather_than_hung_up() -> None:
    assert Call(plan("main:\n  - hangup")).start(answered=False) == [a.Reject(480)]
    assert Call(plan("main:\n  - reject: 603")).start(answered=False) == [a.Reject(603)]
    assert Call(plan("main:\n  - hangup: moved")).start() == [a.Hangup("moved")]


def test_a_prompt_that_fails_does_not_hold_the_call() -> None:
    call = Call(plan("main:\n  - play: [hello, news]\n  - play: news"))
    assert call.start() == [_play(1, "hello.en", "news.en")]
    assert call.give(e.PlayEnded(1, False)) == [_play(2, "news.en")]


def test_the_end_of_an_older_playback_is_no_news() -> None:
    call = Call(plan("main:\n  - play: hello\n  - play: news"))
    call.start()
    call.heard()
    assert call.give(e.PlayEnded(1, True)) == []
    assert call.give(e.PlayEnded(2, True)) == [a.Hangup("end of flow")]


MENU = """
main:
  - menu:
      prompt: choose
      timeout_s: 5
      tries: 2
      keys: {1: one, 12: twelve, "*": repeat}
      otherwise: lost
  - play: choose
one: [{play: hello}]
twelve: [{play: news}]
lost: [{play: [news, news]}]
"""


def test_menu_keys_are_told_apart_by_the_time_between_them() -> None:
    call = Call(plan(MENU))
    call.start()
    call.heard()
    assert call.key("1") == [_wake(call, 2)]
    assert call.give(e.Wake(), 2) == [_play(2, "hello.en")]

    call = Call(plan(MENU))
    call.start()
    call.heard()
    call.key("1")
    assert call.key("2") == [a.WakeAt(-1), _play(2, "news.en")]


def test_a_key_silences_the_prompt() -> None:
    call = Call(plan(MENU))
    assert call.start() == [_play(1, "choose.en")]
    assert call.key("1") == [a.StopPlay(), _wake(call, 2)]
    assert call.give(e.PlayEnded(1, False)) == []
    assert call.give(e.Wake(), 2) == [_play(2, "hello.en")]


def test_without_barge_in_keys_during_the_prompt_do_not_count() -> None:
    call = Call(plan(MENU.replace("tries: 2", "tries: 2\n      barge_in: false")))
    call.start()
    assert call.key("1") == []
    assert call.heard() == [_wake(call, 5)]
    assert call.key("1") == [_wake(call, 2)]


def test_wrong_key_then_silence_then_elsewhere() -> None:
    call = Call(plan(MENU))
    call.start()
    assert call.key("7") == [a.StopPlay(), _play(2, "wrong-key.en", "choose.en")]
    assert call.heard() == [_wake(call, 5)]
    assert call.give(e.Wake(), 4) == [_wake(call, 1)], "a wake that is early is asked for again"
    assert call.give(e.Wake(), 1) == [_play(3, "news.en", "news.en")]


def test_repeat_begins_the_tries_anew() -> None:
    call = Call(plan(MENU))
    call.start()
    call.key("9")
    assert call.key("*") == [a.StopPlay(), _play(3, "choose.en")]
    assert call.key("9") == [a.StopPlay(), _play(4, "wrong-key.en", "choose.en")]


def test_a_block_goes_on_after_the_menu_and_continue_does_too() -> None:
    flows = """
    main:
      - menu: {prompt: choose, keys: {1: [{language: fr}], 2: {language: en}}, tries: 1, otherwise: continue}
      - play: hello
    """
    for key, clip in (("1", "hello.fr"), ("2", "hello.en"), ("3", "hello.en")):
        call = Call(plan(flows))
        call.start()
        assert call.key(key)[-1] == _play(2, clip)


def test_keys_typed_ahead_of_the_menu_are_kept() -> None:
    call = Call(plan(MENU.replace("  - menu:", "  - play: hello\n  - menu:", 1)))
    assert call.start() == [_play(1, "hello.en")]
    assert call.key("1") == []
    assert call.key("2") == []
    assert call.heard() == [_wake(call, 2), a.WakeAt(-1), _play(2, "news.en")]


def test_only_so_many_keys_are_kept() -> None:
    """A caller who leans on the keys, or a fax, must not make a call grow."""
    call = Call(plan(MENU.replace("  - menu:", "  - play: hello\n  - menu:", 1)))
    call.start()
    for _ in range(3 * DIGITS_KEPT_MAX):
        call.key("1")
    assert len(call.flow_run.session.digits) == DIGITS_KEPT_MAX


def test_collected_digits_are_dialled() -> None:
    flows = """
    main:
      - collect: {prompt: choose, into: wish, digits_min: 2, digits_max: 4, tries: 2}
      - dial: {extension: "{wish}", timeout_s: 20}
    """
    for keys, target in (("1024", "1024"), ("102#", "102")):
        call = Call(plan(flows))
        call.start()
        for key in keys:
            call.key(key)
        assert call.did[-1] == a.Dial(a.DialKind.EXTENSION, target, 20, "", "t/ringback")
    call = Call(plan(flows))
    call.start()
    call.key("1")
    assert call.key("#")[-1] == _play(2, "wrong-key.en", "choose.en")
    call.key("1")
    call.key("0")
    assert call.give(e.Wake(), 2)[-1] == a.Dial(a.DialKind.EXTENSION, "10", 20, "", "t/ringback")


QUEUE = """
main:
  - needs: {sales: 30, french: 20}
  - queue:
      name: sales
      needs: {sales: 40}
      priority: 7
      max_wait_s: 60
      widen: [{after_s: 20, needs: {sales: 10}}, {after_s: 40, needs: {french: 0, sales: 90}}]
      timeout: [{play: news}]
      exit_keys: {0: [{play: choose}]}
      full: [{play: [hello, hello]}]
  - play: hello
"""


def _queued(announce: str = "", flows: str = QUEUE) -> Call:
    tenant = plan(flows)
    if announce:
        changed = text(flows).replace("sales: {}", f"sales: {{announce: {announce}}}")
        tenant = load_centre({"t.yaml": changed}).tenants["t"]
    call = Call(tenant)
    call.start()
    return call


def test_entering_a_queue() -> None:
    call = _queued()
    low, high = a.QueueNeed("french", 20), a.QueueNeed("sales", 40)
    steps = (
        a.QueueStep(0, (low, high)),
        a.QueueStep(20, (low, a.QueueNeed("sales", 10))),
        a.QueueStep(40, (a.QueueNeed("sales", 10),)),
    )
    assert call.did == [a.Enqueue("sales", steps, 7)]
    assert call.give(e.QueueEntered(1)) == [_play(1, "music", loop=True), _wake(call, 60)]


def test_the_way_of_a_served_caller() -> None:
    call = _queued()
    call.give(e.QueueEntered(1))
    assert call.give(e.QueueConnected(), 30) == [a.StopPlay(), a.WakeAt(-1)]
    for late in (
        e.Wake(),
        e.DigitPressed("0"),
        e.QueueRefused("full"),
        e.QueueConnected(),
        e.QueueEntered(2),
    ):
        assert call.give(late, 1) == [], "an agent talks: nothing else counts"
    assert call.give(e.QueueEnded()) == [_play(2, "hello.en")]
    assert call.heard() == [a.Hangup("end of flow")]


def test_an_agent_may_answer_before_the_queue_says_that_it_let_the_caller_in() -> None:
    call = _queued()
    assert call.give(e.QueueConnected()) == []
    assert call.give(e.QueueEntered(1)) == []
    assert call.give(e.QueueEnded()) == [_play(1, "hello.en")]


def test_too_long_a_wait() -> None:
    call = _queued()
    call.give(e.QueueEntered(1))
    assert call.give(e.Wake(), 60) == [a.LeaveQueue("timeout"), a.StopPlay(), _play(2, "news.en")]
    assert call.give(e.QueueConnected()) == []
    assert call.heard() == [_play(3, "hello.en")], "a block goes on with the step after the queue"


def test_a_key_leads_out() -> None:
    call = _queued()
    call.give(e.QueueEntered(1))
    assert call.key("5") == []
    assert call.key("0") == [a.LeaveQueue("key"), a.StopPlay(), a.WakeAt(-1), _play(2, "choose.en")]


@pytest.mark.parametrize(
    ("reason", "clips"),
    [
        ("full", ("hello.en", "hello.en")),
        ("no-agents", ("no-agents.en",)),
        ("unservable", ("not-available.en",)),
        ("queue-removed", ("not-available.en",)),
        ("never heard of", ("not-available.en",)),
    ],
)
def test_refusals(reason: str, clips: tuple[str, ...]) -> None:
    call = _queued()
    assert call.give(e.QueueRefused(reason)) == [_play(1, *clips)]
    waiting = _queued()
    waiting.give(e.QueueEntered(1))
    assert waiting.give(e.QueueRefused(reason))[-1] == _play(2, *clips)


def test_announcements_come_and_music_goes_on() -> None:
    call = _queued("{first_s: 10, every_s: 30, messages: [news, choose]}")
    assert call.give(e.QueueEntered(4))[-1] == _wake(call, 10)
    assert call.give(e.Wake(), 10) == [_wake(call, 30), a.AskQueue()]
    assert call.give(e.QueueStatus(4, 9, 170)) == [_play(2, "position-4.en", "estimate-3.en", "news.en")]
    assert call.give(e.QueueStatus(4, 9, 170)) == [], "told once"
    assert call.heard() == [_play(3, "music", loop=True)]
    assert call.give(e.Wake(), 30) == [_wake(call, 20), a.AskQueue()], "the end of the wait comes first"
    assert call.give(e.QueueStatus(25, 30, -1)) == [_play(4, "position-more.en", "choose.en")]
    assert call.give(e.Wake(), 20)[0] == a.LeaveQueue("timeout"), "also while something is announced"


def test_an_agent_who_answers_ends_an_announcement() -> None:
    call = _queued("{first_s: 10}")
    call.give(e.QueueEntered(1))
    call.give(e.Wake(), 10)
    call.give(e.QueueStatus(1, 1, 20))
    assert call.give(e.QueueConnected()) == [a.StopPlay(), a.WakeAt(-1)]
    assert call.give(e.PlayEnded(2, False)) == [], "no music in a talk"


def test_music_that_fails_is_not_tried_again_at_once() -> None:
    call = _queued()
    call.give(e.QueueEntered(1))
    assert call.give(e.PlayEnded(1, False)) == []


DIAL = """
main:
  - dial: {extension: 101, timeout_s: 25, busy: [{play: news}]}
  - play: hello
"""


@pytest.mark.parametrize(
    ("outcome", "answered", "expected"),
    [
        (e.DialOutcome.ENDED, False, _play(1, "hello.en")),
        (e.DialOutcome.ENDED, True, _play(1, "hello.en")),
        (e.DialOutcome.BUSY, True, _play(1, "news.en")),
        (e.DialOutcome.BUSY, False, a.Answer()),
        (e.DialOutcome.NO_ANSWER, True, _play(1, "no-answer.en")),
        (e.DialOutcome.NO_ANSWER, False, a.Reject(480)),
        (e.DialOutcome.REJECTED, False, a.Reject(486)),
        (e.DialOutcome.FAILED, True, _play(1, "unreachable.en")),
    ],
)
def test_how_dialling_ends(outcome: e.DialOutcome, answered: bool, expected: a.Action) -> None:
    call = Call(plan(DIAL))
    ringback = "t/ringback" if answered else ""
    assert call.start(answered=answered) == [a.Dial(a.DialKind.EXTENSION, "101", 25, "", ringback)]
    assert call.give(e.DialEnded(outcome)) == [expected]


def test_pause() -> None:
    call = Call(plan("main:\n  - pause_s: 1.5\n  - play: hello"))
    assert call.start(answered=False) == [_wake(call, 1.5)]
    assert call.give(e.Wake(), 1.5) == [a.Answer()]


@pytest.mark.parametrize(
    ("code", "verb", "reason"),
    [("*11", "sign-in", ""), ("*12", "sign-out", ""), ("*131", "pause", "lunch"), ("*15", "end-wrap-up", "")],
)
def test_feature_codes(code: str, verb: str, reason: str) -> None:
    tenant = plan("main:\n  - play: hello")
    flow = tenant.route(code)
    assert flow is not None
    call = Call(tenant, flow)
    assert call.start(answered=False, agent="anna") == [a.Answer()]
    assert call.give(e.Answered()) == [a.AgentCommand(a.AgentVerb(verb), reason)]
    assert call.give(e.AgentCommandDone(True, "signed-in")) == [_play(1, "signed-in.en")]
    assert call.give(e.AgentCommandDone(True, "signed-in")) == []
    assert call.heard() == [a.Hangup("feature code")]


def test_an_answer_that_nobody_foresaw_is_told_as_a_refusal() -> None:
    call = Call(plan("main:\n  - play: hello"), "@sign-in")
    call.start()
    assert call.give(e.AgentCommandDone(False, "something new")) == [_play(1, "refused.en")]


HOURS = """
main:
  - hours: {when: shop, closed: [{play: news}], holiday: [{play: choose}]}
  - play: hello
"""


@pytest.mark.parametrize(
    ("zone", "holidays", "clip"),
    [
        ("Europe/Paris", "", "hello.en"),
        ("America/Montreal", "", "hello.en"),
        ("Asia/Tokyo", "", "news.en"),
        ("Europe/Paris", "07-15: Feast", "choose.en"),
    ],
)
def test_hours_are_those_of_the_tenants_zone(zone: str, holidays: str, clip: str) -> None:
    extra = f"time_zone: {zone}\nhours: {{shop: {{daily: 08:00-18:00}}}}\nholidays: {{{holidays}}}\n"
    call = Call(load_centre({"t.yaml": extra + text(HOURS)}).tenants["t"])
    assert call.start() == [_play(1, clip)]


def test_the_trail_says_which_way_was_taken() -> None:
    run = Interpreter(plan(MENU), "main")
    run.apply(e.Started("", "100", NOON_UTC, answered=True), 0)
    trail = run.apply(e.DigitPressed("7"), 1)[1]
    assert trail == a.Trail("main", "1 menu", "wrong key 7, try 1 of 2")


def test_what_cannot_be_played_never_spins() -> None:
    """An engine that fails each clip at once drives the flow; the call still ends."""
    call = Call(plan("main:\n  - play: hello\n  - goto: main"))
    actions: Sequence[a.Action] = call.start()
    rounds = 0
    while not call.flow_run.ended:
        rounds += 1
        assert isinstance(actions[-1], a.Play)
        actions = call.give(e.PlayEnded(actions[-1].playback, False))
    # Three steps a round: the prompt, the jump, and the flow that begins anew.
    assert rounds == pytest.approx(STEPS_PER_CALL_MAX / 3, abs=1)
    assert actions[-1] == a.Hangup("too many steps")
