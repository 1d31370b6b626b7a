"""Who must be served by whom, found by brute force: no index, no heap; each offer looks at everybody anew.

Shares only value types with either half. An order is a key over contacts (`keys`), a policy a score of agents
(`worth`), eligibility two predicates (`meets`, `may`). Who is here, the books tell, which choose nothing:
docs/decisions/0030 says why they are beside these 200 lines and not within them.
"""

from collections.abc import Callable
from functools import reduce

from switch.acd import events as ev
from switch.acd.decisions import Decision, Offered, RefusalReason
from switch.acd.settings import AgentSettings, Assign, Order, Policy, Step
from switch.base.rng import SplitMix64
from tests.acd.books import SECOND, Agent, Books, Visit

FNV_START = 0xCBF29CE484222325
BATCH_SHIFT = {Policy.RANDOM: 35, Policy.WEIGHTED_RANDOM: 27, Policy.IDLENESS_RATIO: 0}


class Oracle(Books):
    """`follow` holds each decision of a router against its own; AgentChanged alone is not asked for."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.rng, self.kept, self.given = SplitMix64(seed), list[Visit](), list[tuple[Visit, Agent, int]]()

    def follow(self, event: ev.Event, now: int, decisions: list[Decision]) -> None:
        owed = self.owed(event, now)
        self.begin(event, now, decisions)
        owed += self.entry(event, self.refusal, lambda c: self.keys(c)[0])
        for d in decisions:
            if isinstance(d, Offered):
                assert (d.contact, d.agent, d.choice.candidates, d.choice.best[0].score) == self.offer()
            self.see(d, event)
        assert self.offer() is None, "somebody waits beside an agent"
        self.compare(owed, decisions)

    def keys(self, c: Visit) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The least first: in the line of its queue, and among the first of all lines."""
        q, waited, arrival = c.queue.settings, self.now - c.since, (c.since, c.seq)
        line = (-c.contact.priority, *arrival)
        match self.tenant.order:
            case Order.PRIORITY:
                return line, (-q.priority, *line)
            case Order.FIRST_COME:
                return arrival, arrival
            case Order.AGEING:
                aged = c.since - (q.priority + c.contact.priority) * self.tenant.ageing_us
                return (aged, *arrival), (aged, *arrival)
            case Order.COST:
                known = c.queue.handlings[-64:]
                mean = sum(known) // len(known) if len(known) >= 8 else max(1, q.handling_us)
                return line, (-((q.cost * waited << 12) // max(1, mean >> 10)), *arrival)
            case Order.RATIO:
                waits = [o.queue for o in self.waiting() if o not in self.kept and not self.rings_of(o.name)]
                shares = sum(queue.settings.share for queue in self.queues.values())
                return line, (q.share * len(waits) - shares * waits.count(c.queue), *arrival)
            case Order.SERVICE_LEVEL:
                ends, t = c.queue.in_time[-64:], q.service_level_us or 3600 * SECOND
                short = (q.target_percent << 16) // 100 - (sum(ends) << 16) // len(ends) if ends else 0
                return line, (waited > t, -(max(0, short) << 32) - (waited << 16) // t, *arrival)

    def meets(self, me: AgentSettings, c: Visit, step: Step) -> bool:
        """The agent has what the contact asks for, and could take it with nothing else to do."""
        level = dict(me.skills)
        has = [all(level.get(n.skill, 0) >= n.level for n in group) for group in (step.needs, *step.any_of)]
        return (
            (not me.queues or not {c.contact.queue, *step.queues}.isdisjoint(me.queues))
            and (has[0] and (any(has[1:]) or not step.any_of))
            and not any(level.get(n.skill, 0) >= n.level for n in step.none_of)
            and (not step.teams or not set(step.teams).isdisjoint(me.teams))
            and (c.units <= me.units and dict(me.most).get(c.contact.channel, 1) > 0)
        )

    def may(self, p: Agent, c: Visit) -> bool:
        """The agent may be offered the contact now."""
        load, step, channel = self.load(p), c.step(self.now), c.contact.channel
        used = sum(held.units for held in load) + 100 * p.own + p.wrap_units
        alike, most = sum(held.contact.channel == channel for held in load), dict(p.settings.most)
        barred = {*c.contact.avoid, *(name for name, until in c.tried.items() if until > self.now)}
        before = c.contact.before if c.kept_until > self.now and c.contact.before not in barred else ""
        b = self.agents.get(before)
        kept = b and b.on and b.phone and b.line < 2 and self.meets(b.settings, c, step)
        return (
            (p.on and p.phone and p.line < 2 and not p.paused and p.rest_until <= self.now)
            and (c not in load and used + c.units <= p.settings.units and alike < most.get(channel, 10**9))
            and (p.name not in barred and (p is b or not kept) and self.meets(p.settings, c, step))
        )

    def worth(self, p: Agent, c: Visit, fit: list[Agent], draw: int) -> int:
        """What the policy thinks of one of those who are fit: more is better."""
        q, step, level = c.queue.settings, c.step(self.now), dict(p.settings.skills)
        match q.policy:
            case Policy.MOST_SKILLED:
                met = [g for g in step.any_of if all(level.get(n.skill, 0) >= n.level for n in g)] or [()]
                asked = [[level.get(n.skill, 0) for n in (*step.needs, *group)] for group in met]
                wishes = [(max(1, w.weight), level.get(w.skill, 0)) for w in step.prefer] or [(1, 0)]
                wished = (sum(weight * has for weight, has in wishes) << 32) // sum(w for w, _ in wishes)
                return max((sum(has) << 32) // max(1, len(has)) for has in asked) + wished
            case Policy.LEAST_OCCUPIED:
                halves = max(0, (self.now - p.on_since).bit_length() - 31)
                on = (self.now - p.on_since) >> halves
                return -(((p.busy_us >> halves) << 32) // on) if on else 0
            case Policy.ROUND_ROBIN:
                circle = sorted((a.settings.order, a.name) for a in self.agents.values())
                passed = sum(place <= c.queue.last for place in circle) if c.queue.last else 0
                return -((circle.index((p.settings.order, p.name)) - passed) % len(circle)) << 32
            case Policy.IDLENESS_RATIO:
                team = [next((t for t in q.shares if t[0] in a.settings.teams), ("", 0)) for a in (p, *fit)]
                return team[1:].count(team[0]) * sum(share for _, share in q.shares) - team[0][1] * len(fit)
            case Policy.RANDOM | Policy.WEIGHTED_RANDOM:
                fnv_1a = reduce(
                    lambda h, byte: (h ^ byte) * 0x100000001B3 % 2**64, p.name.encode(), FNV_START
                )
                word = SplitMix64(draw ^ fnv_1a).next()
                weighted = -((minus_log2(word) << 16) // max(1, p.settings.weight))
                return word >> 2 if q.policy is Policy.RANDOM else weighted
        least = {Policy.LEAST_SKILLED: sum(level.values()), Policy.FEWEST_CALLS: p.today}
        return -(least | {Policy.LINEAR: p.settings.order}).get(q.policy, 0) << 32

    def offer(self) -> tuple[str, str, int, int] | None:
        """The next: of a batch, to the first who is not rung, or one more to the first who may have more."""
        self.given = self.given or self.batch()
        alone = self.first(lambda c: not self.rings_of(c.name))
        c = self.given[0][0] if self.given else alone or self.first(self.wants_more)
        if c is None:
            return None
        q, fit, draw = c.queue.settings, [p for p in self.agents.values() if self.may(p, c)], 0
        if self.given:
            _, best, draw = self.given.pop(0)
        else:
            draw = self.rng.next() if "random" in q.policy else 0
            score = {p: self.worth(p, c, fit, draw) for p in fit}
            best = min(fit, key=lambda p: (p.line, -score[p], p.name != c.contact.before, *p.turn()))
        return c.name, best.name, len(fit), self.worth(best, c, fit, draw)

    def first(self, asks: Callable[[Visit], bool]) -> Visit | None:
        """Of the first in each line who asks and whom somebody may serve, the one whose turn it is."""
        asking = [c for c in self.waiting() if asks(c) and any(self.may(p, c) for p in self.agents.values())]
        heads = {c.queue: c for c in sorted(asking, key=lambda c: self.keys(c)[0], reverse=True)}
        return min(heads.values(), key=lambda c: self.keys(c)[1], default=None)

    def wants_more(self, c: Visit) -> bool:
        most = {Policy.RING_ALL: 64, Policy.RING_PROGRESSIVELY: c.may_ring}.get(c.queue.settings.policy, 0)
        return 0 < len(self.rings_of(c.name)) < most

    def ways(self, contacts: list[Visit], used: tuple[Agent, ...] = ()) -> list[tuple[Agent, ...]]:
        """All ways to give each of these an agent of its own."""
        if not contacts:
            return [used]
        fit = [p for p in self.agents.values() if p not in used and self.may(p, contacts[0])]
        return [way for p in fit for way in self.ways(contacts[1:], (*used, p))]

    def batch(self) -> list[tuple[Visit, Agent, int]]:
        """Who is served together, by whom, with which random word; nobody where fewer than two can be."""
        alone = [c for c in self.waiting() if not self.rings_of(c.name)]
        while self.tenant.assign is Assign.BATCH and (c := self.first(self.can_be_kept)):
            self.kept.append(c)
        kept, self.kept = self.kept, []
        if len(kept) < 2:
            return []
        crowd = [p for p in self.agents.values() if any(self.may(p, c) for c in alone)]
        crowd.sort(key=Agent.turn)
        cost = dict[tuple[Visit, Agent], int]()
        draws = [self.rng.next() if "random" in c.queue.settings.policy else 0 for c in kept]
        for c, draw in zip(kept, draws, strict=True):
            for p in (fit := [p for p in crowd if self.may(p, c)]):
                score = self.worth(p, c, fit, draw) >> BATCH_SHIFT.get(c.queue.settings.policy, 19)
                near = 0 if p.name == c.contact.before else crowd.index(p) + 1
                cost[c, p] = (p.line << 54) - (score << 17) + near
        sums = {way: sum(cost[pair] for pair in zip(kept, way, strict=True)) for way in self.ways(kept)}
        best = min(sums, key=lambda way: (sums[way], [crowd.index(p) for p in way]))
        return list(zip(kept, best, draws, strict=True))

    def can_be_kept(self, c: Visit) -> bool:
        return not self.rings_of(c.name) and c not in self.kept and bool(self.ways([*self.kept, c]))

    def refusal(self, c: Visit) -> RefusalReason | None:
        """Why the contact is not let in, or None."""
        q, steps, agents = c.queue.settings, c.contact.requirement.steps, self.agents.values()
        asked = {q.name}.union(*(step.queues for step in steps))
        here = [p for p in agents if p.on and not asked.isdisjoint(p.settings.queues or asked)]
        able = [p.settings for p in agents if p.name not in c.contact.avoid]
        reasons = {
            RefusalReason.FULL: 0 < q.contacts_max <= sum(o.queue is c.queue for o in self.waiting()),
            RefusalReason.NO_AGENTS: q.refuse_without_agents and not here,
            RefusalReason.UNSERVABLE: not any(self.meets(me, c, step) for me in able for step in steps),
        }
        return next((reason for reason, applies in reasons.items() if applies), None)


def minus_log2(word: int) -> int:
    """Of word / 2**64, by repeated squares as docs/decisions/0030 states."""
    e = max(word, 1).bit_length() - 1
    x, f = (max(word, 1) << (63 - e)) >> 32, 0
    for _ in range(32):
        bit = x * x >> 63
        x, f = x * x >> (31 + bit), 2 * f + bit
    return (64 << 32) - (e << 32) - f
