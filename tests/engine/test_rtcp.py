"""Reports on the wire (RFC 3550 section 6, RFC 5761): who sends them where, whom we believe."""

import select
import socket
import time
from collections.abc import Iterator

import pytest
from cryptography.exceptions import InvalidTag

from switch.engine import DropReason
from switch.media.commands import Bridge, CloseStream, UpdateStream
from switch.media.plan import SrtpKeys, SrtpSuite
from switch.rtp import Block, Report, SenderInfo, is_rtcp
from tests.engine.bench import Bench, Peer, until
from tests.engine.srtp import ControlSealer

FIRST_S = 4.5
"""The first report leaves within 2.5 s / 1.218 * 1.5, and a second for the look."""


@pytest.fixture
def reporter() -> Iterator[socket.socket]:
    """A port for reports of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(FIRST_S)
        yield made


def _port(reporter: socket.socket) -> int:
    return int(reporter.getsockname()[1])


def _report_to(bench: Bench, slot: int, reporter: socket.socket, report: Report) -> None:
    reporter.sendto(report.serialize(), ("127.0.0.1", bench.engine.slots[slot].port + 1))


def _next_report(peer: Peer, wait_s: float = FIRST_S) -> Report:
    """The next report among the audio on the peer's one port."""
    for _ in range(round(wait_s * 100)):
        for datagram in peer.receive_raw(0):
            if is_rtcp(datagram):
                return Report.parse(datagram)
        peer.pause(10)
    raise AssertionError("no report")


def _heard(bench: Bench, reporter: socket.socket) -> tuple[bytes, tuple[str, int]]:
    """The next report at a port of its own."""
    for _ in range(round(FIRST_S * 100)):
        if select.select([reporter], [], [], 0)[0]:
            break
        bench.wait(10)
    datagram, source = reporter.recvfrom(2048)
    return datagram, source


def test_reports_leave_from_the_port_above_to_the_announced_one(
    bench: Bench, reporter: socket.socket
) -> None:
    """Section 6.4.2: who has sent nothing writes a receiver's report; section 6.1: always with a CNAME."""
    left = bench.open(0, rtcp_port=_port(reporter))
    for _ in range(10):
        left.send()
    left.send(sequence=left.sequence + 10)
    datagram, source = _heard(bench, reporter)
    report = Report.parse(datagram)
    assert source == ("127.0.0.1", bench.engine.slots[0].port + 1)
    assert report.sender is None
    (block,) = report.blocks
    assert block.ssrc == left.ssrc
    assert (block.lost, block.fraction_lost) == (10, 10 * 256 // 21)
    assert block.highest == 1020
    assert len(report.cname) == 16
    assert not report.bye


def test_a_sender_says_how_much_and_when(bench: Bench) -> None:
    """Section 6.4.1, on one port with the audio (RFC 5761)."""
    left, right = bench.open(0), bench.open(1, rtcp_mux=True)
    bench.submit(Bridge(0, 1))
    for _ in range(10):
        left.send()
    last = [right.receive() for _ in range(10)][-1]
    sent_at_ms = bench.now_ms
    report = _next_report(right)
    assert report.ssrc == last.ssrc
    assert report.sender is not None
    assert (report.sender.packets, report.sender.octets) == (10, 1600)
    seconds = report.sender.ntp / 2**32 - 2_208_988_800
    assert abs(seconds - time.time()) < 60, "wall time, as it was at the start, and what passed since"
    on_clock_ms = (report.sender.timestamp - last.timestamp) / 8
    assert abs(on_clock_ms - (bench.now_ms - sent_at_ms)) <= 20
    assert report.blocks == ()


def test_reports_go_on_while_the_stream_is_held_with_the_same_ssrc_and_name(bench: Bench) -> None:
    left, right = bench.open(0), bench.open(1, rtcp_mux=True)
    bench.submit(Bridge(0, 1))
    left.send()
    first = right.receive()
    named = _next_report(right)
    bench.submit(UpdateStream(1, bench.plan(right, rtcp_mux=True, sends=False, receives=False, idle_s=0)))
    held = _next_report(right, 8)
    assert held.ssrc == named.ssrc == first.ssrc
    assert held.cname == named.cname


def test_who_closes_says_good_bye(bench: Bench, reporter: socket.socket) -> None:
    """Section 6.3.7: at once, as a session of two may; and not where nothing was ever said."""
    left = bench.open(0)
    right = bench.open(1, rtcp_port=_port(reporter))
    bench.submit(Bridge(0, 1))
    left.send()
    heard = right.receive()
    bench.submit(CloseStream(1))
    report = Report.parse(_heard(bench, reporter)[0])
    assert report.bye
    assert report.ssrc == heard.ssrc
    assert report.sender is not None
    sent = bench.engine.stats().rtcp_sent
    bench.close_stream(0)
    assert bench.engine.stats().rtcp_sent == sent


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x80\xc9\x00\x01",
        b"\x80\xc8\x00\x06" + bytes(23),
        b"\x81\xc9\x00\x01" + bytes(4),
        b"\x80\xcb\x00\x01" + bytes(4),
        b"\xa0\xc9\x00\x02" + bytes(7) + b"\x04",
        b"\x00\xc9\x00\x01" + bytes(4),
        b"\x80\xc9\x00\x01" + bytes(4) + b"\x83\xcb\x00\x01" + bytes(4),
        b"\x80\xc9\x00\x01" + bytes(3000),
    ],
)
def test_what_is_no_report_is_counted_and_dropped(
    bench: Bench, reporter: socket.socket, datagram: bytes
) -> None:
    """Section A.2."""
    bench.open(0)
    reporter.sendto(datagram, ("127.0.0.1", bench.engine.slots[0].port + 1))
    until(lambda: bench.engine.stats().dropped(DropReason.MALFORMED) == 1, "a drop")


