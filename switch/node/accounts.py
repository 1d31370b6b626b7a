"""Accounts and their secrets: made at first start, shown once, stored as digest hashes alone."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from switch.api.views import NewSecret
from switch.base.errors import ResourceError
from switch.dialplan.plan import Centre
from switch.node.compose import REALM
from switch.registrar.values import Account
from switch.sip.digest import HashedSecrets, hashed_secrets
from switch.store.store import Store
from switch.store.values import StoredAccount
from switch.tenant.names import wire_name

SECRET_BYTES = 12
"""96 bits: beyond guessing, and 16 characters to type into a desk phone."""

SECRETS_FILE = "secrets.txt"


def new_secret(tenant: str, account: str) -> tuple[NewSecret, StoredAccount]:
    """A fresh secret and what the store keeps of it."""
    user = wire_name(tenant, account)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    hashed = hashed_secrets(user, REALM, secret)
    return (
        NewSecret(tenant, account, user, REALM, secret),
        StoredAccount(tenant, account, hashed.md5, hashed.sha256),
    )


def make_missing(store: Store, centre: Centre) -> list[NewSecret]:
    """Secrets for accounts that have none yet."""
    known = {(row.tenant, row.account) for row in store.accounts()}
    made: list[NewSecret] = []
    for key, plan in centre.tenants.items():
        for name in plan.accounts:
            if (key, name) not in known:
                shown, stored = new_secret(key, name)
                store.put_account(stored)
                made.append(shown)
    return made


def load(store: Store, centre: Centre) -> list[Account]:
    """The configured accounts with their hashes; those of an earlier configuration rest in the store."""
    return [
        Account(wire_name(row.tenant, row.account), row.tenant, row.account, hashes(row))
        for row in store.accounts()
        if row.tenant in centre.tenants and row.account in centre.tenants[row.tenant].accounts
    ]


def hashes(row: StoredAccount) -> HashedSecrets:
    return HashedSecrets(md5=row.ha1_md5, sha256=row.ha1_sha256)


def keep(path: Path, new: Iterable[NewSecret]) -> None:
    """Add secrets to the file that only its owner reads: one `user secret` a line, the newest last."""
    lines = "".join(f"{item.user} {item.secret}\n" for item in new)
    if not lines:
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(lines)
    except OSError as error:
        raise ResourceError(f"cannot keep the secrets in {path}: {error.strerror}") from error
