"""Registrations become the router's reachability: an agent whose phone is gone is offered nothing."""

from switch.acd.events import Reach
from switch.exchange import carriers, lines
from switch.exchange.office import Office
from switch.journal import events as journal
from switch.registrar.values import AuthenticationFailed, BindingRefreshed, BindingRemoved, FlowMoved
from switch.tenant.names import split_wire_name, wire_name
from switch.trunk.settings import Ask

FAILURES_TOLD = frozenset({1, 10, 100, 1_000, 10_000})
"""Of one address: a phone with a wrong secret is worth a line, and a guesser a few, not one a guess."""


def settle(office: Office, now: int) -> bool:
    """Take what the registrar and the trunks tell; True when there was anything."""
    happened = office.parts.registrar.poll()
    for event in happened:
        if isinstance(event, AuthenticationFailed):
            office.failed_logins += 1
            if event.failures in FAILURES_TOLD:
                office.notices.append(event)
            continue
        if isinstance(event, FlowMoved):
            _move_legs(office, event, now)
            if office.watching is not None:
                notifier = office.watching.notifier
                notifier.moved(event.account, event.old, event.new, event.old_contact, event.new_contact, now)
            continue
        if isinstance(event, BindingRefreshed):
            # Hundreds of agents refresh each minute: what changes nothing would drown the journal.
            continue
        names = split_wire_name(event.account)
        assert names is not None, "accounts are named by the tenant room"
        tenant, account = names
        gone = isinstance(event, BindingRemoved)
        if office.watching is not None:
            office.watching.bindings_changed(tenant, account)
        if isinstance(event, BindingRemoved):
            entry = journal.Unregistered(account, event.contact, event.reason)
            office.journal.write(entry, now, tenant=tenant)
            gone = event.remaining == 0
        else:
            added = journal.Registered(account, event.contact, event.address, event.expires_s)
            office.journal.write(added, now, tenant=tenant)
            if office.watching is not None:
                office.watching.phone_came(event.account, event.contact, now)
        agent = office.agent_at(tenant, account)
        if agent:
            office.tell_router(tenant, Reach(agent, not gone))
            if not gone and office.lines is not None:
                lines.registered(office, tenant, agent, now)
    told = office.parts.trunks.poll()
    for news in told:
        if isinstance(news, Ask):
            carriers.ask(office, news, now)
        else:
            office.notices.append(news)
    return bool(happened) or bool(told)


def _move_legs(office: Office, event: FlowMoved, now: int) -> None:
    """A phone is reached by another flow: its calls go on by that one. Phones move seldom, so that the legs
    are looked through rather than kept by flow, which each call would pay for."""
    for leg in office.legs.values():
        if leg.account and leg.flow == event.old:
            session = office.session_of_leg[leg.id]
            if wire_name(session.tenant, leg.account) == event.account:
                leg.reconnect(event.new, event.old_contact, event.new_contact, now)
                office.schedule(leg)


def refresh(office: Office, tenant: str, now: int) -> None:
    """Say of each agent whether a phone is there: a router that is new or changed has not heard it."""
    registrar = office.parts.registrar
    for agent in office.parts.tenancies[tenant].plan.agents.values():
        reachable = bool(registrar.bindings(wire_name(tenant, agent.account), now))
        office.tell_router(tenant, Reach(agent.name, reachable))
