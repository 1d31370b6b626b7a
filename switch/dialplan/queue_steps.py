"""The step `queue`: what a caller asks for, how that widens, and the ways out of the queue."""

from typing import TYPE_CHECKING, Any

from switch.base.clock import SECOND
from switch.dialplan import program as p
from switch.dialplan import schema
from switch.dialplan.actions import QueueNeed
from switch.dialplan.callback_steps import TEMPORARILY_UNAVAILABLE, promised_exit
from switch.dialplan.plan import QueuePlan
from switch.dialplan.program import Where
from switch.dialplan.requirement import ALL_TEAMS, LANGUAGE
from switch.dialplan.schema_routing import RingModel
from switch.dialplan.sound_steps import told
from switch.dialplan.source import Path

if TYPE_CHECKING:
    from switch.dialplan.flows import FlowCompiler

KEYS = frozenset("0123456789*#ABCD")
QUEUE_REASONS = (
    "full",
    "no_agents",
    "nobody_ready",
    "unservable",
    "closed",
    "holiday",
    "timeout",
    "estimate",
)
"""The gates of a queue, as the words of their exits (docs/decisions/0031)."""
_FAREWELLS = {
    "full": "queue-full",
    "no_agents": "no-agents",
    "nobody_ready": "no-agents",
    "closed": "closed",
    "holiday": "closed",
    "timeout": "all-agents-busy",
    "estimate": "all-agents-busy",
}


def queue(c: "FlowCompiler", args: Any, path: Path, where: Where, after: int) -> int:
    short = isinstance(args, str)
    model = schema.read(schema.QueueStepModel, c.source, path, {"name": args} if short else args, c.problems)
    if model is None:
        return after
    plan, defaults = c.names.queues.get(model.name), c.names.queue_exits.get(model.name)
    if plan is None or defaults is None:
        c.problems.unknown(
            c.source.place(path if short else (*path, "name")), "queue", model.name, c.names.queues
        )
        return after
    exits, otherwise, keys = exits_of(c, (model, defaults), path, where, after)
    wait_s = plan.max_wait_s if model.max_wait_s is None else model.max_wait_s
    estimate_s = plan.max_estimate_s if model.max_estimate_s is None else model.max_estimate_s
    _warn_unreached_exits(c, model, plan, wait_s, estimate_s, path)
    recorded = plan.record if model.record is None else model.record
    step = c.add(
        p.WaitInQueue(
            where=where,
            queue=model.name,
            needs=c.needs(model.needs, (*path, "needs")),
            widen=widen_of(c, model, path),
            priority=model.priority,
            wait_us_max=wait_s * SECOND,
            exits=exits,
            otherwise=otherwise,
            keys=keys,
            next=after,
            record=recorded,
            estimate_s_max=estimate_s,
            promised=promised_exit(c, defaults, model.name, where),
            asks=asks_of(c, model, plan.language, path),
            sticky_s=plan.sticky_s,
        )
    )
    return told(c, where, step) if recorded else step


def asks_of(c: "FlowCompiler", model: schema.WishModel, language: int, path: Path) -> p.Asks:
    """What is asked besides needs; `language` is the level at which the caller's is needed."""
    for name in model.prefer:
        if name not in c.names.skills:
            c.problems.unknown(c.source.key_place((*path, "prefer", name)), "skill", name, c.names.skills)
    return p.Asks(
        any_of=tuple(
            _sorted(c.needs(group, (*path, "any_of", index))) for index, group in enumerate(model.any_of)
        ),
        none_of=_sorted(c.needs(model.none_of, (*path, "none_of"))),
        prefer=tuple(sorted(model.prefer.items())),
        teams=_teams(c, model.teams, (*path, "teams")),
        language=language,
    )


def _sorted(needs: tuple[QueueNeed, ...]) -> tuple[QueueNeed, ...]:
    return tuple(sorted(needs, key=lambda need: need.skill))


def _teams(c: "FlowCompiler", teams: list[str], path: Path) -> tuple[str, ...]:
    for index, team in enumerate(teams):
        if team not in c.names.teams:
            c.problems.unknown(c.source.place((*path, index)), "team", team, c.names.teams)
    return tuple(dict.fromkeys(teams))


