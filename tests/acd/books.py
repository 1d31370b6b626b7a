"""The books of a centre, kept by events and decisions: who is here, is rung, talks, and since when.

Nothing here chooses whom to serve, nor by whom: that is `oracle.py`. What an event brings about apart from
that, who leaves and which offers end, is `owed`.
"""

from collections.abc import Callable

from switch.acd import events as ev
from switch.acd.decisions import (
    Admitted,
    AgentChanged,
    ClaimRefused,
    Connected,
    Decision,
    Offered,
    OfferEnded,
    OfferOutcome,
    RefusalReason,
    Refused,
    VisitEnded,
    VisitOutcome,
    WakeAt,
    Widened,
)
from switch.acd.settings import AgentSettings, Contact, Policy, QueueSettings, Step, TenantSettings

SECOND, DAY = 1_000_000, 86_400_000_000
RANG_OUT = (OfferOutcome.NO_ANSWER, OfferOutcome.LEASE_EXPIRED)
NOT_TAKEN = (OfferOutcome.DECLINED, OfferOutcome.BUSY, OfferOutcome.UNREACHABLE, OfferOutcome.FAILED)


class Queue:
    last: tuple[int, str] | None = None
    """Order and name of whom it last offered something."""

    def __init__(self, settings: QueueSettings) -> None:
        self.settings, self.in_time, self.handlings = settings, list[bool](), list[int]()


class Agent:
    on = phone = paused = False
    line = own = wrap_until = wrap_units = rest_until = today = missed = busy_us = 0

    def __init__(self, settings: AgentSettings, now: int) -> None:
        self.name, self.settings, self.on_since, self.idle_since = settings.name, settings, now, now

    def turn(self) -> tuple[int, int, str]:
        return self.idle_since, self.settings.order, self.name


class Visit:
    may_ring = more_at = talks_since = wrap_us = 0
    agent: Agent | None = None
    """Who talks with it."""

    def __init__(self, contact: Contact, queue: Queue, since: int, seq: int, units: int) -> None:
        self.contact, self.queue, self.since, self.seq, self.units = contact, queue, since, seq, units
        self.name, self.tried = contact.contact, dict[str, int]()
        self.kept_until = since + contact.sticky_us if contact.before and contact.sticky_us else 0

    def begun(self, now: int) -> int:
        """The place of the step that its wait entitles it to."""
        steps = enumerate(self.contact.requirement.steps)
        return max(place for place, step in steps if self.since + step.after_us <= now)

    def step(self, now: int) -> Step:
        return self.contact.requirement.steps[self.begun(now)]


