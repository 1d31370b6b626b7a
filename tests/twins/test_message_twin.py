"""Both halves of messages read, ask, answer and write the same: torture vectors, mutations, edges.

`SIP_FUZZ_ITERATIONS` and `SIP_FUZZ_SEED` make the mutations more or replay a failure.
"""

import gc
import importlib
import os
from collections.abc import Callable, Iterator

import pytest

from switch.base.rng import SplitMix64
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import CSeq, Headers, MessageError, NameAddr, Request, Response, Uri, Via
from switch.sip.message.select import halves
from switch.sip.transport import note_source
from tests.fuzz.test_sip_fuzz import corpus, mutated
from tests.sip.samples import request_bytes, response_bytes

ITERATIONS = int(os.environ.get("SIP_FUZZ_ITERATIONS", "6000"))
SEED = int(os.environ.get("SIP_FUZZ_SEED", "1"))

# Compiled at every installation: where it is missing, that is a failure and no reason to look away.
importlib.import_module("switch.sip.message._message")
IN_C, IN_PYTHON = halves.parser(), halves.parser(prefer_c=False)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    halves.use(prefer_c=True)


def outcome(data: bytes, *, prefer_c: bool) -> object:
    """All that can be seen of what one half makes of these bytes."""
    halves.use(prefer_c=prefer_c)
    try:
        message = halves.parser(prefer_c=prefer_c)(data)
    except MessageError as error:
        partial = error.request
        seen = None if partial is None else (partial.method, str(partial.uri), partial.headers.items())
        return (error.reason, error.status, seen, None if partial is None else answers(partial))
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
        asked_again(message),
        answers(message) if isinstance(message, Request) else None,
        noted(message) if isinstance(message, Request) else None,
    )


def asked_again(message: Request | Response) -> object:
    """What the accessors read anew when nothing is remembered, as of a message of ours."""
    message.put_away()
    return (
        (message.vias, message.from_, message.to, message.call_id, message.cseq, message.contacts),
        (message.routes, message.record_routes, message.contact, message.via.branch, message.via.wants_rport),
        (message.from_.tag, message.to.tag, str(message.via), message.to_bytes()),
    )


def noted(request: Request) -> object:
    """The source in the top Via: of another host, of the same, with and without a port that was asked for."""
    found = []
    for host in (request.via.host, "192.0.2.77", "2001:db8::1"):
        copy = request.copy()
        note_source(copy, Flow(Transport.UDP, Address("192.0.2.1", 5060), Address(host, 5099)))
        found.append((copy.to_bytes(), copy.vias, copy.via.received, copy.via.rport, copy.headers.version))
    return found


def answers(request: Request) -> object:
    """Answers to a request that was read, whole or in part."""
    found: list[object] = []
    for status, tag in ((100, None), (180, "tag"), (200, ""), (404, "\u00e9\r\nEvil: 1")):
        answer = request.make_response(
            status,
            to_tag=tag,
            headers=[("Contact", "<sip:us@h>"), ("x-own\u00c9", "1\r\n2")],
            body=b"body",
            content_type="text/plain" if status == 180 else None,
        )
        found.append((answer.headers.items(), answer.to_bytes(), answer.reason, answer.status))
        try:
            found.append((answer.vias, answer.from_, answer.to, answer.cseq, answer.call_id, answer.contacts))
        except MessageError as error:
            found.append(error.reason)
    return found


def same(data: bytes) -> None:
    assert outcome(data, prefer_c=True) == outcome(data, prefer_c=False), data


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
    halves.use(prefer_c=False)
    assert gc.is_tracked(IN_PYTHON(data).via)


def both(make: Callable[[], object]) -> list[object]:
    """What each half makes of the same, or its error."""
    found: list[object] = []
    for prefer_c in (True, False):
        halves.use(prefer_c=prefer_c)
        try:
            found.append(make())
        except (MessageError, TypeError, AssertionError, ValueError, AttributeError) as error:
            found.append((type(error), error.reason if isinstance(error, MessageError) else ""))
    return found


def test_writing() -> None:
    bodies = (b"", b"v=0\r\n", b"\x00\xff" * 40)
    fields = (("Via", "x"), ("X-Name", "\u00e9\u4e2d\U0001f600"), ("content-length", "7"), ("l", "7"))
    for count in range(120):
        items = [fields[(count + at) % 4] for at in range(count)]
        for message in (
            Request("A", Uri(user="\u00e9", host="h"), items, bodies[count % 3]),
            Response(200 + count, "b \u00e9", items, bodies[count % 3]),
        ):
            written, other = both(lambda message=message: (message.put_away(), message.to_bytes()))
            assert written == other


def test_what_was_written_is_written_again_after_a_change() -> None:
    for prefer_c in (True, False):
        halves.use(prefer_c=prefer_c)
        message = Request("A", Uri(host="h"), [("X-1", "1")])
        first = message.to_bytes()
        assert message.to_bytes() is first
        message.headers.add("X-2", "2")
        assert message.to_bytes() == b"A sip:h SIP/2.0\r\nX-1: 1\r\nX-2: 2\r\nContent-Length: 0\r\n\r\n"
        message.body = b"z"
        assert message.to_bytes().endswith(b"Content-Length: 1\r\n\r\nz")
        message.uri = Uri(host="i")
        message.method = "B"
        assert message.to_bytes().startswith(b"B sip:i SIP/2.0\r\n")
        answer = Response(200, "OK", [("X-1", "1")])
        assert answer.to_bytes().startswith(b"SIP/2.0 200 OK\r\n")
        answer.status = 404
        assert answer.to_bytes().startswith(b"SIP/2.0 404 OK\r\n")


