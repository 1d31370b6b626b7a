"""Who owns a number, and what a text dialled by a phone means in its tenant.

A phone's text is tried as: a feature code, an extension, an emergency number, one of the tenant's own public
numbers, an outside number. Nothing in it can name another tenant: another's public number is
an outside number like any other, and leaves by the trunk.
"""

from collections.abc import Iterable, Iterator

from switch.base.errors import ConfigurationError, Problem
from switch.tenant.entry import (
    Destination,
    ExtensionDestination,
    FlowDestination,
    OutsideDestination,
    TenantEntry,
    Unknown,
    UnknownReason,
)
from switch.tenant.names import is_account, is_tenant_key, split_wire_name, wire_name
from switch.tenant.numbers import (
    DIALLED_LENGTH_MAX,
    clean,
    is_country,
    is_emergency,
    is_premium,
    to_e164,
)


class Directory:
    """All tenants. Built whole from values and replaced whole at a reload.

    `warnings` are lines for the administrator: what is legal and surprising.
    """

    __slots__ = ("_entries", "_owners", "warnings")

    def __init__(self, entries: Iterable[TenantEntry]) -> None:
        """Raises `ConfigurationError` where two tenants claim a number, or one text has two meanings.

        Its problems carry the tenant's key as `file` and no position: the reader of the files, who has
        positions, checks first, and this is the net below it.
        """
        entries = tuple(entries)
        problems = [problem for entry in entries for problem in _entry_problems(entry)]
        self._entries = {entry.key: entry for entry in entries}
        if len(self._entries) < len(entries):
            problems.append(Problem("", 0, 0, "two tenants have the same key"))
        self._owners: dict[str, tuple[str, str]] = {}
        for entry in entries:
            for number in sorted(entry.numbers):
                key = to_e164(number, entry.country) or clean(number)
                if key in self._owners:
                    other, written = self._owners[key]
                    problems.append(
                        _problem(entry, f"number {number} is {written} of tenant {other} already")
                    )
                self._owners[key] = (entry.key, number)
        if problems:
            raise ConfigurationError(tuple(problems))
        self.warnings = tuple(line for entry in entries for line in _entry_warnings(entry))

    def entry(self, tenant: str) -> TenantEntry | None:
        """One tenant, by its key."""
        return self._entries.get(tenant)

    def entries(self) -> tuple[TenantEntry, ...]:
        """All tenants, in the order given."""
        return tuple(self._entries.values())

    def by_number(self, dialled: str) -> tuple[str, str] | None:
        """(tenant, number as its administrator wrote it) for a number that a carrier sends.

        `dialled` is E.164 where the trunk could make it so, else the carrier's digits.
        """
        digits = clean(dialled)
        return self._owners.get(digits) or self._owners.get(f"+{digits}")

    def resolve(self, tenant: str, dialled: str, by_account: str = "") -> Destination:
        """What `dialled` means to a phone of `tenant`; `by_account` chooses the caller's number."""
        entry = self._entries.get(tenant)
        if entry is None:
            return Unknown(UnknownReason.NO_SUCH_TENANT)
        if len(dialled) > DIALLED_LENGTH_MAX:
            return Unknown(UnknownReason.NO_SUCH_NUMBER)
        internal = _internal(entry, dialled.partition(";")[0])
        if internal is not None:
            return internal
        digits = clean(dialled)
        beyond = _beyond_prefix(entry, digits)
        for text in (digits, beyond):
            if text is not None and is_emergency(text, entry.country):
                return _outside(entry, text, by_account, emergency=True)
        for text in (digits, beyond):
            owner = None if text is None else self._owners.get(to_e164(text, entry.country) or text)
            if owner is not None and owner[0] == tenant:
                return FlowDestination(tenant, owner[1])
        number = None if beyond is None else to_e164(beyond, entry.country)
        if number is None:
            return Unknown(UnknownReason.NO_SUCH_NUMBER)
        if not number.startswith(entry.outside_allowed) or (is_premium(number) and not entry.premium_allowed):
            return Unknown(UnknownReason.NOT_ALLOWED)
        return _outside(entry, number, by_account)


def _internal(entry: TenantEntry, dialled: str) -> Destination | None:
    """A feature code or an extension, by its own name or by what it registers as."""
    if dialled in entry.feature_codes:
        return FlowDestination(entry.key, dialled)
    wire = split_wire_name(dialled)
    account = wire[1] if wire is not None and wire[0] == entry.key else dialled
    if account in entry.extensions:
        return ExtensionDestination(entry.key, account, wire_name(entry.key, account))
    return None


def _beyond_prefix(entry: TenantEntry, digits: str) -> str | None:
    """The outside number in a dialled text; None where the tenant's prefix for one is missing.

    A leading + is how phone books write numbers, and says "outside" by itself.
    """
    if digits.startswith("+") or not entry.outside_prefixes:
        return digits
    prefix = next((p for p in entry.outside_prefixes if digits.startswith(p) and digits != p), None)
    return None if prefix is None else digits.removeprefix(prefix)


def _outside(entry: TenantEntry, number: str, by_account: str, *, emergency: bool = False) -> Destination:
    if not entry.trunk:
        return Unknown(UnknownReason.NO_TRUNK)
    caller_id = dict(entry.account_caller_ids).get(by_account, entry.caller_id)
    return OutsideDestination(entry.key, number, entry.trunk, caller_id, emergency)


def _problem(entry: TenantEntry, message: str) -> Problem:
    return Problem(entry.key, 0, 0, message)


def _entry_problems(entry: TenantEntry) -> Iterator[Problem]:
    if not is_tenant_key(entry.key):
        yield _problem(entry, f"tenant key {entry.key!r}: expected a small letter, then letters, digits or _")
    if not is_country(entry.country):
        yield _problem(entry, f"country {entry.country!r}: expected two letters of ISO 3166, such as FR")
        return
    for account in sorted(entry.extensions):
        if not is_account(account):
            yield _problem(entry, f"extension {account!r}: expected small letters, digits, '.', '_' or '-'")
        if account in entry.feature_codes:
            yield _problem(entry, f"{account} is an extension and a feature code")
    for number in sorted(entry.numbers & (entry.extensions | entry.feature_codes)):
        yield _problem(entry, f"{number} is a public number and an extension or feature code")
    for number in (entry.caller_id, *(number for _, number in entry.account_caller_ids)):
        if number and to_e164(number, "ZZ") != number:
            yield _problem(entry, f"caller id {number!r}: expected E.164, such as +33170180101")
    for prefix in entry.outside_allowed:
        if not (prefix.startswith("+") and (prefix == "+" or prefix[1:].isdigit())):
            yield _problem(entry, f"outside_allowed {prefix!r}: expected + and digits, such as +33")


def _entry_warnings(entry: TenantEntry) -> Iterator[str]:
    for name in sorted(entry.extensions | entry.feature_codes):
        if is_emergency(name, entry.country):
            yield f"tenant {entry.key}: {name} hides the emergency number {name} of {entry.country}"
