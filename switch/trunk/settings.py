"""A carrier relation as its administrator describes it."""

from dataclasses import dataclass
from enum import StrEnum

from switch.base.values import quick
from switch.sip.flow import Address, Transport
from switch.trunk.caller import PLAIN, CallerSettings
from switch.trunk.stir.settings import StirSettings


class NumberFormat(StrEnum):
    """How a carrier writes numbers, shown for +33 1 70 18 01 01 and a trunk of France."""

    E164 = "e164"
    """`+33170180101`."""
    E164_BARE = "e164-bare"
    """`33170180101`: the plus is understood."""
    INTERNATIONAL = "international"
    """`0033170180101`, with the international prefix of the trunk's country (011 in North America)."""
    NATIONAL = "national"
    """`0170180101` inside the country, else as INTERNATIONAL."""


class RouteOrder(StrEnum):
    """What decides between gateways of one priority, before their weights do."""

    PRIORITY = "priority"
    CHEAPEST = "cheapest"


@dataclass(frozen=True, slots=True)
class Terms:
    """When a gateway is chosen, and how much it takes. Caps of 0 are no limit.

    Lower `priority` first; among equals `weight` is a share of the calls, and without weights the first in
    the list is first. `prefixes` are E.164 (`+33`); none takes every number. `cost_micros` is a minute's
    price in millionths of whatever the administrator counts in.
    """

    priority: int = 0
    weight: int = 0
    prefixes: tuple[str, ...] = ()
    cost_micros: int = 0
    channels_max: int = 0
    calls_per_second_max: int = 0


ANY_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Gateway:
    """One address of a carrier.

    `name` is what it was located by: it stands in the Request-URI and in the carrier's certificate.
    """

    address: Address
    transport: Transport = Transport.UDP
    name: str = ""
    terms: Terms = ANY_TERMS

    @property
    def known_as(self) -> str:
        """What its channels are counted by: addresses of one name share them."""
        return self.name or str(self.address)

    @property
    def title(self) -> str:
        """For people: the name as written with the address that was found, or the address alone."""
        return f"{self.name} ({self.address})" if self.name else str(self.address)


@dataclass(frozen=True, slots=True)
class NamedGateway:
    """Gateways of a carrier behind one name (RFC 3263). What is None is for the DNS to say."""

    host: str
    port: int | None = None
    transport: Transport | None = None
    terms: Terms = ANY_TERMS

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Requests from this network are the carrier's: a CIDR or one address; `port` None is any.

    Or, where `certificate` is stated, requests by TLS connections whose certificate has this name.
    """

    network: str = ""
    port: int | None = None
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What answers the carrier's 401 or 407. The secret comes from environment or file, never from YAML."""

    username: str
    secret: str

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r})"


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """When a gateway is left alone, and for how long.

    `failures_to_down` in a row: one lost packet storm is no outage. `down_s` is the first rest, doubled at
    each failed trial up to `down_s_max`, so that a flapping gateway is tried less and less. `probe_s` is the
    period of OPTIONS, 0 for none; with it `answers_to_up` in a row end an outage.
    """

    failures_to_down: int = 3
    down_s: int = 30
    down_s_max: int = 300
    probe_s: int = 0
    answers_to_up: int = 3


DEFAULT_HEALTH = HealthSettings()

NEVER_FAILED_OVER = frozenset({401, 407, 486, 487, 600, 603})
"""A person was reached, a call cancelled, or our own password asked for: no other gateway mends that."""


@dataclass(frozen=True, slots=True)
class RegistrationSettings:
    """We register with the carrier, by the trunk's credentials. `user` empty: their username."""

    expires_s: int = 3600
    user: str = ""


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """`country` is ISO 3166. `channels_max` counts calls in both directions; 0 is no limit.
    `calls_per_second_max` counts the INVITEs that we send.

    `prefix` stands before every number that we send, after the format (a carrier's technical prefix).
    `identify` empty: no call comes in by it. Gateways do not identify by themselves: a carrier often calls
    from other addresses, and on one machine (a laboratory on loopback) phones share the gateway's.
    `host` is the domain of our Request-URI, To and From towards the carrier; empty: the gateway's address.
    `failover_on` are answers, besides 408 and 5xx, after which the next gateway is tried.
    `encrypted_media` is `never`, `allowed` or `required`. `codecs` are words of the dialplan; empty:
    the centre's. `dtmf` is `auto`, `rfc4733`,
    `info` or `inband`. `progress_tones`: it says by tones what others say by a status.
    """

    name: str
    gateways: tuple[Gateway | NamedGateway, ...]
    identify: tuple[Identity, ...] = ()
    number_format: NumberFormat = NumberFormat.E164
    country: str = "FR"
    prefix: str = ""
    host: str = ""
    channels_max: int = 0
    credentials: Credentials | None = None
    health: HealthSettings = DEFAULT_HEALTH
    calls_per_second_max: int = 0
    order: RouteOrder = RouteOrder.PRIORITY
    failover_on: frozenset[int] = frozenset()
    registration: RegistrationSettings | None = None
    caller: CallerSettings = PLAIN
    stir: StirSettings | None = None
    encrypted_media: str = "allowed"
    codecs: tuple[str, ...] = ()
    dtmf: str = "auto"
    progress_tones: bool = False


