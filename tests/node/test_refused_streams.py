"""A session description that the engine will not send to: the call ends, and its port comes back."""

import socket
from pathlib import Path

from switch.node.options import RunOptions
from switch.node.start import running
from switch.sip.flow import Address
from tests.interop.process import free_rtp_range
from tests.net.inbox import Inbox

CENTRE = """
trunks:
  carrier: {gateways: ["127.0.0.1:9"], identify: ["127.0.0.1"], numbers: e164, country: FR}
"""
PLAN = """
languages: [en]
country: FR
numbers: {"+33199000100": main}
flows: {main: [answer, {pause_s: 5}, hangup]}
"""


def _invite(host: str, port: int, number: int, audio: str) -> bytes:
    body = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {audio}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"
    return (
        f"INVITE sip:+33199000100@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number}\r\n"
        f"From: <sip:+33612345678@{host}>;tag=t{number}\r\nTo: <sip:+33199000100@127.0.0.1>\r\n"
        f"Call-ID: c{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{host}:{port}>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def test_an_address_that_nothing_can_be_sent_to_costs_no_port(tmp_path: Path) -> None:
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "centre.yaml").write_text(CENTRE)
    (plans / "shop.yaml").write_text(PLAN)
    low, high = free_rtp_range()
    options = RunOptions(
        plans, (Address("127.0.0.1", 0),), None, tmp_path / "state", rtp_low=low, rtp_high=high
    )
    async with running(options) as (control, _):
        node = control.node
        address = node.network.listeners[0][1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            host, port = peer.getsockname()
            for number in range(3):
                peer.sendto(_invite(host, port, number, "255.255.255.255"), (address.host, address.port))
            await Inbox().until(
                lambda: node.media_refused == 3 and node.exchange.office.parts.slots.in_use == 0
            )
            assert node.faults == 0
