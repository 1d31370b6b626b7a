"""The same switch on PostgreSQL: accounts, a call, its record and its story."""

from pathlib import Path

from switch.cli.demo.phones import AnswerPolicy
from tests.interop.phones import Phones
from tests.interop.process import free_port
from tests.interop.switch_process import SwitchProcess, copy_centre
from tests.interop.world import World


async def test_a_call_is_recorded_in_postgresql(postgresql: str, phones: Phones, tmp_path: Path) -> None:
    dialplans = copy_centre(tmp_path, free_port())
    state = tmp_path / "state"
    async with await SwitchProcess.start(dialplans, state, "--store", postgresql) as switch:
        world = World(switch, phones, free_port())
        caller = await world.phone("shop-101")
        callee = await world.phone("shop-102", answer=AnswerPolicy("answer"))
        call = await caller.call("102")
        await call.expect("confirmed")
        await call.hangup()
        await (await callee.incoming()).expect("disconnected")
        (record,) = await switch.cli("calls", "recent")
        assert (record["caller"], record["called"], record["cause"]) == ("101", "102", "normal")
        assert "102" in (await switch.cli("why", record["call"]))["text"]
        assert not (state / "switch.db").exists()
    async with await SwitchProcess.start(dialplans, state, "--store", postgresql) as switch:
        assert len(await switch.cli("calls", "recent")) == 1
        again = await World(switch, phones, free_port()).phone("shop-103")
        assert again.saw("registered")
