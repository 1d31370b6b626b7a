"""Finds the example centre that ships: in the checkout, or where a wheel put it."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import switch
from switch.cli.failures import CommandError

EXAMPLE = "example"
_CHECKOUT = Path(switch.__file__).resolve().parent.parent
_SHARE = "share/softswitch/dialplans"
"""Where pyproject.toml puts the files of `dialplans/`, below the prefix of the installation."""


def example_centre() -> Path:
    """The folder of the bilingual example centre. Raises CommandError where it is not installed."""
    if (_CHECKOUT / "pyproject.toml").is_file():
        return _nearest(_CHECKOUT / "dialplans" / EXAMPLE)
    try:
        installed = distribution("softswitch").files or []
    except PackageNotFoundError:
        installed = []
    for file in installed:
        if f"{_SHARE}/{EXAMPLE}/" in file.as_posix():
            return _nearest(Path(str(file.locate())).parent.resolve())
    raise CommandError(
        "the example centre is not installed; name a folder of dialplans: softswitch run FOLDER"
    )


def _nearest(folder: Path) -> Path:
    """The path as seen from here where it is below, for shorter messages."""
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return folder
