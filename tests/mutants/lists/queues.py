"""Gates, callbacks, lines, several offers: who does not wait, whose place is kept, who is passed over."""

from tests.mutants.mutant import Mutant

_RINGS = "switch/dialplan/requirement.py"
_CALLBACKS = "switch/exchange/callbacks.py"
_LINES = "switch/exchange/lines.py"
_ROUTING = "switch/exchange/routing.py"
_WISHES = "switch/exchange/wishes.py"
_BY_GATES = "tests/dialplan/test_gates.py::"
_BY_RINGS = "tests/dialplan/test_routing_words.py::"
_BY_CALLBACKS = "tests/exchange/test_callbacks.py::"
_BY_LINES = "tests/exchange/test_lines.py::"
_BY_OFFERS = "tests/exchange/test_several_offers.py::"
_BY_LAST = "tests/exchange/test_last_agent.py::"

MUTANTS = (
    Mutant(
        "switch/base/gates.py",
        "if estimate_s_max and estimate_s > estimate_s_max:",
        "if estimate_s_max and estimate_s >= estimate_s_max:",
        _BY_GATES + "test_each_gate_has_its_way_out",
    ),
    Mutant(
        _RINGS,
        "any_of=groups if all(groups) else (),",
        "any_of=groups,",
        _BY_RINGS + "test_rings_widen_and_never_narrow",
    ),
    Mutant(
        _CALLBACKS,
        "since=waited or now,",
        "since=now,",
        _BY_CALLBACKS + "test_a_caller_keeps_the_place_and_is_called_when_an_agent_has_answered",
    ),
    Mutant(
        _CALLBACKS,
        "if not isinstance(destination, OutsideDestination) or is_premium(number):",
        "if not isinstance(destination, OutsideDestination):",
        _BY_CALLBACKS + "test_a_premium_number_is_refused_though_phones_may_dial_it",
    ),
    Mutant(
        _CALLBACKS,
        "known = book.by_wish.get((session.tenant, action.queue, number))",
        "known = None",
        _BY_CALLBACKS + "test_a_second_wish_for_the_same_number_makes_no_second_callback",
    ),
    Mutant(
        _CALLBACKS,
        "if askers[0].contact_state is ContactState.CONNECTED:",
        "if False:",
        _BY_CALLBACKS + "test_an_agent_who_is_faster_than_the_disk_has_the_caller",
    ),
    Mutant(
        "switch/acd/line_quality.py",
        "self.good = self.good + 1 if not heard.bad(2) else 0",
        "self.good = self.good + 1",
        _BY_LINES + "test_two_good_talks_in_a_row_bring_it_back",
    ),
    Mutant(
        _ROUTING,
        "cause = ours(Reason.ELSEWHERE if elsewhere else Reason.CANCELLED)",
        "cause = ours(Reason.CANCELLED)",
        _BY_OFFERS + "test_all_are_rung_the_first_wins_and_the_others_have_no_missed_call",
    ),
    Mutant(
        _WISHES,
        "if not _tells_who(caller):",
        "if not caller:",
        _BY_LAST + "test_callers_without_a_number_are_nobody_in_particular",
    ),
)
