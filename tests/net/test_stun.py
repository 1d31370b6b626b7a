"""The STUN codec by the published vectors of RFC 5769, and what it refuses to answer."""

import random
import struct

import pytest

from switch.net import stun

# RFC 5769 section 2.1: a binding request with SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME,
# MESSAGE-INTEGRITY and FINGERPRINT.
RFC5769_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a683676592020200008 0014"
    "9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf".replace(" ", "")
)
# Section 2.2: XOR-MAPPED-ADDRESS of 192.0.2.1 port 32853; section 2.3: of an IPv6 address, same port.
RFC5769_TRANSACTION = RFC5769_REQUEST[8:20]
RFC5769_MAPPED_IPV4 = bytes.fromhex("002000080001a147e112a643")
RFC5769_MAPPED_IPV6 = bytes.fromhex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9")

ASK = struct.pack(">HHI12s", 1, 0, stun.MAGIC, RFC5769_TRANSACTION)


def test_rfc5769_2_2_and_2_3_the_mapped_address() -> None:
    said = stun.answer(ASK, "192.0.2.1", 32853)
    assert said == bytes.fromhex("0101000c2112a442") + RFC5769_TRANSACTION + RFC5769_MAPPED_IPV4
    said = stun.answer(ASK, "2001:db8:1234:5678:11:2233:4455:6677", 32853)
    assert said is not None
    assert said[20:] == RFC5769_MAPPED_IPV6


def test_rfc5769_2_1_the_fingerprint_is_read_and_wrong_ones_get_no_answer() -> None:
    """PRIORITY of the vector is ICE's, which a SIP port does not know: RFC 5389 section 7.3.1, 420."""
    assert stun.is_stun(RFC5769_REQUEST)
    said = stun.answer(RFC5769_REQUEST, "192.0.2.1", 32853)
    assert said is not None
    assert said[:2] == b"\x01\x11"
    assert b"\x00\x00\x04\x14" in said
    assert said[-8:-4] == b"\x80\x28\x00\x04", "who asks with a fingerprint is answered with one"
    for place in (2 + 20, len(RFC5769_REQUEST) - 1):
        wrong = bytearray(RFC5769_REQUEST)
        wrong[place] ^= 1
        assert stun.answer(bytes(wrong), "192.0.2.1", 32853) is None


def test_a_fingerprint_is_answered_with_a_fingerprint() -> None:
    ask = struct.pack(">HHI12s", 1, 8, stun.MAGIC, RFC5769_TRANSACTION)
    ask += b"\x80\x28\x00\x04" + stun._fingerprint(ask)
    said = stun.answer(ask, "192.0.2.1", 32853)
    assert said is not None
    assert said[-4:] == stun._fingerprint(said[:-8])
    assert said[2:4] == (12 + 8).to_bytes(2, "big")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        ASK[:19],
        b"\x00\x11" + ASK[2:],
        b"\x01\x01" + ASK[2:],
        ASK[:4] + b"\x00\x00\x00\x00" + ASK[8:],
        ASK[:2] + b"\x00\x04" + ASK[4:],
        ASK[:2] + b"\x00\x04" + ASK[4:] + b"\x80\x22\x00\x09",
        b"OPTIONS sip:a SIP/2.0",
    ],
    ids=["empty", "short", "indication", "answer", "cookie", "length", "attribute", "SIP"],
)
def test_what_gets_no_answer(data: bytes) -> None:
    assert stun.answer(data, "192.0.2.1", 5060) is None


def test_nothing_raises_and_no_answer_is_much_longer_than_its_question() -> None:
    dice = random.Random(5389)
    for _ in range(20_000):
        body = dice.randbytes(4 * dice.randrange(12))
        data = struct.pack(">HHI12s", 1, len(body), stun.MAGIC, dice.randbytes(12)) + body
        said = stun.answer(data, "192.0.2.1", 5060)
        assert said is None or len(said) <= len(data) + 48
