"""Calls by a trunk of several gateways: when the next one is asked, and when nobody may be rung again."""

import pytest

from switch.base.clock import MILLISECOND, SECOND
from switch.dialplan.centre import load_centre
from switch.journal import events
from switch.sim.network import Datagram
from switch.sim.phone import Identity, Phone
from switch.sim.phone_call import CallState, PhoneCall, session_of
from switch.sim.world import SWITCH, Setting, World
from switch.sip.flow import Address
from switch.sip.message import Request, parse
from switch.trunk.health import GatewayState
from switch.trunk.settings import Gateway
from tests.sim.centres import CARRIER, SHOP, TRUNKS
from tests.sim.scene import Picks

FIRST = Address("203.0.113.77", 5060)
SECOND_BEST = Address(CARRIER, 5060)
NUMBER = "0612345678"


class Scripted(Phone):
    """A gateway that answers each INVITE with these, a tenth of a second apart."""

    def __init__(self, world: World, address: Address, said: tuple[int, ...], headers: str = "") -> None:
        super().__init__(Identity("scripted"), address, SWITCH, world.engine, 7, {})
        self.world = world
        self.said = said
        self.headers = headers
        self.seen: list[str] = []
        world.phones[address] = self

    def receive(self, data: bytes, now: int) -> None:
        request = parse(data)
        if not isinstance(request, Request):
            return
        self.seen.append(request.method)
        if request.method == "INVITE":
            for number, status in enumerate(self.said):
                self.world.at(
                    now + number * 100 * MILLISECOND, lambda at, s=status: self._say(request, s, at)
                )
        elif request.method != "ACK":
            self._send(request.make_response(200, to_tag="gw").to_bytes(), now)

    def _say(self, request: Request, status: int, now: int) -> None:
        body = (
            session_of(Address(self.address.host, 40_000), 1, 1, "sendrecv") if status in (183, 200) else b""
        )
        headers = [
            (name, value)
            for name, _, value in (line.partition(": ") for line in self.headers.split("\n"))
            if name
        ]
        response = request.make_response(
            status,
            to_tag="gw" if status > 100 else None,
            headers=[("Contact", f"<sip:{self.address}>"), *headers],
            body=body,
            content_type="application/sdp" if body else None,
        )
        self._send(response.to_bytes(), now)

    def _send(self, data: bytes, now: int) -> None:
        self.world.network.send(Datagram(self.address, SWITCH, data), now)


class Scene:
    """A desk that calls outside; the first gateway is scripted, at the second somebody answers."""

    def __init__(self, said: tuple[int, ...], *, more: str = "", headers: str = "", shop: str = SHOP) -> None:
        trunks = TRUNKS.replace(f'["{CARRIER}:5060"]', f'["{FIRST}", "{SECOND_BEST}"]', 1) + more
        self.world = World(Setting(load_centre({"centre.yaml": trunks, "shop.yaml": shop})))
        self.second = self.world.carrier("carrier", Picks(self.world))
        del self.world.phones[self.second.address]
        self.second.address = SECOND_BEST
        self.world.phones[SECOND_BEST] = self.second
        self.first = Scripted(self.world, FIRST, said, headers)
        self.desk = self.world.phone("shop", "110")
        self.desk.register(self.world.now)
        self.world.touch()
        self.run(1)

    def run(self, seconds: float) -> None:
        self.world.run(int(seconds * SECOND))

    def dial(self, number: str = NUMBER) -> PhoneCall:
        call = self.desk.call(number, self.world.now)
        self.world.touch()
        self.run(3)
        return call

    def hang_up(self, call: PhoneCall) -> None:
        call.hang_up(self.world.now)
        self.world.touch()
        self.run(1)

    @property
    def second_rang(self) -> int:
        assert isinstance(self.second.person, Picks)
        return len(self.second.person.rang)

    def state(self) -> GatewayState:
        return self.world.exchange.office.parts.trunks.state("carrier", Gateway(FIRST))

    def told(self, kind: type[events.Event]) -> list[events.Event]:
        return [entry.event for entry in self.world.journal if isinstance(entry.event, kind)]


@pytest.mark.parametrize(
    ("said", "chosen", "goes_on"),
    [
        ((503,), "", True),
        ((500,), "", True),
        ((504,), "", True),
        ((408,), "", True),
        ((100, 503), "", True),
        ((100, 408), "", True),
        ((404,), "", False),
        ((403,), "", False),
        ((403,), "403, 404", True),
        ((404,), "403, 404", True),
        ((486,), "", False),
        ((603,), "", False),
        # Somebody may have been rung: only what says that nobody was.
        ((183, 503), "", True),
        ((183, 502), "", True),
        ((183, 404), "404", True),
        ((183, 404), "", False),
        ((183, 500), "", False),
        ((183, 408), "", False),
        ((183, 480), "480", False),
        ((181, 504), "", False),
        # It rang.
        ((180, 503), "", False),
        ((180, 404), "404", False),
        ((180, 408), "", False),
        ((183, 180, 503), "", False),
        ((180, 183, 503), "", False),
    ],
)
def test_nobody_is_rung_twice(said: tuple[int, ...], chosen: str, goes_on: bool) -> None:
    """RFC 3263 section 4.3, as far as it does not ring a callee again (docs/decisions/0020)."""
    scene = Scene(said, more=f"    failover_on: [{chosen}]\n" if chosen else "")
    call = scene.dial()
    assert scene.second_rang == goes_on
    assert scene.first.seen.count("INVITE") == 1
    if goes_on:
        assert call.state is CallState.TALKING
        scene.hang_up(call)
    else:
        assert (call.state, call.status) == (CallState.ENDED, said[-1])
    scene.run(40)
    assert scene.world.remains().channels == scene.world.remains().legs == 0


