"""The gates of a simulated day, by hand-made traces: who leaves when, by which gate, and where to."""

from dataclasses import replace

import pytest

from switch.acd.router import Router
from switch.acd.settings import AgentSettings, Need, Policy, QueueSettings, Requirement, Step
from switch.wfm.books import Book
from switch.wfm.day import MOVES_MAX, ROUND, DayResult, Visit, simulate_day
from switch.wfm.results import sheet_of, summarize, total
from switch.wfm.scenario import Call, Press, Scenario, Shift, Stream, Worker
from switch.wfm.ways import ByHours, Door, Ends, QueueRules, Queues, Shut, Wait, followed, shut_at
from tests.wfm.days import ENDLESS_S, run

LINE = QueueSettings("line", Policy.LONGEST_IDLE)
OTHER = QueueSettings("other", Policy.LONGEST_IDLE)
HOUR_S = 3600


def centre(*calls: Call, agents: tuple[Worker, ...] | None = None, **words: object) -> Scenario:
    """One agent for the line, another for the other queue; what is stated goes to the stream."""
    stream = replace(Stream("calls", "line", trace=calls), **words)  # type: ignore[arg-type]  # by name
    usual = (worker("anna", "line"), worker("ben", "other"))
    return Scenario((LINE, OTHER), agents or usual, (stream,), HOUR_S, 600)


def worker(name: str, queue: str, until_s: float = ENDLESS_S) -> Worker:
    return Worker(AgentSettings(name, queues=(queue,)), "all", (Shift(0, until_s),))


def ruled(scenario: Scenario, *waits: Wait, **rules: object) -> Scenario:
    return replace(scenario, rules=(QueueRules("line", **rules),), waits=waits)  # type: ignore[arg-type]  # by name


def told(day: DayResult) -> list[tuple[str, float, float, str, str]]:
    """Queue, when entered, how long waited, how it ended, where that led."""
    return [
        (visit.queue, visit.at_s, visit.waited_s, visit.gate or visit.outcome, visit.to)
        for visit in day.visits
    ]


def test_whoever_comes_while_it_is_shut_goes_to_that_gate() -> None:
    """The minute of opening is open, that of closing is not."""
    shut = (Shut(0, 60, "closed"), Shut(120, 180, "holiday"), Shut(180, 240, "closed"))
    exits = (("closed", Ends("dial 9")), ("holiday", Queues(0)))
    calls = (Call(0, 1), Call(59.9, 1), Call(60, 1), Call(119.9, 1), Call(120, 1), Call(180, 1), Call(240, 1))
    day = run(ruled(centre(*calls, exits=exits), Wait("other"), shut=shut))
    assert told(day) == [
        ("line", 0, 0, "closed", "dial 9"),
        ("line", 59.9, 0, "closed", "dial 9"),
        ("line", 60, 0, "answered", ""),
        ("line", 119.9, 0, "answered", ""),
        ("line", 120, 0, "holiday", "other"),
        ("other", 120, 0, "answered", ""),
        ("line", 180, 0, "closed", "dial 9"),
        ("line", 240, 0, "answered", ""),
    ]


def test_a_step_hours_before_the_queue() -> None:
    """One way goes on to the queue all the same."""
    door = Door((Shut(0, 60, "closed"), Shut(60, 120, "holiday")), Ends("menu"), None)
    day = run(centre(Call(10, 1), Call(70, 1), Call(130, 1), doors=(door,)))
    assert [(gate, to) for *_, gate, to in told(day)] == [
        ("closed", "menu"),
        ("answered", ""),
        ("answered", ""),
    ]


def test_a_way_by_hours() -> None:
    way = ByHours((Shut(10, 20, "closed"), Shut(20, 30, "holiday")), Ends("open"), Queues(4), Ends("feast"))
    assert [followed(way, at_s) for at_s in (9, 10, 20, 30)] == [
        Ends("open"),
        Queues(4),
        Ends("feast"),
        Ends("open"),
    ]
    assert shut_at((), 5) == ""


def test_too_long_an_estimate_is_told_at_once() -> None:
    """A talk is taken to last 180 s until eight were measured. Whoever would wait longer leaves at entry."""
    calls = (Call(0, 500), Call(10, 50), Call(20, 50))
    exits = (("estimate", Queues(0)),)
    scenario = centre(*calls, estimate_s_max=200, exits=exits)
    assert told(run(replace(scenario, waits=(Wait("other"),)))) == [
        ("line", 0, 0, "answered", ""),
        ("line", 10, 490, "answered", ""),
        ("line", 20, 0, "estimate", "other"),
        ("other", 20, 0, "answered", ""),
    ]


