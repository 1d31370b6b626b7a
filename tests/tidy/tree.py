"""The checkout as the tidy tests see it: files, syntax trees, and which room imports which."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("switch", "codecs", "tests", "benchmarks", "deploy")


@dataclass(frozen=True)
class Module:
    """One Python file: its path in the checkout, its dotted name, its text and syntax tree."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """`sip` for `switch/sip/...`; empty outside the rooms."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "switch" and len(parts) > 1 else ""


def files(*suffixes: str, under: tuple[str, ...] = CODE) -> Iterator[Path]:
    """The files of ours with one of the suffixes, in order."""
    for folder in under:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and "__pycache__" not in path.parts and path.is_file():
                yield path


@cache
def modules(*under: str) -> tuple[Module, ...]:
    """Every Python file below the folders."""
    found = []
    for path in files(".py", under=under):
        relative = path.relative_to(ROOT)
        parts = list(relative.with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        text = path.read_text()
        found.append(Module(str(relative), ".".join(parts), text, ast.parse(text, str(relative))))
    return tuple(found)


def imports(module: Module) -> Iterator[tuple[str, int]]:
    """Dotted names that a module imports, with the line; `from a.b import c` gives `a.b` and `a.b.c`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.path}:{node.lineno}: imports are absolute"
            yield str(node.module), node.lineno
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def report(problems: list[str]) -> None:
    """Fail with one problem a line."""
    assert not problems, "\n" + "\n".join(problems)
