"""At which gate a waiting caller has to leave (docs/decisions/0031).

One rule for two who ask: the flow of a live call, and a simulated day.
"""

CHECK_EVERY_S = 10
"""How often the gates are looked at for a caller who waits: soon enough for people, and for a thousand
callers a hundred looks a second."""

NO_AGENTS = "no-agents"
NOBODY_READY = "nobody-ready"
ESTIMATE = "estimate"
CLOSED = "closed"
HOLIDAY = "holiday"
TIMEOUT = "timeout"

_STAFF_GATES = frozenset({NO_AGENTS, NOBODY_READY})


def asks_staff(leave_when: frozenset[str]) -> bool:
    """Whether somebody has to count who is at work, for `gate_of`."""
    return not leave_when.isdisjoint(_STAFF_GATES)


def gate_of(
    leave_when: frozenset[str], estimate_s_max: int, signed_in: int, ready: int, estimate_s: int
) -> str | None:
    """The gate, or None. `estimate_s_max` 0: no limit; `estimate_s` and counts of agents -1: not known."""
    if signed_in == 0 and NO_AGENTS in leave_when:
        return NO_AGENTS
    if ready == 0 and NOBODY_READY in leave_when:
        return NOBODY_READY
    if estimate_s_max and estimate_s > estimate_s_max:
        return ESTIMATE
    return None
