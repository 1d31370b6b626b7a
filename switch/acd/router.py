"""The router: the specification of what `router.c` does, and its fallback where C is not built.

Theory of operation. `apply` first does what has fallen due (leases, wrap-ups, rests, requirement steps,
back-offs), then the event, then settles once, then says when it wants to be woken. Before each event no
free agent could serve any waiting visit; so settling looks only at pairs in which the agent or the visit
was touched ("dirty"). It walks the waiting in the order in which they are to be served (queue priority,
contact priority, waiting since, arrival) and gives each the best agent by the policy of its queue.
Choosing and reserving are one step: the walk itself makes the offer.

An offer is harmless once it is over: `Claim` and `Decline` must name both the offer and its fence.
"""

from collections.abc import Callable
from typing import Any, Self

from switch.acd import events as ev
from switch.acd import snapshot
from switch.acd.choose import choose, may_serve, servable
from switch.acd.decisions import (
    Admitted,
    AgentChanged,
    AgentState,
    AgentView,
    ClaimRefused,
    Connected,
    Decision,
    Offered,
    OfferEnded,
    OfferOutcome,
    Place,
    QueueView,
    RefusalReason,
    Refused,
    VisitEnded,
    VisitOutcome,
    WaitingView,
    WakeAt,
    Widened,
)
from switch.acd.due import DueKind
from switch.acd.limits import (
    AMOUNT_MAX,
    ANSWERS_KEPT,
    BACKOFFS_MAX,
    RETRY_MIN_US,
    RING_UNLIMITED_US,
)
from switch.acd.packed import Packed
from switch.acd.state import (
    Agent,
    Queue,
    State,
    Visit,
    VisitState,
    amount,
    clean_contact,
    clean_queue,
    global_key,
)
from switch.acd.views import agent_views, place_of, queue_views, waiting_views

MISSED = "missed"
"""The reason of the pause after too many unanswered offers in a row."""

_RANG_OUT = frozenset({OfferOutcome.NO_ANSWER, OfferOutcome.LEASE_EXPIRED})
"""Outcomes that count as misses. A deliberate decline does not: the agent is there and has seen it."""


