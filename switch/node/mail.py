"""Carries out what the exchange asks of mailboxes' files: each on a thread, each answered on the loop."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from switch.base.errors import ResourceError
from switch.engine.engine import Engine
from switch.exchange.exchange import Exchange
from switch.exchange.mail import DeleteFile, LetGo, MailOrder, MarkFile, ReadMail
from switch.node import mail_files
from switch.node.audio import WavError
from switch.node.clock import now_us

_log = structlog.get_logger()

DROP_AFTER_S = 10.0
"""After a message's last playback: no tick and no command under way can still hold its clip."""


class MailRoom:
    """`carry` is called when an answer has made the exchange say something."""

    def __init__(self, folder: Path, exchange: Exchange, engine: Engine, carry: Callable[[], None]) -> None:
        self._folder = folder
        self._exchange = exchange
        self._engine = engine
        self._carry = carry
        self._tasks: set[asyncio.Task[None]] = set()
        self._reads = 0

    def order(self, order: MailOrder) -> None:
        if isinstance(order, LetGo):
            asyncio.get_running_loop().call_later(DROP_AFTER_S, self._engine.drop_clip, order.path)
            return
        task = asyncio.get_running_loop().create_task(self._do(order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, order: MailOrder) -> None:
        if isinstance(order, ReadMail):
            await self._read(order)
            return
        try:
            if isinstance(order, MarkFile):
                await asyncio.to_thread(mail_files.mark, self._folder, order.path, new=order.new)
            else:
                assert isinstance(order, DeleteFile)
                await asyncio.to_thread(mail_files.delete, self._folder, order.path)
        except OSError as error:
            _log.error("a message cannot be marked or deleted", path=order.path, reason=error.strerror)

    async def _read(self, order: ReadMail) -> None:
        clip, gone = "", False
        try:
            path = await asyncio.to_thread(mail_files.file_of, self._folder, order.path)
            gone = path is None
            if path is not None:
                pcm = await asyncio.to_thread(mail_files.clip_of, path)
                self._reads += 1
                clip = f"mail:{self._reads}:{order.path}"
                self._engine.add_clip(clip, pcm, shared=False)
        except (OSError, WavError, ResourceError) as error:
            clip = ""
            _log.error("a message cannot be played", path=order.path, reason=str(error))
        self._exchange.mail_read(order.number, clip, now_us(), gone=gone)
        self._carry()
