"""Requests over 1,300 bytes go by a stream, or by UDP where the peer takes none (RFC 3261 section 18.1.1)."""

from switch.base.clock import SECOND
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, parse
from switch.sip.outputs import Failure, ResponseReceived, SendBytes, TransactionFailed
from switch.sip.transaction.layer import UDP_REQUEST_MAX, UNSTREAMED_MAX, UNSTREAMED_S, TransactionLayer
from tests.sip.samples import UDP, layer, request

STREAM = Flow(Transport.TCP, UDP.local, UDP.remote)


def small(method: str = "INVITE") -> Request:
    message = request(method)
    message.headers.remove("Via")
    return message


def large(method: str = "INVITE") -> Request:
    message = small(method)
    return Request(method, message.uri, message.headers, b"x" * UDP_REQUEST_MAX)


def streaming() -> TransactionLayer:
    transactions = layer()
    transactions.stream_for = lambda _, flow: Flow(Transport.TCP, flow.local, flow.remote)
    return transactions


def sent(transactions: TransactionLayer) -> list[tuple[Flow, Request]]:
    found = []
    for output in transactions.poll():
        assert isinstance(output, SendBytes)
        message = parse(output.data)
        assert isinstance(message, Request)
        found.append((output.flow, message))
    return found


def test_a_large_request_takes_the_stream_and_its_via_says_so() -> None:
    transactions = streaming()
    key = transactions.open(large(), UDP, 0)
    ((flow, message),) = sent(transactions)
    assert (flow, message.via.transport) == (STREAM, "TCP")
    connected = Flow(Transport.TCP, UDP.local, UDP.remote, 5)
    transactions.receive(message.make_response(486, to_tag="t").to_bytes(), connected, 1)
    outputs = transactions.poll()
    assert [o.flow for o in outputs if isinstance(o, SendBytes)] == [connected], "the ACK by the same stream"
    assert [o.transaction for o in outputs if isinstance(o, ResponseReceived)] == [key]


def test_a_small_request_and_one_without_a_stream_go_by_udp() -> None:
    transactions = streaming()
    transactions.open(small(), UDP, 0)
    ((flow, _),) = sent(transactions)
    assert flow == UDP
    transactions.stream_for = lambda *_: None
    transactions.open(large(), UDP, 0)
    ((flow, _),) = sent(transactions)
    assert flow == UDP


def test_the_size_that_counts_is_that_on_the_wire() -> None:
    transactions = streaming()
    bare = small()
    transactions.open(bare, UDP, 0)
    ((_, first),) = sent(transactions)
    room = UDP_REQUEST_MAX - len(first.to_bytes()) - 2
    for extra, way in ((room, UDP), (room + 3, STREAM)):
        transactions.open(Request("INVITE", bare.uri, bare.headers, b"x" * extra), UDP, 0)
        ((flow, _),) = sent(transactions)
        assert flow == way


def test_a_refused_stream_falls_back_to_udp_as_the_same_transaction() -> None:
    transactions = streaming()
    key = transactions.open(large(), UDP, 0)
    ((_, first),) = sent(transactions)
    transactions.transport_failed(STREAM, SECOND)
    ((flow, again),) = sent(transactions)
    assert (flow, again.via.transport, again.via.branch) == (UDP, "UDP", first.via.branch)
    assert (again.via.sent_by, len(again.vias)) == (str(UDP.local), 1)
    transactions.handle_timer(SECOND + SECOND // 2)
    assert [flow for flow, _ in sent(transactions)] == [UDP], "from here on it is repeated as UDP has to be"
    transactions.receive(again.make_response(200, to_tag="t").to_bytes(), UDP, 2 * SECOND)
    (output,) = transactions.poll()
    assert isinstance(output, ResponseReceived)
    assert output.transaction == key


def test_a_peer_that_refused_is_not_asked_for_a_while() -> None:
    transactions = streaming()
    transactions.open(large("MESSAGE"), UDP, 0)
    transactions.transport_failed(STREAM, 0)
    transactions.poll()
    transactions.open(large("MESSAGE"), UDP, SECOND)
    assert [flow for flow, _ in sent(transactions)] == [UDP]
    transactions.open(large("MESSAGE"), UDP, UNSTREAMED_S * SECOND)
    assert [flow for flow, _ in sent(transactions)] == [STREAM]


def test_udp_that_fails_too_is_a_failure_and_an_answered_stream_that_breaks_as_well() -> None:
    transactions = streaming()
    key = transactions.open(large(), UDP, 0)
    transactions.transport_failed(STREAM, 0)
    transactions.transport_failed(UDP, 0)
    assert transactions.poll()[-1] == TransactionFailed(key, "INVITE", Failure.TRANSPORT)
    transactions = streaming()
    key = transactions.open(large(), UDP, 0)
    ((_, message),) = sent(transactions)
    connected = Flow(Transport.TCP, UDP.local, UDP.remote, 5)
    transactions.receive(message.make_response(180, to_tag="t").to_bytes(), connected, 1)
    transactions.transport_failed(connected, 2)
    assert transactions.poll()[-1] == TransactionFailed(key, "INVITE", Failure.TRANSPORT)
    assert transactions.open_transactions == 0
    assert transactions._smaller == {}


def test_what_is_remembered_is_bounded() -> None:
    transactions = streaming()
    for number in range(UNSTREAMED_MAX + 50):
        flow = Flow(Transport.UDP, UDP.local, Address(f"10.0.{number // 250}.{number % 250}", 5060))
        transactions.open(large("MESSAGE"), flow, 0)
        transactions.transport_failed(Flow(Transport.TCP, flow.local, flow.remote), 0)
    assert len(transactions._unstreamed) == UNSTREAMED_MAX
