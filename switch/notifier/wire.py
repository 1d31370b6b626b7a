"""What the notifier needs of whoever carries its messages; `call.Signalling` has this shape."""

from typing import Protocol

from switch.sip.dialog import DialogKey
from switch.sip.flow import Flow
from switch.sip.message import Request, Response
from switch.sip.outputs import (
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
)

Input = RequestReceived | AckReceived | CancelReceived | ResponseReceived | TransactionFailed


class Receiver(Protocol):
    """Takes what belongs to a dialog or a transaction."""

    def receive(self, message: Input, now: int) -> None: ...


class Wire(Protocol):
    """Transactions and dialogs, each with its owner."""

    def open(self, request: Request, flow: Flow, owner: Receiver, now: int) -> str: ...

    def respond(self, transaction: str, response: Response, now: int) -> None: ...

    def bind(self, key: DialogKey, owner: Receiver) -> None: ...

    def forget_dialog(self, key: DialogKey) -> None: ...

    def forget_transaction(self, transaction: str) -> None: ...
