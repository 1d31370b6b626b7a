"""What the transaction layer gives to its user, in one ordered list (RFC 3261 section 17).

The layer is `sip.transaction.layer.TransactionLayer`. `transaction` is an opaque key of it.
"""

from dataclasses import dataclass
from enum import StrEnum

from switch.base.values import quick
from switch.sip.flow import Flow
from switch.sip.message import Request, Response


@quick
@dataclass(frozen=True, slots=True)
class SendBytes:
    """Put these bytes on the wire; for a stream `net` opens a connection when `flow.connection` is 0."""

    flow: Flow
    data: bytes


@quick
@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A new request other than ACK and CANCEL; a server transaction waits for `respond`."""

    transaction: str
    request: Request
    flow: Flow


@quick
@dataclass(frozen=True, slots=True)
class AckReceived:
    """An ACK that belongs to a 2xx (RFC 3261 section 13.3.1.4): it has no transaction of its own."""

    request: Request
    flow: Flow


@quick
@dataclass(frozen=True, slots=True)
class CancelReceived:
    """The INVITE of `transaction` is cancelled; the layer has answered the CANCEL itself with 200.

    The user still answers the INVITE, with 487 (RFC 3261 section 9.2).
    """

    transaction: str
    request: Request


@quick
@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A response to a request of ours; every 2xx to INVITE comes up, retransmissions too (RFC 6026).

    `request` is what it answers, as it was sent.
    """

    transaction: str
    response: Response
    flow: Flow
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class StrayAnswer:
    """A 2xx to an INVITE that looks like ours, and whose transaction is over and forgotten."""

    response: Response
    flow: Flow


class Failure(StrEnum):
    """Why a transaction ended without an answer."""

    TIMEOUT = "timeout"
    TRANSPORT = "transport"


@quick
@dataclass(frozen=True, slots=True)
class TransactionFailed:
    """Timer B, F or H fired, or the transport refused the bytes. `method` is the request's."""

    transaction: str
    method: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class MessageDropped:
    """Bytes that got no answer; counted by reason (a short word such as `malformed`, `stray-response`)."""

    reason: str
    flow: Flow


Output = (
    SendBytes
    | RequestReceived
    | AckReceived
    | CancelReceived
    | ResponseReceived
    | StrayAnswer
    | TransactionFailed
    | MessageDropped
)
