"""Framing of streams, received and rport (RFC 3261 sections 7.5, 18; RFC 3581; RFC 5626)."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Via
from switch.sip.message.limits import HEAD_BYTES_MAX, MESSAGE_BYTES_MAX
from switch.sip.transport import Ping, StreamFramer, note_source, response_flow
from tests.sip.samples import OUR, PEER, TCP, UDP, reading_with, request, request_bytes

ONE = request_bytes(body=b"hello\r\n\r\nworld")
TWO = request_bytes("BYE", to_tag="x")


def fed(*pieces: bytes) -> list[bytes | Ping]:
    framer = StreamFramer()
    return [item for piece in pieces for item in framer.feed(piece)]


class TestFramer:
    @given(st.lists(st.sampled_from([ONE, TWO]), max_size=5), st.data())
    def test_any_cut_gives_the_same_messages(self, messages: list[bytes], data: st.DataObject) -> None:
        stream = b"".join(messages)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
        pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert fed(*pieces) == messages

    def test_ping_is_answered_once_a_read(self) -> None:
        assert fed(b"\r\n\r\n") == [Ping(b"\r\n")]
        assert fed(b"\r\n\r\n" * 1000 + TWO) == [TWO, Ping()]
        assert fed(b"\r", b"\n", b"\r", b"\n") == [Ping()]

    def test_a_single_line_end_is_no_ping(self) -> None:
        assert fed(b"\r\n" + TWO) == [TWO]
        assert fed(b"\r\n", TWO) == [TWO]
        assert fed(b"\r", b"\n", TWO, b"\r\n", TWO) == [TWO, TWO]

    def test_a_ping_between_messages(self) -> None:
        assert fed(ONE + b"\r\n\r\n" + TWO) == [ONE, TWO, Ping()]

    @pytest.mark.parametrize("name", [b"Content-Length", b"l", b"content-length \t", b"L"])
    def test_the_length_in_all_its_forms(self, name: bytes) -> None:
        data = ONE.replace(b"Content-Length", name)
        assert fed(data + TWO) == [data, TWO]
        folded = ONE.replace(b"Content-Length: ", name + b":\r\n  ")
        assert fed(folded + TWO) == [folded, TWO]

    def test_without_a_length_there_is_no_body(self) -> None:
        bare = TWO.replace(b"Content-Length: 0\r\n", b"")
        assert fed(bare + TWO) == [bare, TWO]

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"x" * (HEAD_BYTES_MAX + 1), "head-too-large"),
            (b"x" * HEAD_BYTES_MAX + b"x\r\n\r\n", "head-too-large"),
            (TWO.replace(b"Length: 0", b"Length: -1"), "bad-content-length"),
            (TWO.replace(b"Length: 0", b"Length: 1\r\nl: 2"), "bad-content-length"),
            (TWO.replace(b"Length: 0", b"Length: 99999999999"), "bad-content-length"),
            (TWO.replace(b"Length: 0", b"Length: %d" % MESSAGE_BYTES_MAX), "message-too-large"),
        ],
    )
    def test_what_cannot_be_framed_breaks_the_stream(self, data: bytes, why: str) -> None:
        framer = StreamFramer()
        framer.feed(data)
        assert framer.broken == why
        assert framer.feed(TWO) == []

    def test_messages_before_the_break_are_not_lost(self) -> None:
        framer = StreamFramer()
        bad = TWO.replace(b"Length: 0", b"Length: -1")
        assert framer.feed(ONE + bad) == [ONE, bad]
        assert framer.broken

    @given(st.binary(max_size=300))
    def test_noise_never_raises(self, noise: bytes) -> None:
        framer = StreamFramer()
        for byte in noise:
            framer.feed(bytes([byte]))


@pytest.fixture(params=["c", "python"], scope="class")
def half(request: pytest.FixtureRequest) -> Iterator[None]:
    with reading_with(request.param, __name__):
        yield


@pytest.mark.usefixtures("half")
class TestSource:
    def test_rport_and_received_are_filled_in(self) -> None:
        message = request(extra="Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKx\r\n", sent_by="10.0.0.5:5060")
        note_source(message, UDP)
        assert (message.via.received, message.via.rport) == (PEER.host, PEER.port)
        assert message.via.branch == "z9hG4bK1"
        assert len(message.vias) == 2

    def test_without_rport_only_what_differs(self) -> None:
        same = request()
        same.headers.set("Via", f"SIP/2.0/UDP {PEER.host};branch=z9hG4bK1")
        note_source(same, UDP)
        assert same.via.received is None
        other = request()
        other.headers.set("Via", "SIP/2.0/UDP phone.example:5061;branch=z9hG4bK1")
        note_source(other, UDP)
        assert (other.via.received, other.via.rport) == (PEER.host, None)

    def test_two_vias_in_one_line(self) -> None:
        message = request()
        message.headers.set("Via", "SIP/2.0/UDP a;rport;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2")
        note_source(message, UDP)
        assert [(via.host, via.received) for via in message.vias] == [("a", PEER.host), ("b", None)]

    @pytest.mark.parametrize(
        ("via", "port"),
        [
            ("h;rport=6000", 6000),
            ("h:5061", 5061),
            ("h", 5060),
            ("h:5061;rport", 5061),
            ("h;rport=99999", 5060),
        ],
    )
    def test_the_way_back_over_udp(self, via: str, port: int) -> None:
        back = response_flow(Via.parse(f"SIP/2.0/UDP {via}"), UDP)
        assert back == Flow(Transport.UDP, OUR, Address(PEER.host, port))

    def test_the_way_back_over_a_stream_is_its_connection(self) -> None:
        assert response_flow(Via.parse("SIP/2.0/TCP h:1"), TCP) == TCP
