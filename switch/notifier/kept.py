"""A subscription as it is taken back from a process that was killed."""

from dataclasses import dataclass

from switch.notifier.states import Resource
from switch.sip.dialog import Dialog
from switch.sip.flow import Flow


@dataclass(frozen=True, slots=True)
class Kept:
    """`dialog` goes on above any NOTIFY that can have been sent; the rest as in Subscription."""

    package: str
    resource: Resource
    watcher: str
    entity: str
    event: str
    dialog: Dialog
    flow: Flow
    expires_at: int
