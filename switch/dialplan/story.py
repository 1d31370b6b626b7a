"""The lines of a scenario's story: what each does to the interpreter, or expects of it.

Each line of a story is either what the caller, the agents or the network do, or what the dialplan is
expected to do next. Whatever the dialplan does must be told by a line: an action too many fails too.
Time stands still but for `waits_s` and `keeps_silent`, so a story of an hour runs in a millisecond.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from switch.base.clock import SECOND
from switch.dialplan import actions as a
from switch.dialplan import events as e
from switch.dialplan import schema
from switch.dialplan.interpreter import Interpreter
from switch.dialplan.plan import ClipKind, TenantPlan
from switch.dialplan.problems import Problems, suggestion
from switch.dialplan.source import Path, Source

LATENCY_US = 1000
"""Between an event and the next in a story: nothing happens at the same instant."""


class EntersModel(schema.Section):
    queue: str
    needs: schema.Needs | None = None
    priority: int | None = None
    position: int = 1
    refused: str = ""


class PlaceModel(schema.Section):
    position: int
    waiting: int = 0
    estimate_s: int = -1


class WishModel(schema.Section):
    number: str
    refused: str = ""


class QueueIsModel(schema.Section):
    """What the gates see from now on."""

    position: int = 1
    estimate_s: int = -1
    signed_in: int = 1
    ready: int = 1


class DialsModel(schema.Section):
    extension: str = ""
    outside: str = ""
    ends: Literal["ended", "busy", "no-answer", "unreachable", "rejected", "machine", "failed"]


class CommandsModel(schema.Section):
    verb: Literal["sign-in", "sign-out", "pause", "resume", "end-wrap-up"]
    reason: str = ""
    answer: str


class _OtherwiseError(Exception):
    """The story went otherwise than told."""


_ROOM_ANSWERS: Mapping[type[a.Action], e.Event] = {
    a.AskMailbox: e.MailboxStatus(0),
    a.OpenMailbox: e.MailboxOpened(()),
    a.JoinConference: e.ConferenceEnded("left"),
    a.Supervise: e.SupervisionOver("the call ended"),
}
_ROOMS = tuple(_ROOM_ANSWERS)


@dataclass(slots=True)
class Teller:
    """Plays the world around one interpreter. `pending` is what the dialplan did and no line has told."""

    plan: TenantPlan
    source: Source
    interpreter: Interpreter
    path: Path = ()
    now: int = 0
    wake_at: int = -1
    playing: a.Play | None = None
    queue_is: QueueIsModel = field(default_factory=QueueIsModel)
    pending: deque[a.Action] = field(default_factory=deque)

    def give(self, event: e.Event) -> None:
        self.now += LATENCY_US
        looks = False
        for action in self.interpreter.apply(event, self.now):
            match action:
                case a.WakeAt():
                    self.wake_at = action.at
                case a.StopPlay():
                    self.playing = None
                case a.Trail() | a.Record() | a.StopListening():
                    pass
                case a.AskQueue(look=True):
                    looks = True
                case _:
                    self.pending.append(action)
        if looks:
            seen = self.queue_is
            self.give(
                e.QueueStatus(seen.position, seen.position, seen.estimate_s, seen.signed_in, seen.ready)
            )
        while self.pending and isinstance(self.pending[0], a.Answer):
            self.pending.popleft()
            self.give(e.Answered())
        while self.pending and isinstance(self.pending[0], a.TakeMessage):
            self.pending.popleft()
            self.give(e.MessageTaken(10_000, "silence"))
        while self.pending and isinstance(self.pending[0], a.TakeName):
            self.pending.popleft()
            self.give(e.NameTaken("a name"))
        while self.pending and isinstance(self.pending[0], _ROOMS):
            # Of rooms a story tells what comes before and after: mailboxes are empty, and everybody leaves.
            self.give(_ROOM_ANSWERS[type(self.pending.popleft())])

    def settle(self) -> None:
        """Let what plays come to its end; music has none."""
        if self.playing is not None and not self.playing.loop and not self.pending:
            playback, self.playing = self.playing.playback, None
            self.give(e.PlayEnded(playback, True))

    def expect(self, kind: type[a.Action], told: str) -> Any:
        """The next action, which must be of this kind."""
        if not self.pending:
            self.settle()
        if not self.pending:
            raise _OtherwiseError(f"expected {told}, but the dialplan waits")
        if not isinstance(self.pending[0], kind):
            raise _OtherwiseError(f"expected {told}, but the dialplan {describe(self.plan, self.pending[0])}")
        return self.pending.popleft()

    def quiet(self) -> None:
        """Before the world does something, all that the dialplan did must have been told."""
        if self.pending:
            raise _OtherwiseError(f"before this the dialplan {describe(self.plan, self.pending[0])}")

    def until(self, end: int) -> None:
        """Time passes."""
        self.settle()
        while 0 <= self.wake_at <= end:
            self.now, self.wake_at = max(self.now, self.wake_at), -1
            self.give(e.Wake())
        self.now = max(self.now, end)


def describe(plan: TenantPlan, action: a.Action) -> str:
    """An action in the words of a story."""
    match action:
        case a.Play():
            heard = (" (".join(_heard(plan, clip)[:2]) + ")" for clip in action.clips)
            return f"plays {', '.join(heard)}"
        case a.Enqueue():
            needs = ", ".join(f"{need.skill}: {need.level}" for need in action.steps[0].needs)
            return f"enters queue {action.queue} with needs {{{needs}}}"
        case a.AskQueue():
            return "asks for the place in the queue"
        case a.LeaveQueue():
            return f"leaves the queue: {action.reason}"
        case a.WishCallback():
            return f"wishes queue {action.queue} to call back {action.number}"
        case a.TurnAway():
            return f"finds queue {action.queue} shut: {action.reason}"
        case a.Dial():
            return f"dials {action.kind} {action.target}"
        case a.AgentCommand():
            return f"commands {action.verb} {action.reason}".rstrip()
        case a.Reject():
            return f"rejects with {action.status}"
        case a.Hangup():
            return "ends the call"
        case _:
            return type(action).__name__


def _heard(plan: TenantPlan, clip: str) -> tuple[str, str, str]:
    """Prompt, language and text of a clip."""
    request = next((request for request in plan.clips() if request.name == clip), None)
    prompt = next((name for name, clips in plan.prompts.items() if clip in clips.values()), clip)
    if request is None or request.kind is not ClipKind.SPEECH:
        return prompt, request.language if request is not None else "", ""
    return prompt, request.language, request.text


def _hears(teller: Teller, args: Any) -> None:
    language = ""
    if isinstance(args, dict) and len(args) == 1:
        language, args = next(iter(args.items()))
    wanted = args if isinstance(args, list) else [args]
    told = f"to hear {', '.join(map(str, wanted))}" + (f" ({language})" if language else "")
    play = teller.expect(a.Play, told)
    teller.playing = play
    heard = [_heard(teller.plan, clip) for clip in play.clips]
    same = len(heard) == len(wanted) and all(
        word in (prompt, text) for word, (prompt, _, text) in zip(wanted, heard, strict=True)
    )
    if not same or (language and any(spoken != language for _, spoken, _ in heard)):
        raise _OtherwiseError(f"expected {told}, but the dialplan {describe(teller.plan, play)}")


def _presses(teller: Teller, args: Any) -> None:
    teller.quiet()
    for digit in str(args or ""):
        teller.give(e.DigitPressed(digit))


def _waits(teller: Teller, args: Any) -> None:
    teller.quiet()
    try:
        seconds = float(args)
    except (TypeError, ValueError):
        raise _OtherwiseError(f"a number of seconds was expected, found '{args}'") from None
    teller.settle()
    teller.until(teller.now + int(seconds * SECOND))


def _keeps_silent(teller: Teller) -> None:
    teller.quiet()
    teller.settle()
    if teller.wake_at < 0:
        raise _OtherwiseError("the dialplan does not wait for a time here")
    teller.until(teller.wake_at)


def _enters(teller: Teller, args: Any) -> None:
    args = {"queue": args} if isinstance(args, str) else args
    model = _model(teller, EntersModel, args)
    entered = teller.expect(a.Enqueue, f"to enter queue {model.queue}")
    needs = {need.skill: need.level for need in entered.steps[0].needs}
    wrong = entered.queue != model.queue or (model.needs is not None and needs != model.needs)
    if wrong or (model.priority is not None and entered.priority != model.priority):
        raise _OtherwiseError(f"the dialplan {describe(teller.plan, entered)}, priority {entered.priority}")
    teller.give(e.QueueRefused(model.refused) if model.refused else e.QueueEntered(model.position))


def _refused(teller: Teller, args: Any) -> None:
    teller.quiet()
    teller.give(e.QueueRefused(str(args)))


def _asks_place(teller: Teller, args: Any) -> None:
    model = _model(teller, PlaceModel, args)
    teller.expect(a.AskQueue, "to ask for the place in the queue")
    teller.give(e.QueueStatus(model.position, model.waiting or model.position, model.estimate_s))


def _queue_is(teller: Teller, args: Any) -> None:
    teller.queue_is = _model(teller, QueueIsModel, args)


def _shut(teller: Teller, args: Any) -> None:
    away = teller.expect(a.TurnAway, f"to find the queue shut: {args}")
    if away.reason != args:
        raise _OtherwiseError(f"the dialplan {describe(teller.plan, away)}")


def _wishes_callback(teller: Teller, args: Any) -> None:
    model = _model(teller, WishModel, {"number": args} if isinstance(args, str) else args)
    wished = teller.expect(a.WishCallback, f"to call back {model.number}")
    if wished.number != model.number:
        raise _OtherwiseError(f"the dialplan {describe(teller.plan, wished)}")
    teller.give(e.CallbackAnswered(not model.refused, model.refused))


def _leaves(teller: Teller, args: Any) -> None:
    left = teller.expect(a.LeaveQueue, f"to leave the queue: {args}")
    if left.reason != args:
        raise _OtherwiseError(f"the dialplan {describe(teller.plan, left)}")


def _agent_answers(teller: Teller) -> None:
    teller.quiet()
    teller.give(e.QueueConnected())


def _agent_hangs_up(teller: Teller) -> None:
    teller.quiet()
    teller.give(e.QueueEnded())


def _dials(teller: Teller, args: Any) -> None:
    model = _model(teller, DialsModel, args)
    kind = a.DialKind.EXTENSION if model.extension else a.DialKind.OUTSIDE
    target = model.extension or model.outside
    dialled = teller.expect(a.Dial, f"to dial {kind} {target}")
    if (dialled.kind, dialled.target) != (kind, target):
        raise _OtherwiseError(f"the dialplan {describe(teller.plan, dialled)}")
    teller.give(e.DialEnded(e.DialOutcome(model.ends)))


def _answered_by(teller: Teller, args: Any) -> None:
    """A machine's beep follows its greeting."""
    if args not in list(e.Who) and args not in list(e.Heard):
        known = ", ".join([*e.Who, *e.Heard])
        raise _OtherwiseError(f"one of {known} was expected, found '{args}'")
    listens = teller.expect(a.Listen, "to listen for who answered")
    if args in list(e.Heard):
        if not listens.tones:
            raise _OtherwiseError("the dialplan does not say where a tone goes")
        teller.give(e.ToneHeard(e.Heard(args)))
        return
    teller.give(e.AnswerHeard(e.Who(args)))
    if args == e.Who.MACHINE:
        teller.give(e.BeepHeard())


