"""The unguessable strings of a real switch."""

import secrets

_ALPHABET = b"0123456789abcdefghijklmnopqrstuvwxyz"
_LETTER_OF_BYTE = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))

_BATCH = 4_096
"""Characters asked of the system at a time: a call needs about 80, and each asking is a system call."""


class SystemBits:
    """Numbers from the same generator, of whose bytes a batch is kept ready. Each is given once."""

    __slots__ = ("_at", "_ready")

    def __init__(self) -> None:
        self._ready = b""
        self._at = 0

    def __call__(self, bits: int) -> int:
        """A number of so many random bits, a multiple of 8."""
        assert bits % 8 == 0, "whole bytes"
        end = self._at + bits // 8
        if end > len(self._ready):
            self._ready = secrets.token_bytes(max(_BATCH, bits // 8))
            self._at, end = 0, bits // 8
        number = int.from_bytes(self._ready[self._at : end])
        self._at = end
        return number


class SystemTokens:
    """Tokens from the operating system's generator, of which a batch is kept ready. Each is given once."""

    __slots__ = ("_at", "_ready")

    def __init__(self) -> None:
        self._ready = ""
        self._at = 0

    def token(self, length: int) -> str:
        """`length` characters of [0-9a-z]; that some are likelier by 1/256 helps nobody to guess."""
        end = self._at + length
        if end > len(self._ready):
            fresh = secrets.token_bytes(max(_BATCH, length))
            self._ready = fresh.translate(_LETTER_OF_BYTE).decode("ascii")
            self._at, end = 0, length
        token = self._ready[self._at : end]
        self._at = end
        return token
