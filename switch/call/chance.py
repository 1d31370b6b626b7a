"""Chance for a dialog, made of its own tag: the node drew that one, so nothing else need be injected."""

from hashlib import blake2s


def draw(tag: str, purpose: str, below: int) -> int:
    """A number from 0 to `below` - 1; another `purpose` gives another number.

    Whoever is in the dialog knows the tag and could foresee it: it only has to differ from the peer's.
    """
    digest = blake2s(f"{purpose}|{tag}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % below
