"""What is worth remembering. Frozen, flat, and versioned by `VERSION` in each class.

A field is never renamed or removed; a new field has a default, so that old journals still load.
Durations are microseconds. Ids are unique across nodes.
"""

from dataclasses import dataclass
from typing import ClassVar

from switch.base.values import quick
from switch.journal.queue_events import CallbackEnded, CallbackKept, LineGraded, Widened
from switch.journal.room_events import (
    AnswerHeard,
    ConferenceJoined,
    ConferenceLeft,
    RecordingDeleted,
    Supervised,
    SupervisionEnded,
    ToneHeard,
)


@dataclass(frozen=True, slots=True)
class NodeStarted:
    KIND: ClassVar[str] = "node-started"
    VERSION: ClassVar[int] = 1
    node: str
    version: str
    configuration: str
    """Digest of the configuration that was loaded."""


@dataclass(frozen=True, slots=True)
class NodeStopped:
    KIND: ClassVar[str] = "node-stopped"
    VERSION: ClassVar[int] = 1
    reason: str


@dataclass(frozen=True, slots=True)
class ConfigurationLoaded:
    KIND: ClassVar[str] = "configuration-loaded"
    VERSION: ClassVar[int] = 1
    configuration: str


@quick
@dataclass(frozen=True, slots=True)
class CallStarted:
    """`direction`: inbound (from a trunk), internal, outbound (to a trunk). `source`: trunk or account."""

    KIND: ClassVar[str] = "call-started"
    VERSION: ClassVar[int] = 1
    direction: str
    caller: str
    called: str
    source: str
    sip_call_id: str


@dataclass(frozen=True, slots=True)
class CallerIdentified:
    """What the carrier says of who calls, where it is more than a number in From.

    `number` is here also where it was `withheld`, and nowhere else. `source`: the header that was believed.
    `forwarded`: who forwarded the caller to us, the last first. `verification` is STIR's.
    """

    KIND: ClassVar[str] = "caller-identified"
    VERSION: ClassVar[int] = 1
    number: str
    name: str
    source: str
    withheld: bool
    forwarded: tuple[str, ...] = ()
    verification: str = ""


@quick
@dataclass(frozen=True, slots=True)
class LegOpened:
    """`role`: caller, agent, callee, target (of a transfer). `peer`: account or trunk or number."""

    KIND: ClassVar[str] = "leg-opened"
    VERSION: ClassVar[int] = 1
    leg: str
    role: str
    peer: str


@quick
@dataclass(frozen=True, slots=True)
class GatewayTried:
    """The leg is placed by this gateway of a trunk, an address or a name with its address."""

    KIND: ClassVar[str] = "gateway-tried"
    VERSION: ClassVar[int] = 1
    leg: str
    trunk: str
    gateway: str


@quick
@dataclass(frozen=True, slots=True)
class LegRinging:
    KIND: ClassVar[str] = "leg-ringing"
    VERSION: ClassVar[int] = 1
    leg: str


@quick
@dataclass(frozen=True, slots=True)
class LegAnswered:
    KIND: ClassVar[str] = "leg-answered"
    VERSION: ClassVar[int] = 1
    leg: str
    codec: str


@dataclass(frozen=True, slots=True)
class LegHeld:
    KIND: ClassVar[str] = "leg-held"
    VERSION: ClassVar[int] = 1
    leg: str
    held: bool


@quick
@dataclass(frozen=True, slots=True)
class LegEnded:
    KIND: ClassVar[str] = "leg-ended"
    VERSION: ClassVar[int] = 1
    leg: str
    cause: str
    by: str
    sip_status: int
    told: str = ""
    """The Reason header of whoever ended it (RFC 3326): a carrier's Q.850 number, an answer elsewhere."""


@quick
@dataclass(frozen=True, slots=True)
class AudioAlarm:
    """Somebody at this leg hears nothing, or hears again (`raised` False).

    `alarm`: no-audio (nothing comes from it), not-heard (it says that nothing arrives), dead-air (it speaks
    to nobody and hears nothing), silence (what it sends is silent), clipping (it is cut off at the top).
    """

    KIND: ClassVar[str] = "audio-alarm"
    VERSION: ClassVar[int] = 1
    leg: str
    alarm: str
    raised: bool


