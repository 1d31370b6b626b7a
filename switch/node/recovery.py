"""What the journal gives back after a restart, whether the last one was orderly or a kill.

| left open | then |
| --- | --- |
| a call without its end | a record with cause `signalling-lost`: its legs died with the process |
| an agent signed in, or paused | signed in, or paused, again: nobody has to dial a code after a restart |
| a phone's registration by UDP | taken back until it expires; by TCP it must connect again |
"""

from switch.acd.events import Pause, SignIn
from switch.exchange.exchange import Exchange
from switch.journal import events
from switch.journal.entry import Entry, Journal
from switch.store.store import Store


def close_open_calls(store: Store, journal: Journal, now: int) -> int:
    """Write the records of calls that the last process left open; how many there were."""
    left = store.open_calls()
    for entry in left:
        journal.write(_record(entry, journal.wall(now)), now, tenant=entry.tenant, call=entry.call)
    return len(left)


def _record(started: Entry, wall_us: int) -> events.CallEnded:
    event = started.event
    assert isinstance(event, events.CallStarted), "an open call is one that started"
    return events.CallEnded(
        direction=event.direction,
        caller=event.caller,
        called=event.called,
        source=event.source,
        started_wall_us=started.wall_us,
        answered_wall_us=0,
        ended_wall_us=wall_us,
        cause="signalling-lost",
        by="switch",
        sip_status=408,
        queue="",
        agent="",
        waited_us=0,
        talked_us=0,
        held_us=0,
        transfers=0,
    )


def restore_agents(store: Store, exchange: Exchange, now: int) -> None:
    """Presence and pauses as they were; agents who are no longer configured are left out."""
    for (tenant, agent), last in store.agent_axes().items():
        tenancy = exchange.office.parts.tenancies.get(tenant)
        if tenancy is None or agent not in tenancy.plan.agents or not last.signed_in:
            continue
        exchange.office.tell_router(tenant, SignIn(agent))
        if last.paused:
            exchange.office.tell_router(tenant, Pause(agent, last.paused))
    exchange.settle(now)
