"""Offers, reliable answers, session timers: both sides come to the same, a peer that is gone is noticed."""

from tests.mutants.mutant import Mutant

_RELIABLE = "switch/call/reliable.py"
_FORKS = "switch/call/forks.py"
_MODIFY = "switch/call/modify.py"
_TIMER = "switch/call/session_timer.py"
_OUTGOING = "switch/call/outgoing.py"
_INCOMING = "switch/call/incoming.py"
_EARLY = "tests/call/test_pair_early.py::"
_SESSION = "tests/call/test_pair_session.py::"
_CHANGES = "tests/call/test_changes.py::"

MUTANTS = (
    Mutant(
        _RELIABLE,
        "self._interval_us *= 2",
        "",
        _EARLY + "test_no_prack_ends_the_call_with_504",
    ),
    Mutant(
        _RELIABLE,
        "return waits or (self._waiting is not None and bool(self._waiting.body))",
        "return False",
        _EARLY + "test_the_200_waits_for_the_prack_of_a_session",
    ),
    Mutant(
        _INCOMING,
        "reliable.send_waiting(self.signalling, now)",
        "",
        _EARLY + "test_reliable_answers_come_over_a_network_that_loses_a_fifth",
    ),
    Mutant(
        _INCOMING,
        "if response.status != 200:",
        "if response.status == 500:",
        _CHANGES + "test_an_offer_in_a_prack_that_cannot_be_met_ends_the_call",
    ),
    Mutant(
        _FORKS,
        "if self.rseq and number != self.rseq + 1:",
        "if number == 0:",
        _CHANGES + "test_reliable_answers_of_the_callee_are_acknowledged_once_and_in_order",
    ),
    # The engine would go on with the early media of a phone that lost.
    Mutant(
        _OUTGOING,
        "if heard is not self.negotiation:",
        "if heard is None:",
        _EARLY + "test_of_a_forked_invite_one_dialog_wins_and_the_others_are_ended",
    ),
    Mutant(
        _OUTGOING,
        "if fork is not None and fork.ack is not None:",
        "if fork is None and tag is None:",
        _CHANGES + "test_a_surplus_answer_is_acknowledged_each_time_and_ended_once",
    ),
    Mutant(
        _MODIFY,
        "least_ms, steps = (2_100, 191) if leg.owns_call_id else (0, 201)",
        "least_ms, steps = (0, 201)",
        _SESSION + "test_the_owner_of_the_call_id_waits_longer_after_491",
    ),
    Mutant(
        _MODIFY,
        "change.at = now + GIVE_UP_US",
        "",
        _CHANGES + "test_a_re_invite_that_is_never_answered_is_called_off",
    ),
    Mutant(
        "switch/call/negotiation.py",
        "sent=_values(self._sent),",
        "sent=None,",
        _SESSION + "test_a_change_that_the_peer_refuses_leaves_the_session_as_it_was",
    ),
    Mutant(
        _TIMER,
        "self.end_at = now + (interval_s - min(BEFORE_END_S, interval_s // 3)) * SECOND",
        "self.end_at = now + 2 * interval_s * SECOND",
        _SESSION + "test_a_call_whose_peer_is_gone_ends_before_the_interval_is_over",
    ),
    Mutant(
        _TIMER,
        'if asked is None or asked[0] >= settings.min_s or "timer" not in request.supported:',
        "if asked is None or asked[0] >= settings.min_s:",
        "tests/exchange/test_rare_peers.py::"
        "test_a_caller_whose_timer_is_too_short_is_told_how_long_it_must_be",
    ),
    Mutant(
        "switch/call/leg.py",
        "if self.session_timer is not None and not self.remote_held:",
        "if self.session_timer is not None:",
        "tests/call/test_legs.py::test_a_peer_with_a_session_timer_is_asked_only_while_it_holds",
    ),
    Mutant(
        "switch/call/leg.py",
        "self._bye_proved = True",
        "",
        "tests/call/test_legs.py::test_a_challenge_inside_the_dialog_is_answered_once",
    ),
)
