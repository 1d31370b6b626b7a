"""Values of a tenant's rooms: who may supervise, and later what mailboxes hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SupervisionPlan:
    """`accounts` may supervise, in these `modes` (listen, whisper, join). `tone`: both hear a beep."""

    accounts: frozenset[str] = frozenset()
    modes: tuple[str, ...] = ()
    tone: bool = False


NOBODY_SUPERVISES = SupervisionPlan()
