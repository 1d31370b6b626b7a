"""A call's story as the API tells it, from the journal's explanation."""

from collections.abc import Iterable

from switch.api.views import WhyAgent, WhyAnswer, WhyCandidate, WhyEvent, WhyOffer
from switch.journal.why import AgentReason, Explanation

_US_PER_MS = 1_000


def why_answer(explanation: Explanation, text: str, waiting: Iterable[AgentReason] = ()) -> WhyAnswer:
    """`text` is the same in plain words; `waiting` the agents beside a contact that waits now."""
    offers = tuple(
        WhyOffer(
            at_ms=offer.at_us // _US_PER_MS,
            queue=visit.queue,
            agent=offer.agent,
            policy=offer.policy,
            needs=offer.needs,
            candidates_count=offer.candidates,
            candidates=tuple(
                WhyCandidate(rank.agent, rank.score, rank.idle_us // _US_PER_MS) for rank in offer.best
            ),
            exclusions=offer.exclusions,
            tie_break=offer.tie_break,
            outcome=offer.outcome,
            event=offer.decision,
            agents=_agents(offer.agents),
            untold=offer.untold,
        )
        for visit in explanation.visits
        for offer in visit.offers
    )
    events = tuple(
        WhyEvent(moment.at_us // _US_PER_MS, moment.what, moment.detail) for moment in explanation.moments
    )
    return WhyAnswer(explanation.call, explanation.tenant, text, offers, events, _agents(waiting))


def _agents(reasons: Iterable[AgentReason]) -> tuple[WhyAgent, ...]:
    return tuple(
        WhyAgent(
            reason.agent,
            reason.reason,
            reason.detail,
            reason.score,
            reason.idle_us // _US_PER_MS if reason.idle_us >= 0 else None,
            reason.further,
        )
        for reason in reasons
    )
