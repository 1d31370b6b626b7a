"""The router in C at the size of the largest centres, and how its cost grows.

Run `python -m benchmarks.router_scale [--seconds S] [--plot FILE]`. CPU is user time of this process. A
contact is four events: it arrives, the offer is claimed, the talk ends, the wrap-up ends. All agents talk,
and the line never gets shorter: for each who is served another arrives. Agents have ten of the skills at
levels 1 to 10; contacts ask for one or two of them.
"""

import argparse
import importlib
import math
import random
import resource
import time

from switch.acd import events as ev
from switch.acd.decisions import Connected, Offered, VisitEnded
from switch.acd.packed import CHOICE_SIZE, DECISION, DECISIONS, EVENT, KINDS, NEED, NEEDS_SIZE
from switch.acd.select import router_class
from switch.acd.settings import (
    AgentSettings,
    Assign,
    Contact,
    Need,
    Policy,
    QueueSettings,
    Requirement,
    Step,
    TenantSettings,
)

SINGLE = tuple(policy for policy in Policy if policy not in (Policy.RING_ALL, Policy.RING_PROGRESSIVELY))
"""Policies with one agent a contact."""

QUEUES = 20
BATCH = 500
"""Contacts whose talks end in one batch; so many arrive."""

WRAP_UP_US = 600_000_000
GROWTH = (100, 316, 1_000, 3_162, 10_000, 31_623, 100_000)


def cpu() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as pages:
        return int(pages.read().split()[1]) * resource.getpagesize() / 1e6


