"""Reads the parts of a node for one scrape. Every figure is taken at the same moment of the loop."""

from collections import Counter
from dataclasses import asdict

from switch.acd.auditor import INVARIANTS
from switch.acd.decisions import AgentState
from switch.acd.events import LineGrade
from switch.engine.engine import Engine
from switch.exchange import callbacks
from switch.exchange.office import Office
from switch.media.quality import Alarm
from switch.metrics import snapshot as values
from switch.net.ports import NetCounts
from switch.node import carriers
from switch.node.clock import now_us
from switch.node.node import Node
from switch.sip.flow import Transport
from switch.store.writer import JournalWriter
from switch.tenant.names import wire_name

_DIRECTIONS = {"in": "received", "out": "sent"}


def snapshot(node: Node, version: str, configuration: str) -> values.Snapshot:
    """The present state, for the gauges."""
    office = node.exchange.office
    layer = office.signalling.layer
    node.network.count_lost()
    now = now_us()
    messages = tuple(
        values.SipMessages(_DIRECTIONS[direction], method, status, count)
        for (direction, method, status), count in layer.messages.items()
    )
    calls, legs, channels = _talks(office)
    return values.Snapshot(
        version=version,
        started_wall_us=node.started_wall_us,
        configuration=configuration,
        calls=calls,
        rooms=_rooms(office),
        legs=legs,
        transactions=layer.open_transactions,
        dialogs=office.signalling.dialogs,
        queues=_queues(office, now),
        agents=_agents(office, now),
        lines=_lines(office, now),
        accounts=_accounts(office, now),
        trunks=carriers.readings(office.parts.trunks, now),
        tenant_channels=channels,
        gateway_attempts=carriers.attempts(office.parts.trunks),
        gateway_channels=carriers.channels(office.parts.trunks),
        sip_messages=messages,
        sip_connections=_connections(node.network.counts),
        overload=node.network.intake.overload.level,
        certificates=_certificates(node),
        sip_drops=_drops(layer.drops, node.network.counts, node.exchange.wrong),
        limits=_limits(office),
        failed_logins=office.failed_logins,
        rtp=_rtp(node.engine, office, node.media_refused),
        journal=_journal(node.writer),
        violations=_violations(node, office, now),
    )


def thresholds(office: Office) -> dict[tuple[str, str], int]:
    """The service level threshold of every queue, for the counters."""
    return {
        (key, queue.name): queue.service_level_s * 1_000_000
        for key, tenancy in office.parts.tenancies.items()
        for queue in tenancy.plan.queues.values()
    }


def _violations(node: Node, office: Office, now: int) -> tuple[values.Count, ...]:
    """What must never be. Who watches a router also looks now at what is too much for each event."""
    breaches: Counter[str] = Counter()
    for tenancy in office.parts.tenancies.values():
        tenancy.auditor.inspect(tenancy.router, now)
        breaches.update(tenancy.auditor.breaches)
    routed = tuple(values.Count(name, breaches[name]) for name in INVARIANTS)
    own = (values.Count("internal-error", node.faults), values.Count("rtp-port-leaked", office.leaked_slots))
    return (*own, *routed)


def _talks(
    office: Office,
) -> tuple[tuple[values.CallsReading, ...], int, tuple[values.TenantChannels, ...]]:
    """Calls by tenant and direction, their legs, and who uses the trunks, which all tenants share; zeros for
    a tenant's own, so that a graph goes on. In one pass: thousands stand, and the loop waits for it."""
    calls: dict[tuple[str, str], int] = {}
    channels = {
        (tenant, trunk): 0
        for tenant, tenancy in office.parts.tenancies.items()
        for trunk in tenancy.plan.outside.trunks
    }
    legs = 0
    for session in office.sessions.values():
        call = session.call
        counted = (session.tenant, call.record.direction)
        calls[counted] = calls.get(counted, 0) + 1
        legs += len(call.legs)
        for leg in call.legs.values():
            if leg.trunk:
                used = (session.tenant, leg.trunk)
                channels[used] = channels.get(used, 0) + 1
    return (
        tuple(values.CallsReading(*key, count) for key, count in sorted(calls.items())),
        legs,
        tuple(values.TenantChannels(*key, count) for key, count in sorted(channels.items())),
    )


def _rooms(office: Office) -> tuple[values.RoomsReading, ...]:
    """One row a tenant, with zeros, so that a graph does not break off."""
    rooms = [] if office.rooms is None else list(office.rooms.by_name.values())
    watched = [] if office.supervised is None else [office.sessions[call] for call in office.supervised]
    return tuple(
        values.RoomsReading(
            tenant,
            sum(room.tenant == tenant for room in rooms),
            sum(len(room.members) for room in rooms if room.tenant == tenant),
            sum(session.tenant == tenant for session in watched),
        )
        for tenant in sorted(office.parts.tenancies)
    )


