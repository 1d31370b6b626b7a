"""The shape of a file: one pydantic model a section, one a verb. Meaning and references are checked later.

Scalars arrive as text, so that numbers are counted from text and names are never mistaken for numbers.
Destinations and prompts keep their raw value (`Any`): the flow compiler reads those.
"""

from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from switch.dialplan.problems import Problems, suggestion
from switch.dialplan.source import Path, Source

Raw: TypeAlias = Any
"""A destination or a prompt, read by the flow compiler with its place."""


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _mapping(value: Any) -> Any:
    return {} if value is None else value


def _numbering_plan(country: str) -> str:
    """A country whose numbers are known: of any other every national number would be wrong."""
    if country not in phonenumbers.SUPPORTED_REGIONS:
        meant = "; the United Kingdom is GB" if country == "UK" else ""
        raise PydanticCustomError(
            "country", "a country such as FR or CA was expected{meant}", {"meant": meant}
        )
    return country


Names: TypeAlias = Annotated[list[str], BeforeValidator(_listed)]
Seconds: TypeAlias = Annotated[int, Field(ge=0, le=86_400)]
CallsPerSecond: TypeAlias = Annotated[int, Field(ge=0, le=1_000)]
Level: TypeAlias = Annotated[int, Field(ge=0, le=100)]
Skills: TypeAlias = Annotated[dict[str, Annotated[int, Field(ge=1, le=100)]], BeforeValidator(_mapping)]
Needs: TypeAlias = Annotated[dict[str, Level], BeforeValidator(_mapping)]
Priority: TypeAlias = Annotated[int, Field(ge=-100, le=100)]
Country: TypeAlias = Annotated[str, Field(pattern="^[A-Z]{2}$"), AfterValidator(_numbering_plan)]
Policy: TypeAlias = Literal[
    "most-skilled",
    "least-skilled",
    "longest-idle",
    "fewest-calls",
    "linear",
    "random",
    "least-occupied",
    "round-robin",
    "weighted-random",
    "idleness-ratio",
    "ring-all",
    "ring-progressively",
]


