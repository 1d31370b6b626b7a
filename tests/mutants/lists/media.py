"""The pool of media slots: a port is never two calls' at once."""

from tests.mutants.mutant import Mutant

_SLOTS = "switch/media/slots.py"
_BY = "tests/media/test_slots.py::"

MUTANTS = (
    Mutant(
        _SLOTS,
        "number = free.popleft()",
        "number = free.pop()",
        _BY + "test_first_released_is_first_reserved",
    ),
    Mutant(
        _SLOTS,
        "number = free.popleft()",
        "number = free[0]",
        _BY + "test_reserve_gives_each_slot_once_then_none",
    ),
    Mutant(
        _SLOTS,
        'assert number in self._used, "a slot is released once"',
        "self._used.add(number)",
        _BY + "test_release_of_what_is_not_reserved_is_our_bug",
    ),
    Mutant(
        _SLOTS,
        "self._used.remove(number)",
        "",
        _BY + "test_a_freed_port_rests_as_long_as_the_pool_allows",
    ),
)
