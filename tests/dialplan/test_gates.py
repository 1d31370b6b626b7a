"""The gates of a queue (docs/decisions/0031): each with its own way out, its own name, at entry or later."""

import pytest

from switch.dialplan import actions as a
from switch.dialplan import events as e
from switch.dialplan.centre import load_centre
from switch.dialplan.scenarios import run_scenarios
from tests.dialplan.plans import mistakes
from tests.dialplan.test_interpreter import Call

PLAN = """
languages: [en]
accounts: {"101": {}}
agents: {anna: {account: "101"}}
hours: {shop: {mon-fri: 09:00-18:00}}
holidays: {07-14: Bastille Day}
numbers: {"100": main}
queues:
  sales:
    hours: shop
    max_estimate_s: 300
    leave_when: [no_agents, nobody_ready, closed]
    closed: [{say: shut}]
    holiday: [{say: feast}]
    no_agents: [{say: nobody}]
    nobody_ready: [{say: paused}]
    estimate: [{say: long}]
    unservable: [{say: never}]
    full: [{say: full}]
flows:
  main: [answer, {queue: sales}]
"""


def _story(lines: str, at: str = "2026-07-15 10:00") -> str:
    return f"scenarios:\n  - name: s\n    call: {{to: 100, at: {at}}}\n    story:\n" + "".join(
        f"      - {line}\n" for line in lines.strip().splitlines()
    )


@pytest.mark.parametrize(
    ("at", "lines"),
    [
        ("2026-07-15 18:30", "shut: closed\nhears: shut\nends"),
        ("2026-07-14 10:00", "shut: holiday\nhears: feast\nends"),
        ("2026-07-15 10:00", "enters: {queue: sales, refused: full}\nhears: full\nends"),
        ("2026-07-15 10:00", "enters: {queue: sales, refused: no-agents}\nhears: nobody\nends"),
        ("2026-07-15 10:00", "enters: {queue: sales, refused: unservable}\nhears: never\nends"),
        (
            "2026-07-15 10:00",
            "queue_is: {estimate_s: 301}\nenters: sales\nhears: music\nleaves: estimate\nhears: long\nends",
        ),
        (
            "2026-07-15 10:00",
            "queue_is: {estimate_s: 300}\nenters: sales\nhears: music\nwaits_s: 100\n"
            "queue_is: {estimate_s: 900}\nwaits_s: 10\nleaves: estimate\nhears: long\nends",
        ),
        (
            "2026-07-15 10:00",
            "enters: sales\nhears: music\nwaits_s: 60\nqueue_is: {signed_in: 2, ready: 0}\nwaits_s: 10\n"
            "leaves: nobody-ready\nhears: paused\nends",
        ),
        (
            "2026-07-15 10:00",
            "enters: sales\nhears: music\nqueue_is: {signed_in: 0, ready: 0}\nwaits_s: 10\n"
            "leaves: no-agents\nhears: nobody\nends",
        ),
        (
            "2026-07-15 17:59",
            "enters: sales\nhears: music\nwaits_s: 40\nwaits_s: 30\nleaves: closed\nhears: shut\nends",
        ),
    ],
)
def test_each_gate_has_its_way_out(at: str, lines: str) -> None:
    centre = load_centre({"t.yaml": PLAN})
    (result,) = run_scenarios(centre, {"t.scenario.yaml": _story(lines, at)})
    assert result.passed, result.problem


def test_callers_stay_when_the_queue_closes_unless_stated() -> None:
    centre = load_centre({"t.yaml": PLAN.replace(", closed]", "]")})
    story = _story("enters: sales\nhears: music\nwaits_s: 600\nagent_answers", "2026-07-15 17:59")
    (result,) = run_scenarios(centre, {"t.scenario.yaml": story})
    assert result.passed, result.problem


def test_a_holiday_is_closed_where_nothing_else_is_stated() -> None:
    centre = load_centre({"t.yaml": PLAN.replace("    holiday: [{say: feast}]\n", "")})
    story = _story("shut: holiday\nhears: shut\nends", "2026-07-14 10:00")
    (result,) = run_scenarios(centre, {"t.scenario.yaml": story})
    assert result.passed, result.problem


def test_a_step_may_expect_a_shorter_wait_than_its_queue() -> None:
    text = PLAN.replace("{queue: sales}", "{queue: {name: sales, max_estimate_s: 60, estimate: hangup}}")
    story = _story("queue_is: {estimate_s: 61}\nenters: sales\nhears: music\nleaves: estimate\nends")
    (result,) = run_scenarios(load_centre({"t.yaml": text}), {"t.scenario.yaml": story})
    assert result.passed, result.problem


def test_nobody_looks_where_no_gate_is_stated() -> None:
    text = PLAN.replace("    max_estimate_s: 300\n", "").replace(
        "    leave_when: [no_agents, nobody_ready, closed]\n", ""
    )
    call = Call(load_centre({"t.yaml": text.replace("    hours: shop\n", "")}).tenants["t"])
    call.start()
    assert not any(isinstance(act, a.AskQueue | a.WakeAt) for act in call.give(e.QueueEntered(1)))


def test_an_exit_at_a_gate_that_never_opens_is_told() -> None:
    flows = "[{queue: {name: s, estimate: hangup, closed: hangup, nobody_ready: hangup}}]"
    text = PLAN.replace("flows:\n", "  s: {}\nflows:\n").replace("[answer, {queue: sales}]", flows)
    warnings = [str(problem) for problem in load_centre({"t.yaml": text}).warnings]
    assert [line.partition(": ")[2] for line in warnings if "never reached: " in line] == [
        "never reached: max_estimate_s is not stated",
        "never reached: queue 's' has no hours",
        "never reached: the queue's leave_when lacks nobody_ready",
    ]


def test_wrong_words_at_gates_are_told_with_their_place() -> None:
    assert mistakes({"t.yaml": PLAN.replace("    hours: shop\n", "    hours: shup\n")}) == [
        "t.yaml:10:12: unknown hours 'shup'; did you mean 'shop'? (known: shop)"
    ]
    assert mistakes({"t.yaml": PLAN.replace("nobody_ready, closed", "nobodyready")}) == [
        "t.yaml:12:29: 'nobodyready' is not known here; did you mean 'nobody_ready'? "
        "(known: closed, no_agents, nobody_ready)"
    ]


def test_closed_without_hours_is_an_error() -> None:
    told = mistakes({"t.yaml": PLAN.replace("    hours: shop\n", "")})
    assert any("'closed' never comes: the queue's 'hours' are not stated" in line for line in told)


def test_queueing_again_at_a_gate_is_a_loop() -> None:
    told = mistakes({"t.yaml": PLAN.replace("estimate: [{say: long}]", "estimate: main")})
    assert any("goes round without waiting" in line for line in told)
