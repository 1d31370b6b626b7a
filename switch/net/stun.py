"""STUN on the SIP port: a phone behind NAT asks how we see it, and so keeps its way open (RFC 5626 section
4.4.2). Of RFC 5389 exactly that: a binding request, answered from its source address, without credentials.
"""

import struct
from ipaddress import ip_address
from zlib import crc32

MAGIC = 0x2112A442
_HEADER = struct.Struct(">HHI12s")
_PAIR = struct.Struct(">HH")

BINDING_REQUEST = 0x0001
BINDING_SUCCESS = 0x0101
BINDING_ERROR = 0x0111

ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
FINGERPRINT = 0x8028
FINGERPRINT_XOR = 0x5354554E

COMPREHENSION_OPTIONAL = 0x8000
"""Attributes from here on may be left unread (section 15)."""

_READ = frozenset({0x0006, 0x0008})
"""USERNAME and MESSAGE-INTEGRITY: of no meaning here, and no reason to refuse (section 10)."""

REQUEST_BYTES_MAX = 548
"""What section 7.1 allows a request on IPv4; a longer one is no keep-alive."""

UNKNOWN_MAX = 16
"""Unknown attributes that an answer names: an answer is never much longer than its question."""


def is_stun(data: bytes) -> bool:
    """Tell STUN from SIP: two zero bits, the cookie, a length that fits (section 8)."""
    return (
        20 <= len(data) <= REQUEST_BYTES_MAX
        and data[0] < 0x40
        and data[4:8] == b"\x21\x12\xa4\x42"
        and int.from_bytes(data[2:4], "big") == len(data) - 20
        and len(data) % 4 == 0
    )


def answer(data: bytes, host: str, port: int) -> bytes | None:
    """The answer to a binding request that came from `host` and `port`; None where none is due.

    None: indications and answers, a FINGERPRINT that is wrong, attributes that cannot be read.
    """
    if not is_stun(data):
        return None
    kind, _, _, transaction = _HEADER.unpack_from(data)
    attributes = _attributes(data)
    if kind != BINDING_REQUEST or attributes is None:
        return None
    kinds = [number for number, _ in attributes]
    if FINGERPRINT in kinds and not _fingerprint_fits(data, attributes[-1]):
        return None
    unknown = [number for number in kinds if number < COMPREHENSION_OPTIONAL and number not in _READ]
    if unknown:
        numbers = b"".join(number.to_bytes(2, "big") for number in unknown[:UNKNOWN_MAX])
        body = _attribute(ERROR_CODE, b"\0\0\x04\x14Unknown Attribute")
        body += _attribute(UNKNOWN_ATTRIBUTES, numbers)
        return _message(BINDING_ERROR, transaction, body, fingerprint=FINGERPRINT in kinds)
    body = _attribute(XOR_MAPPED_ADDRESS, _xor_mapped(host, port, transaction))
    return _message(BINDING_SUCCESS, transaction, body, fingerprint=FINGERPRINT in kinds)


def _attributes(data: bytes) -> list[tuple[int, bytes]] | None:
    """Type and value of each, in order; None where a length runs over the end."""
    found = []
    at = 20
    while at < len(data):
        if at + 4 > len(data):
            return None
        kind, length = _PAIR.unpack_from(data, at)
        if at + 4 + length > len(data):
            return None
        found.append((kind, data[at + 4 : at + 4 + length]))
        at += 4 + length + -length % 4
    return found


def _fingerprint_fits(data: bytes, last: tuple[int, bytes]) -> bool:
    """Section 15.5: it is the last attribute, over all that stands before it."""
    kind, value = last
    return kind == FINGERPRINT and value == _fingerprint(data[:-8])


def _fingerprint(before: bytes) -> bytes:
    return ((crc32(before) ^ FINGERPRINT_XOR) & 0xFFFFFFFF).to_bytes(4, "big")


def _attribute(kind: int, value: bytes) -> bytes:
    return _PAIR.pack(kind, len(value)) + value + bytes(-len(value) % 4)


def _message(kind: int, transaction: bytes, body: bytes, *, fingerprint: bool) -> bytes:
    length = len(body) + (8 if fingerprint else 0)
    message = _HEADER.pack(kind, length, MAGIC, transaction) + body
    return message + _attribute(FINGERPRINT, _fingerprint(message)) if fingerprint else message


def _xor_mapped(host: str, port: int, transaction: bytes) -> bytes:
    """Section 15.2: hidden from routers that would rewrite an address wherever they see one."""
    address = ip_address(host.partition("%")[0])
    mask = MAGIC.to_bytes(4, "big") + transaction
    hidden = bytes(left ^ right for left, right in zip(address.packed, mask, strict=False))
    family = 1 if address.version == 4 else 2
    return struct.pack(">BBH", 0, family, port ^ (MAGIC >> 16)) + hidden
