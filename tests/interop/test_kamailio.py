"""Kamailio as the carrier: we register with it, calls go both ways through it, and its death is noticed.

It asks for the password of REGISTER and INVITE, and stays in the path of a dialog by Record-Route (RFC 3261
section 16.6), so ACK and BYE must take its route.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.kamailio import Kamailio
from tests.interop.phones import Phones
from tests.interop.process import free_port
from tests.interop.switch_process import SwitchProcess
from tests.interop.world import until

CARRIER, SPARE, PHONE_HOST = "127.0.0.2", "127.0.0.3", "127.0.0.4"
NUMBER = "+33199000100"

CENTRE = """
trunks:
  carrier:
    gateways: ["GATEWAY", {address: "SPARE", priority: 1}]
    identify: ["127.0.0.3"]
    country: FR
    username: maple
    password_file: PASSWORD_FILE
    registration: {expires_s: 60}
    health: {probe_s: 1, failures_to_down: 1, answers_to_up: 2, down_s: 1, down_s_max: 1}
"""

SHOP = f"""
name: Shop
country: FR
languages: [en]
numbers: {{"{NUMBER}": main}}
accounts: {{"110": {{name: Desk}}}}
outside: {{trunk: carrier, caller_id: "{NUMBER}", allow: ["+33"]}}
flows: {{main: [{{dial: {{extension: "110", timeout_s: 10}}}}]}}
"""


class Carrier:
    """Two Kamailios, one telephone behind both, and the switch that has them as its gateways."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.gateway = f"{CARRIER}:{free_port()}"
        self.spare = f"{SPARE}:{free_port()}"
        self.phone_port = free_port()
        self.phones = Phones(folder)

    async def proxy(self, listen: str) -> Kamailio:
        return await Kamailio.start(self.program, self.folder, listen, f"{PHONE_HOST}:{self.phone_port}")

    async def switch(self) -> SwitchProcess:
        dialplans = self.folder / "dialplans"
        dialplans.mkdir()
        (self.folder / "password").write_text("sesame\n")
        text = CENTRE.replace("GATEWAY", self.gateway).replace("SPARE", self.spare)
        text = text.replace("PASSWORD_FILE", str(self.folder / "password"))
        (dialplans / "centre.yaml").write_text(text)
        (dialplans / "shop.yaml").write_text(SHOP)
        return await SwitchProcess.start(dialplans, self.folder / "state")


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[Carrier]:
    program = shutil.which("kamailio")
    if program is None:
        pytest.skip("kamailio is not installed: apt-get install kamailio")
    made = Carrier(program, tmp_path)
    yield made
    await made.phones.stop()


async def seen(switch: SwitchProcess) -> dict[str, Any]:
    [row] = await switch.ask("/v1/trunks")
    return dict(row)


async def test_calls_go_in_and_out_through_kamailio_and_its_death_is_passed_over(carrier: Carrier) -> None:
    proxy, spare = await carrier.proxy(carrier.gateway), await carrier.proxy(carrier.spare)
    async with proxy, spare, await carrier.switch() as switch:

        async def registration() -> str:
            return str((await seen(switch))["registration"])

        await until(registration, "registered", 8, "registration")
        desk = await carrier.phones.start(
            "shop-110", password=switch.secrets["shop-110"], registrar=switch.sip, register=True
        )
        await desk.registered()
        outside = await carrier.phones.start("33612345678", bind=PHONE_HOST, port=carrier.phone_port)

        # In: by the line that we registered; our number stands in To alone.
        calling = await outside.call(f"sip:{NUMBER}@{carrier.gateway}")
        ringing = await desk.incoming()
        await ringing.answer()
        await calling.expect("confirmed")
        await asyncio.sleep(0.5)
        await ringing.hangup()
        await calling.expect("disconnected")

        # Out: challenged with 407, by the first gateway.
        await out(carrier, switch, desk, outside)
        [newest, *_] = await switch.ask("/v1/calls/recent")
        assert (newest["trunk"], newest["gateway"], newest["cause"]) == ("carrier", carrier.gateway, "normal")

        # It dies: its OPTIONS are not answered, and the next call goes by the other at once.
        await proxy.stop()

        async def states() -> list[str]:
            return [row["state"] for row in (await seen(switch))["gateways"]]

        await until(states, ["down", "up"], 12, "gateways")
        await out(carrier, switch, desk, outside)
        [newest, *_] = await switch.ask("/v1/calls/recent")
        assert newest["gateway"] == carrier.spare

        # It comes back, and after two good answers it is first again.
        async with await carrier.proxy(carrier.gateway):
            await until(states, ["up", "up"], 12, "gateways")
            await out(carrier, switch, desk, outside)
            [newest, *_] = await switch.ask("/v1/calls/recent")
            assert newest["gateway"] == carrier.gateway
            assert "is down" in switch.log()
            assert "answers again" in switch.log()
            assert "Traceback" not in switch.log()


async def out(carrier: Carrier, switch: SwitchProcess, desk: Any, outside: Any) -> None:
    """The desk calls the telephone behind the carrier; they talk, and the telephone hangs up."""
    del carrier
    calling = await desk.call(f"sip:0612345678@{switch.sip}")
    ringing = await outside.incoming()
    await ringing.answer()
    await calling.expect("confirmed")
    await asyncio.sleep(0.3)
    await ringing.hangup()
    await calling.expect("disconnected")
