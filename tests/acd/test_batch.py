"""Several contacts and several agents matched as a whole, where the tenant wants it."""

from itertools import permutations

import pytest

from switch.acd import events as ev
from switch.acd.batch import least
from switch.acd.decisions import Offered
from switch.acd.settings import Assign, Policy, TenantSettings
from switch.base.rng import SplitMix64
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import half, knowing
from tests.acd.invariants import Watch
from tests.acd.world import KNOWN, WORDS, Surges


def cheapest(costs: list[dict[int, int]]) -> int:
    """By trying all."""
    columns = sorted({column for row in costs for column in row})
    return min(
        sum(row[at] for row, at in zip(costs, chosen, strict=True))
        for chosen in permutations(columns, len(costs))
        if all(at in row for row, at in zip(costs, chosen, strict=True))
    )


@pytest.mark.parametrize("seed", range(60))
def test_no_matching_costs_less(seed: int) -> None:
    rng = SplitMix64(seed)
    rows = 1 + rng.below(5)
    columns = rows + rng.below(3)
    costs = [
        {at: rng.below(9) - 4 for at in range(columns) if at == row or rng.chance(2, 3)}
        for row in range(rows)
    ]
    found = least(costs)
    assert len(set(found)) == rows
    assert sum(row[at] for row, at in zip(costs, found, strict=True)) == cheapest(costs)


@pytest.fixture(params=knowing("batch"))
def centre(request: pytest.FixtureRequest) -> Centre:
    centre = Centre(half(request.param))
    centre.do(ev.SetTenant(TenantSettings(assign=Assign.BATCH)))
    centre.queue("busy", wrap_up_us=10 * SECOND)
    centre.queue("q")
    return centre


def free_at_once(centre: Centre, *names: str) -> None:
    """Their wrap-ups end at one moment, in which all that waits is matched."""
    for name in names:
        centre.arrive(f"call-of-{name}", "busy", avoid=tuple(other for other in names if other != name))
    for name in names:
        centre.claim(name)
    for name in names:
        centre.do(ev.Finish(f"call-of-{name}"))


def wrapped(centre: Centre) -> None:
    centre.wake(centre.t + 10)


def test_the_sum_of_scores_is_greatest(centre: Centre) -> None:
    """One by one the first would take the expert, and leave 10 to the second."""
    centre.agent("expert", french=90, english=90)
    centre.agent("french", french=80, english=10)
    free_at_once(centre, "expert", "french")
    centre.arrive("one", "q", (0, {"french": 1}))
    centre.arrive("two", "q", (0, {"english": 1}))
    wrapped(centre)
    assert centre.offered() == [("one", "french"), ("two", "expert")]
    choices = [offer.choice for offer in centre.of(Offered)]
    assert [(choice.tie_break, choice.batch) for choice in choices] == [("batch", 2)] * 2
    assert [ranked.agent for ranked in choices[0].best] == ["french", "expert"]
    assert choices[1].candidates == 1


def test_the_first_in_order_are_served_whatever_the_scores(centre: Centre) -> None:
    centre.agent("a", french=50)
    centre.agent("b", french=50, english=100)
    free_at_once(centre, "a", "b")
    centre.arrive("one", "q", (0, {"french": 1}))
    centre.arrive("two", "q", (0, {"french": 1}))
    centre.arrive("three", "q", (0, {"english": 1}))
    wrapped(centre)
    assert [contact for contact, _ in centre.offered()] == ["one", "two"]


def test_who_could_not_be_served_with_those_before_is_passed_over(centre: Centre) -> None:
    centre.agent("a", french=50)
    centre.agent("b", english=50)
    free_at_once(centre, "a", "b")
    for name, skill in (("one", "french"), ("two", "french"), ("three", "english")):
        centre.arrive(name, "q", (0, {skill: 1}))
    wrapped(centre)
    assert centre.offered() == [("one", "a"), ("three", "b")]
    assert centre.waiting() == ["one", "two", "three"]


