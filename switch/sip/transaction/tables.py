"""The four transaction machines as tables, in the RFC's words.

RFC 3261 figures 5 to 8, with the `ACCEPTED` state and Timers L and M of RFC 6026 sections 7.1 and 7.2. A row
is `(state, input): (next state, actions in order)`. A pair that has no row is absorbed: the input changes
nothing.

Two inputs are ours. `Timer 100` is the 200 ms after which section 17.2.1 makes the server transaction itself
say 100. `Timer C9` ends an INVITE whose CANCEL brought no final answer within 64*T1 (section 9.1); the letter
C belongs to proxies.
"""

from enum import StrEnum


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


class Input(StrEnum):
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


class Action(StrEnum):
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


St, On, Do = State, Input, Action
Table = dict[tuple[State, Input], tuple[State, tuple[Action, ...]]]

INVITE_CLIENT: Table = {
    (St.NEW, On.START): (St.CALLING, (Do.SEND_REQUEST, Do.SET_A, Do.SET_B)),
    (St.CALLING, On.TIMER_A): (St.CALLING, (Do.SEND_REQUEST, Do.NEXT_A)),
    (St.CALLING, On.TIMER_B): (St.TERMINATED, (Do.FAIL_TIMEOUT,)),
    (St.CALLING, On.TRANSPORT_ERROR): (St.TERMINATED, (Do.FAIL_TRANSPORT,)),
    (St.CALLING, On.RESPONSE_1XX): (St.PROCEEDING, (Do.STOP_TIMERS, Do.PASS_RESPONSE)),
    (St.CALLING, On.RESPONSE_2XX): (St.ACCEPTED, (Do.STOP_TIMERS, Do.PASS_RESPONSE, Do.SET_M)),
    (St.CALLING, On.RESPONSE_ERROR): (
        St.COMPLETED,
        (Do.STOP_TIMERS, Do.SEND_ACK, Do.PASS_RESPONSE, Do.SET_D),
    ),
    (St.PROCEEDING, On.RESPONSE_1XX): (St.PROCEEDING, (Do.PASS_RESPONSE,)),
    (St.PROCEEDING, On.RESPONSE_2XX): (St.ACCEPTED, (Do.STOP_TIMERS, Do.PASS_RESPONSE, Do.SET_M)),
    (St.PROCEEDING, On.RESPONSE_ERROR): (
        St.COMPLETED,
        (Do.STOP_TIMERS, Do.SEND_ACK, Do.PASS_RESPONSE, Do.SET_D),
    ),
    (St.PROCEEDING, On.TIMER_CANCEL): (St.TERMINATED, (Do.FAIL_TIMEOUT,)),
    # The RFC has no such arrow, for nothing is sent here. A broken connection is known all the same, and
    # whoever rings another phone instead would rather know at once than after the ring time.
    (St.PROCEEDING, On.TRANSPORT_ERROR): (St.TERMINATED, (Do.FAIL_TRANSPORT,)),
    (St.ACCEPTED, On.RESPONSE_2XX): (St.ACCEPTED, (Do.PASS_RESPONSE,)),
    (St.ACCEPTED, On.TIMER_M): (St.TERMINATED, ()),
    (St.COMPLETED, On.RESPONSE_ERROR): (St.COMPLETED, (Do.SEND_ACK,)),
    # Not in the figure either: a forking proxy passes a 2xx on even after the final answer that it gave
    # (section 16.7 step 5), and whoever answered must be acknowledged and told that it was for nothing.
    (St.COMPLETED, On.RESPONSE_2XX): (St.COMPLETED, (Do.PASS_RESPONSE,)),
    (St.COMPLETED, On.TIMER_D): (St.TERMINATED, ()),
    # Figure 5 informs the user here. The user has its final answer already; a failure after it has no
    # meaning.
    (St.COMPLETED, On.TRANSPORT_ERROR): (St.TERMINATED, ()),
}
"""RFC 3261 figure 5, RFC 6026 figure 2."""

NON_INVITE_CLIENT: Table = {
    (St.NEW, On.START): (St.TRYING, (Do.SEND_REQUEST, Do.SET_E, Do.SET_F)),
    (St.TRYING, On.TIMER_E): (St.TRYING, (Do.SEND_REQUEST, Do.NEXT_E)),
    (St.TRYING, On.TIMER_F): (St.TERMINATED, (Do.FAIL_TIMEOUT,)),
    (St.TRYING, On.TRANSPORT_ERROR): (St.TERMINATED, (Do.FAIL_TRANSPORT,)),
    (St.TRYING, On.RESPONSE_1XX): (St.PROCEEDING, (Do.PASS_RESPONSE,)),
    (St.TRYING, On.RESPONSE_2XX): (St.COMPLETED, (Do.STOP_TIMERS, Do.PASS_RESPONSE, Do.SET_K)),
    (St.TRYING, On.RESPONSE_ERROR): (St.COMPLETED, (Do.STOP_TIMERS, Do.PASS_RESPONSE, Do.SET_K)),
    (St.PROCEEDING, On.TIMER_E): (St.PROCEEDING, (Do.SEND_REQUEST, Do.SLOW_E)),
    (St.PROCEEDING, On.TIMER_F): (St.TERMINATED, (Do.FAIL_TIMEOUT,)),
    (St.PROCEEDING, On.TRANSPORT_ERROR): (St.TERMINATED, (Do.FAIL_TRANSPORT,)),
    (St.PROCEEDING, On.RESPONSE_1XX): (St.PROCEEDING, (Do.PASS_RESPONSE,)),
    (St.PROCEEDING, On.RESPONSE_2XX): (St.COMPLETED, (Do.STOP_TIMERS, Do.PASS_RESPONSE, Do.SET_K)),
    (St.PROCEEDING, On.RESPONSE_ERROR): (St.COMPLETED, (Do.STOP_TIMERS, Do.PASS_RESPONSE, Do.SET_K)),
    (St.COMPLETED, On.TIMER_K): (St.TERMINATED, ()),
}
"""RFC 3261 figure 6."""

