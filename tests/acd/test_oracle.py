"""Small centres, each decision compared with one found by brute force."""

import pytest

from switch.acd.decisions import (
    ClaimRefused,
    Connected,
    Decision,
    Offered,
    OfferEnded,
    RefusalReason,
    Refused,
    VisitEnded,
)
from switch.acd.settings import Policy
from tests.acd.halves import HALVES, half
from tests.acd.oracle import Oracle
from tests.acd.world import FIRST_POLICIES, World

PREDICTABLE = tuple(policy for policy in FIRST_POLICIES if policy is not Policy.RANDOM)
SIZES = [(1, 1), (2, 1), (3, 2), (6, 4)]


def facts_of(decisions: list[Decision]) -> set[tuple[str, ...]]:
    facts: set[tuple[str, ...]] = set()
    for d in decisions:
        match d:
            case OfferEnded():
                facts.add(("offer-ended", d.contact, d.agent, d.outcome.value))
            case VisitEnded():
                facts.add(("visit-ended", d.contact, d.outcome.value))
            case Connected():
                facts.add(("connected", d.contact, d.agent))
            case ClaimRefused():
                facts.add(("claim-refused", str(d.offer)))
            case Refused() if d.reason is not RefusalReason.QUEUE_REMOVED:
                facts.add(("refused", d.contact, d.reason.value))
            case _:
                pass
    return facts


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_router_agrees_with_brute_force(name: str, size: tuple[int, int], seed: int) -> None:
    agents, queues = size
    world = World(seed, agents=agents, queues=queues, contacts=12, policies=PREDICTABLE)
    router, oracle = half(name)(seed), Oracle()
    for step in range(600):
        event, now = world.next()
        decisions = router.apply(event, now)
        world.learn(decisions)
        offers, facts = oracle.apply(event, now)
        where = f"seed {seed}, size {size}, step {step}: {event}"
        assert [("offer", d.contact, d.agent) for d in decisions if isinstance(d, Offered)] == offers, where
        assert facts_of(decisions) == facts, where
        if oracle.due() is not None:
            assert world.wake == oracle.due(), where
