"""Two bridged streams hear each other: rewritten headers, untouched audio, one unbroken sender each."""

import os
import socket
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from switch.engine import DropReason
from switch.media.commands import Bridge, CloseStream, OpenStream, Play, Unbridge, UpdateStream
from switch.media.events import StreamIdle
from switch.media.plan import Codec
from switch.media.quality import StreamQuality
from switch.rtp import RtpPacket
from tests.engine.bench import DTMF, Bench, Peer, until


def _through(sender: Peer, receiver: Peer, payload: bytes = bytes(160)) -> RtpPacket:
    sender.send(payload)
    return receiver.receive()


@pytest.mark.parametrize("packet_bytes", [80, 160, 240, 320, 480])
def test_payload_passes_bit_for_bit(bench: Bench, packet_bytes: int) -> None:
    left, right = bench.bridge()
    for _ in range(20):
        for sender, receiver in ((left, right), (right, left)):
            sent = sender.send(os.urandom(packet_bytes))
            assert receiver.receive().payload == sent.payload


def test_relayed_header_is_one_steady_sender(bench: Bench) -> None:
    left, right = bench.bridge()
    first = _through(left, right)
    assert first.marker
    assert first.ssrc != left.ssrc
    for step in range(1, 30):
        packet = _through(left, right)
        assert not packet.marker
        assert packet.ssrc == first.ssrc
        assert packet.sequence == (first.sequence + step) % 2**16
        assert packet.timestamp == (first.timestamp + 160 * step) % 2**32


def test_loss_in_is_loss_out(bench: Bench) -> None:
    left, right = bench.bridge()
    first = _through(left, right)
    left.sequence += 5
    left.timestamp += 5 * 160
    second = _through(left, right)
    assert (second.sequence - first.sequence) % 2**16 == 6
    assert (second.timestamp - first.timestamp) % 2**32 == 6 * 160


def test_change_of_partner_is_seamless(bench: Bench) -> None:
    caller, first_agent = bench.bridge()
    second_agent = bench.open(2)
    before = _through(first_agent, caller)
    bench.submit(Bridge(0, 2))
    second_agent.timestamp = 2**31 + 7
    after = _through(second_agent, caller)
    assert after.marker
    assert after.ssrc == before.ssrc
    assert after.sequence == (before.sequence + 1) % 2**16
    elapsed = (after.timestamp - before.timestamp) % 2**32
    assert 160 <= elapsed <= 8 * 1000
    # The first agent is out of it.
    first_agent.send()
    assert caller.receive_all() == []
    assert _through(caller, second_agent)


def test_leaves_from_the_advertised_port(bench: Bench) -> None:
    left, right = bench.bridge()
    left.send()
    _, source = right.socket.recvfrom(2048)
    assert source == ("127.0.0.1", bench.engine.slots[1].port)


def test_laws_are_transcoded_and_payload_types_rewritten(bench: Bench) -> None:
    left, right = bench.bridge(Codec.PCMU, Codec.PCMA)
    heard = _through(left, right, bytes(range(256)))
    assert heard.payload_type == 8
    assert heard.payload != bytes(range(256))
    back = _through(right, left, heard.payload)
    assert back.payload_type == 0
    assert _through(left, right, back.payload).payload == heard.payload


def test_dynamic_payload_types_are_each_side_s_own(bench: Bench) -> None:
    left = bench.open(0, payload_type=112, dtmf_payload_type=96)
    right = bench.open(1, payload_type=0, dtmf_payload_type=97)
    left.payload_type = 112
    bench.submit(Bridge(0, 1))
    assert _through(left, right).payload_type == 0
    left.send(b"\x05\x0a\x00\xa0", payload_type=96)
    assert right.receive().payload_type == 97


@pytest.mark.parametrize(("sent_as", "heard_as"), [(118, 0), (112, 0), (99, 97), (96, 97)])
def test_a_side_may_send_other_numbers_than_it_hears(bench: Bench, sent_as: int, heard_as: int) -> None:
    """RFC 3264 section 6.1: our own numbers; the peer's too, for those that send what they listen to."""
    left = bench.open(
        0, payload_type=112, receive_payload_type=118, dtmf_payload_type=96, receive_dtmf_payload_type=99
    )
    right = bench.open(1, payload_type=0, dtmf_payload_type=97)
    bench.submit(Bridge(0, 1))
    left.send(b"\x05\x0a\x00\xa0", payload_type=sent_as)
    assert right.receive().payload_type == heard_as
    left.send(b"\x05\x0a\x00\xa0", payload_type=100)
    until(lambda: bench.engine.stats().dropped(DropReason.PAYLOAD_TYPE) == 1, "a drop")


