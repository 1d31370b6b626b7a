"""A 2xx to INVITE is repeated by its sender until the ACK comes (RFC 3261 sections 13.3.1.4 and 14.2)."""

from switch.call.signalling import Signalling
from switch.sip.message import Response

T1_US = 500_000
T2_US = 4_000_000
GIVE_UP_US = 64 * T1_US
"""Repeated from T1 doubling to T2; after 64*T1 without an ACK the dialog is ended."""


class AnswerRepeater:
    """At most one answer at a time waits for its ACK: a re-INVITE meanwhile gets 491."""

    __slots__ = ("_give_up_at", "_interval_us", "_response", "_transaction", "at")

    def __init__(self) -> None:
        self._response: Response | None = None
        self._transaction = ""
        self._interval_us = T1_US
        self._give_up_at = 0
        self.at: int | None = None
        """When the answer is repeated next, or given up; None where none waits."""

    @property
    def waiting(self) -> bool:
        """An answer of ours is not acknowledged yet."""
        return self._response is not None

    def start(self, response: Response, transaction: str, now: int) -> None:
        self._response = response
        self._transaction = transaction
        self._interval_us = T1_US
        self.at = now + T1_US
        self._give_up_at = now + GIVE_UP_US

    def acknowledge(self, cseq: int) -> bool:
        """An ACK came. False where it is not that of the answer that waits: a late copy of an earlier one."""
        if self._response is None or self._response.cseq.number != cseq:
            return False
        self.stop()
        return True

    def stop(self) -> None:
        """Nobody waits for the ACK any more."""
        self._response = None
        self.at = None

    def handle_timer(self, signalling: Signalling, now: int) -> bool:
        """Repeat when due. False when it is time to give up."""
        if self._response is None or self.at is None:
            return True
        if now >= self._give_up_at:
            self.stop()
            return False
        if now >= self.at:
            signalling.respond(self._transaction, self._response, now)
            self._interval_us = min(2 * self._interval_us, T2_US)
            self.at = min(now + self._interval_us, self._give_up_at)
        return True