class Section(BaseModel):
    """Unknown words are errors everywhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Encrypted: TypeAlias = Literal["never", "allowed", "required"]
"""Whether audio is encrypted: the peer chooses where it is allowed."""


Codecs: TypeAlias = Annotated[
    list[Literal["opus", "g722", "l16", "pcma", "pcmu", "cn"]],
    BeforeValidator(_listed),
    Field(min_length=1, max_length=6),
]
"""Dearest first."""
Keys: TypeAlias = Literal["auto", "rfc4733", "info", "inband"]
"""How keys go to the peer and come from it."""


class TrunkModel(Section):
    """`gateways`, `identify` and `registration` have a short and a long form, and are read one by one."""

    gateways: Annotated[list[Raw], BeforeValidator(_one_or_more), Field(min_length=1, max_length=32)]
    transport: Literal["udp", "tcp", "tls"] | None = None
    identify: Annotated[list[Raw], BeforeValidator(_one_or_more)] = []
    domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{0,253}$")] = ""
    order: Literal["priority", "cheapest"] = "priority"
    failover_on: Annotated[list[int], BeforeValidator(_listed), Field(max_length=50)] = []
    registration: Raw = None
    health: Raw = None
    calls_per_second_max: CallsPerSecond = 0
    numbers: Literal["e164", "international", "national", "e164-bare"] = "e164"
    country: Country
    channels_max: Annotated[int, Field(ge=0, le=100_000)] = 0
    prefix: Annotated[str, Field(pattern="^[0-9*#]{0,16}$")] = ""
    strip: Annotated[Names, Field(max_length=20)] = []
    user_phone: bool = False
    caller_identity: Raw = None
    stir: Raw = None
    username: str = ""
    password_env: str = ""
    password_file: str = ""
    encrypted_media: Encrypted = "allowed"
    codecs: Codecs = []
    dtmf: Keys = "auto"
    progress_tones: bool = False


class GatewayModel(Section):
    """The long form of a gateway."""

    address: str
    transport: Literal["udp", "tcp", "tls"] | None = None
    priority: Annotated[int, Field(ge=0, le=65_535)] = 0
    weight: Annotated[int, Field(ge=0, le=65_535)] = 0
    prefixes: Names = []
    cost_per_minute: Annotated[float, Field(ge=0, le=1_000_000)] = 0
    channels_max: Annotated[int, Field(ge=0, le=100_000)] = 0
    calls_per_second_max: CallsPerSecond = 0


class IdentifyModel(Section):
    """A carrier that is known by the certificate of its connection."""

    certificate: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")]


class RegisterModel(Section):
    expires_s: Annotated[int, Field(ge=60, le=86_400)] = 3600
    user: str = ""


class HealthModel(Section):
    probe_s: Annotated[int, Field(ge=0, le=3600)] = 0
    failures_to_down: Annotated[int, Field(ge=1, le=100)] = 3
    answers_to_up: Annotated[int, Field(ge=1, le=100)] = 3
    down_s: Annotated[int, Field(ge=1, le=86_400)] = 30
    down_s_max: Annotated[int, Field(ge=1, le=86_400)] = 300


class SessionTimerModel(Section):
    expires_s: Annotated[int, Field(ge=90, le=86_400)] = 1_800
    min_s: Annotated[int, Field(ge=90, le=86_400)] = 90


class SignModel(Section):
    certificate_url: Annotated[str, Field(pattern=r"^https?://[^\s<>\"]{1,500}$")]
    key_file: str = ""
    key_env: str = ""
    origid: Annotated[str, Field(pattern="^[0-9A-Za-z-]{0,64}$")] = ""


class StirModel(Section):
    """Signed numbers: what is believed, and how ours are signed."""

    verify: Literal["off", "mark", "require"] = "off"
    trust: Names = []
    hosts: Names = []
    insecure_http: bool = False
    sign: Raw = None


class CallerIdentityModel(Section):
    """How a carrier tells who calls, and how we tell it."""

    accept: Annotated[
        list[Literal["pai", "rpid", "from"]], BeforeValidator(_listed), Field(min_length=1, max_length=3)
    ] = ["from"]
    send: Annotated[list[Literal["pai", "ppi", "rpid"]], BeforeValidator(_listed)] = []
    trusted: bool = False
    forwarded: Literal["own", "caller"] = "own"
    tell_forwarding: Annotated[list[Literal["diversion", "history-info"]], BeforeValidator(_listed)] = []


class CertificateModel(Section):
    """Files in PEM. `names` replace those in the certificate, for which it is asked (SNI)."""

    chain: Annotated[str, Field(min_length=1)]
    key: Annotated[str, Field(min_length=1)]
    names: Names = []


class ListenModel(Section):
    address: str
    transports: Annotated[
        list[Literal["udp", "tcp", "tls"]], BeforeValidator(_listed), Field(min_length=1, max_length=3)
    ] = ["udp", "tcp"]
    advertise: str = ""
    media: str = ""
    certificates: Names = []
    clients: Literal["off", "optional", "required"] = "off"
    clients_ca: str = ""


class WebModel(Section):
    address: str = ""
    certificates: Names = []
    origins: Names = []


class TlsModel(Section):
    ca: str = ""
    certificate: str = ""
    wildcards: bool = False


class ListeningModel(Section):
    """Sections whose entries have a place of their own, read entry by entry."""

    listen: Annotated[list[Raw], BeforeValidator(_one_or_more), Field(max_length=32)] = []
    certificates: Annotated[dict[str, Raw], BeforeValidator(_mapping)] = {}
    web: Raw = None
    tls: Raw = None


class CentreModel(Section):
    trunks: Annotated[dict[str, Raw], BeforeValidator(_mapping)] = {}
    digest: Annotated[
        list[Literal["sha-512-256", "sha-256", "md5"]],
        BeforeValidator(_listed),
        Field(min_length=1, max_length=3),
    ] = ["sha-256", "md5"]
    digest_qop: Annotated[
        list[Literal["auth", "auth-int"]], BeforeValidator(_listed), Field(min_length=1, max_length=2)
    ] = ["auth"]
    session_timer: SessionTimerModel = SessionTimerModel()
    reliable_183: bool = True
    codecs: Codecs = []


Countries: TypeAlias = Annotated[list[Country], BeforeValidator(_listed)]


class AccountLimitsModel(Section):
    """Limits on calls to the outside; 0 or an empty list is none."""

    calls: Annotated[int, Field(ge=0, le=100_000)] = 0
    calls_per_minute: Annotated[int, Field(ge=0, le=6_000)] = 0
    countries: Countries = []
    deny_countries: Countries = []
    prefixes: Names = []
    deny_prefixes: Names = []
    cost_per_hour: Annotated[float, Field(ge=0, le=1_000_000)] = 0


class LimitsModel(AccountLimitsModel):
    rates: Annotated[dict[str, Annotated[float, Field(ge=0, le=10_000)]], BeforeValidator(_mapping)] = {}
    over_cost: Literal["refuse", "end"] = "refuse"


class AccountModel(Section):
    name: str = ""
    encrypted_media: Encrypted = "allowed"
    codecs: Codecs = []
    dtmf: Keys = "auto"
    mailbox: Annotated[str, Field(pattern="^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})?$")] = ""
    caller_id: str = ""
    may_present: Names = []
    withhold: bool = False
    record: bool = False
    limits: Raw = None


def _as_skills(value: Any) -> Any:
    """`[fr, en]` is `{fr: 100, en: 100}`."""
    value = _listed(value)
    return dict.fromkeys(value, 100) if isinstance(value, list) else _mapping(value)


class AgentWordsModel(Section):
    """What the router knows of an agent."""

    skills: Skills = {}
    languages: Annotated[Skills, BeforeValidator(_as_skills)] = {}
    queues: Names = []
    teams: Names = []
    weight: Annotated[int, Field(ge=1, le=1_000)] = 1
    units: Annotated[int, Field(ge=1, le=10_000)] = 100
    most: Annotated[dict[str, Annotated[int, Field(ge=0, le=1_000)]], BeforeValidator(_mapping)] = {}


class AgentModel(AgentWordsModel):
    account: str
    name: str = ""
    time_zone: str = ""
    shift: str = ""
    on_demand: bool = False


class AnnounceModel(Section):
    first_s: Seconds = 15
    every_s: Annotated[int, Field(ge=5, le=86_400)] = 45
    position: bool = True
    position_max: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    only_better: bool = False
    estimate: bool = True
    estimate_once: bool = False
    messages: Raw = None


LeaveWhen: TypeAlias = Annotated[
    list[Literal["no_agents", "nobody_ready", "closed"]], BeforeValidator(_listed), Field(max_length=3)
]


class ExitsModel(Section):
    """Where a caller goes who is not served; each a destination. `otherwise` is for all not stated."""

    full: Raw = None
    no_agents: Raw = None
    nobody_ready: Raw = None
    unservable: Raw = None
    closed: Raw = None
    holiday: Raw = None
    timeout: Raw = None
    estimate: Raw = None
    otherwise: Raw = None
    exit_keys: Annotated[dict[str, Raw], BeforeValidator(_mapping)] = {}


class QueueWordsModel(Section):
    """What the router knows of a queue, and how long one may wait in it."""

    policy: Policy = "most-skilled"
    priority: Priority = 0
    ring_s: Annotated[int, Field(ge=3, le=300)] = 20
    wrap_up_s: Seconds = 0
    misses_before_pause: Annotated[int, Field(ge=0, le=100)] = 3
    contacts_max: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    refuse_without_agents: bool = True
    service_level_s: Annotated[int, Field(ge=1, le=86_400)] = 20
    retry_same_agent_s: Seconds = 5
    max_wait_s: Seconds = 0
    share: Annotated[int, Field(ge=1, le=1_000)] = 1
    cost: Annotated[int, Field(ge=1, le=1_000)] = 1
    handling_s: Annotated[int, Field(ge=1, le=86_400)] = 180
    shares: Annotated[dict[str, Annotated[int, Field(ge=1, le=1_000)]], BeforeValidator(_mapping)] = {}
    ring_more_s: Annotated[int, Field(ge=1, le=300)] = 10
    also_missed: Annotated[list[Literal["busy", "unreachable"]], BeforeValidator(_listed)] = []
    match_language: Level = 0


class QueueRulesModel(ExitsModel, QueueWordsModel):
    """What is decided about its callers; also of a day that is simulated."""

    max_estimate_s: Seconds = 0
    hours: str = ""
    leave_when: LeaveWhen = []
    callback: Raw = None
    last_agent: Raw = None
    widen_at_once_below: Annotated[int, Field(ge=0, le=100_000)] = 0


class QueueModel(QueueRulesModel):
    music: Raw = None
    announce: Raw = None
    record: bool = False
    target: Annotated[int, Field(ge=1, le=100)] = 80


class OutsideModel(Section):
    trunk: Annotated[Names, Field(min_length=1, max_length=10)]
    caller_id: str = ""
    caller_name: Annotated[str, Field(max_length=64)] = ""
    access_code: str = ""
    allow: Names = []
    premium: bool = False


class WatchModel(Section):
    busy_lamps: Names = ["all"]
    presence: Names = ["all"]


class CodesModel(Section):
    sign_in: str = "*11"
    sign_out: str = "*12"
    pause: str = "*13"
    resume: str = "*14"
    end_wrap_up: str = "*15"


class TenantModel(Section):
    """One tenant's file. Sections whose entries have a place of their own are read entry by entry."""

    name: str = ""
    domain: str = ""
    time_zone: str = "UTC"
    country: Country = "FR"
    languages: Annotated[Names, Field(min_length=1, max_length=20)] = ["en"]
    voices: Annotated[dict[str, str], BeforeValidator(_mapping)] = {}
    numbers: Annotated[dict[str, str], BeforeValidator(_mapping)] = {}
    accounts: Annotated[dict[str, Raw], BeforeValidator(_mapping)] = {}
    agents: Annotated[dict[str, Raw], BeforeValidator(_mapping)] = {}
    skills: Names = []
    teams: Names = []
    routing: Raw = None
    pause_reasons: Annotated[dict[str, str], BeforeValidator(_mapping)] = {}
    feature_codes: Raw = None
    queues: Annotated[dict[str, Raw], BeforeValidator(_mapping)] = {}
    outside: Raw = None
    watch: Raw = None
    supervision: Raw = None
    mailboxes: Annotated[dict[str, Raw], BeforeValidator(_mapping)] = {}
    recording: Raw = None
    limits: Raw = None
    hours: Annotated[
        dict[str, Annotated[dict[str, str], BeforeValidator(_mapping)]], BeforeValidator(_mapping)
    ] = {}
    holidays: Annotated[dict[str, str], BeforeValidator(_mapping)] = {}
    prompts: Annotated[dict[str, Raw], BeforeValidator(_mapping)] = {}
    flows: Annotated[dict[str, Raw], BeforeValidator(_mapping)] = {}


