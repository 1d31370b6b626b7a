"""What a checked dialplan is: frozen values that the rest of the switch reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from switch.base.errors import Problem
from switch.dialplan.actions import AnswerTerms
from switch.dialplan.hours import Calendar, Hours
from switch.dialplan.listen_plan import NOTHING_STATED, ListeningPlan
from switch.dialplan.phrases import BEEP
from switch.dialplan.problems import NOWHERE, Place
from switch.dialplan.program import Program
from switch.dialplan.rooms_plan import NOBODY_SUPERVISES, MailboxPlan, SupervisionPlan

_SEPARATORS = str.maketrans("", "", " -.()/")


class NumberForm(StrEnum):
    """The form in which a carrier wants numbers: +33…, 0033…, 01…, or 33… without the plus."""

    E164 = "e164"
    INTERNATIONAL = "international"
    NATIONAL = "national"
    E164_BARE = "e164-bare"


class ClipKind(StrEnum):
    """Where a clip comes from: spoken text, a WAV file, a tone by name, the music that we synthesise."""

    SPEECH = "speech"
    FILE = "file"
    TONE = "tone"
    MUSIC = "music"


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """One clip to make ready at load. `name` is unique in the centre.

    SPEECH: `text` in `language`, by `voice` if not empty. FILE: `path` as written, below the folder of
    the tenant's file. TONE: `text` is "ringback:FR". `place` is where an unreadable file is blamed.
    """

    name: str
    kind: ClipKind
    language: str = ""
    text: str = ""
    path: str = ""
    voice: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where a carrier is; `host` is a name or an address without brackets.

    `port` 0 and an empty `transport` are not written: for a name the DNS says them.
    """

    host: str
    port: int
    transport: str
    priority: int = 0
    weight: int = 0
    prefixes: tuple[str, ...] = ()
    cost_micros: int = 0
    """A minute's price, in millionths."""
    channels_max: int = 0
    calls_per_second_max: int = 0


@dataclass(frozen=True, slots=True)
class Identify:
    """Requests from this network (CIDR) are the carrier's; `port` 0 means any source port.

    Or those by connections whose certificate has the name `certificate`; `network` is then empty.
    """

    network: str
    port: int = 0
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class RegisterPlan:
    """We register with the carrier; `user` empty: the trunk's username."""

    expires_s: int = 3600
    user: str = ""


@dataclass(frozen=True, slots=True)
class HealthPlan:
    """When a gateway counts as down, and how it comes back; `probe_s` 0: it is not asked."""

    probe_s: int = 0
    failures_to_down: int = 3
    answers_to_up: int = 3
    down_s: int = 30
    down_s_max: int = 300


@dataclass(frozen=True, slots=True)
class StirPlan:
    """Signed numbers: `trust` are files with certificates; the key is in `key_file` or a variable `key_env`,
    and nothing is signed without `certificate_url`."""

    verify: str = "off"
    trust: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    insecure: bool = False
    certificate_url: str = ""
    key_file: str = ""
    key_env: str = ""
    origid: str = ""


@dataclass(frozen=True, slots=True)
class CallerIdentityPlan:
    """How a carrier tells who calls (`accept`) and how we tell it; the words are those of the schema."""

    accept: tuple[str, ...] = ("from",)
    send: tuple[str, ...] = ()
    trusted: bool = False
    present_caller: bool = False
    tell_forwarding: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """A carrier. A password is never here: `password_env` or `password_file` says where it is.

    `country` is the ISO code whose national numbers the carrier means; `channels_max` 0 is no limit.
    """

    name: str
    gateways: tuple[Gateway, ...]
    identify: tuple[Identify, ...]
    numbers: NumberForm
    country: str
    channels_max: int
    username: str
    password_env: str
    password_file: str
    place: Place
    domain: str = ""
    cheapest: bool = False
    failover_on: frozenset[int] = frozenset()
    register: RegisterPlan | None = None
    health: HealthPlan = HealthPlan()
    calls_per_second_max: int = 0
    prefix: str = ""
    strip: tuple[str, ...] = ()
    user_phone: bool = False
    caller_identity: CallerIdentityPlan = CallerIdentityPlan()
    stir: StirPlan | None = None
    encrypted_media: str = "allowed"
    codecs: tuple[str, ...] = ()
    dtmf: str = "auto"
    progress_tones: bool = False


