"""`kill -9` at random moments under live calls: what the journal promises is there after the restart."""

import asyncio
import os
import random
import sqlite3
from pathlib import Path

import pytest

from switch.cli.demo.phones import AnswerPolicy, Phone, PhoneError
from switch.node.bindings import LOOK_S
from tests.interop.phones import Phones
from tests.interop.process import free_port
from tests.interop.switch_process import SwitchProcess, copy_centre
from tests.interop.world import World, until

ROUNDS = 40 if os.environ.get("SOAK") else 3
SEED = int(os.environ.get("SEED", "9"))
WINDOW_S = 0.3
"""The journal's window is 20 ms and a commit; `tests/store/test_kill.py` looks at how long that takes."""

CUT_OFF = "signalling-lost"


def journal(state: Path) -> list[tuple[int, str, str]]:
    """Every entry's sequence, kind and call, by a reader that is not ours."""
    with sqlite3.connect(f"file:{state}/switch.db?mode=ro", uri=True) as store:
        return list(store.execute("SELECT sequence, kind, call FROM journal ORDER BY sequence"))


async def watch(life: "Life", phone: Phone) -> None:
    """The phone watches anna; a process that comes after a kill tells it in that subscription."""

    async def kept() -> int:
        with sqlite3.connect(f"file:{life.state}/switch.db?mode=ro", uri=True) as store:
            return len(list(store.execute("SELECT tag FROM subscription")))

    await phone.command("watch", uri="101")
    await phone.expect("presence", subscription="ACTIVE")
    await until(kept, 1, 10, "the lamp is in the store")


async def back(anna: Phone, ben: Phone) -> None:
    """After a kill ben is told of anna without a word of its own, and both register again."""
    await ben.expect("presence", subscription="ACTIVE")
    await anna.register()
    await ben.register()


def calls_of(entries: list[tuple[int, str, str]], kind: str) -> set[str]:
    return {call for _, entry_kind, call in entries if entry_kind == kind}


class Life:
    """One centre that is killed and started again on the same port and state."""

    def __init__(self, folder: Path, phones: Phones) -> None:
        self.folder = folder
        self.phones = phones
        # Not one that the kernel may give to somebody else while the switch is down.
        self.port = free_port()
        self.carrier_port = free_port()
        self.dialplans = copy_centre(folder, self.carrier_port)
        self.state = folder / "state"

    async def start(self) -> World:
        switch = await SwitchProcess.start(self.dialplans, self.state, sip=f"127.0.0.1:{self.port}")
        return World(switch, self.phones, self.carrier_port)


async def call_until_killed(
    life: Life, world: World, customer: Phone, ben: Phone, anna: Phone, moment_s: float
) -> list[str]:
    """Calls in a menu, in a queue and in a talk; the switch dies at `moment_s`. Calls seen well before."""

    async def keep_calling() -> None:
        while True:
            try:
                talk = await ben.call("101")
                call = await customer.call(f"sip:0033199000100@{world.switch.sip}")
                await call.expect("confirmed")
                await call.dtmf("2")
                await asyncio.sleep(0.4)
                await talk.hangup()
                await call.hangup()
            except PhoneError:
                await asyncio.sleep(0.1)

    seen: list[str] = []
    calling = asyncio.create_task(keep_calling())
    await asyncio.sleep(moment_s)
    seen = [row["call"] for row in await world.switch.ask("/v1/calls")]

    async def kept() -> bool:
        return set(seen) <= calls_of(journal(life.state), "call-started")

    await until(kept, True, 30, "the calls are in the journal")
    await world.switch.kill()
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    # The new switch answers these BYEs with 481: it knows nothing of the calls.
    for phone in (customer, ben, anna):
        for number in {event.call for event in phone.events if event.call is not None}:
            try:
                await phone.command("hangup", call=number)
            except PhoneError:
                continue
    return seen


