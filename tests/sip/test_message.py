"""Messages: headers, accessors, answers, limits (RFC 3261 sections 7, 8.2.6, 20)."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.sip.message import CSeq, Headers, MessageError, Request, Response, Uri, Via, parse
from switch.sip.message.limits import HEADER_LINES_MAX, HEADER_VALUE_MAX, MESSAGE_BYTES_MAX, VIAS_MAX
from tests.sip.samples import least_s, reading_with, request, request_bytes, response


@pytest.fixture(autouse=True, params=["c", "python"], scope="module")
def _half(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test reads with both halves of the parser."""
    with reading_with(request.param, __name__):
        yield


def refused(data: bytes) -> MessageError:
    with pytest.raises(MessageError) as caught:
        parse(data)
    return caught.value


class TestHeaders:
    def test_names_compare_without_case_and_by_compact_form(self) -> None:
        headers = Headers([("v", "1"), ("CALL-ID", "2"), ("x-Own", "3")])
        assert (headers.get("Via"), headers.get("i"), headers.get("X-OWN")) == ("1", "2", "3")
        assert list(headers) == [("Via", "1"), ("Call-ID", "2"), ("x-Own", "3")]

    def test_lists_split_outside_quotes_and_brackets(self) -> None:
        headers = Headers(
            [("Contact", '"a, b" <sip:a,b@c>, <sip:d>'), ("Contact", "<sip:e>"), ("Subject", "a, b")]
        )
        assert headers.all("Contact") == ['"a, b" <sip:a,b@c>', "<sip:d>", "<sip:e>"]
        assert headers.all("Subject") == ["a, b"]

    def test_changes(self) -> None:
        headers = Headers([("Via", "1"), ("Route", "a"), ("To", "t"), ("Route", "b")])
        headers.set("Route", "c")
        headers.prepend("Via", "0")
        headers.add("X-New", "y\r\nEvil: 1")
        headers.remove("to")
        assert list(headers) == [("Via", "0"), ("Via", "1"), ("Route", "c"), ("X-New", "y  Evil: 1")]
        headers.set_all("Route", [])
        assert "Route" not in headers
        headers.set("Expires", "5")
        assert headers.get("Expires") == "5"
        headers.replace_first("Via", "9")
        assert headers.fields("Via") == ["9", "1"]

    def test_a_copy_is_independent(self) -> None:
        headers = Headers([("Via", "1")])
        other = headers.copy()
        other.add("Via", "2")
        assert headers.fields("Via") == ["1"]
        assert headers != other


class TestAccessors:
    def test_all(self) -> None:
        message = request(
            extra="Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\nRoute: <sip:r;lr>\r\nExpires: 60\r\n"
            "Require: Timer\r\nk: 100rel, replaces\r\nAllow: INVITE, BYE\r\n"
            "c: Application/SDP ; charset=x\r\n"
        )
        assert message.via == Via("UDP", "198.51.100.7", 5062, (("branch", "z9hG4bK1"), ("rport", None)))
        assert message.cseq == CSeq(1, "INVITE")
        assert (message.call_id, message.from_.tag, message.to.tag) == ("call-1", "from-1", None)
        assert [str(route.uri) for route in message.record_routes] == ["sip:p1;lr", "sip:p2;lr"]
        assert [str(route.uri) for route in message.routes] == ["sip:r;lr"]
        assert (message.expires, message.max_forwards) == (60, 70)
        assert (message.require, message.supported) == (("timer",), ("100rel", "replaces"))
        assert message.allow == ("INVITE", "BYE")
        assert message.content_type == "application/sdp"
        assert message.contact is not None
        assert message.contact.uri.port == 5062

    def test_what_was_parsed_is_forgotten_after_a_change(self) -> None:
        message = request()
        assert message.call_id == "call-1"
        first = message.to_bytes()
        assert message.to_bytes() is first
        message.headers.set("Call-ID", "other")
        assert message.call_id == "other"
        assert b"Call-ID: other\r\n" in message.to_bytes()
        message.body = b"x"
        assert b"Content-Length: 1\r\n\r\nx" in message.to_bytes()

    def test_star(self) -> None:
        data = request_bytes("REGISTER").replace(b"<sip:ann@198.51.100.7:5062>", b"*")
        message = parse(data)
        assert message.contact_is_star
        assert message.contacts == ()
        assert refused(data.replace(b"Contact: *", b"Contact: *, <sip:a@b>")).status == 400

    def test_a_malformed_expires_counts_as_absent(self) -> None:
        assert request(extra="Expires: soon\r\n").expires is None

    def test_latin_1_is_read_where_utf_8_fails(self) -> None:
        message = parse(request_bytes().replace(b'"Ann"', b'"J\xe9r\xf4me"'))
        assert message.from_.display == "J\u00e9r\u00f4me"
        assert parse(message.to_bytes()).from_.display == "J\u00e9r\u00f4me"