@dataclass(frozen=True, slots=True)
class LimitsPlan:
    """Limits on calls to the outside, of a tenant or an account; 0 and empty are none.

    Prefixes are E.164. `cost_per_hour` and the `rates` of a minute by prefix are millionths of whatever
    currency the administrator counts in; `rates` and `end_over_cost` are the tenant's alone.
    """

    calls: int = 0
    calls_per_minute: int = 0
    countries: frozenset[str] = frozenset()
    deny_countries: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    deny_prefixes: tuple[str, ...] = ()
    cost_per_hour: int = 0
    rates: tuple[tuple[str, int], ...] = ()
    end_over_cost: bool = False


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What a phone registers as. `caller_id` is presented outside instead of the tenant's.

    `may_present` are numbers (E.164) that its phone may ask for; `withhold` never shows any.
    `encrypted_media` is `never`, `allowed` or `required`. `record`: all its talks are recorded. `codecs` are
    words, dearest first; empty: the centre's.
    `dtmf` is `auto`, `rfc4733`, `info` or `inband`. `mailbox` is the one whose lamp its phones have.
    """

    name: str
    display: str
    caller_id: str
    limits: LimitsPlan | None = None
    may_present: tuple[str, ...] = ()
    withhold: bool = False
    encrypted_media: str = "allowed"
    record: bool = False
    codecs: tuple[str, ...] = ()
    dtmf: str = "auto"
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """A person who works. `queues` empty: all of the tenant. `order` counts from 0 as written.

    `languages` are among the skills, too. `units` is the whole capacity, `most` bounds contacts by channel.
    `shift` None: any time is right; it is meant in `zone`, the agent's home. `on_demand`: paused after each
    contact.
    """

    name: str
    account: str
    display: str
    skills: tuple[tuple[str, int], ...]
    queues: tuple[str, ...]
    order: int
    teams: tuple[str, ...] = ()
    weight: int = 1
    units: int = 100
    most: tuple[tuple[str, int], ...] = ()
    zone: ZoneInfo | None = None
    shift: Hours | None = None
    on_demand: bool = False


@dataclass(frozen=True, slots=True)
class RoutingPlan:
    """What holds in all queues of a tenant; the words are the router's. `day_start` is minutes from midnight
    at which `fewest-calls` begins anew, -1: never."""

    order: str = "priority"
    assign: str = "one-by-one"
    ageing_s: int = 60
    channels: tuple[tuple[str, int], ...] = ()
    own_calls_reset_idle: bool = False
    day_start: int = -1
    watch_lines: bool = True
    """Agents whose lines are bad are asked last, or not at all."""


USUAL_ROUTING = RoutingPlan()


@dataclass(frozen=True, slots=True)
class AnnouncePlan:
    """What a waiting caller is told; `every_s` 0 tells once, `first_s` 0 and `every_s` 0 never.

    Places beyond `position_max` are not told (0: all are), with `only_better` none that is not lower than the
    last one told.
    """

    first_s: int
    every_s: int
    position: bool
    estimate: bool
    messages: tuple[str, ...]
    position_max: int = 0
    only_better: bool = False
    estimate_once: bool = False


@dataclass(frozen=True, slots=True)
class CallbackPlan:
    """Who waits in a queue may be called back instead (docs/decisions/0031).

    `key` asks for it at any time; `offer` are prompts that say so, first after `offer_after_s`, then every
    `offer_every_s` (0: once; both 0: never). `hours` empty: at any hour. `countries` empty: the tenant's.
    """

    key: str
    offer: tuple[str, ...]
    offer_after_s: int
    offer_every_s: int
    hours: str
    tries: int
    retry_s: int
    expires_s: int
    ring_s: int
    other_number: bool
    countries: frozenset[str]
    answers: AnswerTerms | None = None
    """How a machine that answers is told from a person; None: it is not."""
    machine: str = ""
    """The flow that serves it; empty: it counts as nobody."""


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue as written; 0 switches a limit off. `policy` is a word of the router.

    `hours` are the names of opening hours (empty: always open), `leave_when` the gates at which those who
    wait leave, too: `no-agents`, `nobody-ready`, `closed`. With fewer agents signed in than
    `widen_at_once_below` a wait begins with its last ring.
    """

    name: str
    policy: str
    priority: int
    ring_s: int
    wrap_up_s: int
    misses_before_pause: int
    contacts_max: int
    refuse_without_agents: bool
    service_level_s: int
    retry_same_agent_s: int
    max_wait_s: int
    music: str
    announce: AnnouncePlan
    record: bool = False
    max_estimate_s: int = 0
    hours: str = ""
    leave_when: frozenset[str] = frozenset()
    callback: CallbackPlan | None = None
    share: int = 1
    cost: int = 1
    handling_s: int = 180
    target: int = 80
    shares: tuple[tuple[str, int], ...] = ()
    ring_more_s: int = 10
    also_missed: frozenset[str] = frozenset()
    language: int = 0
    sticky_s: int = -1
    remember_days: int = 30
    widen_at_once_below: int = 0


@dataclass(frozen=True, slots=True)
class OutsideRules:
    """Which outside numbers the tenant's phones may dial. Nothing but emergencies unless it is written.

    `allow` are prefixes of E.164 numbers, + alone is the whole world; premium-rate numbers need
    `premium` besides. `access_code` is dialled in front of an outside number and removed; empty: none.
    `caller_id` is E.164 or empty. `trunks` are tried in this order.
    """

    trunks: tuple[str, ...] = ()
    caller_id: str = ""
    access_code: str = ""
    allow: tuple[str, ...] = ()
    premium: bool = False
    caller_name: str = ""

    @property
    def trunk(self) -> str:
        """The first trunk, empty where there is none."""
        return self.trunks[0] if self.trunks else ""


