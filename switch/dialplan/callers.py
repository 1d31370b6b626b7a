"""The parts of a trunk that say who calls, and in which form its numbers are."""

import re

from switch.dialplan import schema
from switch.dialplan.plan import CallerIdentityPlan
from switch.dialplan.problems import Problems
from switch.dialplan.source import Path, Source

_DIGITS = re.compile(r"\+?[0-9*#]{1,16}")


def strip(model: schema.TrunkModel, source: Source, path: Path, problems: Problems) -> tuple[str, ...]:
    """`strip: ["99"]`."""
    for index, prefix in enumerate(model.strip):
        if _DIGITS.fullmatch(prefix) is None:
            place = source.place((*path, "strip", index))
            problems.add(
                place, f"digits that the carrier puts before numbers were expected, found '{prefix}'"
            )
    return tuple(model.strip)


def identity(model: schema.TrunkModel, source: Source, path: Path, problems: Problems) -> CallerIdentityPlan:
    """`caller_identity: {accept: [pai, from], send: pai}`."""
    at = (*path, "caller_identity")
    entry = schema.read(schema.CallerIdentityModel, source, at, model.caller_identity, problems)
    if entry is None:
        return CallerIdentityPlan()
    return CallerIdentityPlan(
        accept=tuple(entry.accept),
        send=tuple(dict.fromkeys(entry.send)),
        trusted=entry.trusted,
        present_caller=entry.forwarded == "caller",
        tell_forwarding=tuple(dict.fromkeys(entry.tell_forwarding)),
    )
