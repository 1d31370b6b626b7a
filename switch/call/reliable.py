"""Reliable provisional answers that we send (RFC 3262 section 3): one at a time, until its PRACK comes."""

from switch.call.repeater import GIVE_UP_US, T1_US
from switch.call.signalling import Signalling
from switch.sip.message import Response

RSEQ_FIRST_MAX = 2**31 - 1
"""RFC 3262 section 3: the first RSeq lies between 1 and this."""


class ReliableSender:
    """At most one answer is outstanding, and one more waits: of those that wait only the newest is news."""

    __slots__ = (
        "_at",
        "_give_up_at",
        "_interval_us",
        "_outstanding",
        "_transaction",
        "_waiting",
        "answer_due",
        "last",
        "sequence",
        "session_sent",
    )

    def __init__(self, transaction: str, first: int) -> None:
        self._transaction = transaction
        self._outstanding: Response | None = None
        self._waiting: Response | None = None
        self._interval_us = 0
        self._at = 0
        self._give_up_at = 0
        self.sequence = first - 1
        """RSeq of the last answer that was sent."""
        self.last: tuple[int, bytes] = (0, b"")
        """Status and body of the last one given: the same again is no news."""
        self.session_sent = False
        """A session description of ours went by a reliable answer."""
        self.answer_due = False
        """The call was answered; its 2xx waits for the PRACK."""

    @property
    def holds_answer_back(self) -> bool:
        """RFC 3262 section 3: no 2xx while a session that came reliably is not acknowledged."""
        waits = self._outstanding is not None and bool(self._outstanding.body)
        return waits or (self._waiting is not None and bool(self._waiting.body))

    def send(self, response: Response, signalling: Signalling, now: int) -> None:
        """Send it now, or after the PRACK of the one before. The RSeq is added here."""
        self.last = (response.status, response.body)
        if self._outstanding is None:
            self._put(response, signalling, now)
        elif self._waiting is None or response.body or not self._waiting.body:
            self._waiting = response

    def acknowledge(self, rack: str, cseq: int) -> bool:
        """Take a PRACK's RAck; False where it is not that of the answer that waits (481)."""
        if self._outstanding is None or rack.split() != [str(self.sequence), str(cseq), "INVITE"]:
            return False
        self._outstanding = None
        return True

    def send_waiting(self, signalling: Signalling, now: int) -> None:
        """The next may go, if there is one."""
        if self._waiting is not None:
            response, self._waiting = self._waiting, None
            self._put(response, signalling, now)

    def next_timer(self) -> int | None:
        return None if self._outstanding is None else min(self._at, self._give_up_at)

    def handle_timer(self, signalling: Signalling, now: int) -> bool:
        """Repeat when due. False when it is time to give up."""
        if self._outstanding is None:
            return True
        if now >= self._give_up_at:
            self._outstanding = None
            return False
        if now >= self._at:
            signalling.respond(self._transaction, self._outstanding, now)
            # RFC 3262 section 3: doubled each time, without the bound of T2 that final answers have.
            self._interval_us *= 2
            self._at = now + self._interval_us
        return True

    def _put(self, response: Response, signalling: Signalling, now: int) -> None:
        self.sequence += 1
        response.headers.add("Require", "100rel")
        response.headers.add("RSeq", str(self.sequence))
        self.session_sent = self.session_sent or bool(response.body)
        self._outstanding = response
        self._interval_us = T1_US
        self._at = now + T1_US
        self._give_up_at = now + GIVE_UP_US
        signalling.respond(self._transaction, response, now)
