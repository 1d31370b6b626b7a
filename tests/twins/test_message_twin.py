"""Both halves of the message parser and writer read and write the same: torture vectors, mutations, edges.

`SIP_FUZZ_ITERATIONS` and `SIP_FUZZ_SEED` make the mutations more or replay a failure.
"""

import gc
import importlib
import os

import pytest

from switch.base.rng import SplitMix64
from switch.sip.message import Headers, MessageError, Request, Response
from switch.sip.message.headers import Item
from switch.sip.message.select import Parse, parser
from switch.sip.message.writing import select_wire, wire_python
from tests.fuzz.test_sip_fuzz import corpus, mutated
from tests.sip.samples import request_bytes, response_bytes

ITERATIONS = int(os.environ.get("SIP_FUZZ_ITERATIONS", "6000"))
SEED = int(os.environ.get("SIP_FUZZ_SEED", "1"))

# Compiled at every installation: where it is missing, that is a failure and no reason to look away.
importlib.import_module("switch.sip.message._message")
IN_C, IN_PYTHON = parser(), parser(prefer_c=False)


def outcome(parse: Parse, data: bytes) -> object:
    """All that can be seen of what `parse` makes of these bytes."""
    try:
        message = parse(data)
    except MessageError as error:
        partial = error.request
        seen = None if partial is None else (partial.method, str(partial.uri), partial.headers.items())
        return (error.reason, error.status, seen)
    first = (message.method, message.uri, str(message.uri)) if isinstance(message, Request) else ()
    if isinstance(message, Response):
        first = (str(message.status), message.reason)  # type: ignore[assignment]  # either is only compared
    return (
        type(message),
        first,
        message.headers.items(),
        message.body,
        (message.vias, message.from_, message.to, message.call_id, message.cseq, message.max_forwards),
        (message.contacts, message.contact_is_star, message.routes, message.record_routes),
        (message.content_type, message.expires, message.require, message.supported, message.allow),
        [str(value) for value in (*message.vias, message.from_, message.to, *message.contacts)],
        message.to_bytes(),
    )


def same(data: bytes) -> None:
    assert outcome(IN_C, data) == outcome(IN_PYTHON, data), data


def with_line(line: str) -> bytes:
    return request_bytes(extra=line + "\r\n")


def with_header(name: str, value: str) -> bytes:
    """The sample with another value of a header that it has."""
    lines = request_bytes().decode().split("\r\n")
    return "\r\n".join(f"{name}: {value}" if line.startswith(f"{name}:") else line for line in lines).encode()


def test_torture_vectors() -> None:
    for data in corpus():
        same(data)


def test_mutations() -> None:
    rng = SplitMix64(SEED)
    seeds = corpus()
    own = seeds[:6]
    for number in range(ITERATIONS):
        first = own[rng.below(len(own))] if number % 2 else seeds[rng.below(len(seeds))]
        same(mutated(rng, first, seeds[rng.below(len(seeds))]))


def test_each_byte_changed() -> None:
    """One byte at a time, to each character that means something anywhere."""
    data = request_bytes(body=b"v=0\r\n")
    for at in range(len(data)):
        for byte in b'\r\n \t<>";:,@=%?[]*\x00\x7f\x80\xc3/aZ0.':
            same(data[:at] + bytes([byte]) + data[at + 1 :])


def test_each_cut() -> None:
    data = request_bytes(body=b"v=0\r\n")
    for at in range(len(data)):
        same(data[:at])


