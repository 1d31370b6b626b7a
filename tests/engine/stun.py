"""A full ICE agent's side of STUN (RFC 8489), written from the RFC with Python's own hmac and crc32."""

import hmac
import os
import struct
from dataclasses import dataclass
from zlib import crc32

MAGIC = b"\x21\x12\xa4\x42"


@dataclass
class Checker:
    """Sends binding requests to a lite agent, and reads what it answers."""

    username: str
    password: str

    def request(self, *, nominate: bool = False, controlled: bool = False, password: str = "") -> bytes:
        """A check with a new transaction."""
        attributes = _attribute(0x0006, self.username.encode())
        attributes += _attribute(0x0024, struct.pack("!I", 1845501695))
        attributes += _attribute(0x8029 if controlled else 0x802A, os.urandom(8))
        if nominate:
            attributes += _attribute(0x0025, b"")
        return _sealed(b"\x00\x01", os.urandom(12), attributes, password or self.password)

    def mapped(self, request: bytes, answer: bytes) -> tuple[str, int]:
        """Host and port of a success answer to `request`; AssertionError where anything is wrong with it."""
        assert answer[:2] == b"\x01\x01", "no success"
        assert answer[4:20] == request[4:20], "another transaction"
        found = dict(_attributes(answer))
        at = answer.index(struct.pack("!HH", 8, 20))
        assert found[8] == _integrity(answer[:at], self.password), "integrity"
        assert struct.unpack("!I", found[0x8028])[0] == crc32(answer[:-8]) ^ 0x5354554E, "fingerprint"
        port = struct.unpack_from("!H", found[0x20], 2)[0] ^ 0x2112
        host = bytes(a ^ b for a, b in zip(found[0x20][4:8], MAGIC, strict=True))
        return ".".join(map(str, host)), port


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(message: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 20
    while at < len(message):
        kind, length = struct.unpack_from("!HH", message, at)
        found.append((kind, message[at + 4 : at + 4 + length]))
        at += 4 + length + -length % 4
    return found


def _integrity(before: bytes, password: str) -> bytes:
    length = struct.pack("!H", len(before) - 20 + 24)
    return hmac.digest(password.encode(), before[:2] + length + before[4:], "sha1")


def _sealed(kind: bytes, transaction: bytes, attributes: bytes, password: str) -> bytes:
    before = kind + struct.pack("!H", len(attributes)) + MAGIC + transaction + attributes
    message = before + _attribute(8, _integrity(before, password))
    message = message[:2] + struct.pack("!H", len(message) - 20 + 8) + message[4:]
    return message + _attribute(0x8028, struct.pack("!I", crc32(message) ^ 0x5354554E))
