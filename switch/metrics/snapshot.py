"""What `node` reads off the rooms when Prometheus scrapes: plain values, no metric types.

What is said to count "since the start" only grows while the process lives.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallsReading:
    """Calls in progress by tenant and direction (inbound, internal, outbound)."""

    tenant: str
    direction: str
    calls: int


@dataclass(frozen=True, slots=True)
class RoomsReading:
    """A tenant's conferences with their members, and its calls that somebody supervises."""

    tenant: str
    conferences: int = 0
    members: int = 0
    supervised: int = 0


@dataclass(frozen=True, slots=True)
class QueueReading:
    """One queue now. `offered` are rung at an agent and not counted in `waiting`."""

    tenant: str
    queue: str
    waiting: int
    offered: int
    talking: int
    oldest_wait_us: int
    agents_ready: int
    agents_signed_in: int
    callbacks: int = 0


@dataclass(frozen=True, slots=True)
class AgentsReading:
    """How many agents of a tenant show a state (`switch.acd.decisions.AgentState`)."""

    tenant: str
    state: str
    agents: int


@dataclass(frozen=True, slots=True)
class LinesReading:
    """How many agents who are signed in have a line of this grade."""

    tenant: str
    grade: str
    agents: int


@dataclass(frozen=True, slots=True)
class AccountsReading:
    """A tenant's accounts, those with at least one phone registered, and all registered contacts."""

    tenant: str
    accounts: int
    registered: int
    contacts: int


@dataclass(frozen=True, slots=True)
class GatewayReading:
    """One address of a trunk; `state` is up, down or trial, `rtt_us` 0 where no OPTIONS was answered."""

    address: str
    state: str
    rtt_us: int = 0


@dataclass(frozen=True, slots=True)
class GatewayChannels:
    """Calls on a gateway; addresses of one name share them. `channels_max` 0 means no limit."""

    trunk: str
    gateway: str
    channels: int
    channels_max: int


@dataclass(frozen=True, slots=True)
class AttemptsReading:
    """Calls tried by a gateway since the start, by how that ended for the gateway."""

    trunk: str
    gateway: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class TenantChannels:
    """Legs of a tenant's calls that are on a trunk; trunks are shared by all tenants."""

    tenant: str
    trunk: str
    channels: int


@dataclass(frozen=True, slots=True)
class TrunkReading:
    """A carrier relation; `channels_max` 0 means no limit, `up` that a gateway of it can be used.

    `registered`: the carrier knows where we are; None where we do not register.
    """

    trunk: str
    channels: int
    channels_max: int
    up: bool
    registered: bool | None = None
    gateways: tuple[GatewayReading, ...] = ()


@dataclass(frozen=True, slots=True)
class SipMessages:
    """SIP messages since the start. `direction` is received or sent; `status` 0 means a request."""

    direction: str
    method: str
    status: int
    count: int


@dataclass(frozen=True, slots=True)
class Count:
    """Something counted by name since the start: drops by reason, events of the engine, violations."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class RtpReading:
    """The media engine. Packets and drops count since the start, the rest is now."""

    streams: int = 0
    ports_in_use: int = 0
    ports: int = 0
    packets_received: int = 0
    packets_sent: int = 0
    drops: tuple[Count, ...] = ()
    events: tuple[Count, ...] = ()
    """Late ticks, ignored commands, dropped events and whatever else the engine counts."""
    thread_cpu_us: int = 0
    rated: int = 0
    bad: int = 0
    """Streams whose last five seconds were rated, and those of them below a MOS of 3.6."""
    alarms: tuple[Count, ...] = ()
    """Streams now, by what is wrong with their audio."""


@dataclass(frozen=True, slots=True)
class JournalReading:
    """The journal's writer. `waiting_us` is the age of the oldest entry that is not durable."""

    backlog: int = 0
    waiting_us: int = 0
    refused: int = 0
    healthy: bool = True


@dataclass(frozen=True, slots=True)
class LimitReading:
    """Calls to the outside that a limit stopped, since the start; `limit` as in `account:calls`."""

    tenant: str
    limit: str
    refused: int


@dataclass(frozen=True, slots=True)
class CertificateReading:
    """A certificate that peers are shown, and when it ends, in seconds since 1970."""

    file: str
    expires_wall_s: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is read rather than counted from the journal."""

    version: str
    started_wall_us: int
    configuration: str = ""
    """Digest of the configuration in force."""
    calls: tuple[CallsReading, ...] = ()
    legs: int = 0
    rooms: tuple[RoomsReading, ...] = ()
    transactions: int = 0
    dialogs: int = 0
    queues: tuple[QueueReading, ...] = ()
    agents: tuple[AgentsReading, ...] = ()
    lines: tuple[LinesReading, ...] = ()
    accounts: tuple[AccountsReading, ...] = ()
    trunks: tuple[TrunkReading, ...] = ()
    tenant_channels: tuple[TenantChannels, ...] = ()
    gateway_channels: tuple[GatewayChannels, ...] = ()
    gateway_attempts: tuple[AttemptsReading, ...] = ()
    sip_messages: tuple[SipMessages, ...] = ()
    sip_connections: tuple[Count, ...] = ()
    """Connections that are open, by transport."""
    overload: int = 0
    """0, 1 registrations are refused, 2 new calls too."""
    certificates: tuple[CertificateReading, ...] = ()
    sip_drops: tuple[Count, ...] = ()
    """What the network and the parser dropped, shed or could not send, by reason, since the start."""
    limits: tuple[LimitReading, ...] = ()
    failed_logins: int = 0
    """Digest credentials that were wrong, since the start."""
    rtp: RtpReading = RtpReading()
    journal: JournalReading = JournalReading()
    violations: tuple[Count, ...] = ()
    """Broken invariants by name; any that is not 0 is a bug of ours and an alert."""
