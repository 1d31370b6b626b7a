"""What a trunk does about signed numbers."""

from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from switch.trunk.stir.certificates import Anchors

NOBODY = Anchors()


class VerifyPolicy(StrEnum):
    OFF = "off"
    MARK = "mark"
    """The outcome is told; every call goes on."""
    REQUIRE = "require"
    """What is not signed, or not rightly, is refused."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for the numbers of this switch; the certificate of `key` is published at `certificate_url`."""

    certificate_url: str
    origid: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class StirSettings:
    """`hosts` empty: certificates are fetched from any public host. `insecure`: from plain http and private
    addresses, too, which is for laboratories."""

    verify: VerifyPolicy = VerifyPolicy.OFF
    signer: Signer | None = None
    anchors: Anchors = NOBODY
    hosts: frozenset[str] = frozenset()
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class CertificateWanted:
    """For whoever can fetch: told to `Exchange.certificate` in the end, with None where there is none."""

    url: str
    hosts: frozenset[str]
    insecure: bool


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """A P-256 key without a password. Raises ValueError, which never holds any of it."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        raise ValueError("it is no PEM private key without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("it is not a P-256 key, which ES256 needs")
    return key
