"""PASSporT (RFC 8225): a signed statement of who calls whom, in JWS compact form with ES256.

JSON is canonical (section 9): keys in order, no white space. Signing is deterministic (RFC 6979), so that
the same call gives the same bytes.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from switch.base.errors import PeerError

TOKEN_LENGTH_MAX = 4_096
"""Characters of one token; real ones have 700."""

DESTINATIONS_MAX = 10
"""Called numbers of one token; one, save for a call to several."""

SHAKEN = "shaken"
_HALF = 32
"""Bytes of each half of an ES256 signature (RFC 7518 section 3.4)."""


class PassportError(PeerError):
    """A token that is not what RFC 8225 says."""


@dataclass(frozen=True, slots=True)
class Passport:
    """`orig` and `dest` are numbers without `+`; `iat` is seconds since 1970. `attest` and `origid` are
    SHAKEN's, empty without `ppt`."""

    x5u: str
    orig: str
    dest: tuple[str, ...]
    iat: int
    ppt: str = ""
    attest: str = ""
    origid: str = ""

    def header(self) -> bytes:
        fields = {"alg": "ES256", "typ": "passport", "x5u": self.x5u}
        return canonical(fields | ({"ppt": self.ppt} if self.ppt else {}))

    def payload(self) -> bytes:
        claims: dict[str, Any] = {"dest": {"tn": list(self.dest)}, "iat": self.iat, "orig": {"tn": self.orig}}
        return canonical(claims | ({"attest": self.attest, "origid": self.origid} if self.ppt else {}))


@dataclass(frozen=True, slots=True)
class SignedPassport:
    """A token as it came: what it says, what was signed, and the signature."""

    passport: Passport
    signed: bytes
    signature: bytes


def canonical(value: dict[str, Any]) -> bytes:
    """RFC 8225 section 9."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(passport: Passport, key: ec.EllipticCurvePrivateKey) -> str:
    """The token: header, payload, signature."""
    signed = b".".join((_encode(passport.header()), _encode(passport.payload())))
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256(), deterministic_signing=True)))
    signature = r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
    return f"{signed.decode()}.{_encode(signature).decode()}"


def parse(token: str) -> SignedPassport:
    """Read a token; nothing in it is believed yet. Raises PassportError."""
    if len(token) > TOKEN_LENGTH_MAX:
        raise PassportError("the token is too long")
    parts = token.split(".")
    if len(parts) != 3:
        raise PassportError("a token has three parts")
    header, claims = _object(parts[0]), _object(parts[1])
    if header.get("alg") != "ES256" or header.get("typ") != "passport":
        raise PassportError("not an ES256 passport")
    ppt = header.get("ppt", "")
    if ppt not in ("", SHAKEN):
        raise PassportError("an unknown ppt")
    attest, origid = claims.get("attest", ""), claims.get("origid", "")
    if ppt and (attest not in ("A", "B", "C") or not isinstance(origid, str) or not origid):
        raise PassportError("a shaken token without attest or origid")
    iat = claims.get("iat")
    if not isinstance(iat, int) or isinstance(iat, bool):
        raise PassportError("iat is no number")
    x5u = header.get("x5u")
    if not isinstance(x5u, str) or not x5u:
        raise PassportError("no x5u")
    passport = Passport(x5u, _number(claims.get("orig")), _numbers(claims.get("dest")), iat, ppt)
    if ppt:
        passport = Passport(x5u, passport.orig, passport.dest, iat, ppt, attest, origid)
    return SignedPassport(passport, f"{parts[0]}.{parts[1]}".encode(), _decode(parts[2]))


def is_signed_by(token: SignedPassport, key: ec.EllipticCurvePublicKey) -> bool:
    """Whether this key made the signature."""
    if len(token.signature) != 2 * _HALF:
        return False
    r, s = (int.from_bytes(half, "big") for half in (token.signature[:_HALF], token.signature[_HALF:]))
    try:
        key.verify(encode_dss_signature(r, s), token.signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(_decode(text))
    except (ValueError, RecursionError):
        raise PassportError("a part of the token is not JSON") from None
    if not isinstance(value, dict):
        raise PassportError("a part of the token is not an object")
    return value


def _number(value: object) -> str:
    """The `tn` of `orig`; one that is a URI gives the empty text, which is nobody's number."""
    text = value.get("tn", "") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise PassportError("orig has no number")
    return text


def _numbers(value: object) -> tuple[str, ...]:
    found = value.get("tn", []) if isinstance(value, dict) else None
    if not isinstance(found, list) or len(found) > DESTINATIONS_MAX:
        raise PassportError("dest has no list of numbers")
    if not all(isinstance(number, str) for number in found):
        raise PassportError("dest has something else than numbers")
    return tuple(found)


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decode(text: str) -> bytes:
    if not text.isascii() or not text.replace("-", "").replace("_", "").isalnum():
        raise PassportError("not base64url")
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        raise PassportError("not base64url") from None
