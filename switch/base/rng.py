"""SplitMix64 (Steele, Lea, Flood 2014): the one seeded generator, the same in Python and C.

Chosen because its state is a single 64-bit word (it fits into snapshots and digests) and a step is
three multiplications and shifts, so that both halves of a twin agree by construction.
"""

_MASK = (1 << 64) - 1


class SplitMix64:
    """A seeded generator. Not for secrets."""

    __slots__ = ("state",)

    def __init__(self, seed: int) -> None:
        self.state = seed & _MASK

    def next(self) -> int:
        """The next 64-bit word."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, bound: int) -> int:
        """A number in [0, bound), by the high half of a product (Lemire 2019, without rejection).

        The bias is below 2**-32 for bounds that fit 32 bits; nothing here needs better.
        """
        return (self.next() * bound) >> 64

    def chance(self, numerator: int, denominator: int) -> bool:
        """True with probability numerator / denominator."""
        return self.below(denominator) < numerator