@dataclass(frozen=True, slots=True)
class LegMeasured:
    """How good the audio of a leg was, told when its stream is closed: after the leg, often after the call.

    Counts are packets, of the whole leg; scores are hundredths of MOS, 0 where nothing can be said.
    `reports` 0: the phone did not say what it heard, and the `peer_` figures mean nothing. `alarms` were
    raised at some time.
    """

    KIND: ClassVar[str] = "leg-measured"
    VERSION: ClassVar[int] = 1
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
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bridged:
    KIND: ClassVar[str] = "bridged"
    VERSION: ClassVar[int] = 1
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class LegMoved:
    """The leg leaves call `origin` and belongs to the entry's call from now on: an attended transfer."""

    KIND: ClassVar[str] = "leg-moved"
    VERSION: ClassVar[int] = 1
    leg: str
    role: str
    peer: str
    origin: str


@quick
@dataclass(frozen=True, slots=True)
class FlowStep:
    KIND: ClassVar[str] = "flow-step"
    VERSION: ClassVar[int] = 1
    flow: str
    step: str
    detail: str


@dataclass(frozen=True, slots=True)
class Queued:
    """`needs`: the first step's, as "skill>=level" words."""

    KIND: ClassVar[str] = "queued"
    VERSION: ClassVar[int] = 1
    contact: str
    queue: str
    priority: int
    position: int
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueRefused:
    KIND: ClassVar[str] = "queue-refused"
    VERSION: ClassVar[int] = 1
    contact: str
    queue: str
    reason: str


@dataclass(frozen=True, slots=True)
class OfferMade:
    """Why this agent: counts by reason, the best few as (agent, score, idle_us), the tie-break."""

    KIND: ClassVar[str] = "offer-made"
    VERSION: ClassVar[int] = 1
    contact: str
    queue: str
    offer: int
    agent: str
    policy: str
    candidates: int
    exclusions: tuple[tuple[str, int], ...]
    best: tuple[tuple[str, int, int], ...]
    tie_break: str
    needs: tuple[tuple[str, int], ...]
    sequence: int


@dataclass(frozen=True, slots=True)
class OfferEnded:
    KIND: ClassVar[str] = "offer-ended"
    VERSION: ClassVar[int] = 1
    contact: str
    offer: int
    agent: str
    outcome: str


@dataclass(frozen=True, slots=True)
class AgentConnected:
    KIND: ClassVar[str] = "agent-connected"
    VERSION: ClassVar[int] = 1
    contact: str
    queue: str
    agent: str
    waited_us: int


@dataclass(frozen=True, slots=True)
class VisitEnded:
    KIND: ClassVar[str] = "visit-ended"
    VERSION: ClassVar[int] = 1
    contact: str
    queue: str
    outcome: str
    reason: str
    agent: str
    waited_us: int
    talked_us: int


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """`state` is what is shown; `signed_in` and `paused` are the axes that outlive a restart."""

    KIND: ClassVar[str] = "agent-changed"
    VERSION: ClassVar[int] = 1
    agent: str
    state: str
    reason: str
    signed_in: bool
    paused: str


@dataclass(frozen=True, slots=True)
class Registered:
    KIND: ClassVar[str] = "registered"
    VERSION: ClassVar[int] = 1
    account: str
    contact: str
    address: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class Unregistered:
    """`reason`: removed (by the phone), expired, lost (the connection or the phone is gone)."""

    KIND: ClassVar[str] = "unregistered"
    VERSION: ClassVar[int] = 1
    account: str
    contact: str
    reason: str


@dataclass(frozen=True, slots=True)
class Transferred:
    """Leg `by` asked that its partner be connected to `target`: done, failed or refused. Or its phone was
    rung and forwards to it: forwarded, or refused."""

    KIND: ClassVar[str] = "transferred"
    VERSION: ClassVar[int] = 1
    by: str
    target: str
    outcome: str


