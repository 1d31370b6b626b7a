"""What `net` tells the transaction layer when there is too much, or when bytes did not arrive."""

import pytest

from switch.sip.flow import Flow
from switch.sip.message import Request, Response, parse
from switch.sip.outputs import SendBytes, TransactionFailed
from tests.sip.samples import TCP, UDP, layer, request_bytes
from tests.sip.test_layer import WAY_BACK, outgoing, sent


def test_an_overloaded_switch_refuses_without_state_and_spreads_who_comes_back() -> None:
    """RFC 3261 section 21.5.4. What was taken before is not refused at its second copy."""
    transactions = layer()
    taken = request_bytes("INVITE")
    transactions.receive(taken, UDP, 0)
    transactions.poll()
    transactions.refuse(taken, UDP, 1)
    assert not [a for a in sent(transactions.poll()) if isinstance(a, Response) and a.status == 503]
    waits = set()
    for number in range(20):
        data = request_bytes("REGISTER", call_id=f"shift-{number}", branch=f"z9hG4bK{number}")
        transactions.refuse(data, UDP, 1)
        (answer,) = sent(transactions.poll())
        assert isinstance(answer, Response)
        assert answer.status == 503
        waits.add(answer.headers.get("Retry-After"))
    assert len(waits) >= 5
    assert transactions.open_transactions == 1
    transactions.refuse(b"nonsense", UDP, 1)
    assert transactions.drops == {"malformed": 1}


@pytest.mark.parametrize(
    ("flow", "branch", "hit"),
    [(UDP, "", True), (UDP, "z9hG4bKnobody", False), (WAY_BACK, "ours", True), (TCP, "ours", False)],
)
def test_an_error_that_quotes_a_branch_ends_that_transaction_alone(
    flow: Flow, branch: str, hit: bool
) -> None:
    """Who forges an ICMP error knows addresses, and not the branch: a hit needs both."""
    transactions = layer()
    key = transactions.open(outgoing(), UDP, 0)
    data = next(output.data for output in transactions.poll() if isinstance(output, SendBytes))
    transactions.open(outgoing("OPTIONS"), UDP, 0)
    transactions.poll()
    sent_by_us = parse(data)
    assert isinstance(sent_by_us, Request)
    wanted = sent_by_us.via.branch or "" if branch == "ours" else branch
    transactions.transport_failed(flow, 1, wanted)
    failed = [output for output in transactions.poll() if isinstance(output, TransactionFailed)]
    both = 2 if not branch else 1
    assert len(failed) == (both if hit else 0)
    assert not hit or failed[0].transaction == key
