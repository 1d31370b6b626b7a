"""`softswitch dialplan check`: everything that is wrong with dialplans, before a switch reads them."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from switch.base.errors import ConfigurationError, Problem
from switch.cli.failures import EXIT_USAGE
from switch.cli.output import print_json
from switch.cli.parameters import Json
from switch.dialplan.centre import load_centre
from switch.node.dialplan_files import read_dialplans

app = typer.Typer(help="Check dialplans.", no_args_is_help=True)


@app.callback()
def dialplan() -> None:
    """Check dialplans."""


@app.command()
def check(
    path: Annotated[Path, typer.Argument(exists=True, help="A folder of dialplans, or one file.")],
    as_json: Json = False,
) -> None:
    """Print every problem as file:line:column: message; exit 0 when there is none, else 2."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    try:
        warnings = load_centre(read_dialplans(path)).warnings
    except ConfigurationError as error:
        problems = error.problems
    if as_json:
        print_json({"ok": not problems, "problems": list(problems), "warnings": list(warnings)})
    else:
        for problem in problems:
            print(problem, file=sys.stderr)
        for warning in warnings:
            print(f"{warning} (warning)", file=sys.stderr)
        if not problems:
            print(f"{path}: no problem found")
    if problems:
        raise SystemExit(EXIT_USAGE)
