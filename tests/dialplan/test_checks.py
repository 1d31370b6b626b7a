"""What the checker knows of queues and ways, where a single wrong line does not show it."""

import pytest

from switch.dialplan import actions as a
from switch.dialplan import events as e
from switch.dialplan.interpreter import Interpreter
from tests.dialplan.plans import centre, mistakes, plan

STAFF = """\
numbers: {100: main}
accounts: {1: {}, 2: {}}
skills: [french, sales]
agents:
  anna: {account: 1, skills: {french: 80, sales: 40}, queues: [left]}
  ben: {account: 2, skills: {french: 30, sales: 90}, queues: [right]}
queues: {left: {}, right: {}}
flows: {main: [{queue: {name: %s, needs: {%s}%s}}]}
"""


@pytest.mark.parametrize(
    ("queue", "needs", "widen", "servable"),
    [
        ("left", "french: 80", "", True),
        ("left", "french: 81", "", False),
        ("left", "sales: 90", "", False),
        ("right", "sales: 90", "", True),
        ("right", "french: 30, sales: 90", "", True),
        ("right", "french: 31, sales: 90", "", False),
        ("left", "french: 90", ", widen: [{after_s: 9, needs: {french: 80}}]", True),
        (
            "left",
            "french: 90",
            ", widen: [{after_s: 9, needs: {french: 85}}, {after_s: 20, needs: {french: 0}}]",
            True,
        ),
        ("left", "french: 90", ", widen: [{after_s: 9, needs: {sales: 1}}]", False),
    ],
)
def test_only_agents_of_the_queue_count_and_any_ring_is_enough(
    queue: str, needs: str, widen: str, servable: bool
) -> None:
    assert (mistakes({"t.yaml": STAFF % (queue, needs, widen)}) == []) is servable


@pytest.mark.parametrize("room", ["units: 99", "most: {voice: 0}"])
def test_whoever_has_no_room_for_a_call_can_serve_none(room: str) -> None:
    text = STAFF.replace("queues: [right]", f"queues: [right], {room}") % ("right", "sales: 90", "")
    assert any(
        "no agent of queue 'right' can satisfy sales 90" in line for line in mistakes({"t.yaml": text})
    )


def test_needs_of_different_ways_do_not_add_up() -> None:
    flows = """
    main:
      - menu: {keys: {1: french, 2: sales}}
    french: [{needs: {french: 80}}, {goto: out}]
    sales: [{needs: {sales: 90}}, {goto: out}]
    out: [{queue: sales}]
    """
    assert plan(flows).route("100") == "main"


def test_a_loop_that_waits_is_allowed() -> None:
    flows = "main:\n  - queue: {name: sales, max_wait_s: 60, timeout: main, otherwise: hangup}"
    assert plan(flows).route("100") == "main"
    assert (
        plan("main:\n  - dial: {extension: 101, no_answer: main, otherwise: hangup}").route("100") == "main"
    )


def _heard(event: e.Event, *, key: str = "") -> tuple[str, ...]:
    loaded = centre(
        t="""\
        numbers: {100: main, 200: other}
        prompts: {one: One., two: Two., three: Three., four: Four.}
        queues:
          q:
            full: [{play: one}]
            otherwise: [{play: three}]
            exit_keys: {1: [{play: one}], 2: [{play: two}]}
        flows:
          main: [{queue: {name: q, full: [{play: two}], exit_keys: {1: [{play: four}]}}}, {play: four}]
          other: [{queue: q}]
        """
    )
    run = Interpreter(loaded.tenants["t"], "main")
    run.apply(e.Started("", "100", 0, answered=True), 0)
    actions = run.apply(event, 1)
    if key:
        actions = run.apply(e.DigitPressed(key), 2)
    (play,) = (action for action in actions if isinstance(action, a.Play))
    return play.clips


def test_a_steps_exits_come_before_those_of_its_queue() -> None:
    assert _heard(e.QueueRefused("full")) == ("t/two.en",)
    assert _heard(e.QueueRefused("no-agents")) == ("t/three.en",)
    assert _heard(e.QueueRefused("anything")) == ("t/three.en",)
    assert _heard(e.QueueEntered(1), key="1") == ("t/four.en",)
    assert _heard(e.QueueEntered(1), key="2") == ("t/two.en",)
