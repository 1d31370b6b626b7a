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
from switch.acd.settings import AgentSettings, Contact, Need, QueueSettings

_RANG = (OfferOutcome.NO_ANSWER, OfferOutcome.LEASE_EXPIRED)
_FAILED = (OfferOutcome.DECLINED, OfferOutcome.BUSY, OfferOutcome.UNREACHABLE, OfferOutcome.FAILED)


class Watch:
    """Follows one router. `check` is called after each event with what it decided."""

    def __init__(self) -> None:
        self.queues: dict[str, QueueSettings] = {}
        self.agents: dict[str, AgentSettings] = {}
        self.contacts: dict[str, tuple[int, int, Contact]] = {}
        self.offers: dict[int, Offered] = {}
        self.talks: dict[str, str] = {}
        self.rest: dict[str, int] = {}
        self.tried: dict[tuple[str, str], int] = {}
        self.shown: dict[str, AgentState] = {}
        self.entered: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.arrivals = 0

    def check(self, router: RouterLike, event: ev.Event, now: int, decisions: list[Decision]) -> None:
        retries = {name: max(q.retry_same_agent_us, 1_000_000) for name, q in self.queues.items()}
        self.see_event(event)
        for decision in decisions:
            self.see(decision, event, now, retries)
        self.no_double_booking(now)
        self.shown_is_told(router, now)
        self.nobody_is_lost(router, now)
        self.nobody_idles(router, now)

    def see_event(self, event: ev.Event) -> None:
        match event:
            case ev.SetQueue():
                self.queues[event.queue.name] = event.queue
            case ev.SetAgent():
                self.agents[event.agent.name] = event.agent
                self.shown.setdefault(event.agent.name, AgentState.LOGGED_OUT)
            case ev.RemoveQueue():
                self.queues.pop(event.queue, None)
            case ev.RemoveAgent():
                self.agents.pop(event.agent, None)
                self.shown.pop(event.agent, None)
                self.rest.pop(event.agent, None)
                # The talk goes on with an agent who is nobody now.
                self.talks = {c: "" if agent == event.agent else agent for c, agent in self.talks.items()}

    def see(self, decision: Decision, event: ev.Event, now: int, retries: dict[str, int]) -> None:
        match decision:
            case Admitted():
                assert isinstance(event, ev.Arrive)
                self.arrivals += 1
                since = event.contact.waiting_since or now
                self.contacts[decision.contact] = (since, self.arrivals, event.contact)
                self.entered[decision.queue] += 1
            case Offered():
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
                assert decision.agent not in self.talks.values()
                assert decision.contact not in self.talks
                self.talks[decision.contact] = decision.agent
            case VisitEnded():
                del self.contacts[decision.contact]
                self.talks.pop(decision.contact, None)
                self.left[decision.queue] += 1
                self.tried = {pair: t for pair, t in self.tried.items() if pair[0] != decision.contact}
            case AgentChanged():
                if decision.agent in self.agents:
                    self.shown[decision.agent] = decision.state

    def no_double_booking(self, now: int) -> None:
        agents = [offered.agent for offered in self.offers.values()]
        assert len(agents) == len(set(agents)), "an agent has two offers"
        contacts = [offered.contact for offered in self.offers.values()]
        assert len(contacts) == len(set(contacts)), "a contact is offered twice"
        assert not set(agents) & set(self.talks.values()), "an agent who talks is rung"
        assert all(offered.lease_until > now for offered in self.offers.values()), "a lease is overdue"

    def shown_is_told(self, router: RouterLike, now: int) -> None:
        assert {view.name: view.state for view in router.agents(now)} == self.shown

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
        for agent, shown in self.shown.items():
            if shown is AgentState.AVAILABLE:
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

    def needs(self, name: str, now: int) -> tuple[Need, ...]:
        since, _, contact = self.contacts[name]
        return [step for step in contact.requirement.steps if since + step.after_us <= now][-1].needs

    def may_serve(self, agent: str, name: str, now: int) -> bool:
        settings, contact = self.agents[agent], self.contacts[name][2]
        levels = dict(settings.skills)
        return (
            (contact.queue in settings.queues or not settings.queues)
            and all(levels.get(need.skill, 0) >= need.level for need in self.needs(name, now))
            and agent not in contact.avoid
            and self.rest.get(agent, 0) <= now
            and self.tried.get((name, agent), 0) <= now
        )
