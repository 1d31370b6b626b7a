"""The ten metrics from hand-made journals: every figure is worked out by hand here."""

import pytest

from switch.journal.entry import Entry, Journal
from switch.journal.events import (
    AgentChanged,
    AgentConnected,
    CallStarted,
    Event,
    NodeStarted,
    NodeStopped,
    Queued,
    QueueRefused,
    Transferred,
    VisitEnded,
)
from switch.metrics.report import Figure, Report, measure
from tests.journal.sample import S, ended

BASE = 1_750_000_000 * S
HOUR = 3600


class Day:
    """Writes a journal by seconds; wall time is BASE + seconds."""

    def __init__(self) -> None:
        self.journal = Journal(wall_offset_us=BASE)
        self.entries: list[Entry] = []
        self._calls = 0

    def at(self, second: int, event: Event, tenant: str = "acme", call: str = "") -> None:
        self.entries.append(self.journal.write(event, second * S, tenant=tenant, call=call))

    def arrive(self, second: int, caller: str, queue: str, tenant: str = "acme") -> str:
        self._calls += 1
        call = f"c-{self._calls}"
        self.at(second, CallStarted("inbound", caller, "100", "carrier", "x"), tenant, call)
        self.at(second, Queued(call, queue, 0, 1, ()), tenant, call)
        return call

    def connect(
        self, second: int, call: str, queue: str, agent: str, waited: int, tenant: str = "acme"
    ) -> None:
        self.at(second, AgentConnected(call, queue, agent, waited * S), tenant, call)

    def finish(
        self, second: int, call: str, queue: str, agent: str, talked: int, tenant: str = "acme"
    ) -> None:
        self.at(second, VisitEnded(call, queue, "ended", "", agent, 0, talked * S), tenant, call)

    def leave(self, second: int, call: str, queue: str, waited: int, outcome: str = "abandoned") -> None:
        self.at(second, VisitEnded(call, queue, outcome, "", "", waited * S, 0), "acme", call)

    def agent(self, second: int, agent: str, state: str, tenant: str = "acme") -> None:
        self.at(second, AgentChanged(agent, state, "", True, ""), tenant)

    def report(self, start: int = 0, end: int = HOUR, **scope: object) -> Report:
        self.entries.sort(key=lambda entry: entry.wall_us)
        return measure(
            self.entries,
            from_wall_us=BASE + start * S,
            until_wall_us=BASE + end * S,
            thresholds_us={("acme", "support"): 20 * S, ("acme", "sales"): 10 * S},
            **scope,  # type: ignore[arg-type]  # tests name keyword arguments of three types
        )


def figure(report: Report, name: str) -> Figure:
    (found,) = (figure for figure in report.figures if figure.name == name)
    return found


def test_the_ten_are_always_there_in_order() -> None:
    report = Day().report()
    assert [figure.name for figure in report.figures] == [
        "service level",
        "abandonment",
        "speed of answer",
        "handling time",
        "wrap-up",
        "occupancy",
        "first-contact resolution",
        "transfer rate",
        "satisfaction",
        "cost a contact",
    ]
    assert {figure.text for figure in report.figures} == {"not measured"}
    assert all(figure.note and figure.definition for figure in report.figures)


@pytest.fixture
def day() -> Day:
    """Support: answered after 20 s, 21 s and 4 s; abandoned after 3 s, 15 s and 40 s; one withdrawn."""
    day = Day()
    for second, caller, waited, agent, talked in (
        (100, "+331", 20, "anna", 60),
        (200, "+332", 21, "bob", 120),
        (300, "+333", 4, "anna", 30),
    ):
        call = day.arrive(second, caller, "support")
        day.connect(second + waited, call, "support", agent, waited)
        day.finish(second + waited + talked, call, "support", agent, talked)
    for second, waited in ((400, 3), (500, 15), (600, 40)):
        call = day.arrive(second, f"+34{second}", "support")
        day.leave(second + waited, call, "support", waited)
    call = day.arrive(700, "+35", "support")
    day.leave(790, call, "support", 90, "withdrawn")
    return day


