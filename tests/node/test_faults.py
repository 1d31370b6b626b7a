"""A mistake of ours in one message must not silence a running switch."""

from pathlib import Path

import pytest

from switch.exchange.exchange import Exchange
from switch.node.options import RunOptions
from switch.node.start import running
from switch.sip.flow import Address, Flow
from tests.interop.process import free_rtp_range
from tests.interop.raw_sip import RawClient

CENTRE = Path(__file__).resolve().parents[2] / "dialplans" / "minimal"


async def test_a_fault_is_counted_and_the_next_message_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    low, high = free_rtp_range(32)
    options = RunOptions(
        CENTRE, (Address("127.0.0.1", 0),), None, tmp_path / "state", rtp_low=low, rtp_high=high
    )
    real = Exchange.receive

    def receive(exchange: Exchange, data: bytes, flow: Flow, now: int) -> None:
        assert b"X-Break" not in data, "as one of our own assertions would"
        real(exchange, data, flow, now)

    monkeypatch.setattr(Exchange, "receive", receive)
    async with running(options) as (control, _):
        with RawClient(str(control.node.network.listeners[0][1])) as client:
            client.send(client.request("OPTIONS", "a", "X-Break: yes").encode())
            assert (await client.ask(client.request("OPTIONS", "a"))).status == 200
        assert control.node.faults == 1
        pieces, _ = control.metrics()
        metrics = b"".join(pieces)
        assert b'softswitch_invariant_violations_total{invariant="internal-error"} 1.0' in metrics
