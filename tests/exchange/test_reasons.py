"""A Reason in CANCEL, BYE or refusal reaches journal, record and the other side (RFC 3326)."""

import pytest

from switch.base.clock import SECOND
from switch.call.cause import told_by
from switch.journal.events import CallEnded, LegEnded
from switch.sim.network import Datagram, Fate
from switch.sim.phone import Phone
from switch.sim.world import SWITCH, Interception, Setting, World
from switch.sip.message import Request, Response, Uri, parse
from tests.exchange.test_late_answers import Carrier
from tests.exchange.test_rare_peers import DIRECT, PEER, Peer, centre, sdp

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
BUSY = 'Q.850;cause=17;text="User busy"'


class Desk(Interception):
    """What one phone hears."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.heard: list[Request | Response] = []

    def before(self, world: World, index: int, datagram: Datagram) -> Fate:
        del world, index
        if datagram.target == self.phone.address:
            self.heard.append(parse(datagram.data))
        return Fate.DELIVERED

    def last(self, method: str) -> Request:
        return next(m for m in reversed(self.heard) if isinstance(m, Request) and m.method == method)


def told(world: World) -> set[str]:
    return {entry.event.told for entry in world.journal if isinstance(entry.event, LegEnded | CallEnded)}


def test_a_callers_cancel_says_to_the_ringing_phone_why() -> None:
    world = World(Setting(centre(), slots=8))
    peer = Peer(world)
    world.interception = desk = Desk(world.phone("shop", "110"))
    desk.phone.register(world.now)
    world.touch()
    world.run(SECOND)
    peer.say("INVITE", DIRECT, body=sdp())
    cancel = Request(
        "CANCEL",
        Uri(user=DIRECT, host="192.0.2.1"),
        [
            ("Via", f"SIP/2.0/UDP {PEER};branch=z9hG4bKINVITE1"),
            ("From", f"<sip:+33612345678@{PEER.host}>;tag=theirs"),
            ("To", f"<sip:{DIRECT}@192.0.2.1>"),
            ("Call-ID", "by-hand"),
            ("CSeq", "1 CANCEL"),
            ("Reason", ELSEWHERE),
        ],
    )
    world.network.send(Datagram(PEER, SWITCH, cancel.to_bytes()), world.now)
    world.run(SECOND)
    assert desk.last("CANCEL").headers.get("Reason") == ELSEWHERE
    world.run(60 * SECOND)
    assert told(world) == {ELSEWHERE}


def test_a_callers_bye_says_to_the_phone_why() -> None:
    carrier = Carrier()
    carrier.dial()
    carrier.answer(200, "first")
    carrier.world.run(SECOND)
    ack = carrier.requests("ACK")[-1]
    bye = Request(
        "BYE",
        Uri.parse("sip:192.0.2.1"),
        [
            ("Via", f"SIP/2.0/UDP {PEER};branch=z9hG4bKbye"),
            ("From", ack.headers.get("To") or ""),
            ("To", ack.headers.get("From") or ""),
            ("Call-ID", ack.call_id),
            ("CSeq", "1 BYE"),
            ("Reason", BUSY),
        ],
    )
    carrier.world.interception = desk = Desk(carrier.desk)
    carrier.world.network.send(Datagram(PEER, SWITCH, bye.to_bytes()), carrier.world.now)
    carrier.world.run(SECOND)
    assert desk.last("BYE").headers.get("Reason") == BUSY
    assert BUSY in told(carrier.world)


def test_a_carriers_refusal_says_its_own_number_to_the_caller() -> None:
    """RFC 6432."""
    carrier = Carrier()
    carrier.dial()
    carrier.world.interception = desk = Desk(carrier.desk)
    refusal = carrier.requests("INVITE")[-1].make_response(486, to_tag="x", headers=[("Reason", BUSY)])
    carrier.say(refusal)
    (heard,) = {m.headers.get("Reason") for m in desk.heard if isinstance(m, Response) and m.status == 486}
    assert heard == BUSY


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (ELSEWHERE, ELSEWHERE),
        (f"{BUSY}, {ELSEWHERE}", f"{BUSY}, {ELSEWHERE}"),
        ("Q.850 ;cause=16", "Q.850 ;cause=16"),
        ("Q.850;cause=16;text=unquoted", ""),
        ("X-own;cause=1", ""),
        (f"X-own;cause=1, {BUSY}", BUSY),
        ("Q.850;cause=16666", ""),
        ('Q.850;text="' + "x" * 100 + '"', ""),
        ('SIP;cause=200;text="a\\"b"', ""),
        ("", ""),
    ],
)
def test_only_what_can_be_said_in_our_name_is_passed_on(value: str, kept: str) -> None:
    headers = [("Reason", value)] if value else []
    assert told_by(Request("BYE", Uri.parse("sip:x@192.0.2.1"), headers)) == kept
