"""One step of one transaction: look the row up in the tables, do its actions.

A step touches its transaction and the `Sink` it is given, nothing else: no clock, no wire. The transactions
of all four kinds are one class, because what differs between them is the table. Enumerations here are strings
with cached hashes and the rows hold functions, since a call costs a dozen steps.

`step` has a C half (module.c), which does by code the actions that every call needs and calls the functions
here for the others. `python_step` specifies it.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from switch.base.clock import MILLISECOND, SECOND
from switch.base.timers import TimerHeap
from switch.base.values import quick
from switch.sip.flow import Flow
from switch.sip.message import Request, Response
from switch.sip.outputs import (
    AckReceived,
    Failure,
    Output,
    RequestReceived,
    ResponseReceived,
    SendBytes,
    TransactionFailed,
)
from switch.sip.transaction.tables import (
    INVITE_CLIENT,
    INVITE_SERVER,
    NON_INVITE_CLIENT,
    NON_INVITE_SERVER,
    TIMERS,
    Action,
    Input,
    State,
    Table,
)
from switch.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class Timing:
    """RFC 3261 section 17.1.1.1 and table 4, in microseconds."""

    t1_us: int = 500 * MILLISECOND
    """Estimate of the round trip."""
    t2_us: int = 4 * SECOND
    """Longest interval between retransmissions of a non-INVITE request or an INVITE response."""
    t4_us: int = 5 * SECOND
    """Longest time that a message stays in the network."""
    d_us: int = 32 * SECOND
    """Timer D on UDP: how long repeated failure responses to an INVITE are still acknowledged."""
    trying_us: int = 200 * MILLISECOND
    """RFC 3261 section 17.2.1: when the layer itself says 100."""

    @property
    def timeout_us(self) -> int:
        """64*T1: Timers B, F, H, J, L, M."""
        return 64 * self.t1_us


COARSE_US = 100 * MILLISECOND
"""To whole multiples of this the ends of long timers are put off, so that those of many transactions come
together. A call leaves four that linger for 5 or 32 s, and each that ends alone costs a turn of the loop: as
many turns as half its messages. No timer of the RFC becomes shorter."""

COARSE_FROM_US = SECOND
"""What a timer must last for that: a tenth longer at most. Those that repeat a message, and the 200 ms of the
100, are as they are."""

TimerKey = tuple[str, Input]


def end_of(now: int, duration_us: int) -> int:
    """When a timer of fixed length fires that is started now."""
    end = now + duration_us
    return end if duration_us < COARSE_FROM_US else -(-end // COARSE_US) * COARSE_US


class Sink:
    """Where steps leave what they did: ordered outputs, timers, counts of messages sent."""

    __slots__ = ("durations", "messages", "outputs", "timers", "timing")

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.outputs: list[Output] = []
        self.timers: TimerHeap[TimerKey] = TimerHeap()
        self.messages: dict[tuple[str, str, int], int] = {}
        self.durations: dict[object, int] = {}
        """What the C half has asked of `timing`."""

    def send(self, flow: Flow, data: bytes, method: str, status: int) -> None:
        """Emit bytes and count them; `status` is 0 for a request."""
        self.outputs.append(SendBytes(flow, data))
        self.count("out", method, status)

    def count(self, direction: str, method: str, status: int) -> None:
        """Count one message; `method` must come from a closed set, or the table would grow without bound."""
        key = (direction, method, status)
        self.messages[key] = self.messages.get(key, 0) + 1


@quick
@dataclass(slots=True, eq=False)
class Transaction:
    """One transaction of any kind. `flow` is the way its messages go out."""

    key: str
    rows: "Rows"
    request: Request
    flow: Flow
    method: str
    """As counted: a name from a closed set."""
    state: State = State.NEW
    data: bytes = b""
    """What a retransmission sends: the request of a client, the last response of a server; empty before."""
    status: int = 0
    """Status of the kept response, 0 for a client's request."""
    ack: bytes = b""
    interval_us: int = 0
    timers: list[Input] = field(default_factory=list)
    silent: bool = False
    """The layer itself is the user: CANCEL and its answers."""
    cancelled: bool = False
    cancel_headers: tuple[tuple[str, str], ...] | None = None
    """Set while a CANCEL is wanted and has to wait for a provisional response (RFC 3261 section 9.1)."""
    merge_key: tuple[str, ...] | None = None
    to_tag: str = ""


