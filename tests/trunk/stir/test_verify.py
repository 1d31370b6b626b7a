"""Verifying (RFC 8224 section 6.2) with a certification authority of our own (RFC 8226)."""

import contextlib
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from switch.trunk.stir import identity_header
from switch.trunk.stir.certificates import (
    Anchors,
    CertificateError,
    covers,
    read_chain,
)
from switch.trunk.stir.passport import Passport, SignedPassport, sign
from switch.trunk.stir.settings import Signer, read_key
from switch.trunk.stir.verify import UNSIGNED, ReplayGuard, Verdict, conclude, examine
from tests.trunk.stir.authority import START, Authority, one, provider, span

HOME = Authority()
ANCHORS = Anchors.from_pem(HOME.root_pem())
NOW = int(datetime(2026, 3, 4, 9, tzinfo=UTC).timestamp())
CALLER, CALLED = "+33612345678", "+33199000100"
CALL = Passport("https://c/a.pem", CALLER[1:], (CALLED[1:],), NOW, "shaken", "B", "origin")


def header(passport: Passport = CALL) -> str:
    return identity_header.write(sign(passport, HOME.key), passport)


def verdict(
    value: str, chain: bytes | None = None, *, caller: str = CALLER, date: str | None = None
) -> Verdict:
    token = examine([value], caller, CALLED, date, NOW)
    if isinstance(token, Verdict):
        return token
    return conclude(token, read_chain(HOME.chain() if chain is None else chain), ANCHORS, NOW)


def test_a_right_one_passes_with_its_attestation() -> None:
    found = verdict(header())
    assert (str(found), found.verstat) == ("passed B", "TN-Validation-Passed")


def test_without_identity_there_is_no_validation() -> None:
    found = examine([], CALLER, CALLED, None, NOW)
    assert found is UNSIGNED
    assert (str(UNSIGNED), UNSIGNED.status, UNSIGNED.verstat) == ("none", 428, "No-TN-Validation")


@pytest.mark.parametrize("seconds", [-61, 61, 10_000_000])
def test_a_stale_token_or_date_is_403(seconds: int) -> None:
    stale = Passport("https://c/a.pem", CALLER[1:], (CALLED[1:],), NOW + seconds, "shaken", "B", "o")
    assert verdict(header(stale)).status == 403
    when = format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)
    assert verdict(header(), date=when).status == 403
    assert verdict(header(), date="no date").passed


def test_who_calls_and_who_is_called_must_be_those_of_the_message() -> None:
    assert verdict(header(), caller="+33612345679").status == 438
    assert verdict(header(), caller="anonymous").status == 438
    other = Passport("https://c/a.pem", CALLER[1:], ("33199000101",), NOW, "shaken", "B", "o")
    assert str(verdict(header(other))) == "failed 438"


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        (provider(), 200),
        (one(CALLER[1:]), 200),
        (one("33612345679"), 437),
        (span("33612345600", 100), 200),
        (span("33612345600", 78), 437),
        (span("3361234560", 100), 437),
        (b"\x30\x00", 437),
        (b"\x30\x05\xa0", 437),
        (None, 437),
    ],
)
def test_rfc8226_section_9_a_certificate_speaks_for_its_numbers(numbers: bytes | None, status: int) -> None:
    assert verdict(header(), HOME.chain(HOME.signer(numbers))).status == status


def test_a_chain_to_nobody_we_know_is_437() -> None:
    stranger = Authority()
    stranger.root_key = stranger.middle_key
    stranger.middle = stranger.issue("middle", stranger.middle_key, "root", stranger.root_key, ca=True)
    assert verdict(header(), stranger.chain()).status == 437
    assert verdict(header(), HOME.leaf.public_bytes(Encoding.PEM)).status == 437, (
        "the intermediate is missing"
    )


def test_an_expired_or_future_certificate_is_437() -> None:
    for start in (START.replace(year=2024), START.replace(year=2027)):
        assert verdict(header(), HOME.chain(HOME.signer(provider(), start=start))).status == 437


@pytest.mark.parametrize(("ca", "issues"), [(False, True), (True, False)])
def test_a_certificate_that_is_no_authority_issues_none(ca: bool, issues: bool) -> None:
    middle = HOME.middle
    try:
        HOME.middle = HOME.issue("middle", HOME.middle_key, "root", HOME.root_key, ca=ca, issues=issues)
        assert verdict(header(), HOME.chain()).status == 437
    finally:
        HOME.middle = middle


def test_a_key_that_may_not_sign_is_437() -> None:
    assert verdict(header(), HOME.chain(HOME.signer(provider(), signs=False))).status == 437


def test_another_key_than_the_certificates_is_438() -> None:
    leaf = HOME.issue("signer", HOME.root_key, "middle", HOME.middle_key, numbers=provider())
    assert verdict(header(), HOME.chain(leaf)).status == 438


@pytest.mark.parametrize(
    "pem", [b"", b"noise", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate(pem: bytes) -> None:
    with pytest.raises(CertificateError):
        read_chain(pem)
    with pytest.raises(CertificateError):
        read_chain(HOME.chain() * 3)


@given(st.binary(max_size=60))
def test_no_bytes_make_a_tn_auth_list_fail_otherwise(der: bytes) -> None:
    with contextlib.suppress(CertificateError):
        covers(der, "33612345678")


def test_a_range_without_a_count_is_malformed() -> None:
    """A TelephoneNumberRange (RFC 8226 section 9) of a start alone."""
    with pytest.raises(CertificateError):
        covers(bytes.fromhex("3010a10e300c160a33333631323334353030"), "3361234500")


def test_a_token_counts_for_one_call() -> None:
    guard = ReplayGuard()
    token = examine([header()], CALLER, CALLED, None, NOW)
    assert isinstance(token, SignedPassport)
    assert not guard.is_replayed(token, "call-1", NOW)
    assert not guard.is_replayed(token, "call-1", NOW + 1), "the same call by another way"
    assert guard.is_replayed(token, "call-2", NOW + 60)
    assert not guard.is_replayed(token, "call-3", NOW + 121), "forgotten, and stale by now"


def test_a_key_is_never_shown() -> None:
    signer = Signer("https://c/a.pem", "origin", read_key(HOME.key_pem()))
    assert "key" not in repr(signer)
    for pem in (b"x", HOME.root_pem(), HOME.key_pem()[:80]):
        with pytest.raises(ValueError, match="it is no") as caught:
            read_key(pem)
        assert "MI" not in str(caught.value)
