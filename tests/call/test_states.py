"""The table of a leg's states: the document repeats it, and every state can be left or is the end."""

from pathlib import Path

from switch.call.states import OVER, TRANSITIONS, LegState

PAGE = Path(__file__).resolve().parents[2] / "docs" / "decisions" / "0001-exchange-and-legs.md"


def test_the_page_shows_the_table_as_it_is() -> None:
    rows = [f"| `{state}` | {happens} | `{after}` |" for (state, happens), after in TRANSITIONS.items()]
    page = PAGE.read_text()
    assert [row for row in rows if row not in page] == []
    assert sum(line.startswith("| `") for line in page.splitlines()) == len(rows)


def test_every_state_leads_to_the_end() -> None:
    leaves = {LegState.TERMINATED}
    for _ in LegState:
        leaves |= {state for (state, _), after in TRANSITIONS.items() if after in leaves}
    assert leaves == set(LegState)


def test_what_is_over_stays_over() -> None:
    assert all(after in OVER for (state, _), after in TRANSITIONS.items() if state in OVER)
