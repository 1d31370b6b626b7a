"""DTLS records that anybody may send to a media port: no exception, no keys, and the real handshake goes on.

`SIP_FUZZ_ITERATIONS` and `SIP_FUZZ_SEED` make it longer or replay a failure, as of the other fuzzers here.
"""

import os
from collections.abc import Callable

import pytest

from switch.base.rng import SplitMix64
from switch.engine.dtls import MTU_BYTES, Handshake, Identity, State
from switch.media.plan import DtlsPeer
from tests.fuzz.test_sip_fuzz import SEED, mutated

ROUNDS = int(os.environ.get("SIP_FUZZ_ITERATIONS", "0")) // 10 or 200

_OURS, _THEIRS = Identity(), Identity()
"""Certificates cost more than all the rest."""


def pair() -> tuple[Handshake, Handshake]:
    """Ours, which is connected to, and the peer's."""
    ours = Handshake.begin(_OURS, DtlsPeer("sha-256", _THEIRS.fingerprint, we_connect=False))
    theirs = Handshake.begin(_THEIRS, DtlsPeer("sha-256", _OURS.fingerprint, we_connect=True))
    return ours, theirs


def shake(ours: Handshake, theirs: Handshake, first: list[bytes]) -> None:
    """On from the peer's records, until neither has more to say."""
    records = first
    while records:
        answers = [answer for record in records for answer in ours.receive(record)]
        records = [record for answer in answers for record in theirs.receive(answer)]


def random_bytes(rng: SplitMix64, length: int) -> bytes:
    return bytes(rng.below(256) for _ in range(length))


def record(kind: int, epoch: int, number: int, body: bytes) -> bytes:
    """RFC 6347 section 4.1."""
    head = bytes([kind, 0xFE, 0xFD]) + epoch.to_bytes(2, "big") + number.to_bytes(6, "big")
    return head + len(body).to_bytes(2, "big") + body


NOISE: dict[str, Callable[[SplitMix64, int], bytes]] = {
    "random": lambda rng, _: bytes([20 + rng.below(44)]) + random_bytes(rng, 1 + rng.below(200)),
    "half a record": lambda rng, n: record(22, 0, n, bytes(1000))[: 1 + rng.below(1000)],
    "of keys that nobody has": lambda rng, n: record(22, 1, n, random_bytes(rng, 64)),
}


@pytest.mark.parametrize("kind", list(NOISE))
def test_noise_in_front_of_a_handshake_does_not_hinder_it(kind: str) -> None:
    """RFC 6347 section 4.1.2.7: invalid records are passed over in silence."""
    rng, (ours, theirs) = SplitMix64(SEED), pair()
    first = theirs.advance()
    for number in range(ROUNDS):
        assert ours.receive(NOISE[kind](rng, number)) == []
    assert (ours.state, ours.failure) == (State.RUNNING, "")
    shake(ours, theirs, first)
    assert (ours.state, theirs.state) == (State.DONE, State.DONE)
    for number in range(ROUNDS):
        ours.receive(NOISE[kind](rng, number))
    assert (ours.state, ours.failure) == (State.DONE, "")


def test_a_handshake_that_is_damaged_anywhere_gives_no_keys_but_the_right_ones() -> None:
    """A record of the peer's flights is: an end in words, or keys that are the same on both sides."""
    rng = SplitMix64(SEED + 1)
    for _ in range(ROUNDS // 4):
        ours, theirs = pair()
        records, damaged = theirs.advance(), False
        for _ in range(6):
            if records and not damaged and rng.below(2):
                at, damaged = rng.below(len(records)), True
                records[at] = mutated(rng, records[at], records[0])[:MTU_BYTES] or b"\x16"
            answers = [answer for one in records for answer in ours.receive(one)]
            records = [one for answer in answers for one in theirs.receive(answer)]
        assert ours.state is not State.FAILED or ours.failure
        if ours.state is theirs.state is State.DONE:
            assert ours.keys is not None
            assert theirs.keys is not None
            assert (ours.keys.inbound, ours.keys.outbound) == (theirs.keys.outbound, theirs.keys.inbound)


def test_fragments_that_never_make_a_message_are_held_in_a_bounded_number() -> None:
    """A ClientHello of 16 MB is refused at its first fragment; others wait within OpenSSL's bounds."""

    def fragment(total: int, number: int, at: int, data: bytes) -> bytes:
        parts = (total, 3), (number, 2), (at, 3), (len(data), 3)
        return b"\x01" + b"".join(value.to_bytes(length, "big") for value, length in parts) + data

    ours, _ = pair()
    ours.receive(record(22, 0, 0, fragment(0xFFFFFF, 0, 5000, bytes(8))))
    assert ours.state is State.FAILED
    rng, (ours, _) = SplitMix64(SEED + 2), pair()
    for number in range(ROUNDS):
        body = fragment(90_000, number % 12, rng.below(80_000), bytes(1000))
        assert ours.receive(record(22, 0, number, body)) == []
    assert ours.state is State.RUNNING
