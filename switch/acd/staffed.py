"""How many of a queue's agents are at work: what its gates ask while callers wait.

One rule for two who ask: the exchange for live calls, and a simulated day.
"""

from collections.abc import Iterable, Mapping

from switch.acd.decisions import AgentState, AgentView

FRESH_US = 1_000_000
"""Counts are taken again after this: a line of a thousand asks a hundred times a second."""

_AT_WORK = frozenset({AgentState.AVAILABLE, AgentState.OFFERED, AgentState.BUSY, AgentState.WRAP_UP})


def count_staff(
    views: Iterable[AgentView], queues_of: Mapping[str, Iterable[str]]
) -> dict[str, tuple[int, int]]:
    """By queue: agents who are signed in, and of those who take contacts: not paused nor about to be, with a
    phone that is registered, busy or not. `queues_of` are those that each agent serves; who is not among
    them is not counted."""
    counts: dict[str, tuple[int, int]] = {}
    for view in views:
        if view.name not in queues_of or view.state is AgentState.LOGGED_OUT:
            continue
        ready = view.state in _AT_WORK and not view.reason
        for queue in queues_of[view.name]:
            signed_in, working = counts.get(queue, (0, 0))
            counts[queue] = (signed_in + 1, working + ready)
    return counts
