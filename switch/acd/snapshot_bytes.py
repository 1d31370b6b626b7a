"""Numbers and strings of a snapshot, and the digest over them."""

from struct import Struct

from switch.base.errors import SoftswitchError

MAGIC = b"SWACD\x00\x00"
"""The name; one byte with the version follows."""

_PRIME = (1 << 64) - 59
"""The largest prime of 64 bits."""

_Q = Struct("<q")


class SnapshotError(SoftswitchError):
    """Bytes that are no snapshot of a known version, or a damaged one."""


def digest(data: bytes) -> int:
    """64 bits over `data`: as one big number (a set bit before it, zeros behind up to whole words) modulo
    the largest 64-bit prime. Not for secrets. C does it word by word, Python in one division."""
    padded = b"\x01" + data + bytes(-len(data) % 8)
    return int.from_bytes(padded, "big") % _PRIME


def number_at(data: bytes, place: int) -> int:
    """The number at that place behind the head, of bytes that nobody doubts."""
    number: int = _Q.unpack_from(data, len(MAGIC) + 1 + place * _Q.size)[0]
    return number


def version_of(data: bytes) -> int:
    """The version that the head names; 0 where it is no snapshot."""
    return data[len(MAGIC)] if data.startswith(MAGIC) and len(data) > len(MAGIC) else 0


def pick(index: int, count: int) -> int:
    """`index`, where it is one of a word's."""
    if not 0 <= index < count:
        raise SnapshotError("snapshot is damaged: an unknown word")
    return index


class Writer:
    __slots__ = ("_parts",)

    def __init__(self, version: int) -> None:
        self._parts: list[bytes] = [MAGIC, bytes([version])]

    def numbers(self, *values: int) -> None:
        self._parts.append(Struct(f"<{len(values)}q").pack(*values))

    def text(self, value: str) -> None:
        raw = value.encode()
        self._parts.append(_Q.pack(len(raw)))
        self._parts.append(raw)

    def texts(self, values: tuple[str, ...]) -> None:
        """How many, and each."""
        self.numbers(len(values))
        for value in values:
            self.text(value)

    def pairs(self, values: tuple[tuple[str, int], ...]) -> None:
        """How many, and each a name and a number."""
        self.numbers(len(values))
        for name, number in values:
            self.text(name)
            self.numbers(number)

    def done(self) -> bytes:
        body = b"".join(self._parts)
        return body + digest(body).to_bytes(8, "little")


class Reader:
    """Over bytes whose name, version and digest are looked at first. Raises SnapshotError."""

    __slots__ = ("_at", "_data", "version")

    def __init__(self, data: bytes, newest: int) -> None:
        head = len(MAGIC) + 1
        if len(data) < head + 8 or not data.startswith(MAGIC) or not 1 <= data[head - 1] <= newest:
            raise SnapshotError("not a snapshot of this version of the router")
        self.version = data[head - 1]
        self._data = data[:-8]
        self._at = head
        if digest(self._data).to_bytes(8, "little") != data[-8:]:
            raise SnapshotError("snapshot is damaged: its digest does not fit")

    def number(self) -> int:
        value: int = _Q.unpack_from(self._data, self._at)[0]
        self._at += 8
        return value

    def numbers(self, count: int) -> list[int]:
        return [self.number() for _ in range(count)]

    def count(self) -> int:
        """A count of things that each take at least 8 bytes; so a damaged one cannot be huge."""
        value = self.number()
        if not 0 <= value <= (len(self._data) - self._at) // 8:
            raise SnapshotError("snapshot is damaged: a count is out of range")
        return value

    def flag(self) -> bool:
        return self.number() != 0

    def text(self) -> str:
        size = self.number()
        if not 0 <= size <= len(self._data) - self._at:
            raise SnapshotError("snapshot is damaged: a string is out of range")
        raw = self._data[self._at : self._at + size]
        self._at += size
        return raw.decode()

    def texts(self) -> tuple[str, ...]:
        return tuple(self.text() for _ in range(self.count()))

    def pairs(self) -> tuple[tuple[str, int], ...]:
        return tuple((self.text(), self.number()) for _ in range(self.count()))

    def at_end(self) -> bool:
        return self._at == len(self._data)
