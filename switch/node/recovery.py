"""What the journal gives back after a restart, whether the last one was orderly or a kill.

| left open | then |
| --- | --- |
| a call without its end | a record with cause `signalling-lost`: its legs died with the process |
| a visit without its end | ended (a talk) or withdrawn (a wait), so that entered = exits + waiting holds |
| calls to the outside of the last hour, limited | counted again: a restart gives nobody a new hour |
| each tenant's router | goes on: presence, pauses, idle order, counts; for the rest see `acd/restart.py` |
| the same where its trail cannot be read | agents signed in, or paused, again: nobody has to dial a code |
| a callback that is promised and not kept | it waits again, at the place of the caller who asked |
| a phone's registration by UDP | taken back until it expires; by TCP it must connect again |
"""

from collections.abc import Collection, Iterator

import structlog

from switch.acd.decisions import VisitOutcome
from switch.acd.events import Pause, SignIn
from switch.acd.repeat import Repeat
from switch.acd.restart import Resumed, resume
from switch.acd.trail import TrailError
from switch.exchange import callbacks, wishes
from switch.exchange.exchange import Exchange
from switch.journal import events, queue_events
from switch.journal.entry import Entry, Journal
from switch.journal.why import Explanation, explain
from switch.node.clock import go_on_from
from switch.store.store import Store
from switch.tenant.limits import COST_MINUTES, MINUTE_US

_log = structlog.get_logger()

LAST_AGENTS_MAX = 20_000
"""Records read for the agents of last time: a second of the start, and the last day of a large centre."""

CUT_OFF = "signalling-lost"
_ANSWERED = events.LegAnswered.KIND


def close_open_calls(store: Store, journal: Journal, now: int) -> int:
    """Write the records of calls that the last process left open; how many there were."""
    left = store.open_calls()
    if not left:
        return 0
    # The last entry of all is the last moment at which that process is known to have lived.
    died_wall_us = store.entries_since(store.last_sequence() - 1)[-1].wall_us
    for entry in left:
        story = explain(store.entries_of_call(entry.call))
        assert story is not None, "an open call has at least the entry that opened it"
        for event in _endings(entry, story, died_wall_us):
            journal.write(event, now, tenant=entry.tenant, call=entry.call)
    return len(left)


def _endings(
    started: Entry, story: Explanation, died_wall_us: int
) -> Iterator[events.VisitEnded | events.CallEnded]:
    """The end of the visit that stands, if one does, and the call's record, as far as both are known."""
    event = started.event
    assert isinstance(event, events.CallStarted), "an open call is one that started"
    visit = story.visits[-1] if story.visits else None
    died_us = max(0, died_wall_us - started.wall_us)
    waited_us = talked_us = 0
    if visit is not None and not visit.outcome:
        waited_us = visit.waited_us if visit.agent else max(0, died_us - visit.at_us)
        talked_us = max(0, died_us - visit.at_us - waited_us) if visit.agent else 0
        outcome = VisitOutcome.ENDED if visit.agent else VisitOutcome.WITHDRAWN
        yield events.VisitEnded(
            visit.contact, visit.queue, outcome, CUT_OFF, visit.agent, waited_us, talked_us
        )
    yield events.CallEnded(
        direction=event.direction,
        caller=event.caller,
        called=event.called,
        source=event.source,
        started_wall_us=started.wall_us,
        answered_wall_us=next(
            (started.wall_us + moment.at_us for moment in story.moments if moment.what == _ANSWERED), 0
        ),
        ended_wall_us=max(started.wall_us, died_wall_us),
        cause=CUT_OFF,
        by="switch",
        sip_status=408,
        queue="" if visit is None else visit.queue,
        agent="" if visit is None else visit.agent,
        waited_us=sum(past.waited_us for past in story.visits[:-1]) + waited_us,
        talked_us=talked_us,
        held_us=0,
        transfers=0,
    )


def go_on(store: Store) -> None:
    """The clock of the core goes on from the last entry."""
    last = store.entries_since(store.last_sequence() - 1)
    if last:
        go_on_from(last[-1].at, last[-1].wall_us)


def resume_routers(store: Store, tenants: Collection[str]) -> dict[str, Resumed]:
    """Each tenant's router as the last process left it, from its trail: the nearest snapshot, and what it was
    told since. One that cannot be read, or not be proved, begins anew."""
    resumed = {}
    for tenant, run in store.trails.latest().items():
        if tenant not in tenants:
            continue
        try:
            resumed[tenant] = _resume(store, tenant, run)
        except Exception as error:
            # Whatever is wrong with the past, the switch starts.
            _log.warning("a router begins anew", tenant=tenant, reason=str(error) or repr(error))
    return resumed


