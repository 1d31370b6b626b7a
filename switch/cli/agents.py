"""`softswitch agents`: who works, and what they may be asked."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from switch.api.views import AgentRow, AgentVerb, Outcome
from switch.cli.client import Control
from switch.cli.output import finish, print_json, print_table, skills, span
from switch.cli.parameters import STATE_DEFAULT, Json, State

app = typer.Typer(help="List agents, sign them in and out, pause and resume them.", no_args_is_help=False)

_ROWS = TypeAdapter(list[AgentRow])
_OUTCOME = TypeAdapter(Outcome)
_COLUMNS = (
    "agent",
    "account",
    "state",
    "reason",
    "for",
    "call",
    "answered",
    "missed",
    "line",
    "shift",
    "skills",
)
_SPARE = ("skills", "shift", "account", "answered")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="TENANT/AGENT, or the agent alone where only one tenant has it.")
]


@app.callback(invoke_without_command=True)
def agents(context: typer.Context, state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """List agents, sign them in and out, pause and resume them."""
    if context.invoked_subcommand is None:
        listed(state, as_json)


@app.command("list")
def listed(state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """Every agent with the state that is shown, and for how long."""
    rows = Control(state).get("/v1/agents", _ROWS)
    if as_json:
        print_json(rows)
        return
    cells = [
        (
            f"{row.tenant}/{row.agent}",
            row.account,
            row.state,
            row.reason,
            span(row.state_ms),
            row.call,
            str(row.answered),
            str(row.missed_in_row),
            "" if row.line == "good" else f"{row.line}: {row.line_reason}" if row.line_reason else row.line,
            "" if row.in_shift is None else "on" if row.in_shift else f"off ({row.home_time})",
            skills(row.skills),
        )
        for row in rows
    ]
    print_table("Agents", _COLUMNS, cells, "no agents are configured", _SPARE)


@app.command("sign-in")
def sign_in(name: Name, state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """The agent begins to work and gets offers as soon as the phone is registered."""
    _command(name, AgentVerb.SIGN_IN, state, as_json)


@app.command("sign-out")
def sign_out(name: Name, state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """The agent gets no more offers; a talk that goes on is not touched."""
    _command(name, AgentVerb.SIGN_OUT, state, as_json)


@app.command()
def pause(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, such as lunch; shown and recorded.")],
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """No offers until the agent resumes; during a talk the pause waits for its end."""
    _command(name, AgentVerb.PAUSE, state, as_json, reason)


@app.command()
def resume(name: Name, state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """End a pause."""
    _command(name, AgentVerb.RESUME, state, as_json)


@app.command("end-wrap-up")
def end_wrap_up(name: Name, state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """The agent is ready before the wrap-up time is over."""
    _command(name, AgentVerb.END_WRAP_UP, state, as_json)


def _command(name: str, verb: AgentVerb, state: State, as_json: bool, reason: str = "") -> None:
    outcome = Control(state).post("/v1/agents/command", _OUTCOME, name=name, verb=verb.value, reason=reason)
    finish(outcome, as_json)
