"""`softswitch why CALL`: why that agent, in plain words."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from switch.api.views import Outcome, WhyAnswer
from switch.cli.client import Control
from switch.cli.output import finish, print_json
from switch.cli.parameters import STATE_DEFAULT, Json, State

_ANSWER: TypeAdapter[WhyAnswer | Outcome] = TypeAdapter(WhyAnswer | Outcome)


def why(
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="The call's id, as `softswitch calls recent` lists it.")
    ],
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """What happened to a call and why: candidates, exclusions by reason, scores, tie-break."""
    answer = Control(state).get("/v1/why", _ANSWER, call=call)
    if isinstance(answer, Outcome):
        finish(answer, as_json)
    elif as_json:
        print_json(answer)
    else:
        print(answer.text)
