"""A leg's states and what moves it, as one table (RFC 3261 sections 9, 13, 14, 15).

The leg looks its moves up here: an input without a row is a late or repeated message, and is answered
or dropped without changing anything. The table in docs/decisions/0001 is held to this one by a test.
"""

from enum import StrEnum


class LegState(StrEnum):
    """INCOMING_* is a leg whose INVITE we received, OUTGOING_* one whose INVITE we sent."""

    INCOMING_PROCEEDING = "incoming-proceeding"
    INCOMING_ANSWERED = "incoming-answered"
    OUTGOING_CALLING = "outgoing-calling"
    OUTGOING_EARLY = "outgoing-early"
    CANCELLING = "cancelling"
    CONFIRMED = "confirmed"
    ENDING_UNACKED = "ending-unacked"
    TERMINATING = "terminating"
    TERMINATED = "terminated"


class LegInput(StrEnum):
    """What can happen to a leg."""

    ANSWER = "we answer with 2xx"
    REFUSE = "we answer with 300-699"
    ACK = "ACK arrives"
    NO_ACK = "no ACK for 64*T1"
    PROVISIONAL = "1xx arrives"
    SUCCESS = "2xx arrives"
    FAILURE = "300-699 arrives"
    CANCEL = "CANCEL arrives"
    BYE = "BYE arrives"
    HANG_UP = "we hang up"
    LOST = "no answer, or the dialog is unknown to the peer"
    BYE_DONE = "our BYE is answered or given up"


_S = LegState
_I = LegInput

TRANSITIONS: dict[tuple[LegState, LegInput], LegState] = {
    (_S.INCOMING_PROCEEDING, _I.ANSWER): _S.INCOMING_ANSWERED,
    (_S.INCOMING_PROCEEDING, _I.REFUSE): _S.TERMINATED,
    (_S.INCOMING_PROCEEDING, _I.HANG_UP): _S.TERMINATED,
    (_S.INCOMING_PROCEEDING, _I.CANCEL): _S.TERMINATED,
    (_S.INCOMING_PROCEEDING, _I.BYE): _S.TERMINATED,
    (_S.INCOMING_ANSWERED, _I.ACK): _S.CONFIRMED,
    (_S.INCOMING_ANSWERED, _I.NO_ACK): _S.TERMINATING,
    (_S.INCOMING_ANSWERED, _I.BYE): _S.TERMINATED,
    # RFC 3261 section 15: the callee must not send BYE before the ACK or its time-out.
    (_S.INCOMING_ANSWERED, _I.HANG_UP): _S.ENDING_UNACKED,
    (_S.ENDING_UNACKED, _I.ACK): _S.TERMINATING,
    (_S.ENDING_UNACKED, _I.NO_ACK): _S.TERMINATING,
    (_S.ENDING_UNACKED, _I.BYE): _S.TERMINATED,
    (_S.OUTGOING_CALLING, _I.PROVISIONAL): _S.OUTGOING_EARLY,
    (_S.OUTGOING_CALLING, _I.SUCCESS): _S.CONFIRMED,
    (_S.OUTGOING_CALLING, _I.FAILURE): _S.TERMINATED,
    (_S.OUTGOING_CALLING, _I.LOST): _S.TERMINATED,
    (_S.OUTGOING_CALLING, _I.HANG_UP): _S.CANCELLING,
    (_S.OUTGOING_EARLY, _I.PROVISIONAL): _S.OUTGOING_EARLY,
    (_S.OUTGOING_EARLY, _I.SUCCESS): _S.CONFIRMED,
    (_S.OUTGOING_EARLY, _I.FAILURE): _S.TERMINATED,
    (_S.OUTGOING_EARLY, _I.LOST): _S.TERMINATED,
    (_S.OUTGOING_EARLY, _I.HANG_UP): _S.CANCELLING,
    # A 2xx that crosses our CANCEL is ACKed and ended with BYE (RFC 3261 section 9.1).
    (_S.CANCELLING, _I.SUCCESS): _S.TERMINATING,
    (_S.CANCELLING, _I.FAILURE): _S.TERMINATED,
    (_S.CANCELLING, _I.LOST): _S.TERMINATED,
    (_S.CONFIRMED, _I.BYE): _S.TERMINATED,
    (_S.CONFIRMED, _I.HANG_UP): _S.TERMINATING,
    (_S.CONFIRMED, _I.LOST): _S.TERMINATING,
    (_S.TERMINATING, _I.BYE): _S.TERMINATING,
    (_S.TERMINATING, _I.BYE_DONE): _S.TERMINATED,
}

TALKING = frozenset({_S.INCOMING_ANSWERED, _S.CONFIRMED})
"""States in which both sides have agreed to talk."""

OVER = frozenset({_S.CANCELLING, _S.ENDING_UNACKED, _S.TERMINATING, _S.TERMINATED})
"""The leg has ended for its call; only the wire is still being tidied."""
