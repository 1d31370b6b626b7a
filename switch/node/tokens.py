"""The unguessable strings of a real switch."""

import secrets

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class SystemTokens:
    """Tokens from the operating system's generator."""

    def token(self, length: int) -> str:
        """`length` characters of [0-9a-z]; that some are likelier by 1/256 helps nobody to guess."""
        return "".join([_ALPHABET[byte % 36] for byte in secrets.token_bytes(length)])
