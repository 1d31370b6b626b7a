"""Gateways given by name: what a trunk does with what the DNS says, and with what it does not."""

from collections import Counter

from switch.sip.flow import Address, Transport
from switch.sip.locate import Target
from switch.trunk.health import GatewayState
from switch.trunk.settings import (
    Gateway,
    GatewayLocated,
    GatewayOutcome,
    GatewayUncertain,
    HealthSettings,
    NamedGateway,
    TrunkSettings,
)
from switch.trunk.trunks import Trunks

NAMED = NamedGateway("sip.carrier.example")
LAST = Gateway(Address("203.0.113.1", 5080))
OAK = TrunkSettings("oak", (NAMED, LAST), health=HealthSettings(failures_to_down=1))
LARGE = Target(Address("192.0.2.1", 5060), Transport.UDP, 10, 90, "large.carrier.example")
SMALL = Target(Address("192.0.2.2", 5062), Transport.TCP, 10, 10, "small.carrier.example")
NUMBER = "+33199000100"


def hosts(trunks: Trunks) -> list[str]:
    return [choice.gateway.address.host for choice in trunks.routes("oak", NUMBER, "", 0)]


def test_before_the_first_answer_calls_go_by_the_others() -> None:
    trunks = Trunks([OAK])
    assert trunks.named() == (("oak", NAMED),)
    assert hosts(trunks) == ["203.0.113.1"]


def test_a_located_gateway_is_several_addresses_in_its_place_under_its_name() -> None:
    trunks = Trunks([OAK])
    trunks.located("oak", NAMED, (LARGE, SMALL))
    assert trunks.poll() == [GatewayLocated("oak", NAMED, (LARGE.address, SMALL.address))]
    routes = trunks.routes("oak", NUMBER, "", 0)
    assert {(route.host, route.port) for route in routes[:2]} == {("sip.carrier.example", None)}
    assert (routes[2].host, routes[2].port) == ("203.0.113.1", 5080)
    small = next(route.gateway for route in routes if route.gateway.address == SMALL.address)
    assert small == Gateway(SMALL.address, Transport.TCP, "sip.carrier.example")
    assert trunks.gateways("oak")[-1] == LAST


def test_servers_of_one_priority_share_calls_by_weight() -> None:
    """RFC 2782."""
    trunks = Trunks([OAK], seed=5)
    trunks.located("oak", NAMED, (LARGE, SMALL))
    firsts = Counter(hosts(trunks)[0] for _ in range(1_000))
    assert 850 < firsts["192.0.2.1"] < 950
    assert firsts["192.0.2.1"] + firsts["192.0.2.2"] == 1_000


def test_while_the_resolver_is_down_the_last_known_addresses_stay() -> None:
    trunks = Trunks([OAK])
    trunks.located("oak", NAMED, (), certain=False)
    assert trunks.poll() == [GatewayUncertain("oak", NAMED, 0)]
    trunks.located("oak", NAMED, (LARGE,), certain=False)
    assert hosts(trunks) == ["192.0.2.1", "203.0.113.1"], "something is better than nothing"
    trunks.poll()
    for _ in range(3):
        trunks.located("oak", NAMED, (), certain=False)
        trunks.located("oak", NAMED, (SMALL,), certain=False)
    assert hosts(trunks) == ["192.0.2.1", "203.0.113.1"]
    assert trunks.poll() == [GatewayUncertain("oak", NAMED, 1)], "told once"
    trunks.located("oak", NAMED, (LARGE,))
    assert trunks.poll() == [GatewayLocated("oak", NAMED, (LARGE.address,))], "and when it is over"


def test_only_a_fact_takes_the_addresses_away() -> None:
    trunks = Trunks([OAK])
    trunks.located("oak", NAMED, (LARGE,))
    trunks.located("oak", NAMED, (LARGE,))
    trunks.located("oak", NAMED, ())
    assert hosts(trunks) == ["203.0.113.1"]
    first, gone = trunks.poll()
    assert (first, gone) == (
        GatewayLocated("oak", NAMED, (LARGE.address,)),
        GatewayLocated("oak", NAMED, ()),
    )


def test_health_is_an_address_s_and_stays_while_the_address_does() -> None:
    trunks = Trunks([OAK])
    trunks.located("oak", NAMED, (LARGE, SMALL))
    large = Gateway(LARGE.address, Transport.UDP, NAMED.host)
    trunks.report("oak", large, GatewayOutcome.TIMEOUT, 0)
    assert hosts(trunks)[-1] == "192.0.2.1"
    trunks.located("oak", NAMED, (LARGE,))
    trunks.set_trunks([OAK])
    assert trunks.state("oak", large) is GatewayState.DOWN
    trunks.located("oak", NAMED, (SMALL,))
    assert trunks.state("oak", large) is GatewayState.UP
    assert trunks.next_timer() is None
    trunks.report("oak", large, GatewayOutcome.TIMEOUT, 0)
    assert trunks.next_timer() is None, "a late report of an address that is gone"


def test_a_reload_keeps_what_was_located_and_forgets_what_is_not_named_any_more() -> None:
    trunks = Trunks([OAK])
    trunks.located("oak", NAMED, (LARGE,))
    trunks.set_trunks([OAK])
    assert hosts(trunks) == ["192.0.2.1", "203.0.113.1"]
    trunks.set_trunks([TrunkSettings("oak", (LAST,))])
    trunks.located("oak", NAMED, (LARGE,))
    assert hosts(trunks) == ["203.0.113.1"]
    trunks.set_trunks([OAK])
    assert hosts(trunks) == ["203.0.113.1"]
