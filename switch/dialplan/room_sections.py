"""The sections of a tenant that are about rooms."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from switch.dialplan import schema
from switch.dialplan.phrases import BEEP
from switch.dialplan.problems import Problems
from switch.dialplan.prompt_book import PromptBook
from switch.dialplan.rooms_plan import NOBODY_SUPERVISES, MailboxPlan, SupervisionPlan
from switch.dialplan.schema_rooms import MailboxModel, SupervisionModel
from switch.dialplan.source import Path, Source

_MAILBOX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")


def read_mailboxes(raw: Mapping[str, Any], source: Source, problems: Problems) -> dict[str, MailboxPlan]:
    """The section `mailboxes`. One that it does not name takes messages too, without a limit or a PIN."""
    found: dict[str, MailboxPlan] = {}
    for name, words in raw.items():
        path: Path = ("mailboxes", name)
        if _MAILBOX.fullmatch(name) is None:
            problems.add(
                source.key_place(path), f"mailbox '{name}': letters, digits, '.', '-' and '_' were expected"
            )
        model = schema.read(MailboxModel, source, path, words, problems) or MailboxModel()
        found[name] = MailboxPlan(model.pin, model.messages_max)
    return found


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
