"""Reading and writing descriptions: RFC 8866's form, published vectors, every truncation, round trip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.sdp.direction import Direction
from switch.sdp.parse import BYTES_MAX, FORMATS_MAX, LINES_MAX, MEDIA_MAX, parse
from switch.sdp.session import (
    Attribute,
    Connection,
    Media,
    Origin,
    SdpError,
    Session,
    same_but_version,
)
from tests.vectors import vector

MINIMAL = (
    b"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
)

RFC8866_EXAMPLE = b"""v=0
o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1
s=Call to John Smith
i=SDP Offer #1
u=http://www.jdoe.example.com/home.html
e=Jane Doe <jane@jdoe.example.com>
p=+1 617 555-6011
c=IN IP4 198.51.100.1
t=0 0
m=audio 49170 RTP/AVP 0
m=audio 49180 RTP/AVP 0
m=video 51372 RTP/AVP 99
c=IN IP6 2001:db8::2
a=rtpmap:99 h263-1998/90000
"""


def body_of(name: str) -> bytes:
    return vector(f"sip/{name}").read_bytes().partition(b"\r\n\r\n")[2]


def test_the_example_of_rfc_8866_section_5() -> None:
    session = parse(RFC8866_EXAMPLE)
    assert session.origin == Origin("jdoe", 3724394400, 3724394405, "IP4", "198.51.100.1")
    assert session.name == "Call to John Smith"
    assert [media.port for media in session.media] == [49170, 49180, 51372]
    assert session.connection_of(session.media[0]) == Connection("IP4", "198.51.100.1")
    assert session.connection_of(session.media[2]) == Connection("IP6", "2001:db8::2")
    assert session.media[2].value("rtpmap") == "99 h263-1998/90000"


def test_sdp01_of_rfc_4475() -> None:
    session = parse(body_of("rfc4475/sdp01.dat"))
    assert [(m.kind, m.port, m.formats) for m in session.media] == [
        ("audio", 49217, ("0", "12")),
        ("video", 3227, ("31",)),
    ]


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("ipv6-in-sdp.clfixed.dat", ["2001:db8::20", "2001:db8::20"]),
        ("mult-ip-in-sdp.clfixed.dat", ["192.0.2.1", "2001:db8::1"]),
        ("ipv4-mapped-ipv6.clfixed.dat", ["::ffff:192.0.2.2", "::ffff:192.0.2.2"]),
    ],
)
def test_addresses_of_rfc_5118(name: str, addresses: list[str]) -> None:
    session = parse(body_of(f"rfc5118/{name}"))
    connections = [session.connection_of(media) for media in session.media]
    assert [c.address for c in connections if c is not None] == addresses


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"v=0", b"v=1", "line 1: expected v=0"),
        (b"v=0\r\n", b"", "line 1: expected v=0"),
        (b"o=- 1 2 IN IP4 192.0.2.1\r\n", b"", "no o= line"),
        (b"o=- 1 2", b"o=- 1 -2", "line 2: expected a number"),
        (b"o=- 1 2", "o=- \u0661 2".encode(), "line 2: expected a number"),
        (b"o=- 1 2", b"o=- 1 " + b"9" * 33, "line 2: expected a number"),
        (b"o=- 1 2", b"o=-  2", "line 2: malformed o= line"),
        (b"s=-\r\n", b"o=- 1 2 IN IP4 192.0.2.1\r\n", "line 3: second o= line"),
        (b"s=-", b"s", "line 3: expected a letter and ="),
        (b"s=-", b"", "line 3: expected a letter and ="),
        (b"s=-", b"y=0100000001", "line 3: y= line is unknown or misplaced"),
        (b"c=IN", b"c=ATM", "line 4: malformed c= line"),
        (b"c=IN IP4", b"c=IN IP5", "line 4: malformed c= line"),
        (b"c=IN IP4 192.0.2.1", b"c=IN IP4 192.0.2.1/127/3/9", "line 4: malformed address in c= line"),
        (b"c=IN IP4 192.0.2.1", b"c=IN IP4 192.0.2.1/x", "line 4: expected a number"),
        (b"c=IN IP4 192.0.2.1\r\n", b"", "no c= line for m= line 1"),
        (b"t=0 0", b"t=0", "line 5: malformed t= line"),
        (b"audio 4000", b"audio 65536", "line 6: port out of range in m= line"),
        (b"audio 4000", b"audio -1", "line 6: expected a number"),
        (b"audio 4000", b"audio 4000/", "line 6: expected a number"),
        (b"RTP/AVP 0", b"RTP/AVP", "line 6: m= line needs a kind, port, protocol and format"),
        (b"RTP/AVP 0", b"RTP/AVP 0(", "line 6: malformed m= line"),
        (b"RTP/AVP 0\r\n", b"RTP/AVP 0\r\na=:x\r\n", "line 7: malformed a= line"),
        (b"RTP/AVP 0\r\n", b"RTP/AVP 0\r\nt=0 0\r\n", "line 7: t= line is unknown or misplaced"),
        (b"s=-", b"s=a\rb", "bare CR or NUL"),
        (b"s=-", b"s=\0", "bare CR or NUL"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old: bytes, new: bytes, reason: str) -> None:
    assert old in MINIMAL
    with pytest.raises(SdpError) as caught:
        parse(MINIMAL.replace(old, new, 1))
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (MINIMAL + b"a=" + b"x" * BYTES_MAX, f"more than {BYTES_MAX} bytes"),
        (MINIMAL + b"a=x\r\n" * LINES_MAX, f"more than {LINES_MAX} lines"),
        (MINIMAL + b"m=audio 0 RTP/AVP 0\r\n" * MEDIA_MAX, f"line 38: more than {MEDIA_MAX} m= lines"),
        (
            MINIMAL + b"m=audio 0 RTP/AVP" + b" 0" * (FORMATS_MAX + 1),
            f"line 7: more than {FORMATS_MAX} formats in an m= line",
        ),
        (b"", "line 1: expected v=0"),
    ],
)
def test_every_size_is_bounded(data: bytes, reason: str) -> None:
    with pytest.raises(SdpError) as caught:
        parse(data)
    assert str(caught.value) == reason


def test_what_the_field_does_without_harm_is_read() -> None:
    lenient = (
        b"v=0\no=- 1 2 IN IP4 192.0.2.1\nt=0 0\nb=AS:84\nc=IN IP4 192.0.2.1/127\na=x\n"
        b"m=audio 4000/2 RTP/AVP 0\n\n"
    )
    session = parse(lenient)
    assert session.name == "-"
    assert session.media[0].port == 4000
    assert session.connection == Connection("IP4", "192.0.2.1")
    assert session.bandwidths == ("AS:84",)
    assert parse(MINIMAL.replace(b"t=0 0\r\n", b"")).timing == "0 0"
    assert parse(MINIMAL.replace(b"s=-", b"s=\xff")).name == "\ufffd"
    assert parse(MINIMAL.replace(b"m=audio 4000", b"m=audio 0").replace(b"c=IN IP4 192.0.2.1\r\n", b"")).media


def test_a_stream_has_its_own_direction_or_the_sessions() -> None:
    session = parse(
        MINIMAL.replace(b"t=0 0", b"t=0 0\r\na=sendonly") + b"m=audio 6 RTP/AVP 0\r\na=recvonly\r\n"
    )
    assert [session.direction_of(media) for media in session.media] == [
        Direction.SENDONLY,
        Direction.RECVONLY,
    ]
    plain = parse(MINIMAL)
    assert plain.direction_of(plain.media[0]) is Direction.SENDRECV


def test_every_truncation_is_read_or_refused() -> None:
    for data in (MINIMAL, RFC8866_EXAMPLE):
        for length in range(len(data)):
            try:
                parse(data[:length])
            except SdpError:
                continue


@given(
    st.binary(max_size=400)
    | st.text(max_size=200).map(lambda text: b"v=0\r\n" + text.encode("utf-8", "replace"))
)
def test_any_bytes_raise_nothing_but_sdp_error(data: bytes) -> None:
    for candidate in (data, MINIMAL + data, b"v=0\r\no=" + data):
        try:
            parse(candidate)
        except SdpError:
            continue


TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-.!", min_size=1, max_size=8)
NUMBERS = st.integers(0, 10**20)
ADDRESSES = st.ip_addresses().map(lambda ip: Connection(f"IP{ip.version}", str(ip)))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)
ATTRIBUTES = st.lists(st.builds(Attribute, TOKENS, st.none() | TEXTS), max_size=4).map(tuple)
MEDIA = st.builds(
    Media,
    TOKENS,
    st.integers(0, 65_535),
    st.sampled_from(["RTP/AVP", "RTP/SAVPF", "udptl", "TCP/MSRP"]),
    st.lists(TOKENS, min_size=1, max_size=5).map(tuple),
    ADDRESSES,
    st.lists(st.sampled_from(["AS:64", "TIAS:64000"]), max_size=2).map(tuple),
    ATTRIBUTES,
)
SESSIONS = st.builds(
    Session,
    st.builds(
        lambda user, one, two, c: Origin(user, one, two, c.address_type, c.address),
        TOKENS,
        NUMBERS,
        NUMBERS,
        ADDRESSES,
    ),
    TOKENS,
    st.none() | ADDRESSES,
    st.just(()),
    st.just("0 0"),
    ATTRIBUTES,
    st.lists(MEDIA, max_size=4).map(tuple),
)


@given(SESSIONS)
def test_what_is_written_is_read_back_the_same(session: Session) -> None:
    assert parse(session.to_bytes()) == session


def test_only_the_version_may_differ_in_a_repetition() -> None:
    session = parse(MINIMAL)
    assert same_but_version(session, parse(MINIMAL.replace(b"- 1 2 IN", b"- 1 3 IN")))
    assert not same_but_version(session, parse(MINIMAL.replace(b"- 1 2 IN", b"- 9 2 IN")))
    assert not same_but_version(session, parse(MINIMAL.replace(b"4000", b"4002")))
