"""Whom the oracle knows, and what each policy thinks of them; plain functions of plain values."""

from switch.acd.settings import AgentSettings, Contact, Order, Policy, QueueSettings, Step, TenantSettings
from switch.base.rng import SplitMix64


class Line:
    def __init__(self, settings: QueueSettings) -> None:
        self.settings, self.ends, self.handlings = settings, list[bool](), list[int]()
        self.last: tuple[int, str] | None = None


class Person:
    def __init__(self, settings: AgentSettings, now: int) -> None:
        self.settings, self.idle, self.on, self.phone = settings, now, False, False
        self.pause: str | None = None
        self.line = self.own = self.wrap = self.wrap_units = self.rest = self.today = self.missed = 0
        self.on_at, self.busy, self.busy_at = now, 0, -1

    @property
    def place(self) -> tuple[int, str]:
        return self.settings.order, self.settings.name

    @property
    def name(self) -> str:
        return self.settings.name

    def named(self, name: str) -> bool:
        return self.settings.name == name

    def turn(self, before: str) -> tuple[bool, int, int, str]:
        return not self.named(before), self.idle, *self.place


class Customer:
    def __init__(self, contact: Contact, queue: Line | None, since: int, seq: int, units: int) -> None:
        self.contact, self.since, self.seq, self.units = contact, since, seq, units
        self.queue, self.agent, self.talking = queue, "", False
        self.step = self.may_ring = self.more = self.talks_at = self.wrap = 0
        self.assigned = False
        self.kept = since + contact.sticky_us if contact.before and contact.sticky_us else 0
        self.rings = dict[int, tuple[str, int, int]]()  # by offer: agent, fence, end of the lease
        self.tried = dict[str, int]()

    def policy(self) -> Policy:
        assert self.queue
        return self.queue.settings.policy

    def ringing(self) -> list[str]:
        return [name for name, _, _ in self.rings.values()]

    def points(self) -> int:
        assert self.queue
        return self.queue.settings.priority + self.contact.priority

    def note_end(self, now: int) -> None:
        assert self.queue
        t = self.queue.settings.service_level_us
        self.queue.ends = [*self.queue.ends, not t or now - self.since <= t][-64:]

    def line_key(self, tenant: TenantSettings) -> tuple[int, int, int]:
        aged = {Order.FIRST_COME: 0, Order.AGEING: self.since - self.points() * tenant.ageing_us}
        return aged.get(tenant.order, -self.contact.priority), self.since, self.seq


def service_key(
    c: Customer, tenant: TenantSettings, queues: dict[str, Line], here: dict[str, Customer], now: int
) -> tuple[int, ...]:
    """Of the first of all lines the one with the least is served."""
    assert c.queue
    queue, waited = c.queue.settings, now - c.since
    match tenant.order:
        case Order.PRIORITY:
            return -queue.priority, *c.line_key(tenant)
        case Order.COST:
            known = c.queue.handlings
            mean = sum(known) // len(known) if len(known) >= 8 else max(1, queue.handling_us)
            key = (queue.cost * waited << 12) // max(1, mean >> 10)
        case Order.RATIO:
            waits = [o.queue for o in here.values() if not (o.talking or o.rings or o.assigned)]
            shares = sum(line.settings.share for line in queues.values())
            key = waits.count(c.queue) * shares - queue.share * len(waits)
        case Order.SERVICE_LEVEL:
            ends, t = c.queue.ends, queue.service_level_us or 3_600_000_000
            target = (queue.target_percent << 16) // 100
            late = max(0, target - (sum(ends) << 16) // len(ends)) if ends else 0
            return waited > t, -((late << 32) + (waited << 16) // t), c.since, c.seq
        case _:
            return c.line_key(tenant)
    return -key, c.since, c.seq


def meets(p: Person, c: Customer, step: Step) -> bool:
    """By settings alone."""
    me, level = p.settings, dict(p.settings.skills)
    met = [all(level.get(n.skill, 0) >= n.level for n in group) for group in (step.needs, *step.any_of)]
    return (
        (not me.queues or bool({c.contact.queue, *step.queues} & {*me.queues}))
        and (met[0] and (not step.any_of or any(met[1:])))
        and not any(level.get(n.skill, 0) >= n.level for n in step.none_of)
        and (not step.teams or bool({*step.teams} & {*me.teams}))
        and (c.units <= me.units and dict(me.most).get(c.contact.channel, 1) != 0)
    )


def worth(p: Person, c: Customer, fit: list[Person], everyone: list[Person], draw: int, now: int) -> int:
    """What the policy of the contact's queue prefers: more is better."""
    assert c.queue
    level, step = dict(p.settings.skills), c.contact.requirement.steps[c.step]
    word = SplitMix64(draw ^ fnv(p.settings.name)).next()
    match c.queue.settings.policy:
        case Policy.MOST_SKILLED:
            groups = [g for g in step.any_of if all(level.get(n.skill, 0) >= n.level for n in g)] or [()]
            sets = [[level.get(n.skill, 0) for n in (*step.needs, *group)] for group in groups]
            wished = sum(max(1, w.weight) * level.get(w.skill, 0) for w in step.prefer) << 32
            return max((sum(s) << 32) // max(1, len(s)) for s in sets) + wished // max(
                1, sum(max(1, w.weight) for w in step.prefer)
            )
        case Policy.LEAST_SKILLED:
            return -sum(level.values()) << 32
        case Policy.FEWEST_CALLS:
            return -p.today << 32
        case Policy.LINEAR:
            return -p.settings.order << 32
        case Policy.LEAST_OCCUPIED:
            part, whole = p.busy + (now - p.busy_at if p.busy_at >= 0 else 0), now - p.on_at
            halves = max(0, whole.bit_length() - 31)
            return -(((part >> halves) << 32) // (whole >> halves)) if whole else 0
        case Policy.ROUND_ROBIN:
            ring = sorted(other.place for other in everyone)
            start = sum(place <= c.queue.last for place in ring) if c.queue.last else 0
            return -((ring.index(p.place) - start) % len(ring)) << 32
        case Policy.RANDOM:
            return word >> 2
        case Policy.WEIGHTED_RANDOM:
            return -((minus_log2(word) << 16) // max(1, p.settings.weight))
        case Policy.IDLENESS_RATIO:
            shares = c.queue.settings.shares
            team = [next((t for t in shares if t[0] in f.settings.teams), ("", 0)) for f in (p, *fit)]
            return team[1:].count(team[0]) * sum(share for _, share in shares) - team[0][1] * len(fit)
    return 0


def fnv(name: str) -> int:
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def minus_log2(word: int) -> int:
    """Of word / 2**64, 32 bits behind the point, by repeated squares as docs/decisions/0030 states."""
    e = max(word, 1).bit_length() - 1
    x, f = (max(word, 1) << (63 - e)) >> 32, 0
    for _ in range(32):
        bit = x * x >> 63
        x, f = x * x >> (31 + bit), 2 * f + bit
    return (64 << 32) - (e << 32) - f
