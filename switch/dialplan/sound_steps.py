"""Steps about recordings and messages."""

from typing import TYPE_CHECKING, Any

from switch.base.clock import SECOND
from switch.dialplan import program as p
from switch.dialplan import schema
from switch.dialplan.actions import RecordVerb
from switch.dialplan.messaging import FULL
from switch.dialplan.phrases import BEEP
from switch.dialplan.plan import RecordingPlan
from switch.dialplan.problems import Problems
from switch.dialplan.program import Where
from switch.dialplan.prompt_book import PromptBook
from switch.dialplan.schema_sound import PlayModel, RecordingModel, TakeMessageModel
from switch.dialplan.source import Path, Source

if TYPE_CHECKING:
    from switch.dialplan.flows import FlowCompiler


def read_recording(raw: Any, source: Source, book: PromptBook, problems: Problems) -> RecordingPlan:
    """The section `recording`; what is not stated is usual."""
    path: Path = ("recording",)
    model = schema.read(RecordingModel, source, path, raw, problems) or RecordingModel()
    consent = book.resolve(model.consent, (*path, "consent"))
    return RecordingPlan(
        model.format == "opus", consent, model.max_minutes * 60, model.keep_days, model.keep_megabytes
    )


def play(c: "FlowCompiler", args: Any, path: Path, where: Where, after: int) -> int:
    """`play: welcome`, a list of prompts, or `play: {prompt: ..., speed: 80, volume_db: 6}`."""
    if isinstance(args, dict) and args.keys() & PlayModel.model_fields.keys():
        model = schema.read(PlayModel, c.source, path, args, c.problems)
        if model is None:
            return after
        args, path = model.prompt, (*path, "prompt")
    else:
        model = PlayModel(prompt=None)
    if args is None or args == []:
        c.problems.add(where.place, "the name of a prompt was expected")
    prompts = c.book.resolve(args, path)
    return c.add(p.PlayPrompts(where, prompts, after, model.speed, model.volume_db))


def record(c: "FlowCompiler", args: Any, path: Path, where: Where, after: int) -> int:
    """`record: start`, `stop`, `pause` or `resume`."""
    words = [str(verb) for verb in RecordVerb]
    if args not in words:
        c.problems.unknown(c.source.place(path), "word", str(args or ""), words)
        return after
    verb = RecordVerb(args)
    step = c.add(p.RecordCall(where, verb, after))
    return told(c, where, step) if verb is RecordVerb.START else step


def told(c: "FlowCompiler", where: Where, step: int) -> int:
    """`step` records: the caller hears of it first, where a prompt for that is stated."""
    consent = c.names.recording.consent
    return c.add(p.TellRecording(where, consent, step)) if consent else step


def take_message(c: "FlowCompiler", args: Any, path: Path, where: Where, after: int) -> int:
    """`take_message: {mailbox: sales, greeting: ...}`, or the mailbox alone."""
    short = isinstance(args, str)
    model = schema.read(TakeMessageModel, c.source, path, {"mailbox": args} if short else args, c.problems)
    if model is None:
        return after
    greeting = c.book.resolve(model.greeting, (*path, "greeting"))
    c.book.use_phrases((BEEP, FULL) if model.mailbox in c.names.mailboxes else (BEEP,))
    silence_us = int(model.silence_s * SECOND)
    full = after if model.full is None else c.destination(model.full, (*path, "full"), where, "full", after)
    return c.add(p.LeaveMessage(where, model.mailbox, greeting, model.max_s, silence_us, after, full))
