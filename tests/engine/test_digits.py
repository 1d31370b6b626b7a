"""Keys by RFC 4733, in both directions, over the wire."""

import pytest

from switch.media.commands import Bridge, OpenStream, SendDigits
from switch.media.events import DigitReceived
from switch.rtp import KEYS, KeyDetector, KeyPress, RtpPacket, TelephoneEvent
from tests.engine.bench import DTMF, Bench
from tests.engine.pcap import udp_payloads
from tests.vectors import vector


def digits(bench: Bench, wait_ms: int = 50) -> list[tuple[str, int]]:
    bench.wait(wait_ms)
    bench.poll()
    return [(event.digit, event.duration_ms) for event in bench.events if isinstance(event, DigitReceived)]


def test_a_press_is_told_once_however_often_repeated(bench: Bench) -> None:
    peer = bench.open(0)
    for duration in (160, 320, 480, 640):
        peer.send_key(5, 1000, duration)
    for _ in range(3):
        peer.send_key(5, 1000, 800, end=True)
    assert digits(bench) == [("5", 100)]
    peer.send_key(5, 2600, 800, end=True)
    assert digits(bench) == [("5", 100), ("5", 100)]


def test_lost_end_is_told_after_a_quarter_of_a_second(bench: Bench) -> None:
    peer = bench.open(0)
    peer.send_key(11, 1000, 400)
    assert digits(bench, 150) == []
    assert digits(bench, 200) == [("#", 50)]


def test_all_keys(bench: Bench) -> None:
    peer = bench.open(0)
    for event in range(16):
        peer.send_key(event, 1000 + 1600 * event, 800, end=True)
    peer.send_key(16, 99999, 800, end=True)
    assert "".join(key for key, _ in digits(bench)) == KEYS


def test_key_is_relayed_with_the_partner_s_payload_type(bench: Bench) -> None:
    left = bench.open(0)
    right = bench.open(1, dtmf_payload_type=96)
    bench.submit(Bridge(0, 1))
    left.send()
    audio = right.receive()
    for duration, end in ((160, False), (320, False), (480, True), (480, True), (480, True)):
        left.send_key(7, left.timestamp, duration, end=end)
    packets = [right.receive() for _ in range(5)]
    assert {packet.payload_type for packet in packets} == {96}
    assert len({packet.timestamp for packet in packets}) == 1
    assert (packets[0].timestamp - audio.timestamp) % 2**32 == 160
    assert TelephoneEvent.parse(packets[-1].payload) == TelephoneEvent(7, 480, end=True)
    assert digits(bench) == [("7", 60)]


def test_sent_keys_are_heard_by_the_reference(bench: Bench) -> None:
    peer = bench.open(0)
    bench.submit(SendDigits(0, "19*#AD"))
    packets = peer.receive_all(0.3)
    detector = KeyDetector()
    heard = [key for packet in packets for key in detector.receive(packet, 0)]
    assert heard == [KeyPress(key, 100) for key in "19*#AD"]
    starts = [packet for packet in packets if packet.marker]
    assert [(packet.timestamp - starts[0].timestamp) % 2**32 for packet in starts] == [
        1600 * number for number in range(6)
    ]
    assert len(packets) == 6 * 7
    assert {packet.payload_type for packet in packets} == {DTMF}


def test_sent_keys_reach_another_stream(bench: Bench) -> None:
    """Two of our own streams that call each other over the wire, as a hairpin call does."""
    first = bench.open(0)
    ports = [slot.port for slot in bench.engine.slots]
    left, right = bench.plan(first, remote_port=ports[3]), bench.plan(first, remote_port=ports[2])
    bench.submit(OpenStream(2, left), OpenStream(3, right), SendDigits(2, "42"))
    assert [key for key, _ in digits(bench, 600)] == ["4", "2"]


@pytest.mark.parametrize("name", ["0", "1", "2", "3", "4", "star"])
def test_captured_key(bench: Bench, name: str) -> None:
    """Captures of sipp: payload type 101 or 96, one key, its name in the file's."""
    datagrams = [data for _, data in udp_payloads(vector(f"rtp/dtmf_2833_{name}.pcap"))]
    payload_type = RtpPacket.parse(datagrams[0]).payload_type
    peer = bench.open(0, dtmf_payload_type=payload_type)
    for datagram in datagrams:
        peer.socket.sendto(datagram, peer.target)
    assert [key for key, _ in digits(bench)] == ["*" if name == "star" else name]
