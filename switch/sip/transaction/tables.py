"""The four transaction machines as tables, in the RFC's words.

RFC 3261 figures 5 to 8, with the `ACCEPTED` state and Timers L and M of RFC 6026 sections 7.1 and 7.2. A row is
`(state, input): (next state, actions in order)`. A pair that has no row is absorbed: the input changes nothing.

Two inputs are ours. `Timer 100` is the 200 ms after which section 17.2.1 makes the server transaction itself say 100.
`Timer C9` ends an INVITE whose CANCEL brought no final answer within 64*T1 (section 9.1); the letter C belongs to proxies.
"""

from enum import Enum, StrEnum


class State(StrEnum):
    """RFC 3261 section 17. `NEW` is the moment before the first step."""

    NEW = "New"
    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    ACCEPTED = "Accepted"
    COMPLETED = "Completed"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


class Input(Enum):
    """What can happen to a transaction. `RESPOND_*` come from the user, `RESPONSE_*` from the wire."""

    START = "request from the user"
    REQUEST = "request from the wire, first or repeated"
    ACK = "ACK from the wire"
    RESPONSE_1XX = "1xx from the wire"
    RESPONSE_2XX = "2xx from the wire"
    RESPONSE_ERROR = "300-699 from the wire"
    RESPOND_1XX = "1xx from the user"
    RESPOND_2XX = "2xx from the user"
    RESPOND_ERROR = "300-699 from the user"
    TRANSPORT_ERROR = "transport error"
    TIMER_A = "Timer A"
    TIMER_B = "Timer B"
    TIMER_CANCEL = "Timer C9"
    TIMER_D = "Timer D"
    TIMER_E = "Timer E"
    TIMER_F = "Timer F"
    TIMER_G = "Timer G"
    TIMER_H = "Timer H"
    TIMER_I = "Timer I"
    TIMER_J = "Timer J"
    TIMER_K = "Timer K"
    TIMER_L = "Timer L"
    TIMER_M = "Timer M"
    TIMER_TRYING = "Timer 100"


class Action(Enum):
    """What a step does. The retransmission timers A, E and G are set on unreliable transports only."""

    SEND_REQUEST = "send the request"
    SEND_ACK = "send the ACK of a failed INVITE"
    SEND_RESPONSE = "send the user's response and keep it"
    SEND_TRYING = "send 100 and keep it"
    REPEAT_RESPONSE = "send the kept response again, if there is one"
    PASS_REQUEST = "give the request to the user"
    PASS_RESPONSE = "give the response to the user"
    PASS_ACK = "give the ACK to the user"
    FAIL_TIMEOUT = "tell the user: time-out"
    FAIL_TRANSPORT = "tell the user: transport failed"
    SET_A = "start Timer A at T1"
    NEXT_A = "double Timer A"
    SET_B = "start Timer B at 64*T1"
    SET_D = "start Timer D at 32 s, 0 on streams"
    SET_E = "start Timer E at T1"
    NEXT_E = "double Timer E up to T2"
    SLOW_E = "set Timer E to T2"
    SET_F = "start Timer F at 64*T1"
    SET_G = "start Timer G at T1"
    NEXT_G = "double Timer G up to T2"
    SET_H = "start Timer H at 64*T1"
    SET_I = "start Timer I at T4, 0 on streams"
    SET_J = "start Timer J at 64*T1, 0 on streams"
    SET_K = "start Timer K at T4, 0 on streams"
    SET_L = "start Timer L at 64*T1"
    SET_M = "start Timer M at 64*T1"
    SET_TRYING = "start Timer 100 at 200 ms"
    STOP_TIMERS = "stop every timer of the transaction"


S, I, A = State, Input, Action
Table = dict[tuple[State, Input], tuple[State, tuple[Action, ...]]]

