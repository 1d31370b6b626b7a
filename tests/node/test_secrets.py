"""Secrets: made once, shown once, kept where only their owner reads, and gone with their account."""

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from switch.base.errors import ConfigurationError, ResourceError
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.node import accounts
from switch.node.digest_offer import advice, offered
from switch.node.trunk_secrets import read_trunk_secrets
from switch.store.store import Store

PLAN = "languages: [en]\nnumbers: {{600: main}}\naccounts: {accounts}\nflows: {{main: [hangup]}}\n"
TRUNK = "trunks:\n  carrier: {{gateways: ['192.0.2.9'], country: FR, username: us, {secret}}}\n"


def centre(names: str = "{'101': {}, '102': {}}") -> Centre:
    return load_centre(
        {"shop.yaml": PLAN.format(accounts=names), "bar.yaml": PLAN.format(accounts="{'101': {}}")}
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "switch.db")
    yield opened
    opened.close()


def test_a_secret_is_made_once_for_each_account(store: Store, tmp_path: Path) -> None:
    made = accounts.make_missing(store, centre())
    assert sorted(shown.user for shown, _ in made) == ["bar-101", "shop-101", "shop-102"]
    assert len({shown.secret for shown, _ in made}) == 3
    accounts.commit(store, made, tmp_path / "secrets.txt")
    assert accounts.make_missing(store, centre()) == []


def without_newest(store: Store, name: str) -> None:
    """As an account that an older softswitch made."""
    (row,) = [row for row in store.accounts() if row.account == name and row.tenant == "shop"]
    store.put_account(replace(row, ha1_sha512_256=""))


def test_an_algorithm_that_one_account_has_no_hash_for_is_offered_to_nobody(store: Store) -> None:
    accounts.commit(store, accounts.make_missing(store, centre()), None)
    wanted = ("SHA-512-256", "SHA-256")
    loaded = accounts.load(store, centre())
    assert offered(wanted, loaded) == wanted
    assert advice(wanted, loaded) == ""
    without_newest(store, "102")
    loaded = accounts.load(store, centre())
    assert offered(wanted, loaded) == ("SHA-256",)
    assert advice(wanted, loaded).startswith(
        "digest: SHA-512-256 needs new secrets for 1 accounts made by an older softswitch (shop-102): "
    )
    assert advice(("SHA-256",), loaded) == ""
    with pytest.raises(ConfigurationError, match="softswitch accounts reset NAME"):
        offered(("SHA-512-256",), loaded)
    accounts.commit(store, [accounts.new_secret("shop", "102")], None)
    assert offered(wanted, accounts.load(store, centre())) == wanted


def test_the_store_keeps_no_secret(store: Store, tmp_path: Path) -> None:
    made = accounts.make_missing(store, centre())
    accounts.commit(store, made, None)
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for shown, stored in made:
        assert shown.secret.encode() not in kept
        assert stored.ha1_sha256.encode() in kept


def test_the_file_of_secrets_is_its_owners_and_the_newest_stands_last(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "secrets.txt"
    first = accounts.new_secret("shop", "101")
    second = accounts.new_secret("shop", "101")
    accounts.commit(store, [first], path)
    accounts.commit(store, [second], path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == f"shop-101 {first[0].secret}\nshop-101 {second[0].secret}\n"
    (stored,) = store.accounts()
    assert stored == second[1]


def test_where_the_file_cannot_be_written_the_old_secret_stays_in_force(store: Store, tmp_path: Path) -> None:
    """A secret that came into force and was shown to nobody would lock the phone out."""
    with pytest.raises(ResourceError, match="cannot keep the secrets in"):
        accounts.commit(store, [accounts.new_secret("shop", "101")], tmp_path)
    assert store.accounts() == []


def test_an_account_that_is_no_longer_configured_cannot_log_in(store: Store) -> None:
    accounts.commit(store, accounts.make_missing(store, centre()), None)
    names = [account.name for account in accounts.load(store, centre("{'101': {}}"))]
    assert sorted(names) == ["bar-101", "shop-101"]


def test_a_carriers_password_comes_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(secret: str) -> dict[str, str]:
        text = TRUNK.format(secret=secret) + PLAN.format(accounts="{'101': {}}")
        return read_trunk_secrets(load_centre({"shop.yaml": text}), tmp_path)

    with pytest.raises(ConfigurationError, match="the environment has no CARRIER"):
        read("password_env: CARRIER")
    monkeypatch.setenv("CARRIER", "s3cret")
    assert read("password_env: CARRIER") == {"carrier": "s3cret"}
    path = tmp_path / "password"
    with pytest.raises(ConfigurationError, match="cannot read"):
        read(f"password_file: {path}")
    path.write_text("from file\n")
    assert read(f"password_file: {path}") == {"carrier": "from file"}
    # Beside the dialplan, wherever the switch was started.
    assert read("password_file: password") == {"carrier": "from file"}
