"""Lamps outlive a kill: subscriptions are written behind to the store, taken back at start.

Without this a busy lamp would stand still until its phone subscribes anew, which may take an hour. A row is
written before its phone is told, because it keeps the numbers of NOTIFYs as used, and those of one process
must be above all of the one before. An orderly stop tells phones to subscribe again, and leaves no row.
"""

import asyncio
from collections.abc import Callable

import structlog

from switch.base.clock import SECOND
from switch.base.errors import PeerError, ResourceError
from switch.exchange import watching
from switch.exchange.exchange import Exchange
from switch.exchange.office import Office
from switch.notifier.kept import Kept
from switch.notifier.notifier import Notifier
from switch.notifier.states import Resource
from switch.notifier.subscription import Subscription
from switch.sip.dialog import Dialog
from switch.sip.flow import Address, Flow, Transport
from switch.sip.grammar import split_outside
from switch.sip.uri import NameAddr, Uri
from switch.store.store import Store
from switch.store.values import StoredSubscription

_log = structlog.get_logger()

LOOK_S = 0.5
"""How soon a subscription that came, went or was refreshed is written: what a crash may forget."""

ROWS_A_WRITE = 400
"""So many rows are made in a few milliseconds, in which no packet is answered; the others come next. 800 a
second are more than 20,000 lamps that are refreshed each half hour, and more than are told after a kill."""


def row_of(office: Office, subscription: Subscription) -> StoredSubscription:
    """What is kept of one."""
    dialog, flow = subscription.dialog, subscription.flow
    return StoredSubscription(
        tag=dialog.local.tag or "",
        tenant=subscription.resource.tenant,
        account=subscription.resource.account,
        watcher=subscription.watcher,
        package=subscription.package.name,
        event=subscription.event,
        entity=subscription.entity,
        call_id=dialog.call_id,
        local=str(dialog.local),
        remote=str(dialog.remote),
        remote_target=str(dialog.remote_target),
        local_contact=str(dialog.local_contact),
        routes=", ".join(str(route) for route in dialog.route_set),
        local_cseq=subscription.reserved,
        remote_cseq=dialog.remote_cseq or 0,
        transport=str(flow.transport),
        local_host=flow.local.host,
        local_port=flow.local.port,
        remote_host=flow.remote.host,
        remote_port=flow.remote.port,
        expires_wall_us=office.journal.wall(subscription.expires_at) // SECOND * SECOND,
    )


def restore(store: Store, exchange: Exchange, now: int) -> int:
    """Take back what still holds; how many there were."""
    office = exchange.office
    listening = {(listener.transport, listener.address) for listener in office.parts.listeners}
    taken = 0
    for row in store.subscriptions.all():
        local = Address(row.local_host, row.local_port)
        flow = Flow(Transport(row.transport), local, Address(row.remote_host, row.remote_port))
        expires_at = now + row.expires_wall_us - office.journal.wall(now)
        if (flow.transport, local) not in listening or expires_at <= now:
            continue
        try:
            dialog = _dialog(row)
        except PeerError:
            continue
        resource = Resource(row.tenant, row.account)
        one = Kept(row.package, resource, row.watcher, row.entity, row.event, dialog, flow, expires_at)
        taken += watching.adopt(office, one, now)
    return taken


def _dialog(row: StoredSubscription) -> Dialog:
    dialog = Dialog(
        row.call_id,
        local=NameAddr.parse(row.local),
        remote=NameAddr.parse(row.remote),
        remote_target=Uri.parse(row.remote_target),
        local_contact=NameAddr.parse(row.local_contact),
    )
    if row.routes:
        dialog.route_set = tuple(NameAddr.parse(route) for route in split_outside(row.routes, ","))
    dialog.local_cseq, dialog.remote_cseq = row.local_cseq, row.remote_cseq
    return dialog


class SubscriptionKeeper:
    """Writes them behind, on a thread of the pool, so that the loop never waits for the disk."""

    def __init__(self, store: Store, office: Office, carry: Callable[[], None]) -> None:
        """`carry` is told when there may be something to send, now or by a timer."""
        self._store = store
        self._office = office
        self._carry = carry
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write behind, and to tell those that were taken back."""
        self._task = asyncio.create_task(self._run(), name="subscriptions")

    async def stop(self) -> None:
        """The stop that follows ends them all."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        try:
            await asyncio.to_thread(self._store.subscriptions.keep_only, set())
        except ResourceError as error:
            _log.warning("subscriptions of the past stay in the store", reason=str(error))

    async def _run(self) -> None:
        await self.forget_others()
        while True:
            if self._office.watching is not None:
                await self.write(self._office.watching.notifier)
            await asyncio.sleep(LOOK_S)

    async def forget_others(self) -> None:
        """What the process before knew and this one did not take back is of no use any more."""
        watching = self._office.watching
        known = () if watching is None else watching.notifier.subscriptions()
        tags = {subscription.dialog.local.tag or "" for subscription in known}
        try:
            await asyncio.to_thread(self._store.subscriptions.keep_only, tags)
        except ResourceError as error:
            _log.warning("subscriptions of the past stay in the store", reason=str(error))

    async def write(self, notifier: Notifier) -> None:
        """Write some of those that changed; what is refused is tried again the next time."""
        taken = notifier.take_touched(ROWS_A_WRITE)
        if not taken:
            return
        rows = [row_of(self._office, one) for one in taken.values() if not one.over]
        try:
            await asyncio.to_thread(self._store.subscriptions.put, list(taken), rows)
        except ResourceError as error:
            for subscription in taken.values():
                notifier.touch(subscription)
            _log.warning("subscriptions are not kept", reason=str(error))
            return
        notifier.resume(taken.values())
        self._carry()
