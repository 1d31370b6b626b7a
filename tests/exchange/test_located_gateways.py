"""Gateways by name in a whole switch: found without waiting, kept while the resolver is down, failed over."""

from switch.base.clock import SECOND
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.sim.network import Datagram, Fate
from switch.sim.phone_call import CallState
from switch.sim.world import Interception, Setting, World
from switch.sip.flow import Address
from switch.sip.locate import Answer, Naptr, Outcome, Question, Srv
from switch.sip.message import Request, parse
from switch.trunk.settings import GatewayLocated, GatewayUncertain
from tests.sim.centres import SHOP, TRUNKS
from tests.sim.story import Answers

FIRST, SECOND_BEST = Address("203.0.113.11", 5070), Address("203.0.113.12", 5080)
OUTSIDE = "+33612345678"

Zone = dict[str, tuple[Naptr | Srv | str, ...]]
ZONE: Zone = {
    "carrier.example NAPTR": (Naptr(1, 1, "s", "SIP+D2U", "_sip._udp.carrier.example"),),
    "_sip._udp.carrier.example SRV": (
        Srv(10, 0, FIRST.port, "one.carrier.example"),
        Srv(20, 0, SECOND_BEST.port, "two.carrier.example"),
    ),
    "one.carrier.example A": (FIRST.host,),
    "two.carrier.example A": (SECOND_BEST.host,),
}


class Dns:
    """A resolver whose zone a test changes; `down` answers nothing but failures."""

    def __init__(self, zone: Zone = ZONE, ttl_s: int = 60) -> None:
        self.zone = dict(zone)
        self.ttl_s = ttl_s
        self.down = False
        self.asked: list[str] = []

    def __call__(self, question: Question) -> Answer:
        name = f"{question.name} {question.kind}"
        self.asked.append(name)
        if self.down:
            return Answer(question, Outcome.FAILED)
        records = self.zone.get(name, ())
        return Answer(question, Outcome.FOUND if records else Outcome.NONE, records, self.ttl_s)


class Invites(Interception):
    """Where INVITEs go, and which addresses are deaf."""

    def __init__(self) -> None:
        self.to: list[Address] = []
        self.uris: list[str] = []
        self.deaf: set[Address] = set()

    def before(self, world: World, index: int, datagram: Datagram) -> Fate:
        del world, index
        if datagram.target in self.deaf:
            return Fate.LOST
        if datagram.data.startswith(b"INVITE ") and datagram.target in (FIRST, SECOND_BEST):
            message = parse(datagram.data)
            assert isinstance(message, Request)
            self.to.append(datagram.target)
            self.uris.append(str(message.uri))
        return Fate.DELIVERED


def centre(gateways: str = "[carrier.example]", transport: str = "") -> Centre:
    written = f"gateways: {gateways}" + (f"\n    transport: {transport}" if transport else "")
    trunks = TRUNKS.replace('gateways: ["203.0.113.9:5060"]', written)
    assert "carrier.example" in trunks
    return load_centre({"centre.yaml": trunks, "shop.yaml": SHOP})


def world_of(dns: Dns) -> tuple[World, Invites]:
    world = World(Setting(centre()))
    world.resolver = dns
    world.interception = invites = Invites()
    for address in (FIRST, SECOND_BEST):
        world.at_gateway("carrier", address, Answers(world))
    desk = world.phone("shop", "110")
    desk.register(world.now)
    world.touch()
    world.run(SECOND)
    return world, invites


def call_out(world: World) -> CallState:
    """An outside call of the desk, hung up again; what it came to."""
    desk = next(phone for phone in world.phones.values() if phone.identity.user.endswith("110"))
    call = desk.call(OUTSIDE, world.now)
    world.touch()
    world.run(8 * SECOND)
    state = call.state
    call.hang_up(world.now)
    world.touch()
    world.run(SECOND)
    return state


