"""docs/peers.md names tests that exist, and words of YAML that administrators are told of."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "peers.md").read_text()


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_each_test_that_is_named_exists() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"def (test_\w+)", sources))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 50
    assert named <= defined, sorted(named - defined)


def test_each_knob_has_a_test_or_a_reason() -> None:
    knobs = rows()[rows().index(["there", "here", "shown by"]) :]
    assert len(knobs) > 40
    for knob in knobs:
        assert len(knob) == 3, knob
        assert knob[2] or "not supported, because" in knob[1] or "`music`" in knob[1], knob


def test_each_word_is_explained_to_administrators() -> None:
    told = (ROOT / "docs" / "administrators.md").read_text()
    knobs = rows()[rows().index(["there", "here", "shown by"]) :]
    for _, here, _ in knobs:
        supported = here.partition("not supported")[0]
        for word in re.findall(r"`([a-z_-]+)[`:]", supported):
            assert re.search(rf"\b{word}\b", told), word
