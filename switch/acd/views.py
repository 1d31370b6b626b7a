"""What operators and supervisors see. Reading changes nothing."""

from collections import Counter

from switch.acd.decisions import AgentState, AgentView, Place, QueueView, WaitingView
from switch.acd.estimate import estimate_us
from switch.acd.events import LineGrade
from switch.acd.state import Agent, State, VisitState


def place_of(state: State, contact: str, now: int) -> Place | None:
    """See Router.place."""
    visit = state.visits.get(contact)
    if visit is None or visit.queue is None or visit.state is VisitState.CONNECTED:
        return None
    now = max(now, state.now)
    queue = visit.queue
    position = queue.position(visit)
    estimate = 0 if visit.state is VisitState.OFFERED else estimate_us(state, visit, now)
    return Place(position, len(queue.line), estimate)


def queue_views(state: State, now: int) -> list[QueueView]:
    """See Router.queues. Linear in agents, the queues they name, and contacts: 40,000 queues are fine."""
    now = max(now, state.now)
    ready, signed_in = Counter[str](), Counter[str]()
    ready_everywhere = signed_in_everywhere = 0
    for agent in state.agents.values():
        if not agent.signed_in:
            continue
        available = agent.shown is AgentState.AVAILABLE and agent.line != LineGrade.UNUSABLE
        if not agent.queues:
            signed_in_everywhere += 1
            ready_everywhere += available
        for name in agent.queues:
            signed_in[name] += 1
            ready[name] += available
    return [
        QueueView(
            name=name,
            waiting=len(queue.line) - queue.offered,
            offered=queue.offered,
            talking=queue.talking,
            oldest_wait_us=max((visit.waited(now) for visit in queue.line), default=0),
            agents_ready=ready_everywhere + ready[name],
            agents_signed_in=signed_in_everywhere + signed_in[name],
            entered=queue.entered,
            answered=queue.answered,
            answered_in_time=queue.answered_in_time,
            abandoned=queue.abandoned,
            abandoned_in_time=queue.abandoned_in_time,
            withdrawn=queue.withdrawn,
            refused=queue.refused,
        )
        for name, queue in state.queues.items()
    ]


def _contact(agent: Agent) -> str:
    held = agent.talks or [offer.visit for offer in agent.offers]
    return held[0].id if held else ""


def agent_views(state: State) -> list[AgentView]:
    """See Router.agents. A pause is pending while something else is shown of a signed-in agent."""
    return [
        AgentView(
            name=agent.name,
            state=agent.shown,
            reason=agent.shown_reason,
            since=agent.since,
            contact=_contact(agent),
            answered=agent.answered,
            missed_in_row=agent.missed,
            pause_pending=agent.pause_reason if agent.shown is not AgentState.PAUSED else "",
            line=agent.line,
            load=agent.used(),
        )
        for agent in state.agents.values()
    ]


def waiting_views(state: State) -> list[WaitingView]:
    """See Router.waiting."""
    return [
        WaitingView(
            contact=visit.id,
            queue=name,
            state=visit.state.name,
            waiting_since=visit.contact.waiting_since,
            position=position,
            agent=visit.offers[0].agent.name if visit.offers else "",
            step=visit.step,
        )
        for name, queue in state.queues.items()
        for position, visit in enumerate(queue.line, start=1)
    ]
