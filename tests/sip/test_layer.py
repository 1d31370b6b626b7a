"""The transaction layer as its user and the wire see it (RFC 3261 sections 8.2, 9, 13, 17, 18; RFC 6026)."""

from collections.abc import Iterator

import pytest

from switch.base.clock import SECOND
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response, Uri, parse
from switch.sip.outputs import (
    AckReceived,
    CancelReceived,
    Failure,
    MessageDropped,
    Output,
    RequestReceived,
    ResponseReceived,
    SendBytes,
    TransactionFailed,
)
from switch.sip.transaction import TransactionLayer
from tests.sip.samples import (
    OUR,
    PEER,
    T1,
    TCP,
    UDP,
    layer,
    reading_with,
    request,
    request_bytes,
    response_bytes,
)


@pytest.fixture(autouse=True, params=["c", "python"], scope="module")
def _half(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test is run by both halves of messages and transactions."""
    with reading_with(request.param, __name__):
        yield


WAY_BACK = Flow(Transport.UDP, OUR, PEER)


def sent(outputs: list[Output]) -> list[Request | Response]:
    return [parse(output.data) for output in outputs if isinstance(output, SendBytes)]


def told(outputs: list[Output]) -> list[Output]:
    return [output for output in outputs if not isinstance(output, SendBytes)]


def run_until(transactions: TransactionLayer, end: int) -> list[tuple[int, Output]]:
    """Fire timers in order up to `end`; what came out and when."""
    out: list[tuple[int, Output]] = []
    while (at := transactions.next_timer()) is not None and at <= end:
        transactions.handle_timer(at)
        out += [(at, output) for output in transactions.poll()]
    return out


def drained(transactions: TransactionLayer) -> None:
    run_until(transactions, 10_000 * SECOND)
    assert transactions.open_transactions == 0
    assert transactions.pending_timers == 0


def outgoing(method: str = "INVITE") -> Request:
    return Request(
        method,
        Uri.parse("sip:100@198.51.100.7:5062"),
        [
            ("Route", "<sip:edge.example;lr>"),
            ("From", "<sip:us@192.0.2.10>;tag=ours"),
            ("To", "<sip:100@198.51.100.7>"),
            ("Call-ID", "out-1"),
            ("CSeq", f"7 {method}"),
        ],
    )


def invited(transactions: TransactionLayer, data: bytes | None = None, flow: Flow = UDP, now: int = 0) -> str:
    transactions.receive(data or request_bytes(), flow, now)
    (output,) = transactions.poll()
    assert isinstance(output, RequestReceived)
    return output.transaction


class TestServer:
    def test_a_new_request_comes_up_once_with_its_source_noted(self) -> None:
        transactions = layer()
        transactions.receive(request_bytes("OPTIONS", sent_by="10.0.0.1"), UDP, 0)
        (output,) = transactions.poll()
        assert isinstance(output, RequestReceived)
        assert (output.request.via.received, output.request.via.rport) == (PEER.host, PEER.port)
        assert output.flow == UDP
        transactions.receive(request_bytes("OPTIONS", sent_by="10.0.0.1"), UDP, 1)
        assert transactions.poll() == []

    def test_a_repeated_request_repeats_the_answer(self) -> None:
        transactions = layer()
        key = invited(transactions, request_bytes("OPTIONS"))
        transactions.respond(key, request("OPTIONS").make_response(200), 1)
        (first,) = transactions.poll()
        transactions.receive(request_bytes("OPTIONS"), UDP, 2)
        assert transactions.poll() == [first]
        assert isinstance(first, SendBytes)
        assert first.flow == WAY_BACK
        drained(transactions)

    def test_trying_is_said_after_200_ms(self) -> None:
        transactions = layer()
        invited(transactions, request_bytes(extra="Timestamp: 54\r\n"))
        ((at, output),) = run_until(transactions, SECOND)
        assert at == SECOND // 5
        (trying,) = sent([output])
        assert isinstance(trying, Response)
        assert (trying.status, trying.to.tag) == (100, None)
        assert trying.headers.get("Timestamp") == "54"

    def test_no_trying_where_the_user_is_quick(self) -> None:
        transactions = layer()
        key = invited(transactions)
        transactions.respond(key, request().make_response(180, to_tag="t"), 1)
        transactions.poll()
        assert run_until(transactions, SECOND) == []

    def test_a_refused_invite_is_repeated_until_its_ack_which_is_absorbed(self) -> None:
        transactions = layer()
        key = invited(transactions)
        transactions.respond(key, request().make_response(486, to_tag="t"), 0)
        transactions.poll()
        times = [at / T1 for at, _ in run_until(transactions, 20 * T1)]
        assert times == [1, 3, 7, 15]
        transactions.receive(request_bytes("ACK", to_tag="t"), UDP, 20 * T1)
        assert transactions.poll() == []
        drained(transactions)

    def test_a_refusal_without_ack_fails(self) -> None:
        transactions = layer()
        key = invited(transactions)
        transactions.respond(key, request().make_response(486, to_tag="t"), 0)
        last = run_until(transactions, 100 * T1)[-1]
        assert last == (64 * T1, TransactionFailed(key, "INVITE", Failure.TIMEOUT))
        drained(transactions)

    def test_a_2xx_stays_with_the_user_and_its_ack_comes_up(self) -> None:
        transactions = layer()
        key = invited(transactions)
        answer = request().make_response(200, to_tag="t")
        transactions.respond(key, answer, 0)
        transactions.respond(key, answer, T1)
        assert len(sent(transactions.poll())) == 2
        transactions.receive(request_bytes(), UDP, T1)
        assert transactions.poll() == []
        transactions.receive(request_bytes("ACK", to_tag="t", branch="z9hG4bKother"), UDP, T1)
        transactions.receive(request_bytes("ACK", to_tag="t"), UDP, T1)
        assert [type(output) for output in transactions.poll()] == [AckReceived, AckReceived]
        assert transactions.open_transactions == 1
        drained(transactions)

    def test_a_missing_to_tag_is_filled_in_and_stays(self) -> None:
        transactions = layer()
        key = invited(transactions)
        transactions.respond(key, request().make_response(180), 0)
        transactions.respond(key, request().make_response(404), 0)
        tags = [message.to.tag for message in sent(transactions.poll())]
        assert tags[0]
        assert tags == [tags[0]] * 2

    def test_a_late_answer_is_harmless(self) -> None:
        transactions = layer()
        key = invited(transactions, request_bytes("OPTIONS"))
        transactions.respond(key, request("OPTIONS").make_response(200), 0)
        transactions.poll()
        transactions.respond(key, request("OPTIONS").make_response(500), 0)
        transactions.respond("s|nothing", request("OPTIONS").make_response(500), 0)
        assert transactions.poll() == []

    def test_answers_go_to_the_noted_port_or_back_on_the_connection(self) -> None:
        old = Flow(Transport.UDP, OUR, Address(PEER.host, 40000))
        transactions = layer()
        data = request_bytes("OPTIONS").replace(b";rport", b"")
        first = invited(transactions, data, old)
        second = invited(transactions, request_bytes("OPTIONS", branch="z9hG4bKt", call_id="c2"), TCP)
        transactions.respond(first, request("OPTIONS").make_response(200), 0)
        transactions.respond(second, request("OPTIONS", branch="z9hG4bKt").make_response(200), 0)
        flows = [output.flow for output in transactions.poll() if isinstance(output, SendBytes)]
        assert flows == [WAY_BACK, TCP]

    def test_the_same_branch_from_another_sent_by_is_another_transaction(self) -> None:
        transactions = layer()
        one = invited(transactions, request_bytes("OPTIONS", sent_by="a.example", call_id="1"))
        two = invited(transactions, request_bytes("OPTIONS", sent_by="b.example", call_id="2"))
        assert one != two

    @pytest.mark.parametrize("branch", ["old", "z9hG4bK", ""])
    def test_rfc_2543_peers_are_matched_by_their_headers(self, branch: str) -> None:
        transactions = layer()
        key = invited(transactions, request_bytes(branch=branch))
        transactions.receive(request_bytes(branch=branch), UDP, 0)
        assert transactions.poll() == []
        transactions.respond(key, request(branch=branch).make_response(486, to_tag="t"), 0)
        transactions.poll()
        transactions.receive(request_bytes("ACK", branch=branch, to_tag="t"), UDP, 0)
        assert transactions.poll() == []
        drained(transactions)


class TestAnswersOfItsOwn:
    def answer(self, data: bytes, extensions: tuple[str, ...] | None = None) -> Response:
        transactions = layer(extensions=extensions)
        transactions.receive(data, UDP, 0)
        (message,) = sent(transactions.poll())
        assert isinstance(message, Response)
        assert transactions.open_transactions == 0
        assert message.to.tag
        return message

    def test_malformed(self) -> None:
        message = self.answer(request_bytes(extra="Max-Forwards: 5\r\n"))
        assert (message.status, message.reason) == (400, "Bad Request - repeated Max-Forwards")
        assert message.headers.get("Server") == "softswitch"

    def test_unknown_method(self) -> None:
        message = self.answer(request_bytes("JUMP"))
        assert message.status == 501
        assert "INVITE" in message.allow

    def test_unknown_scheme(self) -> None:
        assert self.answer(request_bytes(uri="gopher:x")).status == 416

    def test_tel_is_a_known_scheme(self) -> None:
        invited(layer(), request_bytes(uri="tel:+33123"))

    def test_extension(self) -> None:
        message = self.answer(
            request_bytes(extra="Require: timer, strange, 100rel\r\n"), extensions=("timer",)
        )
        assert (message.status, message.headers.get("Unsupported")) == (420, "100rel, strange")

    def test_extensions_are_the_users_matter_unless_named(self) -> None:
        invited(layer(), request_bytes(extra="Require: strange\r\n"))

    def test_merged_request(self) -> None:
        transactions = layer()
        key = invited(transactions)
        transactions.receive(request_bytes(branch="z9hG4bKother-path"), UDP, 0)
        (message,) = sent(transactions.poll())
        assert isinstance(message, Response)
        assert message.status == 482
        # Once the first is over and gone, the same three values are no merge.
        transactions.respond(key, request().make_response(486), 0)
        drained(transactions)
        invited(transactions, request_bytes(branch="z9hG4bKother-path"))

    def test_the_ack_of_such_an_answer_is_absorbed(self) -> None:
        transactions = layer()
        transactions.receive(request_bytes(extra="Max-Forwards: 5\r\n"), UDP, 0)
        (message,) = sent(transactions.poll())
        transactions.receive(request_bytes("ACK", to_tag=message.to.tag or ""), UDP, 0)
        assert transactions.poll() == []

    def test_the_same_request_gets_the_same_tag(self) -> None:
        data = request_bytes("JUMP")
        assert self.answer(data).to.tag == self.answer(data).to.tag
        assert self.answer(data).to.tag != self.answer(request_bytes("JUMP", call_id="2")).to.tag

    def test_overload_refuses_new_calls_and_lets_calls_end(self) -> None:
        transactions = layer(max_transactions=4)
        for number in range(4):
            invited(transactions, request_bytes(branch=f"z9hG4bK{number}", call_id=str(number)))
        transactions.receive(request_bytes(branch="z9hG4bKmore", call_id="more"), UDP, 0)
        (message,) = sent(transactions.poll())
        assert isinstance(message, Response)
        assert (message.status, message.headers.get("Retry-After")) == (503, "5")
        transactions.receive(request_bytes("BYE", branch="z9hG4bKbye", to_tag="t"), UDP, 0)
        assert isinstance(transactions.poll()[0], RequestReceived)
        transactions.receive(request_bytes("BYE", branch="z9hG4bKbye2", to_tag="t"), UDP, 0)
        assert transactions.open_transactions == 5

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"hello", "malformed"),
            (request_bytes("ACK", cseq="x ACK"), "malformed"),
            (response_bytes(request_bytes(), 200), "stray-response"),
            (
                request("OPTIONS", extra="Via: SIP/2.0/UDP b;branch=z9hG4bKb\r\n")
                .make_response(200)
                .to_bytes(),
                "several-vias",
            ),
        ],
    )
    def test_what_gets_no_answer_is_counted(self, data: bytes, reason: str) -> None:
        transactions = layer()
        transactions.receive(data, UDP, 0)
        assert transactions.poll() == [MessageDropped(reason, UDP)]
        assert transactions.drops == {reason: 1}

    @pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0"])
    def test_keep_alives_are_ignored(self, data: bytes) -> None:
        transactions = layer()
        transactions.receive(data, UDP, 0)
        assert transactions.poll() == []

    def test_a_broken_via_is_answered_to_the_source(self) -> None:
        transactions = layer()
        transactions.receive(request_bytes("OPTIONS").replace(b";rport", b";;rport"), UDP, 0)
        (output,) = transactions.poll()
        assert isinstance(output, SendBytes)
        assert output.flow == UDP


class TestCancelFromThePeer:
    def test_is_answered_and_told_once(self) -> None:
        transactions = layer()
        key = invited(transactions)
        transactions.receive(request_bytes("CANCEL"), UDP, 0)
        transactions.receive(request_bytes("CANCEL"), UDP, 1)
        outputs = transactions.poll()
        answers = [message for message in sent(outputs) if isinstance(message, Response)]
        assert [(answer.status, answer.cseq.method) for answer in answers] == [(200, "CANCEL")] * 2
        (up,) = told(outputs)
        assert isinstance(up, CancelReceived)
        assert up.transaction == key
        transactions.respond(key, request().make_response(487), 2)
        (final,) = sent(transactions.poll())
        assert final.to.tag == answers[0].to.tag
        transactions.receive(request_bytes("ACK", to_tag=final.to.tag or ""), UDP, 3)
        drained(transactions)

    def test_is_told_once_on_a_stream_too_where_its_transaction_ends_at_once(self) -> None:
        transactions = layer()
        key = invited(transactions, flow=TCP)
        for now in (0, 1):
            transactions.receive(request_bytes("CANCEL"), TCP, now)
        assert [type(up) for up in told(transactions.poll())] == [CancelReceived]
        transactions.respond(key, request().make_response(487), 2)
        drained(transactions)

    def test_comes_too_late_after_the_final_answer(self) -> None:
        transactions = layer()
        key = invited(transactions)
        transactions.respond(key, request().make_response(200, to_tag="t"), 0)
        transactions.poll()
        transactions.receive(request_bytes("CANCEL"), UDP, 0)
        outputs = transactions.poll()
        (answer,) = sent(outputs)
        assert isinstance(answer, Response)
        assert (answer.status, answer.to.tag) == (200, "t")
        assert told(outputs) == []

    def test_without_an_invite_is_481(self) -> None:
        transactions = layer()
        transactions.receive(request_bytes("CANCEL"), UDP, 0)
        outputs = transactions.poll()
        (answer,) = sent(outputs)
        assert isinstance(answer, Response)
        assert answer.status == 481
        assert told(outputs) == []
        drained(transactions)


class TestClient:
    def opened(self, method: str = "INVITE", flow: Flow = UDP) -> tuple[TransactionLayer, str, bytes]:
        transactions = layer()
        key = transactions.open(outgoing(method), flow, 0)
        (output,) = transactions.poll()
        assert isinstance(output, SendBytes)
        assert output.flow == flow
        return transactions, key, output.data

    def test_the_layer_adds_what_a_hop_adds(self) -> None:
        mine = outgoing()
        before = mine.to_bytes()
        transactions = layer()
        transactions.open(mine, UDP, 0)
        assert mine.to_bytes() == before
        (message,) = sent(transactions.poll())
        assert (message.via.transport, message.via.host, message.via.port) == ("UDP", OUR.host, OUR.port)
        assert message.via.wants_rport
        assert (message.via.branch or "").startswith("z9hG4bK")
        assert message.max_forwards == 70
        assert message.headers.get("User-Agent") == "softswitch"

    def test_an_invite_is_repeated_with_doubling_until_timer_b(self) -> None:
        transactions, key, data = self.opened()
        out = run_until(transactions, 100 * T1)
        assert [at / T1 for at, output in out if output == SendBytes(UDP, data)] == [1, 3, 7, 15, 31, 63]
        assert out[-1] == (64 * T1, TransactionFailed(key, "INVITE", Failure.TIMEOUT))
        drained(transactions)

    def test_another_request_is_repeated_up_to_t2_until_timer_f(self) -> None:
        transactions, key, _ = self.opened("OPTIONS")
        out = run_until(transactions, 100 * T1)
        assert [at / T1 for at, output in out][:-1] == [1, 3, 7, 15, 23, 31, 39, 47, 55, 63]
        assert out[-1] == (64 * T1, TransactionFailed(key, "OPTIONS", Failure.TIMEOUT))

    def test_on_a_stream_it_waits_and_then_fails(self) -> None:
        transactions, key, _ = self.opened(flow=TCP)
        assert run_until(transactions, 100 * T1) == [
            (64 * T1, TransactionFailed(key, "INVITE", Failure.TIMEOUT))
        ]

    def test_responses_come_up(self) -> None:
        transactions, key, data = self.opened()
        for status in (100, 180, 183, 200, 200):
            transactions.receive(response_bytes(data, status), UDP, 0)
        outputs = transactions.poll()
        assert [output.response.status for output in outputs if isinstance(output, ResponseReceived)] == [
            100,
            180,
            183,
            200,
            200,
        ]
        assert {output.transaction for output in outputs if isinstance(output, ResponseReceived)} == {key}
        drained(transactions)

    def test_a_failed_invite_is_acknowledged_each_time_and_told_once(self) -> None:
        transactions, _, data = self.opened()
        transactions.receive(response_bytes(data, 486), UDP, 0)
        transactions.receive(response_bytes(data, 486), UDP, 1)
        outputs = transactions.poll()
        first, second = sent(outputs)
        assert isinstance(first, Request)
        assert first.method == "ACK"
        assert first.to_bytes() == second.to_bytes()
        invite = parse(data)
        assert isinstance(invite, Request)
        assert first.vias == invite.vias
        assert first.uri == invite.uri
        assert first.to.tag == "to-1"
        assert (first.cseq.number, first.cseq.method) == (7, "ACK")
        assert first.routes == invite.routes
        assert [type(output) for output in told(outputs)] == [ResponseReceived]
        drained(transactions)

    def test_the_user_sends_the_ack_of_a_2xx(self) -> None:
        transactions, _, data = self.opened()
        ack = outgoing("ACK")
        transactions.send_ack(ack, UDP, 0)
        transactions.send_ack(ack, UDP, 0)
        one, two = sent(transactions.poll())
        assert one.via.branch != two.via.branch
        assert one.via.branch != parse(data).via.branch

    def test_a_repeated_2xx_comes_up_each_time_so_that_it_can_be_acknowledged(self) -> None:
        """RFC 6026 section 7.2: the ACK may have been lost, or another phone behind a proxy answered."""
        transactions, key, data = self.opened()
        for tag in ("to-1", "to-1", "to-2"):
            transactions.receive(response_bytes(data, 200, to_tag=tag), UDP, 1)
        ups = told(transactions.poll())
        assert [up.response.to.tag for up in ups if isinstance(up, ResponseReceived)] == [
            "to-1",
            "to-1",
            "to-2",
        ]
        assert {up.transaction for up in ups if isinstance(up, ResponseReceived)} == {key}

    def test_the_connection_that_answers_is_used_for_the_ack(self) -> None:
        unopened = Flow(Transport.TCP, OUR, PEER, 0)
        transactions, _, data = self.opened(flow=unopened)
        transactions.receive(response_bytes(data, 486), TCP, 0)
        (ack,) = [output for output in transactions.poll() if isinstance(output, SendBytes)]
        assert ack.flow == TCP

    @pytest.mark.parametrize(
        ("flow", "failed", "hit"),
        [
            (UDP, UDP, True),
            (UDP, Flow(Transport.UDP, OUR, Address("203.0.113.1", 5060)), False),
            (TCP, TCP, True),
            (TCP, Flow(Transport.TCP, OUR, PEER, 8), False),
            (Flow(Transport.TCP, OUR, PEER, 0), Flow(Transport.TCP, OUR, PEER, 3), True),
            (UDP, TCP, False),
        ],
    )
    def test_a_failed_transport_ends_what_waits_for_it(self, flow: Flow, failed: Flow, hit: bool) -> None:
        transactions, key, _ = self.opened(flow=flow)
        transactions.transport_failed(failed, 1)
        expected: list[Output] = [TransactionFailed(key, "INVITE", Failure.TRANSPORT)] if hit else []
        assert transactions.poll() == expected
        assert transactions.open_transactions == (0 if hit else 1)

    def test_a_failed_transport_after_the_answer_is_no_failure(self) -> None:
        transactions, _, data = self.opened()
        transactions.receive(response_bytes(data, 200), UDP, 0)
        transactions.poll()
        transactions.transport_failed(UDP, 1)
        assert transactions.poll() == []

    def test_an_ack_that_cannot_go_ends_the_transaction_in_silence(self) -> None:
        transactions, _, data = self.opened()
        transactions.receive(response_bytes(data, 486), UDP, 0)
        transactions.poll()
        transactions.transport_failed(UDP, 1)
        assert transactions.poll() == []
        assert transactions.open_transactions == 0
        assert transactions.pending_timers == 0

    @pytest.mark.parametrize(("method", "status"), [("INVITE", 200), ("OPTIONS", 404)])
    def test_what_a_failure_cannot_end_is_not_searched(self, method: str, status: int) -> None:
        transactions, _, data = self.opened(method)
        assert len(transactions._awaiting) == 1
        transactions.receive(response_bytes(data, status), UDP, 0)
        assert len(transactions._awaiting) == 0


class TestCancelOfOurs:
    def opened(self) -> tuple[TransactionLayer, str, bytes]:
        return TestClient().opened()

    def test_waits_for_a_provisional_response(self) -> None:
        transactions, key, data = self.opened()
        transactions.cancel(key, 0, (("Reason", "SIP;cause=200"),))
        assert transactions.poll() == []
        transactions.receive(response_bytes(data, 100, to_tag=""), UDP, 1)
        (cancel,) = sent(transactions.poll())
        invite = parse(data)
        assert isinstance(cancel, Request)
        assert isinstance(invite, Request)
        assert cancel.method == "CANCEL"
        assert (cancel.vias, cancel.uri, cancel.to, cancel.from_, cancel.routes) == (
            invite.vias,
            invite.uri,
            invite.to,
            invite.from_,
            invite.routes,
        )
        assert (cancel.cseq.number, cancel.cseq.method) == (7, "CANCEL")
        assert cancel.headers.get("Reason") == "SIP;cause=200"

    def test_goes_without_a_reason_too(self) -> None:
        transactions, key, data = self.opened()
        transactions.cancel(key, 0)
        transactions.receive(response_bytes(data, 180), UDP, 1)
        (cancel,) = sent(transactions.poll())
        assert cancel.cseq.method == "CANCEL"

    def test_its_own_answer_is_absorbed_and_487_comes_up(self) -> None:
        transactions, key, data = self.opened()
        transactions.receive(response_bytes(data, 180), UDP, 1)
        transactions.cancel(key, 2)
        transactions.cancel(key, 3)
        cancel = [output for output in transactions.poll() if isinstance(output, SendBytes)]
        assert len(cancel) == 1
        transactions.receive(response_bytes(cancel[0].data, 200), UDP, 4)
        assert transactions.poll() == []
        transactions.receive(response_bytes(data, 487), UDP, 5)
        (up,) = told(transactions.poll())
        assert isinstance(up, ResponseReceived)
        assert up.response.status == 487
        drained(transactions)

    def test_no_final_answer_64_t1_after_it_fails_the_invite(self) -> None:
        transactions, key, data = self.opened()
        transactions.receive(response_bytes(data, 180), UDP, 0)
        transactions.cancel(key, 10)
        transactions.poll()
        out = run_until(transactions, 100 * T1)
        assert [item for item in out if not isinstance(item[1], SendBytes)] == [
            (10 + 64 * T1, TransactionFailed(key, "INVITE", Failure.TIMEOUT))
        ]
        drained(transactions)

    def test_a_final_answer_makes_it_moot(self) -> None:
        transactions, key, data = self.opened()
        transactions.cancel(key, 0)
        transactions.receive(response_bytes(data, 200), UDP, 1)
        assert sent(transactions.poll()) == []
        transactions.cancel(key, 2)
        transactions.cancel("c|nothing|INVITE", 2)
        assert transactions.poll() == []
        drained(transactions)


def test_messages_are_counted_by_closed_names() -> None:
    transactions = layer()
    key = invited(transactions, request_bytes("OPTIONS"))
    transactions.respond(key, request("OPTIONS").make_response(200), 0)
    transactions.receive(request_bytes("JUMP", call_id="2", branch="z9hG4bKj"), UDP, 0)
    transactions.receive(request_bytes("LEAP", call_id="3", branch="z9hG4bKl"), UDP, 0)
    transactions.open(outgoing(), UDP, 0)
    assert transactions.messages == {
        ("in", "OPTIONS", 0): 1,
        ("out", "OPTIONS", 200): 1,
        ("in", "OTHER", 0): 2,
        ("out", "OTHER", 501): 2,
        ("out", "INVITE", 0): 1,
    }
