"""Which gateway takes a call: prefixes, priorities, costs, shares, caps; and which one lives."""

from collections import Counter
from dataclasses import replace

import pytest

from switch.base.clock import SECOND
from switch.base.errors import ConfigurationError
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Uri
from switch.trunk.health import GatewayState
from switch.trunk.settings import (
    Ask,
    CallsTooFast,
    ChannelsExhausted,
    Credentials,
    Gateway,
    GatewayDown,
    GatewayOutcome,
    GatewayUp,
    HealthSettings,
    Identity,
    Refusal,
    RegistrationSettings,
    RegistrationUp,
    RouteOrder,
    Terms,
    TrunkSettings,
)
from switch.trunk.trunks import Trunks

NUMBER = "+33170180101"
US = Address("198.51.100.1", 5060)


def gateway(last: int, **terms: object) -> Gateway:
    return Gateway(Address(f"192.0.2.{last}", 5060), terms=Terms(**terms))  # type: ignore[arg-type]  # as written


def oak(*gateways: Gateway, **settings: object) -> TrunkSettings:
    return replace(TrunkSettings("oak", gateways), **settings)  # type: ignore[arg-type]  # as written


def order(trunks: Trunks, number: str = NUMBER, *, emergency: bool = False) -> list[int]:
    routes = trunks.routes("oak", number, "", 0, emergency=emergency)
    return [int(route.gateway.address.host.rpartition(".")[2]) for route in routes]


# The order.


def test_the_longest_prefix_comes_first_and_what_does_not_match_not_at_all() -> None:
    trunks = Trunks(
        [
            oak(
                gateway(1),
                gateway(2, prefixes=("+33", "+44")),
                gateway(3, prefixes=("+331",)),
                gateway(4, prefixes=("+1",)),
            )
        ]
    )
    assert order(trunks) == [3, 2, 1]
    assert order(trunks, "+14165550100") == [4, 1]
    assert order(trunks, "+81312345678") == [1]


def test_a_number_that_no_gateway_takes_has_no_route_unless_it_is_an_emergency() -> None:
    trunks = Trunks([oak(gateway(1, prefixes=("+1",)), gateway(2, prefixes=("+44",)))])
    assert order(trunks) == []
    assert order(trunks, "112") == []
    assert order(trunks, "112", emergency=True) == [1, 2]


def test_priority_then_the_order_written() -> None:
    trunks = Trunks([oak(gateway(1, priority=5), gateway(2), gateway(3), gateway(4, priority=1))])
    assert order(trunks) == [2, 3, 4, 1]


def test_cost_counts_only_where_the_trunk_says_so_and_below_priority() -> None:
    gateways = (gateway(1, cost_micros=20_000), gateway(2, cost_micros=9_000), gateway(3, priority=1))
    assert order(Trunks([oak(*gateways)])) == [1, 2, 3]
    assert order(Trunks([oak(*gateways, order=RouteOrder.CHEAPEST)])) == [2, 1, 3]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_weights_are_shares_of_the_calls(seed: int) -> None:
    trunks = Trunks([oak(gateway(1, weight=70), gateway(2, weight=20), gateway(3, weight=10))], seed)
    calls = 3_000
    first = Counter(order(trunks)[0] for _ in range(calls))
    for which, share in ((1, 0.7), (2, 0.2), (3, 0.1)):
        # Four standard deviations of a binomial share.
        assert abs(first[which] / calls - share) < 4 * (share * (1 - share) / calls) ** 0.5
    second = Counter(route[1] for route in (order(trunks) for _ in range(calls)) if route[0] == 1)
    assert abs(second[2] / second.total() - 2 / 3) < 0.05, "also the failover is shared by weight"
    again = Trunks([oak(gateway(1, weight=70), gateway(2, weight=20), gateway(3, weight=10))], seed)
    same = Trunks([oak(gateway(1, weight=70), gateway(2, weight=20), gateway(3, weight=10))], seed)
    assert [order(again) for _ in range(50)] == [order(same) for _ in range(50)], "one seed, one order"


def test_a_gateway_without_weight_stands_behind_those_that_share() -> None:
    trunks = Trunks([oak(gateway(1), gateway(2, weight=1), gateway(3, weight=1))])
    assert {tuple(order(trunks)) for _ in range(50)} == {(2, 3, 1), (3, 2, 1)}


def test_what_rests_comes_last_whatever_its_prefix() -> None:
    first, second = gateway(1, prefixes=("+33",)), gateway(2, priority=9)
    trunks = Trunks([oak(first, second)])
    for _ in range(3):
        trunks.report("oak", first, GatewayOutcome.TIMEOUT, 0)
    assert order(trunks) == [2, 1]
    assert [route.rests for route in trunks.routes("oak", NUMBER, "", 0)] == [False, True]


