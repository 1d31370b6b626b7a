"""Every message of RFC 4475 and RFC 5118 by name, against the layer that decides it.

`torture_verdicts.json` gives the verdict. What the message layer and the transaction layer decide is tested
here; what is left to their user (a registrar's 200, a media answer) is tested as far as this room goes: the
request arrives whole.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import MessageError, Request, Response, Uri, parse, same_uri
from switch.sip.outputs import MessageDropped, RequestReceived, SendBytes
from switch.sip.transport import Ping, StreamFramer
from tests.sip.samples import layer, reading_with
from tests.vectors import vector


@pytest.fixture(autouse=True, params=["c", "python"], scope="module")
def _half(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test reads with both halves of the parser."""
    with reading_with(request.param, __name__):
        yield


FLOW = Flow(Transport.UDP, Address("192.0.2.10", 5060), Address("203.0.113.9", 5060))

# The status that the layer answers by itself; "user" where the request goes up; "drop" where nothing is
# answered.
DECIDED = {
    "rfc4475/wsinv.dat": "user",
    "rfc4475/intmeth.dat": 501,
    "rfc4475/esc01.dat": "user",
    "rfc4475/escnull.dat": "user",
    "rfc4475/esc02.dat": 501,
    "rfc4475/lwsdisp.dat": "user",
    "rfc4475/longreq.dat": "user",
    "rfc4475/dblreq.dat": "user",
    "rfc4475/semiuri.dat": "user",
    "rfc4475/transports.dat": "user",
    "rfc4475/mpart01.dat": "user",
    "rfc4475/unreason.dat": "drop",
    "rfc4475/noreason.dat": "drop",
    "rfc4475/badinv01.dat": 400,
    "rfc4475/clerr.dat": 400,
    "rfc4475/ncl.dat": 400,
    "rfc4475/scalar02.dat": 400,
    "rfc4475/scalarlg.dat": "drop",
    "rfc4475/quotbal.dat": 400,
    "rfc4475/ltgtruri.dat": 400,
    "rfc4475/lwsruri.dat": 400,
    "rfc4475/lwsstart.dat": 400,
    "rfc4475/trws.dat": 400,
    "rfc4475/escruri.dat": 400,
    "rfc4475/baddate.dat": "user",
    "rfc4475/regbadct.dat": 400,
    "rfc4475/badaspec.dat": "user",
    "rfc4475/baddn.dat": 400,
    "rfc4475/badvers.dat": 505,
    "rfc4475/mismatch01.dat": 400,
    "rfc4475/mismatch02.dat": 400,
    "rfc4475/bigcode.dat": "drop",
    "rfc4475/badbranch.dat": "user",
    "rfc4475/insuf.dat": 400,
    "rfc4475/unkscm.dat": 416,
    "rfc4475/novelsc.dat": 416,
    "rfc4475/unksm2.dat": "user",
    "rfc4475/bext01.dat": 420,
    "rfc4475/invut.dat": "user",
    "rfc4475/regaut01.dat": "user",
    "rfc4475/multi01.dat": 400,
    "rfc4475/mcl01.dat": 400,
    "rfc4475/bcast.dat": "drop",
    "rfc4475/zeromf.dat": "user",
    "rfc4475/cparam01.dat": "user",
    "rfc4475/cparam02.dat": "user",
    "rfc4475/regescrt.dat": "user",
    "rfc4475/sdp01.dat": "user",
    "rfc4475/inv2543.dat": "user",
    "rfc5118/ipv6-good.dat": "user",
    "rfc5118/ipv6-bad.dat": 400,
    "rfc5118/port-ambiguous.dat": "user",
    "rfc5118/port-unambiguous.dat": "user",
    "rfc5118/mult-ip-in-header.dat": "user",
    "rfc5118/via-received-param-with-delim.dat": "user",
    "rfc5118/via-received-param-no-delim.dat": "user",
    # The three whose Content-Length exceeds their body are what section 18.3 answers 400; corrected they
    # pass.
    "rfc5118/ipv6-in-sdp.dat": 400,
    "rfc5118/mult-ip-in-sdp.dat": "user",
    "rfc5118/ipv4-mapped-ipv6.dat": "user",
    "rfc5118/ipv6-bug-abnf-3-colons.dat": 400,
    "rfc5118/ipv6-correct-abnf-2-colons.dat": "user",
    "rfc5118/ipv6-in-sdp.clfixed.dat": "user",
    "rfc5118/mult-ip-in-sdp.clfixed.dat": "user",
    "rfc5118/ipv4-mapped-ipv6.clfixed.dat": "user",
}