def test_service_level_counts_answers_and_abandons_within_the_threshold(day: Day) -> None:
    found = figure(day.report(), "service level")
    # In time: answered after 20 (the threshold itself) and 4; abandoned after 3 and 15. Of 3 + 3.
    assert (found.numerator, found.denominator, found.value) == (4, 6, 4 / 6)
    assert found.text == "66.7 %"


def test_each_queue_has_its_own_threshold(day: Day) -> None:
    call = day.arrive(800, "+36", "sales")
    day.connect(815, call, "sales", "bob", 15)
    assert figure(day.report(queue="sales"), "service level").value == 0.0
    assert figure(day.report(queue="support"), "service level").value == 4 / 6
    assert figure(day.report(), "service level").denominator == 7


def test_abandonment_is_of_all_whose_wait_ended(day: Day) -> None:
    found = figure(day.report(), "abandonment")
    assert (found.numerator, found.denominator, found.value) == (3, 7, 3 / 7)
    # Without the one who left after 3 s: 2 of 6.
    assert found.note == "33.3 % without those within 5 s"


def test_speed_of_answer_is_of_the_answered_alone(day: Day) -> None:
    found = figure(day.report(), "speed of answer")
    assert (found.value, found.text) == (15.0, "15.0 s")


def test_handling_time_and_wrap_up(day: Day) -> None:
    for start, end, agent in ((180, 190, "anna"), (341, 371, "bob"), (334, 339, "anna")):
        day.agent(start, agent, "wrap-up")
        day.agent(end, agent, "available")
    # Talks of 60, 120 and 30 s, wrap-ups of 10, 30 and 5 s, three handled.
    assert figure(day.report(), "handling time").value == (210 + 45) / 3
    assert figure(day.report(), "wrap-up").value == 45 / 3


def test_wrap_up_belongs_to_the_queue_that_was_served() -> None:
    day = Day()
    for second, queue in ((0, "support"), (100, "sales")):
        call = day.arrive(second, "+331", queue)
        day.connect(second + 1, call, queue, "anna", 1)
        day.finish(second + 11, call, queue, "anna", 10)
        day.agent(second + 11, "anna", "wrap-up")
        day.agent(second + (21 if queue == "support" else 41), "anna", "available")
    assert figure(day.report(queue="support"), "wrap-up").value == 10.0
    assert figure(day.report(queue="sales"), "wrap-up").value == 30.0
    assert figure(day.report(), "wrap-up").value == 20.0


def test_occupancy_is_clipped_to_the_interval() -> None:
    day = Day()
    day.agent(0, "anna", "available")
    day.agent(100, "anna", "offered")
    day.agent(110, "anna", "busy")
    day.agent(200, "anna", "wrap-up")
    day.agent(220, "anna", "paused")
    day.agent(300, "anna", "available")
    # Of [50, 400): ready 50 + 10 + 100, occupied 90 + 20, the pause is neither.
    found = figure(day.report(50, 400), "occupancy")
    assert (found.numerator, found.denominator) == (110 * S, 270 * S)
    assert found.value == 110 / 270


def test_an_agent_who_was_busy_before_the_interval_and_after_it() -> None:
    day = Day()
    day.agent(0, "anna", "busy")
    day.agent(1000, "anna", "available")
    assert figure(day.report(100, 200), "occupancy").value == 1.0


def test_occupancy_of_one_queue_cannot_be_told() -> None:
    day = Day()
    day.agent(0, "anna", "busy")
    assert figure(day.report(queue="support"), "occupancy").value is None


def test_a_killed_switch_does_not_make_agents_busy_until_its_next_start() -> None:
    day = Day()
    day.agent(0, "anna", "busy")
    day.agent(50, "bob", "available")
    day.at(1000, NodeStarted("n1", "0.1", ""), tenant="")
    found = figure(day.report(), "occupancy")
    assert (found.numerator, found.denominator) == (50 * S, 50 * S)


