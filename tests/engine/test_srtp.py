"""Secured streams: what libsrtp does in the engine against RFC 3711 written a second time."""

import socket
from dataclasses import dataclass, field, replace

import pytest

from switch.engine import DropReason
from switch.media.commands import Bridge, OpenStream, Play, UpdateStream
from switch.media.events import StreamLatched
from switch.media.plan import SrtpKeys, SrtpSuite
from switch.rtp import RtpPacket
from tests.engine.bench import DTMF, WAIT_S, Bench, Peer, pcm
from tests.engine.srtp import Sealer, derive

SUITES = list(SrtpSuite)
STRANGERS_PER_SECOND_MAX = 100


def keys(suite: SrtpSuite, seed: int = 1) -> SrtpKeys:
    """As the engine sees them."""
    inbound = bytes((seed + 3 * i) % 256 for i in range(suite.key_bytes))
    outbound = bytes((seed + 7 * i) % 256 for i in range(suite.key_bytes))
    return SrtpKeys(suite, inbound, outbound)


@dataclass
class SecurePeer(Peer):
    """A phone whose media is encrypted."""

    keys: SrtpKeys = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rekey(self.keys)

    def rekey(self, new: SrtpKeys) -> None:
        self.sealer = Sealer(new.suite, new.inbound)
        self.opener = Sealer(new.suite, new.outbound)

    def seal_next(self, payload: bytes = bytes(160), **header: object) -> bytes:
        packet = replace(
            RtpPacket(self.payload_type, self.sequence, self.timestamp, self.ssrc, payload),
            **header,  # type: ignore[arg-type]  # fields of RtpPacket, by name
        )
        self.sequence = (self.sequence + 1) % 2**16
        self.timestamp += len(payload)
        return self.sealer.seal(packet.serialize())

    def send_sealed(self, payload: bytes = bytes(160)) -> None:
        self.send_raw(self.seal_next(payload))

    def hear(self) -> RtpPacket:
        return RtpPacket.parse(self.opener.open(self.datagram()))


def secured(bench: Bench, slot: int, suite: SrtpSuite, *, seed: int = 1) -> SecurePeer:
    peer = SecurePeer(bench.host, ssrc=0x5000 + slot, keys=keys(suite, seed))
    peer.target = (bench.host, bench.engine.slots[slot].port)
    bench.add(peer)
    bench.submit(OpenStream(slot, replace(bench.plan(peer), srtp=peer.keys)))
    return peer


def test_key_derivation_of_the_second_writing_is_the_rfcs() -> None:
    """RFC 3711 appendix B.3."""
    master = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
    salt = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    assert derive(master, salt, 0, 16).hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert derive(master, salt, 2, 14).hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert derive(master, salt, 1, 20).hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"


@pytest.mark.parametrize("suite", SUITES)
def test_secure_phone_and_plain_phone_hear_each_other(bench: Bench, suite: SrtpSuite) -> None:
    phone, plain = secured(bench, 0, suite), bench.open(1)
    bench.submit(Bridge(0, 1))
    for number in range(5):
        said = bytes([number]) * 160
        phone.send_sealed(said)
        assert plain.receive().payload == said
        answer = bytes([100 + number]) * 160
        plain.send(answer)
        assert phone.hear().payload == answer


def test_two_secure_phones_with_other_keys_and_suites(bench: Bench) -> None:
    left = secured(bench, 0, SrtpSuite.AEAD_AES_256_GCM)
    right = secured(bench, 1, SrtpSuite.AES_CM_128_HMAC_SHA1_32, seed=9)
    bench.submit(Bridge(0, 1))
    left.send_sealed(b"\x11" * 160)
    assert right.hear().payload == b"\x11" * 160


@pytest.mark.parametrize("suite", SUITES)
def test_a_packet_that_is_cut_is_sealed_piece_by_piece(bench: Bench, suite: SrtpSuite) -> None:
    """maxptime: the tag of one piece must not fall on the next."""
    phone, plain = secured(bench, 0, suite), bench.open(1)
    bench.submit(UpdateStream(0, replace(bench.plan(phone), srtp=phone.keys, ptime_max_ms=20)), Bridge(0, 1))
    said = bytes(range(240)) * 2
    plain.send(said)
    assert b"".join(phone.hear().payload for _ in range(3)) == said


