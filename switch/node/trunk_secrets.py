"""Passwords that we must present to carriers: from the environment or from files, never from YAML."""

import os
from pathlib import Path

from switch.base.errors import ConfigurationError, Problem
from switch.dialplan.plan import Centre, TrunkSettings


def read_trunk_secrets(centre: Centre, folder: Path) -> dict[str, str]:
    """By trunk; paths begin at `folder`. Raises ConfigurationError where one is named and not there."""
    problems: list[Problem] = []
    found: dict[str, str] = {}
    for trunk in centre.trunks:
        if trunk.password_env:
            value = os.environ.get(trunk.password_env)
            if value is None:
                problems.append(_problem(trunk, f"the environment has no {trunk.password_env}"))
            else:
                found[trunk.name] = value
        elif trunk.password_file:
            path = folder / trunk.password_file
            try:
                found[trunk.name] = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
                problems.append(_problem(trunk, f"cannot read {path}: {reason}"))
    if problems:
        raise ConfigurationError(tuple(problems))
    return found


def _problem(trunk: TrunkSettings, message: str) -> Problem:
    return Problem(trunk.place.file, trunk.place.line, trunk.place.column, f"trunk '{trunk.name}': {message}")
