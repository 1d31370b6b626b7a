"""Floor 0: timers that fire once and in order, one generator, messages that name the place."""

from tests.mutants.mutant import Mutant

_TIMERS = "switch/base/timers.py"
_RNG = "switch/base/rng.py"
_BY_TIMERS = "tests/base/test_timers.py::TestTimerHeap::"
_BY_RNG = "tests/base/test_rng.py::"

MUTANTS = (
    Mutant(
        _TIMERS,
        "if at is None or at > now:",
        "if at is None or at > now + 1:",
        _BY_TIMERS + "test_a_timer_is_not_due_before_its_time",
    ),
    Mutant(
        _TIMERS,
        "if self._due.get(key, _NEVER)[1] == order:",
        "if key in self._due:",
        _BY_TIMERS + "test_setting_again_moves_a_timer_and_its_old_time_never_fires",
    ),
    Mutant(
        _TIMERS,
        "self._order += 1",
        "self._order -= 1",
        _BY_TIMERS + "test_equal_times_fire_in_the_order_they_were_set",
    ),
    Mutant(
        _TIMERS,
        "self._heap = [(due, order, k) for k, (due, order) in self._due.items()]",
        "",
        _BY_TIMERS + "test_ghosts_are_swept_so_that_a_restless_timer_costs_no_memory",
    ),
    Mutant(
        _TIMERS,
        "heapify(self._heap)",
        "",
        _BY_TIMERS + "test_a_sweep_keeps_the_order_of_the_living",
    ),
    Mutant(
        _TIMERS,
        "self._due.pop(key, None)",
        "",
        _BY_TIMERS + "test_it_does_what_a_searched_dict_does",
    ),
    Mutant(
        _RNG,
        "z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK",
        "z = ((z ^ (z >> 28)) * 0x94D049BB133111EB) & _MASK",
        _BY_RNG + "test_the_first_words_of_the_reference_implementation",
    ),
    Mutant(
        _RNG,
        "return self.below(denominator) < numerator",
        "return self.below(denominator) <= numerator",
        _BY_RNG + "test_chance_is_the_ratio",
    ),
    Mutant(
        "switch/base/tokens.py",
        "self._next += 1",
        "",
        _BY_RNG + "test_ids_are_readable_and_never_repeat",
    ),
    Mutant(
        "switch/base/errors.py",
        'return f"{self.file}:{self.line}:{self.column}: {self.message}"',
        'return f"{self.file}:{self.column}:{self.line}: {self.message}"',
        "tests/base/test_errors.py::test_a_problem_reads_like_a_compilers_so_that_editors_jump_to_it",
    ),
)
