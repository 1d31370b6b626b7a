"""baresip at an agent's home, and sipp as many phones, through the switch.

Both know MD5 alone and give up at a challenge with SHA-256 in it, so this centre offers MD5 only.
"""

from pathlib import Path

import pytest

from tests.interop.baresip import Baresip, BaresipAccount
from tests.interop.baresip_talks import call_a_colleague, serve_a_customer
from tests.interop.process import free_port
from tests.interop.sipp import BENCHMARKS, Sipp, SippResult, credentials, run_sipp
from tests.interop.world import World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGENTS = ("101", "102", "103", "110")
CALLS, RATE = 200, 20
TALK_MS = 400
RTP_PORTS = 400
"""200 slots: sipp at this rate has some 20 calls at a time, and ports rest a moment after each."""


def prepare_centre(dialplans: Path) -> None:
    """MD5, and a trunk that may have many calls."""
    shared = dialplans / "centre.yaml"
    text = shared.read_text().replace("channels_max: 4", "channels_max: 100")
    shared.write_text(f"digest: [md5]\n{text}")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_baresip_is_an_agent_s_phone(
    shop: World, baresip_program: str, tmp_path: Path, transport: str
) -> None:
    switch = shop.switch
    account = BaresipAccount("shop-101", switch.secrets["shop-101"], switch.sip, transport)
    voice = shop.phones.voice("shop-101")
    async with await Baresip.start(baresip_program, account, tmp_path, voice) as anna:
        await serve_a_customer(shop, anna, voice)


async def test_baresip_calls_a_phone_of_its_tenant(shop: World, baresip_program: str, tmp_path: Path) -> None:
    switch = shop.switch
    account = BaresipAccount("shop-102", switch.secrets["shop-102"], switch.sip, codec="PCMA")
    voice = shop.phones.voice("shop-102")
    async with await Baresip.start(baresip_program, account, tmp_path, voice) as ben:
        await call_a_colleague(shop, ben, "shop-101", talk_s=2)


async def register_all(shop: World, program: str, folder: Path, port: int, transport: str) -> SippResult:
    """One sipp process becomes four phones."""
    rows = [
        (f"shop-{name}", credentials(f"shop-{name}", shop.switch.secrets[f"shop-{name}"]), shop.switch.sip)
        for name in AGENTS
    ]
    return await run_sipp(
        program,
        BENCHMARKS / "register.xml",
        folder,
        shop.switch.sip,
        rows=rows,
        port=port,
        transport=transport,
        rate=50,
    )


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_sipp_registers(shop: World, sipp_program: str, tmp_path: Path, transport: str) -> None:
    result = await register_all(shop, sipp_program, tmp_path, free_port(), transport)
    assert (result.exit_code, result.successful, result.failed) == (0, len(AGENTS), 0), result


async def test_two_hundred_calls_at_twenty_a_second(shop: World, sipp_program: str, tmp_path: Path) -> None:
    """Each is challenged by 407, rings a phone, talks and ends; none fails and none leaves anything."""
    port = free_port()
    registered = await register_all(shop, sipp_program, tmp_path, port, "udp")
    assert registered.failed == 0, registered
    rows = []
    for number in range(CALLS):
        caller, callee = AGENTS[number % 4], AGENTS[(number + 1) % 4]
        user = f"shop-{caller}"
        rows.append((user, credentials(user, shop.switch.secrets[user]), callee, shop.switch.sip))
    before = await shop.switch.metrics()
    callee_start = Sipp.start(
        sipp_program, BENCHMARKS / "callee.xml", tmp_path, port=port, calls=CALLS, extra=("-d", "50")
    )
    async with await callee_start as agents:
        result = await run_sipp(
            sipp_program,
            BENCHMARKS / "caller.xml",
            tmp_path,
            shop.switch.sip,
            rows=rows,
            rate=RATE,
            timeout_s=120,
            extra=("-d", str(TALK_MS)),
        )
        assert (result.exit_code, result.successful, result.failed) == (0, CALLS, 0), result
        far = await agents.finish()
        assert (far.successful, far.failed) == (CALLS, 0), far
    after = await shop.switch.metrics()
    ended = {
        name: after[name] - before.get(name, 0) for name in after if name.startswith("softswitch_calls_ended")
    }
    assert sum(value for name, value in ended.items() if "created" not in name) == CALLS, ended
    await shop.nothing_left()


async def test_sipp_over_tcp_waits_in_a_queue(shop: World, sipp_program: str, tmp_path: Path) -> None:
    """Phones on TCP dial the queue, hear music, and give up: none is left waiting."""
    user = "shop-101"
    row = (user, credentials(user, shop.switch.secrets[user]), "600", shop.switch.sip)
    result = await run_sipp(
        sipp_program,
        BENCHMARKS / "caller.xml",
        tmp_path,
        shop.switch.sip,
        rows=[row] * 20,
        rate=RATE,
        transport="tcp",
        extra=("-d", "300"),
    )
    assert (result.exit_code, result.successful, result.failed) == (0, 20, 0), result

    async def waiting() -> int:
        queues = await shop.switch.ask("/v1/queues")
        return sum(queue["waiting"] + queue["offered"] for queue in queues)

    await until(waiting, 0, 5, "waiting callers")
    abandoned = sum(queue["abandoned"] for queue in await shop.switch.ask("/v1/queues"))
    assert abandoned >= 20
