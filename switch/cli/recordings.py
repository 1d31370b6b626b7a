"""`softswitch recordings`: the files of past calls."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from switch.api.views import RECORDS_MAX, RecordingRow
from switch.cli.client import Control
from switch.cli.output import moment, print_json, print_table
from switch.cli.parameters import STATE_DEFAULT, Json, State

_ROWS = TypeAdapter(list[RecordingRow])
_COLUMNS = ("call", "tenant", "began", "from", "to", "agent", "file")


def recordings(
    limit: Annotated[int, typer.Option(min=1, max=RECORDS_MAX, help="How many.")] = 20,
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """The recordings of calls that ended, newest first, with their files below the folder of recordings."""
    rows = Control(state).get("/v1/recordings", _ROWS, limit=limit)
    if as_json:
        print_json(rows)
        return
    cells = [
        (row.call, row.tenant, moment(row.started_wall_us), row.caller, row.called, row.agent, row.file)
        for row in rows
    ]
    print_table("Recordings", _COLUMNS, cells, "no recorded call has ended yet", ("tenant", "to", "agent"))
