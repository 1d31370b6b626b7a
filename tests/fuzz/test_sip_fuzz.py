"""Broken SIP, a lot of it: only MessageError may come out of the parser, and nothing out of the layer.

`SIP_FUZZ_ITERATIONS` and `SIP_FUZZ_SEED` make it longer or replay a failure:
    SIP_FUZZ_SEED=7 SIP_FUZZ_ITERATIONS=1000000 pytest tests/fuzz/test_sip_fuzz.py
"""

import os

import pytest

from switch.base.rng import SplitMix64
from switch.sip.dialog import Dialog
from switch.sip.digest import Challenger
from switch.sip.flow import Flow
from switch.sip.message import MessageError, Request, Uri, parse
from switch.sip.outputs import RequestReceived
from switch.sip.transport import StreamFramer
from tests.sip.samples import TCP, UDP, layer, request_bytes, response_bytes
from tests.vectors import vector

ITERATIONS = int(os.environ.get("SIP_FUZZ_ITERATIONS", "3000"))
SEED = int(os.environ.get("SIP_FUZZ_SEED", "1"))

TOKENS = [
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n ",
    b'"',
    b"\\",
    b"<",
    b">",
    b";",
    b",",
    b":",
    b"@",
    b"=",
    b"[::1]",
    b"%",
    b"%00",
    b"\0",
    b"\xff",
    b"\xc3",
    b"*",
    b"?",
    b" ",
    b"\t",
    b"sip:",
    b"SIP/2.0",
    b"Via: ",
    b"Contact: *\r\n",
    b"Content-Length: ",
    b"l: 5\r\n",
    b"99999999999999999999999",
    b"-1",
    b";tag=",
    b";branch=z9hG4bK",
    b";rport",
    b"Require: x\r\n",
    b"CANCEL",
    b"ACK",
    b"\xe2\x80\xa8",
    b"\xd9\xa1",
    b"\xc2\x85",
]


def corpus() -> list[bytes]:
    seeds = [
        request_bytes(body=b"v=0\r\n"),
        request_bytes("REGISTER", extra='Expires: 60\r\nAuthorization: Digest username="a", realm="b"\r\n'),
        request_bytes("BYE", to_tag="x", extra="Route: <sip:p;lr>, <sip:q>\r\nRecord-Route: <sip:p;lr>\r\n"),
        request_bytes("CANCEL"),
        request_bytes("ACK", to_tag="x"),
        response_bytes(request_bytes(), 200),
    ]
    folder = vector("sip")
    return seeds + [path.read_bytes() for path in sorted(folder.glob("rfc*/*.dat"))]


def mutated(rng: SplitMix64, data: bytes, other: bytes) -> bytes:
    """A few cuts, swaps, insertions and repetitions."""
    out = bytearray(data)
    for _ in range(1 + rng.below(5)):
        at = rng.below(len(out) + 1)
        kind = rng.below(6)
        if kind == 0:
            out[at : at + rng.below(20)] = b""
        elif kind == 1:
            out[at:at] = TOKENS[rng.below(len(TOKENS))]
        elif kind == 2 and at < len(out):
            out[at] = rng.below(256)
        elif kind == 3:
            out[at:at] = out[at : at + rng.below(60)] * (1 + rng.below(4))
        elif kind == 4:
            cut = rng.below(len(other) + 1)
            out[at : at + 30] = other[cut : cut + rng.below(60)]
        else:
            del out[at + 1 :]
            out += data[rng.below(len(data) + 1) :]
    return bytes(out)


def read_everything(data: bytes) -> None:
    """Parse; what parses has accessors that do not raise, and is written so that it parses again."""
    try:
        message = parse(data)
    except MessageError as error:
        partial, status = error.request, error.status
        if partial is not None and status is not None:
            partial.make_response(status).to_bytes()
        return
    for name in ("via", "vias", "from_", "to", "cseq", "call_id", "contact", "contacts", "contact_is_star"):
        getattr(message, name)
    for name in (
        "max_forwards",
        "routes",
        "record_routes",
        "content_type",
        "expires",
        "require",
        "supported",
        "allow",
    ):
        getattr(message, name)
    again = parse(message.to_bytes())
    assert again.to_bytes() == message.to_bytes()
    if isinstance(message, Request):
        dialog = Dialog.as_uas(message, "ours", Uri(host="192.0.2.1"))
        parse(with_via(dialog.request("INVITE").to_bytes()))
        parse(message.make_response(200, to_tag="ours").to_bytes())


def with_via(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n", 1)


def test_the_parser_raises_nothing_but_message_errors() -> None:
    rng, seeds = SplitMix64(SEED), corpus()
    for iteration in range(ITERATIONS):
        data = mutated(rng, seeds[rng.below(len(seeds))], seeds[rng.below(len(seeds))])
        try:
            read_everything(data)
        except Exception as error:
            pytest.fail(f"SIP_FUZZ_SEED={SEED}, iteration {iteration}: {error!r} on {data!r}")


def test_the_layer_raises_nothing_and_ends_empty() -> None:
    rng, seeds = SplitMix64(SEED + 1), corpus()
    transactions = layer(extensions=())
    flows: list[Flow] = [UDP, TCP]
    now = 0
    for iteration in range(ITERATIONS):
        data = mutated(rng, seeds[rng.below(len(seeds))], seeds[rng.below(len(seeds))])
        now += rng.below(1_000_000)
        try:
            transactions.receive(data, flows[rng.below(2)], now)
            transactions.handle_timer(now)
            for output in transactions.poll():
                if isinstance(output, RequestReceived) and rng.chance(9, 10):
                    status = (180, 200, 404, 500)[rng.below(4)]
                    transactions.respond(output.transaction, output.request.make_response(status), now)
        except Exception as error:
            pytest.fail(f"SIP_FUZZ_SEED={SEED}, iteration {iteration}: {error!r} on {data!r}")
    for method, status in {(method, status) for _, method, status in transactions.messages}:
        assert method == "OTHER" or method.isalpha()
        assert status == 0 or 100 <= status <= 699


def test_the_framer_gives_the_same_for_any_cut() -> None:
    rng, seeds = SplitMix64(SEED + 2), corpus()
    for iteration in range(ITERATIONS // 4):
        data = mutated(rng, seeds[rng.below(len(seeds))], seeds[rng.below(len(seeds))])
        data += seeds[rng.below(len(seeds))]
        whole, pieces = StreamFramer(), StreamFramer()
        expected = [item for item in whole.feed(data) if isinstance(item, bytes)]
        found: list[bytes] = []
        at = 0
        while at < len(data):
            step = 1 + rng.below(200)
            found += [item for item in pieces.feed(data[at : at + step]) if isinstance(item, bytes)]
            at += step
        assert found == expected, f"SIP_FUZZ_SEED={SEED}, iteration {iteration}: {data!r}"
        assert pieces.broken == whole.broken


def test_digest_never_raises() -> None:
    rng = SplitMix64(SEED + 3)
    challenger = Challenger(b"0123456789abcdef")
    value = b'Digest username="a", realm="r", nonce="n", uri="sip:h", response="0", qop=auth, nc=00000001'
    value += b', cnonce="c"'
    for _ in range(ITERATIONS):
        text = mutated(rng, value, value).decode("latin-1")
        challenger.verify(text, "INVITE", "sip:h", lambda _: None, "r", 0)
