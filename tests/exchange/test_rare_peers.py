"""Peers that are right and rare, or wrong and common: late offers, loops, carriers that ask for transfers."""

from switch.base.clock import SECOND
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.sim.network import Datagram, Fate
from switch.sim.phone import Identity
from switch.sim.phone_call import CallState
from switch.sim.world import SWITCH, Interception, Setting, World
from switch.sip.flow import Address
from switch.sip.message import Request, Response, Uri, parse
from switch.trunk.health import GatewayState
from switch.trunk.settings import Gateway
from tests.sim.centres import CARRIER, SHOP, TRUNKS
from tests.sim.story import Answers

PEER = Address(CARRIER, 5070)
AUDIO = Address(CARRIER, 40_000)
DIRECT = "+33199000101"


def centre() -> Centre:
    """The shop, and a number that rings the desk without answering first."""
    plan = SHOP.replace('"+33199000100": main', f'"+33199000100": main, "{DIRECT}": direct')
    plan = plan.replace("flows:\n", 'flows:\n  direct: [{dial: {extension: "110", timeout_s: 20}}, hangup]\n')
    return load_centre({"centre.yaml": TRUNKS, "shop.yaml": plan})


class Wire(Interception):
    """Keeps what the switch sends to the hand-written peer."""

    def __init__(self) -> None:
        self.heard: list[Request | Response] = []

    def before(self, world: World, index: int, datagram: Datagram) -> Fate:
        del world, index
        if datagram.target == PEER:
            self.heard.append(parse(datagram.data))
        return Fate.DELIVERED


class Peer:
    """A carrier that speaks by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wire = Wire()
        world.interception = self.wire
        self._cseq = 0

    def say(
        self,
        method: str,
        number: str,
        *,
        to_tag: str = "",
        body: bytes = b"",
        cseq: int = 0,
        headers: tuple[tuple[str, str], ...] = (),
        content_type: str = "application/sdp",
    ) -> None:
        self._cseq = cseq or self._cseq + 1
        fields = [
            ("Via", f"SIP/2.0/UDP {PEER};branch=z9hG4bK{method}{self._cseq}"),
            ("From", f"<sip:+33612345678@{CARRIER}>;tag=theirs"),
            ("To", f"<sip:{number}@{SWITCH.host}>" + (f";tag={to_tag}" if to_tag else "")),
            ("Call-ID", "by-hand"),
            ("CSeq", f"{self._cseq} {method}"),
            ("Contact", f"<sip:them@{PEER}>"),
            *headers,
        ]
        if body:
            fields.append(("Content-Type", content_type))
        data = Request(method, Uri(user=number, host=SWITCH.host), fields, body).to_bytes()
        self.world.network.send(Datagram(PEER, SWITCH, data), self.world.now)
        self.world.run(SECOND // 2)

    def last(self, status: int) -> Response:
        found = [m for m in self.wire.heard if isinstance(m, Response) and m.status == status]
        assert found, [m.status for m in self.wire.heard if isinstance(m, Response)]
        return found[-1]


def sdp() -> bytes:
    return (
        f"v=0\r\no=- 1 1 IN IP4 {AUDIO.host}\r\ns=-\r\nc=IN IP4 {AUDIO.host}\r\nt=0 0\r\n"
        f"m=audio {AUDIO.port} RTP/AVP 8\r\na=sendrecv\r\n"
    ).encode()


def test_a_caller_who_offers_with_the_ack_is_heard() -> None:
    world = World(Setting(centre()))
    desk = world.phone("shop", "110", Answers(world))
    desk.register(world.now)
    world.touch()
    world.run(SECOND)
    peer = Peer(world)
    peer.say("INVITE", DIRECT)
    world.run(2 * SECOND)
    tag = peer.last(200).to.tag or ""
    peer.say("ACK", DIRECT, to_tag=tag, cseq=1, body=sdp())
    (theirs,) = desk.calls
    assert theirs.state is CallState.TALKING
    assert world.engine.hears(theirs.remote_port) == AUDIO


def test_a_caller_whose_timer_is_too_short_is_told_how_long_it_must_be() -> None:
    """RFC 4028 section 9: 422 with Min-SE, before anything is opened; without `timer` it cannot be told."""
    world = World(Setting(centre()))
    peer = Peer(world)
    short = ("Session-Expires", "60")
    peer.say("INVITE", DIRECT, body=sdp(), headers=(short, ("Supported", "timer")))
    assert peer.last(422).headers.get("Min-SE") == "90"
    assert world.exchange.office.sessions == {}
    peer.say("INVITE", DIRECT, body=sdp(), headers=(short,))
    assert peer.last(480), "nobody is there, but the call was taken"


def test_early_media_reaches_a_caller_reliably_and_the_answer_waits_for_the_prack() -> None:
    """RFC 3262: the tenant's 183 is repeated until the PRACK, and the 200 comes after it."""
    world = World(Setting(centre()))
    world.phone("shop", "110", Answers(world)).register(world.now)
    world.touch()
    world.run(SECOND)
    peer = Peer(world)
    peer.say("INVITE", DIRECT, body=sdp(), headers=(("Require", "100rel"),))
    world.run(4 * SECOND)
    ringing = peer.last(180)
    assert len([m for m in peer.wire.heard if isinstance(m, Response) and m.status == 180]) > 1
    tag, rseq = ringing.to.tag or "", ringing.headers.get("RSeq")
    assert ringing.body == b""
    peer.say("PRACK", DIRECT, to_tag=tag, headers=(("RAck", f"{rseq} 7 INVITE"),))
    peer.last(481)
    peer.say("PRACK", DIRECT, to_tag=tag, headers=(("RAck", f"{rseq} 1 INVITE"),))
    assert [m.status for m in peer.wire.heard if isinstance(m, Response) and m.cseq.method == "PRACK"] == [
        481,
        200,
    ]
    peer.say("ACK", DIRECT, to_tag=tag, cseq=1)
    assert len(world.exchange.office.legs) == 2


