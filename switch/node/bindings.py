"""Registrations outlive a restart: written behind to the store, taken back at start.

Without this an agent whose phone registers hourly would be unreachable for as long. What came by a stream is
left out, because the stream died with the process; so is what came by an address that we no longer listen on.
A phone that moved meanwhile does not answer, and its offer fails over as for any vanished phone.
"""

import asyncio
from collections.abc import Iterable

import structlog

from switch.base.clock import SECOND
from switch.base.errors import PeerError, ResourceError
from switch.exchange.exchange import Exchange
from switch.node.clock import now_us
from switch.registrar.values import Binding
from switch.sip.flow import Address, Flow, Transport
from switch.sip.grammar import split_outside
from switch.sip.uri import Uri
from switch.store.store import Store
from switch.store.values import StoredBinding

_log = structlog.get_logger()

LOOK_S = 0.5
"""How soon a phone that came or went is written: what a crash may forget."""

REFRESH_S = 15.0
"""How often new expiry times are written; a restart then believes a phone to be gone a little early."""


ACCOUNTS_A_WRITE = 400
"""Rows of so many are made in two milliseconds, in which no packet is answered; the others come next."""


def kept(exchange: Exchange, now: int, accounts: Iterable[str] | None = None) -> list[StoredBinding]:
    """The bindings worth keeping, at this moment: all, or those of `accounts`."""
    registrar = exchange.office.parts.registrar
    bindings = registrar.all_bindings(now) if accounts is None else registrar.bindings_of(accounts, now)
    wall = exchange.office.journal.wall
    return [
        StoredBinding(
            account=name,
            contact=str(binding.contact),
            transport=str(binding.flow.transport),
            local_host=binding.flow.local.host,
            local_port=binding.flow.local.port,
            remote_host=binding.flow.remote.host,
            remote_port=binding.flow.remote.port,
            # To the second: wall time is measured anew all the time, and rows that differ by a microsecond
            # would be written again for nothing.
            expires_wall_us=wall(binding.expires_at) // SECOND * SECOND,
            q=binding.q,
            user_agent=binding.user_agent,
            instance=binding.instance,
            reg_id=binding.reg_id,
            path=", ".join(binding.path),
            call_id=binding.call_id,
            cseq=binding.cseq,
        )
        for name, binding in bindings
        if binding.flow.transport is Transport.UDP
    ]


def restore(store: Store, exchange: Exchange, now: int) -> int:
    """Take back what still holds; how many there were."""
    office = exchange.office
    listening = {(listener.transport, listener.address) for listener in office.parts.listeners}
    taken = 0
    for row in store.bindings():
        local = Address(row.local_host, row.local_port)
        flow = Flow(Transport(row.transport), local, Address(row.remote_host, row.remote_port))
        expires_at = now + row.expires_wall_us - office.journal.wall(now)
        if (flow.transport, local) not in listening or expires_at <= now:
            continue
        try:
            contact = Uri.parse(row.contact)
        except PeerError:
            continue
        binding = Binding(
            contact,
            flow,
            expires_at,
            row.q,
            row.user_agent,
            row.instance,
            row.call_id,
            row.cseq,
            row.reg_id,
            tuple(split_outside(row.path, ",")) if row.path else (),
        )
        office.parts.registrar.adopt(row.account, binding, now)
        taken += 1
    exchange.settle(now)
    return taken


class BindingKeeper:
    """Writes them behind, on a thread of the pool, so that the loop never waits for the disk."""

    def __init__(self, store: Store, exchange: Exchange) -> None:
        self._store = store
        self._exchange = exchange
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write behind."""
        self._task = asyncio.create_task(self._run(), name="registrations")

    async def stop(self) -> None:
        """Write all of them once more: an orderly stop forgets nothing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.write_all()

    async def _run(self) -> None:
        registrar = self._exchange.office.parts.registrar
        written, turn, more = -1, 0, False
        # What the last run knew and this one did not take back is of no use any more.
        await self.write_all()
        while True:
            await asyncio.sleep(LOOK_S)
            turn += 1
            if more or registrar.moves != written or turn * LOOK_S >= REFRESH_S:
                written, turn = registrar.moves, 0
                more = await self.write()

    async def write_all(self) -> None:
        """Write every binding, and forget those that are no more."""
        try:
            await asyncio.to_thread(self._store.replace_bindings, kept(self._exchange, now_us()))
        except ResourceError as error:
            _log.warning("registrations are not kept", reason=str(error))

    async def write(self) -> bool:
        """Write what changed since the last time, some accounts at once; True where more are left.

        A store that refuses is tried again the next time.
        """
        registrar = self._exchange.office.parts.registrar
        accounts = registrar.take_touched(ACCOUNTS_A_WRITE)
        if not accounts:
            return False
        rows = kept(self._exchange, now_us(), accounts)
        try:
            await asyncio.to_thread(self._store.put_bindings, accounts, rows)
        except ResourceError as error:
            registrar.touch(accounts)
            _log.warning("registrations are not kept", reason=str(error))
            return False
        return len(accounts) == ACCOUNTS_A_WRITE
