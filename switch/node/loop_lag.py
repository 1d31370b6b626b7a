"""How late the event loop is: the one number that tells an operator that the process is overloaded."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

PERIOD_S = 0.05
KEPT = 1_200
"""One minute of samples, for the worst and the percentiles between two scrapes."""


class LoopLag:
    """Sleeps for `PERIOD_S` and notes by how much it overslept."""

    def __init__(self, on_sample: Callable[[float], None]) -> None:
        """`on_sample` is told each sample, in seconds, as it is taken."""
        self._on_sample = on_sample
        self.samples_s: deque[float] = deque(maxlen=KEPT)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="loop-lag")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def take(self) -> list[float]:
        """The samples since the last call, in seconds, at most one minute of them."""
        samples = list(self.samples_s)
        self.samples_s.clear()
        return samples

    async def _run(self) -> None:
        while True:
            before = monotonic()
            await asyncio.sleep(PERIOD_S)
            late_s = max(0.0, monotonic() - before - PERIOD_S)
            self.samples_s.append(late_s)
            self._on_sample(late_s)
