"""What a restart gives back, whether the last process stopped or was killed."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from switch.acd.events import SetAgent
from switch.acd.select import make_router
from switch.acd.settings import AgentSettings
from switch.acd.trail import Trail
from switch.base.clock import SECOND
from switch.exchange.callbacks import listed
from switch.journal.entry import Journal
from switch.journal.events import (
    AgentChanged,
    CallEnded,
    CallStarted,
    Event,
    LegAnswered,
    OutsideCharged,
    OutsideCounted,
)
from switch.journal.queue_events import CallbackEnded, CallbackKept
from switch.node import clock
from switch.node.bindings import kept
from switch.node.clock import now_us
from switch.node.recovery import (
    close_open_calls,
    go_on,
    restore_agents,
    restore_callbacks,
    restore_last_agents,
    restore_limits,
)
from switch.node.trail_keeper import DAY_US, TrailKeeper
from switch.sip.flow import Transport
from switch.store.rows import rows_of
from switch.store.store import Store
from switch.tenant.limits import Limit, LimitBook, Limits, Refusal, TenantLimits
from tests.node.test_bindings import DIALPLAN, binding, switch

WALL = 1_772_614_800 * SECOND
STEP = (0, (), (), (), (), (), ())
STARTED = CallStarted("inbound", "+33612345678", "+33199000100", "carrier", "id@carrier")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "switch.db")
    yield opened
    opened.close()


def lived(store: Store, *events: tuple[int, str, Event]) -> None:
    """What the last process wrote: (second, call, event)."""
    journal = Journal(store.last_sequence(), WALL)
    for second, call, event in events:
        journal.write(event, second * SECOND, tenant="shop", call=call)
    store.append(journal.drain())


def test_a_call_that_a_kill_cut_off_gets_its_one_record(store: Store) -> None:
    lived(
        store,
        (0, "c-1", STARTED),
        (3, "c-1", LegAnswered("l-1", "PCMA")),
        (60, "", AgentChanged("a", "paused", "", True, "")),
    )
    journal = Journal(store.last_sequence(), WALL)
    assert close_open_calls(store, journal, 100 * SECOND) == 1
    store.append(journal.drain())
    (record,) = store.calls()
    assert (record.call, record.tenant, record.cause) == ("c-1", "shop", "signalling-lost")
    assert record.answered_wall_us == WALL + 3 * SECOND
    # The last sign of life, not the time of the restart.
    assert record.ended_wall_us == WALL + 60 * SECOND
    again = Journal(store.last_sequence(), WALL)
    assert close_open_calls(store, again, 100 * SECOND) == 0
    assert again.drain() == []


def test_an_orderly_stop_leaves_nothing_to_close(store: Store) -> None:
    ended = CallEnded(
        "inbound", "a", "b", "carrier", WALL, 0, WALL + SECOND, "normal", "caller", 200, "", "", 0, 0, 0, 0
    )
    lived(store, (0, "c-1", STARTED), (1, "c-1", ended))
    journal = Journal(store.last_sequence(), WALL)
    assert close_open_calls(store, journal, 0) == 0
    assert journal.drain() == []


@pytest.mark.parametrize(
    ("last", "state", "reason"),
    [
        (AgentChanged("anna", "busy", "", True, ""), "available", ""),
        (AgentChanged("anna", "paused", "lunch", True, "lunch"), "paused", "lunch"),
        (AgentChanged("anna", "wrap-up", "", True, "lunch"), "paused", "lunch"),
        (AgentChanged("anna", "logged-out", "", False, ""), "logged-out", ""),
    ],
)
def test_an_agent_is_found_as_left(store: Store, last: AgentChanged, state: str, reason: str) -> None:
    lived(store, (0, "", AgentChanged("anna", "available", "", True, "")), (1, "", last))
    lived(store, (2, "", AgentChanged("long-gone", "available", "", True, "")))
    exchange = switch(WALL)
    exchange.office.parts.registrar.adopt("shop-101", binding(Transport.UDP, 300 * SECOND), 0)
    restore_agents(store, exchange, 0)
    router = exchange.office.parts.tenancies["shop"].router
    (anna,) = router.agents(0)
    assert (anna.name, str(anna.state), anna.reason) == ("anna", state, reason)


def test_what_came_by_a_stream_is_not_kept_even_where_we_listen_for_streams() -> None:
    exchange = switch(WALL)
    registrar = exchange.office.parts.registrar
    registrar.adopt("shop-101", binding(Transport.TCP, 300 * SECOND), 0)
    assert registrar.binding_count() == 1
    assert kept(exchange, 0) == []


class TestLimitsAfterARestart:
    """A stolen password is not given a new hour by whoever makes the switch start again."""

    LIMITS = Limits(calls_per_minute=2, cost_per_hour=1_000_000)

    def restored(self, store: Store, at_s: int) -> LimitBook:
        exchange = switch(WALL)
        book = exchange.office.parts.limits
        book.set_tenants({"shop": TenantLimits(self.LIMITS, {"101": self.LIMITS}, (("+", 600_000),))})
        restore_limits(store, exchange, at_s * SECOND)
        return book

    def test_what_was_charged_within_the_hour_counts_again(self, store: Store) -> None:
        lived(
            store,
            (0, "c-1", OutsideCounted("a-1", "101", 600_000)),
            (60, "c-1", OutsideCharged("a-1", "101", 600_000)),
            (70, "c-2", OutsideCounted("a-2", "", 600_000)),
            (190, "c-2", OutsideCharged("a-2", "", 1_200_000)),
        )
        book, now = self.restored(store, 200), 200 * SECOND
        assert (book.spent("shop", "101", now), book.spent("shop", "", now)) == (600_000, 1_800_000)
        assert book.check("shop", "", "+33612345678", now) == Refusal("tenant", Limit.COST)
        assert book.spent("shop", "", 3_700 * SECOND) == 1_200_000

    def test_a_call_that_was_cut_off_is_charged_until_the_last_life_sign(self, store: Store) -> None:
        lived(
            store,
            (0, "c-1", OutsideCounted("a-1", "101", 600_000)),
            (0, "c-1", OutsideCharged("a-1", "101", 0)),
            (10, "c-1", OutsideCounted("a-1", "101", 600_000)),
            (40, "", AgentChanged("a", "paused", "", True, "")),
        )
        book = self.restored(store, 500)
        assert book.spent("shop", "101", 500 * SECOND) == 300_000

    def test_the_calls_of_the_last_minute_count_again_by_account_and_gateways_once(
        self, store: Store
    ) -> None:
        lived(
            store,
            (0, "c-0", OutsideCounted("a-0", "101", 0)),
            (61, "c-1", OutsideCounted("a-1", "101", 0)),
            (62, "c-1", OutsideCounted("a-1", "101", 0)),
            (63, "c-2", OutsideCounted("a-2", "102", 0)),
        )
        book, now = self.restored(store, 65), 65 * SECOND
        assert book.check("shop", "101", "+33612345678", now) == Refusal("tenant", Limit.CALLS_PER_MINUTE)
        assert book.check("shop", "101", "+33612345678", 122 * SECOND) is None

    def test_who_states_no_limits_has_nothing_read(self, store: Store) -> None:
        lived(store, (0, "c-1", OutsideCounted("a-1", "101", 600_000)))
        exchange = switch(WALL)
        restore_limits(store, exchange, SECOND)
        assert exchange.office.parts.limits.spent("shop", "", SECOND) == 0


def test_a_promise_to_call_back_outlives_a_kill(store: Store) -> None:
    """By its own id, at the place of whoever asked; one that was kept or ended is not taken up again."""

    def promise(name: str, number: str, tries: int = 3) -> CallbackKept:
        wall = WALL + 10 * SECOND
        return CallbackKept(name, "sales", number, wall, wall + 3_600 * SECOND, 5, tries, False, (STEP,))

    lived(
        store,
        (10, "b-1", promise("b-1", "+33611111111")),
        (11, "b-2", promise("b-2", "+33622222222")),
        (12, "b-3", promise("b-3", "+33633333333")),
        (13, "b-2", CallbackEnded("b-2", "sales", "+33622222222", "answered")),
        (14, "b-3", promise("b-3", "+33633333333", tries=1)),
    )
    queue = "queues: {sales: {callback: {}, refuse_without_agents: false}}\n"
    exchange = switch(WALL, DIALPLAN + queue)
    assert restore_callbacks(store, exchange, 100 * SECOND) == 2
    rows = listed(exchange.office)
    assert [(row.id, row.number, row.tries_left, row.since) for row in rows] == [
        ("b-1", "+33611111111", 3, 10 * SECOND),
        ("b-3", "+33633333333", 1, 10 * SECOND),
    ]
    router = exchange.office.parts.tenancies["shop"].router
    assert [view.waiting_since for view in router.waiting(100 * SECOND)] == [10 * SECOND] * 2
    assert exchange.cancel_callback("b-1", 101 * SECOND)
    assert not exchange.cancel_callback("b-2", 101 * SECOND)


def test_the_agents_of_last_time_are_known_again(store: Store) -> None:
    def ended(caller: str, agent: str, wall_us: int) -> CallEnded:
        times = (wall_us, wall_us, wall_us)
        return CallEnded(
            "inbound", caller, "b", "carrier", *times, "normal", "caller", 200, "sales", agent, 0, 0, 0, 0
        )

    lived(
        store,
        (0, "c-1", ended("+33611111111", "anna", WALL - 3 * 86_400 * SECOND)),
        (1, "c-2", ended("+33622222222", "ben", WALL)),
        (2, "c-3", ended("+33622222222", "anna", WALL + SECOND)),
        (3, "c-4", ended("+33633333333", "", WALL)),
    )
    exchange = switch(WALL, DIALPLAN + "queues: {sales: {last_agent: {remember_days: 2}}}\n")
    restore_last_agents(store, exchange, 10 * SECOND)
    known = exchange.office.last_agents
    assert known is not None
    callers = ("+33611111111", "+33622222222", "+33633333333")
    assert [known.of("shop", caller, 10 * SECOND) for caller in callers] == ["", "anna", ""]


async def test_what_routers_were_told_long_ago_is_pruned(store: Store) -> None:
    """Once an hour, up to the days that are kept; what a restart begins with stays."""
    router = make_router()
    trail = Trail("shop", 1, router)
    store.write(rows_of([], trail.take(router, 0, 0, 0)))
    for number in range(1, 4):
        event = SetAgent(AgentSettings(f"agent-{number}"))
        trail.note(event, number)
        router.apply(event, number)
        trail.lost()
        store.write(rows_of([], trail.take(router, number, number * DAY_US, 0)))
    keeper = TrailKeeper(store, Journal(0, 5 * DAY_US - now_us()), days=3)
    assert await keeper.prune() == 2
    (run,) = store.trails.runs()
    assert (run.first, run.last) == (2, 3)
    assert await keeper.prune() == 0


def test_the_clock_goes_on_where_the_last_process_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was started again counts from nought; what was left is in the old count."""
    monkeypatch.setattr(clock, "_ahead_us", 0)
    go_on(store)
    assert clock._ahead_us == 0, "an empty journal has no time"
    machine, wall = clock.now_us(), time.time_ns() // 1_000
    for at, wall_us, ahead in (
        (machine - 60 * SECOND, wall - 60 * SECOND, 0),
        (machine + 900 * SECOND, wall - 60 * SECOND, 960 * SECOND),
        (machine - 900 * SECOND, wall - 60 * SECOND, -840 * SECOND),
        (machine + 900 * SECOND, wall + 60 * SECOND, 900 * SECOND),
    ):
        clock.go_on_from(at, wall_us)
        assert abs(clock._ahead_us - ahead) < SECOND
        assert clock.now_us() >= at
    monkeypatch.setattr(clock, "_ahead_us", 0)