Act = Callable[[Transaction, Request | Response | None, Flow, int, Sink], None]
Rows = dict[tuple[State, Input], tuple[State, tuple[Act, ...]]]
Step = Callable[[Transaction, Input, Request | Response | None, Flow, int, Sink], bool]


def python_step(
    transaction: Transaction,
    event: Input,
    message: Request | Response | None,
    flow: Flow,
    now: int,
    out: Sink,
) -> bool:
    """Apply one input; False if the table has no row for it, and nothing was done.

    `message` is what came with the input, `flow` the way it came (the transaction's own where nothing came).
    """
    row = transaction.rows.get((transaction.state, event))
    if row is None:
        return False
    transaction.state = row[0]
    for act in row[1]:
        act(transaction, message, flow, now, out)
    return True


def _send_request(t: Transaction, _message: object, _flow: Flow, _now: int, out: Sink) -> None:
    out.send(t.flow, t.data, t.method, 0)


def _send_ack(t: Transaction, message: object, _flow: Flow, _now: int, out: Sink) -> None:
    if not t.ack:
        assert isinstance(message, Response), "an ACK answers a response"
        t.ack = make_ack(t.request, message).to_bytes()
    out.send(t.flow, t.ack, "ACK", 0)


def _send_response(t: Transaction, message: object, _flow: Flow, _now: int, out: Sink) -> None:
    assert isinstance(message, Response), "a server transaction sends responses"
    t.data = message.to_bytes()
    t.status = message.status
    out.send(t.flow, t.data, t.method, t.status)


def _send_trying(t: Transaction, _message: object, flow: Flow, now: int, out: Sink) -> None:
    timestamp = t.request.headers.get("Timestamp")
    headers = () if timestamp is None else (("Timestamp", timestamp),)
    _send_response(t, t.request.make_response(100, headers=headers), flow, now, out)


def _repeat_response(t: Transaction, _message: object, _flow: Flow, _now: int, out: Sink) -> None:
    if t.data:
        out.send(t.flow, t.data, t.method, t.status)


def _pass_request(t: Transaction, message: object, flow: Flow, _now: int, out: Sink) -> None:
    assert isinstance(message, Request), "a server transaction begins with a request"
    if not t.silent:
        out.outputs.append(RequestReceived(t.key, message, flow))


def _pass_response(t: Transaction, message: object, flow: Flow, _now: int, out: Sink) -> None:
    assert isinstance(message, Response), "a client transaction receives responses"
    if not t.silent:
        out.outputs.append(ResponseReceived(t.key, message, flow, t.request))


def _pass_ack(_t: Transaction, message: object, flow: Flow, _now: int, out: Sink) -> None:
    assert isinstance(message, Request), "an ACK is a request"
    out.outputs.append(AckReceived(message, flow))


def _fail_timeout(t: Transaction, _message: object, _flow: Flow, _now: int, out: Sink) -> None:
    if not t.silent:
        out.outputs.append(TransactionFailed(t.key, t.request.method, Failure.TIMEOUT))


def _fail_transport(t: Transaction, _message: object, _flow: Flow, _now: int, out: Sink) -> None:
    if not t.silent:
        out.outputs.append(TransactionFailed(t.key, t.request.method, Failure.TRANSPORT))


def _stop_timers(t: Transaction, _message: object, _flow: Flow, _now: int, out: Sink) -> None:
    stop_timers(t, out)


def stop_timers(t: Transaction, out: Sink) -> None:
    """Forget whatever this transaction is waiting for."""
    for timer in t.timers:
        out.timers.cancel((t.key, timer))
    t.timers.clear()


_FINAL = frozenset({Input.RESPOND_2XX, Input.RESPOND_ERROR, Input.RESPONSE_2XX, Input.RESPONSE_ERROR})
"""With which a transaction has said all it will, but for an answer to whoever did not hear it."""

_RESPONDED = frozenset({Input.RESPOND_2XX, Input.RESPOND_ERROR})

_SETTLED: dict[str, Request] = {}
"""By method what stands for the request of a transaction that lingers: no more is asked of it."""

