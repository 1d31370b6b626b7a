"""A switch whose carrier is a name: it starts without a resolver, and finds it when the DNS is there."""

import asyncio
from pathlib import Path

from tests.interop.process import free_port
from tests.interop.switch_process import SwitchProcess, copy_centre
from tests.interop.world import until
from tests.net.dns_server import dnsmasq

RECORDS = (
    "--naptr-record=carrier.example,10,10,s,SIP+D2U,,_sip._udp.carrier.example",
    "--srv-host=_sip._udp.carrier.example,one.carrier.example,5070,10,60",
    "--host-record=one.carrier.example,127.0.0.2",
)


async def test_a_start_waits_for_no_resolver_and_the_carrier_is_found_later(tmp_path: Path) -> None:
    dialplans = copy_centre(tmp_path, free_port())
    shared = dialplans / "centre.yaml"
    text = shared.read_text()
    line = next(line for line in text.splitlines() if "gateways:" in line)
    shared.write_text(text.replace(line, "    gateways: [carrier.example]"))
    dns_port = free_port()
    async with await SwitchProcess.start(
        dialplans, tmp_path / "state", "--dns", f"127.0.0.1:{dns_port}"
    ) as switch:
        assert (await switch.page("/health/ready"))[0] == 200

        async def said(words: str) -> bool:
            return words in switch.log()

        await until(lambda: said("the resolver does not say where"), True, 15, "the log says so once")
        async with dnsmasq(RECORDS, dns_port):
            await until(
                lambda: said("carrier.example is at 127.0.0.2:5070"), True, 40, "the carrier is found"
            )
        await asyncio.sleep(0.1)
        assert switch.log().count("the resolver does not say where") == 1
        assert "Traceback" not in switch.log()
