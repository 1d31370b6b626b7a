"""What happens to the router. Each is given to `Router.apply(event, now)`."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from switch.acd.settings import AgentSettings, Contact, QueueSettings, TenantSettings


@dataclass(frozen=True, slots=True)
class SetQueue:
    """Define a queue or change it; the waiting stay."""

    queue: QueueSettings


@dataclass(frozen=True, slots=True)
class SetAgent:
    """Define an agent or change skills; presence, load and idle order stay."""

    agent: AgentSettings


@dataclass(frozen=True, slots=True)
class RemoveQueue:
    """The waiting are refused with QUEUE_REMOVED; those who talk finish."""

    queue: str


@dataclass(frozen=True, slots=True)
class RemoveAgent:
    """An open offer is rescinded; a talk goes on and its end is forgotten."""

    agent: str


@dataclass(frozen=True, slots=True)
class SignIn:
    agent: str


@dataclass(frozen=True, slots=True)
class SignOut:
    """During a talk: takes effect for new offers at once; the talk goes on."""

    agent: str


@dataclass(frozen=True, slots=True)
class Pause:
    """No offers from now on. During a talk or an offer it waits (a pause pending) and shows then."""

    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    agent: str


@dataclass(frozen=True, slots=True)
class Reach:
    """The phone is registered (`reachable`) or gone."""

    agent: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class Engage:
    """The agent is on a call that no queue gave (own outgoing, internal, direct). Counted."""

    agent: str


@dataclass(frozen=True, slots=True)
class Disengage:
    agent: str


@dataclass(frozen=True, slots=True)
class Arrive:
    """A contact enters its queue. Answered by Admitted or Refused in the same step."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class Abandon:
    """The customer hung up while waiting or while an agent was rung."""

    contact: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The dialplan took the contact out (time-out, key, callback). `reason` is kept."""

    contact: str
    reason: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The agent answered. Granted (Connected) only while that offer with that fence stands."""

    offer: int
    fence: int


class DeclineReason(StrEnum):
    """Why an offer came to nothing."""

    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Decline:
    """The offer failed at the agent's side; the contact keeps its place. Stale fences are ignored."""

    offer: int
    fence: int
    reason: DeclineReason


@dataclass(frozen=True, slots=True)
class Finish:
    """The talk of a connected contact is over; the agent's wrap-up starts."""

    contact: str


@dataclass(frozen=True, slots=True)
class EndWrapUp:
    """The agent is ready early."""

    agent: str


@dataclass(frozen=True, slots=True)
class Wake:
    """A WakeAt came due."""


@dataclass(frozen=True, slots=True)
class SetTenant:
    """What holds in all queues, instead of what held before; the waiting stay."""

    tenant: TenantSettings


class LineGrade(IntEnum):
    """How good an agent's line is: failing agents are asked last, unusable lines are passed over."""

    GOOD = 0
    FAILING = 1
    UNUSABLE = 2


@dataclass(frozen=True, slots=True)
class SetLine:
    """The measured quality of the agent's line, a `LineGrade`. It holds until the next of these."""

    agent: str
    grade: int


Event = (
    SetQueue
    | SetAgent
    | RemoveQueue
    | RemoveAgent
    | SignIn
    | SignOut
    | Pause
    | Resume
    | Reach
    | Engage
    | Disengage
    | Arrive
    | Abandon
    | Withdraw
    | Claim
    | Decline
    | Finish
    | EndWrapUp
    | Wake
    | SetTenant
    | SetLine
)
