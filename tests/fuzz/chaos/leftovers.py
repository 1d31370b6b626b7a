"""Everything that a switch can still hold when everybody has gone."""

from collections.abc import Sized

from switch.acd.decisions import AgentState
from switch.exchange.office import Office
from switch.sim.engine import ModelEngine

BOUNDS = {
    "sessions": 400,
    "transactions": 4_000,
    "dialogs": 1_500,
    "timers": 4_000,
    "bindings": 60,
    "outputs": 0,
}
"""While it runs: so many steps cannot make more than this, unless something grows by itself."""


def sizes(office: Office) -> dict[str, int]:
    """What must stay within BOUNDS at each step."""
    return {
        "sessions": len(office.sessions),
        "transactions": office.signalling.layer.open_transactions,
        "dialogs": office.signalling.dialogs,
        "timers": len(office.timers) + office.signalling.layer.pending_timers,
        "bindings": office.parts.registrar.binding_count(),
        "outputs": len(office.outputs) + len(office.commands),
    }


def leftovers(office: Office, engine: ModelEngine, now: int) -> dict[str, object]:
    """Whatever is not nothing, by name: what a call, a phone or a subscriber left behind."""
    parts, signalling = office.parts, office.signalling
    kept: dict[str, Sized] = {
        "sessions": office.sessions,
        "legs": office.legs,
        "session_of_leg": office.session_of_leg,
        "leg_of_slot": office.leg_of_slot,
        "gateway_of_leg": office.gateway_of_leg,
        "session_of_contact": office.session_of_contact,
        "session_of_attempt": office.session_of_attempt,
        "router_inputs": office.router_inputs,
        "flow_inputs": office.flow_inputs,
        "actions": office.actions,
        "closing": office.closing,
        "timers": office.timers,
        "owned transactions": signalling._by_transaction,
        "dialogs": signalling._by_dialog,
        "repeated with credentials": signalling._instead,
        "touched": signalling.touched,
        "streams": engine.streams,
    }
    if office.watching is not None:
        kept["subscriptions"] = office.watching.notifier.subscriptions()
        kept["watched"] = office.watching.notifier.resources()
    found: dict[str, object] = {name: things for name, things in kept.items() if len(things)}
    counts = {
        "transactions": signalling.layer.open_transactions,
        "transaction timers": signalling.layer.pending_timers,
        "slots": parts.slots.in_use,
        "bindings": parts.registrar.binding_count(),
        "channels": sum(parts.trunks.in_use(name) for name in parts.trunks.names()),
        "tickets": sum(len(usage.tickets) for usage in parts.limits._usage.values()),
        "waiting": sum(len(tenancy.router.waiting(now)) for tenancy in parts.tenancies.values()),
    }
    found |= {name: count for name, count in counts.items() if count}
    busy = (AgentState.BUSY, AgentState.OFFERED, AgentState.WRAP_UP)
    agents = [view for tenancy in parts.tenancies.values() for view in tenancy.router.agents(now)]
    stuck = [view for view in agents if view.state in busy]
    if stuck:
        found["agents"] = stuck
    return found
