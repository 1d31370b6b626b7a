"""Callbacks of a simulated day, and the agent of last time, by hand-made traces."""

from collections import Counter
from dataclasses import replace

import pytest

from switch.acd.router import Router
from switch.acd.settings import AgentSettings, Policy, QueueSettings
from switch.wfm.day import CALLED_BACK, DayResult, simulate_day
from switch.wfm.draws import Draws
from switch.wfm.results import Sheet, sheet_of, summarize, total
from switch.wfm.scenario import Accepts, Call, Scenario, Shift, Stream, Worker
from switch.wfm.ways import CallbackRules, CallsBack, Ends, QueueRules, Queues, Shut, Wait
from tests.wfm.days import run

HOUR_S = 3600
USUAL = CallbackRules(tries=3, retry_s=300, expires_s=HOUR_S, ring_s=30, offered_after_s=30)
EVERYBODY = Accepts(1.0, 1.0, 10)


def worker(name: str, until_s: float = HOUR_S) -> Worker:
    return Worker(AgentSettings(name), "all", (Shift(0, until_s),))


def centre(*streams: Stream, rules: CallbackRules | None = USUAL, until_s: float = HOUR_S) -> Scenario:
    return Scenario(
        (QueueSettings("line", Policy.LONGEST_IDLE),),
        (worker("anna", until_s),),
        streams,
        HOUR_S,
        600,
        rules=(QueueRules("line", callback=rules),),
    )


def busy_until(at_s: float) -> Stream:
    return Stream("busy", "line", trace=(Call(0, at_s),))


def wishes(*calls: Call, accepts: Accepts = EVERYBODY, **words: object) -> Stream:
    return replace(Stream("calls", "line", trace=calls, accepts=accepts), **words)  # type: ignore[arg-type]  # by name


def told(day: DayResult) -> list[tuple[float, float, float, str]]:
    """When entered, when left, how long waited, and how it ended."""
    return [(visit.at_s, visit.left_s, visit.waited_s, visit.gate or visit.outcome) for visit in day.visits]


def sheet(scenario: Scenario, day: DayResult) -> Sheet:
    found = sheet_of(scenario, day)
    assert all(book.balances for parts in found.books.values() for book in parts)
    return found


def test_whoever_is_called_back_keeps_the_place() -> None:
    """Offered and accepted after 30 s. The agent is free at 100: the callback waits since 10 and goes before
    the caller of 20; its customer answers after 10 s and talks for 50."""
    later = Stream("later", "line", trace=(Call(20, 5),))
    scenario = centre(busy_until(100), wishes(Call(10, 50)), later)
    day = run(scenario)
    assert told(day) == [
        (0, 0, 0, "answered"),
        (10, 40, 30, "callback"),
        (20, 160, 140, "answered"),
        (40, 100, 90, "answered"),
    ]
    assert day.visits[1].to == CALLED_BACK
    counts = total(sheet(scenario, day).queues["line"])
    assert (counts.entered, counts.answered, counts.chose, counts.wanted) == (4, 3, 1, 3)
    assert sheet(scenario, day).promises == {("line", "kept"): 1}


def test_who_is_served_before_the_offer_or_does_not_accept_waits() -> None:
    scenario = centre(busy_until(35), wishes(Call(10, 5)), wishes(Call(1, 50), accepts=Accepts(1e-9)))
    assert told(run(scenario))[1:] == [
        (1, 35, 34, "answered"),
        (10, 40, 30, "callback"),
        (40, 85, 75, "answered"),
    ]
    never = centre(busy_until(100), wishes(Call(10, 5)), rules=replace(USUAL, offered_after_s=0))
    assert told(run(never))[1] == (10, 100, 90, "answered")


def test_a_customer_who_does_not_answer_is_tried_again() -> None:
    """The agent hears 30 s of ringing each time; tries are 300 s apart and keep the place of 10."""
    accepts = Accepts(1.0, 0.0)
    scenario = centre(busy_until(100), wishes(Call(10, 50), accepts=accepts), rules=replace(USUAL, tries=2))
    day = run(scenario)
    assert told(day)[2:] == [(40, 100, 90, "unreached"), (430, 430, 420, "unreached")]
    assert [until - start for _, start, until, _ in day.talks[1:]] == [30, 30]
    counts = total(sheet(scenario, day).queues["line"])
    assert (counts.answered, counts.chose, sheet(scenario, day).promises) == (
        1,
        3,
        {("line", "no-answer"): 1},
    )


def test_a_second_try_may_reach_the_customer() -> None:
    scenario = centre(busy_until(100), wishes(Call(10, 50), accepts=Accepts(1.0, 0.5)))
    outcomes = Counter(sheet(scenario, run(scenario, seed=seed)).promises.total() for seed in range(3))
    assert outcomes == {1: 3}
    ends = {promise.outcome for seed in range(12) for promise in run(scenario, seed=seed).promises}
    tries = {promise.tries for seed in range(12) for promise in run(scenario, seed=seed).promises}
    assert (ends, tries) == ({"kept", "no-answer"}, {1, 2, 3})


