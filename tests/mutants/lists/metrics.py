"""Figures that managers act on: each counted once, for the right queue, by its definition."""

from tests.mutants.mutant import Mutant

_COUNTERS = "switch/metrics/counters.py"
_TALLY = "switch/metrics/tally.py"
_REPORT = "switch/metrics/report.py"
_BY = "tests/metrics/test_metrics.py::"
_BY_REPORT = "tests/metrics/test_report.py::"

MUTANTS = (
    Mutant(
        _COUNTERS,
        "if event.waited_us <= self.threshold_us(tenant, event.queue):",
        "if event.waited_us < self.threshold_us(tenant, event.queue):",
        _BY + "test_the_threshold_is_the_queues_own_and_inclusive",
    ),
    Mutant(
        _COUNTERS,
        "return self._thresholds_us.get((tenant, queue), words.SERVICE_LEVEL_US)",
        "return words.SERVICE_LEVEL_US",
        _BY + "test_a_queue_may_promise_less_than_others",
    ),
    Mutant(
        _COUNTERS,
        "self._abandoned.add(tenant, queue)",
        "",
        _BY + "test_the_threshold_is_the_queues_own_and_inclusive",
    ),
    Mutant(
        _COUNTERS,
        "self._wrapping_since.setdefault(agent, entry.at)",
        "self._wrapping_since[agent] = entry.at + 1_000_000",
        _BY + "test_wrap_up_is_counted_for_the_queue_that_was_served",
    ),
    Mutant(
        _COUNTERS,
        "since = self._wrapping_since.pop(agent, None)",
        "since = self._wrapping_since.get(agent)",
        _BY + "test_wrap_up_is_counted_for_the_queue_that_was_served",
    ),
    Mutant(
        _COUNTERS,
        "self._offers_ended.add(tenant, words.ANSWERED)",
        "",
        _BY + "test_a_whole_call",
    ),
    Mutant(
        _COUNTERS,
        "self._entered.add(entry.tenant, event.queue)",
        'self._entered.add("", event.queue)',
        _BY + "test_two_tenants_with_the_same_queue_name_do_not_mix",
    ),
    Mutant(
        _TALLY,
        'return self.tenant in ("", tenant) and self.queue in ("", queue)',
        'return self.queue in ("", queue)',
        _BY_REPORT + "test_tenants_with_the_same_names_do_not_mix",
    ),
    Mutant(
        _TALLY,
        "return self.from_wall_us <= wall_us < self.until_wall_us",
        "return self.from_wall_us <= wall_us <= self.until_wall_us",
        _BY_REPORT + "test_the_interval_decides_by_the_end_of_the_wait",
    ),
    Mutant(
        _TALLY,
        "self._stop_agents(self._last_wall_us)",
        "",
        _BY_REPORT + "test_a_killed_switch_does_not_make_agents_busy_until_its_next_start",
    ),
    Mutant(
        _TALLY,
        "counts.not_let_in -= 1",
        "",
        _BY_REPORT + "test_entered_and_refused_are_told_apart",
    ),
    Mutant(
        _REPORT,
        "counts.answered_in_time + counts.abandoned_in_time,",
        "counts.answered_in_time,",
        _BY_REPORT + "test_service_level_counts_answers_and_abandons_within_the_threshold",
    ),
    Mutant(
        _REPORT,
        "call != handled.call and handled.ended_wall_us < wall_us <= handled.ended_wall_us + window_us",
        "handled.ended_wall_us < wall_us <= handled.ended_wall_us + window_us",
        _BY_REPORT + "test_a_call_that_comes_back_to_its_queue_by_transfer_is_one_contact",
    ),
)
