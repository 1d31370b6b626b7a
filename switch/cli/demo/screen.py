"""The live view: tables on a terminal that are drawn anew, plain lines everywhere else."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from switch.api.views import AgentRow, QueueRow
from switch.cli.demo.stage import Visitor
from switch.cli.demo.story import Story
from switch.cli.demo.tools import Tools
from switch.cli.failures import CommandError
from switch.cli.output import share, span

REFRESH_S = 0.5
LINE_EVERY_S = 5.0
STORY_LINES = 5
_FRAME_LINES = 7
"""Headings and gaps of the live view, and the line of the cursor."""
_STATE_STYLES = {
    "available": "green",
    "offered": "yellow",
    "busy": "cyan",
    "wrap-up": "magenta",
    "paused": "red",
    "unreachable": "red",
}


@dataclass(slots=True)
class Reading:
    """What the switch told last."""

    queues: list[QueueRow]
    agents: list[AgentRow]


class Screen:
    """Draws what the switch tells of queues and agents, and what the customers are doing."""

    def __init__(self, console: Console, story: Story, tools: Tools, visitors: list[Visitor]) -> None:
        self._console = console
        self._story = story
        self._tools = tools
        self._visitors = visitors
        self._live: Live | None = None
        self._line_due_s = 0.0

    def __enter__(self) -> "Screen":
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        else:
            self._story.listener = self._say
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._story.listener = lambda _line: None
        if self._live is not None:
            self._live.stop()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Draws as long as the block lasts."""
        task = asyncio.create_task(self._run(), name="screen")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                self._show(Reading(await self._tools.queues(), await self._tools.agents()))
            except CommandError as error:
                if str(error) not in self._story.problems:
                    self._story.problem(str(error))
            await asyncio.sleep(REFRESH_S)

    def _show(self, reading: Reading) -> None:
        if self._live is not None:
            self._live.update(self._picture(reading), refresh=True)
        elif time.monotonic() >= self._line_due_s:
            self._line_due_s = time.monotonic() + LINE_EVERY_S
            self._story.tell(_line(reading))

    def _picture(self, reading: Reading) -> RenderableType:
        lines = len(reading.queues) + len(reading.agents) + STORY_LINES + _FRAME_LINES
        room = max(2, self._console.height - lines)
        gap = Text()
        return Group(
            _queue_table(reading.queues),
            gap,
            _agent_table(reading.agents),
            gap,
            _customer_table(self._visitors, room),
            gap,
            Text(
                "\n".join(list(self._story.lines)[-STORY_LINES:]),
                style="dim",
                overflow="ellipsis",
                no_wrap=True,
            ),
        )

    def _say(self, line: str) -> None:
        self._console.print(Text(line))


def _line(reading: Reading) -> str:
    """All figures in one line, for a log."""
    queues = [
        f"{row.queue} {row.waiting + row.offered} waiting"
        + (f" (oldest {span(row.oldest_wait_ms)})" if row.waiting + row.offered else "")
        + f", {row.talking} talking"
        for row in reading.queues
    ]
    states = Counter(row.state for row in reading.agents)
    agents = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    return f"-- {'; '.join(queues)}; agents: {agents}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _queue_table(rows: list[QueueRow]) -> Table:
    table = _table(
        "queue", "waiting", "oldest", "rung", "talking", "ready", "answered", "abandoned", "service"
    )
    for row in rows:
        table.add_row(
            Text(row.queue),
            str(row.waiting),
            span(row.oldest_wait_ms) if row.waiting + row.offered else "",
            str(row.offered),
            str(row.talking),
            str(row.agents_ready),
            str(row.answered),
            str(row.abandoned),
            f"{share(row.service_level)} in {span(row.service_level_ms)}",
        )
    return table


def _agent_table(rows: list[AgentRow]) -> Table:
    table = _table("agent", "state", "for", "reason", "served", "call")
    for row in rows:
        table.add_row(
            Text(row.agent),
            Text(row.state, style=_STATE_STYLES.get(row.state, "dim")),
            span(row.state_ms),
            Text(row.reason),
            str(row.answered),
            Text(row.call),
        )
    return table


def _customer_table(visitors: list[Visitor], room: int) -> Table:
    """Those who are here first, then the last who left."""
    here = [visitor for visitor in visitors if not visitor.outcome or visitor.now != visitor.outcome]
    gone = [visitor for visitor in reversed(visitors) if visitor not in here]
    table = _table("customer", "speaks", "wants", f"now ({len(here)} here, {len(gone)} gone)")
    for visitor in (here + gone)[:room]:
        style = "" if visitor in here else "dim"
        table.add_row(
            Text(visitor.plan.number[-4:]), visitor.plan.language, visitor.plan.line, visitor.now, style=style
        )
    return table
