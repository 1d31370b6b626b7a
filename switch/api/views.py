"""What a running switch tells of itself. The same values travel as JSON over the control socket.

Durations are milliseconds, wall times microseconds since 1970 UTC. Names are `tenant/name` where they
must be unique in the whole switch and bare where `tenant` stands beside them.
"""

from dataclasses import dataclass
from enum import StrEnum

RECORDS_MAX = 1000
"""One answer's worth of call records; more is a report, and reports read the store."""


@dataclass(frozen=True, slots=True)
class Health:
    """`live`: the loop runs. `ready`: new calls are taken. `reasons`: why not, in plain words."""

    live: bool
    ready: bool
    reasons: tuple[str, ...] = ()


class Result(StrEnum):
    """How a command went."""

    DONE = "done"
    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`message` is one line for a person: what happened, or what was expected instead."""

    result: Result
    message: str


class AgentVerb(StrEnum):
    """What may be asked of an agent from outside."""

    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    PAUSE = "pause"
    RESUME = "resume"
    END_WRAP_UP = "end-wrap-up"


@dataclass(frozen=True, slots=True)
class AccountView:
    """A phone's account. `user` is what the phone registers as, such as `maple-101`.

    `addresses` are the places where its phones are now; `agent` is empty where nobody works at it.
    """

    tenant: str
    account: str
    user: str
    registered: bool
    addresses: tuple[str, ...]
    agent: str


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that is shown once: the switch keeps only its digest hashes."""

    tenant: str
    account: str
    user: str
    realm: str
    secret: str


@dataclass(frozen=True, slots=True)
class SecretReset:
    """`secret` is there exactly when the outcome is DONE."""

    outcome: Outcome
    secret: NewSecret | None = None


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent as a supervisor sees it. `reason` is the pause reason; `call` is empty where there is none.

    `line` is good, failing (asked last) or unusable (passed over), with why in `line_reason`. `home_time` is
    the time of day where the agent works, `in_shift` whether that is within the shift (None: none stated).
    """

    tenant: str
    agent: str
    account: str
    state: str
    reason: str
    state_ms: int
    call: str
    answered: int
    missed_in_row: int
    skills: tuple[tuple[str, int], ...] = ()
    line: str = "good"
    line_reason: str = ""
    home_time: str = ""
    in_shift: bool | None = None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue now, and its counts since the switch started.

    `service_level` is (answered in time + abandoned in time) / (answered + abandoned) in 0..1, within
    `service_level_ms`; None where nobody has been answered or has left yet.
    """

    tenant: str
    queue: str
    waiting: int
    offered: int
    talking: int
    oldest_wait_ms: int
    agents_ready: int
    agents_signed_in: int
    entered: int
    answered: int
    abandoned: int
    service_level: float | None
    service_level_ms: int
    callbacks: int = 0
    """Open callbacks, those that wait in the line included."""


@dataclass(frozen=True, slots=True)
class CallbackRow:
    """Somebody who is to be called back. `state` is promised, waiting (for an agent), calling, or resting
    (until the next try, the opening hours, a queue that takes it); `waited_ms` since the caller's wait began.
    """

    tenant: str
    callback: str
    queue: str
    number: str
    state: str
    waited_ms: int
    tries_left: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """An address of a trunk. `name` is what it was located by, empty where an address is written.

    `state` is up, down or trial; `state_ms` how long, None where nothing has happened yet. `last` is how the
    last call or OPTIONS went (a status, or `timeout`), `last_ms` how long ago, `rtt_ms` what the last
    answered OPTIONS took. Caps of 0 are no limit; `calls_per_second` is of the last whole second.
    """

    address: str
    transport: str
    name: str
    state: str
    state_ms: int | None
    last: str
    last_ms: int | None
    rtt_ms: float | None
    channels: int
    channels_max: int
    calls_per_second: int
    calls_per_second_max: int


@dataclass(frozen=True, slots=True)
class TrunkRow:
    """A carrier. `up`: a gateway of it can be used.

    `registration` is the state of ours with the carrier, empty where we do not register;
    `registration_ms` is until it expires, None where the carrier does not know us, `registration_last` how
    the last try ended.
    """

    trunk: str
    up: bool
    channels: int
    channels_max: int
    calls_per_second: int
    calls_per_second_max: int
    registration: str
    registration_ms: int | None
    registration_last: str
    gateways: tuple[GatewayRow, ...] = ()