def test_others_move_so_that_one_more_is_served(centre: Centre) -> None:
    """One by one `one` takes `a`, whom alone `two` could have had."""
    centre.agent("a", french=50, english=50)
    centre.agent("b", french=50)
    free_at_once(centre, "a", "b")
    centre.arrive("one", "q", (0, {"french": 1}))
    centre.arrive("two", "q", (0, {"english": 1}))
    wrapped(centre)
    assert centre.offered() == [("one", "b"), ("two", "a")]


def test_equals_go_by_idle_time_in_the_order_of_the_contacts(centre: Centre) -> None:
    names = ("c", "a", "b")
    for order, name in enumerate(names):
        centre.agent(name, order=order)
    free_at_once(centre, *names)
    for contact in ("one", "two"):
        centre.arrive(contact, "q")
    wrapped(centre)
    assert centre.offered() == [("one", "c"), ("two", "a")]


def test_the_agent_of_before_among_equals_and_the_failing_line_last(centre: Centre) -> None:
    for order, name in enumerate("abc"):
        centre.agent(name, order=order)
    centre.do(ev.SetLine("a", ev.LineGrade.FAILING))
    free_at_once(centre, "a", "b", "c")
    centre.arrive("one", "q")
    centre.arrive("two", "q", before="b")
    wrapped(centre)
    assert centre.offered() == [("one", "c"), ("two", "b")]


def test_one_alone_is_served_one_by_one(centre: Centre) -> None:
    centre.agent("a")
    centre.agent("b")
    free_at_once(centre, "a", "b")
    centre.arrive("one", "q")
    wrapped(centre)
    assert centre.of(Offered)[0].choice.batch == 0


def test_without_the_word_nothing_is_matched_as_a_whole(centre: Centre) -> None:
    centre.do(ev.SetTenant(TenantSettings()))
    centre.agent("expert", french=90, english=90)
    centre.agent("french", french=80, english=10)
    free_at_once(centre, "expert", "french")
    centre.arrive("one", "q", (0, {"french": 1}))
    centre.arrive("two", "q", (0, {"english": 1}))
    wrapped(centre)
    assert centre.offered() == [("one", "expert"), ("two", "french")]


@pytest.mark.parametrize("policy", [policy for policy in Policy if policy.value not in WORDS - KNOWN])
def test_a_surge_is_shared_out_at_once_under_every_policy(centre: Centre, policy: Policy) -> None:
    """Ten wrap-ups end together beside fourteen who wait: the first ten are served."""
    centre.queue("q", policy=policy)
    names = tuple(f"agent-{number}" for number in range(10))
    for number, name in enumerate(names):
        centre.agent(name, order=number % 3, french=10 + number, english=90 - number)
    free_at_once(centre, *names)
    for number in range(14):
        centre.arrive(f"c{number}", "q", (0, {("french", "english")[number % 2]: 1}))
    wrapped(centre)
    assert [contact for contact, _ in centre.offered()] == [f"c{number}" for number in range(10)]
    assert sorted(agent for _, agent in centre.offered()) == sorted(names)


@pytest.mark.parametrize("seed", range(8))
def test_surges_break_nothing(seed: int) -> None:
    """Half of the centres draw all words, and maybe no batch; the others always match as a whole."""
    always = seed % 2 == 0
    words = frozenset({"requirement", "line"}) if always else WORDS
    world = Surges(seed, agents=4 + 2 * seed, queues=3, contacts=60, words=words)
    router, watch = half("python")(seed), Watch()
    if always:
        router.apply(ev.SetTenant(TenantSettings(assign=Assign.BATCH)), 0)
    batches = 0
    for _ in range(800):
        event, now = world.next()
        decisions = router.apply(event, now)
        world.learn(decisions)
        watch.check(router, event, now, decisions)
        batches += any(isinstance(d, Offered) and d.choice.batch > 1 for d in decisions)
    assert batches > 3 or not always