class TriesModel(Section):
    """What menu and collect share."""

    prompt: Raw = None
    timeout_s: Annotated[float, Field(ge=0.5, le=120)] = 5
    between_keys_s: Annotated[float, Field(ge=0.5, le=30)] = 2
    tries: Annotated[int, Field(ge=1, le=20)] = 3
    wrong: Raw = None
    silence: Raw = None
    otherwise: Raw = None
    barge_in: bool = True


class MenuModel(TriesModel):
    keys: Annotated[dict[str, Raw], Field(min_length=1)]


class CollectModel(TriesModel):
    into: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    digits: Annotated[int, Field(ge=1, le=32)] | None = None
    digits_min: Annotated[int, Field(ge=1, le=32)] = 1
    digits_max: Annotated[int, Field(ge=1, le=32)] = 32
    end_key: Annotated[str, Field(pattern="^[0-9*#]?$")] = "#"


class HoursModel(Section):
    when: str
    closed: Raw = None
    holiday: Raw = None


def _as_ones(value: Any) -> Any:
    """`[trainee]` is `{trainee: 1}`."""
    value = _listed(value)
    return dict.fromkeys(value, 1) if isinstance(value, list) else _mapping(value)


class WishModel(Section):
    """What a caller asks of agents."""

    needs: Needs = {}
    any_of: Annotated[list[Skills], BeforeValidator(_one_or_more), Field(max_length=16)] = []
    none_of: Annotated[dict[str, Annotated[int, Field(ge=1, le=100)]], BeforeValidator(_as_ones)] = {}
    prefer: Annotated[dict[str, Annotated[int, Field(ge=1, le=1_000)]], BeforeValidator(_as_ones)] = {}
    teams: Names = []
    widen: Annotated[list[Raw], Field(max_length=32)] = []
    priority: Priority = 0
    max_wait_s: Seconds | None = None


