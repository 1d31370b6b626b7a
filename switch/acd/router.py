"""The router: the specification of what `router.c` does, and its fallback where C is not built.

Theory of operation. `apply` first does what has fallen due (leases, wrap-ups, rests, requirement steps,
back-offs, kept places, further rings), then the event, then settles once, then says when it wants to be
woken. Before each event no agent who is ready could serve any waiting visit; so settling looks only at
pairs in which the agent or the visit was touched ("dirty"). It walks the waiting in the order in which they
are to be served (orders.py) and gives each the best agent by the policy of its queue (choose.py, scores.py).
Choosing and reserving are one step: the walk itself makes the offer (offers.py).

An offer is harmless once it is over: `Claim` and `Decline` must name both the offer and its fence.
"""

from collections.abc import Callable
from typing import Any, Self

from switch.acd import events as ev
from switch.acd import snapshot
from switch.acd.choose import servable
from switch.acd.clean import amount, clean_contact, clean_queue, clean_tenant
from switch.acd.decisions import (
    Admitted,
    AgentChanged,
    AgentState,
    AgentView,
    Decision,
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
from switch.acd.limits import AMOUNT_MAX, DAY_US, NEVER, SPAN_MAX, UNITS
from switch.acd.offers import Offers
from switch.acd.packed import Packed
from switch.acd.settings import Order
from switch.acd.snapshot_bytes import digest
from switch.acd.state import Agent, Queue, Visit, VisitState
from switch.acd.views import agent_views, place_of, queue_views, waiting_views


class Router(Offers, Packed):
    """One tenant's router. Deterministic: the same events give the same decisions, on any machine.

    Events that name an unknown queue, agent or contact are no-ops, for a race makes them normal.
    Time never runs backwards: an earlier `now` counts as the latest one seen.
    """

    def __init__(self, seed: int = 0) -> None:
        Packed.__init__(self)
        Offers.__init__(self, seed)
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
            ev.SetTenant: self._set_tenant,
            ev.SetLine: self._set_line,
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
        self._turn_day()
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

        Estimate: from who is at work, who stands before, how long talks last and how many give up (see
        `switch.acd.estimate`); -1 where nobody at work may serve it at any step, 0 while an agent is rung.
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
        return digest(snapshot.write(self._s))

    def snapshot(self, version: int = snapshot.VERSION) -> bytes:
        """The whole state, the same bytes from both halves. Version 1 leaves out what came with version 2."""
        return snapshot.write(self._s, version)

    @classmethod
    def restore(cls, data: bytes) -> Self:
        """A router that goes on where `snapshot` was taken. Raises SnapshotError."""
        router = cls()
        router._s = snapshot.read(data)
        return router

    # What falls due.

    def _turn_day(self) -> None:
        state = self._s
        if not state.day_end or state.now < state.day_end:
            return
        state.day_end += ((state.now - state.day_end) // DAY_US + 1) * DAY_US
        for agent in state.agents.values():
            agent.today = 0

    def _fall_due(self) -> None:
        state = self._s
        while (item := state.due.pop(state.now)) is not None:
            kind, number = item
            match kind:
                case DueKind.LEASE:
                    self._offer_failed(state.offers[number], OfferOutcome.LEASE_EXPIRED)
                case DueKind.WRAP_UP:
                    agent = state.agents_by_number[number]
                    agent.wrap_until = agent.wrap_units = 0
                    state.refresh(agent)
                case DueKind.REST:
                    agent = state.agents_by_number[number]
                    agent.rest_until = 0
                    state.refresh(agent)
                case DueKind.STEP:
                    self._widen(state.visits_by_seq[number])
                case DueKind.BACKOFF:
                    self._drop_backoffs(state.visits_by_seq[number])
                case DueKind.KEPT:
                    state.dirty_visits[number] = state.visits_by_seq[number]
                case DueKind.MORE:
                    self._more_rings(state.visits_by_seq[number])

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

    # The tenant, queues and agents.

    def _set_tenant(self, event: ev.SetTenant) -> None:
        state = self._s
        before, state.tenant = state.tenant, clean_tenant(event.tenant)
        start = state.tenant.day_start_us
        if start != before.day_start_us:
            passed = max(0, (state.now - start) // DAY_US + 1)
            state.day_end = start + passed * DAY_US if start else 0
        if (state.tenant.order, state.tenant.ageing_us) != (before.order, before.ageing_us):
            for queue in state.queues.values():
                state.sort_line(queue)

    def _set_queue(self, event: ev.SetQueue) -> None:
        settings = clean_queue(event.queue)
        queue = self._s.queues.get(settings.name)
        if queue is None:
            self._s.queues[settings.name] = Queue(settings)
            return
        queue.settings = settings
        if self._s.tenant.order is Order.AGEING:
            self._s.sort_line(queue)
        # The policy may now ask for more offers a contact.
        self._s.dirty_visits.update((visit.seq, visit) for visit in queue.line if visit.offers)

    def _set_agent(self, event: ev.SetAgent) -> None:
        state = self._s
        agent = state.agents.get(event.agent.name)
        if agent is None:
            state.last_agent += 1
            agent = Agent(event.agent.name, state.last_agent, state.now)
            state.agents[agent.name] = agent
            state.agents_by_number[agent.number] = agent
        agent.configure(event.agent)
        state.roster = None
        state.release_kept(agent.name)
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
        for visit in agent.talks:
            visit.agent = None
        state.due.cancel(DueKind.WRAP_UP, agent.number)
        state.due.cancel(DueKind.REST, agent.number)
        del state.agents[agent.name]
        del state.agents_by_number[agent.number]
        state.dirty_agents.pop(agent.number, None)
        state.roster = None
        state.release_kept(agent.name)
        if agent.shown is not AgentState.LOGGED_OUT:
            state.out.append(AgentChanged(agent.name, AgentState.LOGGED_OUT, ""))

    # What agents do.

    def _sign_in(self, event: ev.SignIn) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None or agent.signed_in:
            return
        agent.signed_in = True
        agent.missed = 0
        agent.idle_since = agent.signed_in_at = self._s.now
        agent.busy_us = 0
        if agent.busy_since != NEVER:
            agent.busy_since = self._s.now
        self._s.refresh(agent)

    def _sign_out(self, event: ev.SignOut) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None or not agent.signed_in:
            return
        agent.signed_in = False
        agent.paused, agent.pause_reason = False, ""
        self._rescind_of(agent)
        self._s.release_kept(agent.name)
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
        if not agent.reachable:
            # A phone whose registration flaps must not be invited at each flap.
            for offer in agent.offers:
                assert offer.visit.queue is not None, "an offer has its queue"
                self._rest(agent, offer.visit.queue)
            self._rescind_of(agent)
            self._s.release_kept(agent.name)
        self._s.refresh(agent)

    def _set_line(self, event: ev.SetLine) -> None:
        """An offer that rings stands, as in a pause: the agent may still take it."""
        agent = self._s.agents.get(event.agent)
        if agent is None:
            return
        agent.line = amount(event.grade, ev.LineGrade.GOOD, ev.LineGrade.UNUSABLE)
        self._s.release_kept(agent.name)
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
        if not agent.engaged and self._s.tenant.own_calls_reset_idle:
            agent.idle_since = max(self._s.now, agent.wrap_until)
        self._s.refresh(agent)

    def _end_wrap_up(self, event: ev.EndWrapUp) -> None:
        agent = self._s.agents.get(event.agent)
        if agent is None or not agent.wrap_until:
            return
        agent.wrap_until = agent.wrap_units = 0
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
        visit.units = dict(state.tenant.channels).get(contact.channel, UNITS)
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
        if visit.kept_until() > state.now:
            state.due.set(DueKind.KEPT, visit.seq, visit.kept_until())
        self._widen(visit)

    def _refusal(self, queue: Queue | None, visit: Visit) -> RefusalReason | None:
        """Why a contact is not let in; the first that applies."""
        if queue is None:
            return RefusalReason.UNKNOWN_QUEUE
        settings = queue.settings
        if settings.contacts_max and len(queue.line) >= settings.contacts_max:
            return RefusalReason.FULL
        if settings.refuse_without_agents:
            asked = {settings.name}.union(*(step.queues for step in visit.steps))
            if not any(
                agent.signed_in and any(map(agent.serves, asked)) for agent in self._s.agents.values()
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
            waited = visit.waited(self._s.now)
            visit.queue.abandoned += 1
            visit.queue.abandoned_in_time += visit.queue.in_time(waited)
            visit.queue.note_end(waited)
            visit.queue.note_wait(waited, gave_up=True)
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
            visit.queue.note_wait(visit.waited(self._s.now), gave_up=False)
        self._leave(visit, VisitOutcome.WITHDRAWN, event.reason)

    def _finish(self, event: ev.Finish) -> None:
        visit = self._s.visits.get(event.contact)
        if visit is not None and visit.state is VisitState.CONNECTED:
            self._end_talk(visit)

    def _end_talk(self, visit: Visit) -> None:
        state = self._s
        talked_us = state.now - visit.connected_at
        if visit.queue is not None:
            visit.queue.talking -= 1
            visit.queue.note_handling(min(talked_us, SPAN_MAX) + min(visit.wrap_up_us, SPAN_MAX))
        state.out.append(
            VisitEnded(
                visit.id,
                visit.contact.queue,
                VisitOutcome.ENDED,
                "",
                visit.agent_name,
                visit.waited(visit.connected_at),
                talked_us,
            )
        )
        state.forget_visit(visit)
        agent = visit.agent
        if agent is None:
            return
        agent.talks.remove(visit)
        if visit.wrap_up_us:
            # Never shortened: an earlier talk's longer wrap-up still counts.
            agent.wrap_until = max(agent.wrap_until, state.now + visit.wrap_up_us)
            agent.wrap_units += visit.units
            state.due.set(DueKind.WRAP_UP, agent.number, agent.wrap_until)
        agent.idle_since = max(state.now, agent.wrap_until)
        state.refresh(agent)

    def _leave(self, visit: Visit, outcome: VisitOutcome, reason: str) -> None:
        """A visit that waits leaves its line for good."""
        state = self._s
        waited = visit.waited(state.now)
        state.leave_line(visit)
        for kind in (DueKind.STEP, DueKind.BACKOFF, DueKind.KEPT):
            state.due.cancel(kind, visit.seq)
        state.forget_visit(visit)
        state.out.append(VisitEnded(visit.id, visit.contact.queue, outcome, reason, "", waited, 0))

    def _wake(self, event: ev.Wake) -> None:
        """What was due has been done before the event."""
