"""Whoever has proved nothing gets one answer to each datagram, and leaves nothing behind (RFC 3261 section
26.3.2.4): a forged source address is sent no more than the forger sends, and a flood fills no table."""

import pytest

from switch.base.clock import SECOND
from switch.sip.message import Request, Uri
from switch.sip.outputs import SendBytes
from tests.exchange.bench import HERE, SDP, Bench, Phone, udp

VICTIM = udp(5_060, "198.18.0.66")
DESK = Uri(user="102", host=HERE.host)


def _request(method: str, *more: tuple[str, str], uri: Uri = DESK, tag: str = "", number: int = 1) -> Request:
    fields = [
        ("Via", f"SIP/2.0/UDP {VICTIM.remote};rport;branch=z9hG4bKforged{method}{number}"),
        ("Max-Forwards", "70"),
        ("From", "<sip:maple-101@example.org>;tag=theirs"),
        ("To", "<sip:102@example.org>" + (f";tag={tag}" if tag else "")),
        ("Call-ID", f"forged{number}"),
        ("CSeq", f"{number} {method}"),
        ("Contact", f"<sip:x@{VICTIM.remote}>"),
        *more,
    ]
    return Request(method, uri, fields, SDP if ("Content-Type", "application/sdp") in more else b"")


_SDP = ("Content-Type", "application/sdp")
_LAST = _request("INVITE")
_LAST.headers.set("Max-Forwards", "0")
FORGED = {
    "a call": (_request("INVITE", _SDP), 407),
    "a call in a dialog that is not": (_request("INVITE", _SDP, tag="x"), 481),
    "a call that takes over": (_request("INVITE", _SDP, ("Replaces", "a;to-tag=b;from-tag=c")), 407),
    "a call that requires what nobody knows": (_request("INVITE", ("Require", "teleport")), 420),
    "a call at its last hop": (_LAST, 483),
    "a call with too short an interval": (
        _request("INVITE", ("Supported", "timer"), ("Session-Expires", "5")),
        422,
    ),
    "a registration": (_request("REGISTER", uri=Uri(host=HERE.host)), 401),
    "a subscription": (_request("SUBSCRIBE", ("Event", "dialog")), 401),
    "a message": (_request("MESSAGE"), 401),
    "a transfer": (_request("REFER", ("Target-Dialog", "a;local-tag=b;remote-tag=c")), 407),
    "an end of no call": (_request("BYE", tag="x"), 481),
    "a question": (_request("OPTIONS"), 200),
    "a publication": (_request("PUBLISH", ("Event", "presence")), 489),
}


def _answers(bench: Bench, request: Request) -> list[int]:
    """Statuses that the victim hears in a minute."""
    bench.give(request, VICTIM)
    bench.run(60 * SECOND)
    return [message.status for message in bench.heard.pop(VICTIM) if not isinstance(message, Request)]


@pytest.mark.parametrize("name", FORGED)
def test_each_datagram_has_one_answer_and_leaves_nothing(name: str) -> None:
    request, status = FORGED[name]
    bench = Bench()
    bench.give(request, VICTIM)
    assert bench.exchange.office.signalling.layer.open_transactions == 0
    assert bench.exchange.office.signalling.layer.pending_timers == 0
    bench.run(60 * SECOND)
    assert [message.status for message in bench.heard[VICTIM] if not isinstance(message, Request)] == [status]


@pytest.mark.parametrize("name", FORGED)
def test_whoever_missed_the_answer_repeats_and_gets_another(name: str) -> None:
    request, status = FORGED[name]
    bench = Bench()
    assert [_answers(bench, request), _answers(bench, request)] == [[status], [status]]


def test_the_ack_of_a_challenge_concerns_nobody() -> None:
    bench = Bench()
    bench.give(_request("INVITE", _SDP), VICTIM)
    challenge = bench.response(VICTIM, 407)
    ack = _request("ACK", tag=challenge.to.tag or "")
    ack.headers.set("Via", f"SIP/2.0/UDP {VICTIM.remote};rport;branch=z9hG4bKforgedINVITE1")
    bench.give(ack, VICTIM)
    assert bench.exchange.wrong == 0
    assert not bench.heard[VICTIM]


def test_a_flood_of_challenges_keeps_no_phone_out() -> None:
    """Five hundred registrations without credentials: what they leave is nothing, so that no bound is met."""
    bench = Bench()
    for number in range(500):
        request = _request("REGISTER", uri=Uri(host=HERE.host), number=number + 1)
        bench.exchange.receive(request.to_bytes(), VICTIM, bench.now)
    said = [output for output in bench.exchange.poll() if isinstance(output, SendBytes)]
    assert len(said) == 500
    assert bench.exchange.office.signalling.layer.open_transactions == 0
    assert Phone(bench).register(udp(41_000)).status == 200
