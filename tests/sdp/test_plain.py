"""What is kept of a shape against the long way: the same answer and the same agreement, or none at all."""

import random

import pytest

from switch.sdp.audio import Agreement, AudioCapability, NoAgreement
from switch.sdp.description import Description
from switch.sdp.negotiate import accept_answer, answer_offer, build_offer
from switch.sdp.parse import parse
from switch.sdp.plain import BYTES_MAX, SHAPES_KEPT, PlainNegotiator
from switch.sdp.session import SdpError

CAPABILITY = AudioCapability(("PCMU", "PCMA"))
LOCAL, PORT, NUMBER = "192.0.2.10", 40_000, 99
ROUNDS = 3_000

HEAD = ["v=0", "o=- 7 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"]
LINE = ["m=audio 6000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=ptime:20"]

HEADS = {
    "v=": ["v=0", "v=0", "v=0", "v=0", "v=1"],
    "o=": [
        "o=- 7 1 IN IP4 192.0.2.1",
        "o=al 1 9 IN IP4 host.example",
        "o=- x 1 IN IP4 h",
        "o=a b 1 2 IN IP4 h",
    ],
    "s=": ["s=-", "s=call", "s=", "s= ", "s=caf\u00e9"],
    "c=": [
        *["c=IN IP4 192.0.2.1", "c=IN IP4 198.51.100.7"] * 3,
        *["c=IN IP4 0.0.0.0", "c=IN IP6 2001:db8::1", "c=IN IP4 224.0.0.1", "c=IN IP4 host.example", ""],
        *["c=IN IP4 192.0.2.1/127", "c=IN IP4 300.1.1.1", "c=IN IP6 ::", "c=IN IP6 ::ffff:192.0.2.1"],
    ],
    "b=": ["", "", "b=AS:80", "b=AS:80\r\nb=TIAS:64000"],
    "t=": ["t=0 0", "t=0 0", "t=1 2", "t=0", ""],
    "a=": ["", "", "a=sendonly", "a=tool:x", "a=", "z=1", "a=inactive\r\na=sendrecv"],
}
LINES = [
    *["m=audio 6000 RTP/AVP 0 8 101", "m=audio 6002 RTP/AVP 8", "m=audio 65535 RTP/AVPF 8 0 96"] * 2,
    *[
        "m=audio 0 RTP/AVP 0",
        "m=audio 65536 RTP/AVP 0",
        "m=audio 06000 RTP/AVP 0",
        "m=audio 6000/2 RTP/AVP 0",
    ],
    *["m=audio 6000 RTP/SAVP 0", "m=video 6000 RTP/AVP 31", "m=audio 6000 RTP/AVP 3", "m=audio 6000 RTP/AVP"],
    *["m=audio 6000 RTP/AVP  0  8", "m=audio 6000 RTP/AVP 0 8 \u00b2"],
]
ATTRIBUTES = [
    *["a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000/1", "a=rtpmap:101 telephone-event/8000"],
    *["a=rtpmap:96 telephone-event/8000", "a=rtpmap:0 X/8000", "a=rtpmap:8 PCMA/16000"],
    *["a=ptime:30", "a=ptime:20.0", "a=maxptime:10", "a=sendonly", "a=recvonly", "a=inactive", "a=sendrecv"],
    *[
        "a=fmtp:101 0-15",
        "b=AS:80",
        "a=crypto:1 X inline:x",
        "c=IN IP4 198.51.100.8",
        "m=video 5000 RTP/AVP 31",
    ],
    *[
        "a=rtcp:6001",
        "a=bad name:x",
        "i=info",
        "a=\t",
        "x=1",
    ],
    *["a=rtcp:6003 IN IP4 192.0.2.9", "a=rtcp:x", "a=rtcp:70000", "a=rtcp-mux", "a=ssrc:1 cname:x"],
    *["a=x:a=rtcp:6001", "a=x:a=ssrc:1", "a=ptime:40"],
]


def described(*lines: str) -> bytes:
    return "\r\n".join([*lines, ""]).encode()


def some_description(rng: random.Random) -> bytes:
    """Mostly such as phones send; one line in a while that they should not."""
    heads = [known[0] if rng.random() < 0.7 else rng.choice(known) for known in HEADS.values()]
    line = LINES[0] if rng.random() < 0.5 else rng.choice(LINES)
    attributes = rng.choices(ATTRIBUTES, k=rng.randint(0, 5))
    end = rng.choice(["\r\n"] * 12 + ["\n"])
    text = end.join([text for text in (*heads, line, *attributes) if text])
    return (text + rng.choice([end] * 12 + ["", "\r\n\r\n"])).encode()


