"""What the router decides. `Router.apply` gives them in order."""

from dataclasses import dataclass
from enum import StrEnum


class AgentState(StrEnum):
    """What is shown of an agent; derived from the axes, in this order of precedence."""

    LOGGED_OUT = "logged-out"
    UNREACHABLE = "unreachable"
    OFFERED = "offered"
    BUSY = "busy"
    WRAP_UP = "wrap-up"
    PAUSED = "paused"
    AVAILABLE = "available"


class Exclusion(StrEnum):
    """Why an agent was not a candidate; the first that applies, in this order.

    What the contact asks for comes first, then what is between the two, then what the agent does now: so the
    counts say how many could serve at all, and what keeps these from it.
    """

    OTHER_QUEUES = "serves-other-queues"
    SKILL_MISSING = "skill-missing"
    LEVEL_TOO_LOW = "level-too-low"
    EXCLUDED_SKILL = "excluded-skill"
    OTHER_TEAM = "other-team"
    OTHER_CHANNELS = "other-channels"
    AVOIDED = "avoided"
    JUST_DECLINED = "just-declined"
    KEPT_FOR_OTHER = "kept-for-other"
    SIGNED_OUT = "signed-out"
    UNREACHABLE = "unreachable"
    LINE_BAD = "line-bad"
    PAUSED = "paused"
    OFFERED = "offered"
    BUSY = "busy"
    WRAP_UP = "wrap-up"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate: the agent, the policy's score (higher is better), and how long idle."""

    agent: str
    score: int
    idle_us: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Why this agent. `best` has at most BEST_KEPT entries, the chosen first.

    `tie_break` is what set the first apart from the second: "only candidate", "line", "score", "random",
    "agent of before", "longest idle", "order"; or "batch" where the whole assignment decided.
    `sequence` is the router's event count at the decision, for replay. `step` is the place (from 0) of the
    step whose `needs` are named. `key` is the contact's under the tenant's order (0 where that is `priority`
    or `first-come`). `batch` is how many contacts were assigned together, 0 for one by one.
    """

    policy: str
    candidates: int
    exclusions: tuple[tuple[Exclusion, int], ...]
    best: tuple[Ranked, ...]
    tie_break: str
    needs: tuple[tuple[str, int], ...]
    sequence: int
    step: int = 0
    key: int = 0
    batch: int = 0


class RefusalReason(StrEnum):
    """Why a contact was not let in, or put out by the router itself."""

    FULL = "full"
    NO_AGENTS = "no-agents"
    UNSERVABLE = "unservable"
    UNKNOWN_QUEUE = "unknown-queue"
    QUEUE_REMOVED = "queue-removed"


@dataclass(frozen=True, slots=True)
class Admitted:
    contact: str
    queue: str
    position: int


@dataclass(frozen=True, slots=True)
class Refused:
    contact: str
    queue: str
    reason: RefusalReason


@dataclass(frozen=True, slots=True)
class Offered:
    """One agent is reserved for one contact until `lease_until`; ring the phone for `ring_us`."""

    offer: int
    fence: int
    contact: str
    queue: str
    agent: str
    ring_us: int
    lease_until: int
    choice: Choice


class OfferOutcome(StrEnum):
    """How an offer ended other than by Connected."""

    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    CALLER_GONE = "caller-gone"
    WITHDRAWN = "withdrawn"
    AGENT_GONE = "agent-gone"
    LEASE_EXPIRED = "lease-expired"
    ANSWERED_ELSEWHERE = "answered-elsewhere"


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """The reservation is over: stop ringing that agent for that offer."""

    offer: int
    contact: str
    agent: str
    outcome: OfferOutcome


@dataclass(frozen=True, slots=True)
class Connected:
    """The claim is granted: bridge now."""

    offer: int
    contact: str
    queue: str
    agent: str
    waited_us: int


@dataclass(frozen=True, slots=True)
class ClaimRefused:
    """The offer no longer stands: ACK and end that leg."""

    offer: int


class VisitOutcome(StrEnum):
    """How a stay in a queue ended (the words of the design)."""

    ENDED = "ended"
    ABANDONED = "abandoned"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class VisitEnded:
    """`agent` is empty where none was connected; `talked_us` is 0 then."""

    contact: str
    queue: str
    outcome: VisitOutcome
    reason: str
    agent: str
    waited_us: int
    talked_us: int


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """The shown state, the pause or the grade of the line changed.

    `reason` is the pause's, also while something else is shown (a pause pending, a phone that is gone),
    so that the last of these says all that must outlive a restart. `line` is a `LineGrade` as a number.
    """

    agent: str
    state: AgentState
    reason: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Call `apply(Wake(), now)` at `at`; the latest WakeAt replaces earlier ones."""

    at: int


@dataclass(frozen=True, slots=True)
class Widened:
    """The contact's wait entitles it to a further step of its requirement; `step` counts from 0."""

    contact: str
    queue: str
    step: int


Decision = (
    Admitted
    | Refused
    | Offered
    | OfferEnded
    | Connected
    | ClaimRefused
    | VisitEnded
    | AgentChanged
    | WakeAt
    | Widened
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting contact stands. `estimate_us` is -1 where nothing is known."""

    position: int
    waiting: int
    estimate_us: int


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue as the operator sees it. Counts since start."""

    name: str
    waiting: int
    offered: int
    talking: int
    oldest_wait_us: int
    agents_ready: int
    agents_signed_in: int
    entered: int
    answered: int
    answered_in_time: int
    abandoned: int
    abandoned_in_time: int
    withdrawn: int
    refused: int


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent as the supervisor sees it. `since` is when the shown state began (monotonic us).

    `contact` is the first of those offered or talking. `load` is the units of capacity in use, `line` a
    `LineGrade` as a number.
    """

    name: str
    state: AgentState
    reason: str
    since: int
    contact: str
    answered: int
    missed_in_row: int
    pause_pending: str
    line: int = 0
    load: int = 0


@dataclass(frozen=True, slots=True)
class WaitingView:
    """A contact in a queue, waiting or offered. `agent` is the first who is rung, `step` counts from 0."""

    contact: str
    queue: str
    state: str
    waiting_since: int
    position: int
    agent: str
    step: int = 0
