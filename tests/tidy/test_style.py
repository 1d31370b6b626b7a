"""Rules of style that a syntax tree can hold."""

import ast
import re

from tests.tidy.tree import CODE, ROOT, files, imports, modules, report

_SUPPRESSION = re.compile(r"#\s*(type:\s*ignore|noqa|ruff:\s*noqa|mypy:|pragma:)")
_ARGUED = re.compile(
    r"#\s*(?:type:\s*ignore\[[\w,\s-]+\]|(?:ruff:\s*)?noqa:\s*[A-Z]+[\d, A-Z]*)\s*[#-]+\s*\w+\W+\w+"
)
_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_PLACES = re.compile(r"(?<![\w.])/(?:work|farm|root|home/\w+)/")
_SELF = "tests/tidy/test_style.py"


def test_a_silenced_check_says_why_beside_it() -> None:
    problems = []
    for module in modules(*CODE):
        above = ""
        for number, line in enumerate(module.text.splitlines(), 1):
            silences = module.path != _SELF and _SUPPRESSION.search(line) is not None
            if silences and not _ARGUED.search(line) and not above.startswith("#"):
                problems.append(
                    f"{module.path}:{number}: expected `# noqa: CODE - why` or `# type: ignore[code]  # why`"
                )
            # A comment above speaks for all the lines under it that are silenced for its reason.
            above = above if silences else line.strip()
    report(problems)


def test_nothing_is_left_for_later() -> None:
    problems = []
    for path in files(".py", ".c", ".h", ".js", ".yaml", ".yml"):
        relative = str(path.relative_to(ROOT))
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if relative != _SELF and _UNFINISHED.search(line):
                problems.append(f"{relative}:{number}: {line.strip()[:80]}")
    for module in modules("switch"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id == "NotImplementedError":
                problems.append(f"{module.path}:{node.lineno}: NotImplementedError is a promise, not code")
    report(problems)


def test_no_file_names_a_place_of_one_machine() -> None:
    problems = []
    others = [ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "README.md", ROOT / ".ci" / "run"]
    texts = (".py", ".c", ".h", ".yaml", ".yml", ".md", ".json", ".conf", ".service", ".xml")
    for path in [*files(*texts, under=(*CODE, "docs", "dialplans")), *filter(lambda p: p.is_file(), others)]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if path != ROOT / _SELF and _PLACES.search(line):
                problems.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    report(problems)


def test_every_module_says_what_it_is_for() -> None:
    report([m.path for m in modules("switch") if m.text.strip() and ast.get_docstring(m.tree) is None])


def test_dataclasses_have_slots() -> None:
    problems = []
    for module in modules("switch"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                for decorator in node.decorator_list:
                    if _name(decorator) == "dataclass" and not _keyword(decorator, "slots"):
                        problems.append(f"{module.path}:{node.lineno}: {node.name} has no slots=True")
    report(problems)


def test_no_error_is_swallowed() -> None:
    problems = []
    for module in modules(*CODE):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler):
                wide = node.type is None or _name(node.type) in {"Exception", "BaseException"}
                if wide and all(isinstance(step, ast.Pass | ast.Continue) for step in node.body):
                    problems.append(f"{module.path}:{node.lineno}: whatever happened is hidden here")
    report(problems)


def test_there_are_pairs_and_not_mocks() -> None:
    problems = []
    for module in modules("tests"):
        for name, line in imports(module):
            if name.startswith(("unittest.mock", "mock", "pytest_mock")):
                problems.append(f"{module.path}:{line}: the other half is ours; use it")
    report(problems)


def test_a_skipped_test_says_why() -> None:
    problems = []
    for module in modules("tests"):
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in {"skip", "xfail"}
                and _name(node.value) == "mark"
            ):
                call = next(
                    (n for n in ast.walk(module.tree) if isinstance(n, ast.Call) and n.func is node), None
                )
                if call is None or not _keyword(call, "reason"):
                    problems.append(f"{module.path}:{node.lineno}: {node.attr} without a reason")
    report(problems)


def test_test_folders_are_packages() -> None:
    folders = {path.parent for path in files(".py", under=("tests",))}
    report([str(f.relative_to(ROOT)) for f in sorted(folders) if not (f / "__init__.py").is_file()])


def _name(node: ast.expr) -> str:
    """The last word of `a.b.c` and of `a.b.c(...)`."""
    node = node.func if isinstance(node, ast.Call) else node
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _keyword(node: ast.expr, word: str) -> bool:
    return isinstance(node, ast.Call) and any(keyword.arg == word for keyword in node.keywords)
