"""URIs and name-addrs: RFC 3261 section 19.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.sip.message import MessageError, NameAddr, Uri, same_uri

# RFC 3261 section 19.1.4, its own examples.
SAME = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("tel:+1-201-555-0123", "TEL:+1-201-555-0123"),
]
DIFFERENT = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=off", "sip:carol@chicago.com;security=on"),
    ("sip:a@b", "sips:a@b"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_same_by_section_19_1_4(a: str, b: str) -> None:
    assert same_uri(Uri.parse(a), Uri.parse(b))
    assert same_uri(Uri.parse(b), Uri.parse(a))


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_by_section_19_1_4(a: str, b: str) -> None:
    assert not same_uri(Uri.parse(a), Uri.parse(b))
    assert not same_uri(Uri.parse(b), Uri.parse(a))


def test_parts() -> None:
    uri = Uri.parse("sips:al%20ice:se%3Acret@[2001:db8::1]:5061;lr;transport=tls?Subject=hi&X-Y=")
    assert (uri.scheme, uri.user, uri.password) == ("sips", "al ice", "se:cret")
    assert (uri.host, uri.port) == ("2001:db8::1", 5061)
    assert uri.params == (("lr", None), ("transport", "tls"))
    assert uri.headers == (("Subject", "hi"), ("X-Y", ""))
    assert uri.param("lr") == ""
    assert uri.param("maddr") is None


@pytest.mark.parametrize(
    "text",
    [
        "sip:192.0.2.4",
        "sip:+33123456789@carrier.example:5080;user=phone",
        "tel:+33-1-23",
        "urn:service:sos",
        "sip:*21#@x",
    ],
)
def test_written_as_read(text: str) -> None:
    assert str(Uri.parse(text)) == text


def test_built_ones_are_escaped() -> None:
    uri = Uri(user="a b>\r\nVia: x", host="2001:db8::1", port=5060)
    assert str(uri) == "sip:a%20b%3E%0D%0AVia%3A%20x@[2001:db8::1]:5060"
    assert Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip",
        "sip:@host",
        "sip:a@",
        "sip:a b@host",
        "sip:a@host:0",
        "sip:a@host:65536",
        "sip:a@host:x",
        "sip:2001:db8::1",
        "sip:[2001:db8:::1]",
        "sip:a@[::1",
        "sip:a@host;",
        "sip:a@host;;lr",
        "sip:a@host?x",
        "sip:%zz@host",
        "sip:%ff@host",
        "sip:a<b>@host",
        "sip:a@b@c",
        "sip:a@host\r\nX: y",
        "1sip:a@b",
        "sip:" + "a" * 3000 + "@host",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        Uri.parse(text)


def test_bare_is_the_address_of_record() -> None:
    assert str(Uri.parse("sip:a:b@host:5070;transport=tcp?x=y").bare()) == "sip:a@host:5070"


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        ('"A \\"B\\" <C>" <sip:a@b;lr>;tag=x', 'A "B" <C>', "sip:a@b;lr", "x"),
        ("Ann Lee <sip:a@b>", "Ann Lee", "sip:a@b", None),
        ("<sip:a@b>;tag=x;y=z", "", "sip:a@b", "x"),
        ("sip:a@b;tag=x", "", "sip:a@b", "x"),
        ("Ann<sip:a@b>", "Ann", "sip:a@b", None),
        ("J\u00e9r\u00f4me <sip:a@b>", "J\u00e9r\u00f4me", "sip:a@b", None),
    ],
)
def test_name_addr(text: str, display: str, uri: str, tag: str | None) -> None:
    parsed = NameAddr.parse(text)
    assert (parsed.display, str(parsed.uri), parsed.tag) == (display, uri, tag)
    assert NameAddr.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    "text", ['"A <sip:a@b>', '"A" sip:a@b', "<sip:a@b", "sip:a@b?x=y", "", "A <>", 'A" <sip:a@b>']
)
def test_malformed_name_addr(text: str) -> None:
    with pytest.raises(MessageError):
        NameAddr.parse(text)


def test_tags_are_replaced() -> None:
    address = NameAddr.parse("<sip:a@b>;tag=x;q=1")
    assert str(address.with_tag("y")) == "<sip:a@b>;q=1;tag=y"
    assert str(address.with_tag(None)) == "<sip:a@b>;q=1"


def test_a_display_name_cannot_add_a_header() -> None:
    assert "\n" not in str(NameAddr("x\r\nVia: y", Uri(host="h")))


@given(
    user=st.text(min_size=1).filter(lambda text: text.isprintable() or True),
    port=st.one_of(st.none(), st.integers(1, 65535)),
    host=st.sampled_from(["example.com", "192.0.2.1", "2001:db8::7"]),
)
def test_any_user_survives_a_round_trip(user: str, port: int | None, host: str) -> None:
    uri = Uri(user=user, host=host, port=port)
    assert Uri.parse(str(uri)) == uri


@given(display=st.text(), tag=st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True))
def test_any_display_name_survives_a_round_trip(display: str, tag: str) -> None:
    address = NameAddr(
        display.replace("\r", " ").replace("\n", " "), Uri(user="a", host="b"), (("tag", tag),)
    )
    assert NameAddr.parse(str(address)) == address
