"""A tenant's numbers, and what a dialled text turns out to be."""

from dataclasses import dataclass
from enum import StrEnum

from switch.base.values import quick


@dataclass(frozen=True, slots=True)
class TenantEntry:
    """What the directory knows of one tenant.

    `numbers` are the public ones, unique across tenants, each leading to a flow; as written by the
    administrator, in E.164 or in the national form of `country` (ISO 3166 two letters).
    `feature_codes` are codes and short numbers (`*11`, `600`) that lead to a flow and that only the
    tenant's own phones can dial. `extensions` are accounts that can be dialled by their name.
    `outside_prefixes` are digits before an outside number ("0" or "9"); where there are any, one of
    them must be dialled. `outside_allowed` are E.164 prefixes (`+33`, `+1`, `+` for the whole world);
    none means no outside calls but emergencies. Premium-rate numbers need `premium_allowed` besides.
    `trunk` empty means no outside calls at all. `caller_id` is E.164; `account_caller_ids` pairs
    accounts with a number of their own.
    """

    key: str
    domain: str = ""
    numbers: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    feature_codes: frozenset[str] = frozenset()
    country: str = "FR"
    trunk: str = ""
    caller_id: str = ""
    account_caller_ids: tuple[tuple[str, str], ...] = ()
    outside_prefixes: tuple[str, ...] = ()
    outside_allowed: tuple[str, ...] = ()
    premium_allowed: bool = False


@quick
@dataclass(frozen=True, slots=True)
class FlowDestination:
    """A number or code of the tenant's dialplan; `number` is as the administrator wrote it."""

    tenant: str
    number: str


@quick
@dataclass(frozen=True, slots=True)
class ExtensionDestination:
    """A phone of the same tenant; `name` is what it registers as."""

    tenant: str
    account: str
    name: str


@quick
@dataclass(frozen=True, slots=True)
class OutsideDestination:
    """A number for the tenant's trunk: E.164, or the short number of an emergency service."""

    tenant: str
    number: str
    trunk: str
    caller_id: str
    emergency: bool = False


class UnknownReason(StrEnum):
    """Why a dialled text leads nowhere."""

    NO_SUCH_TENANT = "no-such-tenant"
    NO_SUCH_NUMBER = "no-such-number"
    NOT_ALLOWED = "not-allowed"
    NO_TRUNK = "no-trunk"


@dataclass(frozen=True, slots=True)
class Unknown:
    """The text leads nowhere: 404 for a number that is none, 403 where it is not allowed."""

    reason: UnknownReason

    @property
    def status(self) -> int:
        return 403 if self.reason is UnknownReason.NOT_ALLOWED else 404


Destination = FlowDestination | ExtensionDestination | OutsideDestination | Unknown