def test_a_gateway_that_said_100_is_given_its_time() -> None:
    """Calls abroad take longer than four seconds to ring; the first gateway lives: nobody else is asked."""
    scene = Scene((100, 100))
    call = scene.dial()
    scene.run(10)
    assert (scene.second_rang, call.state) == (0, CallState.CALLING)
    scene.hang_up(call)
    assert "CANCEL" in scene.first.seen


def test_the_journal_says_which_gateways_were_tried_and_the_record_which_carried_it() -> None:
    scene = Scene((503,))
    scene.hang_up(scene.dial())
    tried = [event for event in scene.told(events.GatewayTried) if isinstance(event, events.GatewayTried)]
    assert [(event.trunk, event.gateway) for event in tried] == [
        ("carrier", str(FIRST)),
        ("carrier", str(SECOND_BEST)),
    ]
    [record] = [event for event in scene.told(events.CallEnded) if isinstance(event, events.CallEnded)]
    assert (record.trunk, record.gateway) == ("carrier", str(SECOND_BEST))


def test_retry_after_takes_a_gateway_out_at_once() -> None:
    scene = Scene((503,), headers="Retry-After: 60")
    scene.hang_up(scene.dial())
    assert scene.state() is GatewayState.DOWN
    scene.hang_up(scene.dial())
    assert scene.first.seen.count("INVITE") == 1, "the second call went straight to the other"
    scene.run(60)
    scene.hang_up(scene.dial())
    assert scene.first.seen.count("INVITE") == 2, "the trial"


def test_calls_to_somebody_who_does_not_answer_take_no_gateway_out() -> None:
    scene = Scene((100, 408))
    for _ in range(4):
        scene.hang_up(scene.dial())
    assert scene.state() is GatewayState.UP


LONG = f"""
trunks:
  carrier:
    gateways:
      - {{address: "{FIRST}", channels_max: 1, calls_per_second_max: 1, prefixes: [+33]}}
      - {{address: "{SECOND_BEST}", prefixes: [+33]}}
    identify: ["{CARRIER}"]
    country: FR
"""


class Capped(Scene):
    def __init__(self, said: tuple[int, ...], more: str = "", shop: str = SHOP) -> None:
        self.world = World(Setting(load_centre({"centre.yaml": LONG + more, "shop.yaml": shop})))
        self.second = self.world.carrier("carrier", Picks(self.world))
        del self.world.phones[self.second.address]
        self.second.address = SECOND_BEST
        self.world.phones[SECOND_BEST] = self.second
        self.first = Scripted(self.world, FIRST, said)
        self.desk = self.world.phone("shop", "110")
        self.desk.register(self.world.now)
        self.world.touch()
        self.run(1)


def test_a_full_gateway_is_passed_over_and_a_full_trunk_refuses() -> None:
    scene = Capped((180, 200), "    channels_max: 2\n")
    first = scene.dial()
    second = scene.dial()
    assert (first.state, second.state, scene.second_rang) == (CallState.TALKING, CallState.TALKING, 1)
    third = scene.dial()
    assert third.status == 503
    assert scene.world.remains().channels == 2
    scene.hang_up(second)
    scene.hang_up(first)
    assert scene.world.remains().channels == 0


def test_an_emergency_call_passes_every_cap_and_every_prefix() -> None:
    scene = Capped((180, 200), "    channels_max: 1\n    calls_per_second_max: 1\n")
    scene.dial()
    assert scene.dial().status == 503
    emergency = scene.dial("112")
    assert emergency.state is CallState.TALKING
    assert scene.first.seen.count("INVITE") == 2, "the first gateway, though it is full"


def test_a_number_that_no_gateway_takes_is_not_found() -> None:
    scene = Capped((200,), shop=SHOP.replace('allow: ["+33"]', 'allow: ["+"]'))
    assert scene.dial("+14165550100").status == 404
    assert scene.first.seen == []


def test_the_tenants_second_trunk_stands_behind_the_first() -> None:
    other = f"""
  other: {{gateways: ["{SECOND_BEST}"], country: FR, numbers: national}}
"""
    trunks = LONG.replace(f'      - {{address: "{SECOND_BEST}", prefixes: [+33]}}\n', "")
    shop = SHOP.replace("outside: {trunk: carrier,", "outside: {trunk: [carrier, other],")
    world = World(Setting(load_centre({"centre.yaml": trunks + other, "shop.yaml": shop})))
    second = world.carrier("other", Picks(world))
    first = Scripted(world, FIRST, (503,))
    desk = world.phone("shop", "110")
    desk.register(world.now)
    world.touch()
    world.run(SECOND)
    call = desk.call(NUMBER, world.now)
    world.touch()
    world.run(3 * SECOND)
    assert (call.state, first.seen.count("INVITE")) == (CallState.TALKING, 1)
    assert second.address == SECOND_BEST
    assert isinstance(second.person, Picks)
    assert second.person.rang[0].invite.uri.user == "0612345678", "in that trunk's form"
    in_use = world.exchange.office.parts.trunks.in_use
    assert (in_use("carrier"), in_use("other")) == (0, 1)
