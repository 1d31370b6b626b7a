"""A tenant's flows as one flat program: each instruction knows its place and the addresses that follow.

Flat because the checker then walks a plain graph, and because a running call is one address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from switch.dialplan.actions import AgentVerb, AnswerTerms, DialKind, QueueNeed, RecordVerb
from switch.dialplan.events import Heard
from switch.dialplan.problems import NOWHERE, Place

HANG_UP = 0
"""The first instruction of every program ends the call."""


@dataclass(frozen=True, slots=True)
class Where:
    """The administrator's name of an instruction: its flow, its step ("2 menu"), its place."""

    flow: str
    step: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Jump:
    """The head of every flow, and `goto`."""

    where: Where
    next: int


@dataclass(frozen=True, slots=True)
class AnswerCall:
    where: Where
    next: int


@dataclass(frozen=True, slots=True)
class PlayPrompts:
    """Speed and volume are those of `actions.Play`."""

    where: Where
    prompts: tuple[str, ...]
    next: int
    speed_percent: int = 100
    volume_db: int = 0


@dataclass(frozen=True, slots=True)
class Tries:
    """How keys are awaited. `wrong` and `silence` are heard before the next try, `otherwise` is last.

    `timeout_us` counts from the end of the prompt to the first key, `between_us` from key to key.
    """

    prompts: tuple[str, ...]
    timeout_us: int
    between_us: int
    tries: int
    wrong: tuple[str, ...]
    silence: tuple[str, ...]
    otherwise: int
    barge_in: bool


@dataclass(frozen=True, slots=True)
class Menu:
    where: Where
    input: Tries
    keys: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CollectDigits:
    where: Where
    input: Tries
    variable: str
    digits_min: int
    digits_max: int
    end_key: str
    next: int


@dataclass(frozen=True, slots=True)
class CheckHours:
    """Open goes on at `next`. `hours` empty: only holidays are looked at."""

    where: Where
    hours: str
    closed: int
    holiday: int
    next: int


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    where: Where
    language: str
    next: int


@dataclass(frozen=True, slots=True)
class AddNeeds:
    """Level 0 takes a need away."""

    where: Where
    needs: tuple[QueueNeed, ...]
    next: int


@dataclass(frozen=True, slots=True)
class Widen:
    """From `after_s` on these levels do where higher ones were needed (0 drops a need); all fall by `lower`;
    skills in `drop` do not matter; `teams` (None: as before) may serve, and the agents of `queues` too."""

    after_s: int
    needs: tuple[QueueNeed, ...]
    lower: int = 0
    drop: frozenset[str] = frozenset()
    teams: tuple[str, ...] | None = None
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asks:
    """What a caller asks besides needs; `language` is the level at which the caller's is needed, 0: none."""

    any_of: tuple[tuple[QueueNeed, ...], ...] = ()
    none_of: tuple[QueueNeed, ...] = ()
    prefer: tuple[tuple[str, int], ...] = ()
    teams: tuple[str, ...] = ()
    language: int = 0


NOTHING_MORE = Asks()


@dataclass(frozen=True, slots=True)
class WaitInQueue:
    """`exits` by gate ("full", "timeout"...); `keys` by single key. `next` follows the agent's hang-up."""

    where: Where
    queue: str
    needs: tuple[QueueNeed, ...]
    widen: tuple[Widen, ...]
    priority: int
    wait_us_max: int
    exits: Mapping[str, int]
    otherwise: int
    keys: Mapping[str, int]
    next: int
    record: bool = False
    estimate_s_max: int = 0
    promised: int = HANG_UP
    """Where a caller goes who will be called back."""
    asks: Asks = NOTHING_MORE
    sticky_s: int = -1


@dataclass(frozen=True, slots=True)
class OfferCallback:
    """Ask somebody who is in no queue whether and where to be called back."""

    where: Where
    queue: str
    needs: tuple[QueueNeed, ...]
    priority: int
    promised: int
    declined: int
    record: bool = False


@dataclass(frozen=True, slots=True)
class DialOut:
    """`target` may hold one `{variable}`. `exits` by outcome; a talk that ended goes on at `next`."""

    where: Where
    kind: DialKind
    target: str
    timeout_s: int
    trunk: str
    exits: Mapping[str, int]
    otherwise: int
    next: int
    record: bool = False
    answers: AnswerTerms | None = None
    """A machine is no talk: it has an exit of its own, "machine"."""


@dataclass(frozen=True, slots=True)
class DetectAnswer:
    """`beep_us` 0: a machine's beep is not waited for. `tones` are those that are listened for."""

    where: Where
    answers: AnswerTerms
    beep_us: int
    human: int
    machine: int
    unknown: int
    tones: Mapping[Heard, int]


@dataclass(frozen=True, slots=True)
class TellRecording:
    """That the call is recorded: heard once a call, however often it is recorded."""

    where: Where
    prompts: tuple[str, ...]
    next: int


@dataclass(frozen=True, slots=True)
class RecordCall:
    where: Where
    verb: RecordVerb
    next: int


@dataclass(frozen=True, slots=True)
class LeaveMessage:
    """`silence_us` 0: silence does not end it."""

    where: Where
    mailbox: str
    greeting: tuple[str, ...]
    seconds_max: int
    silence_us: int
    next: int
    full: int = HANG_UP
    """Where the mailbox has a limit and no room."""


