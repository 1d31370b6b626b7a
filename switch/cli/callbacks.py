"""`softswitch callbacks`: who is to be called back, and taking a promise back."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from switch.api.views import CallbackRow, Outcome
from switch.cli.client import Control
from switch.cli.output import finish, print_json, print_table, span
from switch.cli.parameters import STATE_DEFAULT, Json, State

app = typer.Typer(help="List who is to be called back, and take a promise back.")

_ROWS = TypeAdapter(list[CallbackRow])
_OUTCOME = TypeAdapter(Outcome)
_COLUMNS = ("callback", "queue", "number", "state", "waits", "tries left", "expires in")
_SPARE = ("expires in", "tries left")


@app.callback(invoke_without_command=True)
def callbacks(context: typer.Context, state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """List who is to be called back, and take a promise back."""
    if context.invoked_subcommand is None:
        listed(state, as_json)


@app.command("list")
def listed(state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """Who is to be called back, the longest wait first."""
    rows = Control(state).get("/v1/callbacks", _ROWS)
    if as_json:
        print_json(rows)
        return
    cells = [
        (
            row.callback,
            f"{row.tenant}/{row.queue}",
            row.number,
            row.state,
            span(row.waited_ms),
            str(row.tries_left),
            span(row.expires_ms),
        )
        for row in rows
    ]
    print_table("Callbacks", _COLUMNS, cells, "nobody is to be called back", _SPARE)


@app.command()
def cancel(
    callback: Annotated[
        str, typer.Argument(metavar="CALLBACK", help="Its id, as `softswitch callbacks` lists it.")
    ],
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Take a callback back: nobody is called."""
    finish(Control(state).post("/v1/callbacks/cancel", _OUTCOME, call=callback), as_json)