def _resume(store: Store, tenant: str, run: int) -> Resumed:
    snapshot = store.trails.snapshot(tenant, run)
    if snapshot is None:
        raise TrailError(f"router {tenant}: its trail has no snapshot to begin with")
    again = Repeat()
    for _ in again.steps(store.trails.onward(snapshot)):
        pass
    if again.unequal:
        raise TrailError(f"router {tenant}: behind event {again.unequal[0]} its state is not what it was")
    return resume(again.router.snapshot(), CUT_OFF)


def restore_agents(
    store: Store, exchange: Exchange, now: int, resumed: Collection[str] = frozenset()
) -> None:
    """Presence and pauses as they were, of tenants whose router was not resumed; agents who are no longer
    configured are left out."""
    for (tenant, agent), last in store.agent_axes().items():
        if tenant in resumed:
            continue
        tenancy = exchange.office.parts.tenancies.get(tenant)
        if tenancy is None or agent not in tenancy.plan.agents or not last.signed_in:
            continue
        exchange.office.tell_router(tenant, SignIn(agent))
        if last.paused:
            exchange.office.tell_router(tenant, Pause(agent, last.paused))
    exchange.settle(now)


def restore_callbacks(store: Store, exchange: Exchange, now: int) -> int:
    """Open promises wait again, each with its place; how many."""
    office = exchange.office
    plans = [tenancy.plan for tenancy in office.parts.tenancies.values()]
    if not any(queue.callback for plan in plans for queue in plan.queues.values()):
        return 0
    kinds = (queue_events.CallbackKept.KIND, queue_events.CallbackEnded.KIND)
    kept: dict[str, tuple[str, queue_events.CallbackKept]] = {}
    for entry in store.entries_of_kinds(kinds, office.journal.wall(now) - callbacks.LIVES_US_MAX):
        if isinstance(entry.event, queue_events.CallbackKept):
            kept[entry.event.callback] = entry.tenant, entry.event
        elif isinstance(entry.event, queue_events.CallbackEnded):
            kept.pop(entry.event.callback, None)
    restored = callbacks.restore(office, kept.values(), now)
    exchange.settle(now)
    return restored


def restore_last_agents(store: Store, exchange: Exchange, now: int) -> None:
    """Whom callers talked to, from the records of the last calls, where a queue brings them back."""
    office = exchange.office
    wall_us = office.journal.wall(now)
    wanted = {
        (key, queue.name): queue.remember_days * wishes.DAY_US
        for key, tenancy in office.parts.tenancies.items()
        for queue in tenancy.plan.queues.values()
        if queue.sticky_s >= 0
    }
    if not wanted:
        return
    for row in reversed(store.calls(LAST_AGENTS_MAX)):
        days_us = wanted.get((row.tenant, row.queue))
        if days_us is not None and row.agent:
            until = now + row.ended_wall_us + days_us - wall_us
            wishes.remember(office, row.tenant, row.caller, row.agent, until)


def restore_limits(store: Store, exchange: Exchange, now: int) -> None:
    """What the last hour's calls to the outside used of their limits. One that the restart cut off is charged
    up to the last moment at which the process is known to have lived."""
    office = exchange.office
    limits = office.parts.limits
    if not any(limits.limited(tenant) for tenant in office.parts.tenancies):
        return
    wall_us = office.journal.wall(now)
    kinds = (events.OutsideCounted.KIND, events.OutsideCharged.KIND)
    entries = store.entries_of_kinds(kinds, wall_us - COST_MINUTES * MINUTE_US)
    if not entries:
        return
    died_wall_us = store.entries_since(store.last_sequence() - 1)[-1].wall_us
    starts: dict[str, tuple[str, int, str]] = {}
    spent: list[tuple[str, int, str, int]] = []
    standing: dict[str, tuple[Entry, events.OutsideCounted]] = {}
    for entry in entries:
        event, at = entry.event, now - (wall_us - entry.wall_us)
        if isinstance(event, events.OutsideCounted):
            # Written for each gateway that was tried: one call, which began with the first.
            starts.setdefault(event.count, (entry.tenant, at, event.account))
            standing[event.count] = entry, event
        elif isinstance(event, events.OutsideCharged):
            standing.pop(event.count, None)
            spent.append((entry.tenant, at, event.account, event.cost))
    for entry, event in standing.values():
        cost = event.rate * max(0, died_wall_us - entry.wall_us) // MINUTE_US
        spent.append((entry.tenant, now - (wall_us - died_wall_us), event.account, cost))
    for tenant in filter(limits.limited, office.parts.tenancies):
        limits.restore(
            tenant,
            [(at, account) for of, at, account in starts.values() if of == tenant],
            [(at, account, cost) for of, at, account, cost in spent if of == tenant],
            now,
        )
