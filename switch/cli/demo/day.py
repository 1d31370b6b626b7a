"""The demo's day from the first phone to the last verdict.

| step | bound |
| --- | --- |
| the switch starts, phones register, agents sign in | START_TIMEOUT_S of the server and of a phone |
| customers come, are served, go | the minutes asked for, and LAST_CUSTOMER_S a dozen of them |
| wrap-ups run out, agents sign out, phones end | WRAP_UPS_S, and a phone's own bounds |
| the switch is asked, stops, is checked | its STOP_TIMEOUT_S |

Whatever ends it early (Ctrl-C, a failure), all phones end first and then the switch, each by its process.
"""

import asyncio
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from switch.cli.demo import closing
from switch.cli.demo.customer import visit
from switch.cli.demo.desk import Desk
from switch.cli.demo.plan import RECEPTION, AgentPlan, CustomerPlan, Day
from switch.cli.demo.result import Result
from switch.cli.demo.screen import Screen
from switch.cli.demo.server import Server
from switch.cli.demo.stage import Stage
from switch.cli.demo.story import Story
from switch.cli.demo.tools import Tools
from switch.cli.failures import CommandError

LAST_CUSTOMER_S = 180.0
"""How long a customer is there: patience 90 s, and two talks. Of many some wait for a line first."""
AGAIN_AFTER_S = 3.0
NOTES_S = 8.0
"""After the last customer: who still wraps up then ends it by the code, so that nobody waits for nothing."""
WRAP_UPS_S = 45.0
"""The example's longest wrap-up is 30 s."""
CALLERS_MAX = 12
"""Customers with a phone at the same time; the next one waits for a line. Two cores carry them easily."""
_POLL_S = 0.5
BUSY, WRAP_UP = "busy", "wrap-up"


async def live(day: Day, dialplans: Path, state: Path, console: Console) -> Result:
    """Run the day; see the module."""
    story = Story()
    phones = state / "phones"
    phones.mkdir(exist_ok=True)
    console.print("starting the switch ...")
    server = await Server.start(dialplans, state)
    console.print(Text(f"phones register at {server.sip}; metrics: {server.metrics}"))
    console.print(Text(f"look at it from another terminal: softswitch queues --state {state}"))
    stage = Stage(server, phones, story)
    tools = Tools(state)
    try:
        with Screen(console, story, tools, stage.visitors) as screen:
            async with screen.running():
                desks = await _open(stage, day)
                story.open()
                from_wall_us = _wall_us()
                await _work(stage, desks, day)
                await _finish_notes(tools, desks)
                until_wall_us = _wall_us()
                await asyncio.gather(*(desk.sign_out() for desk in desks if desk.is_agent))
            await stage.end_all()
        words = await closing.ask(stage, tools, from_wall_us)
        exit_code = await server.stop()
        return await closing.sum_up(
            stage,
            words,
            seed=day.seed,
            from_wall_us=from_wall_us,
            until_wall_us=until_wall_us,
            exit_code=exit_code,
        )
    finally:
        await stage.end_all()
        await server.stop()


async def _open(stage: Stage, day: Day) -> list[Desk]:
    """Every agent's phone registers, and the agents sign in."""
    reception = AgentPlan("reception", RECEPTION, "udp", "PCMU", (), None, False)
    plans = [*day.agents, reception]
    phones = await asyncio.gather(
        *(stage.agent_phone(plan.account, plan.transport, plan.codec) for plan in plans)
    )
    desks = [Desk(stage, phone, plan, day.seed) for phone, plan in zip(phones, plans, strict=True)]
    await asyncio.gather(*(desk.sign_in() for desk in desks if desk.is_agent))
    return desks


async def _work(stage: Stage, desks: list[Desk], day: Day) -> None:
    """Until the last customer has gone."""
    lines = asyncio.Semaphore(CALLERS_MAX)
    at_work = [asyncio.create_task(desk.work(), name=desk.plan.name) for desk in desks]
    breaks = [asyncio.create_task(desk.take_break(), name=desk.plan.name) for desk in desks]
    customers: list[asyncio.Task[None]] = []
    calling: dict[str, asyncio.Task[None]] = {}
    for plan in day.customers:
        former = calling.get(plan.number)
        calling[plan.number] = asyncio.create_task(_come(stage, lines, plan, former))
        customers.append(calling[plan.number])
    rounds = 1 + len(customers) // CALLERS_MAX
    last_s = day.customers[-1].arrives_s + rounds * LAST_CUSTOMER_S
    over = asyncio.create_task(asyncio.wait((*customers, *breaks), timeout=last_s))
    dead = asyncio.create_task(stage.server.wait())
    try:
        await asyncio.wait((over, dead, *at_work), return_when=asyncio.FIRST_COMPLETED)
        if dead.done():
            raise CommandError(f"the switch ended in the middle of the demo, exit code {dead.result()}")
        for task in (*customers, *breaks, *at_work):
            if task.done():
                await task  # a mistake of ours, or the end of an agent's phone, comes out here
        late = sum(not task.done() for task in customers)
        if late:
            stage.story.problem(f"{late} customers were still there after {last_s:.0f} s")
    finally:
        for unfinished in (*customers, *breaks, *at_work, over, dead):
            unfinished.cancel()
        await asyncio.gather(*customers, *breaks, *at_work, over, dead, return_exceptions=True)


async def _come(
    stage: Stage, lines: asyncio.Semaphore, plan: CustomerPlan, former: asyncio.Task[None] | None
) -> None:
    await asyncio.sleep(plan.arrives_s)
    if former is not None:
        # Nobody calls again while the first call lasts.
        await asyncio.wait((former,))
        await asyncio.sleep(AGAIN_AFTER_S)
    async with lines:
        await visit(stage, plan)


async def _finish_notes(tools: Tools, desks: list[Desk]) -> None:
    """Until no agent wraps up: the figures are those of whole contacts."""
    await _until_rested(tools, NOTES_S)
    writing = {row.agent for row in await tools.agents() if row.state == WRAP_UP}
    await asyncio.gather(*(desk.end_wrap_up() for desk in desks if desk.plan.name in writing))
    await _until_rested(tools, WRAP_UPS_S)


async def _until_rested(tools: Tools, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(row.state in (BUSY, WRAP_UP) for row in await tools.agents()):
            return
        await asyncio.sleep(_POLL_S)


def _wall_us() -> int:
    return time.time_ns() // 1_000
