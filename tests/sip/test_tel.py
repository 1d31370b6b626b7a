"""Telephone numbers in URIs: RFC 3966 sections 3 and 5.1.5, RFC 3261 section 19.1.6."""

import pytest

from switch.sip.tel import is_dialable, subscriber
from switch.sip.uri import Uri


@pytest.mark.parametrize(
    ("uri", "dialled"),
    [
        ("sip:+33170180101@192.0.2.1", "+33170180101"),
        ("sip:+33170180101@192.0.2.1;user=phone", "+33170180101"),
        ("sip:maple-101@192.0.2.1:5070", "maple-101"),
        ("sip:*11@192.0.2.1", "*11"),
        ("sip:192.0.2.1", ""),
        ("tel:+33-1-70.18(01)01", "+33-1-70.18(01)01"),
        ("tel:+33170180101;isub=1411;ext=12", "+33170180101"),
        ("tel:0170180101;phone-context=+33", "+330170180101"),
        ("tel:170180101;phone-context=+33", "+33170180101"),
        ("tel:101;phone-context=maple.example", "101"),
        ("tel:863-1234;ext=1;phone-context=+1-914-555", "+1-914-555863-1234"),
        ("sip:170180101;phone-context=+33@192.0.2.1;user=phone", "+33170180101"),
        ("sip:+33170180101;npdi;rn=+33612345678@192.0.2.1", "+33170180101"),
        ("tel:+1;phone-context=+44", "+1"),
        ("urn:service:sos", ""),
        ("mailto:a@b", ""),
    ],
)
def test_what_a_uri_dials(uri: str, dialled: str) -> None:
    assert subscriber(Uri.parse(uri)) == dialled


def test_what_can_be_dialled() -> None:
    assert [is_dialable(Uri.parse(text)) for text in ("sip:a@b", "sips:a@b", "tel:112", "mailto:a@b")] == [
        True,
        True,
        True,
        False,
    ]
