"""The sections of a tenant that are about rooms."""

from collections.abc import Iterable
from typing import Any

from switch.dialplan import schema
from switch.dialplan.phrases import BEEP
from switch.dialplan.problems import Problems
from switch.dialplan.prompt_book import PromptBook
from switch.dialplan.rooms_plan import NOBODY_SUPERVISES, SupervisionPlan
from switch.dialplan.schema_rooms import SupervisionModel
from switch.dialplan.source import Path, Source


def read_supervision(
    raw: Any, source: Source, book: PromptBook, accounts: Iterable[str], problems: Problems
) -> SupervisionPlan:
    """The section `supervision`; where it is not stated nobody supervises."""
    if raw is None:
        return NOBODY_SUPERVISES
    path: Path = ("supervision",)
    model = schema.read(SupervisionModel, source, path, raw, problems)
    if model is None:
        return NOBODY_SUPERVISES
    for index, name in enumerate(model.accounts):
        if name not in accounts:
            problems.unknown(source.place((*path, "accounts", index)), "account", name, accounts)
    if model.tone:
        book.use_phrases((BEEP,))
    return SupervisionPlan(frozenset(model.accounts), tuple(model.modes), model.tone)
