"""Peers that are right and rare, or wrong and common: late offers, loops, carriers that ask for transfers."""

from switch.base.clock import SECOND
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.sim.network import Datagram, Fate
from switch.sim.phone_call import CallState
from switch.sim.world import SWITCH, Interception, Setting, World
from switch.sip.flow import Address
from switch.sip.message import Request, Response, Uri, parse
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
            fields.append(("Content-Type", "application/sdp"))
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
