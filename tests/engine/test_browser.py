"""What a browser does on a media port: ICE checks, a DTLS handshake, then SRTP (RFC 7983, 8445, 5764)."""

import select
from dataclasses import replace

import pytest

from switch.engine import DropReason
from switch.engine.dtls import Handshake, Identity, State
from switch.media.commands import Bridge, OpenStream, UpdateStream
from switch.media.events import SecurityFailed, StreamLatched
from switch.media.plan import DtlsPeer, IceCredentials
from switch.rtp import RtpPacket
from tests.engine.bench import Bench, Peer
from tests.engine.srtp import Sealer
from tests.engine.stun import Checker

ICE = IceCredentials("ours", "our-password-of-22-chars", "theirs")
CHECKER = Checker("ours:theirs", ICE.local_password)


class Browser:
    """One side of a media connection as a browser makes it, on OpenSSL and the Python of this folder."""

    def __init__(self, bench: Bench, slot: int, *, waits: bool = False, ice: bool = True) -> None:
        self.bench, self.slot = bench, slot
        self.peer = Peer(bench.host, ssrc=0xB0B)
        self.peer.target = (bench.host, bench.engine.slots[slot].port)
        bench.peers.append(self.peer)
        self.identity = Identity()
        self.ice = ICE if ice else None
        self.dtls = DtlsPeer("sha-256", self.identity.fingerprint, we_connect=waits)
        announced = DtlsPeer("sha-256", bench.engine.slots[slot].fingerprint, we_connect=not waits)
        self.handshake = Handshake.begin(self.identity, announced)
        self.plan = replace(bench.plan(self.peer), dtls=self.dtls, ice=self.ice)

    def open(self) -> None:
        self.bench.submit(OpenStream(self.slot, self.plan))

    def check(self, *, nominate: bool = True) -> tuple[str, int]:
        request = CHECKER.request(nominate=nominate)
        self.peer.socket.sendto(request, self.peer.target)
        return CHECKER.mapped(request, self.peer.socket.recv(2048))

    def shake_hands(self, rounds: int = 100) -> None:
        """Until both have keys, or one refuses."""
        outgoing = self.handshake.advance()
        for _ in range(rounds):
            for record in outgoing:
                self.peer.socket.sendto(record, self.peer.target)
            outgoing = []
            if select.select([self.peer.socket], [], [], 0.05)[0]:
                outgoing = self.handshake.receive(self.peer.socket.recv(4096))
            self.bench.poll()
            if self.handshake.state is not State.RUNNING and not outgoing:
                break
        # What we secured is applied at the engine's next turn.
        self.bench.submit(UpdateStream(self.slot, self.plan))

    def talk(self) -> None:
        keys = self.handshake.keys
        assert keys is not None, self.handshake.failure
        self.sealer, self.opener = Sealer(keys.suite, keys.outbound), Sealer(keys.suite, keys.inbound)

    def say(self, payload: bytes) -> None:
        packet = RtpPacket(0, self.peer.sequence, self.peer.timestamp, self.peer.ssrc, payload)
        self.peer.sequence += 1
        self.peer.timestamp += 160
        self.peer.socket.sendto(self.sealer.seal(packet.serialize()), self.peer.target)

    def hear(self) -> bytes:
        return RtpPacket.parse(self.opener.open(self.peer.socket.recv(4096))).payload


@pytest.mark.parametrize("waits", [False, True], ids=["it connects", "we connect"])
@pytest.mark.parametrize("ice", [True, False], ids=["ice", "no ice"])
def test_a_browser_and_a_phone_hear_each_other(bench: Bench, waits: bool, ice: bool) -> None:
    browser, phone = Browser(bench, 0, waits=waits, ice=ice), bench.open(1)
    if waits and not ice:
        browser.handshake.advance()
    browser.open()
    bench.submit(Bridge(0, 1))
    if ice:
        assert browser.check() == (bench.host, browser.peer.port)
    if waits and ice:
        # Our first record had nowhere to go before the check; DTLS repeats it after a second.
        assert select.select([browser.peer.socket], [], [], 0.2)[0] == []
        for _ in range(20):
            bench.engine.repeat_handshakes()
            if select.select([browser.peer.socket], [], [], 0.1)[0]:
                break
    browser.shake_hands()
    browser.talk()
    browser.say(b"\x21" * 160)
    assert phone.receive().payload == b"\x21" * 160
    phone.send(b"\x22" * 160)
    assert browser.hear() == b"\x22" * 160


