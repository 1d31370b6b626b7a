"""Certificates of those who sign numbers (RFC 8226): the chain to an anchor, and what they may sign for.

Not looked at: revocation. A certificate is believed until it expires or its anchor is taken out.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from switch.base.errors import PeerError

CHAIN_MAX = 5
"""Certificates from the signer's to the anchor; SHAKEN has three."""

ENTRIES_MAX = 1_000
"""Entries of one TNAuthList."""

TN_AUTH_LIST = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")


class CertificateError(PeerError):
    """A certificate that signs for nobody here."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """Certificates that are believed because the administrator said so."""

    certificates: tuple[x509.Certificate, ...] = ()

    @classmethod
    def from_pem(cls, *texts: bytes) -> "Anchors":
        """Raises ValueError where a text is no PEM certificate."""
        return cls(tuple(one for text in texts for one in x509.load_pem_x509_certificates(text)))


def read_chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """What was found at an x5u, the signer's first. Raises CertificateError."""
    try:
        if b"-----BEGIN" in pem:
            chain = x509.load_pem_x509_certificates(pem)
        else:
            chain = [x509.load_der_x509_certificate(pem)]
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError("no certificate") from None
    if len(chain) > CHAIN_MAX:
        raise CertificateError("too many certificates")
    return tuple(chain)


def signing_key(
    chain: tuple[x509.Certificate, ...], anchors: Anchors, number: str, wall_s: int
) -> ec.EllipticCurvePublicKey:
    """The key of `chain[0]`, if it may sign for `number` (digits) now. Raises CertificateError."""
    when = datetime.fromtimestamp(wall_s, UTC)
    signer = chain[0]
    _check_path(signer, chain[1:], anchors, when)
    key = signer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateError("not a P-256 key")
    if not _may(signer, "digital_signature"):
        raise CertificateError("not a key for signatures")
    if not covers(_tn_auth_list(signer), number):
        raise CertificateError("not a certificate for this number")
    return key


def _check_path(
    signer: x509.Certificate, others: tuple[x509.Certificate, ...], anchors: Anchors, when: datetime
) -> None:
    """From the signer to an anchor, each issued by the next; the anchor's own validity counts, too."""
    current, below = signer, 0
    for _ in range(CHAIN_MAX):
        if not current.not_valid_before_utc <= when <= current.not_valid_after_utc:
            raise CertificateError("expired, or not valid yet")
        if current in anchors.certificates:
            return
        candidates = (*anchors.certificates, *others)
        issuer = next((one for one in candidates if _issued(current, one, below)), None)
        if issuer is None:
            break
        current, below = issuer, below + 1
    raise CertificateError("no chain to a certificate that is trusted")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, below: int) -> bool:
    """`below` counts the authorities between the signer and `issuer`."""
    if certificate == issuer:
        return False
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca or (constraints.path_length is not None and constraints.path_length < below):
            return False
        if not _may(issuer, "key_cert_sign"):
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _may(certificate: x509.Certificate, use: str) -> bool:
    """Key usage; a certificate without it may be used for everything (RFC 5280 section 4.2.1.3)."""
    try:
        return bool(getattr(certificate.extensions.get_extension_for_class(x509.KeyUsage).value, use))
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False


def _tn_auth_list(certificate: x509.Certificate) -> bytes:
    try:
        value = certificate.extensions.get_extension_for_oid(TN_AUTH_LIST).value
    except (x509.ExtensionNotFound, ValueError):
        raise CertificateError("no TNAuthList: it speaks for no number") from None
    assert isinstance(value, x509.UnrecognizedExtension), "the library knows no TNAuthList"
    return value.value


def covers(der: bytes, number: str) -> bool:
    """Whether a TNAuthList (RFC 8226 section 9) has the number, or a provider's code, which speaks for the
    numbers of that provider: which ones these are only the provider knows. Raises CertificateError."""
    entries = _children(der, 0x30)
    if len(entries) > ENTRIES_MAX:
        raise CertificateError("too many entries in TNAuthList")
    for tag, value in entries:
        if tag == 0xA0:
            return True
        if tag == 0xA2 and _text(value) == number:
            return True
        if tag == 0xA1:
            items = _children(value, 0x30)
            if len(items) < 2:
                raise CertificateError("malformed TNAuthList")
            start, count = items[0][1], items[1][1]
            first = start.decode("ascii", "replace")
            if not first.isdigit() or len(first) > 15 or len(count) > 8 or not number.isdigit():
                continue
            same_length = len(number) == len(first)
            if same_length and 0 <= int(number) - int(first) < int.from_bytes(count, "big"):
                return True
    return False


def _text(der: bytes) -> str:
    tag, value, _ = _item(der, 0)
    return value.decode("ascii", "replace") if tag == 0x16 else ""


def _children(der: bytes, expected: int) -> list[tuple[int, bytes]]:
    tag, value, end = _item(der, 0)
    if tag != expected or end != len(der):
        raise CertificateError("malformed TNAuthList")
    found, at = [], 0
    while at < len(value):
        tag, item, at = _item(value, at)
        found.append((tag, item))
    if expected == 0x30 and not found:
        raise CertificateError("an empty TNAuthList")
    return found


def _item(der: bytes, at: int) -> tuple[int, bytes, int]:
    """Tag, content and end of one DER element; lengths up to 65,535."""
    head = der[at : at + 4]
    if len(head) < 2:
        raise CertificateError("malformed TNAuthList")
    length, start = head[1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if size not in (1, 2) or len(head) < 2 + size:
            raise CertificateError("malformed TNAuthList")
        length, start = int.from_bytes(head[2 : 2 + size], "big"), at + 2 + size
    end = start + length
    if end > len(der):
        raise CertificateError("malformed TNAuthList")
    return head[0], der[start:end], end
