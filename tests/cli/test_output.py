"""Tables in a narrow terminal: whole words, and a line that says what is not shown."""

import io

import pytest
from rich.console import Console

from switch.cli.output import WIDE, show_table

_COLUMNS = ("queue", "waiting", "entered", "answered", "service level")
_ROWS = [("maple/support", "3", "120", "99", "80% in 20s")]
_SPARE = ("entered", "answered")


def _shown(width: int) -> list[str]:
    stream = io.StringIO()
    show_table(Console(file=stream, width=width), "Queues", _COLUMNS, _ROWS, "none", _SPARE)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("width", "missing"),
    [(WIDE, []), (64, []), (63, ["entered"]), (53, ["entered", "answered"])],
)
def test_spare_columns_give_way_in_their_order(width: int, missing: list[str]) -> None:
    lines = _shown(width)
    heading = lines[2]
    assert [column for column in _COLUMNS if column not in heading] == missing
    assert "maple/support" in lines[4]
    assert "80% in 20s" in lines[4]
    assert max(len(line) for line in lines[1:6]) <= width
    said = f"no room for: {', '.join(missing)} (a wider window, a pipe or --json has them)" if missing else ""
    assert " ".join(line.strip() for line in lines[6:]) == said


def test_what_is_not_spare_is_folded_and_never_lost() -> None:
    told = "".join(_shown(30))
    assert "entered" in told
    assert "99" not in told
    assert "80%" in told
