"""Who owns a number, and what a text dialled by a phone means in its tenant."""

from collections.abc import Iterable

from switch.tenant.entry import Destination, TenantEntry, Unknown, UnknownReason


class Directory:
    """All tenants. Built whole from values and replaced whole at a reload."""

    def __init__(self, entries: Iterable[TenantEntry]) -> None:
        """Raises `ConfigurationError` where two tenants claim a number, or one text has two meanings."""
        self._entries = {entry.key: entry for entry in entries}

    def entry(self, tenant: str) -> TenantEntry | None:
        return self._entries.get(tenant)

    def by_number(self, dialled: str) -> tuple[str, str] | None:
        """(tenant, number as its administrator wrote it) for a number that a carrier sends."""
        return None

    def resolve(self, tenant: str, dialled: str, by_account: str = "") -> Destination:
        """What `dialled` means to a phone of `tenant`; `by_account` chooses the caller's number."""
        return Unknown(UnknownReason.NO_SUCH_TENANT)