@pytest.mark.parametrize(
    ("leave_when", "gate"), [({"no-agents"}, "no-agents"), ({"no-agents", "nobody-ready"}, "no-agents")]
)
def test_who_waits_leaves_when_the_last_agent_has_gone(leave_when: set[str], gate: str) -> None:
    """Looked at every ten seconds from the entry on: the agent goes at 50, and nobody leaves before 52."""
    agents = (worker("anna", "line", 50), worker("ben", "other"))
    scenario = centre(Call(0, 500), Call(12, 50), agents=agents, exits=((gate, Ends("dial 9")),))
    day = run(ruled(scenario, leave_when=frozenset(leave_when)))
    assert told(day)[1] == ("line", 12, 40, gate, "dial 9")


def test_who_waits_leaves_when_all_are_paused() -> None:
    """Three offers that ring out, each a second after the other, pause the agent at 32: seen at 40."""
    agents = (replace(worker("anna", "line"), missed=0.999999),)
    scenario = ruled(centre(Call(0, 5), agents=agents), leave_when=frozenset({"nobody-ready"}))
    queue = replace(LINE, ring_us=10_000_000, retry_same_agent_us=0)
    (visit,) = run(replace(scenario, queues=(queue, OTHER))).visits
    assert (visit.waited_s, visit.gate) == (40, "nobody-ready")


def test_who_waits_leaves_when_it_closes_only_where_that_is_stated() -> None:
    scenario = centre(Call(0, 100), Call(12, 50), estimate_s_max=10_000)
    shut = (Shut(45, 1000, "closed"),)
    leaves = run(ruled(scenario, shut=shut, leave_when=frozenset({"closed"})))
    stays = run(ruled(scenario, shut=shut))
    assert told(leaves)[1] == ("line", 12, 40, "closed", "")
    assert told(stays)[1] == ("line", 12, 88, "answered", "")


def test_a_key_is_pressed_where_it_leads_somewhere() -> None:
    """Everybody presses 0, after some time; who is served before that has forgotten it."""
    calls = (Call(0, 1000), Call(1, 5))
    words = {"presses": (Press("key 0", 1.0, 30),), "exits": (("key 0", Queues(0)),)}
    day = run(replace(centre(*calls, **words), waits=(Wait("other"),)))
    after_s = day.visits[1].caller.habits.key_after_s  # type: ignore[union-attr]  # stated above
    assert after_s > 0
    assert [(queue, gate, to) for queue, _, _, gate, to in told(day)] == [
        ("line", "answered", ""),
        ("line", "key 0", "other"),
        ("other", "answered", ""),
    ]
    assert abs(day.visits[1].waited_s - after_s) < 1e-5
    deaf = run(centre(*calls, presses=words["presses"]))
    assert [visit.outcome for visit in deaf.visits] == ["answered", "answered"]


def test_shares_of_keys_are_those_stated() -> None:
    """A thousand callers, of whom nobody does both; and they come and wait as they would without keys."""
    from switch.wfm.draws import Draws  # noqa: PLC0415 - for this test alone

    stream = Stream("calls", "line", calls=(1000.0,), patience_s=60)
    pressing = replace(stream, presses=(Press("key 1", 0.3, 10), Press("key 2", 0.7, 10)))
    usual, keyed = (Draws(replace(centre(), streams=(one,)), 1, 0).callers for one in (stream, pressing))
    assert [replace(caller, habits=None) for caller in keyed] == usual
    assert {caller.habits.key for caller in keyed if caller.habits} == {"key 1", "key 2"}


def test_patience_goes_on_in_the_next_queue() -> None:
    """Full at ten seconds; who had thirty gives up at thirty, and calls again at the first queue."""
    full = replace(LINE, contacts_max=1)
    agents = (worker("anna", "line"), worker("ben", "other"))
    calls = (Call(0, 1000), Call(1, 5, 1e9), Call(10, 5, 30))
    busy = Stream("busy", "other", trace=(Call(0, 1000),))
    scenario = centre(*calls, agents=agents, exits=(("full", Queues(0)),))
    scenario = replace(
        scenario, queues=(full, OTHER), waits=(Wait("other"),), streams=(*scenario.streams, busy)
    )
    day = run(scenario)
    assert told(day)[-2:] == [("line", 10, 0, "full", "other"), ("other", 10, 30, "abandoned", "")]
    late = centre(Call(0, 1000), Call(10, 5, 30), exits=(("timeout", Queues(0)),), max_wait_s=20)
    day = run(replace(late, waits=(Wait("other"),), streams=(*late.streams, busy)))
    assert told(day)[-2:] == [("line", 10, 20, "timeout", "other"), ("other", 30, 10, "abandoned", "")]


def test_two_queues_that_send_callers_to_each_other_end() -> None:
    shut = (Shut(0, 1000, "closed"),)
    scenario = centre(Call(0, 5), exits=(("closed", Queues(0)),))
    rules = (QueueRules("line", shut), QueueRules("other", shut))
    waits = (Wait("other", exits=(("closed", Queues(1)),)), Wait("line", exits=(("closed", Queues(0)),)))
    day = run(replace(scenario, rules=rules, waits=waits))
    assert len(day.visits) == MOVES_MAX + 1
    assert day.visits[-1].to == ROUND