class QueueStepModel(ExitsModel, WishModel):
    name: str
    max_estimate_s: Seconds | None = None
    record: bool | None = None


class DialModel(Section):
    extension: str = ""
    outside: str = ""
    trunk: str = ""
    timeout_s: Annotated[int, Field(ge=3, le=300)] = 30
    record: bool = False
    busy: Raw = None
    no_answer: Raw = None
    unreachable: Raw = None
    rejected: Raw = None
    machine: Raw = None
    detect: Raw = None
    otherwise: Raw = None


Pause: TypeAlias = Annotated[float, Field(ge=0.1, le=600)]
Status: TypeAlias = Annotated[int, Field(ge=400, le=699)]

M = TypeVar("M", bound=BaseModel)

_EXPECTED = {
    "int_parsing": "a whole number was expected",
    "int_type": "a whole number was expected",
    "int_from_float": "a whole number was expected",
    "float_parsing": "a number was expected",
    "float_type": "a number was expected",
    "bool_parsing": "true or false was expected",
    "bool_type": "true or false was expected",
    "string_type": "text was expected",
    "dict_type": "names with values (name: value) were expected",
    "model_type": "names with values (name: value) were expected",
    "model_attributes_type": "names with values (name: value) were expected",
    "list_type": "a list ([a, b] or lines that begin with a dash) was expected",
}


