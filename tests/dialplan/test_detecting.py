"""The step `detect`: who is there, and of a machine the moment behind its beep."""

import pytest

from switch.base.clock import SECOND
from switch.base.errors import ConfigurationError
from switch.dialplan import actions as a
from switch.dialplan import events as e
from switch.dialplan.centre import load_centre
from switch.dialplan.interpreter import Interpreter
from switch.dialplan.scenarios import run_scenarios

PLAN = """
languages: [en]
numbers: {100: main, 101: branches, 102: tones}
accounts: {"201": {}}
prompts: {person: A person., robot: A robot., nobody: Who knows., after: After.}
flows:
  main:
    - detect: {wait_s: 4, confidence: 60, beep_s: 20, human: [{play: person}], machine: [{play: robot}],
               unknown: [{play: nobody}]}
    - play: after
  tones:
    - detect: {wait_s: 8, human: hangup, busy: [{play: nobody}], unobtainable: [{play: after}, hangup]}
    - play: after
  branches:
    - detect: {machine: hangup, beep_s: 0}
    - play: after
"""


class Call:
    """A call in the flow, which has been answered."""

    def __init__(self, number: str = "100") -> None:
        plan = load_centre({"shop.yaml": PLAN}).tenants["shop"]
        flow = plan.route(number)
        assert flow is not None
        self.run = Interpreter(plan, flow)
        self.done: list[a.Action] = []
        self.give(e.Started("200", number, 0))
        self.give(e.Answered())

    def give(self, event: e.Event, now: int = 1) -> None:
        self.done = self.run.apply(event, now)

    @property
    def heard(self) -> list[str]:
        """What plays now."""
        return [clip for act in self.done if isinstance(act, a.Play) for clip in act.clips]

    @property
    def stopped(self) -> bool:
        return a.StopListening() in self.done


def test_it_listens_to_whom_the_flow_serves() -> None:
    call = Call()
    assert a.Listen(a.AnswerTerms(4_000, 60)) in call.done


@pytest.mark.parametrize(
    ("who", "confidence", "clip"),
    [
        (e.Who.HUMAN, 80, "shop/person.en"),
        (e.Who.UNKNOWN, 0, "shop/nobody.en"),
        (e.Who.HUMAN, 59, "shop/nobody.en"),
        (e.Who.MACHINE, 59, "shop/nobody.en"),
    ],
)
def test_what_is_told_chooses_the_branch_if_it_is_believed(who: e.Who, confidence: int, clip: str) -> None:
    call = Call()
    call.give(e.AnswerHeard(who, confidence, "many words"))
    assert call.heard == [clip]
    assert call.stopped


@pytest.mark.parametrize("over", [e.BeepHeard(), e.FellSilent()])
def test_a_message_begins_behind_the_beep_or_the_greeting(over: e.Event) -> None:
    call = Call()
    call.give(e.BeepHeard())
    assert call.heard == [], "nobody knows yet that it is a machine"
    call.give(e.AnswerHeard(e.Who.MACHINE, 90))
    assert call.heard == []
    call.give(over)
    assert call.heard == ["shop/robot.en"]
    assert call.stopped


def test_a_beep_that_never_comes() -> None:
    call = Call()
    call.give(e.AnswerHeard(e.Who.MACHINE, 90), now=3 * SECOND)
    call.give(e.Wake(), now=23 * SECOND - 1)
    assert call.heard == []
    call.give(e.Wake(), now=23 * SECOND)
    assert call.heard == ["shop/robot.en"]


def test_an_engine_that_never_tells() -> None:
    call = Call()
    call.give(e.Wake(), now=6 * SECOND)
    assert call.heard == ["shop/nobody.en"]
    assert call.stopped


def test_what_is_not_stated_is_the_next_step_and_no_beep_is_waited_for() -> None:
    call = Call("101")
    call.give(e.AnswerHeard(e.Who.HUMAN))
    assert call.heard == ["shop/after.en"]
    call = Call("101")
    call.give(e.AnswerHeard(e.Who.MACHINE))
    assert isinstance(call.done[-1], a.Hangup)


def test_a_scenario_tells_it() -> None:
    story = """
scenarios:
  - name: a robot
    call: {from: +15145550199, to: 100, at: 2026-07-15 10:00}
    story: [{answered_by: machine}, {hears: robot}, {hears: after}, ends]
  - name: a person
    call: {from: +15145550199, to: 101, at: 2026-07-15 10:00}
    story: [{answered_by: somebody}]
"""
    robot, person = run_scenarios(load_centre({"shop.yaml": PLAN}), {"story.yaml": story})
    assert robot.passed
    assert person.problem is not None
    known = "human, machine, unknown, busy, unobtainable, ringback"
    assert f"one of {known} was expected, found 'somebody'" in person.problem.message


def test_a_tone_goes_where_the_step_says_and_nowhere_else() -> None:
    plain = Call()
    plain.give(e.ToneHeard(e.Heard.BUSY))
    assert plain.heard == [], "it was not asked for, and somebody may still answer"
    for tone, clip in ((e.Heard.BUSY, "shop/nobody.en"), (e.Heard.UNOBTAINABLE, "shop/after.en")):
        call = Call("102")
        assert a.Listen(a.AnswerTerms(8_000, 50), tones=True) in call.done
        call.give(e.ToneHeard(e.Heard.RINGBACK))
        assert call.done == [], "nothing is said of it"
        call.give(e.ToneHeard(tone))
        assert call.heard == [clip]
        assert call.stopped


def test_a_tone_behind_a_greeting_ends_the_wait_for_its_beep() -> None:
    call = Call("102")
    call.give(e.AnswerHeard(e.Who.MACHINE, 90))
    call.give(e.ToneHeard(e.Heard.BUSY))
    assert call.heard == ["shop/nobody.en"]


def test_a_scenario_tells_tones() -> None:
    call = "call: {{from: +15145550199, to: {to}, at: 2026-07-15 10:00}}"
    story = "scenarios:\n" + "".join(
        f"  - {{name: n{to}, {call.format(to=to)}, story: [{{answered_by: busy}}, {{hears: nobody}}, "
        "{hears: after}, ends]}\n"
        for to in (102, 100)
    )
    busy, deaf = run_scenarios(load_centre({"shop.yaml": PLAN}), {"story.yaml": story})
    assert busy.passed, busy.problem
    assert deaf.problem is not None
    assert "the dialplan does not say where a tone goes" in deaf.problem.message


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("machine: brunches", "unknown flow 'brunches'; did you mean 'branches'"),
        ("detect: {wait_s: 3}", "'detect' is for 'machine', which is not stated"),
        ("machine: again, detect: {wait_s: 1}", "wait_s: at least 2"),
    ],
)
def test_mistakes_of_a_callback(word: str, expected: str) -> None:
    text = f"{PLAN}  wait: [{{queue: sales}}]\nqueues: {{sales: {{callback: {{{word}}}}}}}\n"
    with pytest.raises(ConfigurationError, match=expected):
        load_centre({"shop.yaml": text})