def test_prompts_are_encrypted(bench: Bench) -> None:
    phone = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80)
    bench.engine.add_clip("tone", pcm(*[1000] * 320))
    bench.submit(Play(0, 1, ("tone",)))
    first, second = phone.hear(), phone.hear()
    assert len(first.payload) == 160
    assert second.sequence == (first.sequence + 1) % 2**16


def test_keys_pressed_are_decrypted_and_digits_encrypted(bench: Bench) -> None:
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    plain.send()
    phone.hear()
    plain.send_key(5, 9000, 160)
    assert phone.hear().payload_type == DTMF


def test_an_altered_packet_is_not_heard(bench: Bench) -> None:
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    sealed = bytearray(phone.seal_next())
    sealed[20] ^= 1
    phone.socket.sendto(bytes(sealed), phone.target)
    phone.send_sealed(b"\x22" * 160)
    assert [packet.payload for packet in plain.receive_all()] == [b"\x22" * 160]
    assert bench.engine.stats().dropped(DropReason.SECURITY) == 1


def test_plain_rtp_is_not_heard_on_a_secured_stream(bench: Bench) -> None:
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    phone.send()
    assert plain.receive_all() == []


def test_a_replayed_packet_is_heard_once(bench: Bench) -> None:
    phone, plain = secured(bench, 0, SrtpSuite.AEAD_AES_128_GCM), bench.open(1)
    bench.submit(Bridge(0, 1))
    sealed = phone.seal_next()
    for _ in range(3):
        phone.socket.sendto(sealed, phone.target)
    assert len(plain.receive_all()) == 1


def test_what_is_older_than_the_window_is_not_heard_though_it_is_new(bench: Bench) -> None:
    """RFC 3711 section 3.3.2: a recorded packet that was kept back is no better than a replayed one."""
    phone, plain = secured(bench, 0, SrtpSuite.AEAD_AES_128_GCM), bench.open(1)
    bench.submit(Bridge(0, 1))
    kept = phone.seal_next(b"\x01" * 160)
    for number in range(200):
        phone.send_sealed(bytes([number]) * 160)
    bench.wait(20)
    phone.send_raw(kept)
    phone.send_sealed(b"\xfe" * 160)
    heard = [packet.payload[0] for packet in plain.receive_all()]
    assert heard == [*range(200), 0xFE]
    assert bench.engine.stats().dropped(DropReason.SECURITY) == 1


def test_a_peer_with_ever_new_sources_is_bounded(bench: Bench) -> None:
    """Each that is authentic would be kept by libsrtp and looked through for each packet of the stream."""
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    phone.send_sealed(b"\x01" * 160)
    for ssrc in range(100, 200):
        phone.send_raw(phone.seal_next(ssrc=ssrc))
    bench.wait(20)
    assert len(plain.receive_all()) == 64
    assert bench.engine.stats().dropped(DropReason.SECURITY) == 37
    phone.send_sealed(b"\x02" * 160)
    assert plain.receive().payload == b"\x02" * 160, "who was heard before goes on"
    # A new plan with the same key begins no new count, one with another key does.
    for seed, heard in ((1, 0), (5, 1)):
        phone.keys = keys(phone.keys.suite, seed)
        bench.submit(UpdateStream(0, replace(bench.plan(phone), srtp=phone.keys)))
        if seed != 1:
            phone.rekey(phone.keys)
        phone.send_raw(phone.seal_next(ssrc=5000))
        assert len(plain.receive_all()) == heard


def test_sequence_numbers_wrap_into_the_roll_over_counter(bench: Bench) -> None:
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    phone.sequence = 65534
    for number in range(4):
        if phone.sequence == 0:
            phone.sealer.roll_over = 1
        phone.send_sealed(bytes([number]) * 160)
    assert [packet.payload[0] for packet in plain.receive_all()] == [0, 1, 2, 3]


