"""Telephone numbers: from what people and carriers write to E.164.

`phonenumbers` (the numbering plans of the world, pure computation) decides. A number counts when its length
is possible in its plan, not only when its range is assigned: plans grow faster than software, and
fictitious ranges are what tests and demonstrations dial.
"""

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)

DIALLED_LENGTH_MAX = 32
"""E.164 has at most 15 digits; prefixes, separators and codes double that."""

_SEPARATORS = str.maketrans("", "", " -.()/\u00a0\u2009\u202f")
"""What people put between digits, with the spaces that word processors make of it."""


def is_country(text: str) -> bool:
    """Whether this is an ISO 3166 code of a numbering plan, such as `FR`."""
    return text in phonenumbers.SUPPORTED_REGIONS


def clean(text: str) -> str:
    """A dialled text without separators and URI parameters (RFC 3966 `;phone-context=`)."""
    return text.partition(";")[0].translate(_SEPARATORS)


def parse_number(text: str, country: str) -> PhoneNumber | None:
    """The number that `text` is when dialled in `country`, or None. Letters are no digits here."""
    dialled = clean(text)
    digits = dialled.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(dialled) > DIALLED_LENGTH_MAX:
        return None
    try:
        parsed = phonenumbers.parse(dialled, country)
    except NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return None
    return parsed


def to_e164(text: str, country: str) -> str | None:
    """`01 70 18 01 01` dialled in France gives `+33170180101`; None where it is no number."""
    parsed = parse_number(text, country)
    return None if parsed is None else phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def is_emergency(text: str, country: str) -> bool:
    """Whether dialling this in `country` reaches an emergency service (112, 911, 15 ...)."""
    dialled = clean(text)
    return dialled.isascii() and dialled.isdigit() and phonenumbers.is_emergency_number(dialled, country)


def is_premium(e164: str) -> bool:
    """Whether the called party earns on the call: the classic goal of toll fraud."""
    parsed = parse_number(e164, "ZZ")
    return parsed is not None and phonenumbers.number_type(parsed) == PhoneNumberType.PREMIUM_RATE
