"""Of conferences, supervision, who answered, files that are deleted. The rules are those of `events`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class RecordingDeleted:
    """A file is gone for good. `reason`: age or size (the tenant's `recording` says what is kept), or asked
    (by who listened to a message, or by the command line)."""

    KIND: ClassVar[str] = "recording-deleted"
    VERSION: ClassVar[int] = 1
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConferenceJoined:
    """The call's party is in the tenant's conference `name`, one of so many `members` now."""

    KIND: ClassVar[str] = "conference-joined"
    VERSION: ClassVar[int] = 1
    name: str
    members: int


@dataclass(frozen=True, slots=True)
class ConferenceLeft:
    """It is out; `members` are left."""

    KIND: ClassVar[str] = "conference-left"
    VERSION: ClassVar[int] = 1
    name: str
    members: int
    lasted_us: int


@dataclass(frozen=True, slots=True)
class Supervised:
    """Somebody listens to the call's talk, whispers to its agent, or joins it; or will, once the phone of
    `account` answers (`leg` empty). `by` is who asked, as it was told, and `reason` why."""

    KIND: ClassVar[str] = "supervised"
    VERSION: ClassVar[int] = 1
    leg: str
    account: str
    agent: str
    mode: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class SupervisionEnded:
    """`reason`: left, call-ended, or why the supervisor's phone did not answer."""

    KIND: ClassVar[str] = "supervision-ended"
    VERSION: ClassVar[int] = 1
    account: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnswerHeard:
    """Who is at the leg, by how it answered: human, machine, unknown. `confidence` is 0 to 100, `reason` the
    rule that decided; so much of a voice (`greeting_ms`, `words`) was heard until then."""

    KIND: ClassVar[str] = "answer-heard"
    VERSION: ClassVar[int] = 1
    leg: str
    who: str
    confidence: int
    reason: str
    greeting_ms: int
    words: int


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """The network behind the leg says something by a `tone`: ringback, busy, congestion, special-information,
    intercept, vacant-code, reorder, no-circuit, dial."""

    KIND: ClassVar[str] = "tone-heard"
    VERSION: ClassVar[int] = 1
    leg: str
    tone: str
