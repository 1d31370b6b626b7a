"""What carriers do is told to the operator in words."""

from switch.node.node import carrier_line
from switch.sip.flow import Address
from switch.trunk.settings import ChannelsExhausted, Gateway, GatewayDown, GatewayOutcome, GatewayUp

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
