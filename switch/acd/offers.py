"""Offers: made, claimed, failed, rescinded. The part of the router in which agents are reserved.

A visit has at most one offer, but with `ring-all` and `ring-progressively`; each offer reserves its agent.
"""

from functools import partial

from switch.acd import events as ev
from switch.acd.batch import assign
from switch.acd.choose import Given, choose, may_serve
from switch.acd.decisions import ClaimRefused, Connected, Offered, OfferEnded, OfferOutcome
from switch.acd.due import DueKind
from switch.acd.limits import (
    ANSWERS_KEPT,
    BACKOFFS_MAX,
    RETRY_MIN_US,
    RING_UNLIMITED_US,
    RINGS_MAX,
)
from switch.acd.orders import Walk
from switch.acd.settings import Assign, Policy
from switch.acd.state import Agent, Offer, Queue, State, Visit, VisitState

MISSED = "missed"
"""The reason of the pause after too many unanswered offers in a row."""

_RANG_OUT = frozenset({OfferOutcome.NO_ANSWER, OfferOutcome.LEASE_EXPIRED})
"""Outcomes that count as misses. A deliberate decline does not: the agent is there and has seen it."""

_RINGS_SEVERAL = frozenset({Policy.RING_ALL, Policy.RING_PROGRESSIVELY})