def _commands(teller: Teller, args: Any) -> None:
    model = _model(teller, CommandsModel, args)
    command = teller.expect(a.AgentCommand, f"to command {model.verb}")
    if (command.verb, command.reason) != (model.verb, model.reason):
        raise _OtherwiseError(f"the dialplan {describe(teller.plan, command)}")
    teller.give(e.AgentCommandDone(model.answer not in ("refused", "not-an-agent"), model.answer))


def _rejected(teller: Teller, args: Any) -> None:
    rejected = teller.expect(a.Reject, f"a refusal with {args}")
    if str(rejected.status) != str(args):
        raise _OtherwiseError(f"the dialplan {describe(teller.plan, rejected)}")


def _ends(teller: Teller) -> None:
    teller.expect(a.Hangup, "the call to end")


LINES: Mapping[str, Callable[[Teller, Any], None]] = {
    "hears": _hears,
    "presses": _presses,
    "waits_s": _waits,
    "enters": _enters,
    "refused": _refused,
    "asks_place": _asks_place,
    "wishes_callback": _wishes_callback,
    "queue_is": _queue_is,
    "shut": _shut,
    "leaves": _leaves,
    "dials": _dials,
    "answered_by": _answered_by,
    "commands": _commands,
    "rejected": _rejected,
}

BARE_LINES: Mapping[str, Callable[[Teller], None]] = {
    "keeps_silent": _keeps_silent,
    "agent_answers": _agent_answers,
    "agent_hangs_up": _agent_hangs_up,
    "ends": _ends,
}


def _model(teller: Teller, model: type[schema.M], args: Any) -> schema.M:
    problems = Problems()
    read = schema.read(model, teller.source, teller.path, args, problems)
    if read is None:
        raise _OtherwiseError("; ".join(problem.message for problem in problems.problems))
    return read


def tell(teller: Teller, raw: Any, path: Path) -> str | None:
    """Play one line of a story; what went otherwise in words, or None."""
    word, args = (raw, None) if isinstance(raw, str) else ("", None)
    if isinstance(raw, dict) and len(raw) == 1:
        word, args = next(iter(raw.items()))
    teller.path = (*path, word)
    try:
        if word in BARE_LINES:
            BARE_LINES[word](teller)
        elif word in LINES:
            LINES[word](teller, args)
        elif word:
            return f"unknown line '{word}'{suggestion(word, [*LINES, *BARE_LINES])}"
        else:
            return "one line of a story was expected, such as 'hears: welcome'"
    except _OtherwiseError as error:
        return str(error)
    return None
