"""Offer and answer: RFC 3264's own examples and rules, and what phones of the field send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.sdp.audio import Agreement, AudioCapability, Disagreement, NoAgreement
from switch.sdp.direction import Direction
from switch.sdp.negotiate import accept_answer, answer_offer, build_offer
from switch.sdp.parse import parse
from switch.sdp.session import Session

CAPABILITY = AudioCapability(("PCMU", "PCMA"))
LOCAL = "192.0.2.10"


def offer_of(*lines: str, address: str = "192.0.2.1", version: int = 1) -> Session:
    head = [
        "v=0",
        f"o=- 7 {version} IN IP4 192.0.2.1",
        "s=-",
        f"c=IN IP{6 if ':' in address else 4} {address}",
        "t=0 0",
    ]
    return parse("\r\n".join([*head, *lines, ""]).encode())


def answered(
    offer: Session,
    direction: Direction = Direction.SENDRECV,
    *,
    local: str = LOCAL,
    previous: Session | None = None,
) -> tuple[Session, Agreement]:
    result = answer_offer(offer, local, 40_000, 99, 1, CAPABILITY, direction, previous=previous)
    assert not isinstance(result, NoAgreement), result
    # What we send is what the peer reads.
    assert parse(result[0].to_bytes()) == result[0]
    return result


def refused(offer: Session, capability: AudioCapability = CAPABILITY) -> Disagreement:
    result = answer_offer(offer, LOCAL, 40_000, 99, 1, capability)
    assert isinstance(result, NoAgreement)
    return result.reason


def accepted(offer: Session, answer: Session) -> Agreement:
    result = accept_answer(offer, answer)
    assert isinstance(result, Agreement), result
    return result


ALICE = b"""v=0
o=alice 2890844526 2890844526 IN IP4 host.anywhere.com
s=
c=IN IP4 192.0.2.77
t=0 0
m=audio 49170 RTP/AVP 0
a=rtpmap:0 PCMU/8000
m=video 51372 RTP/AVP 31
a=rtpmap:31 H261/90000
m=video 53000 RTP/AVP 32
a=rtpmap:32 MPV/90000
"""
"""RFC 3264 section 10.1, with an address in the place of its host name."""


def test_the_basic_exchange_of_rfc_3264_section_10_1() -> None:
    answer, agreement = answered(parse(ALICE))
    assert [(m.kind, m.port, m.formats) for m in answer.media] == [
        ("audio", 40_000, ("0",)),
        ("video", 0, ("31",)),
        ("video", 0, ("32",)),
    ]
    assert agreement == Agreement(
        remote_host="192.0.2.77",
        remote_port=49170,
        codec="PCMU",
        payload_type=0,
        receive_payload_type=0,
        dtmf_payload_type=None,
        receive_dtmf_payload_type=None,
        ptime_ms=20,
        direction=Direction.SENDRECV,
        remote_holds=False,
        media_index=0,
    )


def test_one_of_n_codecs_of_rfc_3264_section_10_2() -> None:
    offer = offer_of(
        "m=audio 62986 RTP/AVP 0 4 18", "a=rtpmap:0 PCMU/8000", "a=rtpmap:4 G723/8000", "a=inactive"
    )
    answer, agreement = answered(offer)
    assert answer.media[0].formats == ("0",)
    assert agreement.direction is Direction.INACTIVE
    assert answer.direction_of(answer.media[0]) is Direction.INACTIVE
    locked = offer_of("m=audio 62986 RTP/AVP 0", "a=sendrecv", version=2)
    again, agreement = answered(locked, previous=answer)
    assert agreement.direction is Direction.SENDRECV
    assert again.origin.version == answer.origin.version + 1


def test_the_offerers_order_of_codecs_decides_an_answer() -> None:
    assert answered(offer_of("m=audio 4000 RTP/AVP 8 0"))[1].codec == "PCMA"
    assert answered(offer_of("m=audio 4000 RTP/AVP 0 8"))[1].codec == "PCMU"
    assert answered(offer_of("m=audio 4000 RTP/AVP 9 18 3 8 0"))[0].media[0].formats == ("8",)


def test_digits_come_under_the_offerers_number() -> None:
    answer, agreement = answered(
        offer_of("m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 Telephone-Event/8000", "a=fmtp:96 0-16")
    )
    assert agreement.dtmf_payload_type == 96
    assert agreement.receive_dtmf_payload_type == 96
    assert answer.media[0].formats == ("8", "96")
    assert b"a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n" in answer.to_bytes()


@pytest.mark.parametrize(
    "lines",
    [
        ("m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/48000"),
        ("m=audio 4000 RTP/AVP 8", "a=rtpmap:101 telephone-event/8000"),
        ("m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101"),
        (
            "m=audio 4000 RTP/AVP 8 101",
            "a=rtpmap:x telephone-event/8000",
            "a=rtpmap:300 telephone-event/8000",
        ),
    ],
)
def test_digits_that_do_not_fit_are_not_agreed(lines: tuple[str, ...]) -> None:
    assert answered(offer_of(*lines))[1].dtmf_payload_type is None


def test_an_explicit_map_wins_over_the_static_table() -> None:
    assert answered(offer_of("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 pcma/8000/1"))[1].payload_type == 97
    assert refused(offer_of("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 L16/16000")) is Disagreement.NO_COMMON_CODEC


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), Disagreement.NO_AUDIO),
        (("m=video 4000 RTP/AVP 31", "m=image 4002 udptl t38"), Disagreement.NO_AUDIO),
        (("m=audio 0 RTP/AVP 0",), Disagreement.NO_AUDIO),
        (("m=audio 4000 RTP/AVP 9 18 96", "a=rtpmap:96 opus/48000/2"), Disagreement.NO_COMMON_CODEC),
        (("m=audio 4000 RTP/AVP 18", "a=rtpmap:18 G729/8000"), Disagreement.NO_COMMON_CODEC),
        (("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 PCMA/8000/2"), Disagreement.NO_COMMON_CODEC),
        (("m=audio 4000 RTP/SAVP 0",), Disagreement.TRANSPORT),
        (("m=audio 4000 UDP/TLS/RTP/SAVPF 0",), Disagreement.TRANSPORT),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.1.1/127"), Disagreement.ADDRESS),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP4 phone.example.com"), Disagreement.ADDRESS),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"), Disagreement.ADDRESS),
        # The first live audio line says why, not the last.
        (("m=audio 4000 RTP/AVP 9", "m=audio 4002 RTP/SAVP 0"), Disagreement.NO_COMMON_CODEC),
    ],
)
def test_offers_that_cannot_be_served(lines: tuple[str, ...], reason: Disagreement) -> None:
    assert refused(offer_of(*lines)) is reason
    assert 300 <= reason.warn_code <= 399
    assert reason.warn_text


def test_the_first_usable_audio_line_is_taken_and_the_others_declined() -> None:
    answer, agreement = answered(
        offer_of(
            "m=video 5000 RTP/AVP 31",
            "m=audio 4000 RTP/SAVP 0",
            "m=audio 4002 RTP/AVPF 8",
            "m=audio 4004 RTP/AVP 0",
            "m=message 6000 TCP/MSRP *",
        )
    )
    assert [(m.kind, m.port, m.protocol) for m in answer.media] == [
        ("video", 0, "RTP/AVP"),
        ("audio", 0, "RTP/SAVP"),
        ("audio", 40_000, "RTP/AVPF"),
        ("audio", 0, "RTP/AVP"),
        ("message", 0, "TCP/MSRP"),
    ]
    assert (agreement.media_index, agreement.remote_port, agreement.codec) == (2, 4002, "PCMA")


@pytest.mark.parametrize(
    ("offered", "wanted", "ours", "remote_holds"),
    [
        ("sendrecv", "sendrecv", "sendrecv", False),
        ("sendonly", "sendrecv", "recvonly", True),
        ("recvonly", "sendrecv", "sendonly", False),
        ("inactive", "sendrecv", "inactive", True),
        ("sendrecv", "sendonly", "sendonly", False),
        ("sendonly", "sendonly", "inactive", True),
        ("recvonly", "recvonly", "inactive", False),
        ("sendrecv", "inactive", "inactive", False),
    ],
)
def test_directions_by_table_of_rfc_3264_section_6_1(
    offered: str, wanted: str, ours: str, remote_holds: bool
) -> None:
    answer, agreement = answered(offer_of("m=audio 4000 RTP/AVP 0", f"a={offered}"), Direction(wanted))
    assert agreement.direction == ours
    assert agreement.remote_holds is remote_holds
    assert answer.direction_of(answer.media[0]) == ours


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_hold_by_the_unspecified_address(address: str) -> None:
    answer, agreement = answered(offer_of("m=audio 4000 RTP/AVP 0", address=address))
    assert agreement.remote_holds
    assert agreement.direction is Direction.RECVONLY
    assert agreement.remote_host == address
    assert answer.direction_of(answer.media[0]) is Direction.RECVONLY


def test_ipv6_and_ipv4_in_its_clothes() -> None:
    offer = offer_of("m=audio 4000 RTP/AVP 0", address="2001:db8::1")
    answer, agreement = answered(offer, local="2001:db8::10")
    assert agreement.remote_host == "2001:db8::1"
    assert b"c=IN IP6 2001:db8::10\r\n" in answer.to_bytes()
    mapped = offer_of("m=audio 4000 RTP/AVP 0", address="::ffff:192.0.2.2")
    assert answered(mapped)[1].remote_host == "192.0.2.2"


@pytest.mark.parametrize(
    ("lines", "ptime_ms"),
    [
        ((), 20),
        (("a=ptime:30",), 30),
        (("a=ptime:20.0",), 20),
        (("a=ptime:33",), 30),
        (("a=ptime:5",), 10),
        (("a=ptime:200",), 60),
        (("a=ptime:40", "a=maxptime:30"), 30),
        (("a=maxptime:10",), 10),
        (("a=ptime:0",), 20),
        (("a=ptime:soon",), 20),
    ],
)
def test_packet_time(lines: tuple[str, ...], ptime_ms: int) -> None:
    answer, agreement = answered(offer_of("m=audio 4000 RTP/AVP 0", *lines))
    assert agreement.ptime_ms == ptime_ms
    assert answer.media[0].value("ptime") == str(ptime_ms)


@pytest.mark.parametrize(
    ("line", "most_ms"),
    [("a=maxptime:20", 20), ("a=maxptime:35", 35), ("a=maxptime:5", 10), ("a=maxptime:240", 0), ("a=x:1", 0)],
)
def test_the_longest_packet_that_the_peer_takes(line: str, most_ms: int) -> None:
    """RFC 8866 section 6.4; the same of an offer and of an answer."""
    theirs = offer_of("m=audio 4000 RTP/AVP 0", line)
    agreement = answered(theirs)[1]
    assert agreement.ptime_max_ms == most_ms
    assert not most_ms or agreement.ptime_ms <= most_ms
    ours = build_offer(LOCAL, 40_000, 5, 1, CAPABILITY)
    accepted = accept_answer(ours, theirs)
    assert isinstance(accepted, Agreement)
    assert accepted.ptime_max_ms == most_ms


def test_a_repeated_offer_gets_the_same_answer_and_a_changed_one_the_next_version() -> None:
    first, _ = answered(offer_of("m=audio 4000 RTP/AVP 0"))
    again, _ = answered(offer_of("m=audio 4000 RTP/AVP 0"), previous=first)
    assert again == first
    held, _ = answered(offer_of("m=audio 4000 RTP/AVP 0", "a=sendonly", version=2), previous=first)
    assert (held.origin.session_id, held.origin.version) == (99, 2)


def test_our_offer_and_its_plain_answer() -> None:
    offer = build_offer(LOCAL, 40_000, 5, 1, CAPABILITY)
    assert offer.to_bytes() == (
        b"v=0\r\no=- 5 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
        b"m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )
    agreement = accepted(
        offer, offer_of("m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000", "a=ptime:30")
    )
    assert (agreement.codec, agreement.payload_type, agreement.receive_payload_type) == ("PCMA", 8, 8)
    assert (agreement.dtmf_payload_type, agreement.receive_dtmf_payload_type) == (96, 101)
    assert agreement.ptime_ms == 30


@pytest.mark.parametrize(
    ("offered", "says", "ours", "remote_holds"),
    [
        ("sendrecv", "sendrecv", "sendrecv", False),
        ("sendrecv", "sendonly", "recvonly", True),
        ("sendrecv", "recvonly", "sendonly", False),
        ("sendrecv", "inactive", "inactive", True),
        ("sendonly", "recvonly", "sendonly", False),
        ("sendonly", "inactive", "inactive", True),
        ("recvonly", "sendonly", "recvonly", False),
        ("inactive", "inactive", "inactive", False),
        # An answer that goes beyond the offer is cut down to it.
        ("recvonly", "sendrecv", "recvonly", False),
    ],
)
def test_directions_of_an_answer(offered: str, says: str, ours: str, remote_holds: bool) -> None:
    offer = build_offer(LOCAL, 40_000, 5, 1, CAPABILITY, Direction(offered))
    agreement = accepted(offer, offer_of("m=audio 4000 RTP/AVP 0", f"a={says}"))
    assert (agreement.direction, agreement.remote_holds) == (ours, remote_holds)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), Disagreement.NO_AUDIO),
        (("m=video 4000 RTP/AVP 0",), Disagreement.NO_AUDIO),
        (("m=audio 0 RTP/AVP 0",), Disagreement.REFUSED),
        (("m=audio 4000 RTP/AVP 18",), Disagreement.NO_COMMON_CODEC),
        (("m=audio 4000 RTP/SAVP 0",), Disagreement.TRANSPORT),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"), Disagreement.ADDRESS),
    ],
)
def test_answers_that_come_to_nothing(lines: tuple[str, ...], reason: Disagreement) -> None:
    offer = build_offer(LOCAL, 40_000, 5, 1, CAPABILITY)
    assert accept_answer(offer, offer_of(*lines)) == NoAgreement(reason)


def test_an_answer_cannot_bring_what_was_not_offered() -> None:
    offer = build_offer(LOCAL, 40_000, 5, 1, AudioCapability(("PCMA",), telephone_event=False))
    answer = offer_of("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000")
    agreement = accepted(offer, answer)
    assert (agreement.codec, agreement.dtmf_payload_type) == ("PCMA", None)


def test_an_answerer_may_number_in_its_own_way() -> None:
    """RFC 3264 section 6.1: we send by its numbers, and it sends by ours."""
    offer = build_offer(LOCAL, 40_000, 5, 1, CAPABILITY)
    lines = ("m=audio 4000 RTP/AVP 97 98", "a=rtpmap:97 PCMA/8000", "a=rtpmap:98 telephone-event/8000")
    agreement = accepted(offer, offer_of(*lines))
    assert (agreement.codec, agreement.payload_type, agreement.receive_payload_type) == ("PCMA", 97, 8)
    assert (agreement.dtmf_payload_type, agreement.receive_dtmf_payload_type) == (98, 101)


def test_a_later_offer_of_ours_keeps_lines_numbers_and_the_codec_in_use() -> None:
    first, _ = answered(
        offer_of("m=video 5000 RTP/AVP 31", "m=audio 4000 RTP/AVP 8 0 96", "a=rtpmap:96 telephone-event/8000")
    )
    hold = build_offer(LOCAL, 40_000, 0, 0, CAPABILITY, Direction.SENDONLY, previous=first)
    assert [(m.kind, m.port, m.formats) for m in hold.media] == [
        ("video", 0, ("31",)),
        ("audio", 40_000, ("8", "0", "96")),
    ]
    assert (hold.origin.session_id, hold.origin.version) == (99, 2)
    repeated = build_offer(LOCAL, 40_000, 0, 0, CAPABILITY, Direction.SENDONLY, previous=hold)
    assert repeated == hold
    resumed = build_offer(LOCAL, 40_000, 0, 0, CAPABILITY, previous=hold)
    assert resumed.origin.version == 3


CAPABILITIES = st.builds(
    AudioCapability,
    st.permutations(["PCMU", "PCMA"]).flatmap(
        lambda order: st.integers(1, 2).map(lambda n: tuple(order[:n]))
    ),
    st.booleans(),
    st.sampled_from([10, 20, 30, 40, 60]),
)


@given(CAPABILITIES, CAPABILITIES, st.sampled_from(Direction), st.sampled_from(Direction))
def test_both_sides_come_to_the_same(
    ours: AudioCapability, theirs: AudioCapability, wish: Direction, counter_wish: Direction
) -> None:
    """Two of us talk to each other: what one sends the other receives."""
    offer = build_offer("192.0.2.1", 4000, 1, 1, ours, wish)
    result = answer_offer(parse(offer.to_bytes()), "192.0.2.2", 5000, 2, 1, theirs, counter_wish)
    if isinstance(result, NoAgreement):
        assert not set(ours.codecs) & set(theirs.codecs)
        return
    answer, right = result
    left = accepted(offer, parse(answer.to_bytes()))
    assert left.codec == right.codec == next(c for c in ours.codecs if c in theirs.codecs)
    assert left.direction is right.direction.mirrored
    assert left.payload_type == right.receive_payload_type
    assert left.dtmf_payload_type == right.receive_dtmf_payload_type
    assert (left.dtmf_payload_type is not None) == (ours.telephone_event and theirs.telephone_event)
    assert (left.remote_host, left.remote_port) == ("192.0.2.2", 5000)
    assert (right.remote_host, right.remote_port) == ("192.0.2.1", 4000)
    assert left.ptime_ms == right.ptime_ms


def _mux_lines(*lines: str) -> Session:
    return offer_of("m=audio 49170 RTP/AVP 0", *lines)


def test_one_port_for_audio_and_reports_is_agreed_by_both() -> None:
    """RFC 5761 section 5.1.1: we answer it, and keep it in our own later offers; we never begin with it."""
    answer, agreement = answered(_mux_lines("a=rtcp-mux"))
    assert agreement.rtcp_mux
    assert b"\r\na=rtcp-mux\r\n" in answer.to_bytes()
    later = build_offer(LOCAL, 40_000, 99, 2, CAPABILITY, previous=answer)
    assert later.to_bytes().count(b"a=rtcp-mux") == 1
    assert accepted(later, _mux_lines("a=rtcp-mux")).rtcp_mux
    assert not accepted(later, _mux_lines()).rtcp_mux

    answer, agreement = answered(_mux_lines())
    assert not agreement.rtcp_mux
    assert b"rtcp-mux" not in answer.to_bytes()
    first = build_offer(LOCAL, 40_000, 99, 1, CAPABILITY)
    assert b"rtcp" not in first.to_bytes()
    assert not accepted(first, _mux_lines("a=rtcp-mux")).rtcp_mux


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("a=rtcp:53020", 53020),
        ("a=rtcp:53020 IN IP4 198.51.100.9", 53020),
        ("a=rtcp:0", 0),
        ("a=rtcp:65536", 0),
        ("a=rtcp:-5", 0),
        ("a=rtcp:", 0),
        ("a=rtcp:\u0665\u0665", 0),
        ("a=rtcp", 0),
    ],
)
def test_where_the_peer_wants_its_reports(line: str, port: int) -> None:
    """RFC 3605 section 2.1; what it says wrongly is passed over, for audio does not need it."""
    answer, agreement = answered(_mux_lines(line))
    assert agreement.rtcp_port == port
    assert b"a=rtcp" not in answer.to_bytes()
