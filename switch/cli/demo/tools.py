"""What the demo asks of the switch, by the same control socket as any other command."""

import asyncio
from pathlib import Path

from pydantic import TypeAdapter

from switch.api.views import RECORDS_MAX, AgentRow, CallRecord, CallRow, Outcome, QueueRow, WhyAnswer
from switch.cli.client import Control
from switch.cli.demo.plan import TENANT

_QUEUES = TypeAdapter(list[QueueRow])
_AGENTS = TypeAdapter(list[AgentRow])
_CALLS = TypeAdapter(list[CallRow])
_RECORDS = TypeAdapter(list[CallRecord])
_WHY: TypeAdapter[WhyAnswer | Outcome] = TypeAdapter(WhyAnswer | Outcome)


class Tools:
    """`softswitch queues`, `agents`, `calls` and `why`, for code. Each may raise CommandError."""

    def __init__(self, state: Path) -> None:
        self._control = Control(state)

    async def queues(self) -> list[QueueRow]:
        rows = await asyncio.to_thread(self._control.get, "/v1/queues", _QUEUES)
        return [row for row in rows if row.tenant == TENANT]

    async def agents(self) -> list[AgentRow]:
        rows = await asyncio.to_thread(self._control.get, "/v1/agents", _AGENTS)
        return [row for row in rows if row.tenant == TENANT]

    async def calls(self) -> list[CallRow]:
        return await asyncio.to_thread(self._control.get, "/v1/calls", _CALLS)

    async def records(self, since_wall_us: int) -> list[CallRecord]:
        """Records of calls that began since then, oldest first."""
        rows = await asyncio.to_thread(self._control.get, "/v1/calls/recent", _RECORDS, limit=RECORDS_MAX)
        return [row for row in reversed(rows) if row.started_wall_us >= since_wall_us]

    async def why(self, call: str) -> WhyAnswer | None:
        answer = await asyncio.to_thread(self._control.get, "/v1/why", _WHY, call=call)
        return answer if isinstance(answer, WhyAnswer) else None
