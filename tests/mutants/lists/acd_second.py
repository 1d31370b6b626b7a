"""The router's second design: orders, policies, several rings, capacities, batches, estimates."""

from tests.mutants.mutant import Mutant

_ESTIMATE = "switch/acd/estimate.py"
_ESTIMATE_C = "switch/acd/estimate.c"
_ORDERS = "switch/acd/orders.py"
_SCORES = "switch/acd/scores.py"
_BATCH = "switch/acd/batch.py"
_WAITS = "tests/acd/test_estimate.py::"
_SERVED = "tests/acd/test_policies.py::test_who_is_served"
_SURGES_ALIKE = "tests/twins/test_router_twin.py::test_the_halves_match_surges_alike"
_CALLED = "tests/acd/test_policies.py::test_who_is_called"

MUTANTS = (
    # A caller is told a wait that is true.
    Mutant(
        _ESTIMATE,
        "others = max(0, left - ONE - part // 2)",
        "others = 0",
        _WAITS + "test_who_gives_up_needs_no_agent",
    ),
    Mutant(
        _ESTIMATE,
        "if within * count > work * part.bit_count():",
        "if False:",
        _WAITS + "test_widening_is_in_the_estimate",
    ),
    Mutant(
        _ESTIMATE_C,
        "if (within * count > work * part) {",
        "if (within * count > work * part && work < 0) {",
        _WAITS + "test_widening_is_in_the_estimate",
    ),
    Mutant(
        _ESTIMATE_C,
        "int64_t part = least(block, ahead), others = most(0, ahead - ONE - part / 2);",
        "int64_t part = least(block, ahead), others = 0;",
        _WAITS + "test_who_gives_up_needs_no_agent",
    ),
    # What each order and policy is for.
    Mutant(_ORDERS, "return queue.waiting() * shares - queue.settings.share * waiting", "return 0", _SERVED),
    Mutant(_ORDERS, "return max(0, target - (in_time << 16) // queue.ends)", "return 0", _SERVED),
    Mutant(
        _SCORES,
        "return [-(agent.today << SCORE_SHIFT) for agent in fit]",
        "return [0 for agent in fit]",
        _CALLED,
    ),
    # Nobody may be overtaken, and the whole must be the best.
    Mutant(
        _BATCH,
        "return _augment(visit, able, dict(owner), set())",
        "return any(at not in owner for at in able[visit.seq])",
        "tests/acd/test_batch.py::test_others_move_so_that_one_more_is_served",
    ),
    # A batch in C: who is at the place of whom, and at what cost.
    Mutant(
        "switch/acd/batch.c",
        "if (touched < 2 || r->waiting < 2)",
        "if (touched < 3 || r->waiting < 2)",
        _SURGES_ALIKE,
    ),
    Mutant(
        "switch/acd/batch.c",
        "int64_t idle = agent->name == visit->plan->before ? 0 : (int64_t)columns[i] + 1;",
        "int64_t idle = (int64_t)columns[i] + 1;",
        _SURGES_ALIKE,
    ),
    Mutant(
        "switch/acd/matching.c",
        "b->row_price[b->row_of[column]] += saved;",
        "b->row_price[b->row_of[column]] -= saved;",
        _SURGES_ALIKE,
    ),
)
