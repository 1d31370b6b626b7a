"""Whole batches against an assignment by somebody else: `scipy.optimize.linear_sum_assignment`."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from switch.acd import events as ev
from switch.acd.settings import Assign, Policy, TenantSettings
from switch.base.rng import SplitMix64
from tests.acd.centre import Centre
from tests.acd.halves import half, knowing

SKILLS = 7
SIZES = [(2, 2), (12, 12), (30, 45), (45, 30), (50, 50)]


@pytest.mark.parametrize("name", knowing("batch"))
@pytest.mark.parametrize(("contacts", "agents"), SIZES)
def test_the_sum_of_scores_is_the_optimum(name: str, contacts: int, agents: int) -> None:
    """All wait for a step that comes to all in the same moment. Of more contacts than agents the oldest are
    served; among these and all agents no other matching has a greater sum of levels."""
    rng, centre = SplitMix64(contacts * 1000 + agents), Centre(half(name))
    centre.queue(policy=Policy.MOST_SKILLED)
    centre.do(ev.SetTenant(TenantSettings(assign=Assign.BATCH)))
    levels = [[1 + rng.below(100) for _ in range(SKILLS)] for _ in range(agents)]
    for number, row in enumerate(levels):
        centre.agent(f"a{number:02}", **{f"skill-{skill}": level for skill, level in enumerate(row)})
    centre.agent("nobody", later=100)
    centre.do(ev.SignOut("nobody"))
    wanted = [rng.below(SKILLS) for _ in range(contacts)]
    for number, skill in enumerate(wanted):
        centre.arrive(
            f"c{number:02}", "q", (0, {"later": 100}), (30, {f"skill-{skill}": 1}), since=200, t=200
        )
    centre.wake(230)
    served = min(contacts, agents)
    assert [contact for contact, _ in centre.offered()] == [f"c{number:02}" for number in range(served)]
    found = sum(levels[int(agent[1:])][wanted[int(contact[1:])]] for contact, agent in centre.offered())
    matrix = np.array([[row[skill] for row in levels] for skill in wanted[:served]])
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    assert found == matrix[rows, columns].sum()