def test_a_call_goes_where_naptr_and_srv_say_and_the_uri_keeps_the_name() -> None:
    """RFC 3263 section 4."""
    dns = Dns()
    world, invites = world_of(dns)
    assert call_out(world) is CallState.TALKING
    assert invites.to == [FIRST]
    assert invites.uris == [f"sip:{OUTSIDE}@carrier.example"]
    assert dns.asked[:2] == ["carrier.example NAPTR", "_sip._udp.carrier.example SRV"]


def test_the_next_server_is_tried_while_the_caller_waits() -> None:
    """RFC 3263 section 4.3: silence."""
    world, invites = world_of(Dns())
    invites.deaf.add(FIRST)
    assert call_out(world) is CallState.TALKING
    assert invites.to == [SECOND_BEST]


def test_what_was_found_is_asked_for_again_when_its_ttl_ends() -> None:
    dns = Dns()
    world, invites = world_of(dns)
    dns.zone["_sip._udp.carrier.example SRV"] = (Srv(1, 0, SECOND_BEST.port, "two.carrier.example"),)
    asked = len(dns.asked)
    world.run(50 * SECOND)
    assert len(dns.asked) == asked
    world.run(20 * SECOND)
    assert len(dns.asked) > asked
    assert call_out(world) is CallState.TALKING
    assert invites.to == [SECOND_BEST]


def test_the_last_known_addresses_stay_while_the_resolver_is_down() -> None:
    dns = Dns()
    world, invites = world_of(dns)
    world.exchange.take_notices()
    dns.down = True
    world.run(600 * SECOND)
    asked = len(dns.asked)
    assert 10 < asked < 60, "asked again, and not too often"
    assert call_out(world) is CallState.TALKING
    assert invites.to == [FIRST]
    (told,) = world.exchange.take_notices()
    assert isinstance(told, GatewayUncertain)
    dns.down = False
    world.run(70 * SECOND)
    (told,) = world.exchange.take_notices()
    assert isinstance(told, GatewayLocated)


def test_a_start_without_a_resolver_is_a_start_and_heals_by_itself() -> None:
    dns = Dns()
    dns.down = True
    world, invites = world_of(dns)
    assert call_out(world) is not CallState.TALKING
    dns.down = False
    world.run(60 * SECOND)
    assert call_out(world) is CallState.TALKING
    assert invites.to == [FIRST]


def test_a_name_that_is_gone_takes_its_addresses_with_it() -> None:
    dns = Dns()
    world, invites = world_of(dns)
    dns.zone.clear()
    world.run(70 * SECOND)
    assert call_out(world) is not CallState.TALKING
    assert invites.to == []


def test_a_reload_asks_for_new_names_and_no_more_for_old_ones() -> None:
    dns = Dns({**ZONE, "other.example NAPTR": (Naptr(1, 1, "s", "SIP+D2U", "_sip._udp.carrier.example"),)})
    world, _ = world_of(dns)
    world.reload(centre("[carrier.example, other.example]"))
    world.run(SECOND)
    assert "other.example NAPTR" in dns.asked
    assert len(world.exchange.office.parts.trunks.gateways("carrier")) == 4
    world.reload(load_centre({"centre.yaml": TRUNKS, "shop.yaml": SHOP}))
    world.run(SECOND)
    asked = len(dns.asked)
    world.run(600 * SECOND)
    assert len(dns.asked) == asked
    assert world.exchange.office.watches == {}


def test_a_written_transport_restricts_and_a_written_port_leaves_out_srv() -> None:
    """RFC 3263 sections 4.1 and 4.2."""
    dns = Dns()
    for gateways, transport, expected in (
        ("[carrier.example]", "tcp", "_sip._tcp.carrier.example SRV"),
        ('["carrier.example:5090"]', "", "carrier.example A"),
    ):
        world = World(Setting(centre(gateways, transport)))
        world.resolver = dns
        dns.asked.clear()
        world.run(SECOND)
        assert dns.asked[0] == expected
