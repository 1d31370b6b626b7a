"""`softswitch dialplan check`: everything that is wrong with dialplans, before a switch reads them."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from switch.base.errors import ConfigurationError, Problem
from switch.cli.failures import EXIT_FAILURE, EXIT_USAGE
from switch.cli.output import print_json
from switch.cli.parameters import Json

if TYPE_CHECKING:
    from switch.dialplan.plan import Centre
    from switch.dialplan.scenarios import ScenarioResult

app = typer.Typer(help="Check dialplans.", no_args_is_help=True)


@app.callback()
def dialplan() -> None:
    """Check dialplans."""


@app.command()
def check(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", exists=True, help="A folder of dialplans, or one file.")
    ],
    as_json: Json = False,
) -> None:
    """Print every problem as file:line:column: message, then tell the scenarios that stand beside.

    Exit 0 when all is well, 2 when the dialplans are not accepted, 1 when a scenario goes otherwise.
    """
    # Here and not above: the commands for a switch that runs need no dialplan, and are typed in a hurry.
    from switch.dialplan.centre import load_centre  # noqa: PLC0415 - the reason is the line before
    from switch.dialplan.scenarios import run_scenarios  # noqa: PLC0415 - the same
    from switch.node.dialplan_files import (  # noqa: PLC0415 - the same
        folder_of,
        read_dialplans,
        read_scenarios,
    )
    from switch.node.stated_files import unusable_files  # noqa: PLC0415 - the same

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    scenarios: tuple[ScenarioResult, ...] = ()
    try:
        centre = load_centre(read_dialplans(path))
        warnings = (*centre.warnings, *unusable_files(centre, folder_of(path)))
        _check_recordings(centre)
        scenarios = run_scenarios(centre, read_scenarios(path))
    except ConfigurationError as error:
        problems = error.problems
    failed = [result.problem for result in scenarios if result.problem is not None]
    if as_json:
        answer = {"ok": not problems and not failed, "problems": problems, "warnings": warnings}
        print_json(answer | {"scenarios": scenarios})
    else:
        _show((*problems, *failed), warnings)
        if not problems:
            print(f"{path}: accepted; scenarios: {len(scenarios) - len(failed)} passed, {len(failed)} failed")
    if problems or failed:
        raise SystemExit(EXIT_USAGE if problems else EXIT_FAILURE)


def _check_recordings(centre: "Centre") -> None:
    """Read every sound file that a prompt names, as a start does. Raises ConfigurationError."""
    from switch.dialplan.plan import ClipKind  # noqa: PLC0415 - not above, as in `check`
    from switch.node.prompts import render  # noqa: PLC0415 - the same

    files = [clip for plan in centre.tenants.values() for clip in plan.clips() if clip.kind is ClipKind.FILE]
    with TemporaryDirectory(prefix="softswitch-check-") as unused_cache:
        render(files, Path(unused_cache))


def _show(problems: tuple[Problem, ...], warnings: tuple[Problem, ...]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
    for warning in warnings:
        print(f"{warning} (warning)", file=sys.stderr)
