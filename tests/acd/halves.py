"""Both halves of the router's twin, for one test class that runs over each."""

import pytest

from switch.acd.router import Router
from switch.acd.select import C_LACKS, RouterClass, router_class

HALVES = ("python", "c")


def knowing(*words: str) -> tuple[str, ...]:
    """The halves that know these words of `select.words_of`."""
    return HALVES if C_LACKS.isdisjoint(words) else HALVES[:1]


def half(name: str) -> RouterClass:
    """The router class of one half. A C half that was not built is a failure, not a skip."""
    if name == "python":
        return Router
    built = router_class()
    if built is Router:
        pytest.fail("the C router is not built: run `pip install -e .` (or `make`) in the checkout")
    return built
