"""Globally routable addresses of one phone (RFC 5627): made from its registration, and read again.

A public GRUU is the account's address with `gr=` the phone's instance: anybody who knows the phone can write
it. A temporary one tells nobody whose it is. It holds account, instance and the Call-ID of the registration,
sealed under a key of this process, so that any number of them costs no memory: each REGISTER makes one, and
all of a phone stand until it registers under another Call-ID (RFC 5627 section 3.2), or the process ends.
The seal is a keystream of HMAC-SHA-256 under a nonce, and an HMAC over both: encrypt, then authenticate.
"""

import hmac
from base64 import b32decode, b32encode
from dataclasses import dataclass
from urllib.parse import quote, unquote

from switch.sip.message import Uri

TEMPORARY = "tgruu."
_MAC_BYTES = _NONCE_BYTES = 8
_CALL_ID_BYTES = 4
_BLOCK = 32
_USER_LENGTH_MAX = 512
"""Of a temporary address that is worth opening: names and instances are shorter."""

# RFC 3261 section 25.1 `paramchar`.
_GR_SAFE = "[]/:&+$-_.!~*'()"


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a GRUU names. `call_id` is a digest of the registration's, b"" for a public one."""

    account: str
    instance: str
    call_id: bytes = b""


def is_gruu(uri: Uri) -> bool:
    """Whether this names one phone of an account."""
    return bool(uri.params) and uri.param("gr") is not None


def public(account: str, host: str, instance: str) -> str:
    """The public GRUU of a phone whose `+sip.instance` is `<...>`, as text."""
    name = quote(instance.removeprefix("<").removesuffix(">"), safe=_GR_SAFE)
    return str(Uri("sip", account, None, host, None, (("gr", name),)))


class Gruus:
    """Makes temporary GRUUs and reads both kinds. `key` is 32 secret bytes."""

    __slots__ = ("_key", "_serial")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._serial = 0

    def temporary(self, account: str, host: str, instance: str, call_id: str) -> str:
        """A new temporary GRUU, as text."""
        self._serial += 1
        nonce = self._hmac(b"nonce", self._serial.to_bytes(8, "big"))[:_NONCE_BYTES]
        plain = self.call_id_digest(call_id) + f"{account}\0{instance}".encode()
        sealed = self._cipher(nonce, plain)
        token = b32encode(nonce + sealed + self._mac(nonce, sealed)).decode().rstrip("=").lower()
        return str(Uri("sip", TEMPORARY + token, None, host, None, (("gr", None),)))

    def read(self, uri: Uri) -> Named | None:
        """Whom a GRUU names; None for one that we did not make."""
        gr, user = uri.param("gr"), uri.user or ""
        if gr:
            return Named(user, f"<{unquote(gr)}>")
        if not user.startswith(TEMPORARY) or len(user) > _USER_LENGTH_MAX:
            return None
        token = user.removeprefix(TEMPORARY).upper()
        try:
            data = b32decode(token + "=" * (-len(token) % 8))
        except ValueError:
            return None
        nonce, sealed, mac = data[:_NONCE_BYTES], data[_NONCE_BYTES:-_MAC_BYTES], data[-_MAC_BYTES:]
        if len(sealed) <= _CALL_ID_BYTES or not hmac.compare_digest(mac, self._mac(nonce, sealed)):
            return None
        plain = self._cipher(nonce, sealed)
        account, _, instance = plain[_CALL_ID_BYTES:].decode().partition("\0")
        return Named(account, instance, plain[:_CALL_ID_BYTES])

    def call_id_digest(self, call_id: str) -> bytes:
        """What a temporary GRUU keeps of its registration's Call-ID."""
        return self._hmac(b"call-id", call_id.encode())[:_CALL_ID_BYTES]

    def _cipher(self, nonce: bytes, data: bytes) -> bytes:
        """Seal, or open: the same."""
        blocks = range(-(-len(data) // _BLOCK))
        stream = b"".join([self._hmac(b"stream", nonce + bytes([block])) for block in blocks])
        return bytes([a ^ b for a, b in zip(data, stream, strict=False)])

    def _mac(self, nonce: bytes, sealed: bytes) -> bytes:
        return self._hmac(b"seal", nonce + sealed)[:_MAC_BYTES]

    def _hmac(self, purpose: bytes, data: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b":" + data, "sha256")
