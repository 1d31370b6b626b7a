"""Both halves of a transaction's step do the same: random rows of inputs to transactions of every kind.

`SIP_FUZZ_ITERATIONS` and `SIP_FUZZ_SEED` make it longer or replay a failure.
"""

import importlib
import os

import pytest

from switch.base.rng import SplitMix64
from switch.sip.flow import Flow
from switch.sip.message import Message, Request, Response
from switch.sip.outputs import AckReceived, Output, RequestReceived, ResponseReceived, SendBytes
from switch.sip.transaction.machines import (
    INVITE_CLIENT_ROWS,
    INVITE_SERVER_ROWS,
    NON_INVITE_CLIENT_ROWS,
    NON_INVITE_SERVER_ROWS,
    Rows,
    Sink,
    Step,
    Timing,
    Transaction,
    stepper,
)
from switch.sip.transaction.tables import Input, State
from tests.sip.samples import TCP, UDP, request

ITERATIONS = int(os.environ.get("SIP_FUZZ_ITERATIONS", "6000")) // 10
SEED = int(os.environ.get("SIP_FUZZ_SEED", "1"))

# Compiled at every installation: where it is missing, that is a failure and no reason to look away.
importlib.import_module("switch.sip.transaction._machines")
IN_C, IN_PYTHON = stepper(), stepper(prefer_c=False)
assert IN_C is not IN_PYTHON
KINDS: tuple[tuple[Rows, str], ...] = (
    (INVITE_CLIENT_ROWS, "INVITE"),
    (NON_INVITE_CLIENT_ROWS, "BYE"),
    (INVITE_SERVER_ROWS, "INVITE"),
    (NON_INVITE_SERVER_ROWS, "BYE"),
)
INPUTS = tuple(Input)
STATES = tuple(State)
RESPONSES = {
    Input.RESPONSE_1XX: 180,
    Input.RESPONSE_2XX: 200,
    Input.RESPONSE_ERROR: 486,
    Input.RESPOND_1XX: 180,
    Input.RESPOND_2XX: 200,
    Input.RESPOND_ERROR: 486,
}


def message_of(event: Input, of: Request) -> Request | Response | None:
    if event in RESPONSES:
        return of.make_response(RESPONSES[event], to_tag="t")
    return of if event in (Input.REQUEST, Input.ACK) else None


def seen(output: Output) -> object:
    """An output without the identity of its messages, which are made for each run."""
    if isinstance(output, SendBytes):
        return (output.flow, output.data)
    if isinstance(output, AckReceived):
        return (AckReceived, output.request.to_bytes(), output.flow)
    if isinstance(output, RequestReceived):
        return (RequestReceived, output.transaction, output.request.to_bytes(), output.flow)
    if isinstance(output, ResponseReceived):
        assert output.request is not None
        whole = (output.response.to_bytes(), output.request.to_bytes())
        return (ResponseReceived, output.transaction, whole, output.flow)
    return output


def run(step: Step, seed: int) -> object:
    """Twelve steps of one transaction and all that can be seen of it after each."""
    rng = SplitMix64(seed)
    rows, method = KINDS[rng.below(4)]
    flow: Flow = (UDP, TCP)[rng.below(2)]
    subject = Transaction("key", rows, request(method), flow, method)
    subject.data = b"kept" if rng.below(2) else b""
    subject.silent = rng.below(4) == 0
    if rng.below(2):
        subject.state = STATES[rng.below(len(STATES))]
    sink = Sink(Timing(t1_us=1_000 + rng.below(1_000)))
    found: list[object] = []
    for now in range(12):
        # Mostly an input that has a row here, or nearly nothing would ever happen.
        possible = [event for event in INPUTS if (subject.state, event) in rows]
        event = INPUTS[rng.below(len(INPUTS))]
        if possible and rng.below(4):
            event = possible[rng.below(len(possible))]
        done = step(subject, event, message_of(event, subject.request), flow, now, sink)
        due = [(name, sink.timers.due(("key", name))) for name in INPUTS]
        kept = (
            subject.state,
            subject.data,
            subject.status,
            subject.ack,
            subject.interval_us,
            subject.timers[:],
        )
        found.append(
            (done, event, kept, due, [seen(output) for output in sink.outputs], sink.messages.copy())
        )
    return found


def test_random_steps() -> None:
    for seed in range(SEED, SEED + ITERATIONS):
        assert run(IN_C, seed) == run(IN_PYTHON, seed), seed


@pytest.mark.parametrize("step", [IN_C, IN_PYTHON], ids=["C", "Python"])
def test_a_message_of_another_kind_is_our_bug(step: Step) -> None:
    wrong: tuple[tuple[Rows, State, Input, Message | None], ...] = (
        (INVITE_SERVER_ROWS, State.NEW, Input.REQUEST, None),
        (INVITE_SERVER_ROWS, State.PROCEEDING, Input.RESPOND_2XX, request()),
        (INVITE_SERVER_ROWS, State.ACCEPTED, Input.ACK, request().make_response(200)),
        (INVITE_CLIENT_ROWS, State.CALLING, Input.RESPONSE_1XX, request()),
    )
    for rows, state, event, message in wrong:
        subject = Transaction("key", rows, request(), UDP, "INVITE")
        subject.state = state
        with pytest.raises(AssertionError):
            step(subject, event, message, UDP, 0, Sink(Timing()))  # type: ignore[arg-type]  # the bug


def test_what_is_no_transaction_is_refused() -> None:
    subject = Transaction("key", INVITE_SERVER_ROWS.copy(), request(), UDP, "INVITE")
    with pytest.raises(ValueError, match="not learned"):
        IN_C(subject, Input.REQUEST, request(), UDP, 0, Sink(Timing()))
    del subject.timers
    for args in ((subject, Input.REQUEST, None, UDP, 0, Sink(Timing())), (1, 2, 3, 4, 5, 6), ()):
        with pytest.raises(TypeError):
            IN_C(*args)  # type: ignore[arg-type]  # the bug
