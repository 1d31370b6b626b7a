"""A certification authority of our own, made for tests: anchor, intermediate, and who signs for numbers."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from switch.trunk.stir.certificates import TN_AUTH_LIST

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)


def provider(code: str = "1234") -> bytes:
    """TNAuthList with a provider's code."""
    text = b"\x16" + bytes([len(code)]) + code.encode()
    return _sequence(b"\xa0" + bytes([len(text)]) + text)


def one(number: str) -> bytes:
    text = b"\x16" + bytes([len(number)]) + number.encode()
    return _sequence(b"\xa2" + bytes([len(text)]) + text)


def span(number: str, count: int) -> bytes:
    inner = _sequence(
        b"\x16" + bytes([len(number)]) + number.encode() + b"\x02\x02" + count.to_bytes(2, "big")
    )
    return _sequence(b"\xa1" + bytes([len(inner)]) + inner)


def _sequence(content: bytes) -> bytes:
    return b"\x30" + bytes([len(content)]) + content


class Authority:
    """Keys are derived from small numbers, so that every run has the same."""

    def __init__(self) -> None:
        self.root_key, self.middle_key, self.key = (
            ec.derive_private_key(n, ec.SECP256R1()) for n in (11, 12, 13)
        )
        self.root = self.issue("root", self.root_key, "root", self.root_key, ca=True)
        self.middle = self.issue("middle", self.middle_key, "root", self.root_key, ca=True)
        self.leaf = self.signer(provider())

    def signer(self, numbers: bytes | None, **more: object) -> x509.Certificate:
        return self.issue("signer", self.key, "middle", self.middle_key, numbers=numbers, **more)  # type: ignore[arg-type]  # keywords of issue

    def chain(self, leaf: x509.Certificate | None = None) -> bytes:
        return b"".join(c.public_bytes(Encoding.PEM) for c in (leaf or self.leaf, self.middle))

    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def root_pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    def issue(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        issuer: str,
        issuer_key: ec.EllipticCurvePrivateKey,
        *,
        ca: bool = False,
        numbers: bytes | None = None,
        start: datetime = START,
        signs: bool = True,
        issues: bool | None = None,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(issuer))
            .public_key(key.public_key())
            .serial_number(len(name) + 7)
            .not_valid_before(start)
            .not_valid_after(start + YEAR)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                _usage(digital_signature=signs, key_cert_sign=ca if issues is None else issues), critical=True
            )
        )
        if numbers is not None:
            builder = builder.add_extension(x509.UnrecognizedExtension(TN_AUTH_LIST, numbers), critical=False)
        return builder.sign(issuer_key, SHA256(), ecdsa_deterministic=True)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, digital_signature: bool, key_cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
