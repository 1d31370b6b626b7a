"""Compiles the `flows` section into a program.

Steps are compiled from the last to the first, so that each knows the address that follows it. A block
written inside a step (a menu key's steps) goes on with the step after that one; a flow's name jumps
there for good.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from switch.base.clock import SECOND
from switch.dialplan import program as p
from switch.dialplan import schema
from switch.dialplan.actions import AgentVerb, AnswerTerms, DialKind, QueueNeed
from switch.dialplan.callback_steps import callback
from switch.dialplan.detecting import detect, terms
from switch.dialplan.hours import Hours
from switch.dialplan.plan import QueuePlan, RecordingPlan, plain_number
from switch.dialplan.problems import Problems, suggestion
from switch.dialplan.program import Where
from switch.dialplan.prompt_book import PromptBook
from switch.dialplan.queue_steps import queue
from switch.dialplan.room_steps import conference, supervise, voice_mail
from switch.dialplan.rooms_plan import MailboxPlan
from switch.dialplan.schema_sound import ListenModel
from switch.dialplan.sound_steps import play, record, take_message, told
from switch.dialplan.source import Path, Source

STEPS_MAX = 500
"""Steps in one list."""

KEYS = frozenset("0123456789*#ABCD")
KEY_LENGTH_MAX = 16

TEMPORARILY_UNAVAILABLE = 480
BUSY_HERE = 486
INSTRUCTIONS_MAX = 100_000
"""Of a tenant: compiled in a second. Only exits of queues multiply, where each leads to the next one."""
REPEAT = "repeat"
CONTINUE = "continue"
BARE = ("answer", "hangup")
_DIAL_FAREWELLS = {
    "busy": ("line-busy", BUSY_HERE),
    "no_answer": ("no-answer", TEMPORARILY_UNAVAILABLE),
    "unreachable": ("unreachable", TEMPORARILY_UNAVAILABLE),
    "rejected": ("line-busy", BUSY_HERE),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What steps may refer to."""

    accounts: Mapping[str, Any]
    queues: Mapping[str, QueuePlan]
    queue_exits: Mapping[str, schema.QueueRulesModel]
    skills: tuple[str, ...]
    hours: Mapping[str, Hours]
    trunks: tuple[str, ...]
    own_trunk: str
    recording: RecordingPlan
    mailboxes: Mapping[str, MailboxPlan]
    teams: tuple[str, ...] = ()
    supervision_modes: tuple[str, ...] = ()


