"""The one order of what happened: no gap, nothing twice, the same bytes on any machine."""

from tests.mutants.mutant import Mutant

_ENTRY = "switch/journal/entry.py"
_CODEC = "switch/journal/codec.py"
_WHY = "switch/journal/why.py"
_BY_ENTRY = "tests/journal/test_entry.py::"
_BY_CODEC = "tests/journal/test_codec.py::"
_BY_WHY = "tests/journal/test_why.py::"

MUTANTS = (
    Mutant(
        _ENTRY,
        "self._sequence += 1",
        "self._sequence += 2",
        _BY_ENTRY + "test_sequences_have_no_gap_and_go_on_after_a_restart",
    ),
    Mutant(
        _ENTRY,
        "entries, self._entries = self._entries, []",
        "entries = self._entries",
        _BY_ENTRY + "test_each_entry_is_drained_once_and_in_order",
    ),
    Mutant(
        _ENTRY,
        "entry = Entry(self._sequence, now, now + self._offset_us, tenant, call, event)",
        "entry = Entry(self._sequence, now, now, tenant, call, event)",
        _BY_ENTRY + "test_wall_time_follows_a_clock_that_was_set",
    ),
    Mutant(
        _ENTRY,
        "self._offset_us = offset_us",
        "",
        _BY_ENTRY + "test_wall_time_follows_a_clock_that_was_set",
    ),
    Mutant(
        "switch/journal/texts.py",
        'dumps = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode',
        'dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode',
        _BY_CODEC + "test_an_unknown_event_is_canonical_in_whatever_order_it_came",
    ),
    # A newer version's entry must come back as it was, or a step back destroys the journal.
    Mutant(
        _CODEC,
        "if shape is None or version > shape.version:",
        "if shape is None:",
        _BY_CODEC + "test_what_is_not_understood_goes_through_unchanged",
    ),
    Mutant(
        _CODEC,
        "if not shape.required <= names or not names <= set(shape.names):",
        "if not shape.required <= names:",
        _BY_CODEC + "test_what_is_not_understood_goes_through_unchanged",
    ),
    Mutant(
        _CODEC,
        'self._hash.update(b"\\n")',
        "",
        _BY_CODEC + "test_the_digest_is_the_same_on_any_machine",
    ),
    Mutant(
        _CODEC,
        "return tuple([frozen(item) if type(item) is list else item for item in values])",
        "return values",
        _BY_CODEC + "test_arrays_come_back_as_tuples",
    ),
)
