"""`softswitch reload`: take over changed dialplans without ending a call."""

import sys

from pydantic import TypeAdapter

from switch.api.views import ReloadOutcome
from switch.cli.client import Control
from switch.cli.failures import EXIT_USAGE
from switch.cli.output import print_json
from switch.cli.parameters import STATE_DEFAULT, Json, State

_OUTCOME = TypeAdapter(ReloadOutcome)


def reload(state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """Read the dialplans again; on any problem the old ones stay, and the exit code is 2."""
    outcome = Control(state).post("/v1/reload", _OUTCOME, slow=True)
    if as_json:
        print_json(outcome)
    else:
        for problem in outcome.problems:
            print(problem, file=sys.stderr)
        for warning in outcome.warnings:
            print(f"{warning} (warning)", file=sys.stderr)
        print(outcome.message, file=sys.stdout if outcome.reloaded else sys.stderr)
    if not outcome.reloaded:
        raise SystemExit(EXIT_USAGE)
