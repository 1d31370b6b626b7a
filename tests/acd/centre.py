"""A small centre for tests that tell a story: short verbs over a router, time in seconds."""

from collections.abc import Mapping
from typing import Any, TypeVar

from switch.acd import events as ev
from switch.acd.decisions import AgentState, Decision, Offered
from switch.acd.select import RouterClass
from switch.acd.settings import AgentSettings, Contact, Need, QueueSettings, Requirement, Step

SECOND = 1_000_000
NOTHING: Mapping[str, Any] = {}
D = TypeVar("D")


def _step(words: tuple[float, dict[str, int]] | Step) -> Step:
    if isinstance(words, Step):
        return words
    after, needs = words
    return Step(int(after * SECOND), tuple(Need(skill, level) for skill, level in needs.items()))


class Centre:
    """Remembers the last decisions and the open offers. `t` is the present second."""

    def __init__(self, router_class: RouterClass) -> None:
        self.router_class = router_class
        self.router = router_class(1)
        self.t = 100.0
        self.said: list[Decision] = []
        self.offers: dict[str, Offered] = {}

    def do(self, event: ev.Event, t: float | None = None) -> list[Decision]:
        self.t = self.t if t is None else t
        self.said = self.router.apply(event, int(self.t * SECOND))
        for offered in self.of(Offered):
            self.offers[offered.agent] = offered
        return self.said

    def of(self, kind: type[D]) -> list[D]:
        """The last decisions of one kind."""
        return [decision for decision in self.said if isinstance(decision, kind)]

    def queue(self, name: str = "q", **settings: Any) -> None:
        self.do(ev.SetQueue(QueueSettings(name, **settings)))

    def agent(
        self,
        name: str,
        *queues: str,
        order: int = 0,
        more: Mapping[str, Any] = NOTHING,
        **skills: int,
    ) -> None:
        """A new agent, signed in and reachable; each a hundredth of a second later than the one before.

        `more` are further fields of AgentSettings.
        """
        self.do(ev.SetAgent(AgentSettings(name, tuple(skills.items()), queues, order, **more)))
        self.do(ev.Reach(name, True), self.t + 0.01)
        self.do(ev.SignIn(name))

    def arrive(
        self,
        name: str,
        queue: str = "q",
        *steps: tuple[float, dict[str, int]] | Step,
        priority: int = 0,
        since: float = 0,
        avoid: tuple[str, ...] = (),
        t: float | None = None,
        **more: Any,
    ) -> list[Decision]:
        """`more` are further fields of Contact."""
        requirement = Requirement(tuple(map(_step, steps or ((0, {}),))))
        contact = Contact(name, queue, requirement, priority, int(since * SECOND), avoid, **more)
        return self.do(ev.Arrive(contact), t)

    def claim(self, agent: str, t: float | None = None) -> list[Decision]:
        offered = self.offers[agent]
        return self.do(ev.Claim(offered.offer, offered.fence), t)

    def decline(self, agent: str, reason: ev.DeclineReason, t: float | None = None) -> list[Decision]:
        offered = self.offers[agent]
        return self.do(ev.Decline(offered.offer, offered.fence, reason), t)

    def wake(self, t: float) -> list[Decision]:
        return self.do(ev.Wake(), t)

    def offered(self) -> list[tuple[str, str]]:
        """(contact, agent) of the offers among the last decisions."""
        return [(offer.contact, offer.agent) for offer in self.of(Offered)]

    def state(self, agent: str) -> AgentState:
        return next(view.state for view in self.router.agents(self.now) if view.name == agent)

    def waiting(self) -> list[str]:
        return [view.contact for view in self.router.waiting(self.now)]

    def exclusions(self) -> dict[str, int]:
        """Of the first offer among the last decisions: why not the others."""
        return {reason.value: count for reason, count in self.of(Offered)[0].choice.exclusions}

    @property
    def now(self) -> int:
        return int(self.t * SECOND)
