"""How a command ends when it cannot do what was asked: one clear line and its exit code."""

import sys
from typing import NoReturn

from switch.base.errors import SoftswitchError

EXIT_FAILURE = 1
"""The command was understood and could not be carried out."""
EXIT_USAGE = 2
"""Bad usage or configuration, as typer itself exits."""


class CommandError(SoftswitchError):
    """The command cannot be carried out; its text is the one line that is printed."""


def fail(message: str, code: int = EXIT_FAILURE) -> NoReturn:
    """Say why, and exit."""
    print(f"softswitch: {message}", file=sys.stderr)
    raise SystemExit(code)