def test_writing_refuses_what_is_no_header() -> None:
    for prefer_c in (True, False):
        halves.use(prefer_c=prefer_c)
        with pytest.raises(UnicodeEncodeError):
            Request("A", Uri(host="h"), [("a", "\ud800")]).to_bytes()


OPERATIONS = [
    "get",
    "fields",
    "all",
    "add",
    "prepend",
    "replace_first",
    "set",
    "remove",
    "copy",
    "in",
    "read",
]
FIELDS = [
    "Via",
    "v",
    "TO",
    "f",
    "Contact",
    "Route",
    "X-Own",
    "x-\u00c9",
    "Call-ID",
    "CSeq",
    "Record-Route",
    "",
]


def test_headers_do_the_same() -> None:
    """Random changes and questions; accessors in between, so that what is remembered must be forgotten."""
    for seed in range(SEED, SEED + ITERATIONS // 20):

        def run(seed: int = seed) -> object:
            rng = SplitMix64(seed)
            message = Request("INVITE", Uri(host="h"))
            seen: list[object] = []
            for _ in range(40):
                operation, name = OPERATIONS[rng.below(len(OPERATIONS))], FIELDS[rng.below(len(FIELDS))]
                value = VALUES[rng.below(len(VALUES))] + ("", "", "\r\nX: 1", "\u4e2d")[rng.below(4)]
                seen.append(operate(message, operation, name, value))
            return seen

        in_c, in_python = both(run)
        assert in_c == in_python, seed


def operate(message: Request, operation: str, name: str, value: str) -> object:
    headers = message.headers
    try:
        if operation in ("get", "fields", "all", "remove"):
            return getattr(headers, operation)(name)
        if operation == "in":
            return name in headers
        if operation == "copy":
            message.headers = headers.copy()
            return list(message.headers.items())
        if operation == "read":
            asked = ("via", "vias", "from_", "to", "cseq", "call_id", "contact", "contacts", "routes")
            return [getattr(message, accessor) for accessor in asked[len(value) % len(asked) :][:1]]
        getattr(headers, operation)(name, value)
    except (MessageError, AssertionError) as error:
        return (type(error), error.reason if isinstance(error, MessageError) else "")
    return (list(headers.items()), headers.version, message.to_bytes())


def test_values_are_written_the_same() -> None:
    params = [(), (("tag", "x"),), (("a", None), ("b", ""), ("c", "\u00e9")), tuple([("p", "1")] * 70)]
    for host in ("h", "::1", "\u00e9", ""):
        for port in (None, 1, 65535, 70_000, -1):
            for several in params:
                uri = Uri("sips", "a b\u00e9", None, host, port, several)
                for value in (Via("UDP", host, port, several), NameAddr("", uri, several)):
                    in_c, in_python = both(lambda value=value: str(value))
                    assert in_c == in_python
                value = NameAddr('A "B"\r\n', uri, several)
                in_c, in_python = both(lambda value=value: (str(value), value.tag))
                assert in_c == in_python
    for text in (None, "", "0", "1", "65535", "65536", "00001", "000001", "\u0661", "-1", "a", "5060 "):
        via = Via("UDP", "H\u0130" if text == "1" else "Host", 5060, (("rport", text),))
        in_c, in_python = both(lambda via=via: (via.rport, via.wants_rport, via.branch, via.sent_by))
        assert in_c == in_python
    halves.use(prefer_c=True)
    assert str(CSeq(1, "A")) == "1 A"


def test_constructors_do_the_same() -> None:
    pairs = [("v", "1"), ("X-\u00c9", "a\r\nb"), ("Call-ID", "")]

    def made() -> object:
        headers = Headers(items=iter(pairs))
        request = Request(uri=Uri(host="h"), method="A", body=b"x", headers=pairs)
        again = Response(200, "OK", headers)
        assert again.headers is headers
        again.headers.__init__(pairs[:1])  # type: ignore[misc]  # whoever does it has new headers
        shown = [(list(m.headers.items()), m.headers.version, m.body) for m in (request, again)]
        return (shown, len(Headers()), request.method, again.status, again.reason, request.to_bytes())

    in_c, in_python = both(made)
    assert in_c == in_python


def test_arguments_that_are_none() -> None:
    request = Request("INVITE", Uri(host="h"), [("To", "<sip:a@h>")])
    for wrong in (
        request.make_response,
        lambda: request.make_response(200, "OK", "tag"),
        lambda: request.make_response(200, tag="x"),
        lambda: request.make_response(200, status=200),
        lambda: request.make_response(200, headers=[("a",)]),
        lambda: request.make_response(200, headers=[("a", 5)]),
        lambda: request.make_response(200, headers=5),
        lambda: Headers(5),
        lambda: Headers([("a", "b", "c")]),
        lambda: Headers([], []),
        lambda: Request("A"),
        lambda: Request("A", Uri(), (), b"", 5),
        lambda: Request("A", Uri(), header=()),
        lambda: Response(200, reason="OK", status=200),
        lambda: Headers([("a", "b")]).get(None),
        lambda: Headers([("a", "b")]).add("a", None),
        lambda: Headers([("a", "b")]).replace_first("b", "c"),
    ):
        in_c, in_python = both(wrong)
        assert isinstance(in_c, tuple)
        assert in_c == in_python
