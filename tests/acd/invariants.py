"""What must hold after every event, checked from events, decisions and views, without the router's code."""

from collections import Counter

from switch.acd import events as ev
from switch.acd.decisions import (
    Admitted,
    AgentChanged,
    AgentState,
    Connected,
    Decision,
    Offered,
    OfferEnded,
    OfferOutcome,
    VisitEnded,
)
from switch.acd.select import RouterLike
from switch.acd.settings import AgentSettings, Contact, Need, Policy, QueueSettings, Step, TenantSettings

_RANG = (OfferOutcome.NO_ANSWER, OfferOutcome.LEASE_EXPIRED)
_FAILED = (OfferOutcome.DECLINED, OfferOutcome.BUSY, OfferOutcome.UNREACHABLE, OfferOutcome.FAILED)
_RINGS_SEVERAL = (Policy.RING_ALL, Policy.RING_PROGRESSIVELY)


class Watch:
    """Follows one router. `check` is called after each event with what it decided."""

    def __init__(self) -> None:
        self.queues: dict[str, QueueSettings] = {}
        self.agents: dict[str, AgentSettings] = {}
        self.tenant = TenantSettings()
        self.contacts: dict[str, tuple[int, int, Contact]] = {}
        self.units: dict[str, int] = {}
        self.offers: dict[int, Offered] = {}
        self.talks: dict[str, str] = {}
        self.wraps: dict[str, tuple[int, int]] = {}
        self.wrap_of: dict[str, int] = {}
        self.own_calls: Counter[str] = Counter()
        self.rest: dict[str, int] = {}
        self.tried: dict[tuple[str, str], int] = {}
        self.shown: dict[str, AgentState] = {}
        self.lines: Counter[str] = Counter()
        self.told_lines: Counter[str] = Counter()
        self.on: set[str] = set()
        self.phones: set[str] = set()
        self.paused: set[str] = set()
        self.entered: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.arrivals = 0

    def check(self, router: RouterLike, event: ev.Event, now: int, decisions: list[Decision]) -> None:
        retries = {name: max(q.retry_same_agent_us, 1_000_000) for name, q in self.queues.items()}
        self.wraps = {agent: wrap for agent, wrap in self.wraps.items() if wrap[0] > now}
        self.see_event(event)
        for decision in decisions:
            self.see(decision, event, now, retries)
        self.no_double_booking(now)
        self.shown_is_told(router, now)
        self.nobody_is_lost(router, now)
        self.nobody_idles(router, now)

    def see_event(self, event: ev.Event) -> None:
        match event:
            case ev.SetTenant():
                self.tenant = event.tenant
            case ev.SetQueue():
                self.queues[event.queue.name] = event.queue
            case ev.SetAgent():
                self.agents[event.agent.name] = event.agent
                self.shown.setdefault(event.agent.name, AgentState.LOGGED_OUT)
            case ev.RemoveQueue():
                self.queues.pop(event.queue, None)
            case ev.RemoveAgent():
                self.forget_agent(event.agent)
            case _ if getattr(event, "agent", "") in self.agents:
                self.see_agent(event)

    def forget_agent(self, agent: str) -> None:
        self.agents.pop(agent, None)
        self.shown.pop(agent, None)
        self.rest.pop(agent, None)
        self.wraps.pop(agent, None)
        self.lines.pop(agent, None)
        self.told_lines.pop(agent, None)
        self.own_calls.pop(agent, None)
        for names in (self.on, self.phones, self.paused):
            names.discard(agent)
        # The talk goes on with an agent who is nobody now.
        self.talks = {c: "" if with_ == agent else with_ for c, with_ in self.talks.items()}

    def see_agent(self, event: ev.Event) -> None:
        match event:
            case ev.SignIn():
                self.on.add(event.agent)
            case ev.SignOut():
                if event.agent in self.on:
                    self.paused.discard(event.agent)
                self.on.discard(event.agent)
            case ev.Pause():
                self.paused.add(event.agent)
            case ev.Resume():
                self.paused.discard(event.agent)
            case ev.Engage():
                self.own_calls[event.agent] += 1
            case ev.Disengage():
                self.own_calls[event.agent] = max(0, self.own_calls[event.agent] - 1)
            case ev.Reach():
                (self.phones.add if event.reachable else self.phones.discard)(event.agent)
            case ev.SetLine():
                self.lines[event.agent] = event.grade
            case ev.EndWrapUp():
                self.wraps.pop(event.agent, None)

    def see(self, decision: Decision, event: ev.Event, now: int, retries: dict[str, int]) -> None:
        match decision:
            case Admitted():
                assert isinstance(event, ev.Arrive)
                self.arrivals += 1
                since = event.contact.waiting_since or now
                self.contacts[decision.contact] = (since, self.arrivals, event.contact)
                self.units[decision.contact] = dict(self.tenant.channels).get(event.contact.channel, 100)
                self.entered[decision.queue] += 1
            case Offered():
                self.is_allowed(decision)
                self.no_overtaking(decision, now)
                assert decision.lease_until >= now + decision.ring_us
                self.offers[decision.offer] = decision
            case OfferEnded():
                offered = self.offers.pop(decision.offer)
                assert (offered.agent, offered.contact) == (decision.agent, decision.contact)
                until = now + retries[offered.queue]
                lost = decision.outcome is OfferOutcome.AGENT_GONE and isinstance(event, ev.Reach)
                if decision.outcome in _RANG:
                    self.tried[decision.contact, decision.agent] = until
                if (decision.outcome in _FAILED or lost) and decision.agent in self.agents:
                    self.rest[decision.agent] = max(until, self.rest.get(decision.agent, 0))
            case Connected():
                offered = self.offers.pop(decision.offer)
                assert isinstance(event, ev.Claim)
                assert (event.offer, event.fence) == (offered.offer, offered.fence)
                assert decision.contact not in self.talks
                self.talks[decision.contact] = decision.agent
                self.wrap_of[decision.contact] = self.queues[decision.queue].wrap_up_us
            case VisitEnded():
                self.see_end(decision, now)
            case AgentChanged():
                if decision.agent in self.agents:
                    self.shown[decision.agent] = decision.state
                    if decision.reason == "missed":
                        self.paused.add(decision.agent)
                    self.told_lines[decision.agent] = decision.line

    def see_end(self, decision: VisitEnded, now: int) -> None:
        del self.contacts[decision.contact]
        units, wrap_us = self.units.pop(decision.contact), self.wrap_of.pop(decision.contact, 0)
        agent = self.talks.pop(decision.contact, "")
        if agent and wrap_us:
            until, held = self.wraps.get(agent, (0, 0))
            self.wraps[agent] = (max(until, now + wrap_us), held + units)
        self.left[decision.queue] += 1
        self.tried = {pair: t for pair, t in self.tried.items() if pair[0] != decision.contact}

    def no_double_booking(self, now: int) -> None:
        pairs = [(offered.agent, offered.contact) for offered in self.offers.values()]
        assert len(pairs) == len(set(pairs)), "an agent has two offers of a contact"
        assert not {contact for _, contact in pairs} & self.talks.keys(), "a contact that talks is offered"
        assert all(offered.lease_until > now for offered in self.offers.values()), "a lease is overdue"

    def is_allowed(self, offered: Offered) -> None:
        """Room in the agent, and one offer a contact but where the policy rings several."""
        assert self.fits(offered.agent, offered.contact), f"{offered.agent} has no room"
        rung = any(other.contact == offered.contact for other in self.offers.values())
        assert not rung or self.queues[offered.queue].policy in _RINGS_SEVERAL, "a contact is offered twice"

    def fits(self, agent: str, contact: str) -> bool:
        held = [offer.contact for offer in self.offers.values() if offer.agent == agent]
        held += [name for name, with_ in self.talks.items() if with_ == agent]
        channel = self.contacts[contact][2].channel
        used = sum(self.units[name] for name in held) + 100 * self.own_calls[agent]
        used += self.wraps.get(agent, (0, 0))[1]
        alike = sum(self.contacts[name][2].channel == channel for name in held)
        settings = self.agents[agent]
        most = dict(settings.most).get(channel, 1 << 60)
        return alike < most and used + self.units[contact] <= settings.units

    def shown_is_told(self, router: RouterLike, now: int) -> None:
        assert {view.name: view.state for view in router.agents(now)} == self.shown
        assert +self.told_lines == +self.lines

    def nobody_is_lost(self, router: RouterLike, now: int) -> None:
        inside = Counter(contact.queue for _, _, contact in self.contacts.values())
        for name in self.entered:
            assert self.entered[name] == self.left[name] + inside[name]
        waiting = {view.contact for view in router.waiting(now)}
        assert waiting == self.contacts.keys() - self.talks.keys(), (
            "the lines hold others than those who wait"
        )
        for view in router.queues(now):
            out = view.answered + view.abandoned + view.withdrawn
            assert view.entered == out + view.waiting + view.offered

    def nobody_idles(self, router: RouterLike, now: int) -> None:
        waiting = [view.contact for view in router.waiting(now) if view.state == "WAITING"]
        for agent in (self.on & self.phones) - self.paused:
            for contact in waiting:
                assert not self.may_serve(agent, contact, now), f"{agent} idles beside {contact}"

    def no_overtaking(self, offered: Offered, now: int) -> None:
        since, seq, contact = self.contacts[offered.contact]
        rung = {offer.contact for offer in self.offers.values()}
        for name, (other_since, other_seq, other) in self.contacts.items():
            if name in rung or name in self.talks or name == offered.contact:
                continue
            equal = (other.queue, other.priority) == (contact.queue, contact.priority)
            if equal and (other_since, other_seq) < (since, seq):
                assert not self.may_serve(offered.agent, name, now), f"{offered.contact} overtook {name}"

    def step(self, name: str, now: int) -> Step:
        since, _, contact = self.contacts[name]
        return [step for step in contact.requirement.steps if since + step.after_us <= now][-1]

    def meets(self, agent: str, name: str, now: int) -> bool:
        settings, contact, step = self.agents[agent], self.contacts[name][2], self.step(name, now)
        levels = dict(settings.skills)

        def has(need: Need) -> bool:
            return levels.get(need.skill, 0) >= need.level

        return (
            (not settings.queues or not {contact.queue, *step.queues}.isdisjoint(settings.queues))
            and all(map(has, step.needs))
            and (not step.any_of or any(all(map(has, group)) for group in step.any_of))
            and not any(map(has, step.none_of))
            and (not step.teams or not set(step.teams).isdisjoint(settings.teams))
            and agent not in contact.avoid
        )

    def kept_for_other(self, agent: str, name: str, now: int) -> bool:
        since, _, contact = self.contacts[name]
        before = contact.before
        if now >= since + contact.sticky_us or before in (agent, "") or before not in self.agents:
            return False
        there = before in self.on and before in self.phones and self.lines[before] != 2
        alone = self.units[name] <= self.agents[before].units
        alone = alone and dict(self.agents[before].most).get(contact.channel, 1) > 0
        missed = self.tried.get((name, before), 0) > now
        return there and alone and not missed and self.meets(before, name, now)

    def may_serve(self, agent: str, name: str, now: int) -> bool:
        return (
            self.meets(agent, name, now)
            and self.lines[agent] != 2
            and self.rest.get(agent, 0) <= now
            and self.tried.get((name, agent), 0) <= now
            and not self.kept_for_other(agent, name, now)
            and self.fits(agent, name)
        )
