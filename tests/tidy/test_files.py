"""No dead files: what stands in the tree is imported, compiled, included, or shipped."""

import re
import tomllib
from fnmatch import fnmatch
from typing import Any

from tests.tidy.tree import ROOT, files, imports, modules, report

TOP_FOLDERS = {"switch", "codecs", "dialplans", "tests", "benchmarks", "deploy", "docs"}
TOP_FILES = {"pyproject.toml", "Makefile", "README.md"}
_MADE = {"build", "dist"}

RUN_BY_NAME = {
    "switch.cli.main": "the entry point of pyproject.toml",
    "switch.cli.__main__": "python -m switch.cli",
    "switch.cli.demo.phone": "started as a process by the phones of the demo",
}
LOADED_BY_PATH = ("switch/store/migrations/",)
"""alembic finds its scripts by folder."""
REFERENCES = ("switch/rtp/", "switch/sim/")
"""What C is tested against, while the switch itself runs the C; and the world in which the core is tested,
which no command starts."""

_INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_top_level_holds_what_the_design_names() -> None:
    problems = []
    for path in ROOT.iterdir():
        known = TOP_FOLDERS | _MADE if path.is_dir() else TOP_FILES
        if not path.name.startswith(".") and path.suffix != ".egg-info" and path.name not in known:
            problems.append(f"{path.name} has no place at the top level")
    report(problems)


def test_every_module_is_reached_from_a_command() -> None:
    known = {module.name: module for module in modules("switch")}
    reached: set[str] = set()
    ahead = [
        *RUN_BY_NAME,
        *(m.name for m in known.values() if m.path.startswith((*LOADED_BY_PATH, *REFERENCES))),
    ]
    while ahead:
        name = ahead.pop()
        if name in known and name not in reached:
            reached.add(name)
            ahead.append(name.rpartition(".")[0])
            ahead.extend(imported for imported, _ in imports(known[name]))
    report([f"{known[name].path}: no command leads to it" for name in sorted(set(known) - reached)])


def test_every_c_file_is_compiled_into_an_extension() -> None:
    extensions = _project().get("tool", {}).get("setuptools", {}).get("ext-modules", [])
    compiled = {source for extension in extensions for source in extension["sources"]}
    shipped = {str(path.relative_to(ROOT)) for path in files(".c", under=("switch", "codecs"))}
    report([f"{path}: no extension of pyproject.toml compiles it" for path in sorted(shipped - compiled)])
    report([f"{path}: pyproject.toml names it and it is not there" for path in sorted(compiled - shipped)])


def test_every_header_is_included() -> None:
    included = {
        name.rpartition("/")[2] for path in files(".c", ".h") for name in _INCLUDE.findall(path.read_text())
    }
    headers = files(".h", under=("switch", "codecs"))
    report([str(path.relative_to(ROOT)) for path in headers if path.name not in included])


def test_only_module_c_knows_python() -> None:
    problems = []
    for path in files(".c", ".h", under=("switch", "codecs")):
        if re.fullmatch(r"module(_[a-z]+)?\.[ch]", path.name) is None and "Python.h" in _INCLUDE.findall(
            path.read_text()
        ):
            problems.append(f"{path.relative_to(ROOT)}: only module.c and its parts include Python.h")
    report(problems)


def test_codecs_hold_no_python() -> None:
    report([str(path.relative_to(ROOT)) for path in files(".py", under=("codecs",))])


def test_every_dialplan_is_shipped() -> None:
    shipped: dict[str, list[str]] = _project()["tool"]["setuptools"]["data-files"]
    problems = []
    for path in sorted((ROOT / "dialplans").rglob("*")):
        relative = str(path.relative_to(ROOT))
        wanted = f"share/softswitch/{path.parent.relative_to(ROOT)}"
        if path.is_file() and not any(fnmatch(relative, pattern) for pattern in shipped.get(wanted, [])):
            problems.append(f"{relative}: not in [tool.setuptools.data-files] under {wanted}")
    report(problems)