INVITE_SERVER: Table = {
    (St.NEW, On.REQUEST): (St.PROCEEDING, (Do.PASS_REQUEST, Do.SET_TRYING)),
    (St.PROCEEDING, On.REQUEST): (St.PROCEEDING, (Do.REPEAT_RESPONSE,)),
    (St.PROCEEDING, On.TIMER_TRYING): (St.PROCEEDING, (Do.SEND_TRYING,)),
    (St.PROCEEDING, On.RESPOND_1XX): (St.PROCEEDING, (Do.STOP_TIMERS, Do.SEND_RESPONSE)),
    (St.PROCEEDING, On.RESPOND_2XX): (St.ACCEPTED, (Do.STOP_TIMERS, Do.SEND_RESPONSE, Do.SET_L)),
    (St.PROCEEDING, On.RESPOND_ERROR): (St.COMPLETED, (Do.STOP_TIMERS, Do.SEND_RESPONSE, Do.SET_G, Do.SET_H)),
    (St.ACCEPTED, On.RESPOND_2XX): (St.ACCEPTED, (Do.SEND_RESPONSE,)),
    (St.ACCEPTED, On.ACK): (St.ACCEPTED, (Do.PASS_ACK,)),
    (St.ACCEPTED, On.TIMER_L): (St.TERMINATED, ()),
    (St.COMPLETED, On.REQUEST): (St.COMPLETED, (Do.REPEAT_RESPONSE,)),
    (St.COMPLETED, On.TIMER_G): (St.COMPLETED, (Do.REPEAT_RESPONSE, Do.NEXT_G)),
    (St.COMPLETED, On.TIMER_H): (St.TERMINATED, (Do.FAIL_TIMEOUT,)),
    (St.COMPLETED, On.ACK): (St.CONFIRMED, (Do.STOP_TIMERS, Do.SET_I)),
    (St.CONFIRMED, On.TIMER_I): (St.TERMINATED, ()),
}
"""RFC 3261 figure 7, RFC 6026 figure 1. The user repeats its own 2xx until the ACK comes (section
13.3.1.4)."""

NON_INVITE_SERVER: Table = {
    (St.NEW, On.REQUEST): (St.TRYING, (Do.PASS_REQUEST,)),
    (St.TRYING, On.RESPOND_1XX): (St.PROCEEDING, (Do.SEND_RESPONSE,)),
    (St.TRYING, On.RESPOND_2XX): (St.COMPLETED, (Do.SEND_RESPONSE, Do.SET_J)),
    (St.TRYING, On.RESPOND_ERROR): (St.COMPLETED, (Do.SEND_RESPONSE, Do.SET_J)),
    (St.PROCEEDING, On.REQUEST): (St.PROCEEDING, (Do.REPEAT_RESPONSE,)),
    (St.PROCEEDING, On.RESPOND_1XX): (St.PROCEEDING, (Do.SEND_RESPONSE,)),
    (St.PROCEEDING, On.RESPOND_2XX): (St.COMPLETED, (Do.SEND_RESPONSE, Do.SET_J)),
    (St.PROCEEDING, On.RESPOND_ERROR): (St.COMPLETED, (Do.SEND_RESPONSE, Do.SET_J)),
    (St.COMPLETED, On.REQUEST): (St.COMPLETED, (Do.REPEAT_RESPONSE,)),
    (St.COMPLETED, On.TIMER_J): (St.TERMINATED, ()),
}
"""RFC 3261 figure 8."""

TIMERS: dict[Action, Input] = {
    Do.SET_A: On.TIMER_A,
    Do.NEXT_A: On.TIMER_A,
    Do.SET_B: On.TIMER_B,
    Do.SET_D: On.TIMER_D,
    Do.SET_E: On.TIMER_E,
    Do.NEXT_E: On.TIMER_E,
    Do.SLOW_E: On.TIMER_E,
    Do.SET_F: On.TIMER_F,
    Do.SET_G: On.TIMER_G,
    Do.NEXT_G: On.TIMER_G,
    Do.SET_H: On.TIMER_H,
    Do.SET_I: On.TIMER_I,
    Do.SET_J: On.TIMER_J,
    Do.SET_K: On.TIMER_K,
    Do.SET_L: On.TIMER_L,
    Do.SET_M: On.TIMER_M,
    Do.SET_TRYING: On.TIMER_TRYING,
}
"""The timer that each timer action sets."""
