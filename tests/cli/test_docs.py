"""`docs/cli.md` names every command and every option of it, and none that is not there."""

import re
from typing import Any

from typer.main import get_command

from switch.cli.main import app
from tests.tidy.tree import ROOT

_PAGE = (ROOT / "docs" / "cli.md").read_text()
_EVERYWHERE = {"--help", "--state", "--json"}


def _commands(node: Any, path: str) -> dict[str, set[str]]:
    """Every command by its words, with the long options that it takes."""
    options = {option for parameter in node.params for option in parameter.opts if option.startswith("--")}
    found = {path: options}
    for name, inner in getattr(node, "commands", {}).items():
        found |= _commands(inner, f"{path} {name}")
    return found


_COMMANDS = _commands(get_command(app), "softswitch")


def test_every_command_is_described() -> None:
    described = [path for path in _COMMANDS if path not in {"softswitch", "softswitch dialplan"}]
    assert [path for path in described if f"`{path}" not in _PAGE] == []


def test_every_option_is_described() -> None:
    options = set().union(*_COMMANDS.values()) - {"--show-completion"}
    assert sorted(option for option in options if f"{option}" not in _PAGE) == []


def test_what_is_described_is_there() -> None:
    written = re.findall(r"`(softswitch(?: [a-z][a-z-]*)*)", _PAGE)
    assert written
    assert [path for path in written if path not in _COMMANDS] == []
    known = set().union(*_COMMANDS.values()) | _EVERYWHERE
    assert sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", _PAGE)) - known) == []
