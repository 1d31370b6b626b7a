"""What contacts ask for: alternatives, exclusions, wishes, teams, queues, the agent of before, lines."""

import pytest

from switch.acd import events as ev
from switch.acd.decisions import (
    AgentChanged,
    AgentState,
    Offered,
    RefusalReason,
    Refused,
    WakeAt,
    Widened,
)
from switch.acd.events import DeclineReason, LineGrade
from switch.acd.settings import AgentSettings, Need, Policy, Preference, QueueSettings, Step
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import half, knowing

FRENCH, ENGLISH, LEGAL = Need("french", 50), Need("english", 80), Need("legal")


class TestRequirement:
    @pytest.fixture(params=knowing("requirement"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        return Centre(half(request.param))

    def test_one_group_must_be_met_wholly(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("half", french=90)
        centre.agent("low", english=79)
        centre.agent("other", french=60, legal=1)
        step = Step(0, (), any_of=((FRENCH, LEGAL), (ENGLISH,)))
        centre.arrive("c", "q", step)
        assert centre.offered() == [("c", "other")]
        assert centre.exclusions() == {"level-too-low": 2}

    def test_what_is_excluded_is_counted_from_its_level_on(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("trainee", trainee=10)
        centre.agent("newcomer", trainee=50)
        centre.arrive("c", "q", Step(0, (), none_of=(Need("trainee", 50),)))
        assert centre.offered() == [("c", "trainee")]
        assert centre.exclusions() == {"excluded-skill": 1}

    def test_wishes_weigh_against_each_other_and_exclude_nobody(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("loud", charm=90)
        centre.agent("calm", patience=80)
        centre.agent("none")
        centre.arrive("c", "q", Step(0, (), prefer=(Preference("charm", 1), Preference("patience", 3))))
        best = centre.of(Offered)[0].choice.best
        assert [(ranked.agent, ranked.score / 2**32) for ranked in best] == [
            ("calm", 60),
            ("loud", 22.5),
            ("none", 0),
        ]

    def test_the_best_group_that_is_met_counts(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("both", french=50, english=100, legal=2)
        step = Step(0, (LEGAL,), any_of=((FRENCH,), (ENGLISH,)))
        centre.arrive("c", "q", step)
        assert centre.of(Offered)[0].choice.best[0].score == 51 << 32

    def test_a_group_that_is_not_met_counts_for_nothing(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("nearly", french=50, english=80)
        centre.arrive("c", "q", Step(0, (), any_of=((FRENCH,), (Need("english", 90),))))
        assert centre.of(Offered)[0].choice.best[0].score == 50 << 32

    def test_a_level_of_nothing_is_met_by_everybody(self, centre: Centre) -> None:
        """As a widening may leave it; whoever has the skill is not the only one."""
        centre.queue()
        centre.agent("novice")
        centre.agent("expert", french=9)
        centre.do(ev.Pause("expert", ""))
        centre.arrive("c", "q", (0, {"french": 0}))
        assert centre.offered() == [("c", "novice")]

    def test_teams(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("west", more={"teams": ("west",)})
        centre.agent("east", more={"teams": ("east", "night")})
        centre.agent("none")
        centre.arrive("c", "q", Step(0, (), teams=("south", "night")))
        assert centre.offered() == [("c", "east")]
        assert centre.exclusions() == {"other-team": 2}

    def test_another_queue_joins_ring_by_ring_and_each_step_is_told(self, centre: Centre) -> None:
        centre.queue()
        centre.queue("overflow")
        centre.agent("helper", "overflow")
        centre.agent("own", "q")
        centre.do(ev.Pause("own", "lunch"))
        steps = (Step(0, ()), Step(10 * SECOND, ()), Step(20 * SECOND, (), queues=("overflow",)))
        centre.arrive("c", "q", *steps, t=200)
        assert centre.wake(210) == [Widened("c", "q", 1), WakeAt(220 * SECOND)]
        assert centre.wake(220)[0] == Widened("c", "q", 2)
        assert centre.offered() == [("c", "helper")]
        assert centre.of(Offered)[0].choice.step == 2

    def test_a_kept_place_enters_at_its_step_and_says_so(self, centre: Centre) -> None:
        centre.queue()
        centre.agent("a")
        centre.do(ev.Pause("a", ""))
        centre.arrive("c", "q", *(Step(after * SECOND, ()) for after in (0, 5, 10)), since=188, t=200)
        assert centre.of(Widened) == [Widened("c", "q", 2)]
        assert centre.router.waiting(centre.now)[0].step == 2

    @pytest.mark.parametrize(
        "step",
        [
            Step(0, (FRENCH,), none_of=(Need("french", 40),)),
            Step(0, (), any_of=((LEGAL,),)),
            Step(0, (), teams=("nobody",)),
            Step(0, (), none_of=(Need("french"),)),
        ],
    )
    def test_what_nobody_could_ever_meet_is_refused_at_once(self, centre: Centre, step: Step) -> None:
        centre.queue()
        centre.agent("a", french=60)
        assert centre.arrive("c", "q", step) == [Refused("c", "q", RefusalReason.UNSERVABLE)]

    def test_an_agent_of_a_joining_queue_counts_at_the_door(self, centre: Centre) -> None:
        centre.queue(refuse_without_agents=True)
        centre.queue("overflow")
        centre.agent("helper", "overflow")
        centre.arrive("c", "q", t=200)
        assert centre.of(Refused)[0].reason is RefusalReason.NO_AGENTS
        centre.arrive("d", "q", Step(0, ()), Step(9 * SECOND, (), queues=("overflow",)))
        assert centre.of(Refused) == []


class TestBefore:
    @pytest.fixture(params=knowing("before"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        centre = Centre(half(request.param))
        centre.queue(misses_before_pause=0)
        centre.agent("other")
        centre.agent("anna")
        return centre

    def test_until_then_nobody_else(self, centre: Centre) -> None:
        centre.do(ev.Pause("anna", "call back"))
        centre.arrive("c", before="anna", sticky_us=10 * SECOND, t=200)
        assert centre.offered() == []
        assert centre.of(WakeAt) == [WakeAt(210 * SECOND)]
        centre.wake(210)
        assert centre.offered() == [("c", "other")]

    def test_the_agent_of_before_gets_it_and_the_others_are_counted(self, centre: Centre) -> None:
        centre.arrive("c", before="anna", sticky_us=10 * SECOND)
        assert centre.offered() == [("c", "anna")]
        assert centre.exclusions() == {"kept-for-other": 1}

    def test_later_first_among_equals(self, centre: Centre) -> None:
        centre.arrive("c", before="anna", t=200)
        assert centre.offered() == [("c", "anna")]
        assert centre.of(Offered)[0].choice.tie_break == "agent of before"

    def test_but_not_before_the_better(self, centre: Centre) -> None:
        centre.queue("q", policy=Policy.LINEAR)
        centre.do(ev.SetAgent(AgentSettings("anna", order=5)))
        centre.arrive("c", before="anna", t=200)
        assert centre.offered() == [("c", "other")]

    @pytest.mark.parametrize(
        "event",
        [
            ev.SignOut("anna"),
            ev.Reach("anna", False),
            ev.RemoveAgent("anna"),
            ev.SetAgent(AgentSettings("anna", queues=("elsewhere",))),
            ev.SetLine("anna", LineGrade.UNUSABLE),
        ],
    )
    def test_whoever_cannot_come_keeps_nobody_waiting(self, centre: Centre, event: ev.Event) -> None:
        centre.do(ev.Pause("anna", "lunch"))
        centre.arrive("c", before="anna", sticky_us=100 * SECOND, t=200)
        assert centre.offered() == []
        centre.do(event, 201)
        assert centre.offered() == [("c", "other")]

    def test_whoever_missed_it_keeps_it_no_longer(self, centre: Centre) -> None:
        centre.arrive("c", before="anna", sticky_us=100 * SECOND, t=200)
        centre.decline("anna", DeclineReason.NO_ANSWER, 210)
        assert centre.offered() == [("c", "other")]

    def test_an_unknown_agent_keeps_nothing(self, centre: Centre) -> None:
        centre.arrive("c", before="gone", sticky_us=100 * SECOND)
        assert centre.offered() == [("c", "other")]


class TestLine:
    @pytest.fixture(params=knowing("line"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        centre = Centre(half(request.param))
        centre.queue()
        centre.agent("best", french=90)
        centre.agent("good", french=50)
        return centre

    def test_a_failing_line_is_behind_every_good_one(self, centre: Centre) -> None:
        told = centre.do(ev.SetLine("best", LineGrade.FAILING))
        assert told == [AgentChanged("best", AgentState.AVAILABLE, "", line=1)]
        centre.arrive("c", "q", (0, {"french": 10}))
        assert centre.offered() == [("c", "good")]
        assert centre.of(Offered)[0].choice.tie_break == "line"
        centre.arrive("d", "q", (0, {"french": 10}))
        assert centre.offered() == [("d", "best")]

    def test_an_unusable_line_is_passed_over_until_it_is_better(self, centre: Centre) -> None:
        centre.do(ev.SetLine("best", LineGrade.UNUSABLE))
        assert centre.router.queues(centre.now)[0].agents_ready == 1
        centre.arrive("c", "q", (0, {"french": 60}))
        assert centre.offered() == []
        centre.do(ev.SetLine("best", LineGrade.FAILING))
        assert centre.offered() == [("c", "best")]
        assert centre.exclusions() == {"level-too-low": 1}

    def test_what_rings_goes_on_ringing(self, centre: Centre) -> None:
        centre.arrive("c", "q", (0, {"french": 60}))
        centre.do(ev.SetLine("best", LineGrade.UNUSABLE))
        assert centre.state("best") is AgentState.OFFERED
        assert len(centre.claim("best")) == 2

    def test_the_reason_is_shown(self, centre: Centre) -> None:
        centre.do(ev.SetLine("best", 9))
        assert {view.name: view.line for view in centre.router.agents(0)} == {"best": 2, "good": 0}
        centre.arrive("c")
        assert centre.exclusions() == {"line-bad": 1}


class TestMisses:
    @pytest.fixture(params=knowing("misses"))
    def centre(self, request: pytest.FixtureRequest) -> Centre:
        return Centre(half(request.param))

    @pytest.mark.parametrize(
        ("word", "reason"),
        [("busy_is_miss", DeclineReason.BUSY), ("unreachable_is_miss", DeclineReason.UNREACHABLE)],
    )
    def test_what_else_counts_as_a_miss(self, centre: Centre, word: str, reason: DeclineReason) -> None:
        for settings, shown in (({word: True}, AgentState.PAUSED), ({}, AgentState.AVAILABLE)):
            centre.do(ev.SetQueue(QueueSettings("q", misses_before_pause=1, **settings)))
            centre.agent("a")
            centre.arrive("c", t=centre.t + 10)
            centre.decline("a", reason)
            assert centre.state("a") is shown
            centre.do(ev.Abandon("c"))
            centre.do(ev.Resume("a"))

    def test_a_busy_phone_still_rests(self, centre: Centre) -> None:
        centre.queue(misses_before_pause=5, busy_is_miss=True)
        centre.agent("a")
        centre.arrive("c", t=200)
        centre.arrive("d", t=200)
        centre.decline("a", DeclineReason.BUSY)
        assert centre.offered() == []