@quick
@dataclass(frozen=True, slots=True)
class RouteChoice:
    """One way to place a call: send to `gateway`, with these users in Request-URI and From, at `host`.

    `port` is the Request-URI's; None where the host is a domain, or a name that was located. `rests`: the
    gateway is down, and is a last resort.
    """

    trunk: str
    gateway: Gateway
    host: str
    port: int | None
    request_user: str
    from_user: str
    rests: bool = False


class Refusal(StrEnum):
    """Why there is no channel for a call."""

    NO_TRUNK = "no-trunk"
    TRUNK_CHANNELS = "trunk-channels"
    TRUNK_RATE = "trunk-rate"
    GATEWAY_CHANNELS = "gateway-channels"
    GATEWAY_RATE = "gateway-rate"

    @property
    def of_gateway(self) -> bool:
        """Another gateway of the same trunk may still take the call."""
        return self in (Refusal.GATEWAY_CHANNELS, Refusal.GATEWAY_RATE)


class GatewayOutcome(StrEnum):
    """How an attempt by a gateway ended, as far as the gateway's health is concerned.

    Any final answer but 408 and 503 is `ANSWERED`, also 404, 486 or 500: the gateway lives, the call failed.
    A 408 to a call is not reported at all: who was asked for may be switched off.
    """

    ANSWERED = "answered"
    UNAVAILABLE = "unavailable"
    """503."""
    TIMEOUT = "timeout"
    TRANSPORT = "transport"


@dataclass(frozen=True, slots=True)
class GatewayDown:
    trunk: str
    gateway: Gateway
    reason: GatewayOutcome
    rest_s: int


@dataclass(frozen=True, slots=True)
class GatewayUp:
    trunk: str
    gateway: Gateway


@dataclass(frozen=True, slots=True)
class ChannelsExhausted:
    """A call was refused because the trunk had none left; told each time, for the metrics."""

    trunk: str
    channels_max: int


@dataclass(frozen=True, slots=True)
class CallsTooFast:
    """A call was refused because the trunk had begun as many within the last second as it may."""

    trunk: str
    calls_per_second_max: int


@dataclass(frozen=True, slots=True)
class GatewayLocated:
    """The addresses of a named gateway became known, or changed; none: there is no such name any more."""

    trunk: str
    gateway: NamedGateway
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class GatewayUncertain:
    """The resolver does not say where a named gateway is; told once. `kept` addresses stay in use."""

    trunk: str
    gateway: NamedGateway
    kept: int


@dataclass(frozen=True, slots=True)
class RegistrationUp:
    """The carrier knows where we are; told at the first time and after each loss."""

    trunk: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class RegistrationLost:
    """Calls do not come in by it any more. `reason` is a status with its words, or `timeout`."""

    trunk: str
    reason: str


@dataclass(frozen=True, slots=True)
class RegistrationUnanswered:
    """No gateway took a registration that does not stand; told at the first time of an outage. Tried again in
    `retry_s`, then at growing distances."""

    trunk: str
    reason: str
    retry_s: int


@dataclass(frozen=True, slots=True)
class RegistrationRejected:
    """The carrier said no: the administrator has to do something. Tried again in `retry_s`."""

    trunk: str
    reason: str
    retry_s: int


TrunkEvent = (
    GatewayDown
    | GatewayUp
    | ChannelsExhausted
    | CallsTooFast
    | GatewayLocated
    | GatewayUncertain
    | RegistrationUp
    | RegistrationLost
    | RegistrationUnanswered
    | RegistrationRejected
)
"""What an operator should read."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody must send a request of ours to a carrier, and bring what came of it under `ticket`."""

    ticket: int
    transport: Transport
    address: Address
    server_name: str = ""
    """What the carrier's certificate must prove (RFC 5922 section 7.2); empty: its address."""
