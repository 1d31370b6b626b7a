"""The event packages that are spoken, and how each state of one is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from switch.notifier import documents


@dataclass(frozen=True, slots=True)
class Package:
    """`write` is given a state, the entity's URI, the version. `own_only`: nobody else's may be watched."""

    name: str
    content_type: str
    write: Callable[[Any, str, int], bytes]
    own_only: bool = False


_ALL = (
    Package("dialog", "application/dialog-info+xml", documents.dialog_info),
    Package(
        "message-summary", "application/simple-message-summary", documents.message_summary, own_only=True
    ),
    Package("presence", "application/pidf+xml", documents.presence),
    # A registration names addresses of phones: a colleague has no business with them.
    Package("reg", "application/reginfo+xml", documents.reginfo, own_only=True),
)

PACKAGES = {package.name: package for package in _ALL}

ALLOW_EVENTS = ", ".join((*PACKAGES, "refer"))
"""For answers (RFC 6665 section 8.3.1); `refer` subscriptions are made by REFER alone."""


def event_of(value: str | None) -> tuple[str, str]:
    """Package name and id of an Event header; empty where there is none."""
    name, *params = (value or "").replace(" ", "").split(";")
    found = next((param[3:] for param in params if param.lower().startswith("id=")), "")
    return name.lower(), found
