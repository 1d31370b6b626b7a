"""What is stated of listening, as values; `listening` reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from switch.dialplan.problems import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class CertificatePlan:
    """Paths as written, below the folder of the shared file; `names` empty: those in the certificate."""

    chain: str
    key: str
    names: tuple[str, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class ListenPlan:
    """One address to bind. `advertised_host` empty: the bound one; `advertised_port` 0: the bound one.

    `media_host` is an IP address, never empty: what phones of this listener are told to send audio to.
    """

    host: str
    port: int
    transports: tuple[str, ...]
    advertised_host: str
    advertised_port: int
    media_host: str
    certificates: tuple[str, ...]
    clients: str
    clients_ca: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class WebPlan:
    """The browsers' port, where `host` is not empty; `origins` also for the port of metrics."""

    host: str = ""
    port: int = 0
    certificates: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsPlan:
    """For connections to carriers. `ca` empty: the machine's authorities; `certificate` empty: none."""

    ca: str = ""
    certificate: str = ""
    wildcards: bool = False
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class ListeningPlan:
    """All of it. `listen` empty: nothing was stated."""

    listen: tuple[ListenPlan, ...] = ()
    certificates: Mapping[str, CertificatePlan] = field(default_factory=dict)
    web: WebPlan = WebPlan()
    tls: TlsPlan = TlsPlan()


NOTHING_STATED = ListeningPlan()
