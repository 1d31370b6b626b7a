"""Bugs that users of other systems suffered, by their number in the collected list; none may be possible."""

import inspect

import pytest

from switch.acd import events as ev
from switch.acd.decisions import (
    AgentState,
    ClaimRefused,
    Connected,
    Offered,
    OfferEnded,
    OfferOutcome,
    VisitEnded,
)
from switch.acd.events import DeclineReason
from switch.acd.settings import AgentSettings, Policy, QueueSettings
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import HALVES, half
from tests.acd.world import FIRST_POLICIES, World


@pytest.fixture(params=HALVES)
def centre(request: pytest.FixtureRequest) -> Centre:
    return Centre(half(request.param))


class TestPeers:
    def test_01_no_dispatcher_that_can_die(self, centre: Centre) -> None:
        """Every offer is made in the very event that makes it possible: nothing else has to run."""
        centre.queue()
        centre.agent("a")
        centre.arrive("c")
        assert centre.offered() == [("c", "a")]
        centre.do(ev.SignOut("a"))
        centre.do(ev.SignIn("a"))
        assert centre.offered() == [("c", "a")]

    def test_04_two_answer_together_and_nobody_stays_reserved(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.agent("b")
        centre.arrive("c")
        centre.decline("a", DeclineReason.NO_ANSWER)
        assert centre.offered() == [("c", "b")]
        # a's phone was picked up just then, and b's too.
        assert centre.claim("a") == [ClaimRefused(centre.offers["a"].offer)]
        centre.claim("b")
        assert [d.agent for d in centre.of(Connected)] == ["b"]
        assert centre.state("a") is AgentState.AVAILABLE
        assert centre.state("b") is AgentState.BUSY

    def test_05_the_first_by_order_is_served_first(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.do(ev.Pause("a", ""))
        for number in range(10):
            centre.arrive(f"c{number}", priority=5 if number == 7 else 0, t=200 + number)
        centre.do(ev.Resume("a"))
        assert centre.offered() == [("c7", "a")]
        centre.do(ev.Abandon("c7"))
        assert centre.offered() == [("c0", "a")]

    def test_06_linear_goes_on_when_the_last_agent_is_away(self, centre: Centre) -> None:
        centre.queue(policy=Policy.LINEAR)
        for order, name in enumerate(("first", "second", "last")):
            centre.agent(name, order=order)
        centre.do(ev.Reach("last", False))
        for name in ("first", "second"):
            centre.do(ev.Engage(name))
        centre.arrive("c")
        assert centre.offered() == []
        centre.do(ev.Disengage("second"))
        assert centre.offered() == [("c", "second")]
        centre.do(ev.Abandon("c"))
        centre.do(ev.Disengage("first"))
        centre.arrive("d")
        assert centre.offered() == [("d", "first")]

    def test_07_a_caller_who_is_gone_stops_the_ring_at_once(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.arrive("c")
        centre.do(ev.Abandon("c"))
        assert centre.of(OfferEnded)[0].outcome is OfferOutcome.CALLER_GONE
        assert centre.claim("a") == [ClaimRefused(centre.offers["a"].offer)]

    @pytest.mark.parametrize(
        "toggle",
        [
            [ev.Pause("a", "x"), ev.Resume("a")],
            [ev.Reach("a", False), ev.Reach("a", True)],
        ],
    )
    def test_08_status_changes_during_an_offer_make_no_loop(
        self, centre: Centre, toggle: list[ev.Event]
    ) -> None:
        centre.queue(retry_same_agent_us=0)
        centre.agent("a")
        centre.arrive("c", t=200)
        offers = 1
        for _ in range(100):
            for event in toggle:
                centre.do(event, centre.t + 0.001)
                offers += len(centre.of(Offered))
        assert offers == 1
        centre.do(ev.Resume("a"), 202)
        assert centre.state("a") is AgentState.OFFERED

    @pytest.mark.parametrize("reason", list(DeclineReason))
    def test_08_a_phone_that_rejects_by_itself_is_not_flooded(
        self, centre: Centre, reason: DeclineReason
    ) -> None:
        """A hundred wait; the phone answers each INVITE with an error within a millisecond."""
        centre.queue(retry_same_agent_us=0, misses_before_pause=3)
        centre.agent("a")
        for number in range(100):
            centre.arrive(f"c{number}", t=200)
        offers = 1
        while centre.t < 205:
            if centre.state("a") is AgentState.OFFERED:
                centre.decline("a", reason, centre.t + 0.001)
            else:
                centre.wake(centre.t + 0.001)
            offers += len(centre.of(Offered))
        assert offers <= 6

    def test_12_one_contact_is_never_given_to_two(self, centre: Centre) -> None:
        centre.queue()
        for name in "ab":
            centre.agent(name)
        centre.arrive("c", t=200)
        centre.wake(225)
        first, second = centre.offers["a"], centre.offers["b"]
        assert (first.contact, second.contact) == ("c", "c")
        claims = [ev.Claim(first.offer, first.fence), ev.Claim(second.offer, second.fence)]
        claims += [ev.Claim(second.offer, first.fence), *claims]
        connected = [d for claim in claims for d in centre.do(claim) if isinstance(d, Connected)]
        assert [d.agent for d in connected] == ["b"]

    def test_13_wrap_up_is_the_agents_and_no_other_queue_ends_it(self, centre: Centre) -> None:
        centre.queue("long", wrap_up_us=30 * SECOND)
        centre.queue("short", wrap_up_us=0)
        centre.agent("a")
        centre.arrive("c", "long", t=200)
        centre.claim("a")
        centre.do(ev.Finish("c"), 210)
        centre.arrive("d", "short", t=211)
        centre.do(ev.Engage("a"), 212)
        centre.do(ev.Disengage("a"), 213)
        centre.queue("long", wrap_up_us=1)
        assert centre.wake(239.9) == []
        assert centre.offered() == []
        centre.wake(240)
        assert centre.offered() == [("d", "a")]

    def test_14_a_reload_resets_nobodys_turn(self, centre: Centre) -> None:
        centre.queue(wrap_up_us=30 * SECOND)
        for name in "ab":
            centre.agent(name)
        centre.arrive("c", t=200)
        centre.claim("a")
        centre.do(ev.Finish("c"), 210)
        before = centre.router.agents(centre.now)
        centre.do(ev.SetQueue(QueueSettings("q", wrap_up_us=30 * SECOND)), 220)
        for name in "ab":
            centre.do(ev.SetAgent(AgentSettings(name, (("new", 1),))))
        assert centre.router.agents(centre.now) == before
        centre.wake(240)
        centre.arrive("d", t=250)
        assert centre.offered() == [("d", "b")]

    @pytest.mark.parametrize("policy", FIRST_POLICIES)
    def test_15_16_no_mix_of_rules_leaves_an_agent_idle(self, centre: Centre, policy: Policy) -> None:
        """Priorities of queues and contacts, levels, avoidance and back-off together: everyone is served."""
        centre.queue("heavy", priority=9, policy=policy)
        centre.queue("light", priority=-9, policy=policy)
        centre.agent("a", "heavy", "light", french=1)
        centre.agent("b", "light", french=9)
        centre.arrive("h", "heavy", (0, {"french": 1}), avoid=("b",))
        centre.arrive("l", "light", (0, {"french": 9}), priority=-5)
        centre.arrive("m", "light", priority=-9)
        served = set()
        for _ in range(3):
            for view in centre.router.waiting(centre.now):
                if view.agent:
                    centre.claim(view.agent)
                    served.add(view.contact)
                    centre.do(ev.Finish(view.contact))
        assert served == {"h", "l", "m"}

    def test_15_the_only_agent_gets_the_missed_contact_again(self, centre: Centre) -> None:
        """The back-off is a delay, never a ban: fairness may not stop the offers."""
        centre.queue(misses_before_pause=0, retry_same_agent_us=7 * SECOND)
        centre.agent("a")
        centre.arrive("c", t=200)
        for _ in range(5):
            centre.decline("a", DeclineReason.NO_ANSWER, centre.t + 20)
            assert centre.offered() == []
            centre.wake(centre.t + 7)
            assert centre.offered() == [("c", "a")]

    def test_19_a_listing_of_40_000_queues_is_read_from_memory_and_changes_nothing(
        self, centre: Centre
    ) -> None:
        """No database is asked; and an agent of one queue costs no walk over the others."""
        count = 40_000 if centre.router_class is not half("python") else 4_000
        for number in range(count):
            centre.queue(f"q{number}")
        centre.agent("a", "q7")
        centre.arrive("c", "q8")
        before = centre.router.digest()
        views = centre.router.queues(centre.now)
        assert len({view.name for view in views}) == len(views) == count
        assert sum(view.agents_signed_in for view in views) == 1
        assert centre.router.digest() == before

    def test_20_one_event_at_a_time_without_locks(self, centre: Centre) -> None:
        """Agents of many queues, one writer: `apply` is a plain call that ends, whatever the event."""
        assert not inspect.iscoroutinefunction(centre.router.apply)
        world = World(20, agents=6, queues=20, contacts=40)
        for _ in range(1000):
            event, now = world.next()
            world.learn(centre.router.apply(event, now))

    def test_24_an_older_contact_is_not_skipped(self, centre: Centre) -> None:
        """The old one waits for its step; once that has come it goes before every newer one."""
        centre.queue()
        centre.agent("novice")
        centre.agent("expert", french=9)
        centre.do(ev.Engage("expert"))
        centre.arrive("taken", t=199)
        centre.claim("novice")
        centre.arrive("old", "q", (0, {"french": 9}), (10, {}), t=200)
        centre.arrive("new", t=201)
        centre.do(ev.Finish("taken"), 211)
        assert centre.offered() == [("old", "novice")]

    def test_25_several_contacts_do_not_chase_the_same_first_agent(self, centre: Centre) -> None:
        centre.queue(policy=Policy.LINEAR)
        for order, name in enumerate("abc"):
            centre.agent(name, order=order)
            centre.do(ev.Engage(name))
        for number in range(3):
            centre.arrive(f"c{number}")
        centre.queue("unused")
        for name in "abc":
            centre.do(ev.Disengage(name))
            assert len(centre.of(Offered)) == 1
        assert sorted(view.agent for view in centre.router.waiting(centre.now)) == ["a", "b", "c"]

    def test_25_an_unknown_policy_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="longest-idl"):
            Policy("longest-idl")

    def test_25_a_place_belongs_to_an_id_and_to_nobody_else(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.do(ev.Pause("a", ""))
        centre.arrive("anonymous-1", t=200)
        centre.do(ev.Abandon("anonymous-1"), 201)
        centre.arrive("anonymous-2", t=202)
        assert centre.router.waiting(centre.now)[0].waiting_since == 202 * SECOND

    def test_18_an_agent_is_credited_with_the_talk_alone(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.arrive("c", since=150, t=200)
        centre.claim("a", 210)
        centre.do(ev.Finish("c"), 230)
        ended = centre.of(VisitEnded)[0]
        assert (ended.waited_us, ended.talked_us) == (60 * SECOND, 20 * SECOND)
