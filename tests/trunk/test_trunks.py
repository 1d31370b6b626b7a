"""Carriers: identity, routes, channels, and gateways that fail and come back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.base.clock import SECOND
from switch.base.errors import ConfigurationError
from switch.sip.flow import Address, Flow, Transport
from switch.trunk.health import GatewayState
from switch.trunk.settings import (
    ChannelsExhausted,
    Credentials,
    Gateway,
    GatewayDown,
    GatewayOutcome,
    GatewayUp,
    HealthSettings,
    Identity,
    NumberFormat,
    Refusal,
    TrunkSettings,
)
from switch.trunk.trunks import Trunks

FIRST = Gateway(Address("192.0.2.1", 5060))
SECOND_BEST = Gateway(Address("192.0.2.2", 5060), Transport.TCP)
OAK = TrunkSettings(
    "oak",
    (FIRST, SECOND_BEST),
    (Identity("192.0.2.0/24"), Identity("2001:db8::/32")),
    number_format=NumberFormat.NATIONAL,
    channels_max=2,
)
ELM = TrunkSettings(
    "elm", (Gateway(Address("203.0.113.1", 5080)),), (Identity("192.0.2.77"), Identity("127.0.0.1", 5090))
)


def flow(host: str, port: int = 5060) -> Flow:
    return Flow(Transport.UDP, Address("198.51.100.1", 5060), Address(host, port))


@pytest.mark.parametrize(
    ("host", "port", "trunk"),
    [
        ("192.0.2.9", 5060, "oak"),
        ("192.0.2.9", 1024, "oak"),
        ("192.0.2.77", 5060, "elm"),
        ("::ffff:192.0.2.9", 5060, "oak"),
        ("2001:db8::5", 5060, "oak"),
        ("127.0.0.1", 5090, "elm"),
        ("127.0.0.1", 5091, None),
        # A gateway is where calls go, not where they come from.
        ("203.0.113.1", 5080, None),
        ("192.0.3.1", 5060, None),
        ("::1", 5060, None),
    ],
)
def test_a_request_is_known_by_its_address_the_narrowest_first(
    host: str, port: int, trunk: str | None
) -> None:
    for order in ((OAK, ELM), (ELM, OAK)):
        assert Trunks(order).identify(flow(host, port)) == trunk


def test_one_port_of_an_address_comes_before_all_of_it() -> None:
    whole = replace(OAK, identify=(Identity("127.0.0.1"),))
    trunks = Trunks([whole, ELM])
    assert trunks.identify(flow("127.0.0.1", 5090)) == "elm"
    assert trunks.identify(flow("127.0.0.1", 5091)) == "oak"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (replace(ELM, name="oak"), "two trunks have the same name"),
        (replace(ELM, identify=(Identity("192.0.2.0/24"),)), "192.0.2.0/24 belongs to trunk oak already"),
        (replace(ELM, identify=(Identity("192.0.2.1/24"),)), "'192.0.2.1/24' is no network"),
        (replace(ELM, identify=(Identity("sip.example.com"),)), "'sip.example.com' is no network"),
        (replace(ELM, country="Frankreich"), "country 'Frankreich'"),
        (replace(ELM, gateways=(FIRST, FIRST)), "a gateway is named twice"),
        (replace(ELM, channels_max=-1), "channels_max must be"),
        (replace(ELM, health=HealthSettings(down_s=0)), "health: expected"),
    ],
)
def test_wrong_settings_are_refused_and_change_nothing(changed: TrunkSettings, message: str) -> None:
    trunks = Trunks([OAK, ELM])
    with pytest.raises(ConfigurationError) as caught:
        trunks.set_trunks([OAK, changed])
    assert message in str(caught.value)
    assert trunks.settings("elm") is ELM
    assert trunks.identify(flow("192.0.2.77")) == "elm"


def test_routes_are_in_the_carriers_form_gateway_by_gateway() -> None:
    trunks = Trunks([replace(OAK, prefix="77#", host="sip.oak.example")])
    choices = trunks.routes("oak", "+33170180101", "+33170180102", 0)
    assert [(c.gateway, c.host, c.request_user, c.from_user) for c in choices] == [
        (FIRST, "sip.oak.example", "77#0170180101", "0170180102"),
        (SECOND_BEST, "sip.oak.example", "77#0170180101", "0170180102"),
    ]
    assert trunks.routes("nobody", "+33170180101", "", 0) == ()


def test_without_a_host_or_a_number_of_the_caller() -> None:
    [first, _] = Trunks([OAK]).routes("oak", "112", "", 0)
    assert (first.host, first.request_user, first.from_user) == ("192.0.2.1", "112", "anonymous")


def test_channels_are_counted_for_both_directions() -> None:
    trunks = Trunks([OAK, ELM])
    assert [trunks.acquire("oak") for _ in range(3)] == [None, None, Refusal.TRUNK_CHANNELS]
    assert trunks.poll() == [ChannelsExhausted("oak", 2)]
    trunks.release("oak")
    assert trunks.acquire("oak") is None
    assert all(trunks.acquire("elm") is None for _ in range(100))
    assert (trunks.in_use("oak"), trunks.in_use("elm")) == (2, 100)
    assert trunks.acquire("nobody") is Refusal.NO_TRUNK


def test_a_channel_is_released_once() -> None:
    trunks = Trunks([OAK])
    trunks.acquire("oak")
    trunks.release("oak")
    assert trunks.in_use("oak") == 0
    with pytest.raises(AssertionError):
        trunks.release("oak")


def test_a_reload_keeps_channels_and_health() -> None:
    trunks = Trunks([OAK, ELM])
    trunks.acquire("oak")
    trunks.acquire("elm")
    fail(trunks, 3)
    trunks.set_trunks([replace(OAK, channels_max=1)])
    assert trunks.acquire("oak") is Refusal.TRUNK_CHANNELS
    assert trunks.state("oak", FIRST) is GatewayState.DOWN
    trunks.release("elm")
    assert trunks.in_use("elm") == 0
    trunks.set_trunks([replace(OAK, gateways=(SECOND_BEST,))])
    assert trunks.next_timer() is None
    trunks.report("oak", FIRST, GatewayOutcome.TIMEOUT, 0)
    assert trunks.state("oak", FIRST) is GatewayState.UP


def fail(trunks: Trunks, times: int, now: int = 0) -> None:
    for _ in range(times):
        trunks.report("oak", FIRST, GatewayOutcome.TIMEOUT, now)


def first_choice(trunks: Trunks, now: int) -> Gateway:
    return trunks.routes("oak", "+33170180101", "", now)[0].gateway


def test_a_gateway_rests_after_failures_in_a_row_and_is_tried_again() -> None:
    trunks = Trunks([OAK])
    fail(trunks, 2)
    trunks.report("oak", FIRST, GatewayOutcome.ANSWERED, 0)
    fail(trunks, 2)
    assert (first_choice(trunks, 0), trunks.poll()) == (FIRST, [])
    fail(trunks, 1)
    assert trunks.poll() == [GatewayDown("oak", FIRST, GatewayOutcome.TIMEOUT, 30)]
    assert first_choice(trunks, 0) == SECOND_BEST
    # Resting, not gone: with nothing else left it is still a way out.
    assert len(trunks.routes("oak", "+33170180101", "", 0)) == 2
    fail(trunks, 5)
    assert trunks.poll() == []
    assert trunks.next_timer() == 30 * SECOND
    trunks.handle_timer(30 * SECOND)
    assert trunks.state("oak", FIRST) is GatewayState.TRIAL
    assert first_choice(trunks, 30 * SECOND) == FIRST
    trunks.report("oak", FIRST, GatewayOutcome.ANSWERED, 31 * SECOND)
    assert trunks.poll() == [GatewayUp("oak", FIRST)]
    assert trunks.next_timer() is None


def test_each_failed_trial_doubles_the_rest_up_to_a_bound() -> None:
    trunks = Trunks([OAK])
    fail(trunks, 3)
    rests = []
    for _ in range(5):
        [event] = trunks.poll()
        assert isinstance(event, GatewayDown)
        rests.append(event.rest_s)
        due = trunks.next_timer()
        assert due is not None
        trunks.handle_timer(due)
        fail(trunks, 1, due)
    assert rests == [30, 60, 120, 240, 300]
    due = trunks.next_timer()
    assert due is not None
    trunks.handle_timer(due)
    trunks.report("oak", FIRST, GatewayOutcome.ANSWERED, due)
    trunks.poll()
    # After a success everything is forgiven.
    fail(trunks, 3)
    assert trunks.poll() == [GatewayDown("oak", FIRST, GatewayOutcome.TIMEOUT, 30)]


def test_a_503_that_asks_for_time_gets_it_within_the_bound() -> None:
    trunks = Trunks([OAK])
    trunks.report("oak", FIRST, GatewayOutcome.UNAVAILABLE, 0, retry_after_s=120)
    trunks.report("oak", SECOND_BEST, GatewayOutcome.UNAVAILABLE, 0, retry_after_s=10**9)
    assert trunks.poll() == [
        GatewayDown("oak", FIRST, GatewayOutcome.UNAVAILABLE, 120),
        GatewayDown("oak", SECOND_BEST, GatewayOutcome.UNAVAILABLE, 300),
    ]
    # Without the wish one 503 is only one failure.
    other = Trunks([OAK])
    other.report("oak", FIRST, GatewayOutcome.UNAVAILABLE, 0)
    assert other.poll() == []


def test_a_success_as_a_last_resort_ends_the_rest() -> None:
    trunks = Trunks([OAK])
    fail(trunks, 3)
    trunks.poll()
    trunks.report("oak", FIRST, GatewayOutcome.ANSWERED, SECOND)
    assert trunks.poll() == [GatewayUp("oak", FIRST)]
    assert trunks.next_timer() is None


def test_a_secret_is_not_in_what_is_printed() -> None:
    settings = replace(OAK, credentials=Credentials("user", "sesame"))
    assert "sesame" not in repr(settings)


@given(st.lists(st.tuples(st.sampled_from(GatewayOutcome), st.integers(0, 40), st.booleans()), max_size=60))
def test_health_never_sticks(steps: list[tuple[GatewayOutcome, int, bool]]) -> None:
    """Whatever happens: a gateway that rests has a timer, and time alone brings it back to a trial."""
    trunks = Trunks([OAK])
    now = 0
    for outcome, seconds, timer in steps:
        now += seconds * SECOND
        if timer:
            trunks.handle_timer(now)
        trunks.report("oak", FIRST, outcome, now)
        down = trunks.state("oak", FIRST) is GatewayState.DOWN
        assert (trunks.next_timer() is not None) == down
        assert len(trunks.routes("oak", "112", "", now)) == 2
    trunks.handle_timer(now + 300 * SECOND)
    assert trunks.state("oak", FIRST) is not GatewayState.DOWN
    assert first_choice(trunks, now + 300 * SECOND) == FIRST