@dataclass(frozen=True, slots=True)
class OutsideCounted:
    """A call to the outside is counted against limits; read again after a restart.

    `count` names it until it is charged. `account` who pays, empty for the tenant alone; `rate` is the cost
    of a minute in millionths.
    """

    KIND: ClassVar[str] = "outside-counted"
    VERSION: ClassVar[int] = 1
    count: str
    account: str
    rate: int


@dataclass(frozen=True, slots=True)
class OutsideCharged:
    """What it came to, in millionths."""

    KIND: ClassVar[str] = "outside-charged"
    VERSION: ClassVar[int] = 1
    count: str
    account: str
    cost: int


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A text of at most 1300 bytes; `source` is the account or trunk that it came from."""

    KIND: ClassVar[str] = "message-received"
    VERSION: ClassVar[int] = 1
    caller: str
    called: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """`path` is relative to the folder of recordings, without the ending of its format."""

    KIND: ClassVar[str] = "recording-started"
    VERSION: ClassVar[int] = 1
    path: str


@dataclass(frozen=True, slots=True)
class RecordingPaused:
    """From here on the file is silent; `paused` False: no longer."""

    KIND: ClassVar[str] = "recording-paused"
    VERSION: ClassVar[int] = 1
    path: str
    paused: bool


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The file is closed. `reason`: stopped, closed (the call is over), length, silence, failed with the
    `error` (an errno) of the disk. `lost_ms` are silence because the disk was too slow."""

    KIND: ClassVar[str] = "recording-ended"
    VERSION: ClassVar[int] = 1
    path: str
    reason: str
    error: int
    duration_ms: int
    lost_ms: int
    bytes: int


@quick
@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call's one end and its record (CDR). Times are microseconds; 0 where it never happened."""

    KIND: ClassVar[str] = "call-ended"
    VERSION: ClassVar[int] = 1
    direction: str
    caller: str
    called: str
    source: str
    started_wall_us: int
    answered_wall_us: int
    ended_wall_us: int
    cause: str
    by: str
    sip_status: int
    queue: str
    agent: str
    waited_us: int
    talked_us: int
    held_us: int
    transfers: int
    caller_name: str = ""
    limit: str = ""
    """The limit that stopped the call, or one of its calls to the outside, as `account:calls-per-minute`."""
    verification: str = ""
    """What STIR made of the caller's number: `passed A`, `failed 438`, `none`; empty where nobody asked."""
    forwarded_by: str = ""
    """Who forwarded the caller to us, as its carrier says: number and reason, the last first."""
    told: str = ""
    """The Reason header with which it ended (RFC 3326), where somebody said one."""
    trunk: str = ""
    """The carrier that carried it: by which it left, where it left by one, else by which it came in."""
    gateway: str = ""
    """Of that trunk: the gateway that was tried last, or the address that the call came from."""
    recordings: str = ""
    """Paths of its recordings, with spaces between, as in RecordingStarted."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """An event that this version does not know: of a newer switch, or one that was retired.

    It keeps its own kind and version (so `event.KIND` reads the same for all) and its body as it was
    written, and goes through this version unchanged. Only the codec makes it.
    """

    KIND: str
    VERSION: int
    body: str


Event = (
    NodeStarted
    | NodeStopped
    | ConfigurationLoaded
    | CallStarted
    | CallerIdentified
    | LegOpened
    | GatewayTried
    | LegRinging
    | LegAnswered
    | LegHeld
    | LegEnded
    | AudioAlarm
    | LegMeasured
    | Bridged
    | LegMoved
    | FlowStep
    | Queued
    | QueueRefused
    | Widened
    | OfferMade
    | OfferEnded
    | AgentConnected
    | CallbackKept
    | CallbackEnded
    | VisitEnded
    | AgentChanged
    | LineGraded
    | Registered
    | Unregistered
    | Transferred
    | RecordingDeleted
    | ConferenceJoined
    | ConferenceLeft
    | Supervised
    | SupervisionEnded
    | AnswerHeard
    | ToneHeard
    | OutsideCounted
    | OutsideCharged
    | MessageReceived
    | RecordingStarted
    | RecordingPaused
    | RecordingEnded
    | CallEnded
    | Opaque
)
