"""Two transaction layers wired to each other through a pipe that loses, repeats and reorders, from a seed.

Whatever is lost, both ends must agree with the RFC on what each user is told (one final answer or one failure
for each request), and afterwards no transaction and no timer is left.
"""

from collections import Counter
from heapq import heappop, heappush

import pytest

from switch.base.clock import MILLISECOND, SECOND
from switch.base.rng import SplitMix64
from switch.base.tokens import SeededTokens
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response, Uri
from switch.sip.outputs import (
    AckReceived,
    CancelReceived,
    Output,
    RequestReceived,
    ResponseReceived,
    SendBytes,
    TransactionFailed,
)
from switch.sip.transaction import TransactionLayer

RING_TIME = 60 * SECOND
CALLER, CALLEE = Address("192.0.2.1", 5060), Address("192.0.2.2", 5060)


class Wire:
    """Carries bytes between two ends after a random delay, some of them never and some twice."""

    def __init__(self, rng: SplitMix64, loss_percent: int, transport: Transport) -> None:
        self.rng = rng
        self.loss_percent = loss_percent
        self.transport = transport
        self.due: list[tuple[int, int, Address, bytes]] = []
        self.order = 0
        self.clear_at = 0

    def send(self, to: Address, data: bytes, now: int) -> None:
        copies = 1
        if self.transport is Transport.UDP:
            if self.rng.chance(self.loss_percent, 100):
                return
            copies += self.rng.chance(10, 100)
        for _ in range(copies):
            self.order += 1
            at = now + self.rng.below(200 * MILLISECOND)
            if self.transport.reliable:
                # A stream keeps its order.
                at = self.clear_at = max(at, self.clear_at)
            heappush(self.due, (at, self.order, to, data))


class End:
    """One layer and its user: a caller that cancels some of its calls, a callee that answers at random."""

    def __init__(self, address: Address, wire: Wire, seed: int) -> None:
        self.address = address
        self.wire = wire
        self.rng = wire.rng
        self.layer = TransactionLayer(SeededTokens(seed))
        self.flow = Flow(wire.transport, address, CALLEE if address == CALLER else CALLER, 1)
        self.opened: dict[str, str] = {}
        self.endings: dict[str, list[str]] = {}
        self.pending: list[tuple[int, int, str, Response]] = []
        self.requests: Counter[str] = Counter()
        self.unanswered: dict[str, tuple[Request, Response]] = {}
        self.order = 0

    def call(self, number: int, method: str, now: int) -> None:
        headers = [
            ("From", f"<sip:a@h>;tag=f{number}"),
            ("To", "<sip:b@h>"),
            ("Call-ID", f"call-{number}"),
            ("CSeq", f"1 {method}"),
            ("Contact", "<sip:a@192.0.2.1>"),
        ]
        request = Request(method, Uri.parse("sip:b@192.0.2.2"), headers)
        key = self.layer.open(request, self.flow, now)
        self.opened[key] = method
        self.endings[key] = []
        if method == "INVITE":
            # RFC 3261 leaves the end of ringing to the user: a callee whose every refusal is lost rings for
            # ever.
            hasty = self.rng.chance(1, 3)
            self.cancel_later(key, now if hasty else now + RING_TIME)

    def cancel_later(self, key: str, now: int) -> None:
        self.order += 1
        heappush(
            self.pending, (now + self.rng.below(3 * SECOND), self.order, "cancel " + key, Response(100, ""))
        )

    def next(self) -> int | None:
        times = [self.layer.next_timer(), self.pending[0][0] if self.pending else None]
        return min((at for at in times if at is not None), default=None)

    def work(self, now: int) -> None:
        self.layer.handle_timer(now)
        while self.pending and self.pending[0][0] <= now:
            _, _, key, response = heappop(self.pending)
            if key.startswith("cancel "):
                self.layer.cancel(key.removeprefix("cancel "), now)
            else:
                self.layer.respond(key, response, now)
        for output in self.layer.poll():
            self.take(output, now)

    def take(self, output: Output, now: int) -> None:
        if isinstance(output, SendBytes):
            self.wire.send(output.flow.remote, output.data, now)
        elif isinstance(output, RequestReceived):
            self.answer(output, now)
        elif isinstance(output, CancelReceived):
            invite = self.unanswered[output.transaction][0]
            self.plan(output.transaction, invite.make_response(487, to_tag="t"), now)
        elif isinstance(output, ResponseReceived):
            response = output.response
            if response.status >= 200:
                self.endings[output.transaction].append(str(response.status))
            if 200 <= response.status < 300 and response.cseq.method == "INVITE":
                self.acknowledge(response, now)
        elif isinstance(output, TransactionFailed):
            self.endings.setdefault(output.transaction, []).append(output.failure.value)
        else:
            assert not isinstance(output, AckReceived) or output.request.to.tag == "t"

    def acknowledge(self, response: Response, now: int) -> None:
        headers = [(name, response.headers.get(name) or "") for name in ("From", "To", "Call-ID")]
        ack = Request("ACK", Uri.parse("sip:b@192.0.2.2"), [*headers, ("CSeq", "1 ACK")])
        self.layer.send_ack(ack, self.flow, now)

    def answer(self, received: RequestReceived, now: int) -> None:
        """Perhaps a provisional response, then a final one; the 2xx of an INVITE is repeated by the user."""
        request = received.request
        self.requests[f"{request.call_id} {request.method}"] += 1
        status = (200, 200, 404, 603)[self.rng.below(4)]
        final = request.make_response(status, to_tag="t")
        self.unanswered[received.transaction] = (request, final)
        if request.method == "INVITE" and self.rng.chance(1, 2):
            self.layer.respond(received.transaction, request.make_response(180, to_tag="t"), now)
        at = now + self.rng.below(4 * SECOND)
        for repeat in range(4 if status == 200 and request.method == "INVITE" else 1):
            self.plan(received.transaction, final, at + repeat * SECOND)

    def plan(self, key: str, response: Response, at: int) -> None:
        self.order += 1
        heappush(self.pending, (at, self.order, key, response))