METHODS_MAX = 32
"""Of those; only methods that are known come so far, which are half as many."""


def settle(t: Transaction, event: Input) -> None:
    """Keep for the 32 s that a transaction may linger only what it may have to say again: a server its
    answer, and not that of an accepted INVITE, which its user repeats (RFC 6026)."""
    if event not in _FINAL:
        return
    method = t.request.method
    stand_in = _SETTLED.get(method)
    if stand_in is None:
        if len(_SETTLED) >= METHODS_MAX:
            return
        stand_in = _SETTLED[method] = Request(method, Uri(host="settled.invalid"))
    t.request = stand_in
    if t.state is State.ACCEPTED or event not in _RESPONDED:
        t.data = b""


def set_timer(t: Transaction, timer: Input, at: int, out: Sink) -> None:
    """(Re)start one timer of this transaction."""
    out.timers.set((t.key, timer), at)
    if timer not in t.timers:
        t.timers.append(timer)


def _waits(timer: Input, duration_us: Callable[[Timing], int], *, instant_on_streams: bool) -> Act:
    """An action that starts a timer of fixed length; on a stream some take no time and end the
    transaction."""

    def act(t: Transaction, _message: object, _flow: Flow, now: int, out: Sink) -> None:
        if instant_on_streams and t.flow.transport.reliable:
            t.state = State.TERMINATED
        else:
            set_timer(t, timer, end_of(now, duration_us(out.timing)), out)

    return act


def _repeats(timer: Input, next_us: Callable[[int, Timing], int]) -> Act:
    """An action that starts a retransmission timer, which streams do not have."""

    def act(t: Transaction, _message: object, _flow: Flow, now: int, out: Sink) -> None:
        if not t.flow.transport.reliable:
            t.interval_us = next_us(t.interval_us, out.timing)
            set_timer(t, timer, now + t.interval_us, out)

    return act


def _t1(_interval_us: int, timing: Timing) -> int:
    return timing.t1_us


def _t2(_interval_us: int, timing: Timing) -> int:
    return timing.t2_us


def _doubled(interval_us: int, _timing: Timing) -> int:
    return 2 * interval_us


def _doubled_to_t2(interval_us: int, timing: Timing) -> int:
    return min(2 * interval_us, timing.t2_us)


def _timeout(timing: Timing) -> int:
    return timing.timeout_us


def _t4(timing: Timing) -> int:
    return timing.t4_us


def _d(timing: Timing) -> int:
    return timing.d_us


def _trying(timing: Timing) -> int:
    return timing.trying_us


_ACTS: dict[Action, Act] = {
    Action.SEND_REQUEST: _send_request,
    Action.SEND_ACK: _send_ack,
    Action.SEND_RESPONSE: _send_response,
    Action.SEND_TRYING: _send_trying,
    Action.REPEAT_RESPONSE: _repeat_response,
    Action.PASS_REQUEST: _pass_request,
    Action.PASS_RESPONSE: _pass_response,
    Action.PASS_ACK: _pass_ack,
    Action.FAIL_TIMEOUT: _fail_timeout,
    Action.FAIL_TRANSPORT: _fail_transport,
    Action.STOP_TIMERS: _stop_timers,
}
for _action, _next in (
    (Action.SET_A, _t1),
    (Action.NEXT_A, _doubled),
    (Action.SET_E, _t1),
    (Action.NEXT_E, _doubled_to_t2),
    (Action.SLOW_E, _t2),
    (Action.SET_G, _t1),
    (Action.NEXT_G, _doubled_to_t2),
):
    _ACTS[_action] = _repeats(TIMERS[_action], _next)
_INSTANT_ON_STREAMS = frozenset({Action.SET_D, Action.SET_I, Action.SET_J, Action.SET_K})
_LENGTHS: dict[Action, Callable[[Timing], int]] = {
    Action.SET_B: _timeout,
    Action.SET_D: _d,
    Action.SET_F: _timeout,
    Action.SET_H: _timeout,
    Action.SET_I: _t4,
    Action.SET_J: _timeout,
    Action.SET_K: _t4,
    Action.SET_L: _timeout,
    Action.SET_M: _timeout,
    Action.SET_TRYING: _trying,
}
for _action, _duration in _LENGTHS.items():
    _instant = _action in _INSTANT_ON_STREAMS
    _ACTS[_action] = _waits(TIMERS[_action], _duration, instant_on_streams=_instant)