@dataclass(frozen=True, slots=True)
class CallRow:
    """A live call. `state` is one plain word such as `menu`, `waiting`, `talking`; `recording` is `on`,
    `paused` or nothing; `supervisor` is the account that listens, whispers or has joined, with that word."""

    tenant: str
    call: str
    direction: str
    caller: str
    called: str
    state: str
    queue: str
    agent: str
    age_ms: int
    recording: str = ""
    supervisor: str = ""
    conference: str = ""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that ended. `answered_wall_us` is 0 where nobody answered; `limited_by` names the limit that
    stopped it; `told` is the Reason header with which it ended (RFC 3326)."""

    tenant: str
    call: str
    direction: str
    caller: str
    called: str
    started_wall_us: int
    answered_wall_us: int
    ended_wall_us: int
    cause: str
    by: str
    queue: str
    agent: str
    waited_ms: int
    talked_ms: int
    caller_name: str = ""
    limited_by: str = ""
    verification: str = ""
    forwarded_by: str = ""
    trunk: str = ""
    gateway: str = ""
    told: str = ""
    recordings: tuple[str, ...] = ()
    """Files below the folder of recordings, without their ending."""
    mos: float | None = None
    """The lowest MOS of its legs, each way; None where no audio was measured."""
    audio_alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One recording of a call that ended; `file` is below the folder of recordings, without its ending."""

    tenant: str
    call: str
    caller: str
    called: str
    agent: str
    started_wall_us: int
    file: str


@dataclass(frozen=True, slots=True)
class MailRow:
    """A message in a mailbox; `file` below the folder of recordings, without its ending."""

    tenant: str
    mailbox: str
    left_wall_us: int
    duration_ms: int
    new: bool
    file: str


class SuperviseMode(StrEnum):
    """What a supervisor does besides hearing both: nothing, speaking to the agent alone, to both."""

    LISTEN = "listen"
    WHISPER = "whisper"
    JOIN = "join"


class RecordVerb(StrEnum):
    """What can be done with the recording of a live call; what is paused is silence."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class LegAudio:
    """The audio of one leg, so far (`live`) or in all. `name` is the phone, number or trunk at its other end.

    `mos_` are 1.0 to 4.41 by the E-model, None where nothing can be said: of what the switch heard of it, of
    what it says that it heard, of its last five seconds, and of its worst. `reports` 0: it does not say
    what it hears, and the `peer_` figures mean nothing. `round_trip_ms` None: not known.
    """

    leg: str
    role: str
    name: str
    trunk: str
    agent: str
    live: bool
    received: int
    sent: int
    lost: int
    jitter_ms: float
    jitter_max_ms: float
    concealed_ms: int
    reports: int
    peer_lost: int
    peer_jitter_ms: float
    round_trip_ms: float | None
    mos_heard: float | None
    mos_peer: float | None
    mos_now: float | None
    mos_worst: float | None
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallAudio:
    """The audio of a call's legs: those that are in it now last."""

    call: str
    tenant: str
    legs: tuple[LegAudio, ...]


@dataclass(frozen=True, slots=True)
class WhyEvent:
    """One entry of the call's trail. `at_ms` counts from the call's start."""

    at_ms: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class WhyCandidate:
    agent: str
    score: int
    idle_ms: int


@dataclass(frozen=True, slots=True)
class WhyAgent:
    """One agent at a decision, or now: `chosen`, `candidate`, or why it was none; `detail` has figures.

    `further` are reasons, each with its figures, that would still hold if the first did not.
    """

    agent: str
    reason: str
    detail: str
    score: int | None = None
    idle_ms: int | None = None
    further: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WhyOffer:
    """One decision of the router: whom it chose and against whom. `candidates` has the chosen first.

    `agents` are all of the tenant, rebuilt from the router's trail; where that cannot be, `untold` says why.
    """

    at_ms: int
    queue: str
    agent: str
    policy: str
    needs: tuple[tuple[str, int], ...]
    candidates_count: int
    candidates: tuple[WhyCandidate, ...]
    exclusions: tuple[tuple[str, int], ...]
    tie_break: str
    outcome: str
    event: int = 0
    agents: tuple[WhyAgent, ...] = ()
    untold: str = ""


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """`text` says it in plain sentences; the rest is the same for programs."""

    call: str
    tenant: str
    text: str
    offers: tuple[WhyOffer, ...]
    events: tuple[WhyEvent, ...]
    waits_with: tuple[WhyAgent, ...] = ()
    """Of a call that waits now: what keeps each agent from it."""


@dataclass(frozen=True, slots=True)
class ConfigurationProblem:
    """One mistake in a file; `line` and `column` start at 1, 0 where there is no position."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """`reloaded` false means that the configuration that was there stays, whole."""

    reloaded: bool
    message: str
    problems: tuple[ConfigurationProblem, ...] = ()
    warnings: tuple[ConfigurationProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A number that can be dialled. `kind` is the plain word for what answers: flow, extension, feature."""

    tenant: str
    number: str
    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class SipListener:
    """A bound address where phones register and trunks call. `transport` is UDP, TCP, TLS, WS or WSS."""

    transport: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Where everything is. `http` and `control` are empty where they are switched off.

    `new_secrets` is filled in only in what `on_ready` gets at a start that made secrets;
    `secrets_file` then names the owner-only file that keeps those of the example centre.
    """

    version: str
    centre: str
    sip: tuple[SipListener, ...]
    http: str
    metrics: str
    control: str
    state: str
    numbers: tuple[NumberRow, ...]
    agents: tuple[AgentRow, ...]
    accounts: tuple[AccountView, ...]
    new_secrets: tuple[NewSecret, ...] = ()
    secrets_file: str = ""
