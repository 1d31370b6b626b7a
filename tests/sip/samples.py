"""Messages and ways that the tests of this room share."""

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from switch.base.clock import SECOND
from switch.base.tokens import SeededTokens
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response, parse
from switch.sip.message.select import halves
from switch.sip.transaction import TransactionLayer
from switch.sip.transaction.machines import stepper

OUR = Address("192.0.2.10", 5060)
PEER = Address("198.51.100.7", 5062)
UDP = Flow(Transport.UDP, OUR, PEER)
TCP = Flow(Transport.TCP, OUR, PEER, 7)
T1 = SECOND // 2


def least_s(work: Callable[[], object]) -> float:
    """The least processor time of three runs: what the work takes, without what others took meanwhile."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


@contextmanager
def reading_with(half: str, module: str) -> Iterator[None]:
    """The named half (`c` or `python`) of messages and transactions, in a test module and in the layer."""
    if half == "c":
        # Compiled at every installation: where it is missing, that is a failure and no reason to look away.
        importlib.import_module("switch.sip.message._message")
        importlib.import_module("switch.sip.transaction._machines")
    with pytest.MonkeyPatch.context() as patch:
        for user in (module, "switch.sip.transaction.layer"):
            if hasattr(sys.modules[user], "parse"):
                patch.setattr(sys.modules[user], "parse", halves.parser(prefer_c=half == "c"))
            if hasattr(sys.modules[user], "step"):
                patch.setattr(sys.modules[user], "step", stepper(prefer_c=half == "c"))
        halves.use(prefer_c=half == "c")
        try:
            yield
        finally:
            halves.use(prefer_c=True)


def request_bytes(
    method: str = "INVITE",
    *,
    uri: str = "sip:100@192.0.2.10",
    branch: str = "z9hG4bK1",
    cseq: str = "",
    to_tag: str = "",
    extra: str = "",
    call_id: str = "call-1",
    from_tag: str = "from-1",
    sent_by: str = "198.51.100.7:5062",
    body: bytes = b"",
) -> bytes:
    """One request as a peer would write it; `extra` is whole header lines."""
    to = f"<sip:100@example.com>;tag={to_tag}" if to_tag else "<sip:100@example.com>"
    head = (
        f"{method} {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {sent_by};branch={branch};rport\r\n"
        f"Max-Forwards: 70\r\n"
        f'From: "Ann" <sip:ann@example.com>;tag={from_tag}\r\n'
        f"To: {to}\r\n"
        f"Call-ID: {call_id}\r\n"
        f"CSeq: {cseq or '1 ' + method}\r\n"
        f"Contact: <sip:ann@198.51.100.7:5062>\r\n"
        f"{extra}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def request(method: str = "INVITE", **fields: str) -> Request:
    """The same, parsed."""
    parsed = parse(request_bytes(method, **fields))  # type: ignore[arg-type]  # only text fields are used
    assert isinstance(parsed, Request)
    return parsed


def response_bytes(
    to: bytes, status: int, *, to_tag: str = "to-1", headers: tuple[tuple[str, str], ...] = ()
) -> bytes:
    """The peer's answer to the request in `to`."""
    parsed = parse(to)
    assert isinstance(parsed, Request)
    return parsed.make_response(status, to_tag=to_tag, headers=headers).to_bytes()


def response(data: bytes) -> Response:
    parsed = parse(data)
    assert isinstance(parsed, Response)
    return parsed


def layer(seed: int = 1, **options: object) -> TransactionLayer:
    return TransactionLayer(SeededTokens(seed), **options)  # type: ignore[arg-type]  # passed through
