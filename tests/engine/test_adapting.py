"""What we send follows what the peer loses of it: Opus corrects where there is something to correct."""

import numpy as np
import pytest

from switch.media.commands import Bridge
from switch.media.plan import Codec, OpusSettings
from switch.rtp import Block, Report, is_rtcp
from switch.rtp import RtpPacket as Packet
from tests.codecs import table
from tests.codecs.signals import speech
from tests.engine.bench import Bench, Peer

PACKETS = 75
REPORTS_MS_MAX = 20_000
"""The engine's second report leaves within that: 6.16 s apart, and each up to a second late."""


def said_to(one: Peer, other: Peer) -> list[Packet]:
    """What the other gets of a second and a half of speech."""
    said = speech(0)[8_000::2].astype(">i2")
    packets: list[Packet] = []
    for number in range(PACKETS):
        payload = said[160 * number : 160 * (number + 1)].tobytes()
        one.send(payload, timestamp=one.timestamp)
        one.timestamp += 160 - len(payload)
        one.pause(20)
    for datagram in other.receive_raw():
        if not is_rtcp(datagram):
            packets.append(Packet.parse(datagram))
    return packets


def repeated(packet: Packet) -> bool:
    """Whether a packet of one mono frame of 20 ms says the one before it again (RFC 6716 section 4.2.4).

    The bits are the first that the range coder wrote: whether there is voice, then whether there is a
    repetition.
    """
    return bool(packet.payload[1] & 0x40)


def tells_of_loss(datagram: bytes) -> bool:
    return is_rtcp(datagram) and any(block.fraction_lost for block in Report.parse(datagram).blocks)


def repaired(opus: table.Codec, packets: list[Packet]) -> float:
    """How well what the packets carried is told by the ones after them, one in ten lost at a time."""
    expected, heard = [], []
    for first in range(10):
        whole, broken = opus.decoder(), opus.decoder()
        for number, packet in enumerate(packets[:-1]):
            reference = whole.decode(packet.payload)
            if number % 10 == first:
                expected.append(reference)
                heard.append(broken.conceal(320, packets[number + 1].payload))
            else:
                broken.decode(packet.payload)
    return float(np.corrcoef(np.concatenate(heard), np.concatenate(expected))[0, 1])


@pytest.mark.parametrize("reports", [True, False])
def test_opus_is_corrected_once_packets_are_lost(bench: Bench, reports: bool) -> None:
    """RFC 7587 section 4.4: by what the peer reports, and without reports by the loss on the way here."""
    opus = table.codec(table.OPUS, 16_000)
    one = bench.open(0, Codec.L16_8K)
    other = bench.open(1, Codec.OPUS, rtcp_mux=True, opus=OpusSettings(correct=True))
    bench.submit(Bridge(0, 1))
    before = said_to(one, other)
    if reports:
        lost = Report(other.ssrc, blocks=(Block(before[0].ssrc, fraction_lost=26, lost=10),), cname="phone")
        other.send_raw(lost.serialize())
        other.send_raw(Report(other.ssrc, cname="phone").serialize())  # tells nothing of us
    else:
        silence = opus.encoder().encode(np.zeros(320, np.int16))
        while not any(map(tells_of_loss, other.receive_raw(0))):
            assert other.sent * 20 < REPORTS_MS_MAX
            other.send(silence, timestamp=other.timestamp)
            other.sequence += other.sequence % 5 == 0
            other.pause(20)
    after = said_to(one, other)
    assert len(before) > PACKETS - 20
    assert not any(map(repeated, before))
    assert sum(map(repeated, after)) > len(after) / 2
    assert repaired(opus, before) < 0.7
    assert repaired(opus, after) > 0.75
