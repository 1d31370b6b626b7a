"""Which half of the twin runs: C where it was built and knows the words used, else the specification."""

import importlib
from collections.abc import Iterator
from typing import Protocol, cast

from switch.acd.decisions import AgentView, Decision, Place, QueueView, WaitingView
from switch.acd.events import Arrive, Event, SetAgent, SetLine, SetQueue, SetTenant
from switch.acd.router import Router
from switch.acd.settings import VOICE, AgentSettings, Contact, Policy, QueueSettings, TenantSettings
from switch.acd.snapshot_bytes import version_of

C_LACKS: frozenset[str] = frozenset()
"""Words of `words_of` that the C half does not know yet. A word goes when the halves are equal with it."""

C_READS = (1, 2)
"""Versions of snapshots that the C half reads. It writes the last of them."""

_FIRST_POLICIES = frozenset(tuple(Policy)[:6])
_TENANT = TenantSettings()
_QUEUE = QueueSettings("")


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


def words_of(event: Event) -> Iterator[str]:
    """What an event uses of the second design (docs/decisions/0030); nothing for all defaults.

    A setting counts also where nothing uses it yet, for a half that lacks it would not keep it.
    """
    match event:
        case Arrive():
            yield from _words_of_contact(event.contact)
        case SetQueue():
            yield from _words_of_queue(event.queue)
        case SetAgent():
            yield from _words_of_agent(event.agent)
        case SetTenant():
            yield from _words_of_tenant(event.tenant)
        case SetLine():
            yield "line"
        case _:
            pass


def _words_of_contact(contact: Contact) -> Iterator[str]:
    if contact.channel != VOICE:
        yield "capacity"
    if contact.before:
        yield "before"
    for step in contact.requirement.steps:
        if step.any_of or step.none_of or step.prefer or step.teams or step.queues:
            yield "requirement"


def _words_of_queue(queue: QueueSettings) -> Iterator[str]:
    if queue.policy not in _FIRST_POLICIES:
        yield queue.policy.value
    if queue.busy_is_miss or queue.unreachable_is_miss:
        yield "misses"
    if queue.shares:
        yield "idleness-ratio"
    if queue.ring_more_us != _QUEUE.ring_more_us:
        yield "ring-progressively"
    plain = (_QUEUE.share, _QUEUE.cost, _QUEUE.handling_us, _QUEUE.target_percent)
    if (queue.share, queue.cost, queue.handling_us, queue.target_percent) != plain:
        yield "order"


def _words_of_agent(agent: AgentSettings) -> Iterator[str]:
    if agent.teams:
        yield "requirement"
    if agent.weight != 1:
        yield "weighted-random"
    if agent.units != 100 or agent.most:
        yield "capacity"


def _words_of_tenant(tenant: TenantSettings) -> Iterator[str]:
    if (tenant.order, tenant.ageing_us) != (_TENANT.order, _TENANT.ageing_us):
        yield "order"
    if tenant.assign is not _TENANT.assign:
        yield "batch"
    if tenant.channels:
        yield "capacity"
    if tenant.own_calls_reset_idle:
        yield "own-calls"
    if tenant.day_start_us:
        yield "day"


class Either:
    """The C half until the first event with a word that it lacks; from then on Python, from the same state.

    So nothing is ever decided wrongly, and whoever uses such a word has a slower router, not a refusal.
    """

    def __init__(self, router: RouterLike) -> None:
        self._router = router
        self._is_c = True

    def apply(self, event: Event, now: int) -> list[Decision]:
        if self._is_c and not C_LACKS.isdisjoint(words_of(event)):
            self._router, self._is_c = Router.restore(self._router.snapshot()), False
        return self._router.apply(event, now)

    def place(self, contact: str, now: int) -> Place | None:
        return self._router.place(contact, now)

    def queues(self, now: int) -> list[QueueView]:
        return self._router.queues(now)

    def agents(self, now: int) -> list[AgentView]:
        return self._router.agents(now)

    def waiting(self, now: int) -> list[WaitingView]:
        return self._router.waiting(now)

    def digest(self) -> int:
        return self._router.digest()

    def snapshot(self) -> bytes:
        return self._router.snapshot()


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
    half = router_class(prefer_c=prefer_c)
    return half(seed) if half is Router or not C_LACKS else Either(half(seed))


def restore_router(data: bytes, *, prefer_c: bool = True) -> RouterLike:
    """A router that goes on from a snapshot of either half. Raises SnapshotError."""
    half = router_class(prefer_c=prefer_c and version_of(data) in C_READS)
    return half.restore(data) if half is Router or not C_LACKS else Either(half.restore(data))
