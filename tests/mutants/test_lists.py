"""The lists stay true while the code changes: each line is there once, each test exists."""

import ast

import pytest

from tests.mutants.mutant import Mutant, mutants_of
from tests.tidy.tree import ROOT

MUTANTS = mutants_of([])


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}:{m.line[:30]}")
def test_the_line_is_there_once_and_its_test_exists(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text()
    broken = mutant.apply(text)
    assert broken != text
    if mutant.file.endswith(".py"):
        ast.parse(broken)
    path, *names = mutant.test.split("[")[0].split("::")
    defined = {
        node.name
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    assert set(names) <= defined, mutant.test


def test_a_line_that_stands_twice_or_nowhere_is_refused() -> None:
    mutant = Mutant("x.py", "a = 1", "a = 2", "tests/x.py")
    assert mutant.apply("if b:\n    a = 1\n") == "if b:\n    a = 2\n"
    for text in ("a = 1\na = 1\n", "a = 11\n"):
        with pytest.raises(ValueError, match="lines that read: a = 1"):
            mutant.apply(text)


def test_a_removed_line_leaves_a_tree_that_parses() -> None:
    removed = Mutant("x.py", "a = 1", "", "tests/x.py").apply("if b:\n    a = 1\n")
    assert removed == "if b:\n    pass\n"