# Caps.


def test_channels_of_a_gateway_and_of_the_trunk() -> None:
    first, second = gateway(1, channels_max=1), gateway(2)
    trunks = Trunks([oak(first, second, channels_max=2)])
    assert trunks.acquire("oak", 0, first) is None
    assert trunks.acquire("oak", 0, first) is Refusal.GATEWAY_CHANNELS
    assert trunks.poll() == [], "the next gateway may take it: no news"
    assert trunks.acquire("oak", 0, second) is None
    assert trunks.acquire("oak", 0, second) is Refusal.TRUNK_CHANNELS
    assert trunks.poll() == [ChannelsExhausted("oak", 2)]
    assert trunks.in_use("oak") == 2
    assert (trunks.in_use("oak", first), trunks.in_use("oak", second)) == (1, 1)
    trunks.release("oak", first)
    assert trunks.acquire("oak", 0, first) is None
    assert trunks.attempts["oak", "192.0.2.1:5060", "full"] == 1


@pytest.mark.parametrize("of_trunk", [True, False])
def test_never_more_calls_than_allowed_begin_within_any_second(of_trunk: bool) -> None:
    cap = {"calls_per_second_max": 3}
    only = gateway(1) if of_trunk else gateway(1, **cap)
    trunks = Trunks([oak(only, **(cap if of_trunk else {}))])
    begun = []
    for now in range(0, 5 * SECOND, SECOND // 20):
        refusal = trunks.acquire("oak", now, only)
        if refusal is None:
            begun.append(now)
            trunks.release("oak", only)
        else:
            assert refusal is (Refusal.TRUNK_RATE if of_trunk else Refusal.GATEWAY_RATE)
    assert len(begun) == 15
    assert all(later - first >= SECOND for first, later in zip(begun, begun[3:], strict=False))
    assert (CallsTooFast("oak", 3) in trunks.poll()) is of_trunk
    assert trunks.calls_last_second("oak", 5 * SECOND) == 3


def test_calls_that_come_in_take_channels_and_no_rate() -> None:
    only = gateway(1)
    trunks = Trunks([oak(only, channels_max=3, calls_per_second_max=1)])
    assert [trunks.acquire("oak", 0) for _ in range(2)] == [None, None]
    assert trunks.acquire("oak", 0, only) is None
    assert trunks.acquire("oak", 0) is Refusal.TRUNK_CHANNELS


def test_no_cap_stops_an_emergency_call() -> None:
    only = gateway(1, channels_max=1, calls_per_second_max=1)
    trunks = Trunks([oak(only, channels_max=1, calls_per_second_max=1)])
    assert trunks.acquire("oak", 0, only) is None
    assert all(trunks.acquire("oak", 0, only, emergency=True) is None for _ in range(5))
    assert trunks.in_use("oak") == trunks.in_use("oak", only) == 6
    assert trunks.acquire("oak", 0, only) is Refusal.TRUNK_CHANNELS
    for _ in range(6):
        trunks.release("oak", only)
    assert trunks.in_use("oak") == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (oak(gateway(1, calls_per_second_max=1_001)), "calls_per_second_max must be"),
        (oak(gateway(1, channels_max=-1)), "channels_max must be"),
        (oak(gateway(1), failover_on=frozenset({486})), "failover_on: 486"),
        (oak(gateway(1), failover_on=frozenset({200})), "failover_on: 200"),
        (oak(gateway(1), registration=RegistrationSettings()), "needs a username"),
        (oak(gateway(1), gateway(1, weight=2)), "a gateway is named twice"),
        (oak(*(gateway(last) for last in range(1, 40))), "at most 32"),
        (oak(gateway(1), health=HealthSettings(answers_to_up=0)), "answers_to_up >= 1"),
    ],
)
def test_settings_that_cannot_be_worked_with(settings: TrunkSettings, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Trunks([settings])
    assert message in str(caught.value)


def test_a_reload_that_changes_a_weight_keeps_the_health_of_the_address() -> None:
    trunks = Trunks([oak(gateway(1, weight=1), gateway(2))])
    for _ in range(3):
        trunks.report("oak", gateway(1, weight=1), GatewayOutcome.TIMEOUT, 0)
    trunks.set_trunks([oak(gateway(1, weight=9), gateway(2))])
    assert trunks.state("oak", gateway(1, weight=9)) is GatewayState.DOWN
    trunks.handle_timer(31 * SECOND)
    assert trunks.state("oak", gateway(1, weight=9)) is GatewayState.TRIAL


# Health by OPTIONS.


class Probed:
    """One gateway that is asked each ten seconds; `alive` decides what it says."""

    def __init__(self, **health: int) -> None:
        settings = HealthSettings(**{"probe_s": 10, **health})
        self.gateway = gateway(1)
        self.trunks = Trunks([oak(self.gateway, health=settings)], seed=3)
        self.status: int | None = 200
        self.headers: list[tuple[str, str]] = []
        self.now = 0
        self.asked: list[int] = []
        self.told: list[object] = []
        self.trunks.start(0)

    def run(self, seconds: float) -> None:
        end = self.now + int(seconds * SECOND)
        while True:
            while outputs := self.trunks.poll():
                for output in outputs:
                    if isinstance(output, Ask):
                        self._answer(output)
                    else:
                        self.told.append(output)
            due = self.trunks.next_timer()
            if due is None or due > end:
                break
            self.now = due
            self.trunks.handle_timer(due)
        self.now = end

    def until_asked(self, times: int) -> None:
        asked = len(self.asked) + times
        while len(self.asked) < asked:
            self.run(1)

    def _answer(self, ask: Ask) -> None:
        self.asked.append(self.now)
        request = self.trunks.compose(ask, Flow(ask.transport, US, ask.address))
        assert isinstance(request, Request)
        assert (request.method, str(request.uri)) == ("OPTIONS", "sip:192.0.2.1:5060")
        if self.status is not None:
            answer = request.make_response(self.status, headers=self.headers)
            self.trunks.answered(ask.ticket, answer, self.now + 20_000)

    @property
    def state(self) -> GatewayState:
        return self.trunks.state("oak", self.gateway)


def test_a_gateway_is_asked_each_period_a_little_out_of_step() -> None:
    """RFC 3261 section 11."""
    probed = Probed()
    probed.run(300)
    gaps = [later - first for first, later in zip(probed.asked, probed.asked[1:], strict=False)]
    assert probed.asked[0] <= 2 * SECOND
    assert all(9 * SECOND <= gap <= 11.1 * SECOND for gap in gaps)
    assert len(set(gaps)) > 10
    health = probed.trunks.health("oak", probed.gateway)
    assert health is not None
    assert (health.rtt_us, health.last) == (20_000, "OPTIONS 200")


@pytest.mark.parametrize("status", [200, 404, 405, 481, 500, 501, 403])
def test_any_answer_shows_life(status: int) -> None:
    probed = Probed()
    probed.status = status
    probed.run(100)
    assert (probed.state, probed.told) == (GatewayState.UP, [])


@pytest.mark.parametrize("status", [None, 408, 503])
def test_silence_408_and_503_show_death_and_answers_in_a_row_life_again(status: int | None) -> None:
    probed = Probed()
    probed.run(30)
    probed.status = status
    probed.run(50)
    assert probed.state is GatewayState.DOWN
    [down] = probed.told
    assert isinstance(down, GatewayDown)
    probed.run(200)
    assert probed.state is GatewayState.DOWN, "no trial by a caller where OPTIONS tell"
    probed.status = 200
    probed.until_asked(2)
    probed.status = status
    probed.until_asked(1)
    probed.status = 200
    probed.until_asked(2)
    assert probed.state is GatewayState.DOWN, "what came before the silence does not count"
    probed.until_asked(1)
    assert probed.told[1:] == [GatewayUp("oak", probed.gateway)]


def test_a_gateway_that_comes_and_goes_rests_longer_each_time() -> None:
    """Hysteresis: though its OPTIONS are answered again at once."""
    probed = Probed(answers_to_up=1, down_s=30, down_s_max=100)
    rests = []
    for _ in range(4):
        for _ in range(3):
            probed.trunks.report("oak", probed.gateway, GatewayOutcome.TIMEOUT, probed.now)
        probed.run(0)
        down = probed.told[-1]
        assert isinstance(down, GatewayDown)
        rests.append(down.rest_s)
        probed.run(down.rest_s - 1)
        assert probed.state is GatewayState.DOWN
        probed.run(15)
        assert probed.state is GatewayState.UP
    assert rests == [30, 60, 100, 100]
    probed.trunks.report("oak", probed.gateway, GatewayOutcome.ANSWERED, probed.now)
    for _ in range(3):
        probed.trunks.report("oak", probed.gateway, GatewayOutcome.TIMEOUT, probed.now)
    probed.run(0)
    assert isinstance(probed.told[-1], GatewayDown)
    assert probed.told[-1].rest_s == 30, "an answered call forgives"


def test_a_503_with_retry_after_is_honoured() -> None:
    probed = Probed(answers_to_up=1)
    probed.status, probed.headers = 503, [("Retry-After", "120")]
    probed.run(5)
    assert isinstance(probed.told[0], GatewayDown)
    assert probed.told[0].rest_s == 120
    probed.status = 200
    probed.run(110)
    assert probed.state is GatewayState.DOWN
    probed.run(25)
    assert probed.state is GatewayState.UP


def test_answered_options_do_not_hide_that_every_call_dies() -> None:
    probed = Probed()
    for _ in range(3):
        probed.run(25)
        probed.trunks.report("oak", probed.gateway, GatewayOutcome.TIMEOUT, probed.now)
    probed.run(0)
    assert [type(told) for told in probed.told] == [GatewayDown]


def test_a_408_to_a_call_says_nothing_of_the_gateway() -> None:
    trunks = Trunks([oak(gateway(1))])
    for _ in range(5):
        trunks.report("oak", gateway(1), None, 0)
    assert trunks.state("oak", gateway(1)) is GatewayState.UP
    assert trunks.attempts["oak", "192.0.2.1:5060", "408"] == 5


def test_a_reload_stops_probing_what_is_gone() -> None:
    probed = Probed()
    probed.run(15)
    probed.trunks.set_trunks([oak(gateway(2))], probed.now)
    asked = len(probed.asked)
    probed.run(60)
    assert len(probed.asked) == asked
    assert probed.trunks.next_timer() is None


# Who calls.


def from_(host: str, *names: str) -> Flow:
    return Flow(Transport.TLS, US, Address(host, 40_000), 7, certificate_names=names)


def test_a_certificate_is_known_whatever_the_address() -> None:
    """RFC 5922 section 7.2: exactly and without regard to case, and no wildcard."""
    trunks = Trunks([oak(gateway(1), identify=(Identity(certificate="sip.oak.example"),))])
    assert trunks.identify(from_("203.0.113.7", "other.example", "SIP.Oak.example")) == "oak"
    for names in ((), ("oak.example",), ("*.oak.example",), ("sip.oak.example.evil.example",)):
        assert trunks.identify(from_("203.0.113.7", *names)) is None


def test_one_certificate_is_one_trunks() -> None:
    identify = (Identity(certificate="sip.oak.example"),)
    other = TrunkSettings("elm", (gateway(2),), (Identity(certificate="SIP.oak.example"),))
    with pytest.raises(ConfigurationError) as caught:
        Trunks([oak(gateway(1), identify=identify), other])
    assert "belongs to trunk oak already" in str(caught.value)


def registered(now: int = 0) -> tuple[Trunks, str]:
    """A trunk that is registered, and its line."""
    settings = oak(
        gateway(1), gateway(2), credentials=Credentials("maple", "x"), registration=RegistrationSettings(600)
    )
    trunks = Trunks([settings])
    trunks.start(now)
    [ask] = trunks.poll()
    assert isinstance(ask, Ask)
    request = trunks.compose(ask, Flow(ask.transport, US, ask.address))
    assert request is not None
    trunks.answered(ask.ticket, request.make_response(200), now)
    assert trunks.poll() == [RegistrationUp("oak", 600)]
    return trunks, request.contacts[0].uri.param("line") or ""


@pytest.mark.parametrize(
    ("host", "right", "at_s", "trunk"),
    [
        ("192.0.2.1", True, 1, "oak"),
        ("192.0.2.2", True, 1, "oak"),
        ("::ffff:192.0.2.1", True, 1, "oak"),
        # The token is readable on its way: from elsewhere it proves nothing.
        ("203.0.113.9", True, 1, None),
        # And without it the address alone is not an identity, as long as nobody wrote so.
        ("192.0.2.1", False, 1, None),
        # An old Contact.
        ("192.0.2.1", True, 601, None),
    ],
)
def test_a_call_by_a_registered_line(host: str, right: bool, at_s: int, trunk: str | None) -> None:
    trunks, line = registered()
    uri = Uri(user="maple", host=US.host, params=(("line", line if right else "guessed"),))
    flow = Flow(Transport.UDP, US, Address(host, 5061))
    assert trunks.identify(flow, uri, at_s * SECOND) == trunk


def test_a_reload_that_changes_the_user_takes_the_old_registration_back_first() -> None:
    trunks, line = registered()
    settings = oak(gateway(1), credentials=Credentials("birch", "x"), registration=RegistrationSettings(600))
    trunks.set_trunks([settings], SECOND)
    [ask] = trunks.poll()
    assert isinstance(ask, Ask)
    request = trunks.compose(ask, Flow(ask.transport, US, ask.address))
    assert request is not None
    assert (request.expires, request.to.uri.user) == (0, "maple")
    assert trunks.unregistering
    trunks.answered(ask.ticket, request.make_response(200), SECOND)
    [ask] = trunks.poll()
    assert isinstance(ask, Ask)
    request = trunks.compose(ask, Flow(ask.transport, US, ask.address))
    assert request is not None
    assert (request.expires, request.to.uri.user) == (600, "birch")
    assert request.contacts[0].uri.param("line") != line
    assert not trunks.unregistering
