"""A carrier relation as its administrator describes it."""

from dataclasses import dataclass
from enum import StrEnum

from switch.sip.flow import Address, Transport
from switch.trunk.caller import PLAIN, CallerSettings


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


@dataclass(frozen=True, slots=True)
class Gateway:
    """One address of a carrier. Its place in the trunk's list is its priority.

    `name` is what it was located by: it stands in the Request-URI and in the carrier's certificate.
    """

    address: Address
    transport: Transport = Transport.UDP
    name: str = ""


@dataclass(frozen=True, slots=True)
class NamedGateway:
    """Gateways of a carrier behind one name (RFC 3263). What is None is for the DNS to say."""

    host: str
    port: int | None = None
    transport: Transport | None = None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Requests from this network are the carrier's: a CIDR or one address; `port` None is any."""

    network: str
    port: int | None = None


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
    each failed trial up to `down_s_max`, so that a flapping gateway is tried less and less.
    """

    failures_to_down: int = 3
    down_s: int = 30
    down_s_max: int = 300


DEFAULT_HEALTH = HealthSettings()


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """`country` is ISO 3166. `channels_max` counts calls in both directions; 0 is no limit.

    `prefix` stands before every number that we send, after the format (a carrier's technical prefix).
    `identify` empty: no call comes in by it. Gateways do not identify by themselves: a carrier often calls
    from other addresses, and on one machine (a laboratory on loopback) phones share the gateway's.
    `host` is the domain of our Request-URI, To and From towards the carrier; empty: the gateway's address.
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
    caller: CallerSettings = PLAIN


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """One way to place a call: send to `gateway`, with these users in Request-URI and From, at `host`.

    `port` is the Request-URI's; None where the host is a domain, or a name that was located.
    """

    trunk: str
    gateway: Gateway
    host: str
    port: int | None
    request_user: str
    from_user: str


class GatewayOutcome(StrEnum):
    """How an attempt by a gateway ended, as far as the gateway's health is concerned.

    Any final answer but 503 is `ANSWERED`, also 404, 486 or 500: the gateway lives, the call failed.
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


TrunkEvent = GatewayDown | GatewayUp | ChannelsExhausted | GatewayLocated | GatewayUncertain
