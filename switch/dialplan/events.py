"""What happens to a running flow. Each is given to `Interpreter.apply(event, now)`."""

from dataclasses import dataclass
from enum import StrEnum

from switch.base.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Started:
    """A call begins. `caller` and `called` are numbers or account names as digits or text.

    `wall_us` is wall time (microseconds since 1970 UTC) at `now`; hours and holidays use it with the
    tenant's time zone. `agent` is the agent who calls, empty for customers. `answered` where the call
    was answered before the flow began (a transfer into a queue).
    """

    caller: str
    called: str
    wall_us: int
    agent: str = ""
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The `Answer` action is done: audio can be heard."""


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """`playback` ended; `completed` is False where it was stopped, replaced or failed."""

    playback: int
    completed: bool


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """One key of 0-9*#A-D."""

    digit: str


@dataclass(frozen=True, slots=True)
class QueueEntered:
    """The router let the contact in."""

    position: int


@dataclass(frozen=True, slots=True)
class QueueRefused:
    """The router did not let the contact in (full, no-agents, unservable...), or put it out."""

    reason: str


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """The answer to `AskQueue`. `estimate_s` is -1 where nothing is known.

    `signed_in` and `ready` count the queue's agents; ready are those who are signed in, not paused (nor about
    to be) and whose phone is registered, busy or not. -1 where nobody asked.
    """

    position: int
    waiting: int
    estimate_s: int
    signed_in: int = -1
    ready: int = -1


@dataclass(frozen=True, slots=True)
class CallbackAnswered:
    """The answer to `WishCallback`: the promise is durable; or why it cannot be made (`reason`)."""

    kept: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QueueConnected:
    """An agent talks to the caller now: waiting music and announcements are over."""


@dataclass(frozen=True, slots=True)
class QueueEnded:
    """The agent ended the talk and the caller is still there: the steps after `queue` go on."""


class DialOutcome(StrEnum):
    """How a `Dial` ended while the caller is still there."""

    ENDED = "ended"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    MACHINE = "machine"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DialEnded:
    """The dialled party hung up after a talk (ENDED), or never answered, or a machine did."""

    outcome: DialOutcome


class Who(StrEnum):
    """Who answered."""

    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AnswerHeard:
    """The answer to `Listen`. `reason` says what it was told by, in words."""

    who: Who
    confidence: int = 100
    reason: str = ""


class Heard(StrEnum):
    """A tone of the network in place of an answer. BUSY: the line, or all lines to it."""

    BUSY = "busy"
    UNOBTAINABLE = "unobtainable"
    RINGBACK = "ringback"


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """The other end is no person and no machine: a network says why nobody is there, or rings."""

    tone: Heard


@dataclass(frozen=True, slots=True)
class BeepHeard:
    """A pure tone is over: after a machine's greeting, the moment to speak."""


@dataclass(frozen=True, slots=True)
class FellSilent:
    """Nothing was said for three seconds, behind something that was."""


@dataclass(frozen=True, slots=True)
class AgentCommandDone:
    """The answer to `AgentCommand`; `message` is the key of a built-in prompt saying what happened."""

    done: bool
    message: str


@dataclass(frozen=True, slots=True)
class MessageTaken:
    """The caller's message is in its file. `reason`: stopped, length, silence, failed (a disk refused)."""

    duration_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """The answer to `AskMailbox`."""

    messages: int


@dataclass(frozen=True, slots=True)
class MailItem:
    """A message: its name for further actions, when it was left, whether it is new."""

    path: str
    left_wall_us: int
    new: bool


@dataclass(frozen=True, slots=True)
class MailboxOpened:
    """New messages first, then the others, each the oldest first."""

    items: tuple[MailItem, ...]


@dataclass(frozen=True, slots=True)
class MailReady:
    """The message's clip; empty where it cannot be read."""

    path: str
    clip: str


@dataclass(frozen=True, slots=True)
class NameTaken:
    """The caller's name as a clip, which lasts as long as the call; empty where nothing was said."""

    clip: str


@dataclass(frozen=True, slots=True)
class ConferenceJoined:
    """The caller hears the others, and is one of so many."""

    members: int


@dataclass(frozen=True, slots=True)
class ConferenceRefused:
    """`reason`: full, locked, failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConferenceTold:
    """What a key has done; `message` is the key of a built-in prompt."""

    message: str


@dataclass(frozen=True, slots=True)
class ConferenceEnded:
    """The caller is out of the room: left by its own key, or `ended` by a moderator."""

    reason: str


@dataclass(frozen=True, slots=True)
class SupervisionBegun:
    """The caller hears the talk."""


@dataclass(frozen=True, slots=True)
class SupervisionRefused:
    """`reason` says why, in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class SupervisionOver:
    """The call that was supervised is over, or this one's place in it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wake:
    """A `WakeAt` came due."""


Event = (
    Started
    | Answered
    | PlayEnded
    | DigitPressed
    | QueueEntered
    | QueueRefused
    | QueueStatus
    | CallbackAnswered
    | QueueConnected
    | QueueEnded
    | DialEnded
    | AnswerHeard
    | ToneHeard
    | BeepHeard
    | FellSilent
    | AgentCommandDone
    | MessageTaken
    | MailboxStatus
    | MailboxOpened
    | MailReady
    | NameTaken
    | ConferenceJoined
    | ConferenceRefused
    | ConferenceTold
    | ConferenceEnded
    | SupervisionBegun
    | SupervisionRefused
    | SupervisionOver
    | Wake
)
