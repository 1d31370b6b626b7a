"""Simulation and staffing: figures that people are employed by."""

from tests.mutants.mutant import Mutant

_STAFFING = "switch/wfm/staffing.py"
_STAYS = "tests/wfm/test_staffing.py::test_an_agent_who_is_missed_is_given_back_and_the_others_stay_away"

_GATES = "switch/wfm/gates.py"
_DAY = "switch/wfm/day.py"
_BY_GATES = "tests/wfm/test_gates.py::"

_BY_LINES = "tests/wfm/test_lines.py::"
_PROMISES = "switch/wfm/promises.py"
_BY_CALLBACKS = "tests/wfm/test_callbacks.py::"

MUTANTS = (
    # Lines: a short talk says nothing, a grade lapses, and the share of a group is that.
    Mutant(
        "switch/wfm/lines.py",
        "if talked_s < JUDGED_S:",
        "if talked_s < 0:",
        _BY_LINES + "test_a_short_talk_says_nothing",
    ),
    Mutant(
        "switch/wfm/lines.py",
        "if not line.due or now < line.due:",
        "if not line.due or now <= line.due:",
        _BY_LINES + "test_an_unusable_line_is_passed_over_and_tried_again_after_ten_minutes",
    ),
    Mutant(
        "switch/acd/line_quality.py",
        "unusable = self.bad > 1 and heard.loss > LOSS_UNUSABLE",
        "unusable = heard.loss > LOSS_UNUSABLE",
        _BY_LINES + "test_an_unusable_line_is_passed_over_and_tried_again_after_ten_minutes",
    ),
    # A callback keeps the place of its caller.
    Mutant(
        _DAY,
        "since = promise.since or -1",
        "since = self._now",
        _BY_CALLBACKS + "test_whoever_is_called_back_keeps_the_place",
    ),
    Mutant(
        _PROMISES,
        "elif promise.tries >= promise.rules.tries:",
        "elif promise.tries > promise.rules.tries:",
        _BY_CALLBACKS + "test_a_customer_who_does_not_answer_is_tried_again",
    ),
    Mutant(
        "switch/base/promises.py",
        "return Turn.ENTERS if opened else Turn.RESTS",
        "return Turn.ENTERS",
        _BY_CALLBACKS + "test_how_a_promise_ends",
    ),
    Mutant(
        _DAY,
        'return (agent if self._now < until else "", max(0, sticky_s) * SECOND)',
        "return (agent, max(0, sticky_s) * SECOND)",
        _BY_CALLBACKS + "test_a_customer_comes_back_to_the_agent_of_last_time",
    ),
    # A day is shut from the minute of closing until that of opening.
    Mutant(
        "switch/wfm/ways.py",
        'return shut[place].gate if place >= 0 and at_s < shut[place].until_s else ""',
        'return shut[place].gate if place >= 0 and at_s <= shut[place].until_s else ""',
        _BY_GATES + "test_whoever_comes_while_it_is_shut_goes_to_that_gate",
    ),
    # Callers who wait when it closes are served, unless the queue says otherwise.
    Mutant(
        _GATES,
        "if not entry and CLOSED in rules.leave_when:",
        "if not entry:",
        _BY_GATES + "test_who_waits_leaves_when_it_closes_only_where_that_is_stated",
    ),
    Mutant(
        _GATES,
        "if signed_in >= below:",
        "if signed_in > below:",
        _BY_GATES + "test_few_agents_widen_at_once",
    ),
    # Patience is the caller's, not the queue's.
    Mutant(
        _DAY,
        "again = (visit.caller, visit.tries_left, wait, visit.gives_up_s, visit.moves + 1)",
        "again = (visit.caller, visit.tries_left, wait, self._now / SECOND + 30, visit.moves + 1)",
        _BY_GATES + "test_patience_goes_on_in_the_next_queue",
    ),
    Mutant(
        _DAY,
        "if visit.moves >= MOVES_MAX:",
        "if visit.moves >= MOVES_MAX + 1:",
        _BY_GATES + "test_two_queues_that_send_callers_to_each_other_end",
    ),
    Mutant(
        "switch/wfm/books.py",
        "return self.start + self.entered == sum(self.exits.values()) + self.end",
        "return True",
        _BY_GATES + "test_books_that_do_not_balance_are_said",
    ),
    # One interval that needs its agent is no reason to keep agents elsewhere.
    Mutant(
        _STAFFING,
        "blamed = {place for place in open_places if missed & {place - 1, place, place + 1}}",
        "blamed = set()",
        _STAYS,
    ),
    # A line that is left behind is seen in the interval after.
    Mutant(
        _STAFFING,
        "blamed = {place for place in open_places if missed & {place - 1, place, place + 1}}",
        "blamed = {place for place in open_places if missed & {place}}",
        _STAYS,
    ),
    Mutant(_STAFFING, "kept = open_places - blamed if blamed else set()", "kept = set()", _STAYS),
    # Whoever is missed comes back.
    Mutant(
        _STAFFING,
        "for place in blamed or open_places:",
        "for place in set():",
        _STAYS,
    ),
    # Kaplan and Meier: who was answered had waited until then, and counts as long.
    Mutant(
        "switch/wfm/patience.py",
        "left -= len(ended)",
        "left -= gave_up",
        "tests/wfm/test_patience.py::test_the_textbook_example",
    ),
    Mutant(
        "switch/wfm/patience.py",
        "target = self.at(waited) * (1 - chance)",
        "target = 1 - chance",
        "tests/wfm/test_patience.py::test_whoever_waited_longer_gives_up_later",
    ),
)