class Offers:
    """What the router does with offers; `Router` adds what happens to queues, agents and contacts."""

    def __init__(self, seed: int = 0) -> None:
        self._s = State(seed)

    # Matching.

    def _settle(self) -> None:
        """Until no agent who is ready could serve a waiting visit, or be rung for an offered one."""
        state = self._s
        if state.dirty_agents or state.dirty_visits:
            fresh = [agent for agent in state.dirty_agents.values() if agent.is_ready()]
            ready: list[Agent] = []
            if state.dirty_visits:
                ready = [agent for agent in state.agents.values() if agent.is_ready()]
            if fresh or ready:
                self._serve_together()
                self._serve(fresh, ready)
                self._ring_more(fresh, ready)
        state.dirty_visits.clear()
        state.dirty_agents.clear()

    def _lines(self, fresh: list[Agent]) -> list[list[Visit]]:
        """All lines where an agent is fresh; else only those of them who were touched."""
        state = self._s
        if fresh:
            return [queue.line for queue in state.queues.values()]
        touched: dict[str, list[Visit]] = {}
        for visit in sorted(state.dirty_visits.values(), key=lambda visit: visit.key):
            touched.setdefault(visit.contact.queue, []).append(visit)
        return list(touched.values())

    def _someone_may(self, fresh: list[Agent], ready: list[Agent], visit: Visit) -> bool:
        state = self._s
        able = ready if visit.seq in state.dirty_visits else fresh
        return any(may_serve(state, agent, visit) for agent in able)

    def _serve_together(self) -> None:
        """As a whole, as long as two or more can be served at once and the tenant wants it so."""
        if self._s.tenant.assign is not Assign.BATCH:
            return
        while assigned := assign(self._s):
            for given in assigned:
                self._offer(given.visit, given)

    def _serve(self, fresh: list[Agent], ready: list[Agent]) -> None:
        """One offer to each waiting visit that may be served, in order."""
        someone_may = partial(self._someone_may, fresh, ready)
        walk = Walk(
            self._s,
            self._lines(fresh),
            lambda visit: visit.state is VisitState.WAITING and someone_may(visit),
        )
        while (visit := walk.next()) is not None:
            self._offer(visit)

    def _ring_more(self, fresh: list[Agent], ready: list[Agent]) -> None:
        """Further offers of visits that are offered already, as far as their queues' policies ask for it."""
        someone_may = partial(self._someone_may, fresh, ready)
        walk = Walk(
            self._s,
            self._lines(fresh),
            lambda visit: (
                visit.state is VisitState.OFFERED and self._wants_more(visit) and someone_may(visit)
            ),
        )
        while (visit := walk.next()) is not None:
            while self._wants_more(visit) and self._offer(visit):
                pass

    @staticmethod
    def _wants_more(visit: Visit) -> bool:
        """An offered visit may be offered to one more agent."""
        assert visit.queue is not None, "an offer has its queue"
        match visit.queue.settings.policy:
            case Policy.RING_ALL:
                return len(visit.offers) < RINGS_MAX
            case Policy.RING_PROGRESSIVELY:
                return len(visit.offers) < visit.rings
            case _:
                return False

    def _offer(self, visit: Visit, given: Given | None = None) -> bool:
        """Choose the best agent, if any, or take the one given, and reserve in the same step."""
        state = self._s
        chosen = choose(state, visit, given)
        if chosen is None:
            return False
        agent, choice = chosen
        queue = visit.queue
        assert queue is not None, "a waiting visit has a queue"
        ring_us = queue.settings.ring_us or RING_UNLIMITED_US
        state.last_offer += 1
        # Monotonic time is in the fence, so that an offer's number given again after a crash that lost
        # the last moments cannot be claimed by what remembers the first.
        state.last_fence = max(state.last_fence + 1, state.now)
        lease_until = state.now + ring_us + queue.settings.lease_margin_us
        offer = Offer(state.last_offer, state.last_fence, visit, agent, lease_until)
        if visit.state is VisitState.WAITING:
            visit.state = VisitState.OFFERED
            queue.offered += 1
            self._begin_rings(visit, queue)
        visit.offers.append(offer)
        agent.offers.append(offer)
        queue.last = (agent.order, agent.name)
        state.offers[offer.number] = offer
        state.due.set(DueKind.LEASE, offer.number, offer.lease_until)
        state.out.append(
            Offered(
                offer.number,
                offer.fence,
                visit.id,
                visit.contact.queue,
                agent.name,
                ring_us,
                lease_until,
                choice,
            )
        )
        state.refresh(agent)
        return True

    def _begin_rings(self, visit: Visit, queue: Queue) -> None:
        visit.rings = 1
        if queue.settings.policy is Policy.RING_PROGRESSIVELY:
            self._time_rings(visit, queue)

    def _time_rings(self, visit: Visit, queue: Queue) -> None:
        visit.more_at = self._s.now + max(queue.settings.ring_more_us, RETRY_MIN_US)
        self._s.due.set(DueKind.MORE, visit.seq, visit.more_at)

    def _more_rings(self, visit: Visit) -> None:
        """One more agent may be rung from now on."""
        assert visit.queue is not None, "an offer has its queue"
        visit.rings += 1
        visit.more_at = 0
        if visit.rings < RINGS_MAX:
            self._time_rings(visit, visit.queue)
        self._s.dirty_visits[visit.seq] = visit

    def _stop_rings(self, visit: Visit) -> None:
        visit.rings = visit.more_at = 0
        self._s.due.cancel(DueKind.MORE, visit.seq)

    # Ends.

    def _close(self, offer: Offer) -> None:
        """The reservation is over. Without offers the visit waits again, with its place."""
        state = self._s
        visit, agent = offer.visit, offer.agent
        del state.offers[offer.number]
        state.due.cancel(DueKind.LEASE, offer.number)
        visit.offers.remove(offer)
        agent.offers.remove(offer)
        if visit.state is not VisitState.OFFERED:
            return
        state.dirty_visits[visit.seq] = visit
        if not visit.offers:
            assert visit.queue is not None, "an offer has its queue"
            visit.state = VisitState.WAITING
            visit.queue.offered -= 1
            self._stop_rings(visit)

    def _end_offer(self, offer: Offer, outcome: OfferOutcome) -> None:
        """Not the agent's doing: the agent keeps idle time and is free at once."""
        self._close(offer)
        self._s.out.append(OfferEnded(offer.number, offer.visit.id, offer.agent.name, outcome))
        self._s.refresh(offer.agent)

    def _rescind(self, visit: Visit, outcome: OfferOutcome) -> None:
        for offer in list(visit.offers):
            self._end_offer(offer, outcome)

    def _rescind_of(self, agent: Agent) -> None:
        """The agent went away while rung: the caller goes on at once."""
        for offer in list(agent.offers):
            self._end_offer(offer, OfferOutcome.AGENT_GONE)

    def _claim(self, event: ev.Claim) -> None:
        state = self._s
        offer = state.offers.get(event.offer)
        if offer is None or offer.fence != event.fence:
            state.out.append(ClaimRefused(event.offer))
            return
        visit, agent = offer.visit, offer.agent
        queue = visit.queue
        assert queue is not None, "an offer has its queue"
        state.leave_line(visit)
        for kind in (DueKind.STEP, DueKind.BACKOFF, DueKind.KEPT):
            state.due.cancel(kind, visit.seq)
        self._stop_rings(visit)
        visit.state = VisitState.CONNECTED
        self._close(offer)
        waited = visit.waited(state.now)
        visit.agent, visit.agent_name = agent, agent.name
        visit.backoffs = []
        visit.connected_at = state.now
        visit.wrap_up_us = queue.settings.wrap_up_us
        agent.talks = sorted((*agent.talks, visit), key=lambda talk: talk.seq)
        queue.offered -= 1
        queue.talking += 1
        queue.answered += 1
        queue.answered_in_time += queue.in_time(waited)
        queue.answers = [*queue.answers[1 - ANSWERS_KEPT :], state.now]
        queue.note_end(waited)
        queue.note_wait(waited, gave_up=False)
        agent.answered += 1
        agent.today += 1
        agent.missed = 0
        state.out.append(Connected(offer.number, visit.id, visit.contact.queue, agent.name, waited))
        state.refresh(agent)
        self._rescind(visit, OfferOutcome.ANSWERED_ELSEWHERE)

    def _decline(self, event: ev.Decline) -> None:
        offer = self._s.offers.get(event.offer)
        if offer is not None and offer.fence == event.fence:
            self._offer_failed(offer, OfferOutcome(event.reason.value))

    def _offer_failed(self, offer: Offer, outcome: OfferOutcome) -> None:
        """The agent did not take it. What rang out backs off this pair; the rest rests the agent."""
        visit, agent = offer.visit, offer.agent
        queue = visit.queue
        assert queue is not None, "an offer has its queue"
        self._close(offer)
        if outcome in _RANG_OUT:
            self._back_off(visit, agent, queue)
        else:
            self._rest(agent, queue)
        if self._is_miss(queue, outcome):
            agent.missed += 1
            limit = queue.settings.misses_before_pause
            if limit and agent.missed >= limit and not agent.paused:
                agent.paused, agent.pause_reason = True, MISSED
        self._s.out.append(OfferEnded(offer.number, visit.id, agent.name, outcome))
        self._s.refresh(agent)

    @staticmethod
    def _is_miss(queue: Queue, outcome: OfferOutcome) -> bool:
        return (
            outcome in _RANG_OUT
            or (outcome is OfferOutcome.BUSY and queue.settings.busy_is_miss)
            or (outcome is OfferOutcome.UNREACHABLE and queue.settings.unreachable_is_miss)
        )

    def _back_off(self, visit: Visit, agent: Agent, queue: Queue) -> None:
        """This contact is not offered to this agent again before the retry time."""
        until = self._s.now + max(queue.settings.retry_same_agent_us, RETRY_MIN_US)
        kept = [item for item in visit.backoffs if item[0] != agent.name]
        if len(kept) >= BACKOFFS_MAX:
            kept.remove(min(kept, key=lambda item: item[1]))
        visit.backoffs = [*kept, (agent.name, until)]
        self._time_backoffs(visit)

    def _drop_backoffs(self, visit: Visit) -> None:
        visit.backoffs = [(name, until) for name, until in visit.backoffs if until > self._s.now]
        self._time_backoffs(visit)
        self._s.dirty_visits[visit.seq] = visit

    def _time_backoffs(self, visit: Visit) -> None:
        if visit.backoffs:
            earliest = min(until for _, until in visit.backoffs)
            self._s.due.set(DueKind.BACKOFF, visit.seq, earliest)
        else:
            self._s.due.cancel(DueKind.BACKOFF, visit.seq)

    def _rest(self, agent: Agent, queue: Queue) -> None:
        """A phone that fails or rejects by itself gets no contact at all before the retry time.

        Otherwise it would be offered one waiting contact after the other, as fast as it rejects.
        """
        until = self._s.now + max(queue.settings.retry_same_agent_us, RETRY_MIN_US)
        agent.rest_until = max(agent.rest_until, until)
        self._s.due.set(DueKind.REST, agent.number, agent.rest_until)
