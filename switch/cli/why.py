"""`softswitch why CALL`: why that agent, in plain words."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from switch.api.views import Outcome, Result, WhyAnswer
from switch.cli.client import Control
from switch.cli.output import finish, print_json
from switch.cli.parameters import STATE_DEFAULT, Journal, Json, State

_ANSWER: TypeAdapter[WhyAnswer | Outcome] = TypeAdapter(WhyAnswer | Outcome)


def why(
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="The call's id, as `softswitch calls recent` lists it.")
    ],
    journal: Journal = "",
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """What happened to a call and why: candidates, scores, tie-break, and each agent's own reason."""
    answer = _of_store(journal, call) if journal else Control(state).get("/v1/why", _ANSWER, call=call)
    if isinstance(answer, Outcome):
        finish(answer, as_json)
    elif as_json:
        print_json(answer)
    else:
        print(answer.text)


def _of_store(journal: str, call: str) -> WhyAnswer | Outcome:
    # Here and not above: asking a running switch needs no database.
    from switch.node import reasons  # noqa: PLC0415 - the reason is the line before
    from switch.store.store import Store  # noqa: PLC0415 - the same

    store = Store.open_to_read(journal)
    try:
        told = reasons.why(store, call)
    finally:
        store.close()
    lists = f"`softswitch calls recent --journal {journal}`"
    return told or Outcome(Result.NOT_FOUND, f"the journal has no call {call}; {lists} lists what it has")
