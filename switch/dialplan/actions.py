"""What a flow wants done; `exchange` alone carries it out. The last action decides what comes next."""

from dataclasses import dataclass
from enum import StrEnum

from switch.base.values import quick


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the caller (200); `Answered` follows."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse an unanswered call with this SIP status (400..699)."""

    status: int


@dataclass(frozen=True, slots=True)
class Play:
    """Play clips to the caller; `PlayEnded` with this number follows. Replaces what plays.

    At 50 to 200 percent of their speed with the pitch that they have, and 20 dB louder or softer at most.
    """

    playback: int
    clips: tuple[str, ...]
    loop: bool = False
    speed_percent: int = 100
    volume_db: int = 0


@dataclass(frozen=True, slots=True)
class StopPlay:
    """Silence; `PlayEnded(completed=False)` follows if something played."""


@dataclass(frozen=True, slots=True)
class QueueNeed:
    """A skill and its least level, 1..100."""

    skill: str
    level: int


@dataclass(frozen=True, slots=True)
class QueueStep:
    """From `after_s` of waiting on this holds instead of what held before.

    `needs` all of them; of the groups in `any_of` one; nobody with one of `none_of`; `prefer` are welcome,
    with weights; `teams` empty: all; agents of `queues` join.
    """

    after_s: int
    needs: tuple[QueueNeed, ...]
    any_of: tuple[tuple[QueueNeed, ...], ...] = ()
    none_of: tuple[QueueNeed, ...] = ()
    prefer: tuple[tuple[str, int], ...] = ()
    teams: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put the caller into a queue; `QueueEntered` or `QueueRefused` follows. `record` the talk."""

    queue: str
    steps: tuple[QueueStep, ...]
    priority: int
    record: bool = False
    sticky_s: int = -1
    """Wait so long for the agent of the last time; -1: it does not matter who that was."""


@dataclass(frozen=True, slots=True)
class TurnAway:
    """The queue takes nobody now, for this reason ("closed", "holiday"): no visit begins."""

    queue: str
    reason: str


@dataclass(frozen=True, slots=True)
class AskQueue:
    """Ask for place and estimate, and with `staff` for the agents; `QueueStatus` follows at once.

    `look`: for the gates, not to tell the caller.
    """

    look: bool = False
    staff: bool = False


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """Take the caller out of the queue; `reason` goes into the records ("timeout", "key")."""

    reason: str


@dataclass(frozen=True, slots=True)
class WishCallback:
    """Call this number back in place of waiting, with the caller's place; `CallbackAnswered` follows.

    `number` is as the caller dialled it or as the carrier told it.
    """

    queue: str
    number: str
    steps: tuple[QueueStep, ...]
    priority: int
    record: bool = False


class DialKind(StrEnum):
    """What a dialled thing is."""

    EXTENSION = "extension"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class AnswerTerms:
    """How it is told whether a person or a machine answered: after so long at most; less than this confidence
    (0 to 100) is not believed."""

    wait_ms: int
    confidence: int


@quick
@dataclass(frozen=True, slots=True)
class Dial:
    """Ring an account's phone or an outside number by a trunk; `DialEnded` follows unless the caller goes.

    `trunk` names the trunk to use, empty: the tenant's own choice. `timeout_s` is the ring time.
    `ringback` is a clip to loop while it rings, until the bridge: set where the caller was answered
    before and would hear silence; empty where the caller's own network gives the tone. `record`: the
    talk is recorded. `answers`: a machine that answers is no talk (MACHINE).
    """

    kind: DialKind
    target: str
    timeout_s: int
    trunk: str = ""
    ringback: str = ""
    record: bool = False
    answers: AnswerTerms | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """Tell who is there: `AnswerHeard` follows; until `StopListening` also `BeepHeard`, `FellSilent`, and
    with `tones` `ToneHeard`."""

    terms: AnswerTerms
    tones: bool = False


@dataclass(frozen=True, slots=True)
class StopListening:
    """Nothing of it is wanted any more."""


class AgentVerb(StrEnum):
    """What an agent can say by a feature code."""

    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    PAUSE = "pause"
    RESUME = "resume"
    END_WRAP_UP = "end-wrap-up"


@dataclass(frozen=True, slots=True)
class AgentCommand:
    """Do this for the calling agent; `AgentCommandDone` follows at once."""

    verb: AgentVerb
    reason: str = ""


class RecordVerb(StrEnum):
    """What can be done with a call's recording. What is paused is silence of the same length."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Record:
    """Record this call from now on, or no longer; what is so already stays so."""

    verb: RecordVerb


