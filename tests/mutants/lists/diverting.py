"""Phones that forward their calls, and callers who transfer before they are answered: whom that may reach."""

from tests.mutants.mutant import Mutant

_DIVERTING = "switch/exchange/diverting.py"
_TRANSFERS = "switch/exchange/transfers.py"
_BY = "tests/exchange/test_diverting.py::"
_REFUSED = _BY + "test_what_is_refused_counts_as_a_refusal"

MUTANTS = (
    Mutant(
        _DIVERTING,
        "return _REFUSED if attempt.dialled or found.emergency else found",
        "return _REFUSED if attempt.dialled else found",
        _REFUSED,
    ),
    Mutant(
        _DIVERTING,
        "return _REFUSED if found.account in around else found",
        "return found",
        _REFUSED,
    ),
    Mutant(
        _DIVERTING,
        "whole = session.transfer is None and found.number in plan.numbers",
        "whole = session.transfer is None",
        _REFUSED,
    ),
    Mutant(
        _DIVERTING,
        "if status not in FOLLOWED or not leg.account or not isinstance(leg, OutgoingLeg):",
        "if status not in FOLLOWED or not isinstance(leg, OutgoingLeg):",
        _BY + "test_a_trunk_redirects_nobody",
    ),
    Mutant(
        _DIVERTING,
        "own = office.parts.directory.resolve(session.tenant, destination.number, caller)",
        "own = destination",
        _BY + "test_the_outside_is_shown_who_calls",
    ),
    Mutant(
        "switch/exchange/meter.py",
        "if attempt.forwards:",
        "if not attempt:",
        _BY + "test_to_the_outside_under_the_limits_of_who_forwards",
    ),
    Mutant(
        _TRANSFERS,
        "plain = by is session.call.anchor and session.interpreter is None",
        "plain = by is session.call.anchor",
        "tests/exchange/test_transfers.py::TestBeforeTheAnswer::test_in_a_flow_there_may_never_be_an_answer",
    ),
)
