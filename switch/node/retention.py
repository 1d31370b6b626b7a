"""Recordings that are older, or together larger, than the administrator wants are deleted, the oldest first.

| word of `recording` | then |
| --- | --- |
| `keep_days` | recordings and messages that ended longer ago are deleted |
| `keep_megabytes` | of a tenant's recordings, without messages, the oldest are deleted until the rest fits |
| neither | nothing is ever deleted |

Looked at once an hour, on a thread. What is written at this moment, and what was changed within the last
hour, is left alone. Each deletion is in the journal; what the disk refuses is in the log, and tried again.
"""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from switch.dialplan.plan import RecordingPlan
from switch.engine.engine import SUFFIXES
from switch.exchange.mail import is_message
from switch.journal import room_events
from switch.node import mail_files
from switch.node.clock import now_us
from switch.node.node import Node

_log = structlog.get_logger()

FIRST_S, EVERY_S = 60.0, 3_600.0
FRESH_S = 3_600
"""Changed within so long: it may still be listened to, or copied away."""

DELETED_AT_ONCE_MAX = 10_000
"""In one run: the first after `keep_days` was stated on a full disk takes several."""

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Doomed:
    """A file to delete, by its name without ending, and why: age or size."""

    name: str
    reason: str


def doomed(
    folder: Path, tenant: str, plan: RecordingPlan, wall_s: float, busy: Collection[str]
) -> list[Doomed]:
    """What a tenant's words say must go, the oldest first; `busy` are names of files that are written."""
    files = sorted(_files(folder, tenant))
    left = sum(size for _, size, name in files if not is_message(name))
    found: list[Doomed] = []
    for ended_s, size, name in files:
        if name in busy or ended_s > wall_s - FRESH_S or len(found) == DELETED_AT_ONCE_MAX:
            continue
        if plan.keep_days and ended_s < wall_s - plan.keep_days * _DAY_S:
            found.append(Doomed(name, "age"))
        elif plan.keep_megabytes and not is_message(name) and left > plan.keep_megabytes << 20:
            found.append(Doomed(name, "size"))
        else:
            continue
        left -= 0 if is_message(name) else size
    return found


def _files(folder: Path, tenant: str) -> Iterator[tuple[float, int, str]]:
    """When each ended, its bytes, its name."""
    for path in (folder / tenant).rglob("*"):
        if path.suffix in SUFFIXES.values():
            try:
                stat = path.stat()
            except OSError:
                continue
            yield stat.st_mtime, stat.st_size, str(path.relative_to(folder).with_suffix(""))


class Retention:
    """Deletes while a switch runs."""

    def __init__(self, node: Node, folder: Path) -> None:
        self._node = node
        self._folder = folder
        self._task: asyncio.Task[None] | None = None

    def start(self) -> "Retention":
        self._task = asyncio.create_task(self._run(), name="retention")
        return self

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> int:
        """Delete what is due now; how many files."""
        deleted = 0
        for tenant, tenancy in list(self._node.exchange.office.parts.tenancies.items()):
            plan = tenancy.plan.recording
            if plan.keep_days or plan.keep_megabytes:
                deleted += await self._tenant(tenant, plan)
        return deleted

    async def _tenant(self, tenant: str, plan: RecordingPlan) -> int:
        busy = {path for _, _, path in self._node.exchange.office.recordings.values()}
        wall_s = self._node.journal.wall(now_us()) / 1_000_000
        found = await asyncio.to_thread(doomed, self._folder, tenant, plan, wall_s, busy)
        deleted = 0
        for file in found:
            if is_message(file.name) and self._node.exchange.delete_mail(file.name, now_us(), file.reason):
                deleted += 1
                continue
            try:
                await asyncio.to_thread(mail_files.delete, self._folder, file.name)
            except OSError as error:
                _log.error("a recording cannot be deleted", path=file.name, reason=error.strerror)
                continue
            entry = room_events.RecordingDeleted(file.name, file.reason)
            self._node.journal.write(entry, now_us(), tenant=tenant)
            deleted += 1
        self._node.carry()
        if deleted:
            _log.info("old recordings are deleted", tenant=tenant, files=deleted)
        return deleted
