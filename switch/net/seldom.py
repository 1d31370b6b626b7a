"""Lines of the log that strangers can cause: so many a minute, and then only how many more there were."""

from time import monotonic

import structlog

_log = structlog.get_logger()

LINES_MAX = 10
"""A minute of each kind: enough to see who and why; a flood must not fill the disk as well."""

MINUTE_S = 60.0


class Seldom:
    """One kind of line."""

    def __init__(self) -> None:
        self._minute_began = -MINUTE_S
        self._told = 0
        self._left_out = 0

    def say(self, what: str, **words: object) -> None:
        """Tell it, if this minute has room; the first line of a later minute says how many had none."""
        now = monotonic()
        if now - self._minute_began >= MINUTE_S:
            self._minute_began, self._told = now, 0
        if self._told >= LINES_MAX:
            self._left_out += 1
            return
        self._told += 1
        if self._left_out:
            words["left_out_before"] = self._left_out
            self._left_out = 0
        _log.warning(what, **words)
