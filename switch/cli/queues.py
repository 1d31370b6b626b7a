"""`softswitch queues`: who waits, for how long, and how well it goes."""

from pydantic import TypeAdapter

from switch.api.views import QueueRow
from switch.cli.client import Control
from switch.cli.output import print_json, print_table, share, span
from switch.cli.parameters import STATE_DEFAULT, Json, State

_ROWS = TypeAdapter(list[QueueRow])
_COLUMNS = (
    "queue",
    "waiting",
    "oldest",
    "offered",
    "talking",
    "ready",
    "signed in",
    "entered",
    "answered",
    "abandoned",
    "service level",
    "callbacks",
)
_SPARE = ("callbacks", "entered", "offered", "answered", "talking", "signed in", "abandoned")


def queues(state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """Every queue now; counts are since the switch started."""
    rows = Control(state).get("/v1/queues", _ROWS)
    if as_json:
        print_json(rows)
        return
    cells = [
        (
            f"{row.tenant}/{row.queue}",
            str(row.waiting),
            span(row.oldest_wait_ms) if row.waiting else "",
            str(row.offered),
            str(row.talking),
            str(row.agents_ready),
            str(row.agents_signed_in),
            str(row.entered),
            str(row.answered),
            str(row.abandoned),
            f"{share(row.service_level)} in {span(row.service_level_ms)}",
            str(row.callbacks or ""),
        )
        for row in rows
    ]
    print_table("Queues", _COLUMNS, cells, "no queues are configured", _SPARE)
