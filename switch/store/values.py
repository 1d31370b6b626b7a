"""What the store gives back, besides journal entries."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account's digest hashes (RFC 7616 HA1, lower-case hex). The password itself is kept nowhere.

    `ha1_sha512_256` is empty for accounts whose secret was made before the switch knew the algorithm.
    """

    tenant: str
    account: str
    ha1_md5: str
    ha1_sha256: str
    ha1_sha512_256: str = ""


@dataclass(frozen=True, slots=True)
class StoredBinding:
    """A phone's registration. `account` is the name on the wire (`maple-101`); `q` in thousandths.

    `reg_id` is 0 for a phone with one flow; `path` are the Route values to it, as one header.
    """

    account: str
    contact: str
    transport: str
    local_host: str
    local_port: int
    remote_host: str
    remote_port: int
    expires_wall_us: int
    q: int
    user_agent: str
    instance: str
    reg_id: int
    path: str
    call_id: str
    cseq: int


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """Who watches what, and the dialog of it (RFC 6665). `tag` is our own, and the row's name.

    `local`, `remote`, `local_contact` and `routes` are header values; `local_cseq` is a number that no NOTIFY
    has reached.
    """

    tag: str
    tenant: str
    account: str
    watcher: str
    package: str
    event: str
    entity: str
    call_id: str
    local: str
    remote: str
    remote_target: str
    local_contact: str
    routes: str
    local_cseq: int
    remote_cseq: int
    transport: str
    local_host: str
    local_port: int
    remote_host: str
    remote_port: int
    expires_wall_us: int


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call-detail record. Times are microseconds since 1970 UTC; 0 where it never happened.

    `sequence` is that of the journal's CallEnded; `ended_by` is whose doing the end was;
    `limited_by` names the limit that stopped a call to the outside; `told` is the Reason header (RFC 3326) of
    whoever ended it.
    """

    sequence: int
    call: str
    tenant: str
    direction: str
    caller: str
    called: str
    source: str
    started_wall_us: int
    answered_wall_us: int
    ended_wall_us: int
    cause: str
    ended_by: str
    sip_status: int
    queue: str
    agent: str
    waited_us: int
    talked_us: int
    held_us: int
    transfers: int
    caller_name: str = ""
    limited_by: str = ""
    verification: str = ""
    forwarded_by: str = ""
    trunk: str = ""
    gateway: str = ""
    told: str = ""
    recordings: str = ""


@dataclass(frozen=True, slots=True)
class LegAudioRow:
    """The audio of one leg. Fields are those of the journal's LegMeasured; `alarms` are words with spaces."""

    sequence: int
    call: str
    tenant: str
    leg: str
    role: str
    peer: str
    trunk: str
    agent: str
    received: int
    sent: int
    lost: int
    jitter_us: int
    jitter_max_us: int
    concealed_ms: int
    reports: int
    peer_lost: int
    peer_jitter_us: int
    round_trip_us: int
    round_trip_max_us: int
    mos_heard: int
    mos_peer: int
    mos_worst: int
    alarms: str


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One ended stay of a contact in one queue; `agent` is empty where none was connected."""

    sequence: int
    call: str
    tenant: str
    contact: str
    queue: str
    outcome: str
    reason: str
    agent: str
    ended_wall_us: int
    waited_us: int
    talked_us: int
