"""Bodies of several parts (RFC 2046 section 5.1, RFC 5621)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.sip.grammar import MessageError
from switch.sip.message import parse
from switch.sip.message.multipart import PARTS_MAX, Part, parts
from tests.vectors import vector

MIXED = "multipart/mixed; boundary=b1"


def body(*pieces: str, end: str = "--b1--\r\n") -> bytes:
    return "".join(f"--b1\r\n{piece}\r\n" for piece in pieces).encode() + end.encode()


def test_parts_are_cut_at_their_boundary_and_keep_their_bytes() -> None:
    found = parts(
        MIXED,
        b"preamble\r\n"
        + body(
            "Content-Type: Application/SDP ;x=1\r\n\r\nv=0\r\n",
            "Content-Type: application/isup;version=1\r\nContent-Disposition: signal;handling=optional\r\n"
            "Content-Transfer-Encoding: Binary\r\n\r\n\x01\x02",
            "\r\nno headers at all",
        )
        + b"epilogue",
    )
    assert found == (
        Part("application/sdp", False, "binary", b"v=0\r\n"),
        Part("application/isup", False, "binary", b"\x01\x02"),
        Part("text/plain", False, "binary", b"no headers at all"),
    )


@pytest.mark.parametrize("value", ["signal;handling=required", 'signal; x=y; HANDLING="required"'])
def test_handling_required_is_read(value: str) -> None:
    (part,) = parts(MIXED, body(f"Content-Type: a/b\r\nContent-Disposition: {value}\r\n\r\nx"))
    assert part.required


def test_an_alternative_inside_is_opened_and_what_is_inside_that_is_not() -> None:
    inner = "--b2\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b2--\r\n"
    found = parts(MIXED, body(f'Content-Type: multipart/alternative;boundary="b2"\r\n\r\n{inner}'))
    assert [part.kind for part in found] == ["application/sdp"]
    deeper = f"--b1\r\nContent-Type: multipart/mixed;boundary=b2\r\n\r\n{inner}\r\n--b1--"
    found = parts(
        "multipart/mixed;boundary=b0", f"--b0\r\nContent-Type: {MIXED}\r\n\r\n{deeper}\r\n--b0--".encode()
    )
    assert [part.kind for part in found] == ["multipart/mixed"]


def test_mpart01_has_its_two_parts_with_binary_zeros() -> None:
    message = parse(vector("sip/rfc4475/mpart01.dat").read_bytes())
    found = parts(message.headers.get("Content-Type") or "", message.body)
    assert [part.kind for part in found] == ["text/plain", "application/octet-stream"]
    assert b"\0" in found[1].body


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("multipart/mixed", body("\r\nx")),
        ("multipart/mixed; boundary=other", body("\r\nx")),
        (MIXED, b""),
        (MIXED, b"--b1\r\nContent-Type: a/b\r\n--b1--"),
        (MIXED, body(*["\r\nx"] * (PARTS_MAX + 3))),
    ],
)
def test_what_cannot_be_taken_apart_is_the_peers_mistake(content_type: str, data: bytes) -> None:
    with pytest.raises(MessageError):
        parts(content_type, data)


@given(st.text(max_size=80), st.binary(max_size=400))
def test_any_bytes_are_parts_or_a_mistake(tail: str, data: bytes) -> None:
    for content_type in (MIXED, f"multipart/mixed;boundary={tail}"):
        try:
            found = parts(content_type, b"--b1\r\n" + data)
        except MessageError:
            continue
        assert len(found) <= PARTS_MAX
