"""Numbers between E.164, which is ours, and the form that a carrier writes."""

import phonenumbers
from phonenumbers import PhoneNumberFormat

from switch.tenant.numbers import clean, parse_number
from switch.trunk.settings import NumberFormat, TrunkSettings


def normalise(settings: TrunkSettings, text: str) -> str:
    """What a carrier wrote, in E.164; digits as they are where it is no such number.

    Short codes, `anonymous` and other words stay as they are, without separators.
    """
    digits = clean(text)
    if settings.caller.strip:
        digits = _stripped(digits, settings.caller.strip)
    if settings.number_format is NumberFormat.E164_BARE and digits.isascii() and digits.isdigit():
        # The understood plus comes first: 33170180101 must not be tried as a number inside North America.
        understood = parse_number(f"+{digits}", settings.country)
        if understood is not None and phonenumbers.is_valid_number(understood):
            return phonenumbers.format_number(understood, PhoneNumberFormat.E164)
    parsed = parse_number(digits, settings.country)
    return digits if parsed is None else phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def _stripped(digits: str, prefixes: tuple[str, ...]) -> str:
    """Without the longest prefix that the carrier puts in front, once; never to nothing."""
    found = max((prefix for prefix in prefixes if digits.startswith(prefix)), key=len, default="")
    return digits[len(found) :] or digits


def present(settings: TrunkSettings, number: str) -> str:
    """A number of ours in the carrier's form, without its technical prefix.

    What is not E.164 (an emergency number, `anonymous`) is the same in every form.
    """
    parsed = parse_number(number, settings.country) if number.startswith("+") else None
    if parsed is None:
        return number
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if settings.number_format is NumberFormat.E164:
        return e164
    if settings.number_format is NumberFormat.E164_BARE:
        return e164.removeprefix("+")
    at_home = parsed.country_code == phonenumbers.country_code_for_region(settings.country)
    if settings.number_format is NumberFormat.NATIONAL and at_home:
        return _digits(phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL))
    return _international_prefix(settings.country) + e164.removeprefix("+")


def _international_prefix(country: str) -> str:
    """What is dialled for "abroad": 00 in most of the world, 011 in North America.

    A pattern where a country has several (one for each carrier there) falls to the plan's preferred one,
    else to 00, which the ITU recommends (E.164 section 7.2).
    """
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if metadata is None:
        return "00"
    for prefix in (metadata.preferred_international_prefix, metadata.international_prefix):
        if prefix and prefix.isascii() and prefix.isdigit():
            return prefix
    return "00"


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())