@dataclass(frozen=True, slots=True)
class TakeMessage:
    """Record what the caller says, for a mailbox; `MessageTaken` follows unless the caller goes.

    It ends after `seconds_max`, after `silence_ms` of silence (0: never), or by `EndMessage`.
    """

    mailbox: str
    seconds_max: int
    silence_ms: int


@dataclass(frozen=True, slots=True)
class EndMessage:
    """The message is over; `MessageTaken` follows."""


@dataclass(frozen=True, slots=True)
class AskMailbox:
    """How many messages there are; `MailboxStatus` follows at once."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class OpenMailbox:
    """What is in it; `MailboxOpened` follows at once."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class FetchMail:
    """Make a message ready to be played; `MailReady` follows, and the one fetched before is let go."""

    mailbox: str
    path: str


@dataclass(frozen=True, slots=True)
class MarkMail:
    """It was heard, or is to be new again."""

    mailbox: str
    path: str
    new: bool


@dataclass(frozen=True, slots=True)
class DeleteMail:
    """For good."""

    mailbox: str
    path: str


class MailSteering(StrEnum):
    """What is done with a message that plays."""

    PAUSE = "pause"
    RESUME = "resume"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class SteerMail:
    """`ms` on, or back where negative, for SKIP."""

    verb: MailSteering
    ms: int = 0


@dataclass(frozen=True, slots=True)
class PaceMail:
    """The message goes on at this speed and volume, as in `Play`."""

    speed_percent: int
    volume_db: int


@dataclass(frozen=True, slots=True)
class JoinConference:
    """Into the tenant's room of this name; `ConferenceJoined` or `ConferenceRefused` follows.

    What the room is like is said by whoever opens it: `members_max`, `announce` (a beep when somebody comes
    or goes, or the clips of `on_enter` and `on_leave`), `music` (until a second member is there), `record`,
    `levels` (automatic gain). `muted`: it comes in muted. With `names` a member's `name_clip` is heard in
    front of these clips; a beep alone of one that has none.
    """

    name: str
    moderator: bool
    muted: bool
    members_max: int
    announce: bool
    music: bool
    record: bool
    levels: bool
    on_enter: tuple[str, ...] = ()
    on_leave: tuple[str, ...] = ()
    names: bool = False
    name_clip: str = ""


@dataclass(frozen=True, slots=True)
class TakeName:
    """Record how the caller is called, for some seconds or until `EndMessage`; `NameTaken` follows."""


class ConferenceVerb(StrEnum):
    """What a member's keys say. All but MUTE and LEAVE are a moderator's."""

    MUTE = "mute"
    LEAVE = "leave"
    LOCK = "lock"
    MUTE_OTHERS = "mute-others"
    END = "end"
    HEAR = "hear"
    """A prompt to this member is over: what it heard before is heard again."""


@dataclass(frozen=True, slots=True)
class ControlConference:
    """`ConferenceTold` or `ConferenceEnded` follows; nothing where the member may not."""

    verb: ConferenceVerb


@dataclass(frozen=True, slots=True)
class Supervise:
    """Hear the talk at this extension; `SupervisionBegun` or `SupervisionRefused` follows, and at its end
    `SupervisionOver`."""

    extension: str
    mode: str


@dataclass(frozen=True, slots=True)
class ChangeSupervision:
    """Listen, whisper, join; nothing where that is not allowed."""

    mode: str


@dataclass(frozen=True, slots=True)
class LeaveSupervision:
    """The talk goes on as it was; nothing follows."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call from our side."""

    reason: str = "normal"


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Give `Wake` at this monotonic time; replaces an earlier one. `at` of -1 cancels."""

    at: int


@quick
@dataclass(frozen=True, slots=True)
class Trail:
    """A step was entered or a choice was made: for the journal, in the administrator's own words."""

    flow: str
    step: str
    detail: str


Action = (
    Answer
    | Reject
    | Play
    | StopPlay
    | Enqueue
    | TurnAway
    | AskQueue
    | LeaveQueue
    | WishCallback
    | Dial
    | Listen
    | StopListening
    | AgentCommand
    | Record
    | TakeMessage
    | EndMessage
    | AskMailbox
    | OpenMailbox
    | FetchMail
    | MarkMail
    | DeleteMail
    | SteerMail
    | PaceMail
    | TakeName
    | JoinConference
    | ControlConference
    | Supervise
    | ChangeSupervision
    | LeaveSupervision
    | Hangup
    | WakeAt
    | Trail
)
