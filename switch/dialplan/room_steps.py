"""The steps that are about rooms."""

from typing import TYPE_CHECKING, Any

from switch.dialplan import program as p
from switch.dialplan import schema
from switch.dialplan.conferring import PHRASES
from switch.dialplan.phrases import BEEP
from switch.dialplan.pin import PHRASES as PIN_PHRASES
from switch.dialplan.program import Where
from switch.dialplan.schema_rooms import ConferenceModel
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
    c.book.use_phrases((*PHRASES, BEEP, *(PIN_PHRASES if model.pin or model.moderator_pin else ())))
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
        )
    )
