"""Values of a tenant's rooms: who may supervise, and what mailboxes hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SupervisionPlan:
    """`accounts` may supervise, in these `modes` (listen, whisper, join). `tone`: both hear a beep."""

    accounts: frozenset[str] = frozenset()
    modes: tuple[str, ...] = ()
    tone: bool = False


NOBODY_SUPERVISES = SupervisionPlan()


@dataclass(frozen=True, slots=True)
class MailboxPlan:
    """`pin` is asked for before its messages are heard; more than `messages_max` are not taken."""

    pin: str = ""
    messages_max: int = 100
