"""`softswitch accounts`: which phones may register, where they are, and new secrets for them."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from switch.api.views import AccountView, NewSecret, SecretReset
from switch.cli.client import Control
from switch.cli.output import finish, print_json, print_table
from switch.cli.parameters import STATE_DEFAULT, Json, State

app = typer.Typer(help="List phone accounts, and make new secrets.")

_ROWS = TypeAdapter(list[AccountView])
_RESET = TypeAdapter(SecretReset)


@app.callback(invoke_without_command=True)
def accounts(context: typer.Context, state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """List phone accounts, and make new secrets."""
    if context.invoked_subcommand is None:
        listed(state, as_json)


@app.command("list")
def listed(state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """Every account, and where its phones are now."""
    rows = Control(state).get("/v1/accounts", _ROWS)
    if as_json:
        print_json(rows)
        return
    cells = [
        (
            f"{row.tenant}/{row.account}",
            row.user,
            "registered" if row.registered else "gone",
            ", ".join(row.addresses),
            row.agent,
        )
        for row in rows
    ]
    print_table(
        "Accounts", ("account", "SIP user", "phone", "at", "agent"), cells, "no accounts are configured"
    )


@app.command()
def reset(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="TENANT/ACCOUNT or the SIP user, such as maple-101.")
    ],
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Make a new secret for a phone. It is shown once: the switch keeps only hashes of it."""
    answer = Control(state).post("/v1/accounts/reset", _RESET, name=name)
    if as_json and answer.secret is not None:
        print_json(answer.secret)
        return
    finish(answer.outcome, as_json)
    if answer.secret is not None:
        show_secret(answer.secret)


def show_secret(secret: NewSecret) -> None:
    """What a person types into the phone."""
    print(f"  user    {secret.user}\n  realm   {secret.realm}\n  secret  {secret.secret}")
    print("It is not shown again. The phone is asked for it when it next registers.")
