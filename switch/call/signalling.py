"""Who a SIP message belongs to: transactions and dialogs, each to one leg.

Legs send through here, so that every transaction has an owner from its first byte, and none is left
when its leg is forgotten.
"""

from typing import Protocol

from switch.call.settings import DEFAULTS, LegSettings
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

    __slots__ = ("_by_dialog", "_by_transaction", "layer", "settings", "touched")

    def __init__(self, layer: TransactionLayer, settings: LegSettings = DEFAULTS) -> None:
        self.layer = layer
        self.settings = settings
        """What the administrator chose for every leg; a reload puts another in its place."""
        self._by_transaction: dict[str, Owner] = {}
        self._by_dialog: dict[DialogKey, Owner] = {}
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

    def cancel(self, transaction: str, reason: str, now: int) -> None:
        """Call off an INVITE of ours; `reason` is the Reason header's value (RFC 3326)."""
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

    def owner_of(self, message: LegInputMessage) -> Owner | None:
        """Whose message this is, or None: then it opens something new, or belongs to nobody."""
        if isinstance(message, RequestReceived | AckReceived):
            return self._by_dialog.get(dialog_key(message.request))
        return self._by_transaction.get(message.transaction)


def dialog_key(request: Request) -> DialogKey:
    """The dialog that a request from the peer names: its To tag is ours."""
    return (request.call_id, request.to.tag or "", request.from_.tag or "")
