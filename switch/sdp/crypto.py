"""Keys in a session description: `a=crypto` (RFC 4568, "SDES").

A line offers one crypto-suite and the sender's own key; the answer repeats the tag of the line that it takes,
with a key of its own. Whoever can read the description can read the talk: this is for signalling over TLS.

What is not understood is passed over, as section 5.1.2 wants: other suites, a master key identifier,
several keys in a line, session parameters that change what is sent (UNENCRYPTED_SRTP and its like).
"""

import re
from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass

from switch.sdp.session import Attribute, Media

SUITE_KEY_BYTES = {
    "AEAD_AES_256_GCM": 44,
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
}
"""Suites that we speak, the one that we like best first, and the bytes of master key and salt together (RFC
4568 section 6.2, RFC 7714 section 14.2)."""

LINES_MAX = 16
"""Lines of one stream that are read; phones offer one a suite."""

_LINE = re.compile(
    r"([0-9]{1,9})[ ]+([A-Za-z0-9_]{1,64})[ ]+inline:([A-Za-z0-9+/=]{1,128})(\|[^ ;]*)?(?:[ ]+(.*))?"
)
_HARMLESS = re.compile(r"(?:WSH=[0-9]{2,4}|KDR=0)")


@dataclass(frozen=True, slots=True)
class Crypto:
    """One line. `key` is master key and salt of whoever sent it; it is never shown."""

    tag: int
    suite: str
    key: bytes

    def __repr__(self) -> str:
        return f"Crypto({self.tag}, {self.suite})"

    def attribute(self) -> Attribute:
        """The line as it is written."""
        return Attribute("crypto", f"{self.tag} {self.suite} inline:{b64encode(self.key).decode()}")


def offered(media: Media) -> tuple[Crypto, ...]:
    """The lines of a stream that we could take, in the peer's order."""
    values = [a.value for a in media.attributes if a.name == "crypto" and a.value is not None]
    lines = [_read(value) for value in values[:LINES_MAX]]
    return tuple(line for line in lines if line is not None)


def _read(value: str) -> Crypto | None:
    found = _LINE.fullmatch(value.strip())
    if found is None:
        return None
    tag, suite, inline, limits, parameters = found.groups()
    suite = suite.upper()
    # Behind the key: its lifetime, which is longer than any call, or a master key identifier, which we lack.
    if suite not in SUITE_KEY_BYTES or ":" in (limits or ""):
        return None
    if not all(_HARMLESS.fullmatch(word) for word in (parameters or "").split()):
        return None
    try:
        key = b64decode(inline, validate=True)
    except Error:
        return None
    return Crypto(int(tag), suite, key) if len(key) == SUITE_KEY_BYTES[suite] else None
