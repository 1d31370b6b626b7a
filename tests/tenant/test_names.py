"""Accounts on the wire and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.tenant.names import (
    ACCOUNT_PATTERN,
    TENANT_KEY_PATTERN,
    is_account,
    is_tenant_key,
    split_wire_name,
    wire_name,
)


@given(st.from_regex(TENANT_KEY_PATTERN, fullmatch=True), st.from_regex(ACCOUNT_PATTERN, fullmatch=True))
def test_there_and_back(tenant: str, account: str) -> None:
    assert is_tenant_key(tenant)
    assert is_account(account)
    assert split_wire_name(wire_name(tenant, account)) == (tenant, account)


def test_the_first_hyphen_divides() -> None:
    assert split_wire_name("maple-front-desk") == ("maple", "front-desk")


@pytest.mark.parametrize(
    "name", ["", "101", "maple", "maple-", "-101", "Maple-101", "maple-101\n", "ma ple-1", "9x-1"]
)
def test_what_is_no_name_of_ours(name: str) -> None:
    assert split_wire_name(name) is None


def test_a_tenant_key_with_a_hyphen_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        wire_name("ma-ple", "101")
