"""Which half of the twin runs: C where it was built, else the Python that specifies it."""

import importlib
from typing import Protocol, cast

from switch.acd.decisions import AgentView, Decision, Place, QueueView, WaitingView
from switch.acd.events import Event
from switch.acd.router import Router


class RouterLike(Protocol):
    """What both halves offer; see `switch.acd.router.Router` for the meaning."""

    def apply(self, event: Event, now: int) -> list[Decision]: ...
    def place(self, contact: str, now: int) -> Place | None: ...
    def queues(self, now: int) -> list[QueueView]: ...
    def agents(self, now: int) -> list[AgentView]: ...
    def waiting(self, now: int) -> list[WaitingView]: ...
    def digest(self) -> int: ...
    def snapshot(self) -> bytes: ...


class RouterClass(Protocol):
    """A half of the twin as a class."""

    def __call__(self, seed: int = 0) -> RouterLike: ...
    def restore(self, data: bytes) -> RouterLike: ...


def router_class(*, prefer_c: bool = True) -> RouterClass:
    """The C router, or the Python one where C is unwanted or was not built."""
    if prefer_c:
        try:
            module = importlib.import_module("switch.acd._router")
        except ModuleNotFoundError:
            return Router
        return cast(RouterClass, module.Router)
    return Router


def make_router(seed: int = 0, *, prefer_c: bool = True) -> RouterLike:
    """A new router for one tenant."""
    return router_class(prefer_c=prefer_c)(seed)