def plain_number(dialled: str) -> str:
    """A number without the separators that people write."""
    return dialled if dialled.isalnum() else dialled.translate(_SEPARATORS)


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """Accounts that may watch the calls and the agents of others by their phones; None: all of the tenant."""

    busy_lamps: frozenset[str] | None = None
    presence: frozenset[str] | None = None


EVERYBODY_WATCHES = WatchPlan()


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """How a tenant's calls are recorded. `consent` are prompts that say so, heard before the first one."""

    opus: bool = False
    consent: tuple[str, ...] = ()
    seconds_max: int = 4 * 3600
    keep_days: int = 0
    keep_megabytes: int = 0
    """0: nothing is deleted for that reason."""


USUAL_RECORDING = RecordingPlan()


@dataclass(frozen=True, slots=True)
class TenantPlan:
    """Everything of one tenant. `numbers` maps a dialled number to a flow, `codes` a feature code to one.

    `prompts` is what the interpreter may name, by prompt then language: the clip.
    """

    key: str
    name: str
    domain: str
    time_zone: str
    country: str
    languages: tuple[str, ...]
    numbers: Mapping[str, str]
    accounts: Mapping[str, AccountPlan]
    agents: Mapping[str, AgentPlan]
    skills: tuple[str, ...]
    queues: Mapping[str, QueuePlan]
    pause_reasons: Mapping[str, str]
    codes: Mapping[str, str]
    pause_code: str
    outside: OutsideRules
    hours: Mapping[str, Hours]
    calendar: Calendar
    zone: ZoneInfo
    program: Program
    prompts: Mapping[str, Mapping[str, str]]
    requests: tuple[ClipRequest, ...]
    ringback: str
    place: Place = NOWHERE
    limits: LimitsPlan | None = None
    watch: WatchPlan = EVERYBODY_WATCHES
    recording: RecordingPlan = USUAL_RECORDING
    supervision: SupervisionPlan = NOBODY_SUPERVISES
    routing: RoutingPlan = USUAL_ROUTING
    mailboxes: Mapping[str, MailboxPlan] = field(default_factory=dict)

    @property
    def beep(self) -> str:
        """The clip of the beep, empty where nothing of this tenant beeps."""
        return self.clip(BEEP, self.languages[0]) or ""

    @property
    def trunk(self) -> str:
        """The trunk for outside calls, empty where there is none."""
        return self.outside.trunk

    @property
    def caller_id(self) -> str:
        """The number presented outside, empty where none is stated."""
        return self.outside.caller_id

    def route(self, dialled: str) -> str | None:
        """The flow of a dialled number or feature code, None where it is neither."""
        number = plain_number(dialled)
        flow = self.numbers.get(number) or self.codes.get(number)
        if flow is not None:
            return flow
        asks_reason = self.pause_code and number[:-1] == self.pause_code and number[-1:].isdigit()
        return self.codes[self.pause_code] if asks_reason else None

    def clips(self) -> tuple[ClipRequest, ...]:
        """All that must be rendered before the tenant can take calls."""
        return self.requests

    def clip(self, prompt: str, language: str) -> str | None:
        """The clip of a prompt in a language, else in the tenant's first; None where there is none."""
        by_language = self.prompts.get(prompt, {})
        return by_language.get(language) or by_language.get(self.languages[0])


DIGEST = ("SHA-256", "MD5")
"""What phones are offered to prove who they are, unless `digest` in centre.yaml says otherwise."""

DIGEST_QOP = ("auth",)
"""The quality of protection that phones are offered: few know `auth-int`, which covers the body too."""


@dataclass(frozen=True, slots=True)
class SessionTimer:
    """RFC 4028: how long a call stands without a refresh, and the least that we take from others."""

    expires_s: int = 1_800
    min_s: int = 90


@dataclass(frozen=True, slots=True)
class Centre:
    """All that the administrator wrote. `warnings` are worth showing and stop nothing.

    `digest` are the algorithms that phones are offered, in this order; no other is accepted. `digest_qop`
    are the qualities of protection that they are offered. `reliable_183`: early media is told reliably
    (RFC 3262) to callers who can acknowledge it. `codecs` are words, dearest first; empty: G.711.
    """

    trunks: tuple[TrunkSettings, ...] = ()
    tenants: Mapping[str, TenantPlan] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    digest: tuple[str, ...] = DIGEST
    digest_qop: tuple[str, ...] = DIGEST_QOP
    session_timer: SessionTimer = SessionTimer()
    reliable_183: bool = True
    codecs: tuple[str, ...] = ()
    listening: ListeningPlan = NOTHING_STATED

    def owner(self, number: str) -> TenantPlan | None:
        """The tenant to whom an outside number (E.164 with +) belongs."""
        if not number.startswith("+"):
            return None
        return next((plan for plan in self.tenants.values() if number in plan.numbers), None)
