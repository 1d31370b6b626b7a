"""The words for supervision, conferences and mailboxes."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from switch.dialplan.schema import Names, Raw, Section


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class SupervisionModel(Section):
    """Who may listen to the talks of others."""

    accounts: Annotated[Names, Field(min_length=1, max_length=1_000)]
    modes: Annotated[
        tuple[Literal["listen", "whisper", "join"], ...], BeforeValidator(_listed), Field(min_length=1)
    ] = ("listen", "whisper", "join")
    tone: bool = False


Pin = Annotated[str, Field(pattern="^([0-9]{4,12})?$")]


class ConferenceModel(Section):
    """A room in which callers hear one another."""

    name: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}|\{[a-z][a-z0-9_]*\})$")]
    pin: Pin = ""
    moderator_pin: Pin = ""
    moderator: bool = False
    muted: bool = False
    members_max: Annotated[int, Field(ge=2, le=63)] = 32
    announce: bool = True
    names: bool = False
    on_enter: Raw = None
    on_leave: Raw = None
    music: bool = True
    record: bool = False
    levels: bool = False
    refused: Raw = None
    full: Raw = None
    locked: Raw = None


class SuperviseModel(Section):
    """Somebody hears the talk of others by telephone."""

    extension: Annotated[str, Field(min_length=1, max_length=64)]
    mode: Literal["listen", "whisper", "join"] | None = None
    refused: Raw = None


MailboxName = Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}|\{[a-z][a-z0-9_]*\})$")]


class MailboxModel(Section):
    """A mailbox: who may hear it, and how much it holds."""

    pin: Pin = ""
    messages_max: Annotated[int, Field(ge=1, le=1_000)] = 100


class VoiceMailModel(Section):
    """Messages are listened to by telephone."""

    mailbox: MailboxName
    pin: Pin = ""
    refused: Raw = None