class TestAnswers:
    def test_copies_what_section_8_2_6_names(self) -> None:
        message = request(
            extra="Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKx\r\nRecord-Route: <sip:p;lr>\r\n"
        )
        answer = message.make_response(180, to_tag="mine", headers=[("Allow", "INVITE")])
        assert (answer.status, answer.reason) == (180, "Ringing")
        assert answer.vias == message.vias
        assert (answer.to.tag, answer.from_.tag) == ("mine", "from-1")
        assert answer.cseq == message.cseq
        assert answer.headers.get("Allow") == "INVITE"
        assert len(answer.record_routes) == 1
        assert response(answer.to_bytes()).status == 180

    def test_keeps_a_tag_that_is_there(self) -> None:
        assert request(to_tag="theirs").make_response(200, to_tag="mine").to.tag == "theirs"

    @pytest.mark.parametrize(("method", "status"), [("INVITE", 100), ("INVITE", 404), ("OPTIONS", 200)])
    def test_record_route_only_where_a_dialog_forms(self, method: str, status: int) -> None:
        message = request(method, extra="Record-Route: <sip:p;lr>\r\n")
        assert message.make_response(status).record_routes == ()

    def test_body(self) -> None:
        answer = request().make_response(200, "Fine", body=b"v=0", content_type="application/sdp")
        assert answer.to_bytes().endswith(b"Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0")
        assert answer.to_bytes().startswith(b"SIP/2.0 200 Fine\r\n")


class TestRefusals:
    def test_a_partial_request_can_be_answered(self) -> None:
        error = refused(request_bytes(cseq="x INVITE"))
        assert error.status == 400
        assert error.request is not None
        answer = error.request.make_response(400)
        assert answer.headers.get("Call-ID") == "call-1"
        assert answer.headers.get("CSeq") == "x INVITE"

    @pytest.mark.parametrize(
        ("old", "new", "status"),
        [
            (b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia", 505),
            (b"Max-Forwards: 70", b"Max-Forwards: 256", 400),
            (b"Max-Forwards: 70", b"Max-Forwards: -1", 400),
            (b"Max-Forwards: 70", b"Max-Forwards: " + b"9" * 5000, 400),
            (b"Call-ID: call-1", b"Call-ID: call-1\r\ni: call-2", 400),
            (b"CSeq: 1 INVITE", b"CSeq: 4294967296 INVITE", 400),
            (b"CSeq: 1 INVITE", b"CSeq: 1_0 INVITE", 400),
            (b"CSeq: 1 INVITE", "CSeq: \u0661 INVITE".encode(), 400),
            (b"CSeq: 1 INVITE", b"CSeq: 1 BYE", 400),
            (b"Contact: <", b"Contact: ", 400),
            (b"From: ", b"From ", 400),
            (b"Max-Forwards: 70", b"Max-Forwards: 70\nEvil: 1", 400),
            (b"Max-Forwards: 70", b"Max-Forwards: 70\rEvil: 1", 400),
            (b"Content-Length: 0", b"Content-Length: 1", 400),
            (b"Content-Length: 0", b"Content-Length: 0\r\nl: 5", 400),
            (b"Content-Length: 0", b"Content-Length: 0x0", 400),
            (b"Call-ID: call-1", b"Call-ID: a b", 400),
            (b"sip:100@192.0.2.10", b"sip:" + b"1" * 3000 + b"@192.0.2.10", 414),
            (b"<sip:ann@198", b"<sip:" + b"1" * 3000 + b"@198", 400),
            # Found by fuzzing: text that would swallow the parameter that we add behind it, or the next SP.
            (b";rport", b";<sip:x", 400),
            (b";rport", b';x="', 400),
            (b"tag=from-1", b'tag="from-1', 400),
            (b"sip:100@192.0.2.10", "sip:1\u008500@192.0.2.10".encode(), 400),
            (b"ann@198.51", "ann\u2028@198.51".encode(), 400),
            (b"rport\r\n", b"rport\r\n" + b"Via: SIP/2.0/UDP h;branch=z9hG4bK\r\n" * VIAS_MAX, 483),
            (b"Max-Forwards: 70", b"X: y\r\n" * HEADER_LINES_MAX + b"Max-Forwards: 70", 513),
            (b"Max-Forwards: 70", b"X: " + b"y" * (HEADER_VALUE_MAX + 1), 513),
            (b"\r\n\r\n", b"\r\n", 400),
        ],
    )
    def test_status(self, old: bytes, new: bytes, status: int) -> None:
        data = request_bytes()
        assert old in data
        assert refused(data.replace(old, new, 1)).status == status

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"hello",
            b"\0\1\2",
            b"x" * (MESSAGE_BYTES_MAX + 1),
            b"INVITE\r\n\r\n",
            b"SIP/2.0 99 x\r\n\r\n",
            b"SIP/2.0 200 OK\r\n\r\n",
            b"SIP/2.0 700 x\r\nVia: x\r\n\r\n",
            b"INVITE sip:a@b SIP/2.0\r\n\r\n",
            request_bytes("ACK", cseq="x ACK"),
        ],
    )
    def test_nobody_to_answer(self, data: bytes) -> None:
        assert refused(data).status is None

    def test_content_length_may_be_missing_in_a_datagram(self) -> None:
        message = parse(request_bytes(body=b"hello").replace(b"Content-Length: 5\r\n", b""))
        assert message.body == b"hello"

    def test_empty_lines_before_the_start_line_are_skipped(self) -> None:
        assert parse(b"\r\n\r\n" + request_bytes()).call_id == "call-1"