class Centre:
    """A router whose agents all talk, and a line of contacts; driven by packed batches."""

    def __init__(self, agents: int, waiting: int, classes: int, skills: int, policy: Policy) -> None:
        # The C half alone is measured here.
        self.router = router_class()(1)
        self.rng = random.Random(7)
        self.now = 1_000_000
        self.offers: list[tuple[int, int]] = []
        self.talking: list[int] = []
        self.wrapped: list[int] = []
        self.before_mb = resident_mb()
        for n in range(QUEUES):
            settings = QueueSettings(f"queue-{n}", policy, wrap_up_us=WRAP_UP_US)
            self.router.apply(ev.SetQueue(settings), self.now)
        names = [f"agent-{n:06}" for n in range(agents)]
        of = [f"skill-{skill:03}" for skill in range(skills)]
        self.skilled: list[tuple[tuple[str, int], ...]] = []
        for n, name in enumerate(names):
            has = self.rng.sample(of, 10)
            levels = tuple((skill, self.rng.randrange(1, 11)) for skill in has)
            if n % max(1, agents // classes) == 0:
                self.skilled.append(levels)
            self.router.apply(ev.SetAgent(AgentSettings(name, levels)), self.now)
            self.router.apply(ev.Reach(name, True), self.now)
        self.requirements = [self.requirement(n) for n in range(classes)]
        self.like = [self.router.intern(contact) for contact in self.requirements]
        self.spare = [self.router.intern(f"contact-{n}") for n in range(agents + waiting + 8 * BATCH)]
        self.fill(agents + waiting)
        self.sign_in(names)
        self.grown_mb = resident_mb() - self.before_mb

    def requirement(self, number: int) -> Contact:
        """What some agent has, so that nobody is refused and the line keeps its length."""
        (first, level), (second, _) = self.rng.sample(self.skilled[number % len(self.skilled)], 2)
        needs = (
            (Need(first, min(1 + number % 3, level)),) if number % 4 else (Need(first, 1), Need(second, 1))
        )
        return Contact("", f"queue-{number % QUEUES}", Requirement((Step(0, needs),)))

    def fill(self, waiting: int) -> None:
        """So many wait before anybody is there, so that no choice is among thousands of agents."""
        for _ in range(waiting // BATCH):
            self.run(self.arrivals(BATCH))
        while (missing := waiting - self.line()) > 0:
            self.run(self.arrivals(min(missing, BATCH)))

    def sign_in(self, names: list[str]) -> None:
        kind = KINDS.index(ev.SignIn)
        records = [EVENT.pack(kind, 0, self.router.intern(name), self.now, 0, 0) for name in names]
        for at in range(0, len(records), BATCH):
            self.run(records[at : at + BATCH])
            self.run(self.claims())

    def line(self) -> int:
        return sum(queue.waiting for queue in self.router.queues(self.now))

    # Records.

    def arrivals(self, count: int) -> list[bytes]:
        kind = KINDS.index(ev.Arrive)
        records = []
        for _ in range(min(count, len(self.spare))):
            self.now += 20
            like = self.like[self.rng.randrange(len(self.like))]
            records.append(EVENT.pack(kind, 0, self.spare.pop(), self.now, 0, like))
        return records

    def claims(self) -> list[bytes]:
        offers, self.offers = self.offers, []
        kind = KINDS.index(ev.Claim)
        return [EVENT.pack(kind, 0, 0, self.now, offer, fence) for offer, fence in offers]

    def ends(self, count: int) -> list[bytes]:
        """Talks that end, in any order, and the wrap-ups of those that ended in the batch before."""
        wrapped, self.wrapped = self.wrapped, []
        end_wrap_up, finish = KINDS.index(ev.EndWrapUp), KINDS.index(ev.Finish)
        records = [EVENT.pack(end_wrap_up, 0, agent, self.now, 0, 0) for agent in wrapped]
        for _ in range(min(count, len(self.talking))):
            at = self.rng.randrange(len(self.talking))
            self.talking[at], self.talking[-1] = self.talking[-1], self.talking[at]
            records.append(EVENT.pack(finish, 0, self.talking.pop(), self.now, 0, 0))
        return records

    def run(self, records: list[bytes]) -> float:
        """One batch; the CPU that the router took."""
        data = b"".join(records)
        began = cpu()
        decided = self.router.apply_packed(data)
        spent = cpu() - began
        self.now += 1_000
        self.learn(decided)
        return spent

    def learn(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            kind, _, _, contact, _, agent, _, number, fence, _, _ = DECISION.unpack_from(data, at)
            at += DECISION.size
            if DECISIONS[kind] is Offered:
                self.offers.append((number, fence))
                needs = int.from_bytes(data[at + 32 : at + 36], "little")
                at += CHOICE_SIZE - (-needs * NEED.size // NEEDS_SIZE) * NEEDS_SIZE
            elif DECISIONS[kind] is Connected:
                self.talking.append(contact)
            elif DECISIONS[kind] is VisitEnded:
                self.spare.append(contact)
                self.wrapped.append(agent)

    # What is measured.

    def turn(self) -> tuple[float, int, int]:
        """A batch of each kind: CPU, events and offers."""
        count = min(BATCH, max(1, len(self.talking) // 4))
        records = self.claims() + self.ends(count) + self.arrivals(count)
        return self.run(records), len(records), len(self.offers)

    def rate(self, seconds: float) -> tuple[float, float]:
        """Events a second, and CPU microseconds for each offer, which has its four events."""
        spent, events, offers = 0.0, 0, 0
        for _ in range(3):
            self.turn()
        while spent < seconds:
            took, count, made = self.turn()
            spent, events, offers = spent + took, events + count, offers + made
        return events / spent, 1e6 * spent / max(1, offers)

    def singly(self, contacts: int) -> list[float]:
        """Microseconds of each event, one call each from Python. Wall time: it holds what others on the
        machine take as well."""
        self.run(self.claims())
        took: list[float] = []

        def timed(event: ev.Event) -> list[Offered]:
            self.now += 50
            began = time.perf_counter_ns()
            said = self.router.apply(event, self.now)
            took.append((time.perf_counter_ns() - began) / 1e3)
            return [decision for decision in said if isinstance(decision, Offered)]

        names = [self.router.interned(number) for number in self.talking[:contacts]]
        holder = {view.contact: view.name for view in self.router.agents(self.now)}
        for n, name in enumerate(names):
            like = self.requirements[self.rng.randrange(len(self.requirements))]
            timed(ev.Arrive(Contact(f"late-{n}", like.queue, like.requirement)))
            timed(ev.Finish(name))
            for offered in timed(ev.EndWrapUp(holder[name])):
                timed(ev.Claim(offered.offer, offered.fence))
        return sorted(took)


def large(seconds: float) -> None:
    print("10,000 agents, 200 skills, 2,000 requirement classes, 50,000 waiting contacts, all agents talk")
    print(f"{'policy':>18} {'events/s packed':>16} {'us an offer':>12} {'MB':>6} {'p50 us':>7} {'p99 us':>7}")
    for policy in SINGLE:
        centre = Centre(10_000, 50_000, 2_000, 200, policy)
        rate, each = centre.rate(seconds)
        took = centre.singly(2_000)
        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
        print(
            f"{policy.value:>18} {rate:>16,.0f} {each:>12.2f} {centre.grown_mb:>6.0f} {p50:>7.1f} {p99:>7.1f}"
        )


def growth(seconds: float) -> list[tuple[int, float, float]]:
    """CPU of a contact, with all its events and its decision, at n agents and n contacts."""
    print("\nCPU of a contact (us, four events and one decision) with n agents and n waiting contacts")
    print(f"{'n':>8} {'longest-idle':>14} {'most-skilled':>14}")
    rows = []
    for n in GROWTH:
        each = [
            Centre(n, n, max(10, min(2_000, n // 10)), max(20, min(200, n // 10)), policy).rate(seconds)[1]
            for policy in (Policy.LONGEST_IDLE, Policy.MOST_SKILLED)
        ]
        rows.append((n, each[0], each[1]))
        print(f"{n:>8,} {each[0]:>14.2f} {each[1]:>14.2f}")
    first, last = rows[0], rows[-1]
    for name, column in (("longest-idle", 1), ("most-skilled", 2)):
        times = last[column] / first[column]
        power = math.log(times) / math.log(last[0] / first[0])
        print(
            f"{name}: {last[0] // first[0]:,} times the size costs {times:.1f} times as much,"
            f" {10**power:.1f} times for each tenfold (n to the power of {power:.2f})"
        )
    return rows


def together(count: int, policy: Policy) -> float:
    """CPU milliseconds in which as many contacts as agents are matched as a whole."""
    router, rng = router_class()(1), random.Random(7)
    router.apply(ev.SetTenant(TenantSettings(assign=Assign.BATCH)), 1)
    router.apply(ev.SetQueue(QueueSettings("queue", policy)), 1)
    router.apply(ev.SetAgent(AgentSettings("later", (("later", 100),))), 1)
    for n in range(count):
        levels = tuple((f"skill-{skill}", rng.randrange(1, 101)) for skill in range(20))
        router.apply(ev.SetAgent(AgentSettings(f"agent-{n}", levels)), 1)
        router.apply(ev.Reach(f"agent-{n}", True), 1)
        router.apply(ev.SignIn(f"agent-{n}"), 1)
    for n in range(count):
        steps = Step(0, (Need("later", 100),)), Step(1_000_000, (Need(f"skill-{rng.randrange(20)}", 1),))
        router.apply(ev.Arrive(Contact(f"contact-{n}", "queue", Requirement(steps))), 1)
    # User time alone is counted in ticks that are longer than this.
    began = time.process_time()
    decisions = router.apply(ev.Wake(), 2_000_000)
    spent = time.process_time() - began
    assert sum(isinstance(d, Offered) and d.choice.batch == count for d in decisions) == count
    return 1e3 * spent


def plot(rows: list[tuple[int, float, float]], path: str) -> None:
    # An extra (`plots`), which is asked for only here.
    mpl = importlib.import_module("matplotlib")
    mpl.use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    sizes = [row[0] for row in rows]
    pyplot.loglog(sizes, [row[1] for row in rows], "o-", label="longest-idle")
    pyplot.loglog(sizes, [row[2] for row in rows], "s-", label="most-skilled")
    pyplot.xlabel("agents, and waiting contacts")
    pyplot.ylabel("CPU of a contact, microseconds")
    pyplot.legend()
    pyplot.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="CPU seconds of each measurement")
    parser.add_argument("--plot", default="", help="a file for the picture of the growth (needs matplotlib)")
    parser.add_argument("--only", choices=("large", "growth"), help="one of the two tables")
    given = parser.parse_args()
    if given.only != "growth":
        large(given.seconds)
        whole = {policy.value: min(together(200, policy) for _ in range(10)) for policy in SINGLE}
        print("200 contacts and 200 agents matched as a whole, ms:")
        print(", ".join(f"{policy} {least:.1f}" for policy, least in whole.items()))
    if given.only != "large":
        rows = growth(given.seconds)
        if given.plot:
            plot(rows, given.plot)


if __name__ == "__main__":
    main()