def read(name: str) -> bytes:
    return vector(f"sip/{name}").read_bytes()


def parsed(name: str) -> Request:
    message = parse(read(name))
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize("name", DECIDED)
def test_the_layer_answers_as_the_rfc_says(name: str) -> None:
    transactions = layer(extensions=())
    transactions.receive(read(name), FLOW, 0)
    (output,) = transactions.poll()
    wanted = DECIDED[name]
    if wanted == "user":
        assert isinstance(output, RequestReceived)
    elif wanted == "drop":
        assert isinstance(output, MessageDropped)
    else:
        assert isinstance(output, SendBytes)
        answer = parse_answer(output.data)
        assert answer == wanted


def parse_answer(data: bytes) -> int:
    """The status alone: an answer to a message without Call-ID has none either, and so is no valid
    message."""
    version, status, _ = data.split(b" ", 2)
    assert version == b"SIP/2.0"
    return int(status)


def test_every_vector_has_a_decision() -> None:
    verdicts: list[dict[str, Any]] = json.loads(vector("sip/torture_verdicts.json").read_text())
    assert {entry["file"] for entry in verdicts} <= DECIDED.keys()
    for entry in verdicts:
        decision = DECIDED[entry["file"]]
        if entry["verdict"] == "drop":
            assert decision == "drop", entry["file"]
        if entry["kind"] == "request":
            assert decision != "drop", entry["file"]


# What the messages are about, one by one.


