"""Numbers between E.164 and the forms of carriers."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from switch.tenant.numbers import to_e164
from switch.trunk.numbers import normalise, present
from switch.trunk.settings import NumberFormat, TrunkSettings


def trunk(number_format: str, country: str = "FR") -> TrunkSettings:
    return TrunkSettings("carrier", (), number_format=NumberFormat(number_format), country=country)


@pytest.mark.parametrize(
    ("number_format", "country", "number", "written"),
    [
        ("e164", "FR", "+33170180101", "+33170180101"),
        ("e164-bare", "FR", "+33170180101", "33170180101"),
        ("international", "FR", "+33170180101", "0033170180101"),
        ("international", "CA", "+33170180101", "01133170180101"),
        ("international", "BR", "+33170180101", "0033170180101"),
        ("international", "AU", "+33170180101", "001133170180101"),
        ("national", "FR", "+33170180101", "0170180101"),
        ("national", "FR", "+14165550100", "0014165550100"),
        ("national", "CA", "+14165550100", "4165550100"),
        ("national", "DE", "+4930123456", "030123456"),
        # Italy keeps its zero.
        ("national", "IT", "+390612345678", "0612345678"),
        ("e164", "IT", "+390612345678", "+390612345678"),
        # Emergency numbers and words have one form.
        ("international", "FR", "112", "112"),
        ("e164", "CA", "911", "911"),
        ("national", "FR", "anonymous", "anonymous"),
        ("national", "FR", "+1", "+1"),
    ],
)
def test_our_number_in_the_carriers_form(number_format: str, country: str, number: str, written: str) -> None:
    assert present(trunk(number_format, country), number) == written


@pytest.mark.parametrize(
    ("number_format", "country", "written", "number"),
    [
        ("e164", "FR", "+33170180101", "+33170180101"),
        ("e164", "FR", "+33 (0)1 70 18 01 01", "+33170180101"),
        ("international", "FR", "0033170180101", "+33170180101"),
        ("international", "CA", "01133170180101", "+33170180101"),
        ("national", "FR", "0170180101", "+33170180101"),
        ("national", "FR", "0014165550100", "+14165550100"),
        ("national", "CA", "4165550100", "+14165550100"),
        ("national", "CA", "14165550100", "+14165550100"),
        ("e164-bare", "CA", "33170180101", "+33170180101"),
        ("e164-bare", "FR", "442079460000", "+442079460000"),
        ("e164-bare", "FR", "0170180101", "+33170180101"),
        # Carriers mix forms: a plus always says what it is.
        ("national", "FR", "+14165550100", "+14165550100"),
        ("e164", "FR", "0170180101", "+33170180101"),
        # What is no number stays what it was.
        ("e164", "FR", "anonymous", "anonymous"),
        ("e164", "FR", "", ""),
        ("e164", "FR", "3000", "3000"),
        ("e164", "FR", "112", "112"),
        ("e164", "FR", "*11", "*11"),
        ("e164", "FR", "1" * 40, "1" * 40),
        ("e164", "FR", "+33170180101;npdi", "+33170180101"),
        ("e164", "CA", "555-0100", "5550100"),
    ],
)
def test_the_carriers_number_in_e164(number_format: str, country: str, written: str, number: str) -> None:
    assert normalise(trunk(number_format, country), written) == number


@given(
    st.sampled_from(["FR", "CA", "DE", "IT", "GB", "AU"]),
    st.sampled_from(NumberFormat),
    st.sampled_from(["+33", "+1416", "+4930", "+3906", "+4420", "+614"]),
    st.integers(10**6, 10**8 - 1),
)
def test_there_and_back(country: str, number_format: NumberFormat, prefix: str, rest: int) -> None:
    number = to_e164(f"{prefix}{rest}", "ZZ")
    assume(number is not None)
    assert number is not None
    settings = trunk(number_format, country)
    written = present(settings, number)
    # A bare number that no plan assigns may read as a national one: the only form that is not unambiguous.
    assume(number_format is not NumberFormat.E164_BARE)
    assert normalise(settings, written) == number


@given(st.text(max_size=40))
def test_any_text_of_a_carrier_is_survived(text: str) -> None:
    for number_format in NumberFormat:
        settings = trunk(number_format)
        present(settings, normalise(settings, text))
