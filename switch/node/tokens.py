"""The unguessable strings of a real switch."""

import secrets

_ALPHABET = b"0123456789abcdefghijklmnopqrstuvwxyz"
_LETTER_OF_BYTE = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))

_BATCH = 4_096
"""Characters asked of the system at a time: a call needs about 80, and each asking is a system call."""


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
