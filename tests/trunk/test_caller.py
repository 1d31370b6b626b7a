"""What is believed of a caller: RFC 3325 (P-Asserted-Identity), 3323 (Privacy), and Remote-Party-ID."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.sip.message import Request, Uri
from switch.trunk.caller import (
    NAME_LENGTH_MAX,
    Caller,
    CallerSettings,
    IdentityHeader,
    clean_name,
    read_caller,
    withholds,
)

PAI, RPID, FROM = IdentityHeader.PAI, IdentityHeader.RPID, IdentityHeader.FROM
ALL = CallerSettings(accept=(PAI, RPID, FROM))
ASSERTED = ("P-Asserted-Identity", '"Cullen" <sip:+14085264000@carrier>')
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x'
KNOWN = '"Eve" <sip:+33612345678@carrier>;tag=x'


def invite(from_: str, *headers: tuple[str, str]) -> Request:
    return Request("INVITE", Uri(user="+33170180101", host="us"), [("From", from_), *headers])


def read(
    from_: str, *headers: tuple[str, str], settings: CallerSettings = ALL
) -> tuple[str, str, bool, IdentityHeader]:
    return read_caller(settings, invite(from_, *headers), lambda text: text)


def test_an_assertion_is_believed_only_of_a_trunk_that_says_so() -> None:
    assert read(KNOWN, ASSERTED) == ("+14085264000", "Cullen", False, PAI)
    assert read(KNOWN, ASSERTED, settings=CallerSettings()) == ("+33612345678", "Eve", False, FROM)


def test_rfc3325_section_10_1_an_anonymous_from_with_an_assertion_and_privacy() -> None:
    found = read(ANONYMOUS, ASSERTED, ("Privacy", "id"))
    assert found == ("+14085264000", "Cullen", True, PAI)


@pytest.mark.parametrize(
    ("values", "number"),
    [
        (('"C" <sip:fluffy@cisco.com>', "<tel:+14085264000>"), "+14085264000"),
        (("<tel:+14085264000>", '"C" <sip:fluffy@cisco.com>'), "+14085264000"),
        (('"C" <sip:fluffy@cisco.com>',), "fluffy"),
        (("<sip:cisco.com>", "<tel:+14085264000;verstat=TN-Validation-Passed>"), "+14085264000"),
        (("broken <", "<tel:+1>"), "+1"),
        ((*tuple(f"<sip:{n}@x>" for n in range(4)), "<tel:+1>"), "0"),
    ],
)
def test_several_values_of_an_assertion(values: tuple[str, ...], number: str) -> None:
    found = read(KNOWN, *(("P-Asserted-Identity", value) for value in values))
    assert (found[0], found[3]) == (number, PAI)


def test_the_name_may_stand_in_another_value_than_the_number() -> None:
    header = ("P-Asserted-Identity", '"Cullen" <sip:fluffy@cisco.com>, <tel:+14085264000>')
    assert read(KNOWN, header)[:2] == ("+14085264000", "Cullen")


@pytest.mark.parametrize(
    ("privacy", "withheld"),
    [
        ("id", True),
        ("user", True),
        ("header", False),
        ("session", False),
        ("none", False),
        ("header;id;critical", True),
        ("user; critical", True),
        ("ID", True),
        ("full", True),
        ("history", False),
        ("", False),
    ],
)
def test_rfc3323_section_4_2_what_privacy_hides(privacy: str, withheld: bool) -> None:
    assert read(KNOWN, ("Privacy", privacy))[2] is withheld
    assert withholds(invite(KNOWN, ("Privacy", privacy))) is withheld


def test_an_anonymous_from_withholds_unless_privacy_says_none() -> None:
    assert read(ANONYMOUS, ASSERTED)[2]
    assert read('"x" <sip:Anonymous@carrier>;tag=x')[2]
    assert read(ANONYMOUS, ASSERTED, ("Privacy", "none")) == ("+14085264000", "Cullen", False, PAI)


@pytest.mark.parametrize(
    ("params", "withheld", "name"),
    [
        ("", False, "Ann"),
        (";party=calling;screen=yes;privacy=off", False, "Ann"),
        (";privacy=full", True, ""),
        (';privacy="full"', True, ""),
        (";privacy=uri", True, "Ann"),
        (";privacy=name", False, ""),
    ],
)
def test_remote_party_id(params: str, withheld: bool, name: str) -> None:
    header = ("Remote-Party-ID", f'"Ann" <sip:+14085264000@gw>{params}')
    assert read(KNOWN, header) == ("+14085264000", name, withheld, RPID)


def test_remote_party_id_of_the_called_party_is_not_the_caller() -> None:
    called = ("Remote-Party-ID", "<sip:+1@x>;party=called, <sip:+2@x>;party=calling")
    assert read(KNOWN, called)[0] == "+2"
    assert read(KNOWN, ("Remote-Party-ID", "<sip:+1@x>;party=called"))[3] is FROM


def test_what_is_accepted_comes_in_the_stated_order() -> None:
    both = (ASSERTED, ("Remote-Party-ID", "<sip:+2@x>"))
    assert read(KNOWN, *both)[0] == "+14085264000"
    assert read(KNOWN, *both, settings=CallerSettings(accept=(RPID, PAI)))[0] == "+2"
    assert read(KNOWN, *both, settings=CallerSettings(accept=(FROM, PAI)))[0] == "+33612345678"


def test_a_withheld_caller_shows_nothing() -> None:
    caller = Caller("+33612345678", "Eve", withheld=True)
    assert (caller.shown, caller.shown_name) == ("anonymous", "")


@given(st.text(max_size=200))
def test_a_name_is_bounded_and_steers_nothing(text: str) -> None:
    name = clean_name(text)
    assert len(name) <= NAME_LENGTH_MAX
    assert name.isprintable()
    assert not set(name) & set('"\\<>')


def test_a_name_keeps_its_letters_and_loses_what_turns_them_round() -> None:
    assert clean_name("Zoë Łukasz 東京") == "Zoë Łukasz 東京"
    assert clean_name('pay\u202eme\u200f \x07"now"\r\nVia: x') == "payme nowVia: x"


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_no_header_makes_it_fail(identity: str, party: str, privacy: str) -> None:
    headers = (("P-Asserted-Identity", identity), ("Remote-Party-ID", party), ("Privacy", privacy))
    number, _, _, _ = read(KNOWN, *headers)
    assert number
