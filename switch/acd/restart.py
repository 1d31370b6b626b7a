"""A router as a new process takes it over from one that is gone: all that people and turns have is kept.

| left by the last process | becomes |
| --- | --- |
| presence, pauses, idle order, counts, misses, rests, what was drawn at random | stays |
| a wrap-up | runs on |
| phones | unreachable, until they are there again |
| measured lines | good, until they are measured again |
| calls of no queue | none |
| a contact that waits or is rung | withdrawn: its call is gone |
| a talk | finished; the wrap-up begins |
"""

from dataclasses import dataclass

from switch.acd.events import Disengage, Event, Finish, Reach, SetLine, Withdraw
from switch.acd.limits import NEVER
from switch.acd.router import Router
from switch.acd.snapshot import read
from switch.acd.state import VisitState


@dataclass(frozen=True, slots=True)
class Resumed:
    """`state` is a snapshot to go on from; `wake_at` is when something in it falls due, or None."""

    state: bytes
    wake_at: int | None


def resume(data: bytes, reason: str) -> Resumed:
    """`data` is the last snapshot of the gone router; `reason` is why its contacts leave.

    Everything happens at the last moment that it saw: whoever was rung then has not missed anything. Raises
    SnapshotError.
    """
    state = read(data)
    router = Router.restore(data)
    events: list[Event] = []
    # In this order, so that nobody who is freed is offered a contact that leaves as well, and nobody's phone
    # is lost while it rings, for which an agent would rest.
    for place in (VisitState.WAITING, VisitState.OFFERED, VisitState.CONNECTED):
        leave = [visit.id for visit in state.visits.values() if visit.state is place]
        talked = place is VisitState.CONNECTED
        events += [Finish(contact) if talked else Withdraw(contact, reason) for contact in leave]
    for agent in state.agents.values():
        events += [Disengage(agent.name)] * agent.engaged
        events.append(Reach(agent.name, False))
    events += [SetLine(view.name, 0) for view in router.agents(state.now) if view.line]
    for event in events:
        router.apply(event, state.now)
    kept = router.snapshot()
    wake_at = read(kept).wake_at
    return Resumed(kept, None if wake_at == NEVER else wake_at)
