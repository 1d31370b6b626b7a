"""The steps that are about rooms."""

from typing import TYPE_CHECKING, Any

from switch.dialplan import program as p
from switch.dialplan import schema
from switch.dialplan.conferring import ASKED, JOINED, LEFT, PHRASES
from switch.dialplan.mailbox import PHRASES as MAIL_PHRASES
from switch.dialplan.phrases import BEEP, NUMBERS
from switch.dialplan.pin import PHRASES as PIN_PHRASES
from switch.dialplan.program import Where
from switch.dialplan.schema_rooms import ConferenceModel, SuperviseModel, VoiceMailModel
from switch.dialplan.source import Path

if TYPE_CHECKING:
    from switch.dialplan.flows import FlowCompiler

UNAVAILABLE = 480
_FAREWELLS = {"refused": "goodbye", "full": "conference-full", "locked": "conference-locked"}


def conference(c: "FlowCompiler", args: Any, path: Path, where: Where, after: int) -> int:
    """`conference: {name: team, pin: 1234, ...}`, or the name alone."""
    short = isinstance(args, str)
    model = schema.read(ConferenceModel, c.source, path, {"name": args} if short else args, c.problems)
    if model is None:
        return after
    if model.name.startswith("{"):
        c.variable_uses.append((model.name[1:-1], path if short else (*path, "name")))
    if model.pin and model.pin == model.moderator_pin:
        place = c.source.place((*path, "moderator_pin"))
        c.problems.add(place, "another PIN than 'pin' was expected: it tells who moderates")
    if not model.announce and (model.on_enter is not None or model.on_leave is not None):
        c.problems.add(
            c.source.key_place((*path, "announce")), "on_enter and on_leave are not heard without it"
        )
    if not model.announce and model.names:
        c.problems.add(c.source.key_place((*path, "announce")), "names are not heard without it")
    c.book.use_phrases((*PHRASES, BEEP, *(PIN_PHRASES if model.pin or model.moderator_pin else ())))
    if model.names:
        c.book.use_phrases((ASKED, JOINED, LEFT))
    exits = {}
    for reason, farewell in _FAREWELLS.items():
        default = p.Farewell(where, farewell, UNAVAILABLE)
        exits[reason] = c.optional(getattr(model, reason), path, where, reason, after, default=default)
    otherwise = c.add(p.Farewell(where, "not-available", UNAVAILABLE))
    return c.add(
        p.Confer(
            where,
            model.name,
            model.pin,
            model.moderator_pin,
            model.moderator,
            model.muted,
            model.members_max,
            model.announce,
            model.music,
            model.record,
            model.levels,
            exits,
            otherwise,
            after,
            c.book.resolve(model.on_enter, (*path, "on_enter")),
            c.book.resolve(model.on_leave, (*path, "on_leave")),
            model.names,
        )
    )


def voice_mail(c: "FlowCompiler", args: Any, path: Path, where: Where, after: int) -> int:
    """`voice_mail: {mailbox: sales, pin: 1234}`, or the mailbox alone, whose PIN stands in `mailboxes`."""
    short = isinstance(args, str)
    model = schema.read(VoiceMailModel, c.source, path, {"mailbox": args} if short else args, c.problems)
    if model is None:
        return after
    at = path if short else (*path, "mailbox")
    box = c.names.mailboxes.get(model.mailbox)
    if model.mailbox.startswith("{"):
        c.variable_uses.append((model.mailbox[1:-1], at))
    elif not model.pin and (box is None or not box.pin):
        told = "whoever dials this hears the messages: no 'pin' is stated here or in 'mailboxes'"
        c.problems.warn(c.source.place(at), told)
    c.book.use_phrases((*MAIL_PHRASES, *PIN_PHRASES, *sorted(NUMBERS)))
    default = p.Farewell(where, "goodbye", UNAVAILABLE)
    refused = c.optional(model.refused, path, where, "refused", after, default=default)
    return c.add(p.HearMailbox(where, model.mailbox, model.pin, refused, after))


def supervise(c: "FlowCompiler", args: Any, path: Path, where: Where, after: int) -> int:
    """`supervise: {extension: "{digits}", mode: listen}`, or the extension alone."""
    short = isinstance(args, str)
    model = schema.read(SuperviseModel, c.source, path, {"extension": args} if short else args, c.problems)
    if model is None:
        return after
    at = path if short else (*path, "extension")
    if model.extension.startswith("{") and model.extension.endswith("}"):
        c.variable_uses.append((model.extension[1:-1], at))
    elif model.extension not in c.names.accounts:
        c.problems.unknown(c.source.place(at), "account", model.extension, c.names.accounts)
    modes = c.names.supervision_modes
    if not modes:
        c.problems.add(where.place, "nobody may supervise: the section 'supervision' is not stated")
        return after
    mode = model.mode or modes[0]
    if mode not in modes:
        c.problems.unknown(c.source.place((*path, "mode")), "mode", mode, modes)
    c.book.use_phrases(("refused",))
    default = p.Farewell(where, "refused", UNAVAILABLE)
    refused = c.optional(model.refused, path, where, "refused", after, default=default)
    return c.add(p.SuperviseTalk(where, model.extension, mode, refused, after))
