"""A transfer without whoever asked for it, a call that is forwarded, and what a caller is told of both."""

from tests.mutants.mutant import Mutant

_TRANSFERS = "switch/exchange/transfers.py"
_REPLACING = "switch/exchange/replacing.py"
_DIVERTING = "tests/exchange/test_diverting.py::"
_BEFORE = "tests/exchange/test_transfers.py::TestBeforeTheAnswer::"
_ATTENDED = "tests/exchange/test_attended.py::"
_TOLD = "tests/exchange/test_answers_passed_on.py::"

MUTANTS = (
    Mutant(
        _TRANSFERS,
        "other.transfer = Transfer(held.id, session.call.record.called, attempt, event.referral, by.id)",
        "other.transfer = Transfer(by.id, session.call.record.called, attempt, event.referral, held.id)",
        _ATTENDED + "test_the_refer_may_come_in_the_second_call_while_it_rings",
    ),
    Mutant(
        _TRANSFERS,
        "moves.move_attempts(office, session, other, _PURPOSE, now)",
        "",
        _ATTENDED + "test_the_refer_may_come_in_the_second_call_while_it_rings",
    ),
    Mutant(
        _TRANSFERS,
        'attempt.purpose = Purpose("callee", partial(_answered_alone, by), _never_answered)',
        "",
        _BEFORE + "test_who_was_rung_by_a_caller_who_has_left_is_connected_to_the_target",
    ),
    Mutant(
        _TRANSFERS,
        "record.cause, record.ended_by = Cause(Reason.CANCELLED, By.PEER, 487), session.call.anchor.role",
        "",
        _BEFORE + "test_a_caller_who_has_left_and_nobody_answers",
    ),
    Mutant(
        "switch/exchange/endings.py",
        "elif leg is call.anchor and transfers.caller_left(session, leg, cause):",
        "elif False:",
        _BEFORE + "test_who_was_rung_by_a_caller_who_has_left_is_connected_to_the_target",
    ),
    Mutant(
        "switch/exchange/meter.py",
        "return session.transfer.account",
        "",
        _BEFORE + "test_a_caller_who_has_left_is_still_who_pays",
    ),
    Mutant(
        "switch/exchange/exchange.py",
        "if session.asked is not None:",
        "if False:",
        _BEFORE + "test_a_call_whose_caller_has_left_ends_by_the_ring_time_and_by_command",
    ),
    Mutant(
        _REPLACING,
        "if attempt is not None and attempt.purpose.exclusive:",
        "if False:",
        "tests/exchange/test_replacing.py::test_an_agent_who_rings_for_a_queue_is_the_routers_choice",
    ),
    Mutant(
        "switch/exchange/diverting.py",
        "anchor.forwarded(identities.history(office, session, attempt, target), now)",
        "",
        _DIVERTING + "test_the_caller_is_told_by_181",
    ),
    Mutant(
        "switch/exchange/identities.py",
        "if settings is not None and not settings.caller.tell_forwarding:",
        "if False:",
        _DIVERTING + "test_a_customer_is_told_by_181_and_who_forwards_where_the_trunk_says_so",
    ),
    Mutant(
        "switch/exchange/identities.py",
        'Forwarding(account, "unconditional", hidden=accounts[account].withhold)',
        'Forwarding(account, "unconditional")',
        _DIVERTING + "test_the_caller_is_told_by_181",
    ),
    Mutant(
        "switch/call/incoming.py",
        'known = history if "histinfo" in self.invite.supported else ()',
        "known = history",
        _DIVERTING + "test_the_caller_is_told_by_181",
    ),
    Mutant(
        "switch/call/incoming.py",
        "if status in NOT_PASSED_ON:",
        "if False:",
        _TOLD + "test_what_the_called_side_said_of_our_own_request_is_not_told",
    ),
    Mutant(
        "switch/exchange/hearing.py",
        "anchor.forwarded((), now)",
        "",
        _TOLD + "test_a_181_is_told_and_rings",
    ),
    Mutant(
        "switch/exchange/understanding.py",
        "unknown = [tag for tag in dict.fromkeys(asked) if tag not in supported and tag != PRIVACY]",
        "unknown = [tag for tag in dict.fromkeys(asked) if tag not in supported]",
        "tests/exchange/test_identities.py::test_a_phone_that_withholds_is_known_to_our_carrier_alone",
    ),
    Mutant(
        "switch/call/session_timer.py",
        'who, interval_s = "uas", max(interval_s, MIN_SE_S)',
        'who = "uas"',
        "tests/call/test_pair_session.py::test_a_timer_below_the_least_of_a_caller_who_knows_none",
    ),
)