def test_before_the_keys_nothing_is_heard_or_sent_in_the_clear(bench: Bench) -> None:
    browser, phone = Browser(bench, 0), bench.open(1)
    browser.open()
    bench.submit(Bridge(0, 1))
    browser.check()
    browser.peer.send(b"\x31" * 160)
    assert phone.receive_all() == []
    phone.send(b"\x32" * 160)
    assert select.select([browser.peer.socket], [], [], 0.1)[0] == []
    assert bench.engine.stats().dropped(DropReason.SECURITY) == 1


def test_another_certificate_than_the_announced_one_is_refused(bench: Bench) -> None:
    browser = Browser(bench, 0)
    browser.plan = replace(browser.plan, dtls=DtlsPeer("sha-256", Identity().fingerprint))
    browser.open()
    browser.check()
    browser.shake_hands(rounds=20)
    bench.poll()
    failed = bench.wait_for(SecurityFailed)
    assert failed == SecurityFailed(0, "the certificate is not the one that was announced")


def test_a_new_offer_with_the_same_certificate_keeps_the_keys(bench: Bench) -> None:
    browser, phone = Browser(bench, 0), bench.open(1)
    browser.open()
    bench.submit(Bridge(0, 1))
    browser.check()
    browser.shake_hands()
    browser.talk()
    browser.say(b"\x41" * 160)
    phone.receive()
    bench.submit(UpdateStream(0, replace(browser.plan, sends=True)))
    browser.say(b"\x42" * 160)
    assert phone.receive().payload == b"\x42" * 160


def test_checks_that_are_not_the_peers_get_no_answer(bench: Bench) -> None:
    browser = Browser(bench, 0)
    browser.open()
    good = CHECKER.request()
    wrong = [
        CHECKER.request(password="guessed"),
        Checker("ours:another", ICE.local_password).request(),
        CHECKER.request(controlled=True),
        good[:-1],
        good[:40],
        good[:4] + b"\0\0\0\0" + good[8:],
        bytes([0, 1, 0, 0]) + b"\x21\x12\xa4\x42" + bytes(12),
        bytes(20),
    ]
    for request in wrong:
        browser.peer.socket.sendto(request, browser.peer.target)
    assert select.select([browser.peer.socket], [], [], 0.1)[0] == []
    assert browser.check() == (bench.host, browser.peer.port)


def test_a_nominated_way_is_followed_and_any_other_only_answered(bench: Bench) -> None:
    browser = Browser(bench, 0)
    browser.open()
    browser.check(nominate=False)
    assert bench.wait_for(StreamLatched).port == browser.peer.port
    second = Browser(bench, 0)
    second.check(nominate=False)
    bench.poll()
    assert bench.events == []
    second.check(nominate=True)
    assert bench.wait_for(StreamLatched).port == second.peer.port


def test_records_of_strangers_do_not_reach_the_handshake(bench: Bench) -> None:
    browser = Browser(bench, 0)
    browser.open()
    browser.check()
    stranger = Peer(bench.host)
    bench.peers.append(stranger)
    for _ in range(5):
        stranger.socket.sendto(bytes([22, 254, 253]) + bytes(60), browser.peer.target)
    browser.shake_hands()
    assert browser.handshake.state is State.DONE
    assert bench.engine.stats().dropped(DropReason.SOURCE) == 5


def test_lost_records_are_repeated(bench: Bench) -> None:
    browser = Browser(bench, 0)
    browser.open()
    browser.check()
    for record in browser.handshake.advance():
        browser.peer.socket.sendto(record, browser.peer.target)
    for _ in range(40):
        bench.poll()
        if select.select([browser.peer.socket], [], [], 0.01)[0]:
            break
    browser.peer.receive_raw()  # the engine's whole first flight is lost
    for _ in range(30):
        bench.engine.repeat_handshakes()
        if select.select([browser.peer.socket], [], [], 0.1)[0]:
            break
    browser.shake_hands()
    assert browser.handshake.state is State.DONE