def the_long_way(body: bytes, host: str) -> tuple[bytes, Agreement] | None:
    try:
        outcome = answer_offer(parse(body), host, PORT, NUMBER, 1, CAPABILITY)
    except SdpError:
        return None
    return None if isinstance(outcome, NoAgreement) else (outcome[0].to_bytes(), outcome[1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_offers_of_every_sort_come_to_what_they_come_to_the_long_way(seed: int) -> None:
    rng = random.Random(seed)
    plain = PlainNegotiator(CAPABILITY)
    taken = 0
    for _ in range(ROUNDS):
        body = some_description(rng)
        host = rng.choice([LOCAL, LOCAL, "2001:db8::10"])
        quick = plain.answer(body, host, PORT, NUMBER)
        if quick is not None:
            taken += 1
            assert (quick[0].body, quick[1]) == the_long_way(body, host), body
    assert taken > ROUNDS // 20, "too few were plain for this to be a test"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_answers_of_every_sort_come_to_what_they_come_to_the_long_way(seed: int) -> None:
    rng = random.Random(seed)
    plain = PlainNegotiator(CAPABILITY)
    taken = 0
    for _ in range(ROUNDS):
        offer = plain.offer(LOCAL, PORT, NUMBER)
        body = some_description(rng)
        quick = plain.accept(offer, body, LOCAL)
        if quick is not None:
            taken += 1
            assert quick == accept_answer(offer.session, parse(body)), body
    assert taken > ROUNDS // 20, "too few were plain for this to be a test"


@pytest.mark.parametrize("host", [LOCAL, "2001:db8::10"])
def test_our_offer_is_that_of_the_long_way(host: str) -> None:
    plain = PlainNegotiator(CAPABILITY)
    for number in (7, 99):
        session = build_offer(host, PORT + number, number, 1, CAPABILITY)
        offer = plain.offer(host, PORT + number, number)
        assert offer.body == session.to_bytes()
        assert offer.session == session


def test_a_second_call_of_the_same_phone_is_not_parsed() -> None:
    plain = PlainNegotiator(CAPABILITY)
    first = plain.answer(described(*HEAD, *LINE), LOCAL, PORT, NUMBER)
    other = [line.replace("192.0.2.1", "198.51.100.7") for line in HEAD]
    second = plain.answer(described(*other, *LINE).replace(b" 6000 ", b" 7000 "), "192.0.2.11", 41_000, 100)
    assert first is not None
    assert second is not None
    assert (second[1].remote_host, second[1].remote_port) == ("198.51.100.7", 7000)
    assert second[0].body == (
        first[0]
        .body.replace(b"192.0.2.10", b"192.0.2.11")
        .replace(b"40000", b"41000")
        .replace(b"- 99 ", b"- 100 ")
    )


def test_numbers_that_differ_with_each_call_make_no_other_shape() -> None:
    """RFC 3605 and 5576: the port of reports, and the source."""
    plain = PlainNegotiator(CAPABILITY)
    for port in (6000, 7000, 8000):
        more = [f"a=rtcp:{port + 1} IN IP4 192.0.2.1", f"a=ssrc:{port} cname:x"]
        body = described(*HEAD, *LINE, *more).replace(b" 6000 ", f" {port} ".encode())
        quick = plain.answer(body, LOCAL, PORT, NUMBER)
        assert quick is not None
        assert (quick[0].body, quick[1]) == the_long_way(body, LOCAL)
        assert (quick[1].remote_port, quick[1].rtcp_port) == (port, port + 1)
    assert plain.kept == 1


def test_a_number_within_another_line_is_part_of_the_shape() -> None:
    plain = PlainNegotiator(CAPABILITY)
    for attributes in (["a=x:a=ptime:30", "a=rtcp:6001"], ["a=x:a=rtcp:6001", "a=ptime:30"]):
        body = described(*HEAD, LINE[0], *attributes)
        quick = plain.answer(body, LOCAL, PORT, NUMBER)
        if quick is not None:
            assert (quick[0].body, quick[1]) == the_long_way(body, LOCAL)


@pytest.mark.parametrize(
    "lines",
    [
        [*HEAD, *LINE, "m=video 5000 RTP/AVP 31"],
        [*HEAD, *LINE, "c=IN IP4 192.0.2.2"],
        [*HEAD[:3], "c=IN IP4 0.0.0.0", "t=0 0", *LINE],
        [*HEAD, "m=audio 0 RTP/AVP 0"],
        [*HEAD, "m=audio 6000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40],
        [*HEAD, "m=audio 6000 RTP/AVP 3"],
        [*HEAD, "m=audio 6000 RTP/AVP 0", "a=bad name"],
    ],
)
def test_what_is_not_plain_is_left_to_the_long_way(lines: list[str]) -> None:
    plain = PlainNegotiator(CAPABILITY)
    offer = plain.offer(LOCAL, PORT, NUMBER)
    for _ in range(2):
        assert plain.answer(described(*lines), LOCAL, PORT, NUMBER) is None
        assert plain.accept(offer, described(*lines), LOCAL) is None


def test_the_answer_to_an_offer_of_another_making_is_left_to_the_long_way() -> None:
    """A change in mid-call, or an encrypted offer."""
    offer = Description(session=build_offer(LOCAL, PORT, NUMBER, 1, CAPABILITY))
    assert PlainNegotiator(CAPABILITY).accept(offer, described(*HEAD, *LINE), LOCAL) is None


def test_what_is_kept_is_bounded() -> None:
    plain = PlainNegotiator(CAPABILITY)
    offer = plain.offer(LOCAL, PORT, NUMBER)
    for number in range(SHAPES_KEPT + 10):
        body = described(*HEAD, *LINE, f"a=x:{number}")
        assert plain.answer(body, LOCAL, PORT, NUMBER) is not None
        assert plain.accept(offer, body, LOCAL) is not None
    long = described(*HEAD, *LINE, "a=x:" + "x" * BYTES_MAX)
    assert plain.answer(long, LOCAL, PORT, NUMBER) is not None
    assert plain.accept(offer, long, LOCAL) is not None
    assert plain.kept == 2 * SHAPES_KEPT