async def test_a_killed_switch_remembers(tmp_path: Path, phones: Phones) -> None:
    source = random.Random(SEED)
    life = Life(tmp_path, phones)
    world = await life.start()
    try:
        anna = await world.phone("shop-101", answer=AnswerPolicy("answer", 50))
        ben = await world.phone("shop-102")
        customer = await world.carrier()
        await world.sign_in("shop/anna", "shop/ben", "shop/chloe")
        await world.switch.cli("agents", "pause", "shop/ben", "--reason", "lunch")
        assert await world.agent_state("shop/ben") == "paused"
        await watch(life, ben)
        secrets = world.switch.secrets
        cut_off = 0
        for round_number in range(ROUNDS):
            before = journal(life.state)
            seen = await call_until_killed(life, world, customer, ben, anna, source.uniform(0.3, 2.5))
            left = journal(life.state)
            assert [entry[0] for entry in left] == list(range(1, len(left) + 1)), "a gap in the sequence"
            assert left[: len(before)] == before
            started, ended = calls_of(left, "call-started"), calls_of(left, "call-ended")
            assert set(seen) <= started, "what was in the journal once is gone"

            world = await life.start()
            assert await world.switch.ask("/v1/calls") == []
            after = journal(life.state)
            assert after[: len(left)] == left
            assert [entry[0] for entry in after] == list(range(1, len(after) + 1))
            assert calls_of(after, "call-started") == calls_of(after, "call-ended")
            records = {row["call"]: row for row in await world.switch.ask("/v1/calls/recent", limit=100)}
            cut_off += len(started - ended)
            for call in started - ended:
                assert records[call]["cause"] == CUT_OFF, records[call]
                assert records[call]["tenant"] == "shop"
                assert records[call]["ended_wall_us"] >= records[call]["started_wall_us"]
                why = await world.switch.ask("/v1/why", call=call)
                assert why["call"] == call
                assert why["text"]
            if started - ended:
                text = (await world.switch.cli("why", min(started - ended)))["text"]
                assert text, "softswitch why tells nothing of a call that was cut off"

            assert world.switch.secrets == secrets
            await back(anna, ben)
            await world.until("shop/ben", "paused")
            assert (await world.agent("shop/ben"))["reason"] == "lunch"
            assert await world.agent_state("shop/anna") in ("available", "wrap-up")
            assert await world.agent_state("shop/chloe") == "unreachable"
            assert "Traceback" not in world.switch.log(), f"round {round_number}, SEED={SEED}"
        assert cut_off >= ROUNDS, "the kills met too few calls to show anything"
        runs = await world.switch.cli("replay")
        lives = [run for run in runs if run["tenant"] == "shop"]
        assert len(lives) == ROUNDS + 1, "one run of the router a life"
        assert all(run["difference"] is None and not run["unproved"] for run in runs), runs
        # And it works: the last one takes a call from the menu to a talk.
        await customer.set_policy(AnswerPolicy("ring"))
        last = await world.dial_in(customer, "1")
        await last.expect("media_active")

        async def talking() -> str:
            return await world.agent_state("shop/anna")

        await until(talking, "busy", 12, "shop/anna")
        await last.hangup()
        await world.nothing_left()
    except BaseException as error:
        error.add_note(f"SEED={SEED} ROUNDS={ROUNDS}\n{world.switch.log()[-3000:]}")
        raise
    finally:
        await world.switch.stop()


async def test_a_pause_is_remembered_while_the_phone_is_away(tmp_path: Path, phones: Phones) -> None:
    """Paused, then the phone goes: after two crashes, and with the phone back, the agent is paused still."""
    life = Life(tmp_path, phones)
    world = await life.start()
    try:
        ben = await world.phone("shop-102")
        await world.sign_in("shop/ben")
        await world.switch.cli("agents", "pause", "shop/ben", "--reason", "training")
        await ben.unregister()
        await world.until("shop/ben", "unreachable")
        for _ in range(2):
            await asyncio.sleep(WINDOW_S + 2 * LOOK_S)
            await world.switch.kill()
            world = await life.start()
            assert await world.agent_state("shop/ben") == "unreachable"
        await ben.register()
        await world.until("shop/ben", "paused")
        assert (await world.agent("shop/ben"))["reason"] == "training"
    finally:
        await world.switch.stop()


@pytest.mark.skipif(not os.environ.get("SOAK"), reason="an hour of kills: run with SOAK=1")
async def test_many_kills_at_once_during_the_start(tmp_path: Path, phones: Phones) -> None:
    """Killed while it starts, over and over: the next start works."""
    life = Life(tmp_path, phones)
    source = random.Random(SEED)
    for _ in range(20):
        starting = asyncio.create_task(life.start())
        await asyncio.sleep(source.uniform(0.1, 2.0))
        if starting.done():
            await starting.result().switch.kill()
        else:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
    world = await life.start()
    assert len(await world.switch.ask("/v1/agents")) == 5
    await world.switch.stop()
