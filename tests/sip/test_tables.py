"""The four machines, transition by transition, against a reading of the RFC's figures written down here
again.

Each row below is: state, input, next state, what is sent or told. Pairs that stand in no row must change
nothing.
"""

from collections.abc import Iterator

import pytest

from switch.sip.flow import Flow
from switch.sip.message import Request, Response
from switch.sip.outputs import (
    AckReceived,
    Failure,
    RequestReceived,
    ResponseReceived,
    SendBytes,
    TransactionFailed,
)
from switch.sip.transaction import tables
from switch.sip.transaction.machines import (
    INVITE_CLIENT_ROWS,
    INVITE_SERVER_ROWS,
    NON_INVITE_CLIENT_ROWS,
    NON_INVITE_SERVER_ROWS,
    Rows,
    Sink,
    Timing,
    Transaction,
    step,
)
from switch.sip.transaction.tables import Input as On
from switch.sip.transaction.tables import State as St
from tests.sip.samples import TCP, UDP, reading_with, request


@pytest.fixture(autouse=True, params=["c", "python"], scope="module")
def _half(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every step is done by both halves."""
    with reading_with(request.param, __name__):
        yield


Row = tuple[St, On, St, str]

INVITE_CLIENT: list[Row] = [
    (St.NEW, On.START, St.CALLING, "request +A +B"),
    (St.CALLING, On.TIMER_A, St.CALLING, "request +A"),
    (St.CALLING, On.TIMER_B, St.TERMINATED, "timeout"),
    (St.CALLING, On.TRANSPORT_ERROR, St.TERMINATED, "transport"),
    (St.CALLING, On.RESPONSE_1XX, St.PROCEEDING, "up"),
    (St.CALLING, On.RESPONSE_2XX, St.ACCEPTED, "up +M"),
    (St.CALLING, On.RESPONSE_ERROR, St.COMPLETED, "ACK up +D"),
    (St.PROCEEDING, On.RESPONSE_1XX, St.PROCEEDING, "up"),
    (St.PROCEEDING, On.RESPONSE_2XX, St.ACCEPTED, "up +M"),
    (St.PROCEEDING, On.RESPONSE_ERROR, St.COMPLETED, "ACK up +D"),
    (St.PROCEEDING, On.TIMER_CANCEL, St.TERMINATED, "timeout"),
    (St.PROCEEDING, On.TRANSPORT_ERROR, St.TERMINATED, "transport"),
    (St.ACCEPTED, On.RESPONSE_2XX, St.ACCEPTED, "up"),
    (St.ACCEPTED, On.TIMER_M, St.TERMINATED, ""),
    (St.COMPLETED, On.RESPONSE_ERROR, St.COMPLETED, "ACK"),
    (St.COMPLETED, On.RESPONSE_2XX, St.COMPLETED, "up"),
    (St.COMPLETED, On.TIMER_D, St.TERMINATED, ""),
    (St.COMPLETED, On.TRANSPORT_ERROR, St.TERMINATED, ""),
]
NON_INVITE_CLIENT: list[Row] = [
    (St.NEW, On.START, St.TRYING, "request +E +F"),
    (St.TRYING, On.TIMER_E, St.TRYING, "request +E"),
    (St.TRYING, On.TIMER_F, St.TERMINATED, "timeout"),
    (St.TRYING, On.TRANSPORT_ERROR, St.TERMINATED, "transport"),
    (St.TRYING, On.RESPONSE_1XX, St.PROCEEDING, "up"),
    (St.TRYING, On.RESPONSE_2XX, St.COMPLETED, "up +K"),
    (St.TRYING, On.RESPONSE_ERROR, St.COMPLETED, "up +K"),
    (St.PROCEEDING, On.TIMER_E, St.PROCEEDING, "request +E"),
    (St.PROCEEDING, On.TIMER_F, St.TERMINATED, "timeout"),
    (St.PROCEEDING, On.TRANSPORT_ERROR, St.TERMINATED, "transport"),
    (St.PROCEEDING, On.RESPONSE_1XX, St.PROCEEDING, "up"),
    (St.PROCEEDING, On.RESPONSE_2XX, St.COMPLETED, "up +K"),
    (St.PROCEEDING, On.RESPONSE_ERROR, St.COMPLETED, "up +K"),
    (St.COMPLETED, On.TIMER_K, St.TERMINATED, ""),
]
INVITE_SERVER: list[Row] = [
    (St.NEW, On.REQUEST, St.PROCEEDING, "up +100"),
    (St.PROCEEDING, On.REQUEST, St.PROCEEDING, "again"),
    (St.PROCEEDING, On.TIMER_TRYING, St.PROCEEDING, "100"),
    (St.PROCEEDING, On.RESPOND_1XX, St.PROCEEDING, "answer"),
    (St.PROCEEDING, On.RESPOND_2XX, St.ACCEPTED, "answer +L"),
    (St.PROCEEDING, On.RESPOND_ERROR, St.COMPLETED, "answer +G +H"),
    (St.ACCEPTED, On.RESPOND_2XX, St.ACCEPTED, "answer"),
    (St.ACCEPTED, On.ACK, St.ACCEPTED, "ack up"),
    (St.ACCEPTED, On.TIMER_L, St.TERMINATED, ""),
    (St.COMPLETED, On.REQUEST, St.COMPLETED, "again"),
    (St.COMPLETED, On.TIMER_G, St.COMPLETED, "again +G"),
    (St.COMPLETED, On.TIMER_H, St.TERMINATED, "timeout"),
    (St.COMPLETED, On.ACK, St.CONFIRMED, "+I"),
    (St.CONFIRMED, On.TIMER_I, St.TERMINATED, ""),
]
NON_INVITE_SERVER: list[Row] = [
    (St.NEW, On.REQUEST, St.TRYING, "up"),
    (St.TRYING, On.RESPOND_1XX, St.PROCEEDING, "answer"),
    (St.TRYING, On.RESPOND_2XX, St.COMPLETED, "answer +J"),
    (St.TRYING, On.RESPOND_ERROR, St.COMPLETED, "answer +J"),
    (St.PROCEEDING, On.REQUEST, St.PROCEEDING, "again"),
    (St.PROCEEDING, On.RESPOND_1XX, St.PROCEEDING, "answer"),
    (St.PROCEEDING, On.RESPOND_2XX, St.COMPLETED, "answer +J"),
    (St.PROCEEDING, On.RESPOND_ERROR, St.COMPLETED, "answer +J"),
    (St.COMPLETED, On.REQUEST, St.COMPLETED, "again"),
    (St.COMPLETED, On.TIMER_J, St.TERMINATED, ""),
]
MACHINES: list[tuple[str, Rows, tables.Table, list[Row]]] = [
    ("INVITE client", INVITE_CLIENT_ROWS, tables.INVITE_CLIENT, INVITE_CLIENT),
    ("OPTIONS client", NON_INVITE_CLIENT_ROWS, tables.NON_INVITE_CLIENT, NON_INVITE_CLIENT),
    ("INVITE server", INVITE_SERVER_ROWS, tables.INVITE_SERVER, INVITE_SERVER),
    ("OPTIONS server", NON_INVITE_SERVER_ROWS, tables.NON_INVITE_SERVER, NON_INVITE_SERVER),
]
KEPT = b"kept response"
NOW = 10_000_000
STATUS = {
    On.RESPONSE_1XX: 180,
    On.RESPONSE_2XX: 200,
    On.RESPONSE_ERROR: 486,
    On.RESPOND_1XX: 180,
    On.RESPOND_2XX: 200,
    On.RESPOND_ERROR: 486,
}


def transaction(name: str, rows: Rows, state: St, flow: Flow = UDP) -> Transaction:
    made = Transaction("key", rows, request(name.split(maxsplit=1)[0]), flow, name.split(maxsplit=1)[0])
    made.state = state
    made.interval_us = 1_000_000
    made.data = made.request.to_bytes() if name.endswith("client") else KEPT
    return made


def apply(subject: Transaction, event: On) -> tuple[bool, Sink]:
    sink = Sink(Timing())
    message: Request | Response | None = None
    if event in STATUS:
        message = subject.request.make_response(STATUS[event], to_tag="t")
    elif event in (On.REQUEST, On.ACK):
        message = subject.request
    return step(subject, event, message, UDP, NOW, sink), sink


def effects(subject: Transaction, sink: Sink) -> str:
    """What a step did, in the words of the rows above."""
    words = []
    for output in sink.outputs:
        if isinstance(output, SendBytes):
            if output.data.startswith(b"ACK "):
                words.append("ACK")
            elif output.data == KEPT:
                words.append("again")
            elif output.data.startswith(b"SIP/2.0 100 "):
                words.append("100")
            else:
                words.append("answer" if output.data.startswith(b"SIP/2.0 ") else "request")
        elif isinstance(output, TransactionFailed):
            words.append("timeout" if output.failure is Failure.TIMEOUT else "transport")
        elif isinstance(output, AckReceived):
            words.append("ack up")
        else:
            assert isinstance(output, RequestReceived | ResponseReceived)
            words.append("up")
    words += ["+" + timer.value.removeprefix("Timer ") for timer in subject.timers]
    return " ".join(words)


@pytest.mark.parametrize(
    ("name", "rows", "row"),
    [(name, rows, row) for name, rows, _, expected in MACHINES for row in expected],
    ids=lambda value: f"{value[0]}-{value[1]}" if isinstance(value, tuple) else None,
)
def test_each_transition(name: str, rows: Rows, row: Row) -> None:
    state, event, following, wanted = row
    subject = transaction(name, rows, state)
    done, sink = apply(subject, event)
    assert done
    assert subject.state is following
    assert effects(subject, sink) == wanted


@pytest.mark.parametrize(("name", "rows", "table", "expected"), MACHINES, ids=[m[0] for m in MACHINES])
def test_every_other_pair_is_absorbed(
    name: str, rows: Rows, table: tables.Table, expected: list[Row]
) -> None:
    listed = {(state, event) for state, event, _, _ in expected}
    assert table.keys() == listed
    for state in St:
        for event in set(On) - {event for known, event in listed if known is state}:
            subject = transaction(name, rows, state)
            done, sink = apply(subject, event)
            assert not done
            assert subject.state is state
            assert sink.outputs == []
            assert len(sink.timers) == 0


@pytest.mark.parametrize(("name", "rows", "table", "expected"), MACHINES, ids=[m[0] for m in MACHINES])
def test_every_state_leads_to_the_end(
    name: str, rows: Rows, table: tables.Table, expected: list[Row]
) -> None:
    del name, rows, expected
    ends = {St.TERMINATED}
    while True:
        more = {state for (state, _), (following, _) in table.items() if following in ends} - ends
        if not more:
            break
        ends |= more
    assert ends >= {state for state, _ in table}


TIMERS_AT = [
    ("INVITE client", INVITE_CLIENT_ROWS, St.NEW, On.START, {On.TIMER_A: 500, On.TIMER_B: 32_000}),
    ("INVITE client", INVITE_CLIENT_ROWS, St.CALLING, On.TIMER_A, {On.TIMER_A: 2_000}),
    ("INVITE client", INVITE_CLIENT_ROWS, St.CALLING, On.RESPONSE_2XX, {On.TIMER_M: 32_000}),
    ("INVITE client", INVITE_CLIENT_ROWS, St.CALLING, On.RESPONSE_ERROR, {On.TIMER_D: 32_000}),
    ("OPTIONS client", NON_INVITE_CLIENT_ROWS, St.NEW, On.START, {On.TIMER_E: 500, On.TIMER_F: 32_000}),
    ("OPTIONS client", NON_INVITE_CLIENT_ROWS, St.TRYING, On.TIMER_E, {On.TIMER_E: 2_000}),
    ("OPTIONS client", NON_INVITE_CLIENT_ROWS, St.PROCEEDING, On.TIMER_E, {On.TIMER_E: 4_000}),
    ("OPTIONS client", NON_INVITE_CLIENT_ROWS, St.TRYING, On.RESPONSE_2XX, {On.TIMER_K: 5_000}),
    ("INVITE server", INVITE_SERVER_ROWS, St.NEW, On.REQUEST, {On.TIMER_TRYING: 200}),
    ("INVITE server", INVITE_SERVER_ROWS, St.PROCEEDING, On.RESPOND_2XX, {On.TIMER_L: 32_000}),
    (
        "INVITE server",
        INVITE_SERVER_ROWS,
        St.PROCEEDING,
        On.RESPOND_ERROR,
        {On.TIMER_G: 500, On.TIMER_H: 32_000},
    ),
    ("INVITE server", INVITE_SERVER_ROWS, St.COMPLETED, On.TIMER_G, {On.TIMER_G: 2_000}),
    ("INVITE server", INVITE_SERVER_ROWS, St.COMPLETED, On.ACK, {On.TIMER_I: 5_000}),
    ("OPTIONS server", NON_INVITE_SERVER_ROWS, St.TRYING, On.RESPOND_2XX, {On.TIMER_J: 32_000}),
]


@pytest.mark.parametrize(("name", "rows", "state", "event", "timers_ms"), TIMERS_AT)
def test_durations_of_table_4(name: str, rows: Rows, state: St, event: On, timers_ms: dict[On, int]) -> None:
    subject = transaction(name, rows, state)
    _, sink = apply(subject, event)
    found = {}
    while (at := sink.timers.next()) is not None:
        key = sink.timers.pop(at)
        assert key is not None
        found[key[1]] = (at - NOW) // 1000
    assert found == timers_ms


def test_e_and_g_double_up_to_t2() -> None:
    for name, rows, state, event in (
        ("OPTIONS client", NON_INVITE_CLIENT_ROWS, St.TRYING, On.TIMER_E),
        ("INVITE server", INVITE_SERVER_ROWS, St.COMPLETED, On.TIMER_G),
    ):
        subject = transaction(name, rows, state)
        subject.interval_us = 500_000
        intervals = []
        for _ in range(5):
            apply(subject, event)
            intervals.append(subject.interval_us // 1000)
        assert intervals == [1_000, 2_000, 4_000, 4_000, 4_000]


@pytest.mark.parametrize(
    ("name", "rows", "state", "event", "following"),
    [
        ("INVITE client", INVITE_CLIENT_ROWS, St.CALLING, On.RESPONSE_ERROR, St.TERMINATED),
        ("OPTIONS client", NON_INVITE_CLIENT_ROWS, St.TRYING, On.RESPONSE_2XX, St.TERMINATED),
        ("INVITE server", INVITE_SERVER_ROWS, St.COMPLETED, On.ACK, St.TERMINATED),
        ("OPTIONS server", NON_INVITE_SERVER_ROWS, St.TRYING, On.RESPOND_2XX, St.TERMINATED),
        ("INVITE client", INVITE_CLIENT_ROWS, St.CALLING, On.RESPONSE_2XX, St.ACCEPTED),
        ("INVITE server", INVITE_SERVER_ROWS, St.PROCEEDING, On.RESPOND_2XX, St.ACCEPTED),
    ],
)
def test_on_streams_d_i_j_k_take_no_time(name: str, rows: Rows, state: St, event: On, following: St) -> None:
    subject = transaction(name, rows, state, TCP)
    apply(subject, event)
    assert subject.state is following


def test_on_streams_nothing_is_retransmitted() -> None:
    for name, rows, state, event in (
        ("INVITE client", INVITE_CLIENT_ROWS, St.NEW, On.START),
        ("OPTIONS client", NON_INVITE_CLIENT_ROWS, St.NEW, On.START),
        ("INVITE server", INVITE_SERVER_ROWS, St.PROCEEDING, On.RESPOND_ERROR),
    ):
        subject = transaction(name, rows, state, TCP)
        apply(subject, event)
        assert not {On.TIMER_A, On.TIMER_E, On.TIMER_G} & set(subject.timers)


@pytest.mark.parametrize(("now", "at"), [(10_000_000, 15_000_000), (10_000_001, 15_100_000)])
def test_the_end_of_a_long_timer_is_put_off_to_a_whole_tenth_of_a_second(now: int, at: int) -> None:
    """RFC 3261 table 4: T4 and 64*T1 are never shortened, and many transactions end in one turn."""
    subject = transaction("INVITE server", INVITE_SERVER_ROWS, St.COMPLETED)
    sink = Sink(Timing())
    assert step(subject, On.ACK, subject.request, UDP, now, sink)
    assert sink.timers.next() == at


def test_a_short_timer_is_to_the_microsecond() -> None:
    """RFC 3261 section 17.2.1: the 100 after 200 ms; section 17.1.1.2: the first repetition after T1."""
    invite = transaction("INVITE server", INVITE_SERVER_ROWS, St.NEW)
    call = transaction("INVITE client", INVITE_CLIENT_ROWS, St.NEW)
    for subject, event, wait_us in ((invite, On.REQUEST, 200_000), (call, On.START, 500_000)):
        sink = Sink(Timing())
        assert step(subject, event, subject.request, UDP, 10_000_001, sink)
        assert sink.timers.next() == 10_000_001 + wait_us
