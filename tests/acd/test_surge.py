"""A shift begins: five hundred agents sign in within ten seconds, while a thousand callers wait."""

from collections import deque

import pytest

from switch.acd import events as ev
from switch.acd.decisions import Connected
from switch.acd.settings import Policy
from switch.base.rng import SplitMix64
from tests.acd.centre import Centre
from tests.acd.halves import HALVES, half

SIZES = {"c": 500, "python": 60}
"""Agents. Twice as many callers wait. The specification is slow, and its decisions are the same."""

SHIFT_S = 10.0
LANGUAGES = ("french", "english", "german")


@pytest.mark.parametrize("policy", [Policy.LONGEST_IDLE, Policy.MOST_SKILLED])
@pytest.mark.parametrize("name", HALVES)
def test_a_shift_is_matched_fairly_and_at_once(name: str, policy: Policy) -> None:
    """Each who signs in is offered a contact by that very event: of those whom this agent may serve the one
    who has waited longest. Nobody is passed over or offered twice, nobody who signed in stays idle."""
    agents, callers = SIZES[name], 2 * SIZES[name]
    centre, rng = Centre(half(name)), SplitMix64(9)
    centre.queue(policy=policy)
    speaks = {f"a{number:03}": LANGUAGES[rng.below(3)] for number in range(agents)}
    for agent, language in speaks.items():
        centre.agent(agent, **{language: 50})
        centre.do(ev.SignOut(agent))
    lines: dict[str, deque[str]] = {language: deque() for language in LANGUAGES}
    for number in range(callers):
        language = LANGUAGES[rng.below(3)]
        centre.arrive(f"c{number}", "q", (0, {language: 10}), t=centre.t + 0.1)
        lines[language].append(f"c{number}")
    began, answered = centre.t, set[str]()
    for place, (agent, language) in enumerate(speaks.items()):
        centre.do(ev.SignIn(agent), began + SHIFT_S * place / agents)
        assert centre.offered() == [(lines[language].popleft(), agent)]
        # Some answer while others are still signing in.
        if rng.chance(1, 2):
            centre.claim(agent)
            answered.update(connected.contact for connected in centre.of(Connected))
    left = [contact for line in lines.values() for contact in line]
    waiting = [view.contact for view in centre.router.waiting(centre.now) if view.state == "WAITING"]
    assert sorted(waiting) == sorted(left)
    assert len(left) == callers - agents
    assert len(answered) > agents / 3


@pytest.mark.parametrize("name", HALVES)
def test_phones_that_come_back_together_are_matched_one_by_one(name: str) -> None:
    """A router reboots: all phones are gone and come back within a second, in another order."""
    centre = Centre(half(name))
    centre.queue()
    agents = [f"a{number:03}" for number in range(SIZES[name])]
    for agent in agents:
        centre.agent(agent)
        centre.do(ev.Reach(agent, False))
    for number in range(2 * SIZES[name]):
        centre.arrive(f"c{number}")
    offered = []
    for agent in reversed(agents):
        centre.do(ev.Reach(agent, True), centre.t + 0.002)
        offered += centre.offered()
    assert offered == [(f"c{number}", agent) for number, agent in enumerate(reversed(agents))]
