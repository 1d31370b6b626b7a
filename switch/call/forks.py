"""The early dialogs that one INVITE of ours makes: a proxy may ring several phones, each with its To tag.

Each has its own session, and its own count of reliable answers (RFC 3262 section 4). Nothing is made of them
before it is needed: most calls have one early dialog, in which nothing happens before its 2xx.
"""

from switch.call.negotiation import Negotiation
from switch.sip.dialog import Dialog
from switch.sip.message import NameAddr, Request, Response

FORKS_MAX = 16
"""Early dialogs that are followed; the phones of one person are fewer."""


class Fork:
    """`response` is the 1xx that made it. `negotiation` is there once it has a session of its own."""

    __slots__ = ("ack", "allows_update", "dialog", "negotiation", "response", "rseq")

    def __init__(self, response: Response) -> None:
        self.response: Response | None = response
        self.dialog: Dialog | None = None
        self.negotiation: Negotiation | None = None
        self.allows_update = False
        self.rseq = 0
        """RSeq of the last reliable answer that was acknowledged; 0 before the first."""
        self.ack: Request | None = None
        """Of its 2xx, where another dialog had won."""

    def opened(self, request: Request, contact: NameAddr) -> Dialog:
        """The dialog, made when first wanted."""
        if self.dialog is None:
            assert self.response is not None, "a fork begins with a response"
            self.dialog = Dialog.as_uac(request, self.response, contact)
        return self.dialog

    def next_in_order(self, response: Response) -> bool | None:
        """A reliable answer: True where it is the next, None where it is a copy, False where one is lost."""
        text = (response.headers.get("RSeq") or "").strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 10):
            return False
        number = int(text)
        if self.rseq and number <= self.rseq:
            return None
        if self.rseq and number != self.rseq + 1:
            return False
        self.rseq = number
        return True
