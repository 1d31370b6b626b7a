"""Builds the switch without its sockets, for a real node and for a simulated one alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from switch.acd.auditor import Auditor
from switch.acd.events import Event as RouterEvent
from switch.acd.events import RemoveAgent, RemoveQueue
from switch.acd.restart import Resumed
from switch.acd.select import make_router, restore_router
from switch.acd.snapshot_bytes import version_of
from switch.acd.trail import Trail
from switch.base.tokens import IdSource, TokenSource
from switch.call.signalling import Signalling
from switch.call.ways import Ways
from switch.dialplan.interpreter import Interpreter
from switch.dialplan.plan import Centre, TenantPlan
from switch.exchange import lines, locating, reachability, watching
from switch.exchange.actions import queueing
from switch.exchange.exchange import Exchange
from switch.exchange.office import Listener, Parts, Router, Tenancy
from switch.journal.entry import Journal
from switch.media.plan import Slot
from switch.media.slots import SlotPool
from switch.node.digest_offer import offered
from switch.node.handlers import HANDLERS
from switch.node.translate import leg_settings, router_events, tenant_entries, tenant_limits
from switch.registrar.registrar import Registrar
from switch.registrar.values import Account
from switch.sip.digest import Challenger
from switch.sip.flow import Transport
from switch.sip.locate import Abilities, RecordType
from switch.sip.locator import Locator
from switch.sip.transaction.layer import TransactionLayer
from switch.tenant.directory import Directory
from switch.tenant.limits import LimitBook
from switch.trunk.settings import TrunkSettings
from switch.trunk.trunks import Trunks

REALM = "softswitch"
"""One digest realm for all tenants: the username says the tenant (see switch/tenant/names.py)."""

RESTS_US = 60_000_000
"""Longer than anybody rests who declined or could not be rung, as far as queues are configured in earnest."""


@dataclass(frozen=True, slots=True)
class Materials:
    """What the world gives a switch. `seed` is for random routing policies alone."""

    listeners: tuple[Listener, ...]
    slots: tuple[Slot, ...]
    journal: Journal
    tokens: TokenSource
    nonce_secret: bytes
    node: str
    epoch: str
    seed: int = 0
    prefer_c: bool = True
    media_threads: int = 1


def build(
    centre: Centre,
    accounts: Iterable[Account],
    trunks: tuple[TrunkSettings, ...],
    materials: Materials,
    now: int,
    resumed: Mapping[str, Resumed] = MappingProxyType({}),
) -> Exchange:
    """A switch that takes calls as soon as its bytes are carried; routers go on from what is `resumed`.

    Raises ConfigurationError.
    """
    layer = TransactionLayer(materials.tokens)
    accounts = tuple(accounts)
    algorithms = offered(centre.digest, accounts)
    challenger = Challenger(materials.nonce_secret, algorithms=algorithms, qops=centre.digest_qop)
    registrar = Registrar(REALM, challenger)
    registrar.set_accounts(accounts)
    signalling = Signalling(layer, leg_settings(centre))
    locator = Locator(_abilities(materials.listeners))
    local = {listener.transport: listener.address for listener in reversed(materials.listeners)}
    signalling.ways = Ways(local, locator, materials.seed)
    parts = Parts(
        listeners=materials.listeners,
        signalling=signalling,
        registrar=registrar,
        trunks=Trunks(trunks, materials.seed, materials.tokens),
        locator=locator,
        directory=Directory(tenant_entries(centre)),
        limits=LimitBook(tenant_limits(centre)),
        tenancies={},
        slots=SlotPool(materials.slots, materials.media_threads),
        journal=materials.journal,
        ids=IdSource(materials.node, materials.epoch),
        tokens=materials.tokens,
        make_interpreter=Interpreter,
    )
    exchange = Exchange(parts, HANDLERS)
    layer.stream_for = partial(locating.stream_for, exchange.office)
    _set_tenants(exchange, centre, materials, now, resumed)
    locating.refresh(exchange.office, now)
    exchange.settle(now)
    return exchange


def rebuild(
    exchange: Exchange,
    centre: Centre,
    accounts: Iterable[Account],
    trunks: tuple[TrunkSettings, ...],
    materials: Materials,
    now: int,
) -> None:
    """Take a new configuration; calls in progress go on by the plan that they began with.

    Raises ConfigurationError before anything is changed.
    """
    accounts = tuple(accounts)
    algorithms = offered(centre.digest, accounts)
    directory = Directory(tenant_entries(centre))
    Trunks(trunks)
    parts = exchange.office.parts
    parts.directory = directory
    parts.limits.set_tenants(tenant_limits(centre))
    parts.trunks.set_trunks(trunks, now)
    parts.registrar.challenger.offer(algorithms, centre.digest_qop)
    parts.registrar.set_accounts(accounts)
    parts.signalling.settings = leg_settings(centre)
    _set_tenants(exchange, centre, materials, now, {})
    locating.refresh(exchange.office, now)
    watching.revise(exchange.office, now)
    queueing.look_again(exchange.office)
    exchange.settle(now)


def _abilities(listeners: tuple[Listener, ...]) -> Abilities:
    """What can be sent by: RFC 3263 lets a client leave out what it does not speak."""
    spoken = {listener.transport for listener in listeners}
    kinds = {RecordType.AAAA if listener.ipv6 else RecordType.A for listener in listeners}
    return Abilities(
        tuple(t for t in (Transport.UDP, Transport.TCP, Transport.TLS) if t in spoken), tuple(sorted(kinds))
    )


def _set_tenants(
    exchange: Exchange, centre: Centre, materials: Materials, now: int, resumed: Mapping[str, Resumed]
) -> None:
    """Routers keep their state; a tenant that was removed keeps its router until its last call has ended."""
    tenancies = exchange.office.parts.tenancies
    for key, plan in centre.tenants.items():
        known = tenancies.get(key)
        if known is None:
            router = _router(exchange, key, resumed.get(key), materials, now)
            trail = Trail(key, materials.journal.last_sequence + 1, router)
            auditor = Auditor(now + RESTS_US if key in resumed else 0)
            tenancies[key] = Tenancy(plan, router, trail, auditor)
            for gone in _gone(plan, router, now):
                exchange.office.tell_router(key, gone)
            if key in resumed:
                lines.resume(exchange.office, key, now)
        else:
            tenancies[key] = Tenancy(plan, known.router, known.trail, known.auditor)
        old = None if known is None else known.plan
        resumes = known is None and key in resumed and version_of(resumed[key].state) > 1
        for event in router_events(plan, old, now, materials.journal.wall(now), resumes=resumes):
            exchange.office.tell_router(key, event)
    busy = {session.tenant for session in exchange.office.sessions.values()}
    for key in [key for key in tenancies if key not in centre.tenants and key not in busy]:
        del tenancies[key]
    for key in tenancies:
        reachability.refresh(exchange.office, key, now)


def _router(exchange: Exchange, key: str, resumed: Resumed | None, materials: Materials, now: int) -> Router:
    """A new one, or that of the last process going on; what is due in it is due here as well."""
    if resumed is None:
        return make_router(materials.seed, prefer_c=materials.prefer_c)
    if resumed.wake_at is not None:
        exchange.office.timers.set(("router", key), max(now, resumed.wake_at))
    return restore_router(resumed.state, prefer_c=materials.prefer_c)


def _gone(plan: TenantPlan, router: Router, now: int) -> list[RouterEvent]:
    """What a router that goes on knows and the configuration does not name any more."""
    queues = [view.name for view in router.queues(now) if view.name not in plan.queues]
    agents = [view.name for view in router.agents(now) if view.name not in plan.agents]
    return [*map(RemoveQueue, queues), *map(RemoveAgent, agents)]
