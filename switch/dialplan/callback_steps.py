"""Reads `callback:` of a queue, and compiles the step of that name."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from switch.dialplan import phrases, schema
from switch.dialplan import program as p
from switch.dialplan.detecting import terms
from switch.dialplan.plan import CallbackPlan
from switch.dialplan.problems import Problems
from switch.dialplan.program import Where
from switch.dialplan.prompt_book import PromptBook
from switch.dialplan.schema_callback import CallbackModel, CallbackStepModel
from switch.dialplan.schema_sound import ListenModel
from switch.dialplan.source import Path, Source

if TYPE_CHECKING:
    from switch.dialplan.flows import FlowCompiler

TEMPORARILY_UNAVAILABLE = 480
OUR_KEY = "1"
"""The key that our own wording of the offer names."""
_MINUTE_S = 60
AGAIN = "again"
"""A machine that answers is as if nobody had."""


def read_callback(
    model: schema.QueueRulesModel,
    path: Path,
    source: Source,
    book: PromptBook,
    problems: Problems,
    hours: Iterable[str],
    flows: Iterable[str],
) -> CallbackPlan | None:
    """The terms at `path` of a queue; None where it calls nobody back."""
    if model.callback is None:
        return None
    # All words have a default: a line that says `callback: {}` is enough.
    stated = schema.read(CallbackModel, source, path, model.callback, problems)
    if stated is None:
        return None
    if stated.offer is None and stated.key != OUR_KEY:
        word = f"our own wording says {OUR_KEY}: state 'offer', a prompt that names key {stated.key}"
        problems.add(source.place((*path, "key")), word)
    if stated.key in model.exit_keys:
        problems.add(source.place((*path, "key")), f"{stated.key} is one of 'exit_keys' already")
    if stated.hours and stated.hours not in hours:
        problems.unknown(source.place((*path, "hours")), "hours", stated.hours, hours)
    if stated.machine not in ("", AGAIN, *flows):
        problems.unknown(source.place((*path, "machine")), "flow", stated.machine, [AGAIN, *flows])
    listen = schema.read(ListenModel, source, (*path, "detect"), stated.detect, problems)
    if stated.detect is not None and not stated.machine:
        problems.add(source.key_place((*path, "detect")), "'detect' is for 'machine', which is not stated")
    book.use_phrases(tuple(phrases.CALLBACK))
    book.use_phrases(("wrong-key", "no-key"))
    return CallbackPlan(
        key=stated.key,
        offer=book.resolve("callback-offer" if stated.offer is None else stated.offer, (*path, "offer")),
        offer_after_s=stated.offer_after_s,
        offer_every_s=stated.offer_every_s,
        hours=stated.hours or model.hours,
        tries=stated.tries,
        retry_s=stated.retry_minutes * _MINUTE_S,
        expires_s=stated.expires_minutes * _MINUTE_S,
        ring_s=stated.ring_s,
        other_number=stated.other_number,
        countries=frozenset(stated.countries),
        answers=terms(listen) if stated.machine and listen is not None else None,
        machine="" if stated.machine == AGAIN else stated.machine,
    )


def promised_exit(c: "FlowCompiler", queue: schema.QueueRulesModel, name: str, where: Where) -> int:
    """Where a caller goes from the queue who will be called back: by default home."""
    if queue.callback is None:
        return p.HANG_UP
    path: Path = ("queues", name, "callback")
    model = schema.read(CallbackModel, c.source, path, queue.callback, Problems())
    end = c.add(p.End(where, TEMPORARILY_UNAVAILABLE, "will be called back"))
    if model is None or model.promised is None:
        return end
    return c.exit_of_queue(name, model.promised, (*path, "promised"), where, "promised", end)


def callback(c: "FlowCompiler", args: Any, path: Path, where: Where, after: int) -> int:
    """`callback: sales`, or `callback: {queue: sales, declined: ...}`."""
    short = isinstance(args, str)
    model = schema.read(CallbackStepModel, c.source, path, {"queue": args} if short else args, c.problems)
    if model is None:
        return after
    at = path if short else (*path, "queue")
    queue = c.names.queues.get(model.queue)
    if queue is None:
        c.problems.unknown(c.source.place(at), "queue", model.queue, c.names.queues)
        return after
    if queue.callback is None:
        word = f"queue '{queue.name}' calls nobody back: its 'callback' is not stated"
        c.problems.add(c.source.place(at), word)
        return after
    end = p.End(where, TEMPORARILY_UNAVAILABLE, "will be called back")
    return c.add(
        p.OfferCallback(
            where=where,
            queue=queue.name,
            needs=c.needs(model.needs, (*path, "needs")),
            priority=model.priority,
            promised=c.optional(model.promised, path, where, "promised", after, default=end),
            declined=after
            if model.declined is None
            else c.destination(model.declined, (*path, "declined"), where, "declined", after),
            record=queue.record,
        )
    )
