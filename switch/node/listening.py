"""Where this switch listens: the command line's short form, or the `listen` of the centre."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from switch.dialplan.listen_plan import CertificatePlan, ListeningPlan, ListenPlan
from switch.exchange.office import Listener
from switch.net.network import PLAIN, Listening, Network
from switch.net.tls import (
    Certificate,
    ClientCertificates,
    ClientTls,
    Loaded,
    ServerContexts,
    ServerSide,
    ServerTls,
    expired,
)
from switch.node.dialplan_files import folder_of
from switch.node.options import DEFAULT_SIP, RunOptions
from switch.sip.flow import Address, Transport

_log = structlog.get_logger()

EXPIRES_SOON_S = 14 * 24 * 3600
"""A certificate that ends within this is worth a line at every start and reload: authorities that renew by
themselves do so a month before."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One listener, and the host that its phones send audio to."""

    listening: Listening
    media_host: str


def wanted(options: RunOptions, plan: ListeningPlan) -> tuple[Wanted, ...]:
    """What to open: --sip where it is given, else what the centre states, else the default."""
    if options.sip or not plan.listen:
        addresses = options.sip or (DEFAULT_SIP,)
        return tuple(Wanted(Listening(address, PLAIN), address.host) for address in addresses)
    return tuple(_wanted(entry, plan, folder_of(options.dialplans)) for entry in plan.listen)


def _wanted(entry: ListenPlan, plan: ListeningPlan, folder: Path) -> Wanted:
    transports = tuple(Transport(name.upper()) for name in entry.transports)
    advertised = None
    if entry.advertised_host:
        advertised = Address(entry.advertised_host, entry.advertised_port)
    tls = None
    if Transport.TLS in transports:
        tls = ServerTls(
            _certificates(entry.certificates, plan.certificates, folder),
            ClientCertificates(entry.clients),
            folder / entry.clients_ca if entry.clients_ca else None,
        )
    listening = Listening(Address(entry.host, entry.port), transports, advertised, tls)
    return Wanted(listening, entry.media_host)


def _certificates(
    names: Iterable[str], known: Mapping[str, CertificatePlan], folder: Path
) -> tuple[Certificate, ...]:
    return tuple(
        Certificate(folder / known[name].chain, folder / known[name].key, known[name].names) for name in names
    )


def client_tls(options: RunOptions, plan: ListeningPlan) -> ClientTls:
    """For connections to carriers."""
    folder = folder_of(options.dialplans)
    shown = _certificates((plan.tls.certificate,) if plan.tls.certificate else (), plan.certificates, folder)
    return ClientTls(
        folder / plan.tls.ca if plan.tls.ca else None, shown[0] if shown else None, plan.tls.wildcards
    )


def media_bind(listeners: Iterable[Wanted]) -> str:
    """The one address that the media engine binds. Several of one family need the wildcard of it; both
    families together the wildcard of IPv6, which takes IPv4 as well."""
    hosts = {item.listening.bind.host for item in listeners}
    if len(hosts) == 1:
        return hosts.pop()
    return "::" if any(":" in host for host in hosts) else "0.0.0.0"


class Doors:
    """The open listeners of one switch, and the browsers' port; what a reload reads again."""

    def __init__(self, options: RunOptions, network: Network) -> None:
        self.listeners: tuple[Listener, ...] = ()
        self.web: ServerSide | None = None
        self.origins: tuple[str, ...] = ()
        """Of pages that may connect, since the start."""
        self._options = options
        self._network = network
        self._open: tuple[Wanted, ...] = ()
        self._told: list[Address] = []
        """What the peers of each are told, by which its certificates are found."""

    async def open(self, listeners: tuple[Wanted, ...]) -> None:
        """Raises ResourceError."""
        opened: list[Listener] = []
        usual = listeners[0].media_host
        self._open = listeners
        for item in listeners:
            told = await self._network.listen(item.listening)
            self._told.append(told)
            ipv6 = ":" in item.listening.bind.host
            media_host = "" if item.media_host == usual else item.media_host
            opened += [Listener(transport, told, ipv6, media_host) for transport in item.listening.transports]
        self.listeners = tuple(opened)
        say_expiry(self._network.certificates)

    def reload(self, plan: ListeningPlan) -> tuple[str, ...]:
        """Read certificates again, for new connections; what needs a restart comes back as lines.

        Raises ResourceError, and then everything is as it was.
        """
        new = wanted(self._options, plan)
        changed = [old.listening.bind for old in self._open] != [item.listening.bind for item in new]
        web = None
        if self.web is not None and plan.web.certificates:
            web = ServerContexts(web_tls(self._options, plan))
        servers = {}
        for old, told in zip(self._open, self._told, strict=True):
            for item in new:
                if item.listening.bind == old.listening.bind and item.listening.tls is not None:
                    servers[told] = item.listening.tls
        self._network.reload_tls(client_tls(self._options, plan), servers)
        if web is not None and self.web is not None:
            self.web.replace(web)
        say_expiry(self.certificates)
        lines = ["other addresses to listen on need a restart"] if changed else []
        if plan.web.origins != self.origins:
            lines.append("other web: origins need a restart")
        return tuple(lines)

    @property
    def certificates(self) -> tuple[Loaded, ...]:
        return (*self._network.certificates, *(() if self.web is None else self.web.loaded))


def web_tls(options: RunOptions, plan: ListeningPlan) -> ServerTls:
    """What the browsers' port shows."""
    return ServerTls(_certificates(plan.web.certificates, plan.certificates, folder_of(options.dialplans)))


def say_expiry(certificates: Iterable[Loaded]) -> None:
    """One line for each certificate that peers refuse, or soon will."""
    now = datetime.now(UTC)
    for loaded in dict.fromkeys(certificates):
        ends = datetime.fromtimestamp(loaded.expires_wall_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
        if expired(loaded, now):
            _log.error("a certificate has expired: peers refuse it", certificate=str(loaded.path), ended=ends)
        elif loaded.expires_wall_s - now.timestamp() < EXPIRES_SOON_S:
            _log.warning("a certificate ends soon", certificate=str(loaded.path), ends=ends)
