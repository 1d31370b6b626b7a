"""When the switch is overloaded, and which messages it gives up first.

| level | is entered when | sheds |
| --- | --- | --- |
| NORMAL | calm for `CALM_S` | nothing |
| BUSY | messages wait `BUSY_WAIT_S`, or `BUSY_DEPTH` of them | REGISTER, OPTIONS and the like |
| FULL | messages wait `FULL_WAIT_S`, or `FULL_DEPTH` of them | also new INVITEs |

Registrations go first because phones repeat them and no caller is hurt; new calls next, because one caller
who is refused at once is better than every caller with half a second of silence. What belongs to a call that
stands (any response, ACK, BYE, CANCEL, PRACK, any request with a To tag, an INVITE that replaces a call) is
never shed for a level. Up goes at once, down one level at a time and only after calm: else a switch at its
limit would change its mind with every message.
"""

import re
from enum import IntEnum

BUSY_WAIT_S, BUSY_DEPTH = 0.2, 1_000
FULL_WAIT_S, FULL_DEPTH = 0.5, 3_000
"""Half a second is T1: from there on peers repeat what waits, and the load grows by itself. A thousand
messages are some 0.3 s of work."""

CALM_WAIT_S, CALM_DEPTH = 0.05, 200
CALM_S = 1.0
LATE_S = 0.15
"""For so long the wait must be over a bound: what one stall of a disk kept waiting is worked off by then."""

LAG_SAMPLES = 2
"""So many samples of the loop's lag in a row must be over a bound, for the same reason."""

_OPTIONAL = (b"REGISTER ", b"OPTIONS ", b"SUBSCRIBE ", b"PUBLISH ", b"MESSAGE ")
_TO_TAG = re.compile(rb"\r\n(?:to|t)[ \t]*:[^\r\n]*;[ \t]*tag[ \t]*=", re.IGNORECASE)
_REPLACES = re.compile(rb"\r\nreplaces[ \t]*:", re.IGNORECASE)


class Level(IntEnum):
    NORMAL = 0
    BUSY = 1
    FULL = 2


class Overload:
    """The level, from what is seen of waiting. `now` is in seconds of a monotonic clock."""

    __slots__ = ("_lags", "_late_since", "_noisy_at", "level")

    def __init__(self) -> None:
        self.level = Level.NORMAL
        self._noisy_at = 0.0
        """When there was last no calm."""
        self._late_since: float | None = None
        self._lags = 0
        """Samples in a row of a loop that was late."""

    def note(self, wait_s: float, depth: int, now: float) -> None:
        """How long the oldest message waited, and how many wait."""
        if wait_s < BUSY_WAIT_S:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now
        late = self._late_since is not None and now - self._late_since >= LATE_S
        self._judge(wait_s, depth, now, late=late)

    def note_lag(self, lag_s: float, depth: int, now: float) -> None:
        """How late the event loop was: what waits in the kernel waits as long."""
        self._lags = self._lags + 1 if lag_s >= BUSY_WAIT_S else 0
        self._judge(lag_s, depth, now, late=self._lags >= LAG_SAMPLES)

    def _judge(self, wait_s: float, depth: int, now: float, *, late: bool) -> None:
        if (late and wait_s >= FULL_WAIT_S) or depth >= FULL_DEPTH:
            self.level = Level.FULL
        elif (late or depth >= BUSY_DEPTH) and self.level is Level.NORMAL:
            self.level = Level.BUSY
        if wait_s > CALM_WAIT_S or depth > CALM_DEPTH:
            self._noisy_at = now
        elif self.level and now - self._noisy_at >= CALM_S:
            self.level = Level(self.level - 1)
            self._noisy_at = now

    def sheds(self, data: bytes) -> bool:
        """Whether this message is given up at the present level."""
        if data.startswith(_OPTIONAL):
            return self.level >= Level.BUSY and not in_dialog(data)
        if data.startswith(b"INVITE "):
            return self.level >= Level.FULL and not in_dialog(data) and _REPLACES.search(data) is None
        return False


def opens_something(data: bytes) -> bool:
    """A request that belongs to no dialog and begins one, or a registration, or a question."""
    return data.startswith((*_OPTIONAL, b"INVITE ")) and not in_dialog(data)


def in_dialog(data: bytes) -> bool:
    """Whether a request has a To tag. It is looked for, not parsed: a flood must be cheap to tell apart."""
    return _TO_TAG.search(data) is not None
