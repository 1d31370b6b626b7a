"""How an account is called on the wire, and back.

Two tenants may both have an account `101`, and a phone may know the switch by an IP address alone, so
neither the bare account nor its domain tells whose it is. On the wire an account is `TENANT-ACCOUNT`,
such as `maple-101`: that is the user of its SIP address and its digest username, one realm serves all,
and the tenant of a call follows from the account that authenticated it. Tenant keys have no
hyphen, so that the first hyphen always divides; accounts may have more of them.
"""

import re
from functools import lru_cache

TENANT_KEY_PATTERN = r"[a-z][a-z0-9_]{0,31}"
ACCOUNT_PATTERN = r"[a-z0-9][a-z0-9._-]{0,31}"

NAMES_KEPT = 4_096
"""Accounts whose name on the wire is kept made: each call and each registration asks for some."""

_WIRE = re.compile(f"({TENANT_KEY_PATTERN})-({ACCOUNT_PATTERN})")
_TENANT_KEY = re.compile(TENANT_KEY_PATTERN)
_ACCOUNT = re.compile(ACCOUNT_PATTERN)


def is_tenant_key(text: str) -> bool:
    """Whether a tenant may be called so."""
    return _TENANT_KEY.fullmatch(text) is not None


def is_account(text: str) -> bool:
    """Whether an account may be called so."""
    return _ACCOUNT.fullmatch(text) is not None


@lru_cache(NAMES_KEPT)
def wire_name(tenant: str, account: str) -> str:
    """`maple` and `101` give `maple-101`."""
    assert is_tenant_key(tenant), tenant
    assert is_account(account), account
    return f"{tenant}-{account}"


def split_wire_name(name: str) -> tuple[str, str] | None:
    """`maple-101` gives (`maple`, `101`); None where it cannot be a name of ours."""
    match = _WIRE.fullmatch(name)
    return None if match is None else (match[1], match[2])
