"""What each policy prefers, in integers, and whom it therefore chooses."""

from collections import Counter
from math import log2

import pytest

from switch.acd import events as ev
from switch.acd.decisions import Offered
from switch.acd.scores import fraction, surprise
from switch.acd.settings import AgentSettings, Policy, TenantSettings
from switch.base.rng import SplitMix64
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import half, knowing


def test_a_fraction_has_32_bits_however_long_the_times() -> None:
    assert fraction(0, 0) == 0
    assert fraction(1, 2) == 1 << 31
    assert fraction(7, 7) == 1 << 32
    day = 86_400 * SECOND
    assert fraction(day // 3, day) == pytest.approx(2**32 / 3, abs=4)
    assert fraction(1 << 60, 1 << 60) == 1 << 32


def test_surprise_is_the_logarithm() -> None:
    rng = SplitMix64(7)
    for word in [1, 2, 3, 1 << 63, (1 << 64) - 1, *(rng.next() >> rng.below(60) | 1 for _ in range(500))]:
        assert surprise(word) / 2**32 == pytest.approx(64 - log2(word), abs=1e-6)
    assert surprise(0) == surprise(1) == 64 << 32


class TestLeastOccupied:
    @pytest.fixture(params=knowing("least-occupied"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        return Centre(half(request.param))

    def test_who_was_busy_for_the_smaller_part_of_the_time(self, centre: Centre) -> None:
        """early: busy for 50 of 200 s; late: for 40 of 100 s, though idle for longer and fewer seconds."""
        centre.queue(policy=Policy.LEAST_OCCUPIED, wrap_up_us=10 * SECOND)
        centre.agent("early")
        centre.do(ev.Wake(), 200)
        centre.agent("late")
        centre.do(ev.Engage("late"), 210)
        centre.do(ev.Disengage("late"), 250)
        centre.do(ev.Pause("late", ""))
        centre.arrive("c", t=250)
        centre.claim("early", 250)
        centre.do(ev.Finish("c"), 290)
        centre.do(ev.Resume("late"), 300)
        centre.arrive("d", t=300)
        assert centre.offered() == [("d", "early")]
        best = {ranked.agent: ranked.score / 2**32 for ranked in centre.of(Offered)[0].choice.best}
        assert best == {
            "early": pytest.approx(-50 / 200, abs=1e-3),
            "late": pytest.approx(-40 / 100, abs=1e-3),
        }

    def test_sign_in_begins_anew(self, centre: Centre) -> None:
        centre.queue(policy=Policy.LEAST_OCCUPIED)
        centre.agent("a")
        centre.agent("b")
        centre.do(ev.Engage("a"), 150)
        centre.do(ev.Engage("b"), 190)
        for agent in "ab":
            centre.do(ev.Disengage(agent), 200)
        centre.do(ev.SignOut("a"))
        centre.do(ev.SignIn("a"), 201)
        centre.arrive("c", t=210)
        assert centre.offered() == [("c", "a")]


class TestRoundRobin:
    @pytest.fixture(params=knowing("round-robin"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        centre = Centre(half(request.param))
        centre.queue(policy=Policy.ROUND_ROBIN)
        for order, name in enumerate(("c", "a", "b")):
            centre.agent(name, order=order)
        return centre

    def turn(self, centre: Centre, queue: str = "q") -> str:
        contact = f"contact-{centre.t}"
        centre.arrive(contact, queue, t=centre.t + 1)
        ((_, agent),) = centre.offered()
        centre.do(ev.Abandon(contact))
        return agent

    def test_one_after_the_other_whoever_answers(self, centre: Centre) -> None:
        assert [self.turn(centre) for _ in range(5)] == ["c", "a", "b", "c", "a"]

    def test_who_is_not_free_is_passed_over(self, centre: Centre) -> None:
        centre.do(ev.Pause("a", ""))
        assert [self.turn(centre) for _ in range(3)] == ["c", "b", "c"]

    def test_a_removed_agent_leaves_the_turn_where_it_was(self, centre: Centre) -> None:
        assert self.turn(centre) == "c"
        assert self.turn(centre) == "a"
        centre.do(ev.RemoveAgent("a"))
        assert self.turn(centre) == "b"

    def test_each_queue_has_its_own_turn(self, centre: Centre) -> None:
        centre.queue("p", policy=Policy.ROUND_ROBIN)
        assert [self.turn(centre, queue) for queue in ("q", "p", "q", "p")] == ["c", "c", "a", "a"]


class TestWeightedRandom:
    @pytest.fixture(params=knowing("weighted-random"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        return Centre(half(request.param))

    def test_in_proportion_to_the_weights(self, centre: Centre) -> None:
        centre.queue(policy=Policy.WEIGHTED_RANDOM)
        for name, weight in (("a", 1), ("b", 3)):
            centre.agent(name, more={"weight": weight})
        chosen = Counter[str]()
        for number in range(2000):
            centre.arrive(f"c{number}")
            chosen[centre.offered()[0][1]] += 1
            assert centre.of(Offered)[0].choice.tie_break == "random"
            centre.do(ev.Abandon(f"c{number}"))
        # 1500 expected, with a deviation of 19.
        assert 1420 < chosen["b"] < 1580


class TestIdlenessRatio:
    @pytest.fixture(params=knowing("idleness-ratio"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        return Centre(half(request.param))

    def test_the_team_that_is_furthest_over_its_share_of_the_idle(self, centre: Centre) -> None:
        """Of six idle the east shall have three quarters."""
        centre.queue(policy=Policy.IDLENESS_RATIO, shares=(("east", 3), ("west", 1)))
        for number in range(6):
            centre.agent(f"a{number}", more={"teams": ("east" if number < 4 else "west",)})
        centre.agent("nobody's")
        served = []
        for number in range(7):
            centre.arrive(f"c{number}")
            served.append(centre.offered()[0][1])
        # 4 east, 2 west and one without a team, who has no share and goes first; then west is over its share.
        assert served == ["nobody's", "a4", "a0", "a1", "a5", "a2", "a3"]


class TestTheDay:
    @pytest.fixture(params=knowing("day"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        return Centre(half(request.param))

    def test_calls_are_counted_by_days(self, centre: Centre) -> None:
        day = 86_400
        centre.queue(policy=Policy.FEWEST_CALLS)
        centre.agent("a")
        centre.agent("b")
        centre.do(ev.SetTenant(TenantSettings(day_start_us=150 * SECOND)))
        for number, expected in enumerate("aba"):
            centre.arrive(f"c{number}", t=200 + number)
            assert centre.offered() == [(f"c{number}", expected)]
            centre.claim(expected)
            centre.do(ev.Finish(f"c{number}"))
        for agent in "ba":
            centre.do(ev.SignOut(agent))
            centre.do(ev.SignIn(agent), centre.t + 1)
        centre.arrive("late", t=149 + day)
        assert centre.of(Offered)[0].choice.best[0].score == -1 << 32
        centre.do(ev.Abandon("late"))
        centre.arrive("next", t=150 + 3 * day)
        assert centre.offered() == [("next", "b")]
        assert centre.of(Offered)[0].choice.tie_break == "longest idle"
        assert {view.name: view.answered for view in centre.router.agents(0)} == {"a": 2, "b": 1}

    def test_a_day_may_have_begun_before_the_clock(self, centre: Centre) -> None:
        """A clock that began at ten in the morning, ten hours after the day."""
        centre.queue(policy=Policy.FEWEST_CALLS)
        centre.agent("a")
        centre.do(ev.SetTenant(TenantSettings(day_start_us=-36_000 * SECOND)))
        centre.arrive("c", t=200)
        centre.claim("a")
        centre.do(ev.Finish("c"))
        for t, answered in ((86_400 - 36_000 - 1, 1), (86_400 - 36_000, 0)):
            centre.arrive("d", t=t)
            assert centre.of(Offered)[0].choice.best[0].score == -answered << 32
            centre.do(ev.Abandon("d"))


class TestOwnCalls:
    @pytest.fixture(params=knowing("own-calls"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        return Centre(half(request.param))

    @pytest.mark.parametrize(("resets", "expected"), [(False, "a"), (True, "b")])
    def test_own_calls_reset_the_idle_order_only_where_stated(
        self, centre: Centre, resets: bool, expected: str
    ) -> None:
        centre.do(ev.SetTenant(TenantSettings(own_calls_reset_idle=resets)))
        centre.queue()
        centre.agent("a")
        centre.agent("b")
        for event in (ev.Engage("a"), ev.Engage("a"), ev.Disengage("a"), ev.Disengage("a")):
            centre.do(event, centre.t + 1)
        centre.arrive("c", t=200)
        assert centre.offered() == [("c", expected)]

    def test_sorting_by_order_ends_every_tie(self, centre: Centre) -> None:
        centre.queue()
        for name in "ba":
            centre.do(ev.SetAgent(AgentSettings(name)))
            centre.do(ev.Reach(name, True))
            centre.do(ev.SignIn(name))
        centre.arrive("c", t=200)
        assert centre.offered() == [("c", "a")]
        assert centre.of(Offered)[0].choice.tie_break == "order"


@pytest.mark.parametrize("name", knowing("own-calls"))
@pytest.mark.parametrize(("resets", "expected"), [(False, "first"), (True, "second")])
def test_own_calls_reset_the_idle_order_where_the_tenant_wants_it(
    name: str, resets: bool, expected: str
) -> None:
    centre = Centre(half(name))
    centre.do(ev.SetTenant(TenantSettings(own_calls_reset_idle=resets)))
    centre.queue(policy=Policy.LONGEST_IDLE)
    centre.agent("first")
    centre.do(ev.Wake(), 110)
    centre.agent("second")
    centre.do(ev.Engage("first"), 120)
    centre.do(ev.Disengage("first"), 130)
    centre.arrive("c", t=140)
    assert centre.offered() == [("c", expected)]