def run(seed: int, loss_percent: int, transport: Transport, calls: int = 12) -> tuple[End, End]:
    rng = SplitMix64(seed)
    wire = Wire(rng, loss_percent, transport)
    caller, callee = End(CALLER, wire, seed + 1), End(CALLEE, wire, seed + 2)
    ends = {CALLER: caller, CALLEE: callee}
    for number in range(calls):
        caller.call(number, ("INVITE", "INVITE", "BYE", "OPTIONS")[number % 4], 0)
    caller.work(0)
    for _ in range(100_000):
        times = [end.next() for end in ends.values()] + [wire.due[0][0] if wire.due else None]
        now = min((at for at in times if at is not None), default=None)
        if now is None:
            return caller, callee
        while wire.due and wire.due[0][0] <= now:
            _, _, to, data = heappop(wire.due)
            ends[to].layer.receive(data, ends[to].flow, now)
        for end in ends.values():
            end.work(now)
    raise AssertionError("the two never came to rest")


CASES = [(seed, loss, Transport.UDP) for loss in (0, 10, 40, 75) for seed in range(10)]
CASES += [(seed, 100, Transport.UDP) for seed in range(2)] + [(seed, 0, Transport.TCP) for seed in range(5)]


@pytest.mark.parametrize(("seed", "loss", "transport"), CASES)
def test_everything_ends_once_and_nothing_is_left(seed: int, loss: int, transport: Transport) -> None:
    caller, callee = run(seed, loss, transport)
    for end in (caller, callee):
        assert end.layer.open_transactions == 0
        assert end.layer.pending_timers == 0
    for key, method in caller.opened.items():
        endings = caller.endings[key]
        assert endings, f"{method} {key} was never ended"
        if set(endings) != {"200"} or method != "INVITE":
            # Only the 2xx of an INVITE comes up again when it is repeated.
            assert len(endings) == 1, (method, endings)
        if loss == 0:
            assert endings[0] not in ("timeout", "transport")
        if loss == 100:
            assert endings == ["timeout"]


def test_the_callee_sees_each_request_once_while_its_transaction_lives() -> None:
    _, callee = run(3, 0, Transport.UDP)
    assert set(callee.requests.values()) == {1}


def test_the_same_seed_gives_the_same_story() -> None:
    stories = [run(5, 30, Transport.UDP)[0].endings for _ in range(2)]
    assert stories[0] == stories[1]