@pytest.mark.parametrize(
    "noise",
    [
        b"X: " + b" " * 8000 + b"y\r\n z\r\n",
        b"Contact: " + b'"' * 8001 + b"\r\n",
        b"Contact: " + b"<" * 8000 + b"\r\n",
        b"Contact: " + b'"\\' * 4000 + b"\r\n",
        b"Via: SIP/2.0/UDP h" + b" " * 8000 + b"x\r\n",
        b"Via: SIP/2.0/UDP h;" + b"a=b;" * 2000 + b"\r\n",
        b"Record-Route: " + b"<a>," * 2000 + b"\r\n",
        b"Supported: " + b"," * 8000 + b"\r\n",
        b"Route: <sip:" + b"%41" * 2600 + b"@h>\r\n",
    ],
)
def test_no_text_of_three_lines_takes_long(noise: bytes) -> None:
    """Quadratic reading of 24 KB would take seconds; linear takes a few milliseconds."""
    data = request_bytes().replace(b"Max-Forwards", noise * 3 + b"Max-Forwards")

    def read() -> None:
        with suppress(MessageError):
            parse(data)

    assert least_s(read) < 0.5


# Property: what we write, we read back.

_tokens = st.from_regex(r"[A-Za-z0-9.!%*_+`'~-]{1,20}", fullmatch=True)
_values = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), max_size=60).map(
    lambda text: text.strip(" \t")
)


@given(
    extra=st.lists(st.tuples(_tokens.map(lambda name: "X-" + name), _values), max_size=8),
    body=st.binary(max_size=200),
    user=st.text(min_size=1, max_size=20).filter(
        lambda text: not any("\ud800" <= c <= "\udfff" for c in text)
    ),
)
def test_round_trip(extra: list[tuple[str, str]], body: bytes, user: str) -> None:
    base = request()
    message = Request("INVITE", Uri(user=user, host="h"), [*base.headers, *extra], body)
    again = parse(message.to_bytes())
    assert isinstance(again, Request)
    assert again.uri == message.uri
    assert again.body == body
    assert [pair for pair in again.headers if pair[0] != "Content-Length"] == [
        pair for pair in message.headers if pair[0] != "Content-Length"
    ]


@given(
    status=st.integers(100, 699),
    reason=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
)
def test_responses_round_trip(status: int, reason: str) -> None:
    again = response(Response(status, reason, request().make_response(status).headers).to_bytes())
    assert (again.status, again.reason) == (status, reason)


def test_a_list_of_contacts_is_counted_before_it_is_taken_apart() -> None:
    """Else one datagram would cost ten times what its refusal does; names in quotes may hold commas."""
    head = b"REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\n"
    head += b"To: <sip:a@a>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n"
    many = b"Contact: " + b",".join(b"<sip:a@h:%d>" % port for port in range(1, 200)) + b"\r\n\r\n"
    with pytest.raises(MessageError) as refused:
        parse(head + many)
    assert refused.value.status == 513
    named = b",".join(b'"Doe, Jane" <sip:a@h:%d>' % port for port in range(1, 60))
    assert len(parse(head + b"Contact: " + named + b"\r\n\r\n").contacts) == 59
