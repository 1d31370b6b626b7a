"""Callbacks over `kill -9`: from the store alone each waits again at its place, and is really made."""

import asyncio
from pathlib import Path
from typing import Any

from switch.cli.demo.phones import AnswerPolicy
from tests.interop.phones import Phones
from tests.interop.test_kill import WINDOW_S, Life
from tests.interop.world import CUSTOMER, World, until


def _life(folder: Path, phones: Phones) -> Life:
    life = Life(folder, phones)
    shop = life.dialplans / "shop.yaml"
    text = shop.read_text()
    queue = next(line for line in text.splitlines() if line.startswith("  sales: {"))
    shop.write_text(
        text.replace(queue, queue.rstrip("}") + "}, callback: {offer_after_s: 0, offer_every_s: 0}}")
    )
    return life


async def _waiting(world: World) -> int:
    rows = await world.switch.ask("/v1/queues")
    return int(next(row for row in rows if (row["tenant"], row["queue"]) == ("shop", "sales"))["waiting"])


async def _callbacks(world: World) -> list[dict[str, Any]]:
    return list(await world.switch.cli("callbacks"))


async def test_who_was_promised_a_call_is_called_though_the_switch_was_killed(
    tmp_path: Path, phones: Phones
) -> None:
    """A caller keeps the place, and the switch dies. Whoever calls the new one stands behind."""
    life = _life(tmp_path, phones)
    world = await life.start()
    try:
        customer = await world.carrier()
        call = await world.dial_in(customer, "2")
        await until(lambda: _waiting(world), 1, 10, "waiting")
        await call.dtmf("1")
        await asyncio.sleep(1)
        await call.dtmf("1")
        await call.expect("disconnected", 20)
        (promised,) = await _callbacks(world)
        assert promised["number"] == f"+{CUSTOMER}"
        await world.switch.kill()

        world = await life.start()
        (kept,) = await _callbacks(world)
        assert (kept["callback"], kept["number"], kept["state"]) == (
            promised["callback"],
            f"+{CUSTOMER}",
            "waiting",
        )
        assert kept["waited_ms"] > promised["waited_ms"], "the time that it was dead counts as well"
        later = await world.dial_in(customer, "2")
        await until(lambda: _waiting(world), 2, 10, "waiting")

        await customer.set_policy(AnswerPolicy("answer", 50))
        ben = await world.phone("shop-102", answer=AnswerPolicy("answer", 50))
        await world.sign_in("shop/ben")
        agent = await ben.incoming(10)
        back = await customer.incoming(10)
        await back.expect("media_active", 10)
        assert await _waiting(world) == 1, "who came later waits"
        await until(lambda: _callbacks(world), [], 5, "callbacks")
        await back.hangup()
        await agent.expect("disconnected", 5)
        story = (await world.switch.cli("why", promised["callback"]))["text"]
        assert "answered" in story

        served = await ben.incoming(10)
        await served.expect("media_active", 10)
        await later.hangup()
        await world.nothing_left()
        # And that is not forgotten either: nobody is called twice.
        await asyncio.sleep(WINDOW_S)
        await world.switch.kill()
        world = await life.start()
        assert await _callbacks(world) == []
    finally:
        await world.switch.stop()