def read(
    model: type[M], source: Source, path: Path, data: Any, problems: Problems, also: tuple[str, ...] = ()
) -> M | None:
    """`data` (found at `path`) as a model; None where it has problems, which are noted. `also` are words that
    may stand beside those of the model and are read elsewhere."""
    try:
        return model.model_validate({} if data is None else data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _note(model, source, path, detail, problems, also)
        return None


def _note(
    model: type[BaseModel],
    source: Source,
    path: Path,
    detail: ErrorDetails,
    problems: Problems,
    also: tuple[str, ...],
) -> None:
    loc = tuple(part for part in detail["loc"] if part != "[key]")
    at = (*path, *loc)
    kind = detail["type"]
    if kind == "extra_forbidden":
        word = str(loc[-1])
        problems.unknown(source.key_place(at), "word", word, (*model.model_fields, *also))
        return
    if kind == "missing":
        problems.add(source.key_place(at[:-1]), f"'{loc[-1]}' is missing here; it must be stated")
        return
    found = detail["input"]
    shown = f", found '{found}'" if isinstance(found, str) else ", found nothing" if found is None else ""
    if kind == "literal_error":
        expected = str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        problems.add(source.place(at), f"'{found}' is not known here{suggestion(str(found), expected)}")
        return
    message = _EXPECTED.get(kind) or _bound(detail)
    name = f"{loc[-1]}: " if loc and isinstance(loc[-1], str) else ""
    problems.add(source.place(at), f"{name}{message}{shown}")


def _bound(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "greater_than_equal":
            return f"at least {context['ge']} was expected"
        case "less_than_equal":
            return f"at most {context['le']} was expected"
        case "too_short":
            return f"at least {context['min_length']} was expected"
        case "too_long":
            return f"at most {context['max_length']} were expected"
        case "string_pattern_mismatch" if context["pattern"] == "^[A-Z]{2}$":
            return "a country of two capital letters such as FR or CA was expected"
        case "string_pattern_mismatch":
            return f"text of the form {context['pattern']} was expected"
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]