@dataclass(frozen=True, slots=True)
class HearMailbox:
    """Messages are listened to; `refused`: no right PIN. `mailbox` may be a `{variable}`."""

    where: Where
    mailbox: str
    pin: str
    refused: int
    next: int


@dataclass(frozen=True, slots=True)
class Confer:
    """`exits`: refused (no right PIN), full, locked; `next`: out again. `name` may be a `{variable}`."""

    where: Where
    name: str
    pin: str
    moderator_pin: str
    moderator: bool
    muted: bool
    members_max: int
    announce: bool
    music: bool
    record: bool
    levels: bool
    exits: Mapping[str, int]
    otherwise: int
    next: int
    on_enter: tuple[str, ...] = ()
    """Prompts in place of the beep, as `on_leave`; with `names` behind the name."""
    on_leave: tuple[str, ...] = ()
    names: bool = False


@dataclass(frozen=True, slots=True)
class SuperviseTalk:
    """`extension` may be a `{variable}`; `refused`: not allowed, or nobody talks; `next`: out again."""

    where: Where
    extension: str
    mode: str
    refused: int
    next: int


@dataclass(frozen=True, slots=True)
class Rest:
    where: Where
    duration_us: int
    next: int


@dataclass(frozen=True, slots=True)
class CommandAgent:
    where: Where
    verb: AgentVerb
    reason: str
    next: int


@dataclass(frozen=True, slots=True)
class End:
    """Hang up where the call was answered, else refuse it with `status`."""

    where: Where
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Farewell:
    """What happens where the administrator stated nothing: a polite prompt, then the end.

    An unanswered call is refused with `status` instead; with 0 it is answered to be told.
    """

    where: Where
    prompt: str
    status: int


Instruction: TypeAlias = (
    Jump
    | AnswerCall
    | PlayPrompts
    | Menu
    | CollectDigits
    | CheckHours
    | ChooseLanguage
    | AddNeeds
    | WaitInQueue
    | OfferCallback
    | DialOut
    | DetectAnswer
    | Rest
    | CommandAgent
    | TellRecording
    | RecordCall
    | LeaveMessage
    | HearMailbox
    | Confer
    | SuperviseTalk
    | End
    | Farewell
)


@dataclass(frozen=True, slots=True)
class Program:
    """`entries` are the addresses of flows by name; built-in flows begin with @."""

    instructions: tuple[Instruction, ...]
    entries: Mapping[str, int]


def merge_needs(base: tuple[QueueNeed, ...], change: tuple[QueueNeed, ...]) -> tuple[QueueNeed, ...]:
    """`base` with the levels of `change`; level 0 drops. Sorted, so that equal needs compare equal."""
    levels = {need.skill: need.level for need in base} | {need.skill: need.level for need in change}
    return tuple(QueueNeed(skill, level) for skill, level in sorted(levels.items()) if level > 0)


def widen_needs(base: tuple[QueueNeed, ...], change: tuple[QueueNeed, ...]) -> tuple[QueueNeed, ...]:
    """`base` with lower levels where `change` has them, 0 drops; what is not needed is never added."""
    levels = {need.skill: need.level for need in change}
    lower = (QueueNeed(need.skill, min(need.level, levels.get(need.skill, need.level))) for need in base)
    return tuple(need for need in lower if need.level > 0)


def edges(instruction: Instruction) -> tuple[tuple[int, bool], ...]:
    """The addresses that may follow, each with whether the call has waited by then.

    A refusal by the queue and a failed dial come at once: they do not count as waiting, so that a
    flow which queues again on "full" is a loop that spins.
    """
    match instruction:
        case Jump() | AnswerCall() | ChooseLanguage() | AddNeeds() | CommandAgent():
            return ((instruction.next, False),)
        case RecordCall() | TellRecording():
            return ((instruction.next, False),)  # told once: it is no waiting the second time
        case PlayPrompts() | Rest():
            return ((instruction.next, True),)
        case LeaveMessage():
            return ((instruction.next, True), (instruction.full, True))
        case Menu():
            return (
                *((address, True) for address in instruction.keys.values()),
                (instruction.input.otherwise, True),
            )
        case CollectDigits():
            return ((instruction.next, True), (instruction.input.otherwise, True))
        case CheckHours():
            return ((instruction.closed, False), (instruction.holiday, False), (instruction.next, False))
        case WaitInQueue():
            exits = tuple((address, reason == "timeout") for reason, address in instruction.exits.items())
            keys = tuple((address, True) for address in instruction.keys.values())
            waited = ((instruction.next, True), (instruction.promised, True))
            return (*exits, *keys, (instruction.otherwise, False), *waited)
        case OfferCallback():
            return ((instruction.promised, True), (instruction.declined, False))
        case DialOut():
            waits = ("no-answer", "machine")
            exits = tuple((address, reason in waits) for reason, address in instruction.exits.items())
            return (*exits, (instruction.otherwise, False), (instruction.next, True))
        case DetectAnswer():
            people = (instruction.human, instruction.machine, instruction.unknown)
            return tuple((address, True) for address in (*people, *instruction.tones.values()))
        case HearMailbox():
            return ((instruction.refused, False), (instruction.next, True))
        case Confer():
            exits = tuple((address, reason == "refused") for reason, address in instruction.exits.items())
            return (*exits, (instruction.otherwise, False), (instruction.next, True))
        case SuperviseTalk():
            return ((instruction.refused, False), (instruction.next, True))
        case End() | Farewell():
            return ()
