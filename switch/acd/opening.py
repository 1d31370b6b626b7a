"""A router's state as the events that would have led to it: how a record that begins in the middle begins."""

from collections.abc import Iterator

from switch.acd import events as ev
from switch.acd.snapshot import read
from switch.acd.state import VisitState


def opening(data: bytes) -> Iterator[tuple[int, ev.Event]]:
    """With the time of each, in order. Who talks is engaged, and who waits arrives, with the time that they
    waited. Counts are not kept. Raises SnapshotError."""
    state = read(data)
    for queue in state.queues.values():
        yield 0, ev.SetQueue(queue.settings)
    for agent in state.agents.values():
        yield 0, ev.SetAgent(agent.settings)
    # In the order of their turns, which is that of sign-in.
    for agent in sorted(state.agents.values(), key=lambda agent: agent.idle_since):
        at = min(agent.idle_since, state.now)
        if agent.reachable:
            yield at, ev.Reach(agent.name, True)
        if agent.signed_in:
            yield at, ev.SignIn(agent.name)
        if agent.paused:
            yield at, ev.Pause(agent.name, agent.pause_reason)
        for _ in range(agent.engaged + len(agent.talks)):
            yield at, ev.Engage(agent.name)
    for visit in state.visits.values():
        if visit.state is not VisitState.CONNECTED:
            yield state.now, ev.Arrive(visit.contact)
