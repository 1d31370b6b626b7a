"""Whose number: no text that one tenant dials reaches another, emergencies always leave, fraud does not."""

from tests.mutants.mutant import Mutant

_DIRECTORY = "switch/tenant/directory.py"
_NAMES = "switch/tenant/names.py"
_NUMBERS = "switch/tenant/numbers.py"
_BY = "tests/tenant/test_directory.py::"
_BY_NAMES = "tests/tenant/test_names.py::"

_LIMITS = "switch/tenant/limits.py"
_COUNTED = "tests/tenant/test_limits.py::"

MUTANTS = (
    Mutant(
        _LIMITS,
        "if limits.calls and len(usage.tickets) >= limits.calls:",
        "if limits.calls and len(usage.tickets) > limits.calls:",
        _COUNTED + "test_calls_at_once_are_limited_until_one_ends",
    ),
    Mutant(
        _LIMITS,
        "while self.starts and self.starts[0] <= now - MINUTE_US:",
        "while self.starts and self.starts[0] < now - MINUTE_US:",
        _COUNTED + "test_calls_a_minute_are_counted_by_their_beginning_and_forgotten_after_a_minute",
    ),
    Mutant(
        _LIMITS,
        "if number.startswith(limits.deny_prefixes) or (",
        "if (",
        _COUNTED + "test_a_denied_prefix_wins_over_an_allowed_one",
    ),
    Mutant(
        _LIMITS,
        "return max(found)[1] if found else None",
        "return min(found)[1] if found else None",
        _COUNTED + "test_the_hours_cost_counts_calls_that_stand_and_forgets_after_an_hour",
    ),
    Mutant(
        _DIRECTORY,
        "if owner is not None and owner[0] == tenant:",
        "if owner is not None:",
        _BY + "test_inside_a_tenant",
    ),
    Mutant(
        _DIRECTORY,
        "account = wire[1] if wire is not None and wire[0] == entry.key else dialled",
        "account = wire[1] if wire is not None else dialled",
        _BY + "test_inside_a_tenant",
    ),
    Mutant(
        _DIRECTORY,
        "if account in entry.extensions:",
        "if wire is not None or account in entry.extensions:",
        _BY + "test_inside_a_tenant",
    ),
    Mutant(
        _DIRECTORY,
        "if key in self._owners:",
        "if key in self._owners and self._owners[key][0] == entry.key:",
        _BY + "test_wrong_entries_are_refused_with_a_reason",
    ),
    Mutant(
        _DIRECTORY,
        "if text is not None and is_emergency(text, entry.country):",
        "if text is not None and text is beyond and is_emergency(text, entry.country):",
        _BY + "test_emergencies_need_neither_prefix_nor_permission",
    ),
    # Calls to premium numbers from a stolen phone cost a company its month.
    Mutant(
        _DIRECTORY,
        "if not number.startswith(entry.outside_allowed) or (is_premium(number) and not "
        "entry.premium_allowed):",
        "if not number.startswith(entry.outside_allowed):",
        _BY + "test_outside_numbers_that_are_refused",
    ),
    Mutant(
        _DIRECTORY,
        "if not number.startswith(entry.outside_allowed) or (is_premium(number) and not "
        "entry.premium_allowed):",
        "if is_premium(number) and not entry.premium_allowed:",
        _BY + "test_outside_numbers_that_are_refused",
    ),
    Mutant(
        _DIRECTORY,
        "return None if prefix is None else digits.removeprefix(prefix)",
        "return digits if prefix is None else digits.removeprefix(prefix)",
        _BY + "test_outside_numbers_that_are_refused",
    ),
    Mutant(
        _DIRECTORY,
        "caller_id = dict(entry.account_caller_ids).get(by_account, entry.caller_id)",
        "caller_id = entry.caller_id",
        _BY + "test_an_account_may_have_its_own_number",
    ),
    Mutant(
        _DIRECTORY,
        "if not entry.trunk:",
        "if not entry.trunk and not emergency:",
        _BY + "test_without_a_trunk_nothing_leaves",
    ),
    Mutant(
        _NAMES,
        '_WIRE = re.compile(f"({TENANT_KEY_PATTERN})-({ACCOUNT_PATTERN})")',
        '_WIRE = re.compile(f"([a-z][a-z0-9_-]{{0,31}})-({ACCOUNT_PATTERN})")',
        _BY_NAMES + "test_the_first_hyphen_divides",
    ),
    # Letters are no digits: phonenumbers would read 1-800-FLOWERS.
    Mutant(
        _NUMBERS,
        "if not (digits.isascii() and digits.isdigit()) or len(dialled) > DIALLED_LENGTH_MAX:",
        "if not digits or len(dialled) > DIALLED_LENGTH_MAX:",
        _BY + "test_outside_numbers_that_are_refused",
    ),
)
