"""Ids and unguessable strings, as arguments: the core never asks the machine for randomness."""

from typing import Protocol

from switch.base.rng import SplitMix64

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class TokenSource(Protocol):
    """Gives unguessable strings. `node` injects a cryptographic one, `sim` a seeded one."""

    def token(self, length: int) -> str:
        """`length` characters of [0-9a-z]."""


class SeededTokens:
    """Repeatable tokens for simulation and tests; never for a switch that faces a network."""

    __slots__ = ("_rng",)

    def __init__(self, seed: int) -> None:
        self._rng = SplitMix64(seed)

    def token(self, length: int) -> str:
        return "".join(_ALPHABET[self._rng.below(len(_ALPHABET))] for _ in range(length))


class IdSource:
    """Readable ids, unique across nodes and restarts: kind letter, node, epoch, running number."""

    __slots__ = ("_next", "_prefix")

    def __init__(self, node: str, epoch: str) -> None:
        self._prefix = f"{node}{epoch}"
        self._next = 0

    def make(self, kind: str) -> str:
        """The next id, such as `c-n1k3v9-17`; `kind` is one letter (c call, l leg, v visit, b bridge)."""
        self._next += 1
        return f"{kind}-{self._prefix}-{self._next}"
