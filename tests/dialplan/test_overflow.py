"""Queues whose own exits lead into queues: chains are read at once, circles are told, no reload hangs."""

import pytest

from switch.dialplan.centre import load_centre
from switch.dialplan.flows import INSTRUCTIONS_MAX
from switch.dialplan.program import WaitInQueue
from tests.dialplan.plans import mistakes

HEAD = """languages: [en]
accounts: {"101": {}}
agents: {anna: {account: "101"}}
numbers: {"100": main}
flows:
  main: [{queue: q0}]
  first: [{queue: q0}]
queues:
"""
GATES = ("full", "no_agents", "nobody_ready", "estimate", "unservable", "timeout")


def chain(length: int, exits: str) -> str:
    """Queues of which each leads to the next one by `exits`, in which NEXT stands for it."""
    rows = [f"  q{at}: {{{exits.replace('NEXT', f'q{at + 1}')}}}\n" for at in range(length - 1)]
    return HEAD + "".join(rows) + f"  q{length - 1}: {{}}\n"


def test_a_chain_of_queues_takes_as_many_steps_as_it_has_queues() -> None:
    program = load_centre({"t.yaml": chain(20, "otherwise: [{queue: NEXT}]")}).tenants["t"].program
    waits = [step.queue for step in program.instructions if isinstance(step, WaitInQueue)]
    # Each flow that enters the first has steps of its own behind it.
    assert sorted(waits) == sorted(2 * [f"q{at}" for at in range(20)])


def test_ways_that_multiply_are_refused_and_not_followed() -> None:
    exits = ", ".join(f"{gate}: [{{queue: NEXT}}]" for gate in GATES)
    told = mistakes(
        {"t.yaml": chain(12, f"max_wait_s: 60, max_estimate_s: 60, leave_when: [no_agents], {exits}")}
    )
    assert any(f"in too many ways (over {INSTRUCTIONS_MAX} steps)" in line for line in told)


@pytest.mark.parametrize(
    ("first", "second", "where", "circle"),
    [
        ("full: [{queue: q0}], contacts_max: 1", "", "9:14", "q0 -> q0"),
        (
            "timeout: [{queue: q1}], max_wait_s: 9",
            "timeout: [{queue: q0}], max_wait_s: 9",
            "9:17",
            "q0 -> q1 -> q0",
        ),
        ("exit_keys: {1: {queue: q0}}", "", "9:23", "q0 -> q0"),
        ("callback: {promised: [{queue: q0}]}", "", "9:29", "q0 -> q0"),
    ],
)
def test_a_circle_of_queues_is_told_with_its_place(first: str, second: str, where: str, circle: str) -> None:
    told = mistakes({"t.yaml": f"{HEAD}  q0: {{{first}}}\n  q1: {{{second}}}\n"})
    assert any(
        line.startswith(f"t.yaml:{where}: the exits of queue 'q0' lead back to it ({circle})")
        for line in told
    ), told


def test_round_a_circle_by_a_flow_s_name_callers_may_wait_again() -> None:
    load_centre({"t.yaml": f"{HEAD}  q0: {{timeout: first, max_wait_s: 9}}\n"})
