"""What the router must decide, found by brute force: no index, no heap, nothing remembered as touched.

Shares only value types with either half. Every event looks at every contact and every agent.
"""

from collections.abc import Callable

from switch.acd import events as ev
from switch.acd.settings import Assign, Policy, TenantSettings
from switch.base.rng import SplitMix64
from tests.acd.oracle_people import Customer, Line, Person, meets, service_key, worth

DAY, RETRY_LEAST, RING_WITHOUT_LIMIT = 86_400_000_000, 1_000_000, 600_000_000
RANDOM = (Policy.RANDOM, Policy.WEIGHTED_RANDOM)
Made = tuple[str, str, int, int]


class Oracle:
    """`apply` gives the offers in order (contact, agent, candidates, score), and what else happened."""

    def __init__(self, seed: int = 0) -> None:
        self.tenant, self.rng = TenantSettings(), SplitMix64(seed)
        self.queues, self.people, self.here = dict[str, Line](), dict[str, Person](), dict[str, Customer]()
        self.seq = self.offers = self.fence = self.now = self.day = 0

    def apply(self, event: ev.Event, now: int) -> tuple[list[Made], set[tuple[str, ...]]]:
        self.now, self.facts, self.made = now, set[tuple[str, ...]](), list[Made]()
        self.fall_due()
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
        for p in self.people.values():
            busy = bool(p.own or p.wrap or any(c.talking and p.named(c.agent) for c in self.here.values()))
            if busy != (p.busy_at >= 0):
                p.busy, p.busy_at = (p.busy, now) if busy else (p.busy + now - p.busy_at, -1)
        self.serve_together()
        self.serve(more=False)
        self.serve(more=True)
        return self.made, self.facts

    def due(self) -> int | None:
        times = [at for p in self.people.values() for at in (p.wrap, p.rest)]
        for c in self.here.values():
            if not c.talking:
                times += [lease for _, _, lease in c.rings.values()] + [*c.tried.values(), c.more, c.kept]
                times += [c.since + step.after_us for step in c.contact.requirement.steps]
        return min((at for at in times if at > self.now), default=None)

    def fall_due(self) -> None:
        for p in self.people.values():
            p.wrap, p.wrap_units = (p.wrap, p.wrap_units) if p.wrap > self.now else (0, 0)
            p.rest = p.rest if p.rest > self.now else 0
            p.today = 0 if 0 < self.day <= self.now else p.today
        while 0 < self.day <= self.now:
            self.day += DAY
        for c in self.here.values():
            for number in [number for number, ring in c.rings.items() if ring[2] <= self.now]:
                self.fail(c, number, "lease-expired")
            c.tried = {name: until for name, until in c.tried.items() if until > self.now}
            self.widen(c)
            if 0 < c.more <= self.now:
                c.may_ring, c.more = c.may_ring + 1, self.more_at(c) if c.may_ring < 63 else 0

    def widen(self, c: Customer) -> None:
        steps = c.contact.requirement.steps
        begun = [n for n, step in enumerate(steps) if c.since + step.after_us <= self.now][-1]
        if begun > c.step and not c.talking:
            c.step = begun
            self.facts.add(("widened", c.contact.contact, str(begun)))

    def more_at(self, c: Customer) -> int:
        assert c.queue
        return self.now + max(c.queue.settings.ring_more_us, RETRY_LEAST)

    def first(self, asks: Callable[[Customer], bool]) -> Customer | None:
        """Of the first who asks in each line the one whose turn it is."""
        heads = []
        for q in self.queues.values():
            line = [c for c in self.here.values() if c.queue is q and not c.talking]
            heads += [c for c in sorted(line, key=lambda c: c.line_key(self.tenant)) if asks(c)][:1]

        def key(c: Customer) -> tuple[int, ...]:
            return service_key(c, self.tenant, self.queues, self.here, self.now)

        return min(heads, key=key, default=None)

    def serve(self, *, more: bool) -> None:
        """Each waiting contact once, in order; or `more` offers of those who have one."""
        passed = set[int]()
        while c := self.first(lambda c: c.seq not in passed and self.asks(c, more=more)):
            passed.add(c.seq)
            while self.asks(c, more=more):
                self.offer(c)

    def serve_together(self) -> None:
        """Every way to match those whom the order lets be served together is looked at."""
        while self.tenant.assign is Assign.BATCH:
            kept = self.kept()
            waiting = [c for c in self.here.values() if not c.talking and not c.rings]
            able = [p for p in self.people.values() if any(self.may(p, c) for c in waiting)]
            able.sort(key=lambda p: p.turn("")[1:])
            draws, costs = list[int](), list[dict[str, int]]()
            for c in kept:
                c.assigned, policy = False, c.policy()
                draws.append(self.rng.next() if len(kept) > 1 and policy in RANDOM else 0)
                fit = [p for p in able if self.may(p, c)]
                shift = {Policy.RANDOM: 35, Policy.WEIGHTED_RANDOM: 27, Policy.IDLENESS_RATIO: 0}.get(
                    policy, 19
                )
                score = {p: worth(p, c, fit, list(self.people.values()), draws[-1], self.now) for p in fit}
                near = {p: 0 if p.named(c.contact.before) else able.index(p) + 1 for p in fit}
                costs.append({p.name: (p.line << 54) - ((score[p] >> shift) << 17) + near[p] for p in fit})
            if len(kept) < 2:
                return
            places = {p.name: place for place, p in enumerate(able)}
            best = min(
                self.ways(kept),
                key=lambda way: (
                    sum(cost[name] for cost, name in zip(costs, way, strict=True)),
                    [places[name] for name in way],
                ),
            )
            for c, name, draw in zip(kept, best, draws, strict=True):
                self.offer(c, self.people[name], draw)

    def kept(self) -> list[Customer]:
        """In order each who can be served together with those before."""
        kept = list[Customer]()
        while c := self.first(lambda c: self.asks(c, more=False) and c not in kept and self.can(kept, c)):
            kept.append(c)
            c.assigned = True
        return kept

    def can(self, kept: list[Customer], c: Customer) -> bool:
        return bool(self.ways([*kept, c]))

    def ways(self, kept: list[Customer], used: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        """All ways to give each of these an agent of its own."""
        if not kept:
            return [()]
        fit = [name for name, p in self.people.items() if name not in used and self.may(p, kept[0])]
        return [(name, *rest) for name in fit for rest in self.ways(kept[1:], (*used, name))]

    def asks(self, c: Customer, *, more: bool) -> bool:
        assert c.queue
        room = {Policy.RING_ALL: 64, Policy.RING_PROGRESSIVELY: c.may_ring}.get(c.policy(), 0)
        wants = 0 < len(c.rings) < room if more else not c.rings
        return wants and any(self.may(p, c) for p in self.people.values())

    def may(self, p: Person, c: Customer) -> bool:
        name, step, channel = p.name, c.contact.requirement.steps[c.step], c.contact.channel
        at_work = p.on and p.phone and p.line < 2 and p.pause is None and not p.rest
        load = [o for o in self.here.values() if name in o.ringing() or (o.talking and o.agent == name)]
        units = sum(o.units for o in load) + 100 * p.own + p.wrap_units + c.units
        fits = sum(o.contact.channel == channel for o in load) < dict(p.settings.most).get(channel, 10**9)
        if not (at_work and c not in load and fits and units <= p.settings.units and meets(p, c, step)):
            return False
        b = self.people.get(c.contact.before)
        kept = c.kept > self.now and b and b.on and b.phone and b.line < 2 and meets(b, c, step)
        other = kept and c.contact.before not in (*c.contact.avoid, *c.tried, name)
        return name not in (*c.contact.avoid, *c.tried) and not other

    def offer(self, c: Customer, given: Person | None = None, draw: int = 0) -> None:
        assert c.queue
        queue, policy = c.queue.settings, c.policy()
        fit = [p for p in self.people.values() if self.may(p, c)]
        draw = self.rng.next() if policy in RANDOM and not given else draw
        everyone = list(self.people.values())
        scores = {p.name: worth(p, c, fit, everyone, draw, self.now) for p in fit}
        best = given or min(fit, key=lambda p: (p.line, -scores[p.name], *p.turn(c.contact.before)))
        self.made.append((c.contact.contact, best.name, len(fit), scores[best.name]))
        self.offers, self.fence = self.offers + 1, max(self.fence + 1, self.now)
        if not c.rings:
            c.may_ring, c.more = 1, self.more_at(c) if policy is Policy.RING_PROGRESSIVELY else 0
        lease = self.now + (queue.ring_us or RING_WITHOUT_LIMIT) + queue.lease_margin_us
        c.rings[self.offers], c.queue.last = (best.name, self.fence, lease), best.place

    def end(self, c: Customer, number: int, outcome: str) -> Person:
        name = c.rings.pop(number)[0]
        self.facts.add(("offer-ended", c.contact.contact, name, outcome))
        if not c.rings:
            c.may_ring = c.more = 0
        return self.people[name]

    def retry(self, c: Customer) -> int:
        assert c.queue
        return self.now + max(c.queue.settings.retry_same_agent_us, RETRY_LEAST)

    def fail(self, c: Customer, number: int, outcome: str) -> None:
        assert c.queue
        queue, p = c.queue.settings, self.end(c, number, outcome)
        rang_out = outcome in ("no-answer", "lease-expired")
        if rang_out:
            c.tried[p.name] = self.retry(c)
        else:
            p.rest = max(p.rest, self.retry(c))
        busy, unreachable = queue.busy_is_miss, queue.unreachable_is_miss
        miss = rang_out or (outcome == "busy" and busy) or (outcome == "unreachable" and unreachable)
        p.missed += miss
        if miss and 0 < queue.misses_before_pause <= p.missed and p.pause is None:
            p.pause = "missed"

    def leave(self, c: Customer, outcome: str, offer_outcome: str) -> None:
        for number in list(c.rings):
            self.end(c, number, offer_outcome)
        del self.here[c.contact.contact]
        self.facts.add(("visit-ended", c.contact.contact, outcome))

    def gone(self, p: Person, *, rests: bool = False) -> None:
        for c in self.here.values():
            for number in [n for n, ring in c.rings.items() if p.named(ring[0])]:
                p.rest = max(p.rest, self.retry(c)) if rests else p.rest
                self.end(c, number, "agent-gone")

    def about_agent(self, e: ev.Event, p: Person) -> None:
        match e:
            case ev.SignIn() if not p.on:
                p.on, p.missed, p.idle, p.on_at, p.busy = True, 0, self.now, self.now, 0
                p.busy_at = self.now if p.busy_at >= 0 else -1
            case ev.SignOut() if p.on:
                p.on, p.pause = False, None
                self.gone(p)
            case ev.Pause():
                p.pause = e.reason
            case ev.Resume():
                p.pause, p.missed = None, 0
            case ev.SetLine():
                p.line = max(0, min(e.grade, 2))
            case ev.Reach() if p.phone != e.reachable:
                p.phone = e.reachable
                self.gone(p, rests=True)
            case ev.Engage():
                p.own += 1
                self.gone(p)
            case ev.Disengage() if p.own:
                p.own -= 1
                if not p.own and self.tenant.own_calls_reset_idle:
                    p.idle = max(self.now, p.wrap)
            case ev.EndWrapUp() if p.wrap:
                p.wrap, p.wrap_units, p.idle = 0, 0, self.now
            case ev.RemoveAgent():
                self.gone(p)
                del self.people[e.agent]
                for c in self.here.values():
                    c.agent = "" if c.agent == e.agent else c.agent

    def about_settings(self, e: ev.Event) -> None:
        match e:
            case ev.SetTenant():
                start = e.tenant.day_start_us
                if start != self.tenant.day_start_us:
                    self.day = start and start + max(0, (self.now - start) // DAY + 1) * DAY
                self.tenant = e.tenant
            case ev.SetQueue():
                self.queues.setdefault(e.queue.name, Line(e.queue)).settings = e.queue
            case ev.SetAgent():
                self.people.setdefault(e.agent.name, Person(e.agent, self.now)).settings = e.agent
            case ev.RemoveQueue():
                for c in [c for c in self.here.values() if c.contact.queue == e.queue]:
                    if not c.talking:
                        self.leave(c, "refused", "withdrawn")
                    c.queue = None
                self.queues.pop(e.queue, None)
            case ev.Arrive() if e.contact.contact not in self.here:
                self.arrive(e)

    def arrive(self, e: ev.Arrive) -> None:
        self.seq += 1
        units = dict(self.tenant.channels).get(e.contact.channel, 100)
        queue, since = self.queues.get(e.contact.queue), e.contact.waiting_since or self.now
        c = Customer(e.contact, queue, since, self.seq, units)
        reason = self.refusal(c)
        if reason:
            self.facts.add(("refused", e.contact.contact, reason))
        else:
            self.here[e.contact.contact] = c
            self.widen(c)

    def refusal(self, c: Customer) -> str:
        """Why a contact is not let in, or nothing."""
        if not c.queue:
            return "unknown-queue"
        queue, steps = c.queue.settings, c.contact.requirement.steps
        if 0 < queue.contacts_max <= sum(o.queue is c.queue and not o.talking for o in self.here.values()):
            return "full"
        asked = {queue.name}.union(*(step.queues for step in steps))
        serve = [p.on for p in self.people.values() if not p.settings.queues or asked & {*p.settings.queues}]
        if queue.refuse_without_agents and not any(serve):
            return "no-agents"
        able = [p for name, p in self.people.items() if name not in c.contact.avoid]
        return "" if any(meets(p, c, step) for p in able for step in steps) else "unservable"

    def about_contact(self, e: ev.Event, c: Customer) -> None:
        match e:
            case ev.Abandon() | ev.Finish() if c.talking:
                self.end_talk(c)
            case ev.Abandon():
                c.note_end(self.now)
                self.leave(c, "abandoned", "caller-gone")
            case ev.Withdraw() if not c.talking:
                self.leave(c, "withdrawn", "withdrawn")

    def end_talk(self, c: Customer) -> None:
        del self.here[c.contact.contact]
        self.facts.add(("visit-ended", c.contact.contact, "ended"))
        if c.queue:
            c.queue.handlings = [*c.queue.handlings, self.now - c.talks_at + c.wrap][-64:]
        if c.agent:
            p = self.people[c.agent]
            p.wrap = max(p.wrap, self.now + c.wrap if c.wrap else 0)
            p.wrap_units += c.units if c.wrap else 0
            p.idle = max(self.now, p.wrap)

    def about_offer(self, e: ev.Claim | ev.Decline) -> None:
        c = next((c for c in self.here.values() if c.rings.get(e.offer, ("", 0))[1] == e.fence), None)
        if isinstance(e, ev.Decline):
            if c is not None:
                self.fail(c, e.offer, e.reason.value)
        elif c is None:
            self.facts.add(("claim-refused", str(e.offer)))
        else:
            assert c.queue
            c.agent, c.talks_at, c.wrap, c.tried = (
                c.rings.pop(e.offer)[0],
                self.now,
                c.queue.settings.wrap_up_us,
                {},
            )
            p = self.people[c.agent]
            p.today, p.missed, c.talking, c.more = p.today + 1, 0, True, 0
            c.note_end(self.now)
            self.facts.add(("connected", c.contact.contact, c.agent))
            for number in list(c.rings):
                self.end(c, number, "answered-elsewhere")