def test_events_for_a_peer_without_them_are_dropped_without_a_gap(bench: Bench) -> None:
    left = bench.open(0)
    right = bench.open(1, dtmf_payload_type=None)
    bench.submit(Bridge(0, 1))
    first = _through(left, right)
    left.send_key(5, left.timestamp, 160)
    left.send_key(5, left.timestamp, 320)
    after = _through(left, right)
    assert after.sequence == (first.sequence + 1) % 2**16
    assert bench.engine.stats().dropped(DropReason.NO_EVENTS) == 2


@pytest.mark.parametrize(
    ("reason", "datagram"),
    [
        (DropReason.MALFORMED, b""),
        (DropReason.MALFORMED, b"\x80"),
        (DropReason.MALFORMED, b"\x80\x00\x00\x01" + bytes(8)),
        (DropReason.MALFORMED, b"\x40\x00\x00\x01" + bytes(168)),
        (DropReason.MALFORMED, b"\x8f\x00\x00\x01" + bytes(60)),
        (DropReason.MALFORMED, b"\x90\x00\x00\x01" + bytes(8) + b"\xbe\xde\xff\xff" + bytes(160)),
        (DropReason.MALFORMED, b"\xa0\x00\x00\x01" + bytes(167) + b"\xff"),
        (DropReason.MALFORMED, b"\xa0\x00\x00\x01" + bytes(168)),
        (DropReason.MALFORMED, b"\x80\x00\x00\x01" + bytes(3000)),
        (DropReason.MALFORMED, bytes([0x80, DTMF, 0, 1]) + bytes(8) + b"\x01\x0a"),
        (DropReason.PAYLOAD_TYPE, b"\x80\x08\x00\x01" + bytes(168)),
        (DropReason.CONTROL, b"\x80\xc8\x00\x06" + bytes(24)),
    ],
)
def test_what_is_no_audio_is_counted_and_dropped(bench: Bench, reason: DropReason, datagram: bytes) -> None:
    left, right = bench.bridge()
    left.socket.sendto(datagram, left.target)
    until(lambda: bench.engine.stats().dropped(reason) == 1, reason)
    assert right.receive_all(0.03) == []
    assert _through(left, right)


def test_extension_csrc_and_padding_are_stripped(bench: Bench) -> None:
    left, right = bench.bridge()
    audio = os.urandom(160)
    header = RtpPacket(0, 9, 9, 7, b"").serialize()
    dressed = bytes([0xB2]) + header[1:] + bytes(8) + b"\xbe\xde\x00\x01abcd" + audio + b"\x00\x00\x03"
    left.socket.sendto(dressed, left.target)
    raw = right.socket.recv(2048)
    assert raw[0] == 0x80
    assert RtpPacket.parse(raw).payload == audio


def test_rtcp_port_swallows(bench: Bench) -> None:
    left, _ = bench.bridge()
    left.socket.sendto(b"\x80\xc8\x00\x06" + bytes(24), ("127.0.0.1", left.target[1] + 1))
    until(lambda: bench.engine.stats().rtcp_received == 1, "RTCP is read")


def test_hold_stops_both_ways_and_resumes_seamlessly(bench: Bench) -> None:
    held, other = bench.bridge()
    before = _through(other, held)
    bench.submit(UpdateStream(0, bench.plan(held, sends=False, receives=False, idle_s=0)))
    for _ in range(5):
        held.send()
        other.send()
    assert held.receive_all(0.05) == []
    assert other.receive_all(0.05) == []
    assert bench.engine.stats().dropped(DropReason.HELD) == 10
    bench.submit(UpdateStream(0, bench.plan(held)))
    after = _through(other, held)
    assert after.marker
    assert after.ssrc == before.ssrc
    assert after.sequence == (before.sequence + 1) % 2**16


def test_a_pause_of_what_we_receive_is_no_loss_for_the_partner(bench: Bench) -> None:
    held, other = bench.bridge()
    before = _through(held, other)
    bench.submit(UpdateStream(0, bench.plan(held, receives=False)))
    for _ in range(5):
        held.send()
    assert other.receive_all(0.05) == []
    bench.submit(UpdateStream(0, bench.plan(held)))
    after = _through(held, other)
    assert after.marker
    assert after.sequence == (before.sequence + 1) % 2**16