VALUES = [
    "SIP/2.0/UDP h:5060;branch=z9hG4bK1",
    "sip/2.0/udp h;BRANCH=z9hG4bK1;Rport",
    "SIP/2.0/UDP  h:0",
    "SIP/2.0/UDP h:65536",
    "SIP/2.0/UDP h:00005060;branch=z9hG4bK1;ttl=",
    "SIP/2.0/UDP [::1]:5060;branch=z9hG4bK1",
    "SIP / 2.0 / UDP h ; branch = z9hG4bK1",
    "SIP/2.0/UDP h;branch=z9hG4bK1, SIP/2.0/TCP i",
    '"A \\" B" <sip:a@h>;tag=1',
    '"A B" <sip:a@h>;tag=1',
    '"A < B" <sip:a@h>;tag=1',
    '"A" B <sip:a@h>;tag=1',
    "A B <sip:a@h>;TAG=1",
    "\u00c9lise <sip:a@h>;tag=1",
    "<sip:a@h>;tag=1",
    "<sip:a@h>;tag=1;x=<y>",
    "<sip:a@h> ; tag = 1",
    "< sip:a@h >;tag=1",
    "sip:a@h;tag=1",
    "<sip:a:secret@h>;tag=1",
    "<sip:a%20b@h>;tag=1",
    "<sip:a@h?subject=x>;tag=1",
    "<sip:a;b?c@h:5060;transport=tcp;lr>;tag=1",
    "<sip:@h>;tag=1",
    "<sip:a@h:0>;tag=1",
    "<sip:a@h:99999>;tag=1",
    "<sip:a@[::1]:5060>;tag=1",
    "<SIP:a@h>;tag=1",
    "<sips:a@h>;tag=1",
    "<sipx:a@h>;tag=1",
    "<tel:+33612345678>;tag=1",
    "<sip:>;tag=1",
    "<sip:h;lr;lr>;tag=1",
    "<sip:a@h;x=y?s=t>;tag=1",
    "<sip:a@h;x=y?s>;tag=1",
    "<sip:a@h;x=y%41>;tag=1",
    "<sip:a@h;x=y%4>;tag=1",
    "<sip:h;p=a@b;q=c:d>;tag=1",
    f"<sip:{'a' * 300}@h>;tag=1",
    f"<sip:{'a' * 3000}@h>;tag=1",
    "<sip:a@h>" + "".join(f";p{n}=1" for n in range(20)),
    "<sip:a@h>" + "".join(f";p{n}=1" for n in range(70)),
    "<sip:a@h>, <sip:b@h>",
    "*",
    "",
    "1 INVITE",
    "1  INVITE",
    "4294967295 INVITE",
    "4294967296 INVITE",
    "0000000001 INVITE",
    "00000000001 INVITE",
    "1 BYE",
    "-1 INVITE",
    "70",
    "255",
    "256",
    "a b",
    "0",
    "application/sdp",
]
NAMES = ["Via", "From", "To", "CSeq", "Call-ID", "Max-Forwards", "Contact", "Route", "Record-Route"]
NAMES += ["Content-Length", "Content-Type", "v", "f", "m", "l", "X-Own"]


@pytest.mark.parametrize("name", NAMES)
def test_edges_of_values(name: str) -> None:
    """Each value in each header, in place of the sample's and as a further one."""
    for value in VALUES:
        same(with_header(name, value))
        same(with_line(f"{name}: {value}"))
        same(with_line(f"{name.upper()}:{value} "))


def test_counts_at_the_limits() -> None:
    for line in ("Route: <sip:p;lr>", "Contact: <sip:c@h>", "Via: SIP/2.0/UDP h", "X: y"):
        for count in (60, 64, 65, 69, 70, 71, 120, 125, 130):
            same(with_line("\r\n".join([line] * count)))


def test_start_lines() -> None:
    rest = request_bytes().split(b"\r\n", 1)[1]
    for start in (
        "INVITE sip:a@h SIP/2.0",
        "INVITE sip:a@h sip/2.0",
        "INVITE sip:a@h SIP/2.1",
        "INVITE  sip:a@h SIP/2.0",
        "INVITE sip:a@h  SIP/2.0",
        "INVITE sip:a@h SIP/2.0 ",
        "INVITE sip:a@h?x=y SIP/2.0",
        "INVITE tel:1 SIP/2.0",
        "INVITE SIP/2.0",
        "INVITE " + "sip:" + "a" * 300 + "@h SIP/2.0",
        "INVITE " + "sip:" + "a" * 3000 + "@h SIP/2.0",
        "invite sip:a@h SIP/2.0",
        "SIP/2.0 200 OK",
        "SIP/2.0 200",
        "SIP/2.0 200 ",
        "SIP/2.0 099 OK",
        "SIP/2.0 700 OK",
        "SIP/2.0 2000 OK",
        "sip/2.0 200 OK",
        "SIP/2.0 200 \u00c9",
        "",
    ):
        same(start.encode() + b"\r\n" + rest)


@pytest.mark.parametrize("data", [request_bytes(), response_bytes(request_bytes(), 180)])
def test_c_reads_the_usual_messages_itself(data: bytes) -> None:
    """Its values are off the collector's lists, those of the Python half are not."""
    assert not gc.is_tracked(IN_C(data).via)
    assert gc.is_tracked(IN_PYTHON(data).via)


def test_writing() -> None:
    wire = select_wire()
    assert wire is not wire_python
    bodies = (b"", b"v=0\r\n", b"\x00\xff" * 40)
    fields = (("Via", "x"), ("X-Name", "\u00e9\u4e2d\U0001f600"), ("content-length", "7"), ("l", "7"))
    for count in range(120):
        headers = Headers([fields[(count + at) % 4] for at in range(count)])
        body = bodies[count % 3]
        assert wire("A b \u00e9", headers.items(), body) == wire_python("A b \u00e9", headers.items(), body)


def test_writing_refuses_what_is_no_header() -> None:
    wire = select_wire()
    wrong: list[Item] = [("a", "A", 5)]  # type: ignore[list-item]  # that is the mistake
    with pytest.raises(TypeError):
        wire("A", wrong, b"")
    with pytest.raises(UnicodeEncodeError):
        wire("A", [("a", "A", "\ud800")], b"")
