"""Recording in a dialplan: the section, the step, and what the caller is told before."""

import pytest

from switch.base.errors import ConfigurationError
from switch.dialplan import actions as a
from switch.dialplan import events as e
from switch.dialplan.centre import load_centre
from switch.dialplan.interpreter import Interpreter

PLAN = """
languages: [en]
numbers: {100: main, 200: steps, 300: waits}
accounts: {"101": {}}
agents: {ann: {account: "101"}}
prompts: {recorded: This call is recorded., hello: Hello.}
recording: {consent: recorded}
queues: {sales: {record: true, music: none}}
flows:
  main:
    - dial: {extension: "101", record: true}
    - dial: {extension: "101", record: true}
  steps: [{record: start}, {record: pause}, {play: hello}, {record: resume}, {record: stop}]
  waits: [{queue: sales}]
"""


class Call:
    def __init__(self, flow: str, plan: str = PLAN) -> None:
        centre = load_centre({"shop.yaml": plan})
        self.run = Interpreter(centre.tenants["shop"], flow)
        self.done: list[a.Action] = []
        self.give(e.Started("5551234", "100", 0))
        self.give(e.Answered())

    def give(self, event: e.Event) -> None:
        self.done += [act for act in self.run.apply(event, 1) if not isinstance(act, a.Trail | a.WakeAt)]

    def heard(self) -> list[str]:
        """What played since the last look, and then it has ended."""
        played = [act for act in self.done if isinstance(act, a.Play)]
        self.done = [act for act in self.done if not isinstance(act, a.Play)]
        for act in played:
            self.give(e.PlayEnded(act.playback, True))
        return [clip for act in played for clip in act.clips]


def test_a_caller_is_told_once_and_before_the_first_talk() -> None:
    call = Call("main")
    assert call.heard() == ["shop/recorded.en"]
    (answer, dial) = call.done
    assert isinstance(answer, a.Answer)
    assert isinstance(dial, a.Dial)
    assert dial.record
    call.done.clear()
    call.give(e.DialEnded(e.DialOutcome.ENDED))
    assert call.heard() == [], "not a second time"
    (again,) = call.done
    assert isinstance(again, a.Dial)
    assert again.record


def test_a_queue_says_it_too() -> None:
    call = Call("waits")
    assert call.heard() == ["shop/recorded.en"]
    (enqueued,) = [act for act in call.done if isinstance(act, a.Enqueue)]
    assert enqueued.record


def test_steps_start_pause_and_stop() -> None:
    call = Call("steps")
    assert call.heard() == ["shop/recorded.en"]
    assert call.heard() == ["shop/hello.en"]
    verbs = [act.verb for act in call.done if isinstance(act, a.Record)]
    assert verbs == [a.RecordVerb.START, a.RecordVerb.PAUSE, a.RecordVerb.RESUME, a.RecordVerb.STOP]


def test_without_a_prompt_nothing_is_said() -> None:
    call = Call(
        "main", PLAN.replace("recording: {consent: recorded}", "").replace("recorded: This call is", "x:")
    )
    assert call.heard() == []
    assert any(isinstance(act, a.Dial) and act.record for act in call.done)


@pytest.mark.parametrize(
    ("word", "other", "expected"),
    [
        ("record: pause", "record: paws", "unknown word 'paws'; did you mean 'pause'"),
        ("consent: recorded", "consent: nothing", "unknown prompt 'nothing'"),
        ("consent: recorded", "format: mp3", "'mp3' is not known here"),
    ],
)
def test_mistakes_are_told(word: str, other: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        load_centre({"shop.yaml": PLAN.replace(word, other)})


MESSAGE = """
languages: [en]
numbers: {100: main}
accounts: {"101": {}}
prompts: {away: We are away.}
flows:
  main: [{take_message: {mailbox: sales, greeting: away, max_s: 60}}, {take_message: other}]
"""


def test_a_message_is_taken_after_greeting_and_beep() -> None:
    call = Call("main", MESSAGE)
    assert call.heard() == ["shop/away.en", "shop/beep"]
    assert call.done[1:] == [a.TakeMessage("sales", 60, 5000)]
    call.done.clear()
    call.give(e.DigitPressed("5"))
    assert call.done == [], "a key that is none"
    call.give(e.DigitPressed("#"))
    assert call.done == [a.EndMessage()]
    call.done.clear()
    call.give(e.MessageTaken(4000, "stopped"))
    assert call.heard() == ["shop/beep"]


def test_a_key_goes_to_the_beep_at_once() -> None:
    call = Call("main", MESSAGE)
    call.give(e.DigitPressed("#"))
    first, second = [act for act in call.done if isinstance(act, a.Play)]
    assert second.clips == ("shop/beep",)
    call.give(e.PlayEnded(first.playback, False))
    assert not any(isinstance(act, a.TakeMessage) for act in call.done), "the old playback's end is no news"
    call.give(e.PlayEnded(second.playback, True))
    assert isinstance(call.done[-1], a.TakeMessage)


def test_a_mailbox_is_a_name_and_no_path() -> None:
    with pytest.raises(ConfigurationError, match="mailbox"):
        load_centre({"shop.yaml": MESSAGE.replace("mailbox: sales", "mailbox: ../sales")})