def test_unbridge_and_close_silence_both(bench: Bench) -> None:
    left, right = bench.bridge()
    bench.submit(Unbridge(1), Unbridge(1))
    left.send()
    assert right.receive_all(0.05) == []
    bench.submit(Bridge(0, 1))
    assert _through(left, right)
    bench.close_stream(0)
    left.send()
    right.send()
    assert right.receive_all(0.05) == []
    assert left.receive_all(0.05) == []
    assert bench.engine.stats().dropped(DropReason.NO_STREAM) == 1


def test_closed_counts_are_of_the_stream(bench: Bench) -> None:
    left, right = bench.bridge()
    for _ in range(10):
        _through(left, right)
    left.sequence += 3
    _through(left, right)
    closed = bench.close_stream(0).quality
    assert (closed.packets_received, closed.packets_sent, closed.packets_lost) == (11, 0, 3)
    assert bench.close_stream(1).quality == StreamQuality(packets_sent=11)


def test_packets_of_the_last_call_are_not_heard_by_the_next(bench: Bench) -> None:
    first = bench.open(0)
    bench.close_stream(0)
    for _ in range(20):
        first.send()
    left, right = bench.bridge()
    assert right.receive_all(0.05) == []
    assert _through(left, right)


def test_packets_that_wait_in_the_socket_are_not_heard_by_the_next_call() -> None:
    late = Bench(2, start=False)
    left, right = Peer(target=("127.0.0.1", late.engine.slots[0].port)), Peer()
    late.peers += [left, right]
    for _ in range(20):
        left.send(b"\x01" * 160)
    for slot, peer in enumerate((left, right)):
        assert late.engine.submit(OpenStream(slot, late.plan(peer)))
    assert late.engine.submit(Bridge(0, 1))
    late.engine.start()
    assert right.receive_all(0.1) == []
    left.send(b"\x02" * 160)
    assert right.receive().payload == b"\x02" * 160
    late.close()


def test_two_bridged_streams_pointed_at_each_other_come_to_rest(bench: Bench) -> None:
    left, _ = bench.bridge()
    ports = [slot.port for slot in bench.engine.slots]
    bench.submit(
        UpdateStream(0, bench.plan(left, remote_port=ports[1], symmetric=False)),
        UpdateStream(1, bench.plan(left, remote_port=ports[0], symmetric=False)),
    )
    for _ in range(5):
        left.send()
    bench.wait(100)
    stats = bench.engine.stats()
    assert stats.packets_sent < 50
    assert stats.dropped(DropReason.LOOP) > 0


def test_ring_of_four_streams_is_bounded_by_the_rate_limit(bench: Bench) -> None:
    """A-B and C-D bridged, then A to C, D to B and so round: only the rate limit ends it."""
    phone = bench.open(0)
    for slot in (1, 2, 3):
        bench.open(slot)
    bench.submit(Bridge(0, 1), Bridge(2, 3))
    ports = [slot.port for slot in bench.engine.slots]
    for slot, target in ((0, 2), (3, 1), (2, 0), (1, 3)):
        bench.submit(UpdateStream(slot, bench.plan(phone, remote_port=ports[target], symmetric=False)))
    for _ in range(3):
        phone.target = ("127.0.0.1", ports[1])
        phone.send()
    bench.wait(300)
    assert bench.engine.stats().packets_sent < 4 * 2 * 500


def test_strangers_flood_does_not_use_up_the_peer_s_share(bench: Bench) -> None:
    left, right = bench.bridge()
    _through(left, right)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for number in range(1500):
            stranger.sendto(RtpPacket(0, number, 1, 5, bytes(160)).serialize(), left.target)
            if number % 100 == 0:
                time.sleep(0.002)
        assert _through(left, right)
    assert bench.engine.stats().dropped(DropReason.FLOOD) == 0


def test_idle_is_told_once_a_silence(bench: Bench) -> None:
    quiet = bench.open(0, idle_s=1)
    forgotten = bench.open(1, idle_s=0)
    talking = bench.open(2, idle_s=1)

    def idle_within(wait_s: float) -> list[int]:
        """Slots told to be idle while one phone talks. Streams are looked at once a second."""
        for _ in range(round(wait_s * 20)):
            talking.send()
            bench.wait(50)
        bench.poll()
        told = [event.slot for event in bench.events if isinstance(event, StreamIdle)]
        bench.events.clear()
        return told

    assert idle_within(2.1) == [0]
    assert idle_within(1.1) == []
    quiet.send()
    forgotten.send()
    assert idle_within(2.1) == [0]


