"""The one queue between all sockets and the switch, with the one policy of what is shed.

Theory of operation. Reading is cheap and working is not: sockets read all that came into this queue, and the
queue is worked off in slices of `SLICE_S`, between which the loop reads on and looks at its timers. So what
waits, waits here, where it can be told apart, and not in the kernel, where a BYE is dropped as readily as the
ten-thousandth REGISTER. When nothing waits a message goes straight through.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

from switch.net.overload import Overload, opens_something
from switch.net.ports import NetCounts, Receiver
from switch.sip.flow import Flow

QUEUE_SOFT = 8_000
"""Beyond it nothing that opens something new is kept, whatever the level."""

QUEUE_HARD = 20_000
"""Beyond it nothing is kept: some 20 MB, and several seconds of work whose senders have given up."""

LARGE_DEPTH = 500
LARGE_BYTES = 8_192
"""Where so many wait, no message of more bytes is kept: none of a call is as long, and twenty thousand of the
longest datagrams would take 1.3 GB."""

SLICE_S = 0.005
"""How long the queue is worked off before the loop may look at sockets, timers and audio events again."""

SEND_S = 0.001
"""After so long within a slice what the messages led to is sent, before the next is taken. To send after each
message would cost a cold cache each time (see `Node.drained`); after a whole slice the first would wait 5 ms
for nothing: where fifty talks end together each freed agent is rung once the work for it is done."""

REFUSALS_PER_SLICE = 50
"""Answers of 503 between two looks at the sockets. A refusal costs some ten times a drop: beyond so many
the flood is only dropped, or refusing would itself be the overload."""


class Intake:
    """Filled by every socket; emptied into the receiver."""

    def __init__(self, counts: NetCounts, clock: Callable[[], float] = monotonic) -> None:
        self.overload = Overload()
        self._clock = clock
        self._counts = counts
        self._receiver: Receiver | None = None
        self._queue: deque[tuple[bytes, Flow, float]] = deque()
        self._draining = False
        self._scheduled = False
        self._refusals = REFUSALS_PER_SLICE

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def start(self, receiver: Receiver) -> None:
        """From here on what comes, and what came before, goes up."""
        self._receiver = receiver
        self.drain()

    def put(self, data: bytes, flow: Flow) -> None:
        """Take one message; `drain` follows when the socket has no more at the moment."""
        depth = len(self._queue)
        if depth and not _has_room(depth, data):
            self._counts.messages_shed += 1
        elif self.overload.level and self.overload.sheds(data):
            self._refuse(data, flow)
        else:
            self._queue.append((data, flow, self._clock()))

    def drain(self) -> None:
        """Work for one slice; what is left is gone on with at the loop's next turn."""
        receiver, queue = self._receiver, self._queue
        if receiver is None or self._draining or self._scheduled:
            return
        clock = self._clock
        now = clock()
        overload = self.overload
        overload.note(now - queue[0][2] if queue else 0.0, len(queue), now)
        self._refusals = REFUSALS_PER_SLICE
        self._draining = True
        end, send_at = now + SLICE_S, now + SEND_S
        try:
            while queue:
                data, flow, _ = queue.popleft()
                if overload.level and overload.sheds(data):
                    self._refuse(data, flow)
                    continue
                receiver.received(data, flow)
                if queue:
                    now = clock()
                    if now >= end:
                        break
                    if now >= send_at:
                        receiver.drained()
                        send_at = clock() + SEND_S
        finally:
            self._draining = False
            if queue:
                self._scheduled = True
                asyncio.get_running_loop().call_soon(self._go_on)
        receiver.drained()

    def note_lag(self, lag_s: float) -> None:
        """How late the loop was, from whoever measures it."""
        self.overload.note_lag(lag_s, len(self._queue), self._clock())

    def _go_on(self) -> None:
        self._scheduled = False
        self.drain()

    def _refuse(self, data: bytes, flow: Flow) -> None:
        if self._refusals > 0 and self._receiver is not None:
            self._refusals -= 1
            self._counts.messages_refused += 1
            self._receiver.refused(data, flow)
        else:
            self._counts.messages_shed += 1


def _has_room(depth: int, data: bytes) -> bool:
    """Whether one more may wait behind so many."""
    if depth >= QUEUE_SOFT and (depth >= QUEUE_HARD or opens_something(data)):
        return False
    return depth < LARGE_DEPTH or len(data) <= LARGE_BYTES
