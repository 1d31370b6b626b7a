"""What the router must decide, found by brute force: no index, no heap, nothing remembered as touched.

Shares only value types with either half. Every event looks at every contact and every agent.
"""

from switch.acd import events as ev
from switch.acd.settings import QueueSettings
from tests.acd.oracle_people import Customer, Person, needs, refusal, suits, worth

RETRY_LEAST = 1_000_000
RING_WITHOUT_LIMIT = 600_000_000


class Oracle:
    """`apply` gives ("offer", contact, agent) in order, and what ended as a set of tuples."""

    def __init__(self) -> None:
        self.queues: dict[str, QueueSettings] = {}
        self.people: dict[str, Person] = {}
        self.here: dict[str, Customer] = {}
        self.seq = self.offers = self.fence = self.now = 0

    def apply(self, event: ev.Event, now: int) -> tuple[list[tuple[str, ...]], set[tuple[str, ...]]]:
        self.now = now
        self.facts: set[tuple[str, ...]] = set()
        for person in self.people.values():
            person.wrap = person.wrap if person.wrap > now else 0
            person.rest = person.rest if person.rest > now else 0
        for customer in self.here.values():
            if customer.state == "OFFERED" and customer.lease <= now:
                self.fail(customer, "lease-expired")
            customer.tried = {name: until for name, until in customer.tried.items() if until > now}
        if isinstance(event, ev.Claim | ev.Decline):
            self.about_offer(event)
        elif isinstance(event, ev.Abandon | ev.Withdraw | ev.Finish):
            if event.contact in self.here:
                self.about_contact(event, self.here[event.contact])
        elif hasattr(event, "agent") and isinstance(event.agent, str):
            if event.agent in self.people:
                self.about_agent(event, self.people[event.agent])
        else:
            self.about_settings(event)
        return self.match(), self.facts

    def due(self) -> int | None:
        times = [person.wrap for person in self.people.values()]
        times += [person.rest for person in self.people.values()]
        for c in self.here.values():
            if c.state != "CONNECTED":
                times += [c.lease, *c.tried.values()]
                times += [c.since + step.after_us for step in c.contact.requirement.steps]
        return min((at for at in times if at > self.now), default=None)

    def match(self) -> list[tuple[str, ...]]:
        made: list[tuple[str, ...]] = []
        waiting = [c for c in self.here.values() if c.state == "WAITING"]
        waiting.sort(
            key=lambda c: (-self.queues[c.contact.queue].priority, -c.contact.priority, c.since, c.seq)
        )
        for c in waiting:
            able = [name for name in self.people if self.may_serve(name, c)]
            if able:
                self.offer(c, min(able, key=lambda name: self.rank(name, c)))
                made.append(("offer", c.contact.contact, c.agent))
        return made

    def may_serve(self, name: str, c: Customer) -> bool:
        p = self.people[name]
        idle = p.on and p.phone and p.pause is None and not (p.own_calls or p.contact or p.wrap or p.rest)
        return idle and name not in c.tried and suits(p, c, needs(c, self.now))

    def rank(self, name: str, c: Customer) -> tuple[int, int, int, str]:
        p = self.people[name]
        value = worth(p, self.queues[c.contact.queue].policy, needs(c, self.now))
        return (-value, p.idle_since, p.settings.order, name)

    def offer(self, c: Customer, name: str) -> None:
        queue = self.queues[c.contact.queue]
        self.offers += 1
        self.fence = max(self.fence + 1, self.now)
        c.state, c.agent, c.offer, c.fence = "OFFERED", name, self.offers, self.fence
        c.lease = self.now + (queue.ring_us or RING_WITHOUT_LIMIT) + queue.lease_margin_us
        self.people[name].contact = c.contact.contact

    def close(self, c: Customer, outcome: str) -> Person:
        self.facts.add(("offer-ended", c.contact.contact, c.agent, outcome))
        person = self.people[c.agent]
        person.contact, c.state, c.agent, c.lease, c.offer = "", "WAITING", "", 0, 0
        return person

    def retry(self, c: Customer) -> int:
        return max(self.queues[c.contact.queue].retry_same_agent_us, RETRY_LEAST)

    def fail(self, c: Customer, outcome: str) -> None:
        queue, name = self.queues[c.contact.queue], c.agent
        until = self.now + self.retry(c)
        person = self.close(c, outcome)
        if outcome not in ("no-answer", "lease-expired"):
            person.rest = max(person.rest, until)
            return
        c.tried[name] = until
        person.missed += 1
        if 0 < queue.misses_before_pause <= person.missed and person.pause is None:
            person.pause = "missed"

    def leave(self, c: Customer, outcome: str, offer_outcome: str) -> None:
        if c.state == "OFFERED":
            self.close(c, offer_outcome)
        del self.here[c.contact.contact]
        self.facts.add(("visit-ended", c.contact.contact, outcome))

    def gone(self, p: Person) -> None:
        c = self.here.get(p.contact)
        if c is not None and c.state == "OFFERED":
            self.close(c, "agent-gone")

    def about_agent(self, e: ev.Event, p: Person) -> None:
        match e:
            case ev.SignIn() if not p.on:
                p.on, p.missed, p.idle_since = True, 0, self.now
            case ev.SignOut() if p.on:
                p.on, p.pause = False, None
                self.gone(p)
            case ev.Pause():
                p.pause = e.reason
            case ev.Resume():
                p.pause, p.missed = None, 0
            case ev.Reach():
                c = self.here.get(p.contact)
                if p.phone and not e.reachable and c and c.state == "OFFERED":
                    p.rest = max(p.rest, self.now + self.retry(c))
                    self.gone(p)
                p.phone = e.reachable
            case ev.Engage():
                p.own_calls += 1
                self.gone(p)
            case ev.Disengage():
                p.own_calls = max(0, p.own_calls - 1)
            case ev.EndWrapUp() if p.wrap:
                p.wrap, p.idle_since = 0, self.now
            case ev.RemoveAgent():
                self.gone(p)
                del self.people[e.agent]
                for c in self.here.values():
                    c.agent = "" if c.agent == e.agent else c.agent

    def about_settings(self, e: ev.Event) -> None:
        match e:
            case ev.SetQueue():
                self.queues[e.queue.name] = e.queue
            case ev.SetAgent():
                self.people.setdefault(e.agent.name, Person(e.agent, self.now)).settings = e.agent
            case ev.RemoveQueue():
                for c in [c for c in self.here.values() if c.contact.queue == e.queue]:
                    if c.state != "CONNECTED":
                        self.leave(c, "refused", "withdrawn")
                self.queues.pop(e.queue, None)
            case ev.Arrive() if e.contact.contact not in self.here:
                self.seq += 1
                c = Customer(e.contact, e.contact.waiting_since or self.now, self.seq)
                reason = refusal(c, self.queues, self.people, self.here)
                if reason:
                    self.facts.add(("refused", e.contact.contact, reason))
                else:
                    self.here[e.contact.contact] = c

    def about_contact(self, e: ev.Event, c: Customer) -> None:
        match e:
            case ev.Abandon() | ev.Finish() if c.state == "CONNECTED":
                del self.here[e.contact]
                self.facts.add(("visit-ended", e.contact, "ended"))
                if c.agent:
                    p = self.people[c.agent]
                    p.contact, p.wrap = "", max(p.wrap, self.now + c.wrap if c.wrap else 0)
                    p.idle_since = max(self.now, p.wrap)
            case ev.Abandon():
                self.leave(c, "abandoned", "caller-gone")
            case ev.Withdraw() if c.state != "CONNECTED":
                self.leave(c, "withdrawn", "withdrawn")

    def about_offer(self, e: ev.Claim | ev.Decline) -> None:
        at = (e.offer, e.fence)
        c = next((c for c in self.here.values() if c.state == "OFFERED" and (c.offer, c.fence) == at), None)
        if isinstance(e, ev.Decline):
            if c is not None:
                self.fail(c, e.reason.value)
        elif c is None:
            self.facts.add(("claim-refused", str(e.offer)))
        else:
            c.state, c.wrap, c.tried = "CONNECTED", self.queues[c.contact.queue].wrap_up_us, {}
            self.people[c.agent].answered += 1
            self.people[c.agent].missed = 0
            self.facts.add(("connected", c.contact.contact, c.agent))
