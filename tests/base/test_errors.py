"""What an administrator reads of a mistake."""

from switch.base.errors import ConfigurationError, PeerError, Problem, ResourceError, SoftswitchError


def test_a_problem_reads_like_a_compilers_so_that_editors_jump_to_it() -> None:
    assert str(Problem("maple.yaml", 4, 7, "unknown word")) == "maple.yaml:4:7: unknown word"


def test_every_problem_is_told_and_kept() -> None:
    problems = (Problem("a.yaml", 1, 2, "first"), Problem("b.yaml", 3, 4, "second"))
    error = ConfigurationError(problems)
    assert str(error).splitlines() == ["a.yaml:1:2: first", "b.yaml:3:4: second"]
    assert error.problems == problems


def test_the_three_kinds_of_failure_are_apart() -> None:
    kinds = (PeerError, ResourceError, ConfigurationError)
    assert all(issubclass(kind, SoftswitchError) for kind in kinds)
    assert not any(issubclass(a, b) for a in kinds for b in kinds if a is not b)
    assert not issubclass(SoftswitchError, AssertionError)