INVITE_CLIENT: Table = {
    (S.NEW, I.START): (S.CALLING, (A.SEND_REQUEST, A.SET_A, A.SET_B)),
    (S.CALLING, I.TIMER_A): (S.CALLING, (A.SEND_REQUEST, A.NEXT_A)),
    (S.CALLING, I.TIMER_B): (S.TERMINATED, (A.FAIL_TIMEOUT,)),
    (S.CALLING, I.TRANSPORT_ERROR): (S.TERMINATED, (A.FAIL_TRANSPORT,)),
    (S.CALLING, I.RESPONSE_1XX): (S.PROCEEDING, (A.STOP_TIMERS, A.PASS_RESPONSE)),
    (S.CALLING, I.RESPONSE_2XX): (S.ACCEPTED, (A.STOP_TIMERS, A.PASS_RESPONSE, A.SET_M)),
    (S.CALLING, I.RESPONSE_ERROR): (S.COMPLETED, (A.STOP_TIMERS, A.SEND_ACK, A.PASS_RESPONSE, A.SET_D)),
    (S.PROCEEDING, I.RESPONSE_1XX): (S.PROCEEDING, (A.PASS_RESPONSE,)),
    (S.PROCEEDING, I.RESPONSE_2XX): (S.ACCEPTED, (A.STOP_TIMERS, A.PASS_RESPONSE, A.SET_M)),
    (S.PROCEEDING, I.RESPONSE_ERROR): (S.COMPLETED, (A.STOP_TIMERS, A.SEND_ACK, A.PASS_RESPONSE, A.SET_D)),
    (S.PROCEEDING, I.TIMER_CANCEL): (S.TERMINATED, (A.FAIL_TIMEOUT,)),
    # The RFC has no such arrow, for nothing is sent here. A broken connection is known all the same, and whoever
    # rings another phone instead would rather know at once than after the ring time.
    (S.PROCEEDING, I.TRANSPORT_ERROR): (S.TERMINATED, (A.FAIL_TRANSPORT,)),
    (S.ACCEPTED, I.RESPONSE_2XX): (S.ACCEPTED, (A.PASS_RESPONSE,)),
    (S.ACCEPTED, I.TIMER_M): (S.TERMINATED, ()),
    (S.COMPLETED, I.RESPONSE_ERROR): (S.COMPLETED, (A.SEND_ACK,)),
    (S.COMPLETED, I.TIMER_D): (S.TERMINATED, ()),
    # Figure 5 informs the user here. The user has its final answer already; a failure after it has no meaning.
    (S.COMPLETED, I.TRANSPORT_ERROR): (S.TERMINATED, ()),
}
"""RFC 3261 figure 5, RFC 6026 figure 2."""

NON_INVITE_CLIENT: Table = {
    (S.NEW, I.START): (S.TRYING, (A.SEND_REQUEST, A.SET_E, A.SET_F)),
    (S.TRYING, I.TIMER_E): (S.TRYING, (A.SEND_REQUEST, A.NEXT_E)),
    (S.TRYING, I.TIMER_F): (S.TERMINATED, (A.FAIL_TIMEOUT,)),
    (S.TRYING, I.TRANSPORT_ERROR): (S.TERMINATED, (A.FAIL_TRANSPORT,)),
    (S.TRYING, I.RESPONSE_1XX): (S.PROCEEDING, (A.PASS_RESPONSE,)),
    (S.TRYING, I.RESPONSE_2XX): (S.COMPLETED, (A.STOP_TIMERS, A.PASS_RESPONSE, A.SET_K)),
    (S.TRYING, I.RESPONSE_ERROR): (S.COMPLETED, (A.STOP_TIMERS, A.PASS_RESPONSE, A.SET_K)),
    (S.PROCEEDING, I.TIMER_E): (S.PROCEEDING, (A.SEND_REQUEST, A.SLOW_E)),
    (S.PROCEEDING, I.TIMER_F): (S.TERMINATED, (A.FAIL_TIMEOUT,)),
    (S.PROCEEDING, I.TRANSPORT_ERROR): (S.TERMINATED, (A.FAIL_TRANSPORT,)),
    (S.PROCEEDING, I.RESPONSE_1XX): (S.PROCEEDING, (A.PASS_RESPONSE,)),
    (S.PROCEEDING, I.RESPONSE_2XX): (S.COMPLETED, (A.STOP_TIMERS, A.PASS_RESPONSE, A.SET_K)),
    (S.PROCEEDING, I.RESPONSE_ERROR): (S.COMPLETED, (A.STOP_TIMERS, A.PASS_RESPONSE, A.SET_K)),
    (S.COMPLETED, I.TIMER_K): (S.TERMINATED, ()),
}
"""RFC 3261 figure 6."""

