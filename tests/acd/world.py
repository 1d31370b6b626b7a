"""A seeded centre that never stops: random events of every kind, with stale and unknown names among them."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from switch.acd import events as ev
from switch.acd.decisions import Admitted, Connected, Decision, Offered, OfferEnded, VisitEnded, WakeAt
from switch.acd.limits import DAY_US
from switch.acd.select import C_LACKS
from switch.acd.settings import (
    VOICE,
    AgentSettings,
    Assign,
    Contact,
    Need,
    Order,
    Policy,
    Preference,
    QueueSettings,
    Requirement,
    Step,
    TenantSettings,
)
from switch.base.rng import SplitMix64

SECOND = 1_000_000
FIRST_POLICIES = tuple(Policy)[:6]
"""Those of the first design; the others are words of `select.words_of`."""

WORDS = frozenset(
    (
        *(policy.value for policy in Policy if policy not in FIRST_POLICIES),
        "requirement",
        "before",
        "line",
        "misses",
        "capacity",
        "order",
        "batch",
        "own-calls",
        "day",
    )
)
"""Everything of the second design that a world can draw."""

KNOWN = WORDS - C_LACKS
"""What both halves know."""
T = TypeVar("T")


class World:
    """Gives the next event and its time; told the decisions, so that most claims are of open offers."""

    def __init__(
        self,
        seed: int,
        *,
        agents: int = 8,
        queues: int = 4,
        contacts: int = 60,
        policies: Sequence[Policy] = (),
        words: frozenset[str] = KNOWN,
        orders: Sequence[Order] = tuple(Order),
    ) -> None:
        self.rng = SplitMix64(seed)
        self.now = 1
        known = tuple(policy for policy in Policy if policy in FIRST_POLICIES or policy.value in words)
        self.policies = policies or known
        self.words = words
        self.orders = orders
        self.teams = ["east", "west"]
        self.channels = ["chat", "mail", "fax"]
        self.agent_names = [f"agent-{n}" for n in range(agents)] + ["é-agent"]
        self.queue_names = [f"queue-{n}" for n in range(queues)]
        self.skills = ["french", "english", "billing"]
        self.contacts: list[str] = []
        self.gone = "nobody"
        self.contacts_max = contacts
        self.arrived = 0
        self.offers: dict[int, int] = {}
        self.stale = (1, 1)
        self.wake: int | None = None
        self.setup = [self._set_queue(name) for name in self.queue_names]
        self.setup += [self._set_agent(name) for name in self.agent_names]
        self.setup += [ev.SignIn(name) for name in self.agent_names]
        self.setup += [ev.Reach(name, True) for name in self.agent_names]
        self.weighted: list[tuple[int, Callable[[], ev.Event]]] = [
            (4, lambda: self._set_queue(self.pick(self.queue_names))),
            (6, lambda: self._set_agent(self.pick(self.agent_names))),
            (1, lambda: ev.RemoveQueue(self.pick(self.queue_names))),
            (1, lambda: ev.RemoveAgent(self.pick(self.agent_names))),
            (16, lambda: ev.SignIn(self.pick(self.agent_names))),
            (2, lambda: ev.SignOut(self.pick(self.agent_names))),
            (3, lambda: ev.Pause(self.pick(self.agent_names), self.pick(["lunch", "", "training"]))),
            (16, lambda: ev.Resume(self.pick(self.agent_names))),
            (16, lambda: ev.Reach(self.pick(self.agent_names), self.rng.chance(6, 7))),
            (3, lambda: ev.Engage(self.pick(self.agent_names))),
            (12, lambda: ev.Disengage(self.pick(self.agent_names))),
            (40, self._arrive),
            (6, lambda: ev.Abandon(self._contact())),
            (3, lambda: ev.Withdraw(self._contact(), self.pick(["time-out", "key"]))),
            (35, lambda: ev.Claim(*self._offer())),
            (20, lambda: ev.Decline(*self._offer(), self.pick(list(ev.DeclineReason)))),
            (35, lambda: ev.Finish(self._contact())),
            (6, lambda: ev.EndWrapUp(self.pick(self.agent_names))),
            (30, self._wake),
        ]
        if words & {"order", "batch", "capacity", "own-calls", "day"}:
            self.weighted.append((3, self._set_tenant))
            self.setup.insert(0, self._set_tenant())
        if "line" in words:
            self.weighted.append((6, lambda: ev.SetLine(self.pick(self.agent_names), self.rng.below(3))))
        self.total = sum(weight for weight, _ in self.weighted)

    def pick(self, items: Sequence[T]) -> T:
        return items[self.rng.below(len(items))]

    def next(self) -> tuple[ev.Event, int]:
        if self.setup:
            return self.setup.pop(0), self.now
        if self.rng.chance(3, 4):
            self.now += self.rng.below(SECOND)
        ticket = self.rng.below(self.total)
        for weight, make in self.weighted:
            if ticket < weight:
                return make(), self.now
            ticket -= weight
        raise AssertionError("the weights are counted")

    def learn(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            if isinstance(decision, Offered):
                self.offers[decision.offer] = decision.fence
            elif isinstance(decision, OfferEnded | Connected):
                self.stale = (decision.offer, self.offers.pop(decision.offer))
            elif isinstance(decision, WakeAt):
                self.wake = decision.at
            elif isinstance(decision, Admitted):
                self.contacts.append(decision.contact)
            elif isinstance(decision, VisitEnded):
                self.contacts.remove(decision.contact)
                self.gone = decision.contact

    def _wake(self) -> ev.Event:
        if self.wake is not None and self.rng.chance(1, 2):
            self.now = max(self.now, self.wake)
        return ev.Wake()

    def _offer(self) -> tuple[int, int]:
        if not self.offers or self.rng.chance(1, 10):
            return self.stale
        offer, fence = self.pick(list(self.offers.items()))
        return offer, fence + self.rng.chance(1, 20)

    def _contact(self) -> str:
        return self.pick(self.contacts) if self.contacts and self.rng.chance(14, 15) else self.gone

    def _needs(self) -> tuple[Need, ...]:
        return tuple(
            Need(self.pick([*self.skills, "latin"] if self.rng.chance(1, 20) else self.skills), self._level())
            for _ in range(self.rng.below(3))
        )

    def _level(self) -> int:
        return 1 + self.rng.below(4)

    def _arrive(self) -> ev.Event:
        if len(self.contacts) >= self.contacts_max:
            return ev.Withdraw(self._contact(), "full house")
        # Some names come again, while the contact is here or after it left.
        self.arrived += not self.rng.chance(1, 20)
        name = f"contact-{self.arrived}"
        steps = [self._step(0)]
        for _ in range(self.rng.below(3)):
            steps.append(self._step(steps[-1].after_us + self.rng.below(20 * SECOND)))
        since = self.now - self.rng.below(9 * SECOND) if self.rng.chance(1, 4) else 0
        return ev.Arrive(
            Contact(
                contact=name,
                queue=self.pick(self.queue_names * 8 + ["no-such-queue"]),
                requirement=Requirement(tuple(steps)),
                priority=self.rng.below(3) - 1,
                waiting_since=since,
                avoid=(self.pick(self.agent_names),) if self.rng.chance(1, 5) else (),
                **self._second_of_contact(),
            )
        )

    def _step(self, after_us: int) -> Step:
        needs = self._needs()
        if "requirement" not in self.words or self.rng.chance(1, 2):
            return Step(after_us, needs)
        rng = self.rng
        return Step(
            after_us,
            needs[:1],
            any_of=tuple(self._needs() for _ in range(rng.below(3))) if rng.chance(1, 2) else (),
            none_of=(Need(self.pick(self.skills), 1 + rng.below(6)),) if rng.chance(1, 4) else (),
            prefer=tuple(Preference(skill, rng.below(4)) for skill in self.skills if rng.chance(1, 3)),
            teams=tuple(team for team in [*self.teams, "north"] if rng.chance(1, 2))
            if rng.chance(1, 4)
            else (),
            queues=(self.pick(self.queue_names),) if rng.chance(1, 4) else (),
        )

    def _second_of_contact(self) -> dict[str, Any]:
        words: dict[str, Any] = {}
        if "capacity" in self.words and self.rng.chance(1, 2):
            words["channel"] = self.pick(self.channels)
        if "before" in self.words and self.rng.chance(1, 3):
            words["before"] = self.pick([*self.agent_names, "nobody"])
            words["sticky_us"] = self.rng.below(4) * 3 * SECOND
        return words

    def _second_of_queue(self) -> dict[str, Any]:
        rng = self.rng
        words: dict[str, Any] = {}
        if "misses" in self.words:
            words |= {"busy_is_miss": rng.chance(1, 3), "unreachable_is_miss": rng.chance(1, 3)}
        if "idleness-ratio" in self.words:
            words["shares"] = tuple((team, rng.below(4)) for team in self.teams if rng.chance(3, 4))
        if "ring-progressively" in self.words:
            words["ring_more_us"] = rng.below(4) * 2 * SECOND
        if "order" in self.words:
            words |= {"share": rng.below(4), "cost": rng.below(4), "handling_us": rng.below(9) * 10 * SECOND}
            words["target_percent"] = rng.below(101)
        return words

    def _second_of_agent(self) -> dict[str, Any]:
        rng = self.rng
        words: dict[str, Any] = {}
        if self.words & {"requirement", "idleness-ratio"}:
            words["teams"] = tuple(team for team in self.teams if rng.chance(1, 2))
        if "weighted-random" in self.words:
            words["weight"] = rng.below(5)
        if "capacity" in self.words and rng.chance(1, 2):
            words["units"] = self.pick([0, 40, 100, 100, 150])
            words["most"] = tuple((name, rng.below(4)) for name in [VOICE, "chat"] if rng.chance(1, 3))
        return words

    def _set_tenant(self) -> ev.Event:
        rng = self.rng
        words: dict[str, Any] = {}
        if "order" in self.words:
            words |= {"order": self.pick(self.orders), "ageing_us": rng.below(4) * 5 * SECOND}
        if "batch" in self.words:
            words["assign"] = self.pick([Assign.BATCH, Assign.BATCH, Assign.ONE_BY_ONE])
        if "capacity" in self.words:
            words["channels"] = tuple(
                (name, 5 + rng.below(60)) for name in [VOICE, "chat", "mail"] if rng.chance(2, 3)
            )
        if "own-calls" in self.words:
            words["own_calls_reset_idle"] = rng.chance(1, 2)
        if "day" in self.words:
            soon = self.now + 5 * SECOND
            words["day_start_us"] = self.pick([0, self.now // 2, soon, soon - 3 * DAY_US])
        return ev.SetTenant(TenantSettings(**words))

    def _set_queue(self, name: str) -> ev.Event:
        return ev.SetQueue(
            QueueSettings(
                name=name,
                policy=self.pick(self.policies),
                priority=self.rng.below(3),
                ring_us=self.rng.below(5) * 5 * SECOND,
                lease_margin_us=self.rng.below(3) * SECOND,
                wrap_up_us=self.rng.below(4) * 3 * SECOND,
                misses_before_pause=self.rng.below(4),
                contacts_max=self.rng.below(4) * 6,
                refuse_without_agents=self.rng.chance(1, 3),
                service_level_us=self.rng.below(3) * 5 * SECOND,
                retry_same_agent_us=self.pick([0, SECOND // 3, 4 * SECOND, 12 * SECOND]),
                **self._second_of_queue(),
            )
        )

    def _set_agent(self, name: str) -> ev.Event:
        chosen = [skill for skill in self.skills if self.rng.chance(2, 3)]
        serves = [queue for queue in self.queue_names if self.rng.chance(1, 2)]
        return ev.SetAgent(
            AgentSettings(
                name=name,
                skills=tuple((skill, self.rng.below(6)) for skill in chosen),
                queues=tuple(serves) if self.rng.chance(1, 2) else (),
                order=self.rng.below(3),
                **self._second_of_agent(),
            )
        )


class Surges(World):
    """Talks that all end, wrap-ups that end together, and a crowd that waits for it: then all are matched."""

    def __init__(self, seed: int, **words: Any) -> None:
        super().__init__(seed, **words)
        self.talks: list[str] = []
        self.arrivals = 0

    def next(self) -> tuple[ev.Event, int]:
        if self.setup:
            return self.setup.pop(0), self.now
        self.now += self.rng.below(SECOND // 100)
        if self.rng.chance(1, 20):
            return super().next()
        if self.offers:
            return ev.Claim(*next(iter(self.offers.items()))), self.now
        if self.talks:
            return ev.Finish(self.talks[0]), self.now
        if self.arrivals:
            self.arrivals -= 1
            return self._arrive(), self.now
        self.arrivals = 2 + self.rng.below(2 * len(self.agent_names))
        self.now += 30 * SECOND
        return ev.Wake(), self.now

    def learn(self, decisions: list[Decision]) -> None:
        super().learn(decisions)
        for decision in decisions:
            if isinstance(decision, Connected):
                self.talks.append(decision.contact)
            elif isinstance(decision, VisitEnded) and decision.contact in self.talks:
                self.talks.remove(decision.contact)