class Router(Packed):
    """One tenant's router. Deterministic: the same events give the same decisions, on any machine.

    Events that name an unknown queue, agent or contact are no-ops, for a race makes them normal.
    Time never runs backwards: an earlier `now` counts as the latest one seen.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._s = State(seed)
        self._handlers: dict[type, Callable[[Any], None]] = {
            ev.SetQueue: self._set_queue,
            ev.SetAgent: self._set_agent,
            ev.RemoveQueue: self._remove_queue,
            ev.RemoveAgent: self._remove_agent,
            ev.SignIn: self._sign_in,
            ev.SignOut: self._sign_out,
            ev.Pause: self._pause,
            ev.Resume: self._resume,
            ev.Reach: self._reach,
            ev.Engage: self._engage,
            ev.Disengage: self._disengage,
            ev.Arrive: self._arrive,
            ev.Abandon: self._abandon,
            ev.Withdraw: self._withdraw,
            ev.Claim: self._claim,
            ev.Decline: self._decline,
            ev.Finish: self._finish,
            ev.EndWrapUp: self._end_wrap_up,
            ev.Wake: self._wake,
        }

    def apply(self, event: ev.Event, now: int) -> list[Decision]:
        """Take one event at monotonic time `now` (microseconds); the decisions, in order."""
        state = self._s
        handler = self._handlers.get(type(event))
        if handler is None:
            raise TypeError(f"not an event of the router: {type(event).__name__}")
        state.now = max(state.now, amount(now))
        state.sequence += 1
        state.out = []
        self._fall_due()
        handler(event)
        self._settle()
        at = state.due.next()
        if at is not None and at != state.wake_at:
            state.wake_at = at
            state.out.append(WakeAt(at))
        return state.out

    def place(self, contact: str, now: int) -> Place | None:
        """Where a waiting or offered contact stands; None for any other.

        Estimate: position times the mean time between the answers of this queue, measured from the
        oldest of the last 16 answers within half an hour until now; -1 with fewer than two of them,
        0 while an agent is rung.
        """
        return place_of(self._s, contact, now)

    def queues(self, now: int) -> list[QueueView]:
        """All queues in the order in which they were first set."""
        return queue_views(self._s, now)

    def agents(self, now: int) -> list[AgentView]:  # noqa: ARG002 - the four views share one shape
        """All agents in the order in which they were first set."""
        return agent_views(self._s)

    def waiting(self, now: int) -> list[WaitingView]:  # noqa: ARG002 - the four views share one shape
        """All who wait or are offered, queue by queue, in the order of their lines."""
        return waiting_views(self._s)

    def digest(self) -> int:
        """64 bits over the whole state, the same from both halves."""
        return snapshot.digest(snapshot.write(self._s))

    def snapshot(self) -> bytes:
        """The whole state, the same bytes from both halves."""
        return snapshot.write(self._s)

    @classmethod
    def restore(cls, data: bytes) -> Self:
        """A router that goes on where `snapshot` was taken. Raises SnapshotError."""
        router = cls()
        router._s = snapshot.read(data)
        return router

    # What falls due.

    def _fall_due(self) -> None:
        state = self._s
        while (item := state.due.pop(state.now)) is not None:
            kind, number = item
            match kind:
                case DueKind.LEASE:
                    self._offer_failed(state.offers[number], OfferOutcome.LEASE_EXPIRED)
                case DueKind.WRAP_UP:
                    agent = state.agents_by_number[number]
                    agent.wrap_until = 0
                    state.refresh(agent)
                case DueKind.REST:
                    agent = state.agents_by_number[number]
                    agent.rest_until = 0
                    state.refresh(agent)
                case DueKind.STEP:
                    self._widen(state.visits_by_seq[number])
                case DueKind.BACKOFF:
                    self._drop_backoffs(state.visits_by_seq[number])

    def _widen(self, visit: Visit) -> None:
        """Bring the visit to the step that its wait entitles it to, and time the next one."""
        state = self._s
        before = visit.step
        while (due := visit.step_due()) is not None and due <= state.now:
            visit.step += 1
        if visit.step != before:
            state.out.append(Widened(visit.id, visit.contact.queue, visit.step))
        if due is not None:
            state.due.set(DueKind.STEP, visit.seq, due)
        state.dirty_visits[visit.seq] = visit

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

    # Queues and agents.

    def _set_queue(self, event: ev.SetQueue) -> None:
        settings = clean_queue(event.queue)
        queue = self._s.queues.get(settings.name)
        if queue is None:
            self._s.queues[settings.name] = Queue(settings)
        else:
            queue.settings = settings

    def _set_agent(self, event: ev.SetAgent) -> None:
        state = self._s
        agent = state.agents.get(event.agent.name)
        if agent is None:
            state.last_agent += 1
            agent = Agent(event.agent.name, state.last_agent, state.now)
            state.agents[agent.name] = agent
            state.agents_by_number[agent.number] = agent
        agent.configure(event.agent)
        state.refresh(agent)

    def _remove_queue(self, event: ev.RemoveQueue) -> None:
        state = self._s
        queue = state.queues.get(event.queue)
        if queue is None:
            return
        for visit in list(queue.line):
            if visit.state is VisitState.OFFERED:
                self._rescind(visit, OfferOutcome.WITHDRAWN)
            state.out.append(Refused(visit.id, event.queue, RefusalReason.QUEUE_REMOVED))
            self._leave(visit, VisitOutcome.REFUSED, RefusalReason.QUEUE_REMOVED.value)
        for visit in state.visits.values():
            if visit.queue is queue:
                visit.queue = None
        del state.queues[event.queue]

    def _remove_agent(self, event: ev.RemoveAgent) -> None:
        state = self._s
        agent = state.agents.get(event.agent)
        if agent is None:
            return
        self._rescind_of(agent)
        if agent.visit is not None:
            agent.visit.agent = None
        state.due.cancel(DueKind.WRAP_UP, agent.number)
        state.due.cancel(DueKind.REST, agent.number)
        del state.agents[agent.name]
        del state.agents_by_number[agent.number]
        state.dirty_agents.pop(agent.number, None)
        if agent.shown is not AgentState.LOGGED_OUT:
            state.out.append(AgentChanged(agent.name, AgentState.LOGGED_OUT, ""))

    # What agents do.

    def _sign_in(self, event: ev.SignIn) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None or agent.signed_in:
            return
        agent.signed_in = True
        agent.missed = 0
        agent.idle_since = self._s.now
        self._s.refresh(agent)

    def _sign_out(self, event: ev.SignOut) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None or not agent.signed_in:
            return
        agent.signed_in = False
        agent.paused, agent.pause_reason = False, ""
        self._rescind_of(agent)
        self._s.refresh(agent)

    def _pause(self, event: ev.Pause) -> None:
        """No offers from now on; an offer that rings stands, for the agent may still take it."""
        agent = self._s.agents.get(event.agent)
        if agent is None:
            return
        agent.paused, agent.pause_reason = True, event.reason
        self._s.refresh(agent)

    def _resume(self, event: ev.Resume) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None:
            return
        agent.paused, agent.pause_reason = False, ""
        agent.missed = 0
        self._s.refresh(agent)

    def _reach(self, event: ev.Reach) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None or agent.reachable == event.reachable:
            return
        agent.reachable = event.reachable
        if not agent.reachable and agent.visit is not None and agent.visit.state is VisitState.OFFERED:
            # A phone whose registration flaps must not be invited at each flap.
            self._rest(agent, agent.visit.queue)
            self._rescind_of(agent)
        self._s.refresh(agent)

    def _engage(self, event: ev.Engage) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None:
            return
        agent.engaged = min(agent.engaged + 1, AMOUNT_MAX)
        self._rescind_of(agent)
        self._s.refresh(agent)

    def _disengage(self, event: ev.Disengage) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None or not agent.engaged:
            return
        agent.engaged -= 1
        self._s.refresh(agent)

    def _end_wrap_up(self, event: ev.EndWrapUp) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None or not agent.wrap_until:
            return
        agent.wrap_until = 0
        agent.idle_since = self._s.now
        self._s.due.cancel(DueKind.WRAP_UP, agent.number)
        self._s.refresh(agent)

    # What contacts do.

    def _arrive(self, event: ev.Arrive) -> None:
        """A contact that is already here stays as it is: its id is unique, so this is a repetition."""
        state = self._s
        if event.contact.contact in state.visits:
            return
        contact = clean_contact(event.contact, state.now)
        queue = state.queues.get(contact.queue)
        visit = Visit(contact, queue, state.last_seq + 1)
        refusal = self._refusal(queue, visit)
        if refusal is not None:
            if queue is not None:
                queue.refused += 1
            state.out.append(Refused(visit.id, contact.queue, refusal))
            return
        assert queue is not None, "an unknown queue was refused above"
        state.last_seq += 1
        queue.entered += 1
        state.add_visit(visit)
        state.out.append(Admitted(visit.id, contact.queue, queue.position(visit)))
        self._widen(visit)

    def _refusal(self, queue: Queue | None, visit: Visit) -> RefusalReason | None:
        """Why a contact is not let in; the first that applies."""
        if queue is None:
            return RefusalReason.UNKNOWN_QUEUE
        settings = queue.settings
        if settings.contacts_max and len(queue.line) >= settings.contacts_max:
            return RefusalReason.FULL
        if settings.refuse_without_agents and not any(
            agent.signed_in and agent.serves(settings.name) for agent in self._s.agents.values()
        ):
            return RefusalReason.NO_AGENTS
        if not servable(self._s, visit):
            return RefusalReason.UNSERVABLE
        return None

    def _abandon(self, event: ev.Abandon) -> None:
        """A customer who hangs up just as the agent's claim is granted ends that talk."""
        visit = self._s.visits.get(event.contact)
        if visit is None:
            return
        if visit.state is VisitState.CONNECTED:
            self._end_talk(visit)
            return
        if visit.state is VisitState.OFFERED:
            self._rescind(visit, OfferOutcome.CALLER_GONE)
        if visit.queue is not None:
            visit.queue.abandoned += 1
            visit.queue.abandoned_in_time += visit.queue.in_time(visit.waited(self._s.now))
        self._leave(visit, VisitOutcome.ABANDONED, "")

    def _withdraw(self, event: ev.Withdraw) -> None:
        """A dialplan's time-out that comes after the claim was granted changes nothing."""
        visit = self._s.visits.get(event.contact)
        if visit is None or visit.state is VisitState.CONNECTED:
            return
        if visit.state is VisitState.OFFERED:
            self._rescind(visit, OfferOutcome.WITHDRAWN)
        if visit.queue is not None:
            visit.queue.withdrawn += 1
        self._leave(visit, VisitOutcome.WITHDRAWN, event.reason)

    def _finish(self, event: ev.Finish) -> None:
        visit = self._s.visits.get(event.contact)
        if visit is not None and visit.state is VisitState.CONNECTED:
            self._end_talk(visit)

    def _end_talk(self, visit: Visit) -> None:
        state = self._s
        if visit.queue is not None:
            visit.queue.talking -= 1
        state.out.append(
            VisitEnded(
                visit.id,
                visit.contact.queue,
                VisitOutcome.ENDED,
                "",
                visit.agent_name,
                visit.waited(visit.connected_at),
                state.now - visit.connected_at,
            )
        )
        state.forget_visit(visit)
        agent = visit.agent
        if agent is None:
            return
        agent.visit = None
        if visit.wrap_up_us:
            # Never shortened: an earlier talk's longer wrap-up still counts.
            agent.wrap_until = max(agent.wrap_until, state.now + visit.wrap_up_us)
            state.due.set(DueKind.WRAP_UP, agent.number, agent.wrap_until)
        agent.idle_since = max(state.now, agent.wrap_until)
        state.refresh(agent)

    def _leave(self, visit: Visit, outcome: VisitOutcome, reason: str) -> None:
        """A visit that waits leaves its line for good."""
        state = self._s
        waited = visit.waited(state.now)
        state.leave_line(visit)
        state.due.cancel(DueKind.STEP, visit.seq)
        state.due.cancel(DueKind.BACKOFF, visit.seq)
        state.forget_visit(visit)
        state.out.append(VisitEnded(visit.id, visit.contact.queue, outcome, reason, "", waited, 0))

    # Offers.

    def _settle(self) -> None:
        state = self._s
        free = [agent for agent in state.dirty_agents.values() if agent.is_free() and not agent.rest_until]
        dirty = state.dirty_visits
        walk = state.in_order() if free else iter(sorted(dirty.values(), key=global_key))
        for visit in walk:
            if not free and not dirty:
                break
            if visit.state is VisitState.WAITING and (
                visit.seq in dirty or any(may_serve(agent, visit) for agent in free)
            ):
                self._offer(visit)
                free = [agent for agent in free if agent.visit is None]
            dirty.pop(visit.seq, None)
        dirty.clear()
        state.dirty_agents.clear()

    def _offer(self, visit: Visit) -> None:
        """Choose the best agent, if any, and reserve in the same step."""
        state = self._s
        chosen = choose(state, visit)
        if chosen is None:
            return
        agent, choice = chosen
        queue = visit.queue
        assert queue is not None, "a waiting visit has a queue"
        ring_us = queue.settings.ring_us or RING_UNLIMITED_US
        state.last_offer += 1
        # Monotonic time is in the fence, so that an offer's number given again after a crash that lost
        # the last moments cannot be claimed by what remembers the first.
        state.last_fence = max(state.last_fence + 1, state.now)
        visit.state = VisitState.OFFERED
        visit.offer, visit.fence = state.last_offer, state.last_fence
        visit.agent, visit.agent_name = agent, agent.name
        visit.lease_until = state.now + ring_us + queue.settings.lease_margin_us
        agent.visit = visit
        queue.offered += 1
        state.offers[visit.offer] = visit
        state.due.set(DueKind.LEASE, visit.offer, visit.lease_until)
        state.out.append(
            Offered(
                visit.offer,
                visit.fence,
                visit.id,
                visit.contact.queue,
                agent.name,
                ring_us,
                visit.lease_until,
                choice,
            )
        )
        state.refresh(agent)

    def _close_offer(self, visit: Visit) -> Agent:
        """The reservation is over; the visit waits again, with its place. The agent keeps idle time."""
        state = self._s
        agent, queue = visit.agent, visit.queue
        assert agent is not None, "an offer has its agent"
        assert queue is not None, "an offer has its queue"
        del state.offers[visit.offer]
        state.due.cancel(DueKind.LEASE, visit.offer)
        queue.offered -= 1
        visit.state = VisitState.WAITING
        visit.offer = visit.fence = visit.lease_until = 0
        visit.agent, visit.agent_name = None, ""
        agent.visit = None
        state.dirty_visits[visit.seq] = visit
        return agent

    def _rescind(self, visit: Visit, outcome: OfferOutcome) -> None:
        offer = visit.offer
        agent = self._close_offer(visit)
        self._s.out.append(OfferEnded(offer, visit.id, agent.name, outcome))
        self._s.refresh(agent)

    def _rescind_of(self, agent: Agent) -> None:
        """The agent went away while rung: the caller goes on at once."""
        if agent.visit is not None and agent.visit.state is VisitState.OFFERED:
            self._rescind(agent.visit, OfferOutcome.AGENT_GONE)

    def _claim(self, event: ev.Claim) -> None:
        state = self._s
        visit = state.offers.get(event.offer)
        if visit is None or visit.fence != event.fence:
            state.out.append(ClaimRefused(event.offer))
            return
        agent, queue = visit.agent, visit.queue
        assert agent is not None, "an offer has its agent"
        assert queue is not None, "an offer has its queue"
        del state.offers[visit.offer]
        state.due.cancel(DueKind.LEASE, visit.offer)
        state.due.cancel(DueKind.STEP, visit.seq)
        state.due.cancel(DueKind.BACKOFF, visit.seq)
        state.leave_line(visit)
        waited = visit.waited(state.now)
        visit.state = VisitState.CONNECTED
        visit.fence = visit.lease_until = 0
        visit.backoffs = []
        visit.connected_at = state.now
        visit.wrap_up_us = queue.settings.wrap_up_us
        queue.offered -= 1
        queue.talking += 1
        queue.answered += 1
        queue.answered_in_time += queue.in_time(waited)
        queue.answers = [*queue.answers[1 - ANSWERS_KEPT :], state.now]
        agent.answered += 1
        agent.missed = 0
        state.out.append(Connected(visit.offer, visit.id, visit.contact.queue, agent.name, waited))
        visit.offer = 0
        state.refresh(agent)

    def _decline(self, event: ev.Decline) -> None:
        visit = self._s.offers.get(event.offer)
        if visit is not None and visit.fence == event.fence:
            self._offer_failed(visit, OfferOutcome(event.reason.value))

    def _offer_failed(self, visit: Visit, outcome: OfferOutcome) -> None:
        """The agent did not take it. What rang out backs off this pair; the rest rests the agent."""
        queue, offer = visit.queue, visit.offer
        assert queue is not None, "an offer has its queue"
        agent = self._close_offer(visit)
        if outcome in _RANG_OUT:
            self._back_off(visit, agent, queue)
            agent.missed += 1
            limit = queue.settings.misses_before_pause
            if limit and agent.missed >= limit and not agent.paused:
                agent.paused, agent.pause_reason = True, MISSED
        else:
            self._rest(agent, queue)
        self._s.out.append(OfferEnded(offer, visit.id, agent.name, outcome))
        self._s.refresh(agent)

    def _back_off(self, visit: Visit, agent: Agent, queue: Queue) -> None:
        """This contact is not offered to this agent again before the retry time."""
        until = self._s.now + max(queue.settings.retry_same_agent_us, RETRY_MIN_US)
        kept = [item for item in visit.backoffs if item[0] != agent.name]
        if len(kept) >= BACKOFFS_MAX:
            kept.remove(min(kept, key=lambda item: item[1]))
        visit.backoffs = [*kept, (agent.name, until)]
        self._time_backoffs(visit)

    def _rest(self, agent: Agent, queue: Queue | None) -> None:
        """A phone that fails or rejects by itself gets no contact at all before the retry time.

        Otherwise it would be offered one waiting contact after the other, as fast as it rejects.
        """
        assert queue is not None, "an offer has its queue"
        until = self._s.now + max(queue.settings.retry_same_agent_us, RETRY_MIN_US)
        agent.rest_until = max(agent.rest_until, until)
        self._s.due.set(DueKind.REST, agent.number, agent.rest_until)

    def _wake(self, event: ev.Wake) -> None:
        """What was due has been done before the event."""
