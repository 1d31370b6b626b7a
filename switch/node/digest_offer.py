"""Which digest algorithms can be offered: those of the configuration that every account has a hash for.

To offer an algorithm by account would tell strangers which accounts there are, and how old they are.
"""

from collections.abc import Iterable

from switch.base.errors import ConfigurationError, Problem
from switch.registrar.values import Account

NEWEST = "SHA-512-256"
"""Accounts made before the switch knew it have no hash for it, and the password is kept nowhere."""

NAMES_SHOWN = 5
"""Of accounts in one line of advice."""


def without_newest_hash(loaded: Iterable[Account]) -> list[str]:
    """Accounts whose secret was made before the switch knew SHA-512-256: nobody can make its hash now."""
    return sorted(account.name for account in loaded if not account.secrets.sha512_256)


def offered(algorithms: tuple[str, ...], loaded: Iterable[Account]) -> tuple[str, ...]:
    """What can be offered to every account. To offer by account would tell strangers which there are."""
    if NEWEST not in algorithms or not (lacking := without_newest_hash(loaded)):
        return algorithms
    possible = tuple(name for name in algorithms if name != NEWEST)
    if not possible:
        raise ConfigurationError((Problem("centre.yaml", 0, 0, _renew(lacking)),))
    return possible


def advice(algorithms: tuple[str, ...], loaded: Iterable[Account]) -> str:
    """What to tell the operator where the newest algorithm is asked for and cannot be offered, else ""."""
    lacking = without_newest_hash(loaded)
    return f"{_renew(lacking)}; until then it is not offered" if NEWEST in algorithms and lacking else ""


def _renew(lacking: list[str]) -> str:
    names = ", ".join(lacking[:NAMES_SHOWN]) + (", ..." if len(lacking) > NAMES_SHOWN else "")
    return (
        f"digest: {NEWEST} needs new secrets for {len(lacking)} accounts made by an older softswitch "
        f"({names}): softswitch accounts reset NAME"
    )