def test_wsinv_is_read_through_its_white_space() -> None:
    message = parsed("rfc4475/wsinv.dat")
    assert [(via.transport, via.host, via.branch) for via in message.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert message.max_forwards == 68
    assert message.cseq.number == 9
    assert message.to.tag == "1918181833n"
    assert message.from_.display == 'J Rosenberg \\"'
    assert message.from_.tag == "98asjd8"
    (contact,) = message.contacts
    assert contact.display == 'Quoted string ""'
    assert contact.param("newparam") == "newvalue"
    assert contact.param("secondparam") == ""
    assert contact.param("q") == "0.33"
    assert message.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert len(message.body) == 150


def test_intmeth_keeps_its_wide_range_of_characters() -> None:
    message = parsed("rfc4475/intmeth.dat")
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.to.display == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert message.uri.host == "example.com"
    assert message.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"


def test_esc01_unescapes_once() -> None:
    message = parsed("rfc4475/esc01.dat")
    assert message.uri.user == "sips:user@example.com"
    assert message.uri.host == "example.net"


def test_escnull_has_two_contacts_and_a_whole_user() -> None:
    message = parsed("rfc4475/escnull.dat")
    assert [contact.uri.user for contact in message.contacts] == ["\0", "\0\0"]
    assert message.to.uri.user == "null-\0-null"
    assert not same_uri(*[contact.uri for contact in message.contacts])


def test_esc02_does_not_unescape_methods_nor_header_names() -> None:
    message = parsed("rfc4475/esc02.dat")
    assert message.method == "RE%47IST%45R"
    assert len(message.contacts) == 2


def test_dblreq_ignores_what_follows_the_body() -> None:
    message = parsed("rfc4475/dblreq.dat")
    assert message.method == "REGISTER"
    assert message.body == b""


def test_semiuri_keeps_the_semicolon_in_the_user() -> None:
    uri = parsed("rfc4475/semiuri.dat").uri
    assert uri.user == "user;par=u@example.net"
    assert uri.params == ()


def test_transports_may_be_unknown() -> None:
    transports = [via.transport for via in parsed("rfc4475/transports.dat").vias]
    assert transports == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_mpart01_keeps_binary_bodies() -> None:
    message = parsed("rfc4475/mpart01.dat")
    assert b"\0" in message.body
    assert message.content_type == "multipart/mixed"


def test_unreason_and_noreason_are_responses() -> None:
    unreason, noreason = parse(read("rfc4475/unreason.dat")), parse(read("rfc4475/noreason.dat"))
    assert isinstance(unreason, Response)
    assert isinstance(noreason, Response)
    assert unreason.reason.startswith("= 2**3 * 5**2")
    assert (noreason.status, noreason.reason) == (100, "")


def test_cparams_stay_on_their_side_of_the_bracket() -> None:
    (outside,) = parsed("rfc4475/cparam01.dat").contacts
    (inside,) = parsed("rfc4475/cparam02.dat").contacts
    assert outside.param("unknownparam") == ""
    assert outside.uri.param("unknownparam") is None
    assert inside.uri.param("unknownparam") == ""
    assert inside.param("unknownparam") is None


def test_regescrt_keeps_the_escaped_route_in_its_uri() -> None:
    (contact,) = parsed("rfc4475/regescrt.dat").contacts
    assert contact.uri.headers == (("Route", "%3Csip:sip.example.com%3E"),)


def test_ambiguous_and_unambiguous_ports() -> None:
    ambiguous, clear = parsed("rfc5118/port-ambiguous.dat").uri, parsed("rfc5118/port-unambiguous.dat").uri
    assert (ambiguous.host, ambiguous.port) == ("2001:db8::10:5070", None)
    assert (clear.host, clear.port) == ("2001:db8::10", 5070)


@pytest.mark.parametrize("name", ["with-delim", "no-delim"])
def test_received_is_read_with_and_without_brackets(name: str) -> None:
    via = parsed(f"rfc5118/via-received-param-{name}.dat").via
    assert via.received == "2001:db8::9:255"


def test_ipv6_addresses_compare_as_addresses() -> None:
    assert same_uri(Uri.parse("sip:[2001:db8::1]"), Uri.parse("sip:[2001:DB8:0::1]"))


# Streams.


@pytest.mark.parametrize("name", [name for name, decision in DECIDED.items() if decision != "drop"])
def test_messages_can_be_framed_at_every_cut(name: str) -> None:
    data = read(name)
    whole = StreamFramer()
    expected = whole.feed(data)
    for cut in range(len(data) + 1):
        framer = StreamFramer()
        assert framer.feed(data[:cut]) + framer.feed(data[cut:]) == expected, cut
        assert framer.broken == whole.broken


@pytest.mark.parametrize("name", DECIDED)
def test_messages_can_be_framed_byte_by_byte(name: str) -> None:
    data = read(name)
    whole, slow = StreamFramer(), StreamFramer()
    expected = whole.feed(data)
    assert [item for byte in data for item in slow.feed(bytes([byte]))] == expected
    assert slow.broken == whole.broken


def test_dblreq_over_a_stream_is_two_messages() -> None:
    # The vector's second body is two bytes longer than its Content-Length says: what follows is not a
    # message.
    framed = StreamFramer().feed(read("rfc4475/dblreq.dat"))[:2]
    messages = [parse(item) for item in framed if not isinstance(item, Ping)]
    assert [message.cseq.method for message in messages] == ["REGISTER", "INVITE"]


@pytest.mark.parametrize("name", ["rfc4475/ncl.dat", "rfc4475/mcl01.dat"])
def test_a_length_that_cannot_be_believed_breaks_the_stream_after_an_answer(name: str) -> None:
    framer = StreamFramer()
    (head,) = framer.feed(read(name))
    assert framer.broken == "bad-content-length"
    assert isinstance(head, bytes)
    with pytest.raises(MessageError) as caught:
        parse(head)
    assert caught.value.status == 400
    assert framer.feed(read("rfc4475/esc01.dat")) == []


def test_clerr_over_a_stream_waits_for_the_rest() -> None:
    framer = StreamFramer()
    assert framer.feed(read("rfc4475/clerr.dat")) == []
    assert framer.broken is None


# Round trip.


@pytest.mark.parametrize("name", DECIDED)
def test_what_was_read_is_written_with_the_same_meaning(name: str) -> None:
    try:
        message = parse(read(name))
    except MessageError:
        return
    again = parse(message.to_bytes())
    assert again.to_bytes() == message.to_bytes()
    assert again.body == message.body
    assert (again.vias, again.from_, again.to, again.cseq, again.call_id) == (
        message.vias,
        message.from_,
        message.to,
        message.cseq,
        message.call_id,
    )
    assert (again.contacts, again.routes, again.record_routes) == (
        message.contacts,
        message.routes,
        message.record_routes,
    )