INVITE_SERVER: Table = {
    (S.NEW, I.REQUEST): (S.PROCEEDING, (A.PASS_REQUEST, A.SET_TRYING)),
    (S.PROCEEDING, I.REQUEST): (S.PROCEEDING, (A.REPEAT_RESPONSE,)),
    (S.PROCEEDING, I.TIMER_TRYING): (S.PROCEEDING, (A.SEND_TRYING,)),
    (S.PROCEEDING, I.RESPOND_1XX): (S.PROCEEDING, (A.STOP_TIMERS, A.SEND_RESPONSE)),
    (S.PROCEEDING, I.RESPOND_2XX): (S.ACCEPTED, (A.STOP_TIMERS, A.SEND_RESPONSE, A.SET_L)),
    (S.PROCEEDING, I.RESPOND_ERROR): (S.COMPLETED, (A.STOP_TIMERS, A.SEND_RESPONSE, A.SET_G, A.SET_H)),
    (S.ACCEPTED, I.RESPOND_2XX): (S.ACCEPTED, (A.SEND_RESPONSE,)),
    (S.ACCEPTED, I.ACK): (S.ACCEPTED, (A.PASS_ACK,)),
    (S.ACCEPTED, I.TIMER_L): (S.TERMINATED, ()),
    (S.COMPLETED, I.REQUEST): (S.COMPLETED, (A.REPEAT_RESPONSE,)),
    (S.COMPLETED, I.TIMER_G): (S.COMPLETED, (A.REPEAT_RESPONSE, A.NEXT_G)),
    (S.COMPLETED, I.TIMER_H): (S.TERMINATED, (A.FAIL_TIMEOUT,)),
    (S.COMPLETED, I.ACK): (S.CONFIRMED, (A.STOP_TIMERS, A.SET_I)),
    (S.CONFIRMED, I.TIMER_I): (S.TERMINATED, ()),
}
"""RFC 3261 figure 7, RFC 6026 figure 1. The user repeats its own 2xx until the ACK comes (section 13.3.1.4)."""

NON_INVITE_SERVER: Table = {
    (S.NEW, I.REQUEST): (S.TRYING, (A.PASS_REQUEST,)),
    (S.TRYING, I.RESPOND_1XX): (S.PROCEEDING, (A.SEND_RESPONSE,)),
    (S.TRYING, I.RESPOND_2XX): (S.COMPLETED, (A.SEND_RESPONSE, A.SET_J)),
    (S.TRYING, I.RESPOND_ERROR): (S.COMPLETED, (A.SEND_RESPONSE, A.SET_J)),
    (S.PROCEEDING, I.REQUEST): (S.PROCEEDING, (A.REPEAT_RESPONSE,)),
    (S.PROCEEDING, I.RESPOND_1XX): (S.PROCEEDING, (A.SEND_RESPONSE,)),
    (S.PROCEEDING, I.RESPOND_2XX): (S.COMPLETED, (A.SEND_RESPONSE, A.SET_J)),
    (S.PROCEEDING, I.RESPOND_ERROR): (S.COMPLETED, (A.SEND_RESPONSE, A.SET_J)),
    (S.COMPLETED, I.REQUEST): (S.COMPLETED, (A.REPEAT_RESPONSE,)),
    (S.COMPLETED, I.TIMER_J): (S.TERMINATED, ()),
}
"""RFC 3261 figure 8."""

TIMERS: dict[Action, Input] = {
    A.SET_A: I.TIMER_A,
    A.NEXT_A: I.TIMER_A,
    A.SET_B: I.TIMER_B,
    A.SET_D: I.TIMER_D,
    A.SET_E: I.TIMER_E,
    A.NEXT_E: I.TIMER_E,
    A.SLOW_E: I.TIMER_E,
    A.SET_F: I.TIMER_F,
    A.SET_G: I.TIMER_G,
    A.NEXT_G: I.TIMER_G,
    A.SET_H: I.TIMER_H,
    A.SET_I: I.TIMER_I,
    A.SET_J: I.TIMER_J,
    A.SET_K: I.TIMER_K,
    A.SET_L: I.TIMER_L,
    A.SET_M: I.TIMER_M,
    A.SET_TRYING: I.TIMER_TRYING,
}
"""The timer that each timer action sets."""
