"""What dialled texts mean, and that no text of one tenant reaches another."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.base.errors import ConfigurationError
from switch.tenant.directory import Directory
from switch.tenant.entry import (
    Destination,
    ExtensionDestination,
    FlowDestination,
    OutsideDestination,
    TenantEntry,
    Unknown,
    UnknownReason,
)

MAPLE = TenantEntry(
    key="maple",
    numbers=frozenset({"+1 514 555 0100", "514-555-0101"}),
    extensions=frozenset({"101", "102", "front-desk"}),
    feature_codes=frozenset({"*11", "600"}),
    country="CA",
    trunk="carrier",
    caller_id="+15145550100",
    account_caller_ids=(("102", "+15145550101"),),
    outside_prefixes=("9",),
    outside_allowed=("+1", "+33"),
)
BIRCH = TenantEntry(
    key="birch",
    numbers=frozenset({"01 70 18 01 01", "3000"}),
    extensions=frozenset({"101", "103"}),
    feature_codes=frozenset({"*11"}),
    country="FR",
    trunk="carrier",
    caller_id="+33170180101",
    outside_allowed=("+33",),
)
DIRECTORY = Directory([MAPLE, BIRCH])


def unknown(reason: str) -> Unknown:
    return Unknown(UnknownReason(reason))


@pytest.mark.parametrize(
    ("dialled", "owner"),
    [
        ("+15145550100", ("maple", "+1 514 555 0100")),
        ("15145550100", ("maple", "+1 514 555 0100")),
        ("+15145550101", ("maple", "514-555-0101")),
        ("+33 1 70 18 01 01", ("birch", "01 70 18 01 01")),
        ("3000", ("birch", "3000")),
        ("101", None),
        ("*11", None),
        ("600", None),
        ("", None),
        ("anonymous", None),
        ("+33170180102", None),
    ],
)
def test_a_carriers_number_finds_its_tenant(dialled: str, owner: tuple[str, str] | None) -> None:
    assert DIRECTORY.by_number(dialled) == owner


@pytest.mark.parametrize(
    ("tenant", "dialled", "destination"),
    [
        ("maple", "*11", FlowDestination("maple", "*11")),
        ("birch", "*11", FlowDestination("birch", "*11")),
        ("maple", "600", FlowDestination("maple", "600")),
        ("birch", "600", unknown("no-such-number")),
        ("maple", "101", ExtensionDestination("maple", "101", "maple-101")),
        ("birch", "101", ExtensionDestination("birch", "101", "birch-101")),
        ("maple", "maple-front-desk", ExtensionDestination("maple", "front-desk", "maple-front-desk")),
        ("maple", "front-desk", ExtensionDestination("maple", "front-desk", "maple-front-desk")),
        ("maple", "103", unknown("no-such-number")),
        ("maple", "birch-101", unknown("no-such-number")),
        ("birch", "102", unknown("no-such-number")),
        ("birch", "3000", FlowDestination("birch", "3000")),
        ("birch", "+33170180101", FlowDestination("birch", "01 70 18 01 01")),
        ("maple", "5145550101", FlowDestination("maple", "514-555-0101")),
        ("maple", "95145550101", FlowDestination("maple", "514-555-0101")),
        ("maple", "3000", unknown("no-such-number")),
        ("oak", "101", unknown("no-such-tenant")),
        ("maple", "", unknown("no-such-number")),
        ("maple", "9", unknown("no-such-number")),
        ("maple", "9" * 33, unknown("no-such-number")),
        ("maple", "9abc", unknown("no-such-number")),
    ],
)
def test_inside_a_tenant(tenant: str, dialled: str, destination: Destination) -> None:
    assert DIRECTORY.resolve(tenant, dialled, "101") == destination


@pytest.mark.parametrize(
    ("tenant", "dialled", "expected"),
    [
        ("maple", "9 514 555 0199", "+15145550199"),
        ("maple", "+15145550199", "+15145550199"),
        ("maple", "901133142685300", "+33142685300"),
        ("maple", "+15145550199;phone-context=x", "+15145550199"),
        ("birch", "0142685300", "+33142685300"),
        # Another tenant's number is an outside number.
        ("maple", "+33170180101", "+33170180101"),
    ],
)
def test_outside_numbers_in_e164(tenant: str, dialled: str, expected: str) -> None:
    destination = DIRECTORY.resolve(tenant, dialled, "101")
    assert isinstance(destination, OutsideDestination)
    assert (destination.number, destination.trunk, destination.emergency) == (expected, "carrier", False)


@pytest.mark.parametrize(
    ("tenant", "dialled", "reason"),
    [
        ("maple", "5145550199", "no-such-number"),  # the 9 is missing
        ("maple", "9 011 44 20 7946 0000", "not-allowed"),
        ("birch", "+15145550100", "not-allowed"),
        ("maple", "9 1 900 555 1234", "not-allowed"),  # premium rate
        ("birch", "0899123456", "not-allowed"),  # premium rate
        ("birch", "01426853", "no-such-number"),
        ("maple", "9 1 800 FLOWERS", "no-such-number"),
        ("maple", "9 1 514 555 \u0660\u0661\u0669\u0669", "no-such-number"),
    ],
)
def test_outside_numbers_that_are_refused(tenant: str, dialled: str, reason: str) -> None:
    assert DIRECTORY.resolve(tenant, dialled) == unknown(reason)


def test_premium_numbers_where_they_are_allowed() -> None:
    directory = Directory([replace(BIRCH, premium_allowed=True)])
    assert isinstance(directory.resolve("birch", "0899123456"), OutsideDestination)


def test_the_statuses_of_what_leads_nowhere() -> None:
    assert unknown("not-allowed").status == 403
    assert unknown("no-such-number").status == 404


@pytest.mark.parametrize(
    ("account", "caller_id"), [("101", "+15145550100"), ("102", "+15145550101"), ("", "+15145550100")]
)
def test_an_account_may_have_its_own_number(account: str, caller_id: str) -> None:
    destination = DIRECTORY.resolve("maple", "+15145550199", account)
    assert isinstance(destination, OutsideDestination)
    assert destination.caller_id == caller_id


@pytest.mark.parametrize(
    ("tenant", "dialled", "number"),
    [("maple", "911", "911"), ("maple", "9911", "911"), ("birch", "15", "15"), ("birch", "112", "112")],
)
def test_emergencies_need_neither_prefix_nor_permission(tenant: str, dialled: str, number: str) -> None:
    directory = Directory([replace(MAPLE, outside_allowed=()), replace(BIRCH, outside_allowed=())])
    destination = directory.resolve(tenant, dialled)
    assert isinstance(destination, OutsideDestination)
    assert (destination.number, destination.emergency) == (number, True)


def test_without_a_trunk_nothing_leaves() -> None:
    directory = Directory([replace(MAPLE, trunk="")])
    assert directory.resolve("maple", "+15145550199") == unknown("no-trunk")
    assert directory.resolve("maple", "911") == unknown("no-trunk")


def test_an_extension_that_hides_an_emergency_number_is_said() -> None:
    directory = Directory([replace(BIRCH, extensions=frozenset({"111", "112"}))])
    assert directory.warnings == ("tenant birch: 112 hides the emergency number 112 of FR",)
    assert isinstance(directory.resolve("birch", "112"), ExtensionDestination)
    assert DIRECTORY.warnings == ()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            replace(BIRCH, numbers=frozenset({"+1 (514) 555-0100"})),
            "is +1 514 555 0100 of tenant maple already",
        ),
        (replace(BIRCH, key="maple"), "two tenants have the same key"),
        (replace(BIRCH, key="silver-birch"), "tenant key 'silver-birch'"),
        (replace(BIRCH, country="XX"), "country 'XX'"),
        (replace(BIRCH, extensions=frozenset({"Bob"})), "extension 'Bob'"),
        (replace(BIRCH, feature_codes=frozenset({"101"})), "101 is an extension and a feature code"),
        (replace(BIRCH, numbers=frozenset({"101"})), "101 is a public number and an extension"),
        (replace(BIRCH, caller_id="0170180101"), "caller id '0170180101'"),
        (replace(BIRCH, outside_allowed=("33",)), "outside_allowed '33'"),
    ],
)
def test_wrong_entries_are_refused_with_a_reason(changed: TenantEntry, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Directory([MAPLE, changed])
    assert message in str(caught.value)


@given(st.text("0123456789+*#-. abirchmple", max_size=20))
def test_no_text_of_one_tenant_reaches_the_other(dialled: str) -> None:
    destination = DIRECTORY.resolve("maple", dialled)
    if not isinstance(destination, Unknown):
        assert destination.tenant == "maple"
    if isinstance(destination, ExtensionDestination):
        assert destination.account in MAPLE.extensions
