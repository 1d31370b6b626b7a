"""What can be watched, as values: equal states need no second NOTIFY."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Resource:
    """An account of a tenant."""

    tenant: str
    account: str


class DialogPhase(StrEnum):
    """RFC 4235 section 3.7.1, seen from the account's phone."""

    TRYING = "trying"
    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class DialogView:
    """One call of the account's phone. `initiator`: the phone began it.

    `pickup` names a phone that rings for whoever wants to take the call (the Call-ID of a Replaces); it is
    no Call-ID on the wire. Those and their tags are told to nobody: whoever knew them could hang up a
    colleague's talk.
    """

    id: str
    phase: DialogPhase
    initiator: bool
    pickup: str = ""


@dataclass(frozen=True, slots=True)
class DialogState:
    """All calls of an account, at most DIALOGS_MAX; the one that ended last, where there is none."""

    dialogs: tuple[DialogView, ...] = ()


@dataclass(frozen=True, slots=True)
class PresenceState:
    """`reachable` is PIDF's open; `note` what is shown of the agent; `activity` of RFC 4480, or empty."""

    reachable: bool
    note: str = ""
    activity: str = ""


@dataclass(frozen=True, slots=True)
class MessageState:
    """Voice messages, new and old."""

    new: int = 0
    old: int = 0


@dataclass(frozen=True, slots=True)
class RegistrationState:
    """Contacts that are bound, in the order of the registrar."""

    contacts: tuple[str, ...] = ()


State = DialogState | PresenceState | MessageState | RegistrationState