def widen_of(c: "FlowCompiler", model: schema.WishModel, path: Path) -> tuple[p.Widen, ...]:
    """The rings, in time; none is narrower than the one before."""
    rings: list[p.Widen] = []
    last, teams = 0, set(model.teams)
    for index, raw in enumerate(model.widen):
        at = (*path, "widen", index)
        ring = schema.read(RingModel, c.source, at, raw, c.problems)
        if ring is None:
            continue
        if ring.after_s <= last:
            c.problems.add(
                c.source.place((*at, "after_s")), f"more than {last} was expected: rings follow in time"
            )
        last = ring.after_s
        if not (ring.needs or ring.lower or ring.drop or ring.teams or ring.queues):
            c.problems.add(c.source.place(at), "this ring widens nothing: 'needs', 'lower', 'drop'...")
        known = (*c.names.skills, "language")
        for place, skill in enumerate(ring.drop):
            if skill not in known:
                c.problems.unknown(c.source.place((*at, "drop", place)), "skill", skill, known)
        for place, name in enumerate(ring.queues):
            if name not in c.names.queues:
                c.problems.unknown(c.source.place((*at, "queues", place)), "queue", name, c.names.queues)
        joined: tuple[str, ...] | None = None
        if tuple(ring.teams) == ALL_TEAMS:
            joined, teams = ALL_TEAMS, set()
        elif ring.teams:
            if not teams:
                word = "all teams serve already: a ring never narrows"
                c.problems.add(c.source.place((*at, "teams")), word)
            teams |= set(_teams(c, ring.teams, (*at, "teams")))
            joined = tuple(sorted(teams))
        rings.append(
            p.Widen(
                ring.after_s,
                c.needs(ring.needs, (*at, "needs")),
                ring.lower,
                frozenset(LANGUAGE if skill == "language" else skill for skill in ring.drop),
                joined,
                tuple(ring.queues),
            )
        )
    return tuple(rings)


def _warn_unreached_exits(
    c: "FlowCompiler",
    model: schema.ExitsModel,
    queue: QueuePlan,
    wait_s: int,
    estimate_s: int,
    path: Path,
) -> None:
    """An exit at a gate that is nowhere opened is hardly meant."""
    for word, missing in (
        ("timeout", "" if wait_s else "max_wait_s is not stated"),
        ("estimate", "" if estimate_s else "max_estimate_s is not stated"),
        ("closed", "" if queue.hours else f"queue '{queue.name}' has no hours"),
        ("holiday", "" if queue.hours else f"queue '{queue.name}' has no hours"),
        (
            "nobody_ready",
            "" if "nobody-ready" in queue.leave_when else "the queue's leave_when lacks nobody_ready",
        ),
    ):
        if missing and getattr(model, word) is not None:
            c.problems.warn(c.source.key_place((*path, word)), f"never reached: {missing}")


def exits_of(
    c: "FlowCompiler",
    stated: tuple[schema.QueueStepModel, schema.QueueRulesModel],
    path: Path,
    where: Where,
    after: int,
) -> tuple[dict[str, int], int, dict[str, int]]:
    """The step's exits, else those of its queue (which end the call when done), else a polite end."""
    step, queue = stated
    at_queue: Path = ("queues", step.name)
    end = c.add(p.End(where, TEMPORARILY_UNAVAILABLE, "end of flow"))
    sources = ((step, path, after), (queue, at_queue, end))
    compiled: dict[Path, int] = {}

    def lead(raw: Any, at: Path, branch: str, then: int) -> int:
        """Once, however many reasons it serves: else each queue of a chain would take ten times the last."""
        if at not in compiled:
            own = at[: len(at_queue)] == at_queue
            compiled[at] = (
                c.exit_of_queue(step.name, raw, at, where, branch, then)
                if own
                else c.destination(raw, at, where, branch, then)
            )
        return compiled[at]

    def leave(reason: str, farewell: str) -> int:
        for model, at, then in sources:
            for name in (reason, "closed", "otherwise") if reason == "holiday" else (reason, "otherwise"):
                raw = getattr(model, name)
                if raw is not None:
                    return lead(raw, (*at, name), name.replace("_", " "), then)
        return c.add(p.Farewell(where, farewell, TEMPORARILY_UNAVAILABLE))

    exits = {
        reason.replace("_", "-"): leave(reason, _FAREWELLS.get(reason, "not-available"))
        for reason in QUEUE_REASONS
    }
    otherwise = leave("otherwise", "not-available")
    keys: dict[str, int] = {}
    for exits_model, at, then in reversed(sources):
        for key, raw in exits_model.exit_keys.items():
            key_path = (*at, "exit_keys", key)
            if len(key) != 1 or key not in KEYS:
                c.problems.add(
                    c.source.key_place(key_path), f"one key of 0-9, *, #, A-D was expected, found '{key}'"
                )
            keys[key] = lead(raw, key_path, f"key {key}", then)
    return exits, otherwise, keys
