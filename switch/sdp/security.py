"""How a stream is encrypted, as session descriptions say it.

| protocol of the `m=` line | keys | read here |
| --- | --- | --- |
| RTP/AVP, RTP/AVPF | none | |
| RTP/SAVP, RTP/SAVPF | in the description, RFC 4568 (SDES) | `a=crypto` |
| UDP/TLS/RTP/SAVP, UDP/TLS/RTP/SAVPF | by a handshake, RFC 5763 | `a=fingerprint`, `a=setup` |

Whoever names a fingerprint wants the handshake, whatever the protocol is called (older browsers: RTP/SAVPF).
With it comes ICE, where the peer offers it: we are a lite agent with one candidate (RFC 8839), so that the
peer finds the way to us, from behind whatever it stands. Attributes may stand with the stream or the session.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from switch.sdp.crypto import SUITE_KEY_BYTES, Crypto, offered
from switch.sdp.session import Attribute, Media, Session

PLAIN_PROTOCOLS = frozenset({"RTP/AVP", "RTP/AVPF"})
"""AVPF only permits more feedback than AVP (RFC 4585 section 4); a side that sends none still conforms."""

SDES_PROTOCOL = "RTP/SAVP"
DTLS_PROTOCOL = "UDP/TLS/RTP/SAVPF"
SECURE_PROTOCOLS = frozenset({SDES_PROTOCOL, "RTP/SAVPF", "UDP/TLS/RTP/SAVP", DTLS_PROTOCOL})

FINGERPRINT_ALGORITHMS = ("sha-256", "sha-384", "sha-512")
"""MD5 and SHA-1 of RFC 8122's list prove nothing any more."""

_FINGERPRINT = re.compile(r"([A-Za-z0-9-]{1,16}) +([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63})")
_ICE_TEXT = re.compile(r"[A-Za-z0-9+/]{4,256}")


class Encryption(Enum):
    """How our own offers are encrypted, and whether a plain one of the peer is taken."""

    OFF = "off"
    """Never; an encrypted offer is declined."""
    OPTIONAL = "optional"
    """As the peer wants it; our own offers are plain."""
    SDES = "sdes"
    """Always, with keys in the description: desk phones and softphones over TLS."""
    DTLS = "dtls"
    """Always, with a handshake and ICE: browsers."""

    @property
    def required(self) -> bool:
        return self is Encryption.SDES or self is Encryption.DTLS


@dataclass(frozen=True, slots=True)
class LocalSecurity:
    """What we bring to an encrypted stream; one a dialog. `secret` is 32 unguessable bytes."""

    secret: bytes
    fingerprint: str
    ice_ufrag: str
    ice_password: str

    def __repr__(self) -> str:
        return f"LocalSecurity({self.fingerprint})"

    def key(self, suite: str) -> bytes:
        """Our master key and salt for a suite: the same each time, and another for each suite."""
        length = SUITE_KEY_BYTES[suite]
        return blake2b(suite.encode(), key=self.secret, digest_size=length).digest()


@dataclass(frozen=True, slots=True)
class Sdes:
    """Keys that both descriptions named."""

    suite: str
    local_key: bytes
    remote_key: bytes

    def __repr__(self) -> str:
        return f"Sdes({self.suite})"


@dataclass(frozen=True, slots=True)
class Dtls:
    """Who shakes hands with us. `we_connect`: it waits for us. `remote_ufrag` is empty without ICE."""

    algorithm: str
    fingerprint: str
    we_connect: bool
    remote_ufrag: str = ""


Security = Sdes | Dtls


def security_of(session: Session, media: Media, local: LocalSecurity, sent: Media | None) -> Security | None:
    """What a secure line of the peer comes to; None where it cannot be met.

    `sent` is our offer's line where the peer's is its answer: only what that one named can be agreed on.
    """
    fingerprint = _fingerprint(session, media)
    if fingerprint is None:
        return _sdes(media, local, sent)
    setup = _value(session, media, "setup") or "active"
    if setup not in ("active", "passive", *(("actpass",) if sent is None else ())):
        return None
    ufrag, password = _value(session, media, "ice-ufrag") or "", _value(session, media, "ice-pwd")
    if ufrag and (password is None or not _ICE_TEXT.fullmatch(ufrag)):
        return None
    return Dtls(*fingerprint, we_connect=setup == "passive", remote_ufrag=ufrag)


