"""What carriers do is told to the operator in words."""

from switch.node.node import carrier_line, is_good_news
from switch.sip.flow import Address
from switch.trunk.settings import (
    CallsTooFast,
    ChannelsExhausted,
    Gateway,
    GatewayDown,
    GatewayOutcome,
    GatewayUp,
    RegistrationLost,
    RegistrationRejected,
    RegistrationUnanswered,
    RegistrationUp,
)

GATEWAY = Gateway(Address("192.0.2.7", 5060))


def test_a_gateway_that_goes_and_comes_back() -> None:
    down = carrier_line(GatewayDown("carrier", GATEWAY, GatewayOutcome.TIMEOUT, 30))
    assert down == "trunk carrier: gateway 192.0.2.7:5060 is down (timeout); tried again in 30 s"
    assert (
        carrier_line(GatewayUp("carrier", GATEWAY)) == "trunk carrier: gateway 192.0.2.7:5060 answers again"
    )


def test_a_trunk_without_channels() -> None:
    line = carrier_line(ChannelsExhausted("carrier", 30))
    assert line == "trunk carrier: a call was refused, all 30 channels are in use"


def test_a_trunk_that_starts_calls_too_fast() -> None:
    line = carrier_line(CallsTooFast("carrier", 5))
    assert line == "trunk carrier: a call was refused, 5 calls began within a second"


def test_a_registration() -> None:
    up = carrier_line(RegistrationUp("carrier", 600))
    assert up == "trunk carrier: registered with the carrier for 600 s"
    assert is_good_news(RegistrationUp("carrier", 600))
    assert not is_good_news(RegistrationLost("carrier", "timeout"))
    lost = carrier_line(RegistrationLost("carrier", "timeout"))
    assert lost == "trunk carrier: the registration is lost (timeout); no calls come in by it"
    rejected = carrier_line(RegistrationRejected("carrier", "403 Forbidden", 1500))
    assert "(403 Forbidden); look at username and password; tried again in 1500 s" in rejected
    silent = carrier_line(RegistrationUnanswered("carrier", "timeout", 45))
    assert silent.startswith("trunk carrier: no gateway answers our registration (timeout)")
    assert not is_good_news(RegistrationUnanswered("carrier", "timeout", 45))