@pytest.mark.parametrize(
    ("rules", "until_s", "outcome"),
    [
        (replace(USUAL, expires_s=59), HOUR_S, "expired"),
        (replace(USUAL, shut=(Shut(0, 1e6, "closed"),), expires_s=500), HOUR_S, "expired"),
        (replace(USUAL, shut=(Shut(0, 1e6, "closed"),)), HOUR_S, "open"),
        (replace(USUAL, shut=(Shut(0, 190, "closed"),)), HOUR_S, "kept"),
        (USUAL, 90, "open"),
    ],
)
def test_how_a_promise_ends(rules: CallbackRules, until_s: float, outcome: str) -> None:
    """Expired in the line or at rest; still open when the last agent has gone."""
    scenario = centre(busy_until(100), wishes(Call(10, 50)), rules=rules, until_s=until_s)
    day = run(scenario)
    assert sheet(scenario, day).promises == {("line", outcome): 1}
    if outcome == "kept":
        # Looked at each half minute from 40 on; open at 190, so at 190.
        assert day.visits[-1].at_s == 190


def test_a_queue_that_is_full_is_asked_again() -> None:
    """No visit is made by it, and the books balance all the same."""
    full = QueueSettings("line", Policy.LONGEST_IDLE, contacts_max=1)
    scenario = replace(centre(busy_until(100), wishes(Call(10, 50)), busy_until(95)), queues=(full,))
    late = Stream("late", "line", trace=(Call(39.5, 5, 1e9),))
    day = run(replace(scenario, streams=(busy_until(100), wishes(Call(10, 50)), late)))
    assert sheet(scenario, day).promises == {("line", "kept"): 1}


def test_the_step_callback_at_a_gate() -> None:
    """Whoever accepts keeps the place where it is the same queue; whoever does not goes on."""
    scenario = centre(
        busy_until(500),
        wishes(Call(10, 50), exits=(("timeout", CallsBack(0, Ends("dial 9"))),), max_wait_s=20),
        wishes(
            Call(11, 50),
            accepts=Accepts(1e-9),
            exits=(("timeout", CallsBack(0, Queues(0))),),
            max_wait_s=20,
        ),
        rules=replace(USUAL, offered_after_s=0),
    )
    day = run(replace(scenario, waits=(Wait("line"),)))
    assert [(visit.gate or visit.outcome, visit.to) for visit in day.visits[1:3]] == [
        ("timeout", CALLED_BACK),
        ("timeout", "line"),
    ]
    assert told(day)[3:] == [(30, 500, 490, "answered"), (31, 560, 529, "answered")]


def test_both_halves_of_the_router_give_the_same_day_of_callbacks() -> None:
    stream = Stream("calls", "line", calls=(30.0,) * 6, patience_s=200, accepts=Accepts(0.5, 0.6))
    scenario = centre(replace(stream, repeat=0.3))
    scenario = replace(scenario, workers=tuple(worker(f"a{number}") for number in range(8)))
    rules = (QueueRules("line", callback=USUAL, sticky_s=20, remember_s=HOUR_S),)
    scenario = replace(scenario, rules=rules)
    day = run(scenario, seed=4)
    assert simulate_day(scenario, Router(4), 4, 0) == day
    ends = sheet(scenario, day).promises
    assert min(ends["line", "kept"], ends["line", "open"]) > 0
    figures = summarize(scenario, [sheet(scenario, day)]).callbacks
    assert {figure.outcome: figure.calls.mean for figure in figures} == {key[1]: ends[key] for key in ends}


def two(sticky_s: int, *calls: Call, repeat: float = 0.999999, remember_s: float = HOUR_S) -> list[str]:
    """Who talked to each call, of two agents of whom the longest idle is asked."""
    stream = Stream("calls", "line", trace=calls, repeat=repeat)
    scenario = replace(centre(stream, rules=None), workers=(worker("anna"), worker("ben")))
    rules = (QueueRules("line", sticky_s=sticky_s, remember_s=remember_s),)
    return [f"{visit.agent} {visit.waited_s:g}" for visit in run(replace(scenario, rules=rules)).visits]


def test_a_customer_comes_back_to_the_agent_of_last_time() -> None:
    """Ben has been idle for longer; the customer is Anna's, for as long as that is remembered."""
    calls = (Call(0, 10), Call(20, 10))
    assert two(30, *calls) == ["anna 0", "anna 0"]
    assert (
        two(-1, *calls)
        == two(30, *calls, repeat=1e-9)
        == two(30, *calls, remember_s=20)
        == ["anna 0", "ben 0"]
    )


def test_a_customer_waits_for_that_agent_so_long_and_no_longer() -> None:
    """Both calls of one customer, the first still talking: kept for Anna for 30 s, then Ben."""
    assert two(30, Call(0, 45), Call(20, 10)) == ["anna 0", "anna 25"]
    assert two(30, Call(0, 100), Call(20, 10)) == ["anna 0", "ben 30"]
    assert two(0, Call(0, 100), Call(20, 10)) == ["anna 0", "ben 0"]


def test_repeated_calls_are_the_stated_share() -> None:
    """Of ten thousand, three tenths come from a customer who called before; and they come as without."""
    stream = Stream("calls", "line", calls=(10_000.0,))
    usual, repeated = (Draws(centre(one), 1, 0).callers for one in (stream, replace(stream, repeat=0.3)))
    assert [replace(caller, habits=None) for caller in repeated] == usual
    customers = [caller.habits.customer for caller in repeated if caller.habits is not None]
    again = len(customers) - len(set(customers))
    assert abs(again / len(customers) - 0.3) < 0.02
