"""Which gateways of a trunk reach a number, and in what order."""

from collections.abc import Iterable, Sequence

from switch.base.rng import SplitMix64
from switch.trunk.settings import Gateway, NamedGateway, RouteOrder

Configured = Gateway | NamedGateway

_Rank = tuple[int, int, int]
"""Minus the length of the prefix, priority, cost: the smallest first."""


def ordered(
    gateways: Sequence[Configured],
    order: RouteOrder,
    number: str,
    rng: SplitMix64,
    *,
    emergency: bool = False,
) -> Sequence[Configured]:
    """Those that take `number` (E.164, or a short one), best first; for an emergency call all do."""
    if len(gateways) == 1 and not gateways[0].terms.prefixes:
        return gateways
    groups: dict[_Rank, list[Configured]] = {}
    for gateway in gateways:
        terms = gateway.terms
        matched = _longest(terms.prefixes, number)
        if matched is None:
            if not emergency:
                continue
            matched = 0
        cost = terms.cost_micros if order is RouteOrder.CHEAPEST else 0
        groups.setdefault((-matched, terms.priority, cost), []).append(gateway)
    return [gateway for rank in sorted(groups) for gateway in by_weight(groups[rank], rng)]


def by_weight(gateways: list[Configured], rng: SplitMix64) -> list[Configured]:
    """Draw one after the other, each with the chance of its weight; those without weight follow as written.

    The same rule as RFC 2782 has for SRV records, but for weight 0, which there still has a small chance.
    """
    if len(gateways) == 1:
        return gateways
    drawn: list[Configured] = []
    left = [gateway for gateway in gateways if gateway.terms.weight]
    while left:
        at = rng.below(sum(gateway.terms.weight for gateway in left))
        for gateway in left:
            at -= gateway.terms.weight
            if at < 0:
                break
        drawn.append(gateway)
        left.remove(gateway)
    return drawn + [gateway for gateway in gateways if not gateway.terms.weight]


def _longest(prefixes: Iterable[str], number: str) -> int | None:
    """The length of the longest prefix of `number`; 0 where there are no prefixes, None where none fits."""
    if not prefixes:
        return 0
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=None)
