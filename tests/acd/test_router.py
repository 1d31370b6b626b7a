"""What the router promises, told in small centres; one class over both halves."""

import pytest

from switch.acd import events as ev
from switch.acd.decisions import (
    Admitted,
    AgentChanged,
    AgentState,
    ClaimRefused,
    Connected,
    Exclusion,
    Offered,
    OfferEnded,
    OfferOutcome,
    Place,
    RefusalReason,
    Refused,
    VisitEnded,
    VisitOutcome,
    WakeAt,
)
from switch.acd.events import DeclineReason
from switch.acd.settings import Policy
from switch.acd.snapshot_bytes import SnapshotError, digest
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import HALVES, half
from tests.acd.world import World


@pytest.fixture(params=HALVES)
def centre(request: pytest.FixtureRequest) -> Centre:
    return Centre(half(request.param))


class TestChoice:
    def test_the_most_skilled_then_the_longest_idle(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("low", french=3)
        centre.agent("early", french=7)
        centre.agent("late", french=7)
        centre.arrive("c", "q", (0, {"french": 2}), t=110)
        offered = centre.of(Offered)[0]
        assert offered.agent == "early"
        assert offered.choice.tie_break == "longest idle"
        assert [best.agent for best in offered.choice.best] == ["early", "late", "low"]
        assert offered.choice.best[0].score == 7 << 32
        assert offered.choice.needs == (("french", 2),)

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            (Policy.MOST_SKILLED, "expert"),
            (Policy.LEAST_SKILLED, "novice"),
            (Policy.LONGEST_IDLE, "middle"),
            (Policy.LINEAR, "novice"),
            (Policy.FEWEST_CALLS, "expert"),
        ],
    )
    def test_policies(self, centre: Centre, policy: Policy, expected: str) -> None:
        centre.queue(policy=policy)
        centre.agent("middle", french=5, order=2)
        centre.agent("novice", french=1, order=1)
        centre.agent("expert", french=9, english=9, order=3)
        for name in ("middle", "novice"):
            # Both have had a call; "middle" was signed in anew, first of all.
            centre.do(ev.Pause("expert", "x"))
            centre.arrive(f"before-{name}")
            centre.claim(centre.offered()[0][1])
            centre.do(ev.Finish(f"before-{name}"), centre.t + 1)
            centre.do(ev.Resume("expert"))
        for agent in ("middle", "novice", "expert"):
            centre.do(ev.SignOut(agent))
            centre.do(ev.SignIn(agent), centre.t + 1)
        centre.arrive("c", "q", (0, {"french": 1}))
        assert centre.offered() == [("c", expected)]

    def test_random_is_spread_and_repeatable(self, centre: Centre) -> None:
        centre.queue(policy=Policy.RANDOM)
        for name in "abc":
            centre.agent(name)
        chosen = []
        for number in range(60):
            centre.arrive(f"c{number}")
            chosen.append(centre.offered()[0][1])
            assert centre.of(Offered)[0].choice.tie_break == "random"
            centre.do(ev.Abandon(f"c{number}"))
        assert min(chosen.count(name) for name in "abc") > 8

    def test_why_not_the_others(self, centre: Centre) -> None:
        centre.queue()
        centre.queue("other")
        for name in ("best", "out", "gone", "lunch", "calling"):
            centre.agent(name, french=5)
        centre.agent("elsewhere", "other", french=5)
        centre.agent("mute")
        centre.agent("low", french=1)
        centre.agent("avoided", french=9)
        centre.do(ev.SignOut("out"))
        centre.do(ev.Reach("gone", False))
        centre.do(ev.Pause("lunch", "lunch"))
        centre.do(ev.Engage("calling"))
        centre.arrive("c", "q", (0, {"french": 3}), avoid=("avoided",))
        choice = centre.of(Offered)[0].choice
        assert choice.candidates == 1
        assert choice.tie_break == "only candidate"
        assert choice.exclusions == (
            (Exclusion.OTHER_QUEUES, 1),
            (Exclusion.SKILL_MISSING, 1),
            (Exclusion.LEVEL_TOO_LOW, 1),
            (Exclusion.AVOIDED, 1),
            (Exclusion.SIGNED_OUT, 1),
            (Exclusion.UNREACHABLE, 1),
            (Exclusion.PAUSED, 1),
            (Exclusion.BUSY, 1),
        )

    def test_an_agent_with_a_contact_gets_no_other_and_the_choice_says_why(self, centre: Centre) -> None:
        centre.queue(wrap_up_us=9 * SECOND)
        for name in ("talks", "wraps", "rings"):
            centre.agent(name)
        for name in ("first", "second", "third"):
            centre.arrive(name)
        centre.claim("talks")
        centre.claim("wraps")
        centre.do(ev.Finish("second"))
        centre.arrive("fourth")
        assert centre.offered() == []
        centre.agent("new")
        assert centre.offered() == [("fourth", "new")]
        assert centre.of(Offered)[0].choice.exclusions == (
            (Exclusion.OFFERED, 1),
            (Exclusion.BUSY, 1),
            (Exclusion.WRAP_UP, 1),
        )

    def test_a_freed_agent_takes_by_priorities_then_time_then_arrival(self, centre: Centre) -> None:
        centre.queue("low", priority=0)
        centre.queue("high", priority=5)
        centre.agent("a")
        centre.do(ev.Pause("a", ""))
        centre.arrive("low-first", "low", t=200)
        centre.arrive("low-urgent", "low", priority=9, t=201)
        centre.arrive("high-first", "high", t=202)
        centre.arrive("high-kept-place", "high", since=150, t=203)
        centre.arrive("high-urgent", "high", priority=1, t=204)
        centre.do(ev.Resume("a"))
        served = []
        for _ in range(5):
            served.append(centre.offered()[0][0])
            centre.do(ev.Abandon(served[-1]))
        assert served == ["high-urgent", "high-kept-place", "high-first", "low-urgent", "low-first"]

    def test_requirements_widen_with_time(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("novice", french=1)
        centre.agent("expert", french=9)
        centre.do(ev.Pause("expert", "lunch"))
        centre.arrive("c", "q", (0, {"french": 5}), (10, {"french": 1}), t=200)
        assert centre.offered() == []
        assert centre.of(WakeAt) == [WakeAt(210 * SECOND)]
        assert centre.wake(209.9) == []
        centre.wake(210)
        assert centre.offered() == [("c", "novice")]

    def test_a_kept_place_enters_at_the_step_it_earned(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("novice", french=1)
        centre.agent("expert", french=9)
        centre.do(ev.SignOut("expert"))
        centre.arrive("c", "q", (0, {"french": 5}), (10, {"french": 1}), since=180, t=200)
        assert centre.offered() == [("c", "novice")]


class TestOffers:
    def test_the_order_of_decisions(self, centre: Centre) -> None:
        centre.queue(wrap_up_us=5 * SECOND)
        centre.agent("a")
        centre.arrive("c", t=200)
        kinds = [type(decision) for decision in centre.said]
        assert kinds == [Admitted, Offered, AgentChanged, WakeAt]
        offered = centre.offers["a"]
        assert (offered.ring_us, offered.lease_until) == (20 * SECOND, 225 * SECOND)
        assert centre.claim("a", 203) == [
            Connected(offered.offer, "c", "q", "a", 3 * SECOND),
            AgentChanged("a", AgentState.BUSY, ""),
        ]
        assert centre.do(ev.Finish("c"), 210) == [
            VisitEnded("c", "q", VisitOutcome.ENDED, "", "a", 3 * SECOND, 7 * SECOND),
            AgentChanged("a", AgentState.WRAP_UP, ""),
            WakeAt(215 * SECOND),
        ]
        assert centre.wake(215) == [AgentChanged("a", AgentState.AVAILABLE, "")]

    def test_the_lease_outlives_the_ring_and_counts_as_a_miss(self, centre: Centre) -> None:
        centre.queue(misses_before_pause=1)
        centre.agent("a")
        centre.arrive("c", t=200)
        centre.wake(224.9)
        assert centre.state("a") is AgentState.OFFERED
        centre.wake(225)
        assert centre.of(OfferEnded)[0].outcome is OfferOutcome.LEASE_EXPIRED
        assert centre.of(AgentChanged) == [AgentChanged("a", AgentState.PAUSED, "missed")]
        assert centre.waiting() == ["c"]
        assert centre.claim("a") == [ClaimRefused(centre.offers["a"].offer)]

    def test_misses_pause_only_in_a_row(self, centre: Centre) -> None:
        centre.queue(misses_before_pause=2)
        centre.agent("a")
        for number in range(4):
            centre.arrive(f"c{number}")
            centre.decline("a", DeclineReason.NO_ANSWER)
            centre.do(ev.Abandon(f"c{number}"))
            centre.arrive(f"d{number}", t=centre.t + 9)
            if number < 3:
                centre.claim("a")
                assert centre.of(Connected), "one miss between answers does not pause"
                centre.do(ev.Finish(f"d{number}"))
        centre.decline("a", DeclineReason.NO_ANSWER)
        assert centre.state("a") is AgentState.PAUSED
        centre.do(ev.Resume("a"))
        assert centre.router.agents(centre.now)[0].missed_in_row == 0

    @pytest.mark.parametrize("reason", [r for r in DeclineReason if r is not DeclineReason.NO_ANSWER])
    def test_other_declines_are_no_misses_but_give_rest(self, centre: Centre, reason: DeclineReason) -> None:
        centre.queue(misses_before_pause=1)
        centre.agent("a")
        centre.arrive("c", t=200)
        centre.arrive("d", t=200)
        centre.decline("a", reason)
        assert centre.offered() == []
        assert centre.state("a") is AgentState.AVAILABLE
        assert centre.of(WakeAt) == [WakeAt(205 * SECOND)]
        centre.wake(205)
        assert centre.offered() == [("c", "a")]

    def test_a_miss_backs_off_that_contact_alone(self, centre: Centre) -> None:
        centre.queue(misses_before_pause=0)
        centre.agent("a")
        centre.arrive("c", t=200)
        centre.arrive("d", t=200)
        centre.decline("a", DeclineReason.NO_ANSWER)
        assert centre.offered() == [("d", "a")]
        centre.do(ev.Abandon("d"))
        centre.wake(205)
        assert centre.offered() == [("c", "a")]

    def test_the_retry_is_never_immediate(self, centre: Centre) -> None:
        centre.queue(retry_same_agent_us=0)
        centre.agent("a")
        centre.arrive("c", t=200)
        centre.decline("a", DeclineReason.BUSY)
        assert centre.offered() == []
        centre.wake(201)
        assert centre.offered() == [("c", "a")]

    def test_a_passed_over_contact_goes_to_the_next_agent_and_keeps_its_place(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.agent("b")
        centre.arrive("c", t=200)
        assert centre.offered() == [("c", "a")]
        centre.decline("a", DeclineReason.NO_ANSWER, 220)
        assert centre.offered() == [("c", "b")]
        assert centre.of(Offered)[0].choice.exclusions == ((Exclusion.JUST_DECLINED, 1),)
        centre.claim("b", 221)
        assert centre.of(Connected)[0].waited_us == 21 * SECOND

    def test_a_rescinded_offer_keeps_the_idle_order(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.agent("b")
        centre.arrive("c", t=200)
        assert centre.offered() == [("c", "a")]
        centre.do(ev.Abandon("c"))
        centre.arrive("d", t=300)
        assert centre.offered() == [("d", "a")]

    def test_idle_time_begins_after_the_wrap_up(self, centre: Centre) -> None:
        centre.queue("long", wrap_up_us=30 * SECOND)
        centre.queue("short")
        centre.agent("a", "long", "short")
        centre.agent("b", "short")
        centre.arrive("c", "long", t=200)
        centre.arrive("d", "short", t=200)
        centre.claim("a")
        centre.claim("b")
        centre.do(ev.Finish("c"), 210)
        centre.do(ev.Finish("d"), 220)
        centre.wake(240)
        centre.arrive("e", "short", t=241)
        assert centre.offered() == [("e", "b")]
        assert [best.idle_us for best in centre.of(Offered)[0].choice.best] == [21 * SECOND, SECOND]

    def test_pause_during_an_offer_is_pending(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.arrive("c")
        assert centre.do(ev.Pause("a", "lunch")) == [AgentChanged("a", AgentState.OFFERED, "lunch")]
        assert centre.router.agents(centre.now)[0].pause_pending == "lunch"
        centre.claim("a")
        assert len(centre.of(Connected)) == 1
        centre.do(ev.Finish("c"))
        assert centre.state("a") is AgentState.PAUSED

    def test_a_pause_before_sign_in_holds(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.do(ev.SignOut("a"))
        centre.arrive("c")
        centre.do(ev.Pause("a", "reading"))
        centre.do(ev.SignIn("a"))
        assert centre.state("a") is AgentState.PAUSED

    @pytest.mark.parametrize(
        "event", [ev.SignOut("a"), ev.Reach("a", False), ev.Engage("a"), ev.RemoveAgent("a")]
    )
    def test_an_agent_who_goes_away_frees_the_caller_at_once(self, centre: Centre, event: ev.Event) -> None:
        centre.queue()
        centre.agent("a")
        centre.agent("b")
        centre.arrive("c")
        centre.do(event)
        assert centre.of(OfferEnded)[0].outcome is OfferOutcome.AGENT_GONE
        assert centre.offered() == [("c", "b")]
        assert centre.claim("a") == [ClaimRefused(centre.offers["a"].offer)]

    def test_an_offer_answers_to_its_own_fence_alone(self, centre: Centre) -> None:
        """After a crash that lost the last moments a number may be given again, a fence never."""
        centre.queue()
        centre.agent("a")
        centre.arrive("c")
        offer = centre.offers["a"]
        for fence in (offer.fence - 1, offer.fence + 1):
            assert centre.do(ev.Decline(offer.offer, fence, DeclineReason.BUSY)) == []
            assert centre.do(ev.Claim(offer.offer, fence)) == [ClaimRefused(offer.offer)]
        assert centre.state("a") is AgentState.OFFERED
        centre.claim("a")
        assert len(centre.of(Connected)) == 1

    def test_sign_out_and_phone_loss_during_a_talk_let_it_go_on(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.arrive("c")
        centre.claim("a")
        centre.do(ev.Reach("a", False))
        centre.do(ev.SignOut("a"))
        assert centre.of(VisitEnded) == []
        centre.do(ev.Finish("c"))
        assert centre.of(VisitEnded)[0].agent == "a"
        assert centre.state("a") is AgentState.LOGGED_OUT


class TestLeaving:
    def test_abandon_and_withdraw_during_an_offer(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.arrive("c", t=200)
        centre.do(ev.Abandon("c"), 202)
        assert centre.said[:3] == [
            OfferEnded(centre.offers["a"].offer, "c", "a", OfferOutcome.CALLER_GONE),
            AgentChanged("a", AgentState.AVAILABLE, ""),
            VisitEnded("c", "q", VisitOutcome.ABANDONED, "", "", 2 * SECOND, 0),
        ]
        centre.arrive("d", t=300)
        centre.do(ev.Withdraw("d", "key"), 301)
        assert centre.of(OfferEnded)[0].outcome is OfferOutcome.WITHDRAWN
        assert centre.of(VisitEnded) == [VisitEnded("d", "q", VisitOutcome.WITHDRAWN, "key", "", SECOND, 0)]

    def test_races_are_harmless(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.arrive("c")
        centre.claim("a")
        offer = centre.offers["a"]
        assert centre.do(ev.Withdraw("c", "time-out")) == []
        assert centre.decline("a", DeclineReason.NO_ANSWER) == []
        assert centre.do(ev.Claim(offer.offer, offer.fence)) == [ClaimRefused(offer.offer)]
        assert [type(d) for d in centre.do(ev.Abandon("c"))] == [VisitEnded, AgentChanged]
        gone: list[ev.Event] = [ev.Abandon("c"), ev.Finish("c"), ev.Withdraw("c", ""), ev.EndWrapUp("a")]
        unknown: list[ev.Event] = [
            ev.SignIn("x"),
            ev.RemoveAgent("x"),
            ev.RemoveQueue("x"),
            ev.Disengage("a"),
        ]
        for event in gone + unknown:
            assert centre.do(event) == []

    def test_refusals(self, centre: Centre) -> None:
        def reason() -> RefusalReason:
            return centre.of(Refused)[0].reason

        centre.queue(contacts_max=1, refuse_without_agents=True)
        centre.arrive("c", "nowhere")
        assert reason() is RefusalReason.UNKNOWN_QUEUE
        centre.arrive("c")
        assert reason() is RefusalReason.NO_AGENTS
        centre.agent("a", french=3)
        centre.arrive("c", "q", (0, {"french": 9}), (5, {"french": 4}))
        assert reason() is RefusalReason.UNSERVABLE
        centre.arrive("c", avoid=("a",))
        assert reason() is RefusalReason.UNSERVABLE
        centre.arrive("c")
        centre.arrive("d")
        assert reason() is RefusalReason.FULL
        view = centre.router.queues(centre.now)[0]
        assert (view.entered, view.refused) == (1, 4)

    def test_a_removed_queue_puts_out_the_waiting_and_lets_talks_finish(self, centre: Centre) -> None:
        centre.queue(wrap_up_us=5 * SECOND)
        centre.agent("a")
        centre.agent("b")
        for name in "xyz":
            centre.arrive(name)
        centre.claim("a")
        centre.do(ev.RemoveQueue("q"))
        assert [(d.contact, d.reason) for d in centre.of(Refused)] == [
            ("y", RefusalReason.QUEUE_REMOVED),
            ("z", RefusalReason.QUEUE_REMOVED),
        ]
        assert [d.outcome for d in centre.of(VisitEnded)] == [VisitOutcome.REFUSED] * 2
        assert centre.state("b") is AgentState.AVAILABLE
        centre.do(ev.Finish("x"))
        assert centre.state("a") is AgentState.WRAP_UP

    def test_a_removed_agent_finishes_the_talk_and_is_forgotten(self, centre: Centre) -> None:
        centre.queue(wrap_up_us=5 * SECOND)
        centre.agent("a")
        centre.arrive("c")
        centre.claim("a")
        assert centre.do(ev.RemoveAgent("a")) == [AgentChanged("a", AgentState.LOGGED_OUT, "")]
        centre.agent("a")
        centre.do(ev.Finish("c"))
        assert centre.of(VisitEnded)[0].agent == "a"
        assert centre.state("a") is AgentState.AVAILABLE


class TestViews:
    def test_places_and_estimates(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        for number in range(3):
            centre.arrive(f"c{number}", t=200 + 10 * number)
            centre.claim("a")
            centre.do(ev.Finish(f"c{number}"), centre.t + 5)
        centre.arrive("ringing", t=230)
        assert centre.router.place("ringing", centre.now) == Place(1, 1, 0)
        centre.arrive("waits", t=230)
        # One agent, who is reckoned to be busy for the time that is stated until there are eight talks.
        assert centre.router.place("waits", centre.now) == Place(2, 2, 180 * SECOND)
        assert centre.router.place("nobody", centre.now) is None

    def test_counts_of_a_queue(self, centre: Centre) -> None:
        centre.queue(service_level_us=5 * SECOND)
        centre.agent("a")
        centre.agent("b", "q", "unknown")
        centre.arrive("c", t=200)
        centre.claim("a", 206)
        centre.do(ev.Pause("b", "lunch"))
        centre.arrive("d", t=210)
        centre.arrive("e", t=212)
        centre.do(ev.Abandon("d"), 215)
        view = centre.router.queues(220 * SECOND)[0]
        assert (view.waiting, view.offered, view.talking, view.oldest_wait_us) == (1, 0, 1, 8 * SECOND)
        assert (view.entered, view.answered, view.answered_in_time) == (3, 1, 0)
        assert (view.abandoned, view.abandoned_in_time) == (1, 1)
        assert (view.agents_ready, view.agents_signed_in) == (0, 2)

    def test_the_service_level_includes_its_own_second(self, centre: Centre) -> None:
        centre.queue(service_level_us=5 * SECOND)
        centre.agent("a")
        centre.arrive("answered", t=200)
        centre.claim("a", 205)
        centre.arrive("gone", t=210)
        centre.do(ev.Abandon("gone"), 215)
        view = centre.router.queues(centre.now)[0]
        assert (view.answered_in_time, view.abandoned_in_time) == (1, 1)

    def test_time_never_runs_backwards(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.arrive("c", t=200)
        centre.claim("a", 100)
        assert centre.of(Connected)[0].waited_us == 0


class TestSnapshot:
    def test_goes_on_where_it_was(self, centre: Centre) -> None:
        centre.queue(wrap_up_us=SECOND)
        centre.agent("a", french=2)
        centre.arrive("c", "q", (0, {"french": 1}), (9, {}), avoid=("z",))
        other = centre.router_class.restore(centre.router.snapshot())
        assert other.digest() == centre.router.digest() == digest(centre.router.snapshot())
        claim = ev.Claim(centre.offers["a"].offer, centre.offers["a"].fence)
        assert other.apply(claim, centre.now) == centre.router.apply(claim, centre.now)

    def test_a_restored_router_decides_as_one_that_was_never_stopped(self, centre: Centre) -> None:
        router, world = centre.router, World(9, agents=6, queues=3, contacts=20)
        other = router
        for step in range(1500):
            event, now = world.next()
            decisions = router.apply(event, now)
            if step == 0:
                other = centre.router_class.restore(router.snapshot())
            else:
                assert other.apply(event, now) == decisions
            if step % 20 == 0:
                other = centre.router_class.restore(other.snapshot())
            world.learn(decisions)

    def test_damage_is_noticed(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.arrive("c")
        data = centre.router.snapshot()
        restore = centre.router_class.restore
        for at in range(0, len(data), 7):
            with pytest.raises(SnapshotError):
                restore(data[:at])
            with pytest.raises(SnapshotError):
                restore(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        # The digest put right: what is left is a contradiction, or another state; never a crash.
        for at in range(8, len(data) - 8, 3):
            body = data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 : -8]
            try:
                router = restore(body + digest(body).to_bytes(8, "little"))
            except SnapshotError:
                continue
            router.apply(ev.Abandon("c"), centre.now)

    def test_strange_input_is_a_type_error(self, centre: Centre) -> None:
        with pytest.raises(TypeError):
            centre.router.apply("SignIn", 1)  # type: ignore[arg-type]  # the point of the test