@dataclass(slots=True)
class FlowCompiler:
    """Holds the program while it grows; one for each tenant."""

    source: Source
    problems: Problems
    book: PromptBook
    names: Names
    instructions: list[p.Instruction | None] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    variable_uses: list[tuple[str, Path]] = field(default_factory=list)
    overflowing: list[str] = field(default_factory=list)
    """Queues whose own exits are being compiled, one within the other."""

    def compile(self, flows: Mapping[str, Any]) -> None:
        """All flows of the section; entries first, so that any flow may name any other."""
        hang_up = self.add(p.End(Where("", "end"), TEMPORARILY_UNAVAILABLE, "normal"))
        assert hang_up == p.HANG_UP
        for name in flows:
            self.entries[name] = self.reserve()
        for name, steps in flows.items():
            path: Path = ("flows", name)
            where = Where(name, "start", self.source.key_place(path))
            end = self.add(p.End(Where(name, "end", where.place), TEMPORARILY_UNAVAILABLE, "end of flow"))
            if name in VERBS or name in (REPEAT, CONTINUE):
                self.problems.add(
                    where.place, f"a flow cannot be called '{name}': that word has a meaning of its own"
                )
            first = self.block(steps, path, name, "", end)
            self.instructions[self.entries[name]] = p.Jump(where, first)
        for variable, path in self.variable_uses:
            if variable not in self.variables:
                self.problems.unknown(self.source.place(path), "variable", variable, self.variables)

    def program(self) -> p.Program:
        """The finished program."""
        done = tuple(instruction for instruction in self.instructions if instruction is not None)
        assert len(done) == len(self.instructions)
        return p.Program(done, dict(self.entries))

    def reserve(self) -> int:
        self.instructions.append(None)
        return len(self.instructions) - 1

    def add(self, instruction: p.Instruction) -> int:
        self.instructions.append(instruction)
        return len(self.instructions) - 1

    def block(self, steps: Any, path: Path, flow: str, prefix: str, after: int) -> int:
        """A list of steps; the address of the first."""
        if steps is None or steps == []:
            place = self.source.key_place(path) if steps is None else self.source.place(path)
            self.problems.add(place, "at least one step was expected")
            return after
        if not isinstance(steps, list):
            self.problems.add(
                self.source.place(path), "a list of steps (lines that begin with a dash) was expected"
            )
            return after
        if len(steps) > STEPS_MAX:
            self.problems.add(
                self.source.place(path), f"at most {STEPS_MAX} steps were expected, found {len(steps)}"
            )
            return after
        address = after
        for index in range(len(steps) - 1, -1, -1):
            address = self.step(steps[index], (*path, index), flow, f"{prefix}{index + 1}", address)
        return address

    def step(self, raw: Any, path: Path, flow: str, number: str, after: int) -> int:
        place = self.source.place(path)
        if isinstance(raw, str):
            verb, args = raw, None
            if verb in VERBS and verb not in BARE:
                self.problems.add(place, f"'{verb}' needs something after it: '{verb}: ...'")
                return after
        elif isinstance(raw, dict) and len(raw) == 1:
            verb, args = next(iter(raw.items()))
            path = (*path, verb)
            place = self.source.key_place(path)
        else:
            found = (
                f"found {len(raw)} ({', '.join(raw)})" if isinstance(raw, dict) else "found something else"
            )
            self.problems.add(
                place, f"a step with exactly one verb was expected, {found}; is the indentation right?"
            )
            return after
        method = VERBS.get(verb)
        if method is None:
            if isinstance(raw, str) and verb in self.entries:
                self.problems.add(place, f"'{verb}' is a flow; write 'goto: {verb}'")
            elif isinstance(raw, str) and verb.partition(" ")[0] in VERBS:
                known, _, rest = verb.partition(" ")
                self.problems.add(place, f"'{verb}' lacks a colon; write '{known}: {rest}'")
            else:
                self.problems.unknown(place, "verb", verb, VERBS)
            return after
        return method(self, args, path, Where(flow, f"{number} {verb}", place), after)

    def destination(self, raw: Any, path: Path, where: Where, branch: str, after: int) -> int:
        """A flow's name, one step, or a list of steps that goes on at `after`."""
        prefix = f"{where.step}, {branch}, "
        if raw == CONTINUE:
            return after
        if isinstance(raw, list):
            return self.block(raw, path, where.flow, prefix, after)
        if isinstance(raw, dict):
            return self.step(raw, path, where.flow, f"{prefix}1", after)
        if isinstance(raw, str) and raw in BARE:
            return self.step(raw, path, where.flow, f"{prefix}1", after)
        if isinstance(raw, str) and raw in self.entries:
            return self.entries[raw]
        if isinstance(raw, str):
            self.problems.unknown(self.source.place(path), "flow", raw, [*self.entries, *BARE, CONTINUE])
        else:
            self.problems.add(self.source.place(path), "a flow's name or a list of steps was expected")
        return after

    def exit_of_queue(self, queue: str, raw: Any, path: Path, where: Where, branch: str, after: int) -> int:
        """A destination that stands in the queue's own section: compiled at each of its steps.

        Steps there that lead to the same queue would hold themselves, without end.
        """
        if queue in self.overflowing:
            circle = " -> ".join([*self.overflowing[self.overflowing.index(queue) :], queue])
            self.problems.add(
                self.source.place(path),
                f"the exits of queue '{queue}' lead back to it ({circle}); "
                "write these steps as a flow and name it",
            )
            return after
        if len(self.instructions) > INSTRUCTIONS_MAX:
            self.problems.add(
                self.source.place(path),
                f"the queues' exits lead into one another in too many ways (over {INSTRUCTIONS_MAX} steps); "
                "write these steps as a flow and name it",
            )
            return after
        self.overflowing.append(queue)
        address = self.destination(raw, path, where, branch, after)
        self.overflowing.pop()
        return address

    def optional(
        self, raw: Any, path: Path, where: Where, branch: str, after: int, *, default: p.Instruction
    ) -> int:
        """A destination, or what we do where none is stated."""
        if raw is None:
            return self.add(default)
        return self.destination(raw, (*path, branch), where, branch.replace("_", " "), after)

    def needs(self, needs: Mapping[str, int], path: Path) -> tuple[QueueNeed, ...]:
        for skill in needs:
            if skill not in self.names.skills:
                self.problems.unknown(
                    self.source.key_place((*path, skill)), "skill", skill, self.names.skills
                )
        return tuple(QueueNeed(skill, level) for skill, level in needs.items())


