"""Who a SIP message belongs to: transactions and dialogs, each to one leg.

Legs send through here, so that every transaction has an owner from its first byte, and none is left
when its leg is forgotten.
"""

from dataclasses import replace
from typing import Protocol

from switch.call.settings import DEFAULTS, LegSettings
from switch.call.ways import Ways
from switch.sip.flow import Flow
from switch.sip.message import Request, Response
from switch.sip.outputs import (
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
)
from switch.sip.transaction.layer import TransactionLayer

DialogKey = tuple[str, str, str]
"""Call-ID, local tag, remote tag (RFC 3261 section 12)."""

LegInputMessage = RequestReceived | AckReceived | CancelReceived | ResponseReceived | TransactionFailed


class Owner(Protocol):
    """Somebody who sends requests and receives what answers them."""

    def receive(self, message: LegInputMessage, now: int) -> None:
        """Take one message that belongs to this owner."""


class Signalling:
    """The transaction layer with its owners."""

    __slots__ = ("_by_dialog", "_by_transaction", "_instead", "layer", "settings", "touched", "ways")

    def __init__(self, layer: TransactionLayer, settings: LegSettings = DEFAULTS) -> None:
        self.layer = layer
        self.settings = settings
        """What the administrator chose for every leg; a reload puts another in its place."""
        self.ways: Ways | None = None
        """How a carrier's dialog is followed to where it leads; without it, to where it came from."""
        self._by_transaction: dict[str, Owner] = {}
        self._by_dialog: dict[DialogKey, Owner] = {}
        self._instead: dict[str, tuple[str, int]] = {}
        """By transaction: which one it repeats with credentials, and how often that was tried."""
        self.touched: dict[str, Owner] = {}
        """Owners with outputs to poll, by id, in the order in which they spoke."""

    @property
    def dialogs(self) -> int:
        return len(self._by_dialog)

    @property
    def owned_transactions(self) -> int:
        return len(self._by_transaction)

    def adopt(self, transaction: str, owner: Owner) -> None:
        """A server transaction of this owner (an INVITE that may yet be cancelled)."""
        self._by_transaction[transaction] = owner

    def open(self, request: Request, flow: Flow, owner: Owner, now: int) -> str:
        """Send a request; what answers it goes to `owner`."""
        transaction = self.layer.open(request, flow, now)
        self._by_transaction[transaction] = owner
        return transaction

    def respond(self, transaction: str, response: Response, now: int) -> None:
        self.layer.respond(transaction, response, now)

    def turn_away(self, transaction: str, response: Response, now: int) -> None:
        """Answer, once, what nobody has proved to have sent; nothing is kept of it."""
        self.layer.turn_away(transaction, response, now)

    def cancel(self, transaction: str, reason: str, now: int) -> None:
        """Call off an INVITE of ours; `reason` is the Reason header's value (RFC 3326)."""
        if self._instead:
            repeats = [other for other, (first, _) in self._instead.items() if first == transaction]
            transaction = repeats[-1] if repeats else transaction
        self.layer.cancel(transaction, now, (("Reason", reason),))

    def send_ack(self, request: Request, flow: Flow, now: int) -> None:
        self.layer.send_ack(request, flow, now)

    def bind(self, key: DialogKey, owner: Owner) -> None:
        """In-dialog requests of this dialog go to `owner`."""
        self._by_dialog[key] = owner

    def owner_of_dialog(self, key: DialogKey) -> Owner | None:
        """Whose dialog a header of a request names; None where there is none."""
        return self._by_dialog.get(key)

    def forget_dialog(self, key: DialogKey) -> None:
        self._by_dialog.pop(key, None)

    def forget_transaction(self, transaction: str) -> None:
        self._by_transaction.pop(transaction, None)
        if self._instead:
            for other in [key for key, (first, _) in self._instead.items() if first == transaction]:
                del self._instead[other]
                self._by_transaction.pop(other, None)

    # Requests that a carrier challenged.

    def tries(self, transaction: str) -> int:
        """How often this one was repeated with credentials."""
        return self._instead[transaction][1] if transaction in self._instead else 0

    def instead(self, refused: str, request: Request, flow: Flow, owner: Owner, now: int) -> None:
        """Send `request` in the place of one that was refused; to its owner it is the same transaction."""
        first, tries = self._instead.get(refused, (refused, 0))
        transaction = self.open(request, flow, owner, now)
        self._instead[transaction] = (first, tries + 1)

    def as_owner_knows(self, message: ResponseReceived | TransactionFailed) -> LegInputMessage:
        """The answer to a repeated request, under the name of the first."""
        found = self._instead.get(message.transaction) if self._instead else None
        return message if found is None else replace(message, transaction=found[0])

    def is_known(self, response: Response) -> bool:
        """Whether a dialog of ours is the one that this answer to a request of ours belongs to."""
        key = (response.call_id, response.from_.tag or "", response.to.tag or "")
        return key in self._by_dialog

    def owner_of(self, message: LegInputMessage) -> Owner | None:
        """Whose message this is, or None: then it opens something new, or belongs to nobody."""
        if isinstance(message, (RequestReceived, AckReceived)):
            # Of a request from the peer the To tag is ours.
            request = message.request
            tag = request.to.tag
            return None if not tag else self._by_dialog.get((request.call_id, tag, request.from_.tag or ""))
        return self._by_transaction.get(message.transaction)