class Books:
    def __init__(self) -> None:
        self.tenant = TenantSettings()
        self.queues, self.agents, self.visits = dict[str, Queue](), dict[str, Agent](), dict[str, Visit]()
        self.rings: list[Offered] = []
        self.now = self.seq = self.offers = self.fence = self.day_end = self.wake = 0

    def rings_of(self, name: str) -> list[Offered]:
        """The open offers of a contact or to an agent."""
        return [ring for ring in self.rings if name in (ring.contact, ring.agent)]

    def load(self, p: Agent) -> list[Visit]:
        """What the agent is rung for or talks to."""
        rung = {ring.contact for ring in self.rings_of(p.name)}
        return [c for c in self.visits.values() if c.agent is p or c.name in rung]

    def waiting(self) -> list[Visit]:
        """All who do not talk yet, rung or not."""
        return [c for c in self.visits.values() if c.agent is None]

    def dues(self) -> list[int]:
        """When something changes by itself, past times among them."""
        waiting = self.waiting()
        return [
            *(at for p in self.agents.values() for at in (p.wrap_until, p.rest_until)),
            *(ring.lease_until for ring in self.rings),
            *(at for c in waiting for at in (c.more_at, c.kept_until, *c.tried.values())),
            *(c.since + step.after_us for c in waiting for step in c.contact.requirement.steps),
        ]

    def begin(self, event: ev.Event, now: int, decisions: list[Decision]) -> None:
        """Time passes, what was due is done, and the event happens."""
        for p in self.agents.values():
            busy = p.own or p.wrap_until or any(c.agent is p for c in self.visits.values())
            p.busy_us += now - self.now if busy else 0
            p.wrap_until, p.wrap_units = (p.wrap_until, p.wrap_units) if p.wrap_until > now else (0, 0)
            p.today = 0 if 0 < self.day_end <= now else p.today
        while 0 < self.day_end <= now:
            self.day_end += DAY
        self.now = now
        for decision in decisions:
            if isinstance(decision, OfferEnded) and decision.outcome is OfferOutcome.LEASE_EXPIRED:
                self.end_ring(decision, event)
        for c in self.visits.values():
            if 0 < c.more_at <= now:
                c.may_ring, c.more_at = c.may_ring + 1, self.more_at(c) if c.may_ring < 63 else 0
        self.see_settings(event)
        p_or_none = self.agents.get(getattr(event, "agent", ""))
        if p_or_none is not None:
            self.see_agent(event, p_or_none)

    def see_settings(self, event: ev.Event) -> None:
        match event:
            case ev.SetTenant(tenant):
                start = tenant.day_start_us
                if start != self.tenant.day_start_us:
                    self.day_end = start and start + max(0, (self.now - start) // DAY + 1) * DAY
                self.tenant = tenant
            case ev.SetQueue(queue):
                self.queues.setdefault(queue.name, Queue(queue)).settings = queue
            case ev.SetAgent(agent):
                self.agents.setdefault(agent.name, Agent(agent, self.now)).settings = agent
            case ev.RemoveQueue(name):
                self.queues.pop(name, None)
            case ev.RemoveAgent(name):
                self.agents.pop(name, None)

    def see_agent(self, event: ev.Event, p: Agent) -> None:
        match event:
            case ev.SignIn() if not p.on:
                p.on, p.missed, p.busy_us, p.on_since, p.idle_since = True, 0, 0, self.now, self.now
            case ev.SignOut() if p.on:
                p.on = p.paused = False
            case ev.Pause():
                p.paused = True
            case ev.Resume():
                p.paused, p.missed = False, 0
            case ev.SetLine():
                p.line = event.grade
            case ev.Reach():
                p.phone = event.reachable
            case ev.Engage():
                p.own += 1
            case ev.Disengage() if p.own:
                p.own -= 1
                if not p.own and self.tenant.own_calls_reset_idle:
                    p.idle_since = max(self.now, p.wrap_until)
            case ev.EndWrapUp() if p.wrap_until:
                p.wrap_until, p.wrap_units, p.idle_since = 0, 0, self.now

    def see(self, decision: Decision, event: ev.Event) -> None:
        match decision:
            case Admitted() if isinstance(event, ev.Arrive):
                self.visits[decision.contact] = self.enter(event.contact, self.queues[decision.queue])
                self.seq += 1
            case Offered():
                c, p = self.visits[decision.contact], self.agents[decision.agent]
                if not self.rings_of(c.name):
                    several = c.queue.settings.policy is Policy.RING_PROGRESSIVELY
                    c.may_ring, c.more_at = 1, self.more_at(c) if several else 0
                ring_us = c.queue.settings.ring_us or 600 * SECOND
                self.offers, self.fence = self.offers + 1, max(self.fence + 1, self.now)
                assert (decision.offer, decision.fence, decision.ring_us) == (
                    self.offers,
                    self.fence,
                    ring_us,
                )
                assert decision.lease_until == self.now + ring_us + c.queue.settings.lease_margin_us
                c.queue.last = p.settings.order, p.name
                self.rings.append(decision)
            case OfferEnded() if decision.outcome is not OfferOutcome.LEASE_EXPIRED:
                self.end_ring(decision, event)
            case Connected():
                c, p = self.visits[decision.contact], self.agents[decision.agent]
                self.rings = [ring for ring in self.rings if ring.offer != decision.offer]
                p.today, p.missed = p.today + 1, 0
                c.agent, c.talks_since, c.wrap_us = p, self.now, c.queue.settings.wrap_up_us
                c.tried, c.more_at = {}, 0
                self.note_end(c)
            case VisitEnded():
                self.end_visit(self.visits.pop(decision.contact), decision)

    def enter(self, contact: Contact, queue: Queue) -> Visit:
        units = dict(self.tenant.channels).get(contact.channel, 100)
        return Visit(contact, queue, contact.waiting_since or self.now, self.seq + 1, units)

    def more_at(self, c: Visit) -> int:
        """When one further agent may be rung."""
        return self.now + max(c.queue.settings.ring_more_us, SECOND)

    def note_end(self, c: Visit) -> None:
        t = c.queue.settings.service_level_us
        c.queue.in_time.append(not t or self.now - c.since <= t)

    def end_ring(self, ended: OfferEnded, event: ev.Event) -> None:
        """Whoever let it ring backs off from the contact; whoever did not take it rests; misses pause."""
        self.rings = [ring for ring in self.rings if ring.offer != ended.offer]
        c, p, outcome = self.visits[ended.contact], self.agents.get(ended.agent), ended.outcome
        q, again = c.queue.settings, self.now + max(c.queue.settings.retry_same_agent_us, SECOND)
        if not self.rings_of(c.name):
            c.may_ring = c.more_at = 0
        if p is None:
            return
        if outcome in RANG_OUT:
            c.tried[p.name] = again
        elif outcome in NOT_TAKEN or (outcome is OfferOutcome.AGENT_GONE and isinstance(event, ev.Reach)):
            p.rest_until = max(p.rest_until, again)
        miss = {OfferOutcome.BUSY: q.busy_is_miss, OfferOutcome.UNREACHABLE: q.unreachable_is_miss}
        if outcome in RANG_OUT or miss.get(outcome, False):
            p.missed += 1
            p.paused = p.paused or 0 < q.misses_before_pause <= p.missed

    def end_visit(self, c: Visit, ended: VisitEnded) -> None:
        if ended.outcome is VisitOutcome.ABANDONED:
            self.note_end(c)
        if c.agent:
            p = c.agent
            c.queue.handlings.append(self.now - c.talks_since + c.wrap_us)
            p.wrap_until = max(p.wrap_until, self.now + c.wrap_us if c.wrap_us else 0)
            p.wrap_units += c.units if c.wrap_us else 0
            p.idle_since = max(self.now, p.wrap_until)

    # What an event brings about, whoever is chosen afterwards.

    def owed(self, event: ev.Event, now: int) -> list[Decision]:
        """Asked before `begin`: the ends that are due, and those that the event makes."""
        late = [ring for ring in self.rings if ring.lease_until <= now]
        rings = [ring for ring in self.rings if ring not in late]
        further = [c for c in self.waiting() if c.begun(now) > c.begun(self.now)]
        owed: list[Decision] = [Widened(c.name, c.contact.queue, c.begun(now)) for c in further]
        owed += ends(late, OfferOutcome.LEASE_EXPIRED)
        match event:
            case ev.Claim(offer, fence) | ev.Decline(offer, fence):
                named = [ring for ring in rings if (ring.offer, ring.fence) == (offer, fence)]
                if isinstance(event, ev.Decline):
                    return owed + ends(named, OfferOutcome(event.reason))
                return owed + self.answered(named[0], rings, now) if named else [*owed, ClaimRefused(offer)]
            case ev.SignOut(name) | ev.Engage(name) | ev.RemoveAgent(name) | ev.Reach(name, False):
                return owed + ends([ring for ring in rings if ring.agent == name], OfferOutcome.AGENT_GONE)
            case ev.RemoveQueue(name):
                for c in self.waiting():
                    if c.contact.queue == name:
                        why = RefusalReason.QUEUE_REMOVED
                        left = VisitEnded(c.name, name, VisitOutcome.REFUSED, why.value, "", now - c.since, 0)
                        withdrawn = [ring for ring in rings if ring.contact == c.name]
                        owed += [*ends(withdrawn, OfferOutcome.WITHDRAWN), Refused(c.name, name, why), left]
            case ev.Abandon(name) | ev.Finish(name) | ev.Withdraw(name) if name in self.visits:
                owed += self.left(event, self.visits[name], [r for r in rings if r.contact == name], now)
        return owed

    def entry(
        self,
        event: ev.Event,
        refusal: Callable[[Visit], RefusalReason | None],
        key: Callable[[Visit], tuple[int, ...]],
    ) -> list[Decision]:
        """Asked after `begin`: whether a contact is let in, and where in the line."""
        if not isinstance(event, ev.Arrive) or event.contact.contact in self.visits:
            return []
        queue = self.queues.get(event.contact.queue)
        if queue is None:
            return [Refused(event.contact.contact, event.contact.queue, RefusalReason.UNKNOWN_QUEUE)]
        c, name = self.enter(event.contact, queue), event.contact.queue
        reason, begun = refusal(c), c.begun(self.now)
        if reason is not None:
            return [Refused(c.name, name, reason)]
        ahead = sum(o.queue is queue and key(o) < key(c) for o in self.waiting())
        return [Admitted(c.name, name, ahead + 1), *([Widened(c.name, name, begun)] if begun else [])]

    def compare(self, owed: list[Decision], decisions: list[Decision]) -> None:
        """All but offers, and what is shown of agents."""
        told = [d for d in decisions if not isinstance(d, Offered | AgentChanged | WakeAt)]
        assert sorted(map(repr, told)) == sorted(map(repr, owed))
        self.wake = next((d.at for d in decisions if isinstance(d, WakeAt)), self.wake)
        assert self.wake == min((at for at in self.dues() if at > self.now), default=self.wake)

    def answered(self, claimed: Offered, rings: list[Offered], now: int) -> list[Decision]:
        c = self.visits[claimed.contact]
        others = [ring for ring in rings if ring.contact == c.name and ring is not claimed]
        connected = Connected(claimed.offer, c.name, claimed.queue, claimed.agent, now - c.since)
        return [connected, *ends(others, OfferOutcome.ANSWERED_ELSEWHERE)]

    @staticmethod
    def left(event: ev.Event, c: Visit, rings: list[Offered], now: int) -> list[Decision]:
        waited, queue = now - c.since, c.contact.queue
        match event:
            case ev.Abandon() | ev.Finish() if c.agent:
                waited, talked = c.talks_since - c.since, now - c.talks_since
                return [VisitEnded(c.name, queue, VisitOutcome.ENDED, "", c.agent.name, waited, talked)]
            case ev.Abandon():
                abandoned = VisitEnded(c.name, queue, VisitOutcome.ABANDONED, "", "", waited, 0)
                return [*ends(rings, OfferOutcome.CALLER_GONE), abandoned]
            case ev.Withdraw() if not c.agent:
                left = VisitEnded(c.name, queue, VisitOutcome.WITHDRAWN, event.reason, "", waited, 0)
                return [*ends(rings, OfferOutcome.WITHDRAWN), left]
        return []


def ends(rings: list[Offered], outcome: OfferOutcome) -> list[Decision]:
    return [OfferEnded(ring.offer, ring.contact, ring.agent, outcome) for ring in rings]
