"""A seeded centre that never stops: random events of every kind, with stale and unknown names among them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from switch.acd import events as ev
from switch.acd.decisions import Admitted, Connected, Decision, Offered, OfferEnded, VisitEnded, WakeAt
from switch.acd.settings import AgentSettings, Contact, Need, Policy, QueueSettings, Requirement, Step
from switch.base.rng import SplitMix64

SECOND = 1_000_000
FIRST_POLICIES = tuple(Policy)[:6]
"""Those that both halves know."""
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
        policies: Sequence[Policy] = FIRST_POLICIES,
    ) -> None:
        self.rng = SplitMix64(seed)
        self.now = 1
        self.policies = policies
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
        steps = [Step(0, self._needs())]
        for _ in range(self.rng.below(3)):
            steps.append(Step(steps[-1].after_us + self.rng.below(20 * SECOND), self._needs()))
        since = self.now - self.rng.below(9 * SECOND) if self.rng.chance(1, 4) else 0
        return ev.Arrive(
            Contact(
                contact=name,
                queue=self.pick(self.queue_names * 8 + ["no-such-queue"]),
                requirement=Requirement(tuple(steps)),
                priority=self.rng.below(3) - 1,
                waiting_since=since,
                avoid=(self.pick(self.agent_names),) if self.rng.chance(1, 5) else (),
            )
        )

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
            )
        )