def test_reports_of_another_host_or_of_a_second_port_are_not_believed(
    bench: Bench, reporter: socket.socket
) -> None:
    left = bench.open(0)
    for _ in range(3):
        left.send()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
    ):
        elsewhere.bind(("127.0.0.9", 0))
        _report_to(bench, 0, elsewhere, Report(5))
        until(lambda: bench.engine.stats().dropped(DropReason.SOURCE) == 1, "another host")
        _report_to(bench, 0, reporter, Report(5))
        until(lambda: bench.engine.stats().rtcp_received == 2, "the first port of the host")
        _report_to(bench, 0, second, Report(5))
        until(lambda: bench.engine.stats().dropped(DropReason.SOURCE) == 2, "a second port")
    assert Report.parse(_heard(bench, reporter)[0]).cname


def test_a_flood_of_reports_is_cut(bench: Bench, reporter: socket.socket) -> None:
    bench.open(0)
    for _ in range(50):
        _report_to(bench, 0, reporter, Report(5))
    until(lambda: bench.engine.stats().rtcp_received == 50, "all came")
    assert bench.engine.stats().dropped(DropReason.FLOOD) >= 30


def test_our_own_report_that_comes_back_is_nobody_s(bench: Bench) -> None:
    left, right = bench.open(0), bench.open(1, rtcp_mux=True)
    bench.submit(Bridge(0, 1))
    left.send()
    ssrc = right.receive().ssrc
    right.socket.sendto(Report(ssrc).serialize(), right.target)
    until(lambda: bench.engine.stats().dropped(DropReason.LOOP) == 1, "a drop")


def test_reports_beside_the_audio_only_where_that_was_agreed(bench: Bench) -> None:
    left = bench.open(0)
    left.socket.sendto(Report(5).serialize(), left.target)
    until(lambda: bench.engine.stats().dropped(DropReason.CONTROL) == 1, "a drop")


KEYS = [
    SrtpKeys(suite, bytes(range(suite.key_bytes)), bytes(range(100, 100 + suite.key_bytes)))
    for suite in SrtpSuite
]


@pytest.mark.parametrize("keys", KEYS, ids=lambda keys: keys.suite.name)
def test_reports_of_a_secured_stream_are_sealed_both_ways(bench: Bench, keys: SrtpKeys) -> None:
    """RFC 3711 section 3.4, RFC 7714 section 9; another key, a bit turned, and a replay are refused."""
    left = bench.open(0, srtp=keys, rtcp_mux=True)
    theirs = ControlSealer(keys.suite, keys.inbound)
    sealed = theirs.seal(Report(left.ssrc, SenderInfo(1, 2, 3, 4), cname="someone").serialize())
    broken = bytearray(theirs.seal(Report(left.ssrc).serialize()))
    broken[-6] ^= 1
    stranger = ControlSealer(keys.suite, bytes(keys.suite.key_bytes)).seal(Report(left.ssrc).serialize())
    left.socket.sendto(sealed, left.target)
    until(lambda: bench.engine.stats().rtcp_received == 1, "it came")
    assert bench.engine.stats().dropped(DropReason.SECURITY) == 0
    for refused in (bytes(broken), stranger, sealed, Report(left.ssrc).serialize()):
        left.socket.sendto(refused, left.target)
    until(lambda: bench.engine.stats().dropped(DropReason.SECURITY) == 4, "all are refused")
    ours = ControlSealer(keys.suite, keys.outbound)
    datagram = left.datagram()
    report = Report.parse(ours.open(datagram))
    assert len(report.cname) == 16
    with pytest.raises((InvalidTag, AssertionError)):
        ours.open(datagram[:20] + bytes([datagram[20] ^ 1]) + datagram[21:])


def test_a_block_on_the_peer_says_when_its_report_came(bench: Bench) -> None:
    left = bench.open(0, rtcp_mux=True)
    left.send()
    left.send_raw(Report(left.ssrc, SenderInfo(0x1111_2222_3333_4444, 0, 1, 160)).serialize())
    bench.wait(0)
    began_ms = bench.now_ms
    (block,) = _next_report(left).blocks
    assert block.last_report == 0x2222_3333
    assert abs(block.delay / 65.536 - (bench.now_ms - began_ms)) <= 20
    assert isinstance(block, Block)
