"""PASSporT: RFC 8225's published token, round trips, and what is no token."""

import contextlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from switch.trunk.stir import identity_header
from switch.trunk.stir.passport import Passport, PassportError, SignedPassport, is_signed_by, parse, sign

KEY = ec.derive_private_key(7, ec.SECP256R1())
CALL = Passport(
    "https://cert.example/a.pem", "12155551212", ("12125551213",), 1443208345, "shaken", "A", "1-2-3"
)

RFC8225_KEY = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8HNbQd/TmvCKwPKHkMF9fScavGeH
78YTU8qLS8I5HLHSSmlATLcslQMhNC/OhlWBYC626nIlo7XeebYS7Sb37g==
-----END PUBLIC KEY-----"""
RFC8225_SIGNED = (
    b"eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9j"
    b"ZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9"
    b".eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI"
    b"6IjE0NDMyMDgzNDUiLCJvcmlnIjp7InRuIjoiMTIxNTU1NTEyMTIifX0"
)
RFC8225_SIGNATURE = "rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w"


def test_rfc8225_section_7_1_the_published_signature_is_right() -> None:
    key = load_pem_public_key(RFC8225_KEY)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = urlsafe_b64decode(RFC8225_SIGNATURE + "==")
    token = SignedPassport(CALL, RFC8225_SIGNED, signature)
    assert is_signed_by(token, key)
    assert not is_signed_by(token, KEY.public_key())
    assert not is_signed_by(SignedPassport(CALL, RFC8225_SIGNED + b"0", signature), key)
    assert not is_signed_by(SignedPassport(CALL, RFC8225_SIGNED, signature[:63]), key)


def test_rfc8225_erratum_5985_iat_is_a_number_and_the_example_writes_a_text() -> None:
    with pytest.raises(PassportError, match="iat is no number"):
        parse(f"{RFC8225_SIGNED.decode()}.{RFC8225_SIGNATURE}")


def test_rfc8225_section_9_the_json_is_canonical() -> None:
    assert (
        CALL.header() == b'{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example/a.pem"}'
    )
    assert CALL.payload() == (
        b'{"attest":"A","dest":{"tn":["12125551213"]},"iat":1443208345,'
        b'"orig":{"tn":"12155551212"},"origid":"1-2-3"}'
    )


def test_rfc6979_the_same_call_gives_the_same_token() -> None:
    assert sign(CALL, KEY) == sign(CALL, KEY)
    token = parse(sign(CALL, KEY))
    assert token.passport == CALL
    assert is_signed_by(token, KEY.public_key())


@given(st.integers(0, 2), st.integers(0, 200), st.integers(1, 63))
def test_whatever_is_changed_is_noticed(part: int, place: int, by: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    parts = sign(CALL, KEY).split(".")
    # The last letter of a part has bits that mean nothing.
    place %= len(parts[part]) - 1
    letter = alphabet[(alphabet.index(parts[part][place]) + by) % 64]
    parts[part] = parts[part][:place] + letter + parts[part][place + 1 :]
    with contextlib.suppress(PassportError):
        assert not is_signed_by(parse(".".join(parts)), KEY.public_key())


def token_of(header: object, claims: object) -> str:
    parts = (urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join((*parts, "AAAA"))


HEADER = {"alg": "ES256", "typ": "passport", "x5u": "https://a/b"}
CLAIMS = {"orig": {"tn": "1"}, "dest": {"tn": ["2"]}, "iat": 1}


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (HEADER | {"alg": "none"}, CLAIMS),
        (HEADER | {"alg": "HS256"}, CLAIMS),
        (HEADER | {"typ": "JWT"}, CLAIMS),
        (HEADER | {"ppt": "div"}, CLAIMS),
        (HEADER | {"ppt": "shaken"}, CLAIMS),
        (HEADER | {"x5u": ""}, CLAIMS),
        (HEADER | {"x5u": 5}, CLAIMS),
        (HEADER, CLAIMS | {"iat": "1443208345"}),
        (HEADER, CLAIMS | {"iat": True}),
        (HEADER, CLAIMS | {"orig": "1"}),
        (HEADER, CLAIMS | {"dest": {"tn": "2"}}),
        (HEADER, CLAIMS | {"dest": {"tn": [2]}}),
        (HEADER, CLAIMS | {"dest": {"tn": ["2"] * 11}}),
        ([], CLAIMS),
    ],
)
def test_what_is_no_passport(header: object, claims: object) -> None:
    with pytest.raises(PassportError):
        parse(token_of(header, claims))


@given(st.text(max_size=300))
def test_noise_is_refused_and_nothing_else_happens(text: str) -> None:
    for read in (parse, identity_header.read):
        with pytest.raises(PassportError):
            read(text)


def test_rfc8224_section_4_the_header_in_full_form() -> None:
    token = sign(CALL, KEY)
    value = identity_header.write(token, CALL)
    assert value == f"{token};info=<https://cert.example/a.pem>;alg=ES256;ppt=shaken"
    assert identity_header.read(value).passport == CALL
    quoted = f'{token};info=<https://cert.example/a.pem>;alg=ES256;ppt="shaken"'
    assert identity_header.read(quoted).passport == CALL


@pytest.mark.parametrize(
    "tail",
    [
        ";info=<https://other/a.pem>;alg=ES256;ppt=shaken",
        ";alg=ES256;ppt=shaken",
        ";info=<https://cert.example/a.pem>;ppt=div",
        ";info=<https://cert.example/a.pem>;alg=RS256",
    ],
)
def test_a_header_that_says_other_than_its_token(tail: str) -> None:
    with pytest.raises(PassportError):
        identity_header.read(sign(CALL, KEY) + tail)


def test_of_several_the_shaken_one_counts() -> None:
    plain = Passport("https://p/p", "1", ("2",), 5)
    values = [
        "noise",
        identity_header.write(sign(plain, KEY), plain),
        identity_header.write(sign(CALL, KEY), CALL),
    ]
    assert identity_header.choose(values).passport == CALL
    assert identity_header.choose(values[:2]).passport == plain
    with pytest.raises(PassportError):
        identity_header.choose(["noise"] * 4 + values)
