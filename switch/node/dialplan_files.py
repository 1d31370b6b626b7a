"""Reads the administrator's files. `switch.dialplan` gives them meaning and opens none itself.

Names are the paths as they were given, so that a message such as `dialplans/centre/maple.yaml:4:7`
opens in an editor from where the administrator stands.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from switch.base.errors import ConfigurationError, Problem
from switch.dialplan.centre import is_dialplan, is_scenario

FILES_MAX = 1000
"""One file a tenant: more tenants than this belong on more than one node."""
FILE_BYTES_MAX = 4 << 20
"""Four bytes a character of the parser's own limit, so that this one is never the tighter."""

_SUFFIXES = (".yaml", ".yml")


def read_dialplans(path: Path) -> dict[str, str]:
    """The dialplans of a folder (or the one file) as name to text. Raises ConfigurationError."""
    names = [name for name in _yaml_files(path) if is_dialplan(name)]
    if not names:
        problem = Problem(str(path), 0, 0, "the folder has no dialplan: expected a file TENANT.yaml")
        raise ConfigurationError((problem,))
    return _read(names)


def read_scenarios(path: Path) -> dict[str, str]:
    """The scenario files that stand beside the dialplans of a folder, or beside the one file."""
    beside = path if path.is_dir() else path.parent
    wanted = "" if path.is_dir() else f"{path.stem}."
    names = (name for name in _yaml_files(beside) if is_scenario(name))
    return _read(name for name in names if os.path.basename(name).startswith(wanted))


def folder_of(path: Path) -> Path:
    """Where the paths begin that dialplans name: certificates, keys, passwords."""
    return path if path.is_dir() else path.parent


def _yaml_files(path: Path) -> list[str]:
    if path.is_file():
        return [str(path)]
    try:
        names = sorted(str(path / entry.name) for entry in os.scandir(path) if entry.name.endswith(_SUFFIXES))
    except OSError as error:
        raise ConfigurationError((Problem(str(path), 0, 0, _reason(error)),)) from error
    if len(names) > FILES_MAX:
        raise ConfigurationError((Problem(str(path), 0, 0, f"the folder has more than {FILES_MAX} files"),))
    return names


def _read(names: Iterable[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for name in names:
        try:
            with open(name, "rb") as file:
                data = file.read(FILE_BYTES_MAX + 1)
            if len(data) > FILE_BYTES_MAX:
                problems.append(Problem(name, 0, 0, f"the file is longer than {FILE_BYTES_MAX} bytes"))
            texts[name] = data.decode("utf-8-sig")
        except OSError as error:
            problems.append(Problem(name, 0, 0, _reason(error)))
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = error.start - data.rfind(b"\n", 0, error.start)
            problems.append(
                Problem(name, line, column, "expected UTF-8 text; save the file in that encoding")
            )
    if problems:
        raise ConfigurationError(tuple(problems))
    return texts


def _reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror}"
