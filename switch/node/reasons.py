"""A call's story with each agent's own reason at each offer, from the store alone.

The journal keeps of an offer what decided it; all else is what the router knew, and its trail gives that
back: from the nearest snapshot the events up to the decision are repeated, then it is taken once more by the
half that tells why. It works on the store of a running switch and on a copy.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from switch.acd.explain import AgentWhy, explain_decision, explain_waiting
from switch.acd.repeat import Repeat, Step
from switch.acd.trail import Reader, TrailError
from switch.api.views import WhyAnswer
from switch.base.errors import SoftswitchError
from switch.journal.why import AgentReason, Explanation, OfferWhy, explain
from switch.journal.words import agent_lines, tell
from switch.node.explanation import why_answer
from switch.store.store import Store

OFFERS_TOLD = 20
"""Of one call, with every agent: who rang at more agents has other worries, and each costs a repetition."""

BREATH_EVENTS = 50
BREATH_S = 0.0002
"""After so many events the repeating thread lets the loop of a running switch go first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A contact that waits at this moment, with its router's snapshot."""

    queue: str
    contact: str
    state: bytes
    now: int


def why(store: Store, call: str, waiting: Waiting | None = None) -> WhyAnswer | None:
    """None where the journal knows no such call. Blocks; raises ResourceError."""
    explanation = explain(store.entries_of_call(call))
    if explanation is None:
        return None
    explanation = with_reasons(store, explanation)
    lines = tell(explanation)
    agents: list[AgentReason] = []
    if waiting is not None:
        agents = [_reason(agent) for agent in explain_waiting(waiting.state, waiting.contact, waiting.now)]
    if waiting is not None and agents:
        lines.append(f"Waits now in queue {waiting.queue}. What keeps each agent from it:")
        lines += agent_lines(agents)
    return why_answer(explanation, "\n".join(lines), agents)


def with_reasons(store: Store, explanation: Explanation) -> Explanation:
    """The same story, with `agents` or `untold` in each offer."""
    wanted = [(visit.contact, offer) for visit in explanation.visits for offer in visit.offers]
    told = dict(_told(store, explanation.tenant, wanted[:OFFERS_TOLD]))
    rest = f"only the first {OFFERS_TOLD} offers of a call are told so far"

    def complete(offer: OfferWhy) -> OfferWhy:
        agents, untold = told.get(offer.entry, ((), rest))
        return replace(offer, agents=agents, untold=untold)

    visits = tuple(
        replace(visit, offers=tuple(complete(offer) for offer in visit.offers))
        for visit in explanation.visits
    )
    return replace(explanation, visits=visits)


_Told = tuple[tuple[AgentReason, ...], str]


def _told(store: Store, tenant: str, offers: Sequence[tuple[str, OfferWhy]]) -> Iterator[tuple[int, _Told]]:
    """By the offer's entry."""
    for contact, offer in offers:
        try:
            agents: _Told = (_agents(store, tenant, contact, offer), "")
        except SoftswitchError as error:
            agents = ((), str(error))
        yield offer.entry, agents


def _agents(store: Store, tenant: str, contact: str, offer: OfferWhy) -> tuple[AgentReason, ...]:
    """Raises TrailError and ResourceError."""
    run = store.trails.run_at(tenant, offer.entry)
    if run is None:
        raise TrailError("what the router was told then is not kept, or not any more")
    snapshot = store.trails.snapshot(tenant, run, until_event=offer.decision - 1)
    if snapshot is None:
        raise TrailError("what the router was told then is not kept any more")
    again = Repeat()
    state = Reader(snapshot).state
    for step in _breathing(again.steps(store.trails.onward(snapshot), until=offer.decision)):
        if step.sequence == offer.decision:
            explained = explain_decision(state, step.event, step.now, contact)
            if offer.agent not in {made.agent for made in explained.offers}:
                raise TrailError(
                    f"event {offer.decision} decides otherwise when it is repeated (see softswitch replay)"
                )
            return tuple(_reason(agent) for agent in explained.agents)
        if step.sequence == offer.decision - 1:
            state = again.router.snapshot()
    raise TrailError(f"event {offer.decision} of router {tenant} is not kept")


def _breathing(steps: Iterable[Step]) -> Iterator[Step]:
    for number, step in enumerate(steps):
        if number % BREATH_EVENTS == 0:
            time.sleep(BREATH_S)
        yield step


def _reason(agent: AgentWhy) -> AgentReason:
    return AgentReason(agent.agent, agent.reason, agent.detail, agent.idle_us, agent.score, agent.further)
