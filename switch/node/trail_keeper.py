"""Forgets what routers were told long ago; records and journal stay."""

import asyncio

import structlog

from switch.base.errors import ResourceError
from switch.journal.entry import Journal
from switch.node.clock import now_us
from switch.store.store import Store

_log = structlog.get_logger()

FIRST_S = 60.0
"""After the start, when there is more to do than to tidy."""

EVERY_S = 3600.0
"""An hour's rows at once: some thousand, and nobody waits for them longer than for a commit."""

DAY_US = 24 * 3600 * 1_000_000


class TrailKeeper:
    """Prunes on a thread of the pool once an hour; `days` 0 keeps everything."""

    def __init__(self, store: Store, journal: Journal, days: int) -> None:
        self._store = store
        self._journal = journal
        self._days = days
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._days:
            self._task = asyncio.create_task(self._run(), name="router-days")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            await self.prune()
            await asyncio.sleep(EVERY_S)

    async def prune(self) -> int:
        """Once; how many rows went. A store that refuses is tried again the next time."""
        before = self._journal.wall(now_us()) - self._days * DAY_US
        try:
            return await asyncio.to_thread(self._store.trails.prune, before)
        except ResourceError as error:
            _log.warning("old router events are not pruned", reason=str(error))
            return 0
