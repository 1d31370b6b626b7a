"""Legs: every dialog ends once on both sides, holds are noticed, nobody is left in a call with nobody."""

from tests.mutants.mutant import Mutant

_LEG = "switch/call/leg.py"
_INCOMING = "switch/call/incoming.py"
_OUTGOING = "switch/call/outgoing.py"
_CALL = "switch/call/call.py"
_REPEATER = "switch/call/repeater.py"
_NEGOTIATION = "switch/call/negotiation.py"
_STATES = "switch/call/states.py"
_IN = "tests/call/test_incoming.py::"
_OUT = "tests/call/test_outgoing.py::"
_FLOWS = "tests/exchange/test_flows_of_phones.py::TestCallsThatOutliveTheirFlow::"
_WHOLE = "tests/exchange/test_small_calls.py::"
_STORY = "tests/sim/test_injection.py::"

MUTANTS = (
    Mutant(
        _LEG,
        "self.emit(events.MediaWanted(CloseStream(self.slot.number)))",
        "",
        _STORY + "test_the_undisturbed_story_has_all_its_parts",
    ),
    Mutant(
        _LEG,
        "self.emit(events.SlotReleased(self.slot.number))",
        "",
        _IN + "test_a_cancel_ends_it_once_and_gives_everything_back",
    ),
    Mutant(
        _LEG,
        "self.signalling.forget_dialog(self.dialog.key)",
        "",
        _IN + "test_a_bye_that_crosses_ours_ends_it_once",
    ),
    Mutant(
        _LEG,
        "if self._ended:",
        "if self.dialog is None:",
        _IN + "test_a_bye_that_crosses_ours_ends_it_once",
    ),
    Mutant(
        _LEG,
        "self.emit(events.LegHeld(self.id, self.remote_held))",
        "",
        _IN + "test_hold_and_back_are_told",
    ),
    Mutant(
        _LEG,
        "if inviting or self.negotiation.offering or self.repeater.waiting:",
        "if inviting or self.negotiation.offering:",
        _IN + "test_a_second_offer_waits_for_the_ack_of_the_first",
    ),
    # A lost BYE locks an agent in a call where dialogs are not asked for.
    Mutant(
        _LEG,
        "if is_probe and self.state is LegState.CONFIRMED:",
        "if is_probe and self.state is LegState.TERMINATED:",
        _IN + "test_a_peer_that_answers_is_asked_again",
    ),
    Mutant(
        _LEG,
        "if gone and (is_probe or known_lost) and self.state is LegState.CONFIRMED:",
        "if gone and known_lost and self.state is LegState.CONFIRMED:",
        _WHOLE + "test_a_phone_that_dies_on_hold_ends_the_call_all_the_same",
    ),
    Mutant(
        _INCOMING,
        "self.repeater.start(response, self.invite_transaction, now)",
        "",
        _IN + "test_an_answer_is_repeated_until_its_ack",
    ),
    Mutant(
        "switch/call/adrift.py",
        "return now - leg.adrift_at < RECONNECT_US",
        "return False",
        _FLOWS + "test_a_bye_waits_for_a_phone_between_two_networks",
    ),
    Mutant(
        "switch/call/modify.py",
        'if change.transaction and change.method == "INVITE":',
        "if change.transaction:",
        _FLOWS + "test_a_refresh_that_udp_has_swallowed_is_sent_by_the_new_mapping",
    ),
    Mutant(
        _INCOMING,
        "self._bye_cause = cause",
        "self.send_bye(cause, now)",
        _IN + "test_no_bye_before_the_ack",
    ),
    Mutant(
        _INCOMING,
        "self.end(Cause(Reason.CANCELLED, By.PEER, 487, told_by(message.request)))",
        "",
        _IN + "test_a_cancel_ends_it_once_and_gives_everything_back",
    ),
    Mutant(
        _REPEATER,
        "self._give_up_at = now + GIVE_UP_US",
        "self._give_up_at = now + 2 * GIVE_UP_US",
        _IN + "test_an_answer_without_ack_ends_the_leg",
    ),
    Mutant(
        _REPEATER,
        "self._interval_us = min(2 * self._interval_us, T2_US)",
        "",
        _IN + "test_an_answer_is_repeated_until_its_ack",
    ),
    Mutant(
        _OUTGOING,
        "if cancelling:",
        "if cancelling and not response.body:",
        _OUT + "test_an_answer_that_crosses_our_cancel_is_acknowledged_and_ended",
    ),
    Mutant(
        _OUTGOING,
        'self.signalling.layer.open(surplus.request("BYE"), flow, now)',
        "",
        _OUT + "test_of_two_phones_that_answer_the_second_is_ended",
    ),
    Mutant(
        _OUTGOING,
        "if self._authenticated or self.over:",
        "if self.over:",
        _OUT + "test_a_challenge_is_answered_once",
    ),
    Mutant(
        _NEGOTIATION,
        "idle_s=IDLE_S if receives and not agreement.remote_holds else 0,",
        "idle_s=IDLE_S,",
        _OUT + "test_silence_of_a_held_phone_is_no_loss",
    ),
    Mutant(
        _NEGOTIATION,
        "idle_s=IDLE_S if receives and not agreement.remote_holds else 0,",
        "idle_s=0,",
        _OUT + "test_silence_of_a_held_phone_is_no_loss",
    ),
    Mutant(
        "switch/call/refer.py",
        "idle = leg.referral is None or leg.referral.decided",
        "idle = True",
        _IN + "test_one_transfer_at_a_time",
    ),
    Mutant(
        "switch/call/cause.py",
        "if reason is Reason.ELSEWHERE:",
        "if reason is Reason.NORMAL:",
        _OUT + "test_a_phone_that_lost_the_race_shows_no_missed_call",
    ),
    Mutant(
        _CALL,
        "self.record.talked_us += now - self._talking_since",
        "",
        _WHOLE + "test_a_call_on_hold_may_last_and_its_time_is_in_the_record",
    ),
    Mutant(
        _CALL,
        "self.record.held_us += now - self._held_since",
        "",
        _WHOLE + "test_a_call_on_hold_may_last_and_its_time_is_in_the_record",
    ),
    Mutant(
        "switch/call/cause.py",
        "return self.told or reason_header(self.reason)",
        "return reason_header(self.reason)",
        "tests/exchange/test_reasons.py::test_a_callers_bye_says_to_the_phone_why",
    ),
    # A carrier outside must not aim us at machines inside.
    Mutant(
        "switch/call/ways.py",
        "return target.is_global or not ip_address(carrier).is_global",
        "return True",
        "tests/exchange/test_ways.py::test_where_a_target_leads",
    ),
    # The INVITE of a phone that crosses our CANCEL would stop the switch.
    Mutant(
        _OUTGOING,
        "elif self.over:",
        "elif False:",
        _OUT + "test_a_change_in_an_early_dialog_that_we_cancelled_is_refused",
    ),
)
