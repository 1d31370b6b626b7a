"""Knobs that others have (docs/peers.md), and lines that fail during a talk."""

from tests.mutants.mutant import Mutant

_QUEUEING = "switch/exchange/actions/queueing.py"
_LINES = "switch/exchange/lines.py"
_BY_LINES = "tests/exchange/test_lines.py::"
_WAITING = "switch/dialplan/waiting.py"
_BY_ASTERISK = "tests/exchange/test_knobs_asterisk.py::"
_BY_FREESWITCH = "tests/exchange/test_knobs_freeswitch.py::"

MUTANTS = (
    Mutant(
        _QUEUEING,
        "return (replace(steps[-1], after_s=0),) if signed_in < queue.widen_at_once_below else steps",
        "return steps",
        _BY_ASTERISK + "test_penalties_do_not_count_where_too_few_are_signed_in",
    ),
    Mutant(
        _QUEUEING,
        "return (replace(steps[-1], after_s=0),) if signed_in < queue.widen_at_once_below else steps",
        "return (replace(steps[-1], after_s=0),)",
        _BY_ASTERISK + "test_penalties_fall_with_the_wait",
    ),
    Mutant(
        _WAITING,
        "return not announce.only_better or not self.place_told or position < self.place_told",
        "return not announce.only_better or not self.place_told or position <= self.place_told",
        _BY_ASTERISK + "test_announcements_in_the_order_that_is_stated",
    ),
    Mutant(
        _WAITING,
        "if announce.position_max and position > announce.position_max:",
        "if announce.position_max and position >= announce.position_max:",
        _BY_ASTERISK + "test_announcements_in_the_order_that_is_stated",
    ),
    Mutant(
        _WAITING,
        "due = announce.estimate and not (announce.estimate_once and self.estimate_told)",
        "due = announce.estimate",
        _BY_ASTERISK + "test_announcements_in_the_order_that_is_stated",
    ),
    Mutant(
        "switch/dialplan/queue_steps.py",
        "priority=model.priority,",
        "priority=plan.priority or model.priority,",
        _BY_ASTERISK + "test_the_caller_with_more_priority_comes_first",
    ),
    Mutant(
        "switch/exchange/routing.py",
        "if plan is not None and plan.on_demand:",
        "if plan is None:",
        _BY_FREESWITCH + "test_available_on_demand_is_one_call_at_a_time",
    ),
    Mutant(
        _LINES,
        "troubled = line.troubled and line.talk == leg.id",
        "troubled = False",
        _BY_LINES + "test_a_talk_with_a_bad_stretch_is_no_good_talk_at_its_end",
    ),
    Mutant(
        _LINES,
        "line.before = quality",
        "",
        _BY_LINES + "test_a_line_that_fails_during_a_talk_is_told_of_and_asked_last_from_the_next_call_on",
    ),
    Mutant(
        _LINES,
        "if stretch.packets_sent < LOOKED_PACKETS:",
        "if stretch.packets_sent < 250:",
        _BY_LINES + "test_a_short_stretch_says_nothing",
    ),
)
