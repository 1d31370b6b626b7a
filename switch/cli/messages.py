"""`softswitch messages`: what lies in mailboxes, and deleting one."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from switch.api.views import MailRow, Outcome
from switch.cli.client import Control
from switch.cli.output import finish, moment, print_json, print_table, span
from switch.cli.parameters import STATE_DEFAULT, Json, State

app = typer.Typer(help="List the messages in mailboxes, and delete one.")

_ROWS = TypeAdapter(list[MailRow])
_OUTCOME = TypeAdapter(Outcome)
_COLUMNS = ("tenant", "mailbox", "left", "lasts", "", "file")


@app.callback(invoke_without_command=True)
def messages(context: typer.Context, state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """List the messages in mailboxes, and delete one."""
    if context.invoked_subcommand is None:
        listed(state=state, as_json=as_json)


@app.command("list")
def listed(
    mailbox: Annotated[str, typer.Option(metavar="NAME", help="Of this mailbox alone.")] = "",
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """The messages of all mailboxes, or of one: new ones first, each kind the oldest first."""
    rows = Control(state).get("/v1/messages", _ROWS, mailbox=mailbox)
    if as_json:
        print_json(rows)
        return
    cells = [
        (
            row.tenant,
            row.mailbox,
            moment(row.left_wall_us),
            span(row.duration_ms),
            "new" if row.new else "heard",
            row.file,
        )
        for row in rows
    ]
    print_table("Messages", _COLUMNS, cells, "no messages", ("tenant", "lasts"))


@app.command()
def delete(
    file: Annotated[str, typer.Argument(metavar="FILE", help="As `softswitch messages` lists it.")],
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Delete a message for good, with its file; lamps of phones follow."""
    finish(Control(state).post("/v1/messages/delete", _OUTCOME, file=file), as_json)
