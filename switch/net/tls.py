"""TLS: our certificates by name, what peers must show, and what their certificates prove (RFC 5922).

A listener has one context for each certificate, and picks by the name that the peer asks for (SNI); the first
is for those who ask for none, or for an unknown one. Contexts are made anew at every load and never changed,
so a reload is one assignment: handshakes that have begun end with what they began with.
"""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from switch.base.errors import ResourceError

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption, which every phone of the last ten years has. TLS
1.3 has nothing else."""


class ClientCertificates(StrEnum):
    """What is asked of peers that connect."""

    OFF = "off"
    OPTIONAL = "optional"
    """One that is shown must be right; to show none is allowed."""
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files in PEM: the certificate with its chain, and the key. `names` replace those in the certificate."""

    chain: Path
    key: Path
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What a listener shows; the first certificate is the default. `clients_ca` is PEM with one or more."""

    certificates: tuple[Certificate, ...]
    clients: ClientCertificates = ClientCertificates.OFF
    clients_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class ClientTls:
    """What we ask of gateways that we connect to, and show them. `ca` None: the machine's own authorities.

    `wildcards` takes `*.carrier.example` for one label, which RFC 5922 section 7.2 forbids and some carriers
    need.
    """

    ca: Path | None = None
    certificate: Certificate | None = None
    wildcards: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """One certificate in use: for metrics and for the log."""

    path: Path
    names: tuple[str, ...]
    expires_wall_s: int


class ServerContexts:
    """The contexts of one listener."""

    def __init__(self, settings: ServerTls) -> None:
        """Raises ResourceError: a file is missing, a key belongs to another certificate, none is stated."""
        if not settings.certificates:
            raise ResourceError("TLS needs a certificate")
        made = [_server_context(certificate, settings) for certificate in settings.certificates]
        self.loaded = tuple(loaded for _, loaded in made)
        self.default = made[0][0]
        self._by_name: dict[str, ssl.SSLContext] = {}
        for context, loaded in made:
            for name in loaded.names:
                self._by_name.setdefault(name, context)

    def for_name(self, name: str) -> ssl.SSLContext:
        """The exact name first, then a wildcard certificate for its parent."""
        wanted = name.lower().rstrip(".")
        found = self._by_name.get(wanted) or self._by_name.get("*." + wanted.partition(".")[2])
        return found or self.default


class ServerSide:
    """What accepts ask for: always the newest contexts."""

    def __init__(self, settings: ServerTls) -> None:
        self._contexts = ServerContexts(settings)
        self.front = self._make_front()

    @property
    def loaded(self) -> tuple[Loaded, ...]:
        return self._contexts.loaded

    def replace(self, contexts: ServerContexts) -> None:
        """From now on new handshakes see these."""
        self._contexts = contexts
        self.front = self._make_front()

    def _make_front(self) -> ssl.SSLContext:
        """The default context, which hands over by name. It asks for the newest ones: a server that keeps
        one context for its life (HTTPS) shows a replaced certificate as well."""
        front = self._contexts.default

        def choose(connection: ssl.SSLObject, name: str | None, _front: ssl.SSLContext) -> None:
            chosen = self._contexts.for_name(name or "")
            if chosen is not connection.context:
                connection.context = chosen

        front.sni_callback = choose
        return front


def _server_context(certificate: Certificate, settings: ServerTls) -> tuple[ssl.SSLContext, Loaded]:
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    if settings.clients is not ClientCertificates.OFF:
        if settings.clients_ca is None:
            raise ResourceError("TLS with client certificates needs the authorities that sign them")
        _load_authorities(context, settings.clients_ca)
        required = settings.clients is ClientCertificates.REQUIRED
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context, _load(context, certificate)


def client_context(settings: ClientTls) -> ssl.SSLContext:
    """For connections that we open. The name is checked by `check_name`, by the rules of SIP and not of the
    web. Raises ResourceError."""
    context = _context(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    if settings.ca is None:
        context.load_default_certs()
    else:
        _load_authorities(context, settings.ca)
    if settings.certificate is not None:
        _load(context, settings.certificate)
    return context


def _context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return context


def load_authorities(path: Path) -> None:
    """Read the authorities of a file, to see that they can be. Raises ResourceError."""
    _load_authorities(_context(ssl.PROTOCOL_TLS_CLIENT), path)


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        raise ResourceError(f"certificate authorities {path}: no PEM text was found in it") from error
    except OSError as error:
        raise ResourceError(f"certificate authorities {path}: {_reason(error)}") from error


def _load(context: ssl.SSLContext, certificate: Certificate) -> Loaded:
    try:
        # Without a password function OpenSSL would ask on the terminal, and a service would wait for ever.
        context.load_cert_chain(certificate.chain, certificate.key, password=lambda: "")
        read = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
    except (OSError, ValueError) as error:
        where = f"certificate {certificate.chain} with key {certificate.key}"
        raise ResourceError(f"{where}: {_reason(error)}") from error
    expires = int(read.not_valid_after_utc.timestamp())
    names = certificate.names or _names_of(read)
    return Loaded(certificate.chain, tuple(name.lower() for name in names), expires)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the key belongs to another certificate"
        # OpenSSL says of all else only that its reader of PEM failed.
        return "one of them is no PEM text, or the key has a password"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """What it may be asked for by: its DNS names, or the common name of an old one."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(attribute.value) for attribute in common)
    return tuple(extension.value.get_values_for_type(x509.DNSName))


def expired(loaded: Loaded, now: datetime | None = None) -> bool:
    """Whether peers refuse it already."""
    return (now or datetime.now(UTC)).timestamp() >= loaded.expires_wall_s


def proved_names(certificate: Any) -> tuple[str, ...]:
    """RFC 5922 section 7.1: whom a verified certificate, in the form of `ssl.getpeercert`, stands for.

    Hosts of its `sip:` URIs; without any, its DNS names; only without a subjectAltName its common name. IP
    addresses are added, as a gateway may be written as one. In small letters.
    """
    if not certificate:
        return ()
    alternatives = certificate.get("subjectAltName", ())
    hosts = [_sip_host(value) for kind, value in alternatives if kind == "URI"]
    found = [host for host in hosts if host]
    if not found:
        found = [value for kind, value in alternatives if kind == "DNS"]
    if not alternatives:
        subject = certificate.get("subject", ())
        found = [value for part in subject for kind, value in part if kind == "commonName"]
    found += [value for kind, value in alternatives if kind == "IP Address"]
    return tuple(dict.fromkeys(_canonical(name) for name in found))


def _sip_host(uri: str) -> str:
    """The host of `sip:host`; empty for other schemes and where a user stands before it (section 7.1)."""
    scheme, _, rest = uri.partition(":")
    host = rest.partition(";")[0].partition("?")[0]
    return "" if scheme.lower() != "sip" or "@" in host else host


def _canonical(name: str) -> str:
    try:
        return str(ip_address(name.strip("[]")))
    except ValueError:
        return name.lower().rstrip(".")


def check_name(names: tuple[str, ...], wanted: str, *, wildcards: bool) -> bool:
    """RFC 5922 section 7.2: the whole name, whatever its case."""
    wanted = _canonical(wanted)
    parent = wanted.partition(".")[2]
    return wanted in names or (wildcards and "." in parent and f"*.{parent}" in names)
