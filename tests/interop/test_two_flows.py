"""A phone at home that keeps two flows to two listeners (RFC 5626): baresip, behind a router of its own.

When one flow dies without a word, as it does in a router that forgets, calls come by the other.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.baresip import Baresip, BaresipAccount, Home
from tests.interop.nat import CARRIER, HOME, SWITCH, NatLab
from tests.interop.phones import Phones
from tests.interop.switch_process import SwitchProcess, copy_centre
from tests.interop.world import World

CARRIER_PORT = 5060
LISTENERS = (5060, 5070)
FAILOVER_S = 20.0
"""Some seconds as a rule; by the dead flow alone it would be Timer B, 32 s."""

LISTEN = f"""
digest: [md5]
listen:
  - {{address: "{SWITCH}:{LISTENERS[0]}", transports: [udp, tcp]}}
  - {{address: "{SWITCH}:{LISTENERS[1]}", transports: [udp, tcp]}}
"""


class TwoFlows:
    """The switch on the internet, baresip in home 1, and who calls it."""

    def __init__(self, lab: NatLab, world: World, anna: Baresip) -> None:
        self.lab, self.world, self.anna = lab, world, anna

    async def bindings(self) -> list[str]:
        rows = await self.world.switch.ask("/v1/accounts")
        return list(next(row for row in rows if row["user"] == "shop-101")["addresses"])

    def rung(self) -> int:
        return sum(event["type"] == "CALL_INCOMING" for event in self.anna.events)


@pytest.fixture(params=["udp", "tcp"])
async def flows(
    request: pytest.FixtureRequest, tmp_path: Path, phones: Phones, baresip_program: str
) -> AsyncIterator[TwoFlows]:
    async with NatLab() as lab:
        dialplans = copy_centre(tmp_path, CARRIER_PORT, CARRIER)
        shared = dialplans / "centre.yaml"
        shared.write_text(LISTEN + shared.read_text())
        internet = lab.prefix("internet")
        start = SwitchProcess.start(dialplans, tmp_path / "state", sip="", http="off", prefix=internet)
        async with await start as switch:
            proxies = tuple(f"sip:{SWITCH}:{port};transport={request.param}" for port in LISTENERS)
            account = BaresipAccount(
                "shop-101",
                switch.secrets["shop-101"],
                SWITCH,
                request.param,
                auto_answer=False,
                outbound=proxies,
            )
            home = Home(lab.namespace("home1"), HOME, "phone")
            voice = phones.voice("shop-101")
            async with await Baresip.start(baresip_program, account, tmp_path, voice, home) as anna:
                made = TwoFlows(lab, World(switch, phones, CARRIER_PORT, CARRIER), anna)
                for _ in LISTENERS:
                    await anna.expect("REGISTER_OK")
                yield made
            assert "Traceback" not in switch.log()
            await phones.stop()


async def test_a_call_comes_by_the_flow_that_lives_and_rings_once(flows: TwoFlows) -> None:
    """RFC 5626 section 5.3: whichever of the two is dead."""
    places = await flows.bindings()
    assert len(places) == 2, places
    caller = await flows.world.phone(
        "shop-102", prefix=flows.lab.prefix("internet"), bind=SWITCH, port=5066, registrar=f"{SWITCH}:5060"
    )
    loop = asyncio.get_running_loop()
    waits = []
    for number, port in enumerate(LISTENERS, 1):
        await flows.lab.cut(1, port)
        begun = loop.time()
        call = await caller.call(f"sip:101@{SWITCH}")
        await flows.anna.expect("CALL_INCOMING", FAILOVER_S)
        waits.append(loop.time() - begun)
        # Longer than a second INVITE by a late flow would take to ring.
        await asyncio.sleep(5)
        await flows.anna.command("accept")
        await call.expect("confirmed")
        assert flows.rung() == number
        await call.hangup()
        await flows.anna.expect("CALL_CLOSED")
        await flows.lab.mend(1, port)
    print("post-dial delay by the flow that lives:", waits)