_Coded = tuple[int, Act, Input | None, Callable[[Timing], int] | None]
"""An action as the C half knows it: code, function, and of a timer its name and length."""

_CODES: dict[Action, int] = {
    Action.SEND_REQUEST: 1,
    Action.SEND_RESPONSE: 2,
    Action.REPEAT_RESPONSE: 3,
    Action.PASS_REQUEST: 4,
    Action.PASS_RESPONSE: 5,
    Action.PASS_ACK: 6,
    Action.STOP_TIMERS: 7,
}
"""As module.c numbers them; 0 is an action that is always done here."""

_START_TIMER, _START_REPEATING = 8, 9
_FIRST_INTERVALS = frozenset({Action.SET_A, Action.SET_E, Action.SET_G})


def _coded(action: Action) -> _Coded:
    act = _ACTS[action]
    if action in _FIRST_INTERVALS:
        return (_START_REPEATING, act, TIMERS[action], _first_interval)
    if action in _LENGTHS:
        return (_START_TIMER, act, TIMERS[action], _LENGTHS[action])
    return (_CODES.get(action, 0), act, None, None)


def _first_interval(timing: Timing) -> int:
    return timing.t1_us


def _compiled(table: Table) -> Rows:
    return {
        pair: (state, tuple(_ACTS[action] for action in actions)) for pair, (state, actions) in table.items()
    }


INVITE_CLIENT_ROWS = _compiled(INVITE_CLIENT)
NON_INVITE_CLIENT_ROWS = _compiled(NON_INVITE_CLIENT)
INVITE_SERVER_ROWS = _compiled(INVITE_SERVER)
NON_INVITE_SERVER_ROWS = _compiled(NON_INVITE_SERVER)


def stepper(*, prefer_c: bool = True) -> Step:
    """`step`: in C where it was built."""
    if not prefer_c:
        return python_step
    try:
        module = importlib.import_module("switch.sip.transaction._machines")
    except ModuleNotFoundError:
        return python_step
    return cast(Step, module.step)


def _taught() -> Step:
    """`stepper`, once the C half has been taught the classes and the tables."""
    found = stepper()
    if found is not python_step:
        module = importlib.import_module("switch.sip.transaction._machines")
        outputs = (SendBytes, RequestReceived, ResponseReceived, AckReceived)
        module.setup(Transaction, Sink, Request, Response, *outputs)
        for rows, table in (
            (INVITE_CLIENT_ROWS, INVITE_CLIENT),
            (NON_INVITE_CLIENT_ROWS, NON_INVITE_CLIENT),
            (INVITE_SERVER_ROWS, INVITE_SERVER),
            (NON_INVITE_SERVER_ROWS, NON_INVITE_SERVER),
        ):
            coded = [
                (*pair, state, tuple([_coded(action) for action in actions]))
                for pair, (state, actions) in table.items()
            ]
            module.learn(rows, tuple(coded))
    return found


step = _taught()


def make_ack(invite: Request, response: Response) -> Request:
    """The ACK of a non-2xx (RFC 3261 section 17.1.1.3): the INVITE's top Via alone, the To of the
    response."""
    return _sibling(invite, "ACK", response.headers.get("To") or "", ())


def make_cancel(invite: Request, headers: tuple[tuple[str, str], ...] = ()) -> Request:
    """The CANCEL of an INVITE (RFC 3261 section 9.1): the same, with the INVITE's own To."""
    return _sibling(invite, "CANCEL", invite.headers.get("To") or "", headers)


def _sibling(invite: Request, method: str, to: str, headers: tuple[tuple[str, str], ...]) -> Request:
    fields = invite.headers
    items = [("Via", fields.get("Via") or "")]
    items += [("Route", value) for value in fields.fields("Route")]
    items += [
        ("Max-Forwards", "70"),
        ("From", fields.get("From") or ""),
        ("To", to),
        ("Call-ID", fields.get("Call-ID") or ""),
        ("CSeq", f"{invite.cseq.number} {method}"),
        *headers,
    ]
    return Request(method, invite.uri, items)