def test_a_stopped_switch_ends_every_state() -> None:
    day = Day()
    day.agent(0, "anna", "busy")
    day.at(60, NodeStopped("asked"), tenant="")
    assert figure(day.report(), "occupancy").numerator == 60 * S


def test_first_contact_resolution() -> None:
    day = Day()
    for second, caller in ((0, "+331"), (100, "+332"), (200, "anonymous"), (300, "+333")):
        call = day.arrive(second, caller, "support")
        day.connect(second + 1, call, "support", "anna", 1)
        day.finish(second + 50, call, "support", "anna", 49)
    day.arrive(1000, "+331", "support")
    day.arrive(1000, "+332", "sales")
    day.arrive(5000, "+333", "support")
    # +331 came back to the queue; +332 to another one; +333 after the window; anonymous is not known.
    found = figure(day.report(repeat_window_us=HOUR * S), "first-contact resolution")
    assert (found.numerator, found.denominator, found.value) == (2, 3, 2 / 3)
    assert figure(day.report(repeat_window_us=2 * HOUR * S), "first-contact resolution").value == 1 / 3


def test_a_call_that_comes_back_to_its_queue_by_transfer_is_one_contact() -> None:
    day = Day()
    call = day.arrive(0, "+331", "support")
    for second, agent in ((0, "anna"), (100, "bob")):
        day.connect(second + 1, call, "support", agent, 1)
        day.finish(second + 50, call, "support", agent, 49)
        day.at(second + 51, Queued(call, "support", 0, 1, ()), call=call)
    found = figure(day.report(), "first-contact resolution")
    assert (found.numerator, found.denominator) == (1, 1)


def test_transfer_rate_counts_done_transfers_of_served_calls(day: Day) -> None:
    day.at(130, Transferred("l-1", "102", "done"), call="c-1")
    day.at(230, Transferred("l-1", "102", "failed"), call="c-2")
    day.at(130, Transferred("l-1", "102", "done"), call="c-internal")
    day.at(185, ended(), call="c-1")
    found = figure(day.report(), "transfer rate")
    assert (found.numerator, found.denominator, found.value) == (1, 3, 1 / 3)


def test_the_interval_decides_by_the_end_of_the_wait(day: Day) -> None:
    # Arrived at 100, answered at 120.
    assert figure(day.report(110, 121), "service level").denominator == 1
    assert figure(day.report(100, 120), "service level").denominator == 0
    assert figure(day.report(121, 220), "service level").denominator == 0


def test_tenants_with_the_same_names_do_not_mix(day: Day) -> None:
    call = day.arrive(100, "+331", "support", "beta")
    day.connect(190, call, "support", "anna", 90, "beta")
    day.finish(200, call, "support", "anna", 10, "beta")
    day.agent(100, "anna", "busy", "beta")
    assert figure(day.report(tenant="beta"), "service level").value == 0.0
    assert figure(day.report(tenant="beta"), "handling time").value == 10.0
    assert figure(day.report(tenant="beta"), "first-contact resolution").value == 1.0
    assert figure(day.report(tenant="acme"), "service level").value == 4 / 6
    assert figure(day.report(tenant="acme"), "occupancy").value is None


def test_entered_and_refused_are_told_apart() -> None:
    day = Day()
    call = day.arrive(0, "+331", "support")
    day.at(1, QueueRefused("c-9", "support", "full"), call="c-9")
    day.at(5, QueueRefused(call, "support", "queue-removed"), call=call)
    day.leave(5, call, "support", 5, "refused")
    counts = day.report().counts
    assert (counts.entered, counts.not_let_in, counts.put_out) == (1, 1, 1)
    assert counts.entered == (counts.answered + counts.abandoned + counts.withdrawn + counts.put_out), (
        "nobody is left in the queue"
    )
