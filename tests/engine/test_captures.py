"""Real captures through the engine."""

from switch.engine import DropReason
from switch.media.plan import Codec
from switch.rtp import RtpPacket
from tests.engine.bench import Bench
from tests.engine.pcap import udp_payloads
from tests.vectors import vector


def test_a_law_stream_of_30_ms_packets_passes_bit_for_bit(bench: Bench) -> None:
    datagrams = [data for _, data in udp_payloads(vector("rtp/g711a.pcap"))]
    sent = [RtpPacket.parse(data) for data in datagrams]
    left, right = bench.bridge(Codec.PCMA, Codec.PCMA)
    heard = []
    for datagram in datagrams:
        left.socket.sendto(datagram, left.target)
        heard.append(right.receive())
    assert [packet.payload for packet in heard] == [packet.payload for packet in sent]
    assert {len(packet.payload) for packet in heard} == {240}
    for packet, original in zip(heard, sent, strict=True):
        assert (packet.sequence - heard[0].sequence) % 2**16 == (original.sequence - sent[0].sequence) % 2**16
    closed = bench.close_stream(0)
    assert (closed.quality.packets_received, closed.quality.packets_lost) == (len(sent), 0)


def test_a_law_stream_for_a_mu_law_phone_is_transcoded_packet_by_packet(bench: Bench) -> None:
    datagrams = [data for _, data in udp_payloads(vector("rtp/g711a.pcap"))][:50]
    left, right = bench.bridge(Codec.PCMA, Codec.PCMU)
    for datagram in datagrams:
        left.socket.sendto(datagram, left.target)
        assert len(right.receive().payload) == 240


def test_the_capture_that_crashed_another_stack_does_no_harm(bench: Bench) -> None:
    left, right = bench.bridge()
    for _, datagram in udp_payloads(vector("rtp/ast-2017-012_crash-27382.pcap")):
        left.socket.sendto(datagram, left.target)
        right.socket.sendto(datagram, right.target)
    right.receive_all(0.05)
    left.receive_all(0.05)
    stats = bench.engine.stats()
    assert stats.datagrams_received > 0
    assert stats.dropped(DropReason.SEND) == 0
    # Behind the capture the call goes on.
    right.send(b"\x55" * 160)
    assert left.receive_all(0.1)[-1].payload == b"\x55" * 160


def test_audio_with_tones_in_it_passes_unchanged(bench: Bench) -> None:
    datagrams = [data for _, data in udp_payloads(vector("rtp/ast_dtmf_ulaw-3125894607.pcap"))]
    sources = {RtpPacket.parse(data).ssrc for data in datagrams if len(data) == 172}
    first = [data for data in datagrams if len(data) == 172 and RtpPacket.parse(data).ssrc == min(sources)][
        :200
    ]
    left, right = bench.bridge()
    for datagram in first:
        left.socket.sendto(datagram, left.target)
        assert right.receive().payload == datagram[12:]
