"""Simulation and staffing: figures that people are employed by."""

from tests.mutants.mutant import Mutant

_STAFFING = "switch/wfm/staffing.py"
_STAYS = "tests/wfm/test_staffing.py::test_an_agent_who_is_missed_is_given_back_and_the_others_stay_away"

MUTANTS = (
    # One interval that needs its agent is no reason to keep agents elsewhere.
    Mutant(
        _STAFFING,
        "blamed = {place for place in open_places if missed & {place - 1, place, place + 1}}",
        "blamed = set()",
        _STAYS,
    ),
    # A line that is left behind is seen in the interval after.
    Mutant(
        _STAFFING,
        "blamed = {place for place in open_places if missed & {place - 1, place, place + 1}}",
        "blamed = {place for place in open_places if missed & {place}}",
        _STAYS,
    ),
    Mutant(_STAFFING, "kept = open_places - blamed if blamed else set()", "kept = set()", _STAYS),
    # Whoever is missed comes back.
    Mutant(
        _STAFFING,
        "for place in blamed or open_places:",
        "for place in set():",
        _STAYS,
    ),
    # Kaplan and Meier: who was answered had waited until then, and counts as long.
    Mutant(
        "switch/wfm/patience.py",
        "left -= len(ended)",
        "left -= gave_up",
        "tests/wfm/test_patience.py::test_the_textbook_example",
    ),
    Mutant(
        "switch/wfm/patience.py",
        "target = self.at(waited) * (1 - chance)",
        "target = 1 - chance",
        "tests/wfm/test_patience.py::test_whoever_waited_longer_gives_up_later",
    ),
)
