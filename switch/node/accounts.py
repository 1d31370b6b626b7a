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


def new_secret(tenant: str, account: str) -> tuple[NewSecret, StoredAccount]:
    """A fresh secret and what the store keeps of it."""
    user = wire_name(tenant, account)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    hashed = hashed_secrets(user, REALM, secret)
    return (
        NewSecret(tenant, account, user, REALM, secret),
        StoredAccount(tenant, account, hashed.md5, hashed.sha256, hashed.sha512_256),
    )


Made = tuple[NewSecret, StoredAccount]


def make_missing(store: Store, centre: Centre) -> list[Made]:
    """Secrets for accounts that have none yet. `commit` makes them last, once nothing can fail any more:
    a secret that was stored by a start that then failed would never have been shown."""
    known = {(row.tenant, row.account) for row in store.accounts()}
    return [
        new_secret(key, name)
        for key, plan in centre.tenants.items()
        for name in plan.accounts
        if (key, name) not in known
    ]


def commit(store: Store, made: Iterable[Made], path: Path | None) -> None:
    """Keep the secrets in the file at `path`, where there is one, and their hashes in the store.

    In this order: a line in the file that never came into force is followed by one that did.
    """
    made = list(made)
    if path is not None:
        keep(path, (shown for shown, _ in made))
    for _, stored in made:
        store.put_account(stored)


def load(store: Store, centre: Centre, made: Iterable[Made] = ()) -> list[Account]:
    """The configured accounts with their hashes, those just `made` among them; accounts of an earlier
    configuration rest in the store."""
    return [
        Account(wire_name(row.tenant, row.account), row.tenant, row.account, hashes(row))
        for row in (*store.accounts(), *(stored for _, stored in made))
        if row.tenant in centre.tenants and row.account in centre.tenants[row.tenant].accounts
    ]


def hashes(row: StoredAccount) -> HashedSecrets:
    return HashedSecrets(md5=row.ha1_md5, sha256=row.ha1_sha256, sha512_256=row.ha1_sha512_256)


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