def test_few_agents_widen_at_once() -> None:
    """With fewer than two at work the last ring is asked from the start."""
    steps = (Step(0, (Need("french", 50),)), Step(60_000_000, ()))
    scenario = centre(Call(0, 10), requirement=Requirement(steps), agents=(worker("anna", "line"),))
    assert [run(ruled(scenario, widen_at_once_below=few)).visits[0].waited_s for few in (0, 1, 2)] == [
        60,
        60,
        0,
    ]


def test_nobody_is_looked_at_for_ever() -> None:
    """Endless patience, an agent who has gone, and hours that never come again: the day ends."""
    agents = (worker("anna", "line", 50), worker("ben", "other", 60))
    scenario = centre(Call(0, 500), Call(12, 50), agents=agents, estimate_s_max=10_000)
    day = run(scenario)
    assert day.visits[1].outcome == ""
    assert day.events < 20


def day_of_many() -> Scenario:
    exits = (("estimate", Queues(0)), ("closed", Ends("dial 9")), ("key 0", Queues(0)))
    stream = Stream(
        "calls", "line", calls=(60.0,) * 6, patience_s=90, retrial=0.4, estimate_s_max=60, exits=exits
    )
    stream = replace(stream, presses=(Press("key 0", 0.3, 60),), max_wait_s=100)
    agents = (*(worker(f"a{number}", "line", 3000) for number in range(12)), worker("b", "other"))
    scenario = replace(centre(agents=agents), streams=(stream,), waits=(Wait("other", max_wait_s=50),))
    return ruled(
        scenario, *scenario.waits, shut=(Shut(3300, 1e6, "closed"),), leave_when=frozenset({"no-agents"})
    )


def test_both_halves_of_the_router_give_the_same_day() -> None:
    assert simulate_day(day_of_many(), Router(3), 3, 0) == run(day_of_many(), seed=3)


def test_the_books_balance_in_every_queue_and_interval() -> None:
    """Entered and left by the callers' visits, waiting by the router: each way out is among them."""
    scenario = day_of_many()
    day = run(scenario, seed=3)
    sheet = sheet_of(scenario, day)
    books = sheet.books
    assert all(len(parts) == scenario.intervals + 1 for parts in books.values())
    assert all(book.balances for parts in books.values() for book in parts)
    kinds = {kind for parts in books.values() for book in parts for kind in book.exits}
    assert kinds >= {"answered", "abandoned", "timeout", "closed", "estimate", "key 0", "no-agents"}
    assert max(book.end for parts in books.values() for book in parts) > 0
    assert sum(book.entered for parts in books.values() for book in parts) == len(day.visits)
    whole = total(counts for parts in sheet.queues.values() for counts in parts)
    left = whole.answered + whole.abandoned + whole.too_long + whole.refused + whole.still
    assert whole.entered == left + whole.closed + whole.put_out + whole.chose
    assert min(whole.closed, whole.put_out, whole.chose) > 0


def test_books_that_do_not_balance_are_said() -> None:
    """A caller who is counted nowhere: the interval and the queue are named."""
    scenario = day_of_many()
    day = run(scenario, seed=3)
    lost = next(visit for visit in day.visits if visit.at_s // 600 < visit.left_s // 600 < 6)
    day.visits.remove(lost)
    summary = summarize(scenario, [sheet_of(scenario, day)])
    places = (int(lost.at_s // 600), int(lost.left_s // 600))
    assert summary.unbalanced == tuple((lost.queue, place) for place in places)
    assert not Book(1, 1, {"answered": 1}, 0).balances
    assert Book(1, 1, {"answered": 1}, 1).balances


def test_figures_tell_the_gates_apart() -> None:
    """Whoever finds it closed is nobody's fault; whoever is put out is late; who chose is neither."""
    shut = (Shut(0, 5, "closed"),)
    calls = (Call(0, 1), Call(10, 500), Call(20, 5), Call(30, 5, 3))
    words = {"estimate_s_max": 100, "exits": (("closed", Ends("dial 9")),)}
    scenario = ruled(centre(*calls, **words), shut=shut)
    sheet = sheet_of(scenario, run(scenario))
    counts = total(sheet.queues["line"])
    assert (counts.entered, counts.closed, counts.answered, counts.put_out) == (4, 1, 1, 2)
    assert (counts.wanted, counts.service_level) == (3, 1 / 3)
    assert dict(sheet.exits) == {("line", "closed", "dial 9"): 1, ("line", "estimate", ""): 2}


def test_a_visit_of_a_recorded_day_has_no_gate() -> None:
    """A replayed day has no borders, and its tables are as before."""
    scenario = centre(Call(0, 1))
    day = run(scenario)
    day.borders.clear()
    day.visits.append(Visit(day.visits[0].caller, "line", 5.0, 0, outcome="withdrawn"))
    sheet = sheet_of(scenario, day)
    assert (total(sheet.queues["line"]).too_long, sheet.books, dict(sheet.exits)) == (1, {}, {})
