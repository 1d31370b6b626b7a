"""RTP's header: by hand, round trip, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.base.errors import PeerError
from switch.rtp import RtpError, RtpPacket, is_rtcp

PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 63) | st.integers(96, 127),
    sequence=st.integers(0, 2**16 - 1),
    timestamp=st.integers(0, 2**32 - 1),
    ssrc=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=500),
    marker=st.booleans(),
)


@given(PACKETS)
def test_round_trip(packet: RtpPacket) -> None:
    assert RtpPacket.parse(packet.serialize()) == packet


def test_by_hand() -> None:
    datagram = bytes.fromhex("80e5 0001 00000010 deadbeef 05 8a 0320")
    packet = RtpPacket.parse(datagram)
    assert packet == RtpPacket(101, 1, 16, 0xDEADBEEF, b"\x05\x8a\x03\x20", marker=True)
    assert packet.serialize() == datagram


def test_everything_around_the_payload_is_skipped() -> None:
    datagram = bytes.fromhex(
        "b2 80 0001 00000010 deadbeef 11111111 22222222 bede0001 55555555 01020304 000003"
    )
    assert RtpPacket.parse(datagram).payload == b"\x01\x02\x03\x04"
    for length in range(28):
        with pytest.raises(RtpError):
            RtpPacket.parse(datagram[:length])


@pytest.mark.parametrize(
    "datagram",
    [
        "00000001 00000010 deadbeef aa",
        "c0000001 00000010 deadbeef aa",
        "a0000001 00000010 deadbeef aa00",
        "a0000001 00000010 deadbeef aa03",
        "a0000001 00000010 deadbeef",
    ],
)
def test_refused(datagram: str) -> None:
    with pytest.raises(RtpError) as refusal:
        RtpPacket.parse(bytes.fromhex(datagram))
    assert isinstance(refusal.value, PeerError)


@pytest.mark.parametrize("packet_type", [192, 200, 201, 202, 203, 204, 207, 223])
def test_rtcp_is_no_rtp(packet_type: int) -> None:
    datagram = bytes([0x80, packet_type]) + bytes(26)
    assert is_rtcp(datagram)
    with pytest.raises(RtpError):
        RtpPacket.parse(datagram)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_packet_or_a_peer_s_mistake(datagram: bytes) -> None:
    try:
        packet = RtpPacket.parse(datagram)
    except RtpError:
        return
    assert len(packet.payload) <= len(datagram) - 12
