"""Functions of at most 70 lines, files of at most 600, in Python and C."""

import ast
import re
from collections.abc import Iterator

from tests.tidy.tree import CODE, ROOT, files, modules, report

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600

_C_FUNCTION = re.compile(r"^[A-Za-z_].*\)\s*(\{)?\s*$")


def test_files_are_short() -> None:
    problems = []
    for path in files(".py", ".c", ".h", ".js"):
        lines = len(path.read_text().splitlines())
        if lines > FILE_LINES_MAX:
            problems.append(f"{path.relative_to(ROOT)}: {lines} lines; which rooms does it hide?")
    report(problems)


def test_python_functions_are_short() -> None:
    problems = []
    for module in modules(*CODE):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    problems.append(f"{module.path}:{node.lineno}: {node.name} has {lines} lines")
    report(problems)


def test_c_functions_are_short() -> None:
    problems = []
    for path in files(".c", ".h"):
        for line, length in _c_functions(path.read_text().splitlines()):
            if length > FUNCTION_LINES_MAX:
                problems.append(f"{path.relative_to(ROOT)}:{line}: a function of {length} lines")
    report(problems)


def _c_functions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """First line and length of each block that begins and ends in column 0 and has parameters."""
    start = 0
    for number, line in enumerate(lines, 1):
        if line.startswith("}") and start:
            yield start, number - start + 1
            start = 0
        elif _C_FUNCTION.match(line) and not start:
            start = number
        elif line and not line[0].isspace() and line[0] not in "{}/" and not _C_FUNCTION.match(line):
            start = number if line.rstrip().endswith(",") and "(" in line else 0


def test_the_c_counter_sees_both_layouts_of_a_brace() -> None:
    same_line = ["static int f(int a) {", "    return a;", "}"]
    next_line = ["int", "f(int a,", "  int b)", "{", "    return a;", "}"]
    assert list(_c_functions(same_line)) == [(1, 3)]
    assert list(_c_functions(next_line)) == [(2, 5)]