def _sdes(media: Media, local: LocalSecurity, sent: Media | None) -> Sdes | None:
    for line in offered(media):
        ours = None if sent is None else next((own for own in offered(sent) if own.tag == line.tag), None)
        if sent is None or (ours is not None and ours.suite == line.suite):
            return Sdes(line.suite, local.key(line.suite), line.key)
    return None


def answer_attributes(
    media: Media, security: Security, local: LocalSecurity, host: str, port: int
) -> tuple[Attribute, ...]:
    """What our answer says of the security that was found in the peer's line."""
    if isinstance(security, Sdes):
        taken = next(line for line in offered(media) if line.suite == security.suite)
        mux = tuple(a for a in media.attributes if a.name == "rtcp-mux")
        return (*mux, Crypto(taken.tag, security.suite, security.local_key).attribute())
    setup = "active" if security.we_connect else "passive"
    ice = _candidate(local, host, port) if security.remote_ufrag else ()
    kept = tuple(a for a in media.attributes if a.name in ("mid", "rtcp-mux"))
    return (*kept, *_identity(local, setup), *ice)


def offer_attributes(
    encryption: Encryption, local: LocalSecurity, host: str, port: int
) -> tuple[Attribute, ...]:
    """What our own offer says; empty for a plain one."""
    if encryption is Encryption.SDES:
        return tuple(
            Crypto(tag, suite, local.key(suite)).attribute() for tag, suite in enumerate(SUITE_KEY_BYTES, 1)
        )
    if encryption is not Encryption.DTLS:
        return ()
    mid = (Attribute("mid", "0"), Attribute("rtcp-mux"))
    return (*mid, *_identity(local, "actpass"), *_candidate(local, host, port))


def session_attributes(line: Media, *, bundled: bool) -> tuple[Attribute, ...]:
    """What our description says for all of it: that we are lite, and which streams share the port."""
    found = [Attribute("ice-lite")] if line.value("ice-ufrag") is not None else []
    mid = line.value("mid")
    if bundled and mid is not None:
        found.insert(0, Attribute("group", f"BUNDLE {mid}"))
    return tuple(found)


def is_bundled(session: Session) -> bool:
    """Whether the peer puts its streams on one port (RFC 9143)."""
    groups = (a.value or "" for a in session.attributes if a.name == "group")
    return any(value.startswith("BUNDLE") for value in groups)


def _identity(local: LocalSecurity, setup: str) -> tuple[Attribute, ...]:
    return (Attribute("fingerprint", f"sha-256 {local.fingerprint}"), Attribute("setup", setup))


def _candidate(local: LocalSecurity, host: str, port: int) -> tuple[Attribute, ...]:
    """RFC 8445 section 5.1.2.1: priority of a host candidate, component 1 (RTP and RTCP share it)."""
    return (
        Attribute("ice-ufrag", local.ice_ufrag),
        Attribute("ice-pwd", local.ice_password),
        Attribute("candidate", f"1 1 UDP {126 << 24 | 65_535 << 8 | 255} {host} {port} typ host"),
        Attribute("end-of-candidates"),
    )


def _fingerprint(session: Session, media: Media) -> tuple[str, str] | None:
    """The first fingerprint whose algorithm is worth something."""
    for value in _values(session, media, "fingerprint"):
        found = _FINGERPRINT.fullmatch(value.strip())
        if found is not None and found[1].lower() in FINGERPRINT_ALGORITHMS:
            return found[1].lower(), found[2].upper()
    return None


def _value(session: Session, media: Media, name: str) -> str | None:
    return next(_values(session, media, name), None)


def _values(session: Session, media: Media, name: str) -> Iterator[str]:
    for attribute in (*media.attributes, *session.attributes):
        if attribute.name == name and attribute.value is not None:
            yield attribute.value