def _value(compiler: FlowCompiler, kind: TypeAdapter[Any], raw: Any, path: Path, expected: str) -> Any:
    try:
        return kind.validate_python(raw)
    except ValidationError:
        found = f", found '{raw}'" if isinstance(raw, str) else ""
        compiler.problems.add(compiler.source.place(path), f"{expected} was expected{found}")
        return None


_PAUSE: TypeAdapter[float] = TypeAdapter(schema.Pause)
_STATUS: TypeAdapter[int] = TypeAdapter(schema.Status)
_NEEDS: TypeAdapter[dict[str, int]] = TypeAdapter(schema.Needs)


def _answer(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    if args is not None:
        c.problems.add(c.source.place(path), "nothing was expected after 'answer'")
    return c.add(p.AnswerCall(where, after))


def _say(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    return c.add(p.PlayPrompts(where, (c.book.inline(args, path),), after))


def _hangup(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    del after
    if args is not None and not isinstance(args, str):
        c.problems.add(c.source.place(path), "a reason of one word, or nothing, was expected")
    return c.add(p.End(where, TEMPORARILY_UNAVAILABLE, args if isinstance(args, str) else "normal"))


def _reject(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    del after
    status = _value(c, _STATUS, args, path, "a SIP status between 400 and 699 such as 486 (busy)")
    return c.add(p.End(where, status or BUSY_HERE, "reject"))


def _goto(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    if not isinstance(args, str) or args not in c.entries:
        c.problems.unknown(c.source.place(path), "flow", str(args or ""), c.entries)
        return after
    return c.add(p.Jump(where, c.entries[args]))


def _pause(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    seconds = _value(c, _PAUSE, args, path, "a number of seconds between 0.1 and 600")
    return c.add(p.Rest(where, int((seconds or 1) * SECOND), after))


def _language(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    language = args if isinstance(args, str) else ""
    if language not in c.book.languages:
        c.problems.unknown(c.source.place(path), "language", language, c.book.languages)
    return c.add(p.ChooseLanguage(where, language, after))


def _needs(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    needs = _value(c, _NEEDS, args, path, "skills with levels between 0 and 100 such as {french: 50}")
    return c.add(p.AddNeeds(where, c.needs(needs or {}, path), after))


def _tries(c: FlowCompiler, model: schema.TriesModel, path: Path, where: Where, after: int) -> p.Tries:
    def heard(field_name: str, phrase: str) -> tuple[str, ...]:
        raw = getattr(model, field_name)
        return c.book.resolve(phrase if raw is None else raw, (*path, field_name))

    default = p.Farewell(where, "goodbye", TEMPORARILY_UNAVAILABLE)
    return p.Tries(
        prompts=c.book.resolve(model.prompt, (*path, "prompt")),
        timeout_us=int(model.timeout_s * SECOND),
        between_us=int(model.between_keys_s * SECOND),
        tries=model.tries,
        wrong=heard("wrong", "wrong-key"),
        silence=heard("silence", "no-key"),
        otherwise=c.optional(model.otherwise, path, where, "otherwise", after, default=default),
        barge_in=model.barge_in,
    )


def _menu(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    model = schema.read(schema.MenuModel, c.source, path, args, c.problems)
    if model is None:
        return after
    address = c.reserve()
    keys: dict[str, int] = {}
    for key, raw in model.keys.items():
        at = (*path, "keys", key)
        if not key or not set(key) <= KEYS or len(key) > KEY_LENGTH_MAX:
            c.problems.add(c.source.key_place(at), f"'{key}' cannot be dialled; keys are 0-9, *, # and A-D")
        keys[key] = address if raw == REPEAT else c.destination(raw, at, where, f"key {key}", after)
    c.instructions[address] = p.Menu(where, _tries(c, model, path, where, after), keys)
    return address


def _collect(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    model = schema.read(schema.CollectModel, c.source, path, args, c.problems)
    if model is None:
        return after
    low, high = (model.digits, model.digits) if model.digits else (model.digits_min, model.digits_max)
    if low > high:
        c.problems.add(
            c.source.place((*path, "digits_min")), f"at most digits_max ({high}) was expected, found {low}"
        )
    c.variables.add(model.into)
    tries = _tries(c, model, path, where, after)
    return c.add(p.CollectDigits(where, tries, model.into, low, high, model.end_key, after))


def _hours(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    short = isinstance(args, str)
    model = schema.read(schema.HoursModel, c.source, path, {"when": args} if short else args, c.problems)
    if model is None:
        return after
    if model.when not in c.names.hours:
        at = path if short else (*path, "when")
        c.problems.unknown(c.source.place(at), "hours", model.when, c.names.hours)
    default = p.Farewell(where, "closed", 0)
    closed = c.optional(model.closed, path, where, "closed", after, default=default)
    holiday = (
        closed
        if model.holiday is None
        else c.optional(model.holiday, path, where, "holiday", after, default=default)
    )
    return c.add(p.CheckHours(where, model.when, closed, holiday, after))


def _holiday(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    address = c.destination(args, path, where, "on a holiday", after)
    return c.add(p.CheckHours(where, "", after, address, after))


def _dial(c: FlowCompiler, args: Any, path: Path, where: Where, after: int) -> int:
    model = schema.read(schema.DialModel, c.source, path, args, c.problems)
    if model is None:
        return after
    if bool(model.extension) == bool(model.outside):
        c.problems.add(where.place, "either 'extension' or 'outside' was expected")
        return after
    kind = DialKind.EXTENSION if model.extension else DialKind.OUTSIDE
    target = model.extension or plain_number(model.outside)
    _check_target(c, kind, target, model.trunk, path)
    exits: dict[str, int] = {}
    for reason, (prompt, status) in _DIAL_FAREWELLS.items():
        branch = "otherwise" if getattr(model, reason) is None else reason
        farewell = p.Farewell(where, prompt, status)
        exits[reason.replace("_", "-")] = c.optional(
            getattr(model, branch), path, where, branch, after, default=farewell
        )
    default = p.Farewell(where, "unreachable", TEMPORARILY_UNAVAILABLE)
    otherwise = c.optional(model.otherwise, path, where, "otherwise", after, default=default)
    answers = _answers(c, model, path, where)
    if answers is not None:
        exits["machine"] = c.destination(model.machine, (*path, "machine"), where, "machine", after)
    step = c.add(
        p.DialOut(
            where, kind, target, model.timeout_s, model.trunk, exits, otherwise, after, model.record, answers
        )
    )
    return told(c, where, step) if model.record else step


def _answers(c: FlowCompiler, model: schema.DialModel, path: Path, where: Where) -> AnswerTerms | None:
    """Who says where a machine goes wants it told from a person."""
    listen = schema.read(ListenModel, c.source, (*path, "detect"), model.detect, c.problems)
    if model.machine is None and model.detect is not None:
        c.problems.add(where.place, "'detect' is for 'machine', which is not stated")
    return None if model.machine is None or listen is None else terms(listen)


def _check_target(c: FlowCompiler, kind: DialKind, target: str, trunk: str, path: Path) -> None:
    at = c.source.place((*path, str(kind)))
    if target.startswith("{") and target.endswith("}"):
        c.variable_uses.append((target[1:-1], (*path, str(kind))))
    elif kind is DialKind.EXTENSION and target not in c.names.accounts:
        c.problems.unknown(at, "account", target, c.names.accounts)
    elif kind is DialKind.OUTSIDE and not (target.removeprefix("+").isdecimal() and target.isascii()):
        c.problems.add(at, f"a number such as +15145550100 was expected, found '{target}'")
    if kind is DialKind.OUTSIDE and not trunk and not c.names.own_trunk:
        hint = suggestion("", c.names.trunks) if c.names.trunks else ""
        c.problems.add(at, f"no trunk to dial by: state 'trunk' here or 'outside: {{trunk: ...}}'{hint}")
    if trunk and trunk not in c.names.trunks:
        c.problems.unknown(c.source.place((*path, "trunk")), "trunk", trunk, c.names.trunks)


Verb = Callable[[FlowCompiler, Any, Path, Where, int], int]

VERBS: Mapping[str, Verb] = {
    "answer": _answer,
    "callback": callback,
    "collect": _collect,
    "conference": conference,
    "detect": detect,
    "dial": _dial,
    "goto": _goto,
    "hangup": _hangup,
    "holiday": _holiday,
    "hours": _hours,
    "language": _language,
    "menu": _menu,
    "needs": _needs,
    "pause_s": _pause,
    "play": play,
    "queue": queue,
    "record": record,
    "reject": _reject,
    "say": _say,
    "supervise": supervise,
    "take_message": take_message,
    "voice_mail": voice_mail,
}


def add_feature_flows(compiler: FlowCompiler, reasons: Mapping[str, str]) -> None:
    """The built-in flows that feature codes run: answer, command the agent, say what happened, hang up."""

    def flow(name: str, verb: AgentVerb, reason: str) -> int:
        where = Where(name, verb)
        end = compiler.add(p.End(where, TEMPORARILY_UNAVAILABLE, "feature code"))
        return compiler.add(p.CommandAgent(where, verb, reason, end))

    for verb in AgentVerb:
        name = f"@{verb}"
        where = Where(name, "start")
        if verb is AgentVerb.PAUSE and reasons:
            compiler.book.use_phrases(("pause-which", "wrong-key", "no-key", "goodbye"))
            goodbye = compiler.add(p.Farewell(where, "goodbye", TEMPORARILY_UNAVAILABLE))
            second = SECOND
            tries = p.Tries(
                ("pause-which",), 8 * second, 2 * second, 3, ("wrong-key",), ("no-key",), goodbye, True
            )
            keys = {key: flow(f"@pause-{key}", verb, reason) for key, reason in reasons.items()}
            first = compiler.add(p.Menu(Where(name, "reason"), tries, keys))
            for key, address in keys.items():
                at = Where(f"@pause-{key}", "start")
                compiler.entries[at.flow] = compiler.add(p.Jump(at, compiler.add(p.AnswerCall(at, address))))
        else:
            first = flow(name, verb, "")
        answer = compiler.add(p.AnswerCall(where, first))
        compiler.entries[name] = compiler.add(p.Jump(where, answer))
