"""Symmetric RTP on the wire: the peer is found behind its NAT, and nobody else becomes the peer."""

from switch.engine import DropReason
from switch.media.commands import Bridge, UpdateStream
from switch.media.events import StreamLatched
from tests.engine.bench import Bench, Peer


def _peer_at_another_port(bench: Bench, like: Peer) -> Peer:
    """The same phone as its NAT shows it: another port."""
    other = Peer(like.host, like.payload_type, like.ssrc, like.sequence, like.timestamp, like.target)
    bench.add(other)
    return other


def _latches(bench: Bench) -> list[StreamLatched]:
    bench.wait(0)
    bench.poll()
    return [event for event in bench.events if isinstance(event, StreamLatched)]


def test_announced_address_is_sent_to_before_anything_is_heard(bench: Bench) -> None:
    left, right = bench.bridge()
    left.send()
    assert right.receive()
    assert _latches(bench) == [StreamLatched(0, "127.0.0.1", left.port)]


def test_phone_behind_nat_is_found_by_its_packets(bench: Bench) -> None:
    announced, far = bench.bridge()
    phone = _peer_at_another_port(bench, announced)
    for _ in range(2):
        phone.send()
        far.send()
        announced.receive()
    assert far.receive_all(0.03) == []
    phone.send()
    assert far.receive()
    assert _latches(bench)[-1] == StreamLatched(0, "127.0.0.1", phone.port)
    far.send()
    assert phone.receive()
    assert announced.receive_all(0.03) == []


def test_unknown_address_is_learnt(bench: Bench) -> None:
    unknown = bench.open(0, remote_port=0)
    far = bench.open(1)
    bench.submit(Bridge(0, 1))
    far.send()
    assert unknown.receive_all(0.03) == []
    for _ in range(3):
        unknown.send()
    assert far.receive()
    far.send()
    assert unknown.receive()


def test_a_stranger_is_neither_heard_nor_sent_to(bench: Bench) -> None:
    phone, far = bench.bridge()
    stranger = _peer_at_another_port(bench, phone)
    for _ in range(20):
        phone.send()
        assert far.receive()
        stranger.send()
        far.send()
        assert phone.receive()
    assert stranger.receive_all(0.03) == []
    assert far.receive_all(0) == []
    assert bench.engine.stats().dropped(DropReason.SOURCE) == 20


def test_new_mapping_in_mid_call_is_followed_after_a_short_silence(bench: Bench) -> None:
    phone, far = bench.bridge()
    phone.send()
    far.receive()
    moved = _peer_at_another_port(bench, phone)
    waited_ms = 0
    while not far.receive_all(0) and waited_ms < 2000:
        moved.send()
        bench.wait(20)
        waited_ms += 20
    assert 300 < waited_ms <= 400, "and three packets in sequence"
    far.send()
    assert moved.receive()


def test_new_address_by_signalling_opens_the_latch_at_once(bench: Bench) -> None:
    phone, far = bench.bridge()
    phone.send()
    first = far.receive()
    transferred = Peer(payload_type=0, ssrc=77, target=phone.target)
    bench.add(transferred)
    bench.submit(UpdateStream(0, bench.plan(transferred)))
    far.send()
    assert transferred.receive()
    transferred.send()
    second = far.receive()
    assert second.ssrc == first.ssrc
    assert second.sequence == (first.sequence + 1) % 2**16
    phone.send()
    assert far.receive_all(0.03) == []


def test_same_address_keeps_the_latch(bench: Bench) -> None:
    announced, far = bench.bridge()
    phone = _peer_at_another_port(bench, announced)
    for _ in range(3):
        phone.send()
    far.receive()
    bench.submit(UpdateStream(0, bench.plan(announced, ptime_ms=30)))
    far.send()
    assert phone.receive()


def test_without_symmetry_packets_go_where_the_plan_says(bench: Bench) -> None:
    announced = bench.open(0, symmetric=False)
    far = bench.open(1)
    bench.submit(Bridge(0, 1))
    phone = _peer_at_another_port(bench, announced)
    for _ in range(3):
        phone.send()
    assert far.receive()
    far.send()
    assert announced.receive()
    assert phone.receive_all(0.03) == []
    assert [event.slot for event in _latches(bench)] == [1]