def test_the_same_keys_again_go_on_and_new_ones_begin(bench: Bench) -> None:
    """A re-INVITE that repeats its key must not start the counters again; one with another key must."""
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    phone.sequence = 65535
    phone.send_sealed(b"\x01" * 160)
    phone.sealer.roll_over = 1
    phone.send_sealed(b"\x02" * 160)
    assert len(plain.receive_all()) == 2
    bench.submit(UpdateStream(0, replace(bench.plan(phone), srtp=phone.keys)))
    phone.send_sealed(b"\x03" * 160)
    assert plain.receive().payload == b"\x03" * 160

    phone.rekey(keys(SrtpSuite.AES_CM_128_HMAC_SHA1_80, 77))
    bench.submit(
        UpdateStream(0, replace(bench.plan(phone), srtp=keys(SrtpSuite.AES_CM_128_HMAC_SHA1_80, 77)))
    )
    phone.send_sealed(b"\x04" * 160)
    assert plain.receive().payload == b"\x04" * 160
    plain.send(b"\x05" * 160)
    assert phone.hear().payload == b"\x05" * 160


def test_a_key_that_stays_goes_on_when_the_other_changes() -> None:
    """Else its keystream would be used twice: the roll-over counter must not fall back to 0."""
    bench = Bench(stepped=True, random_bits=lambda _: 65_534)
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    for _ in range(3):
        plain.send()
        phone.datagram()
    phone.opener.roll_over = 1
    phone.keys = SrtpKeys(phone.keys.suite, inbound=bytes(30), outbound=phone.keys.outbound)
    bench.submit(UpdateStream(0, replace(bench.plan(phone), srtp=phone.keys)))
    plain.send(b"\x61" * 160)
    heard = phone.hear()
    assert (heard.sequence, heard.payload) == (1, b"\x61" * 160)
    phone.sealer = Sealer(phone.keys.suite, bytes(30))
    phone.send_sealed(b"\x62" * 160)
    assert plain.receive().payload == b"\x62" * 160
    bench.close()


def test_one_authentic_packet_from_an_unknown_address_is_enough(bench: Bench) -> None:
    """Behind a NAT: nobody else can make such a packet."""
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    elsewhere.bind((bench.host, 0))
    elsewhere.settimeout(WAIT_S)
    elsewhere.sendto(phone.seal_next(b"\x07" * 160), phone.target)
    assert plain.receive().payload == b"\x07" * 160
    assert bench.wait_for(StreamLatched).port == elsewhere.getsockname()[1]
    plain.send(b"\x08" * 160)
    assert RtpPacket.parse(phone.opener.open(elsewhere.recv(4096))).payload == b"\x08" * 160
    elsewhere.close()


def test_a_copy_sent_first_from_elsewhere_does_not_move_a_talk(bench: Bench) -> None:
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    phone.send_sealed()
    plain.receive()
    thief = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    thief.bind((bench.host, 0))
    thief.sendto(phone.seal_next(b"\x09" * 160), phone.target)
    plain.receive()
    plain.send(b"\x0a" * 160)
    assert phone.hear().payload == b"\x0a" * 160
    thief.close()


def test_a_flood_of_strangers_costs_a_bounded_number_of_attempts(bench: Bench) -> None:
    phone, plain = secured(bench, 0, SrtpSuite.AES_CM_128_HMAC_SHA1_80), bench.open(1)
    bench.submit(Bridge(0, 1))
    phone.send_sealed()
    plain.receive()
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(STRANGERS_PER_SECOND_MAX + 50):
        stranger.sendto(bytes([128, 0]) + bytes(170), phone.target)
    phone.send_sealed(b"\x0b" * 160)
    assert plain.receive().payload == b"\x0b" * 160
    stats = bench.engine.stats()
    # The second may turn in between.
    assert STRANGERS_PER_SECOND_MAX <= stats.dropped(DropReason.SECURITY) < STRANGERS_PER_SECOND_MAX + 50
    assert (
        stats.dropped(DropReason.SECURITY) + stats.dropped(DropReason.FLOOD) == STRANGERS_PER_SECOND_MAX + 50
    )
    stranger.close()


def test_closing_and_opening_many_secured_streams_leaves_nothing(bench: Bench) -> None:
    for seed in range(50):
        secured(bench, 0, SUITES[seed % len(SUITES)], seed=seed)
        bench.close_stream(0)
    assert bench.engine.stats().streams_open == 0


def test_keys_are_never_shown() -> None:
    shown = repr(keys(SrtpSuite.AES_CM_128_HMAC_SHA1_80))
    assert shown == "SrtpKeys(AES_CM_128_HMAC_SHA1_80)"