@pytest.fixture
def bench6() -> Iterator[Bench]:
    made = Bench(2, host="::1")
    yield made
    made.close()


def test_ipv6(bench6: Bench) -> None:
    left, right = bench6.bridge()
    assert _through(left, right)


def test_submit_after_close_stream_is_harmless(bench: Bench) -> None:
    left, _ = bench.bridge()
    bench.submit(CloseStream(0))
    bench.submit(Unbridge(0), Bridge(0, 1), Bridge(1, 0), UpdateStream(0, bench.plan(left)))
    assert bench.engine.stats().commands_ignored == 4


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 50, 60])
@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.G722])
def test_packets_of_every_length_are_passed_on_as_they_are(bench: Bench, codec: Codec, ptime_ms: int) -> None:
    """Bit for bit, on the clock that they came with, whatever the plans say of our own packets."""
    left, right = bench.bridge(codec, codec)
    sent = [left.send(bytes([number]) * (8 * ptime_ms)) for number in range(3)]
    received = [right.receive() for _ in range(3)]
    assert [packet.payload for packet in received] == [packet.payload for packet in sent]
    steps = {(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(received)}
    assert steps == {8 * ptime_ms}


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 50, 60])
def test_prompts_are_packed_as_the_plan_says(bench: Bench, ptime_ms: int) -> None:
    peer = bench.open(0, ptime_ms=ptime_ms)
    bench.engine.add_clip("clip", bytes(2 * 8 * 600))
    bench.submit(Play(0, 1, ("clip",)))
    packets = peer.receive_all()
    assert {len(packet.payload) for packet in packets} == {8 * ptime_ms}
    assert len(packets) == 600 // ptime_ms


@pytest.mark.parametrize("most_ms", [10, 20, 30, 40, 50, 60])
@pytest.mark.parametrize(("codec", "sample_bytes"), [(Codec.PCMU, 1), (Codec.G722, 1), (Codec.L16_16K, 4)])
def test_no_packet_is_longer_than_its_receiver_takes(
    bench: Bench, codec: Codec, sample_bytes: int, most_ms: int
) -> None:
    """RFC 8866 section 6.4, maxptime: cut, bit for bit, in one unbroken sequence; and back as it comes."""
    left = bench.open(0, codec)
    right = bench.open(1, codec, ptime_ms=10, ptime_max_ms=most_ms)
    bench.submit(Bridge(0, 1))
    received: list[RtpPacket] = []
    audio = b""
    for ptime_ms in (10, 20, 30, 40, 50, 60):
        # Of L16 at 16 kHz a millisecond has 16 of the clock and 32 bytes.
        payload = os.urandom(8 * ptime_ms * sample_bytes)
        left.send(payload)
        left.timestamp += 8 * ptime_ms * (sample_bytes // 2 or 1) - len(payload)
        audio += payload
        lengths = [min(most_ms, ptime_ms - at) for at in range(0, ptime_ms, most_ms)]
        packets = [right.receive() for _ in lengths]
        assert [len(packet.payload) for packet in packets] == [8 * ms * sample_bytes for ms in lengths]
        received += packets
        sent = right.send(os.urandom(8 * 60 * sample_bytes))
        assert left.receive().payload == sent.payload
    assert b"".join(packet.payload for packet in received) == audio
    assert [packet.marker for packet in received] == [True] + [False] * (len(received) - 1)
    for before, after in pairwise(received):
        assert after.sequence == (before.sequence + 1) % 2**16
        units = len(before.payload) // (sample_bytes // 2 or 1)
        assert after.timestamp == (before.timestamp + units) % 2**32


def test_keys_between_packets_that_are_cut(bench: Bench) -> None:
    left = bench.open(0)
    right = bench.open(1, ptime_max_ms=20)
    bench.submit(Bridge(0, 1))
    left.send(bytes(480))
    for _ in range(3):
        left.send_key(5, left.timestamp, 800, end=True)
    left.timestamp += 800
    left.send(bytes(480))
    packets = [right.receive() for _ in range(9)]
    assert [packet.payload_type for packet in packets] == [0] * 3 + [DTMF] * 3 + [0] * 3
    steps = {(after.sequence - before.sequence) % 2**16 for before, after in pairwise(packets)}
    assert steps == {1}
