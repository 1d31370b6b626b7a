"""Several offers a contact: ring-all, ring-progressively."""

import pytest

from switch.acd import events as ev
from switch.acd.decisions import (
    AgentChanged,
    AgentState,
    Connected,
    Offered,
    OfferEnded,
    OfferOutcome,
    VisitEnded,
    WakeAt,
)
from switch.acd.events import DeclineReason
from switch.acd.settings import Policy
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import half, knowing


class TestRingAll:
    @pytest.fixture(params=knowing("ring-all"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        centre = Centre(half(request.param))
        centre.queue(policy=Policy.RING_ALL, misses_before_pause=1)
        for name in "abc":
            centre.agent(name)
        return centre

    def test_everybody_is_rung_the_longest_idle_first(self, centre: Centre) -> None:
        centre.arrive("c", t=200)
        assert centre.offered() == [("c", "a"), ("c", "b"), ("c", "c")]
        numbers = [(offer.offer, offer.fence) for offer in centre.of(Offered)]
        assert len({offer for offer, _ in numbers}) == len({fence for _, fence in numbers}) == 3
        assert [dict(offer.choice.exclusions) for offer in centre.of(Offered)] == [
            {},
            {"offered": 1},
            {"offered": 2},
        ]

    def test_the_first_who_answers_has_it_and_the_others_have_missed_nothing(self, centre: Centre) -> None:
        centre.arrive("c", t=200)
        centre.claim("b", 210)
        b = centre.offers["b"].offer
        assert centre.said[:6] == [
            Connected(b, "c", "q", "b", 10 * SECOND),
            AgentChanged("b", AgentState.BUSY, ""),
            OfferEnded(centre.offers["a"].offer, "c", "a", OfferOutcome.ANSWERED_ELSEWHERE),
            AgentChanged("a", AgentState.AVAILABLE, ""),
            OfferEnded(centre.offers["c"].offer, "c", "c", OfferOutcome.ANSWERED_ELSEWHERE),
            AgentChanged("c", AgentState.AVAILABLE, ""),
        ]
        assert [view.missed_in_row for view in centre.router.agents(centre.now)] == [0, 0, 0]
        late = centre.claim("a", 210.1)
        assert [type(decision).__name__ for decision in late] == ["ClaimRefused"]
        centre.arrive("d", t=211)
        assert centre.offered() == [("d", "a"), ("d", "c")]

    def test_a_decline_leaves_the_others_ringing(self, centre: Centre) -> None:
        centre.arrive("c", t=200)
        centre.decline("b", DeclineReason.DECLINED)
        assert centre.of(OfferEnded) == [
            OfferEnded(centre.offers["b"].offer, "c", "b", OfferOutcome.DECLINED)
        ]
        assert centre.offered() == []
        assert centre.router.queues(centre.now)[0].offered == 1
        for agent in "ac":
            centre.decline(agent, DeclineReason.DECLINED)
        assert centre.router.queues(centre.now)[0].waiting == 1

    def test_each_lease_ends_by_itself(self, centre: Centre) -> None:
        centre.do(ev.Pause("c", ""))
        centre.arrive("c", t=200)
        centre.do(ev.Resume("c"), 210)
        assert centre.offered() == [("c", "c")]
        centre.wake(225)
        assert [ended.agent for ended in centre.of(OfferEnded)] == ["a", "b"]
        centre.wake(235)
        assert [ended.agent for ended in centre.of(OfferEnded)] == ["c"]

    def test_who_hangs_up_stops_them_all(self, centre: Centre) -> None:
        centre.arrive("c", t=200)
        centre.do(ev.Abandon("c"))
        assert [(ended.agent, ended.outcome) for ended in centre.of(OfferEnded)] == [
            (name, OfferOutcome.CALLER_GONE) for name in "abc"
        ]
        assert len(centre.of(VisitEnded)) == 1

    def test_who_waits_alone_goes_before_a_further_ring(self, centre: Centre) -> None:
        centre.arrive("c", t=200)
        centre.arrive("d", t=201)
        assert centre.offered() == []
        centre.agent("e")
        assert centre.offered() == [("d", "e")]

    def test_all_who_sign_in_are_shared_out_before_any_is_rung_twice(self, centre: Centre) -> None:
        for name in "abc":
            centre.do(ev.RemoveAgent(name))
        centre.queue("other", policy=Policy.RING_ALL)
        centre.agent("x", "other")
        centre.do(ev.Pause("x", ""))
        centre.queue("both", policy=Policy.RING_ALL)
        centre.agent("y", "both", "other")
        centre.do(ev.Pause("y", ""))
        centre.arrive("first", "other", t=200)
        centre.arrive("second", "both", t=201)
        centre.do(ev.Resume("y"))
        assert centre.offered() == [("first", "y")]
        centre.do(ev.Resume("x"))
        assert centre.offered() == [("first", "x")]

    def test_a_reload_may_ring_the_rest(self, centre: Centre) -> None:
        centre.queue(policy=Policy.LINEAR)
        centre.arrive("c", t=200)
        assert len(centre.offered()) == 1
        centre.queue(policy=Policy.RING_ALL)
        assert len(centre.offered()) == 2

    def test_at_most_so_many(self, centre: Centre) -> None:
        for number in range(70):
            centre.agent(f"n{number}")
        centre.arrive("c", t=200)
        assert len(centre.offered()) == 64


class TestRingProgressively:
    @pytest.fixture(params=knowing("ring-progressively"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        centre = Centre(half(request.param))
        centre.queue(policy=Policy.RING_PROGRESSIVELY, ring_more_us=5 * SECOND, ring_us=60 * SECOND)
        for name in "abc":
            centre.agent(name)
        return centre

    def test_one_more_each_time(self, centre: Centre) -> None:
        centre.arrive("c", t=200)
        assert centre.offered() == [("c", "a")]
        assert centre.of(WakeAt) == [WakeAt(205 * SECOND)]
        centre.wake(205)
        assert centre.offered() == [("c", "b")]
        centre.wake(210)
        assert centre.offered() == [("c", "c")]
        centre.wake(215)
        assert centre.offered() == []
        centre.agent("d")
        assert centre.offered() == [("c", "d")]

    def test_who_declines_is_replaced_at_once(self, centre: Centre) -> None:
        centre.arrive("c", t=200)
        centre.wake(205)
        centre.decline("a", DeclineReason.DECLINED, 206)
        assert centre.offered() == [("c", "c")]

    def test_it_begins_anew_when_nobody_is_rung(self, centre: Centre) -> None:
        centre.do(ev.Pause("b", ""))
        centre.do(ev.Pause("c", ""))
        centre.arrive("c", t=200)
        centre.wake(205)
        centre.decline("a", DeclineReason.DECLINED, 206)
        for agent in "bc":
            centre.do(ev.Resume(agent), 207)
        assert len(centre.router.waiting(centre.now)) == 1
        assert centre.offered() == []
        assert centre.state("b") is AgentState.OFFERED
        assert centre.state("c") is AgentState.AVAILABLE
        centre.wake(212)
        assert centre.offered() == [("c", "a")], "who declined has rested, and is idle for longest"

    def test_an_answer_ends_it(self, centre: Centre) -> None:
        centre.arrive("c", t=200)
        centre.wake(205)
        centre.claim("a", 206)
        assert [ended.outcome for ended in centre.of(OfferEnded)] == [OfferOutcome.ANSWERED_ELSEWHERE]
        assert centre.wake(300) == []