def _queues(office: Office, now: int) -> tuple[values.QueueReading, ...]:
    return tuple(
        values.QueueReading(
            tenant=key,
            queue=view.name,
            waiting=view.waiting,
            offered=view.offered,
            talking=view.talking,
            oldest_wait_us=view.oldest_wait_us,
            agents_ready=view.agents_ready,
            agents_signed_in=view.agents_signed_in,
            callbacks=callbacks.count(office, key, view.name),
        )
        for key, tenancy in office.parts.tenancies.items()
        for view in tenancy.router.queues(now)
    )


def _agents(office: Office, now: int) -> tuple[values.AgentsReading, ...]:
    counts = Counter(
        (key, str(view.state))
        for key, tenancy in office.parts.tenancies.items()
        for view in tenancy.router.agents(now)
    )
    return tuple(values.AgentsReading(key, state, count) for (key, state), count in sorted(counts.items()))


def _lines(office: Office, now: int) -> tuple[values.LinesReading, ...]:
    counts = Counter(
        (key, LineGrade(view.line).name.lower())
        for key, tenancy in office.parts.tenancies.items()
        for view in tenancy.router.agents(now)
        if view.state is not AgentState.LOGGED_OUT
    )
    return tuple(
        values.LinesReading(key, grade.name.lower(), counts[key, grade.name.lower()])
        for key in office.parts.tenancies
        for grade in LineGrade
    )


def _accounts(office: Office, now: int) -> tuple[values.AccountsReading, ...]:
    readings = []
    for key, tenancy in office.parts.tenancies.items():
        names = [wire_name(key, account) for account in tenancy.plan.accounts]
        contacts = [len(office.parts.registrar.bindings(name, now)) for name in names]
        registered = sum(1 for count in contacts if count)
        readings.append(values.AccountsReading(key, len(names), registered, sum(contacts)))
    return tuple(readings)


def _limits(office: Office) -> tuple[values.LimitReading, ...]:
    refusals = office.parts.limits.refusals.items()
    return tuple(values.LimitReading(tenant, str(refusal), count) for (tenant, refusal), count in refusals)


def _connections(counts: NetCounts) -> tuple[values.Count, ...]:
    streams = (transport.value for transport in Transport if transport.reliable)
    return tuple(values.Count(name, counts.connections[name]) for name in streams)


def _certificates(node: Node) -> tuple[values.CertificateReading, ...]:
    """By file and its folder, for files of one name are usual (`a.example/fullchain.pem`); a whole path would
    tell of the machine. Of two that are still called the same the one that ends first counts."""
    found: dict[str, int] = {}
    for loaded in node.doors.certificates:
        name = "/".join(loaded.path.parts[-2:])
        found[name] = min(loaded.expires_wall_s, found.get(name, loaded.expires_wall_s))
    return tuple(values.CertificateReading(name, ends) for name, ends in sorted(found.items()))


def _drops(sip: dict[str, int], net: NetCounts, wrong: int) -> tuple[values.Count, ...]:
    counts = {**sip, "wrong-in-a-call": wrong}
    for name, count in asdict(net).items():
        if name not in ("datagrams_received", "connections", "keepalives"):
            counts[name.replace("_", "-")] = count
    return tuple(values.Count(name, count) for name, count in sorted(counts.items()))


def _rtp(engine: Engine, office: Office, refused: int) -> values.RtpReading:
    stats = engine.stats()
    slots = office.parts.slots
    events = {
        "ticks-late": stats.ticks_late,
        "ticks-skipped": stats.ticks_skipped,
        "commands-ignored": stats.commands_ignored,
        "events-dropped": stats.events_dropped,
        "commands-refused": refused,
    }
    return values.RtpReading(
        streams=stats.streams_open,
        ports_in_use=slots.in_use,
        ports=slots.size,
        packets_received=stats.datagrams_received,
        packets_sent=stats.packets_sent,
        drops=tuple(values.Count(str(reason), count) for reason, count in stats.drops),
        events=tuple(values.Count(name, count) for name, count in events.items()),
        thread_cpu_us=stats.thread_cpu_us,
        rated=stats.streams_rated,
        bad=stats.streams_bad,
        alarms=tuple(
            values.Count(str(alarm), count) for alarm, count in zip(Alarm, stats.alarms, strict=True)
        ),
    )


def _journal(writer: JournalWriter) -> values.JournalReading:
    return values.JournalReading(
        backlog=writer.backlog,
        waiting_us=writer.waiting_us,
        refused=writer.refused,
        healthy=writer.healthy,
    )
