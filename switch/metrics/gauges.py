"""Metrics read from the last snapshot. Made anew at each scrape, so that a removed queue is gone."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from switch.metrics.snapshot import Count, RtpReading, Snapshot

_US = 1_000_000

KNOWN_METHODS = frozenset(
    {
        "ACK",
        "BYE",
        "CANCEL",
        "INFO",
        "INVITE",
        "MESSAGE",
        "NOTIFY",
        "OPTIONS",
        "PRACK",
        "PUBLISH",
        "REFER",
        "REGISTER",
        "SUBSCRIBE",
        "UPDATE",
    }
)
"""Methods are words from the wire: whoever invents some must not invent time series."""

OTHER_METHOD = "other"

Labels = tuple[str, ...]


def _gauge(
    name: str, definition: str, labels: Labels, samples: Iterable[tuple[Labels, float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, definition, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _counter(
    name: str, definition: str, labels: Labels, samples: Iterable[tuple[Labels, float]]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, definition, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _named(counts: Iterable[Count]) -> list[tuple[Labels, float]]:
    return [((count.name,), count.count) for count in counts]


def _one(value: float) -> list[tuple[Labels, float]]:
    return [((), value)]


class SnapshotCollector:
    """Gives the families of the snapshot it holds; none before the first."""

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None

    def collect(self) -> Iterator[Metric]:
        """All of the snapshot that is held now, whatever is held when one of them is asked for."""
        return iter(()) if self.snapshot is None else _families(self.snapshot)


def _families(snapshot: Snapshot) -> Iterator[Metric]:
    yield from _process(snapshot)
    yield from _queues(snapshot)
    yield from _people(snapshot)
    yield from _gateways(snapshot)
    yield from _sip(snapshot)
    yield from _rtp(snapshot.rtp)
    yield from _journal(snapshot)


def _process(snapshot: Snapshot) -> Iterator[Metric]:
    build = InfoMetricFamily("softswitch_build", "The version that runs, and the configuration in force.")
    build.add_metric((), {"version": snapshot.version, "configuration": snapshot.configuration})
    yield build
    yield _gauge(
        "softswitch_start_time_seconds",
        "When this process began to take calls, in seconds since 1970 UTC.",
        (),
        _one(snapshot.started_wall_us / _US),
    )
    yield _gauge(
        "softswitch_calls",
        "Calls in progress, by tenant and direction.",
        ("tenant", "direction"),
        (((row.tenant, row.direction), row.calls) for row in snapshot.calls),
    )
    yield _gauge("softswitch_legs", "Legs of calls in progress.", (), _one(snapshot.legs))
    yield _gauge(
        "softswitch_conferences",
        "Conferences with at least one member, by tenant.",
        ("tenant",),
        (((row.tenant,), row.conferences) for row in snapshot.rooms),
    )
    yield _gauge(
        "softswitch_conference_members",
        "Parties of calls that are in a conference, by tenant.",
        ("tenant",),
        (((row.tenant,), row.members) for row in snapshot.rooms),
    )
    yield _gauge(
        "softswitch_calls_supervised",
        "Calls that a supervisor listens to, whispers into or has joined, by tenant.",
        ("tenant",),
        (((row.tenant,), row.supervised) for row in snapshot.rooms),
    )
    yield _counter(
        "softswitch_invariant_violations",
        "Broken invariants by name: any increase is a bug of the switch and worth waking somebody.",
        ("invariant",),
        _named(snapshot.violations),
    )


def _queues(snapshot: Snapshot) -> Iterator[Metric]:
    labels = ("tenant", "queue")
    queues = snapshot.queues
    for name, definition, field in (
        ("waiting", "Contacts that wait and are not being offered to an agent.", "waiting"),
        ("offered", "Contacts for which an agent is being rung.", "offered"),
        ("talking", "Contacts connected to an agent.", "talking"),
        ("agents_ready", "Agents who serve the queue and could take a contact now.", "agents_ready"),
        ("agents_signed_in", "Agents who serve the queue and are signed in.", "agents_signed_in"),
        ("callbacks", "Callbacks that are promised and not kept yet.", "callbacks"),
    ):
        yield _gauge(
            f"softswitch_queue_{name}",
            definition,
            labels,
            (((row.tenant, row.queue), getattr(row, field)) for row in queues),
        )
    yield _gauge(
        "softswitch_queue_oldest_wait_seconds",
        "How long the contact that waits longest has waited; 0 where nobody waits.",
        labels,
        (((row.tenant, row.queue), row.oldest_wait_us / _US) for row in queues),
    )


def _people(snapshot: Snapshot) -> Iterator[Metric]:
    yield _gauge(
        "softswitch_agents",
        "Agents by shown state: logged-out, unreachable, paused, available, offered, busy, wrap-up.",
        ("tenant", "state"),
        (((row.tenant, row.state), row.agents) for row in snapshot.agents),
    )
    yield _gauge(
        "softswitch_agents_line",
        "Agents who are signed in, by grade of their line: good, failing (asked last), unusable (passed"
        " over).",
        ("tenant", "grade"),
        (((row.tenant, row.grade), row.agents) for row in snapshot.lines),
    )
    accounts = snapshot.accounts
    yield _gauge(
        "softswitch_accounts",
        "Accounts that are configured.",
        ("tenant",),
        (((row.tenant,), row.accounts) for row in accounts),
    )
    yield _gauge(
        "softswitch_accounts_registered",
        "Accounts with at least one phone registered.",
        ("tenant",),
        (((row.tenant,), row.registered) for row in accounts),
    )
    yield _gauge(
        "softswitch_registrations",
        "Registered phones (contacts); an account may have several.",
        ("tenant",),
        (((row.tenant,), row.contacts) for row in accounts),
    )
    yield _counter(
        "softswitch_limit_refusals",
        "Calls to the outside that a limit stopped, by tenant and limit (account:calls, tenant:country...).",
        ("tenant", "limit"),
        (((row.tenant, row.limit), row.refused) for row in snapshot.limits),
    )
    yield _counter(
        "softswitch_failed_logins",
        "Digest credentials that were wrong, of known and unknown accounts.",
        (),
        _one(snapshot.failed_logins),
    )
    trunks = snapshot.trunks
    yield _gauge(
        "softswitch_trunk_channels",
        "Calls on the trunk, of all tenants.",
        ("trunk",),
        (((row.trunk,), row.channels) for row in trunks),
    )
    yield _gauge(
        "softswitch_tenant_channels",
        "Parties of a tenant's calls that are on the trunk.",
        ("tenant", "trunk"),
        (((row.tenant, row.trunk), row.channels) for row in snapshot.tenant_channels),
    )
    yield _gauge(
        "softswitch_trunk_channels_max",
        "Calls that the trunk may carry; no series where there is no limit.",
        ("trunk",),
        (((row.trunk,), row.channels_max) for row in trunks if row.channels_max),
    )
    yield _gauge(
        "softswitch_trunk_up",
        "1 where at least one gateway of the trunk can be used, else 0.",
        ("trunk",),
        (((row.trunk,), float(row.up)) for row in trunks),
    )


GATEWAY_STATES = ("up", "down", "trial")


def _gateways(snapshot: Snapshot) -> Iterator[Metric]:
    yield _gauge(
        "softswitch_trunk_registered",
        "1 while the carrier knows where we are, else 0; no series where we do not register.",
        ("trunk",),
        (((row.trunk,), float(row.registered)) for row in snapshot.trunks if row.registered is not None),
    )
    places = [(row.trunk, gateway) for row in snapshot.trunks for gateway in row.gateways]
    yield _gauge(
        "softswitch_gateway_state",
        "1 for the state that a gateway's address is in, 0 for the others: up, down, trial.",
        ("trunk", "address", "state"),
        (
            ((trunk, gateway.address, state), float(gateway.state == state))
            for trunk, gateway in places
            for state in GATEWAY_STATES
        ),
    )
    yield _gauge(
        "softswitch_gateway_options_seconds",
        "What the last answered OPTIONS took; no series where none was answered.",
        ("trunk", "address"),
        (((trunk, gateway.address), gateway.rtt_us / _US) for trunk, gateway in places if gateway.rtt_us),
    )
    yield _gauge(
        "softswitch_gateway_channels",
        "Calls on a gateway, by what was written: addresses of one name together.",
        ("trunk", "gateway"),
        (((row.trunk, row.gateway), row.channels) for row in snapshot.gateway_channels),
    )
    yield _counter(
        "softswitch_gateway_attempts",
        "Calls tried by a gateway, by how that ended for the gateway: answered (any final answer but"
        " 408 and 503), 408, unavailable (503), timeout, transport, full (a cap of ours).",
        ("trunk", "gateway", "outcome"),
        (((row.trunk, row.gateway, row.outcome), row.count) for row in snapshot.gateway_attempts),
    )


def _sip(snapshot: Snapshot) -> Iterator[Metric]:
    messages: dict[Labels, int] = {}
    for row in snapshot.sip_messages:
        method = row.method if row.method in KNOWN_METHODS else OTHER_METHOD
        status = str(row.status) if row.status else ""
        labels = (row.direction, method, status)
        messages[labels] = messages.get(labels, 0) + row.count
    yield _counter(
        "softswitch_sip_messages",
        "SIP messages by direction (received, sent), method (of the request that a response answers, too)"
        " and status (empty for requests); retransmissions included.",
        ("direction", "method", "status"),
        messages.items(),
    )
    yield _gauge("softswitch_sip_transactions", "Transactions open.", (), _one(snapshot.transactions))
    yield _gauge("softswitch_sip_dialogs", "Dialogs open.", (), _one(snapshot.dialogs))
    yield _gauge(
        "softswitch_sip_connections",
        "Connections open, by transport: TCP, TLS, WS, WSS.",
        ("transport",),
        (((row.name,), row.count) for row in snapshot.sip_connections),
    )
    yield _gauge(
        "softswitch_sip_overload",
        "0: everything is taken; 1: registrations and the like are refused; 2: new calls too.",
        (),
        _one(snapshot.overload),
    )
    yield _gauge(
        "softswitch_certificate_expiry_timestamp_seconds",
        "When a certificate that peers are shown ends, in seconds since 1970 UTC.",
        ("file",),
        (((row.file,), row.expires_wall_s) for row in snapshot.certificates),
    )
    yield _counter(
        "softswitch_sip_drops",
        "What the network or the parser dropped, shed or could not send, by reason.",
        ("reason",),
        _named(snapshot.sip_drops),
    )


def _rtp(rtp: RtpReading) -> Iterator[Metric]:
    yield _gauge("softswitch_rtp_streams", "RTP streams open in the media engine.", (), _one(rtp.streams))
    yield _gauge(
        "softswitch_rtp_ports_in_use", "RTP ports reserved, in use or closing.", (), _one(rtp.ports_in_use)
    )
    yield _gauge("softswitch_rtp_ports", "RTP ports that there are.", (), _one(rtp.ports))
    yield _counter(
        "softswitch_rtp_packets",
        "RTP datagrams by direction (received, sent).",
        ("direction",),
        ((("received",), rtp.packets_received), (("sent",), rtp.packets_sent)),
    )
    yield _counter(
        "softswitch_rtp_drops",
        "RTP datagrams that were not passed on, by reason.",
        ("reason",),
        _named(rtp.drops),
    )
    yield _counter(
        "softswitch_engine_events",
        "What else the media engine counts: late ticks, ignored commands, dropped events.",
        ("event",),
        _named(rtp.events),
    )
    yield _counter(
        "softswitch_engine_cpu_seconds",
        "Processor time of the media engine's threads.",
        (),
        _one(rtp.thread_cpu_us / _US),
    )
    yield _gauge(
        "softswitch_rtp_streams_rated",
        "RTP streams whose audio of the last five seconds could be rated.",
        (),
        _one(rtp.rated),
    )
    yield _gauge(
        "softswitch_rtp_streams_bad",
        "Of those, the ones with a MOS below 3.6: many of their users are dissatisfied.",
        (),
        _one(rtp.bad),
    )
    yield _gauge(
        "softswitch_rtp_streams_alarmed",
        "RTP streams where somebody hears nothing now: no-audio, not-heard, dead-air, silence.",
        ("alarm",),
        _named(rtp.alarms),
    )


def _journal(snapshot: Snapshot) -> Iterator[Metric]:
    journal = snapshot.journal
    yield _gauge(
        "softswitch_journal_backlog", "Journal entries that are not durable yet.", (), _one(journal.backlog)
    )
    yield _gauge(
        "softswitch_journal_durable_lag_seconds",
        "Age of the oldest journal entry that is not durable; 0 where all are.",
        (),
        _one(journal.waiting_us / _US),
    )
    yield _gauge(
        "softswitch_journal_healthy",
        "1 while the database takes entries, 0 while it refuses (disk full, locked, gone).",
        (),
        _one(float(journal.healthy)),
    )
    yield _counter(
        "softswitch_journal_refused",
        "Journal entries that were lost because the database refused for too long.",
        (),
        _one(journal.refused),
    )