def test_a_transfer_that_is_asked_for_before_the_ack_does_not_bar_the_next() -> None:
    world = World(Setting(centre()))
    for account in ("110", "101"):
        world.phone("shop", account, Answers(world)).register(world.now)
    world.touch()
    world.run(SECOND)
    peer = Peer(world)
    peer.say("INVITE", DIRECT, body=sdp())
    world.run(2 * SECOND)
    tag = peer.last(200).to.tag or ""
    refer = (("Refer-To", f"<sip:101@{SWITCH.host}>"),)
    peer.say("REFER", DIRECT, to_tag=tag, headers=refer)
    peer.last(491)
    peer.say("ACK", DIRECT, to_tag=tag, cseq=1)
    peer.say("REFER", DIRECT, to_tag=tag, cseq=3, headers=refer)
    peer.last(202)


def test_a_call_that_comes_back_has_fewer_hops_each_time_and_ends() -> None:
    """A number that leads out and in again would otherwise take every port of the switch (RFC 7332)."""
    world = World(Setting(centre()))
    desk = world.phone("shop", "110", Answers(world))
    desk.register(world.now)
    world.touch()
    world.run(SECOND)
    peer = Peer(world)
    peer.say("INVITE", DIRECT, body=sdp(), headers=(("Max-Forwards", "5"),))
    assert desk.calls[0].invite.max_forwards == 4
    last = Peer(world)
    last.say("INVITE", DIRECT, body=sdp(), cseq=9, headers=(("Max-Forwards", "0"),))
    last.last(483)


DEAD = Address("203.0.113.8", 5060)


def two_gateways() -> World:
    """The first of the carrier's gateways is dead; the second answers."""
    trunks = TRUNKS.replace("gateways: [", f'gateways: ["{DEAD}", ')
    world = World(Setting(load_centre({"centre.yaml": trunks, "shop.yaml": SHOP})))
    world._add(Identity("carrier"), Address(CARRIER, 5060), Answers(world))
    world.phone("shop", "110").register(world.now)
    world.touch()
    world.run(SECOND)
    return world


def health(world: World) -> GatewayState:
    return world.exchange.office.parts.trunks.state("carrier", Gateway(DEAD))


def test_a_dead_gateway_is_passed_over_while_the_caller_waits() -> None:
    world = two_gateways()
    desk = next(phone for phone in world.phones.values() if phone.identity.user == "shop-110")
    call = desk.call("0612345678", world.now)
    world.touch()
    world.run(7 * SECOND)
    assert call.state is CallState.TALKING
    call.hang_up(world.now)
    world.touch()
    world.run(100 * SECOND)
    assert (world.remains().calls, world.remains().legs, world.remains().channels) == (0, 0, 0)


def test_callers_who_give_up_show_a_dead_gateway_too() -> None:
    world = World(
        Setting(load_centre({"centre.yaml": TRUNKS.replace(CARRIER, DEAD.host), "shop.yaml": SHOP}))
    )
    desk = world.phone("shop", "110")
    desk.register(world.now)
    world.touch()
    world.run(SECOND)
    for _ in range(3):
        call = desk.call("0612345678", world.now)
        world.touch()
        world.run(6 * SECOND)
        call.hang_up(world.now)
        world.touch()
        world.run(SECOND)
    assert health(world) is GatewayState.DOWN
