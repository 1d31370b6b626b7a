"""`a=crypto` lines, RFC 4568."""

from base64 import b64encode

import pytest

from switch.sdp.crypto import LINES_MAX, SUITE_KEY_BYTES, Crypto, offered
from switch.sdp.session import Attribute, Media

KEY = bytes(range(30))
INLINE = "inline:" + b64encode(KEY).decode()


def media(*values: str) -> Media:
    return Media("audio", 4000, "RTP/SAVP", ("0",), attributes=tuple(Attribute("crypto", v) for v in values))


@pytest.mark.parametrize("suite", SUITE_KEY_BYTES)
def test_a_line_is_read_as_it_was_written(suite: str) -> None:
    line = Crypto(7, suite, bytes(range(SUITE_KEY_BYTES[suite])))
    written = line.attribute()
    assert written.value is not None
    assert offered(media(written.value)) == (line,)


def test_the_rfcs_own_example_without_its_master_key_identifier() -> None:
    """RFC 4568 section 6.1, whose second example has a lifetime and an identifier."""
    inline = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
    (line,) = offered(media(f"1 AES_CM_128_HMAC_SHA1_80 {inline}|2^20"))
    assert (line.tag, line.suite, line.key) == (
        1,
        "AES_CM_128_HMAC_SHA1_80",
        b"wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#",
    )
    assert offered(media(f"1 AES_CM_128_HMAC_SHA1_80 {inline}|2^20|1:4")) == ()


def test_the_peers_order_is_kept_and_what_is_not_understood_passed_over() -> None:
    lines = offered(
        media(
            f"1 F8_128_HMAC_SHA1_80 {INLINE}",
            f"2 AES_CM_128_HMAC_SHA1_32 {INLINE}",
            f"3 AES_CM_128_HMAC_SHA1_80 {INLINE} WSH=128",
        )
    )
    assert [line.tag for line in lines] == [2, 3]


@pytest.mark.parametrize(
    "value",
    [
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} UNAUTHENTICATED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} SOMETHING=new",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE};{INLINE}",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "1 AES_CM_128_HMAC_SHA1_80 inline:****",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAAAA",
        "1 AES_CM_128_HMAC_SHA1_80",
        f"x AES_CM_128_HMAC_SHA1_80 {INLINE}",
        "",
    ],
)
def test_lines_that_cannot_be_taken(value: str) -> None:
    assert offered(media(value)) == ()


def test_only_so_many_lines_are_read() -> None:
    lines = [f"{tag} AES_CM_128_HMAC_SHA1_80 {INLINE}" for tag in range(1, LINES_MAX + 10)]
    assert len(offered(media(*lines))) == LINES_MAX


def test_a_key_is_never_shown() -> None:
    assert repr(Crypto(1, "AES_CM_128_HMAC_SHA1_80", KEY)) == "Crypto(1, AES_CM_128_HMAC_SHA1_80)"
