"""Batches found again by trying all, beside the watch that knows who may serve whom."""

from itertools import combinations, permutations

from switch.acd import events as ev
from switch.acd.decisions import Connected, Decision, Offered, VisitEnded
from switch.acd.settings import Policy
from tests.acd.invariants import Watch

POLICIES = (
    Policy.LONGEST_IDLE,
    Policy.LEAST_SKILLED,
    Policy.LINEAR,
    Policy.FEWEST_CALLS,
    Policy.MOST_SKILLED,
)
"""Those whose scores are known from the settings and from counting."""

Pair = tuple[str, str]


class BatchWatch(Watch):
    """In a tenant that assigns in batches, in the order `priority`, where agents take one call at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.idle: dict[str, int] = {}
        self.answered: dict[str, int] = {}
        self.expected: list[Pair] = []
        self.batches = 0

    def see_event(self, event: ev.Event) -> None:
        if isinstance(event, ev.SetAgent) and event.agent.name not in self.agents:
            self.idle[event.agent.name], self.answered[event.agent.name] = self.now, 0
        if isinstance(event, ev.SignIn) and event.agent not in self.on:
            self.idle[event.agent] = self.now
        if isinstance(event, ev.EndWrapUp) and event.agent in self.wraps:
            self.idle[event.agent] = self.now
        super().see_event(event)

    def follow(self, event: ev.Event, now: int, decisions: list[Decision]) -> None:
        """All decisions of an event; offers together must be those that trying all finds."""
        self.now = now
        retries = {name: max(q.retry_same_agent_us, 1_000_000) for name, q in self.queues.items()}
        self.wraps = {agent: wrap for agent, wrap in self.wraps.items() if wrap[0] > now}
        self.see_event(event)
        for decision in decisions:
            if isinstance(decision, Offered):
                self.see_offer(decision)
            self.see(decision, event, now, retries)
            if isinstance(decision, Connected):
                self.answered[decision.agent] = self.answered.get(decision.agent, 0) + 1
        assert not self.expected, "a batch was cut short"

    def see_offer(self, offered: Offered) -> None:
        if not self.expected:
            found = self.best()
            if len(found) > 1:
                self.expected, self.batches = found, self.batches + 1
        if self.expected:
            assert (offered.contact, offered.agent) == self.expected.pop(0)
            assert offered.choice.tie_break == "batch"
        else:
            assert offered.choice.batch == 0

    def see_end(self, decision: VisitEnded, now: int) -> None:
        agent = self.talks.get(decision.contact, "")
        super().see_end(decision, now)
        if agent:
            self.idle[agent] = max(now, self.wraps.get(agent, (0, 0))[0])

    def best(self) -> list[Pair]:
        rung = {offer.contact for offer in self.offers.values()}
        waiting = [name for name in self.contacts if name not in rung and name not in self.talks]
        waiting.sort(key=self.in_order)
        ready = sorted((self.on & self.phones) - self.paused, key=self.by_idle)
        able = {name: [a for a in ready if self.may_serve(a, name, self.now)] for name in waiting}
        useful = [agent for agent in ready if any(agent in agents for agents in able.values())]
        kept: list[str] = []
        for name in waiting:
            if any(self.matchings([*kept, name], useful, able)):
                kept.append(name)
        ways = self.matchings(kept, useful, able)
        return list(zip(kept, min(ways, key=lambda way: self.cost(kept, way, useful)), strict=True))

    @staticmethod
    def matchings(names: list[str], agents: list[str], able: dict[str, list[str]]) -> list[tuple[str, ...]]:
        return [
            way
            for some in combinations(agents, len(names))
            for way in permutations(some)
            if all(agent in able[name] for name, agent in zip(names, way, strict=True))
        ]

    def cost(
        self, names: list[str], way: tuple[str, ...], agents: list[str]
    ) -> tuple[int, int, int, list[int]]:
        """Failing lines, scores, idle places, and at last the places one by one."""
        places = [agents.index(agent) for agent in way]
        pairs = list(zip(names, way, strict=True))
        idle = sum(
            0 if self.contacts[name][2].before == agent else place + 1
            for (name, agent), place in zip(pairs, places, strict=True)
        )
        lines = sum(self.lines[agent] for agent in way)
        return lines, -sum(self.worth(name, agent) for name, agent in pairs), idle, places

    def worth(self, name: str, agent: str) -> int:
        """With 13 bits behind the point."""
        settings, step = self.agents[agent], self.step(name, self.now)
        levels = dict(settings.skills)
        wanted = [levels.get(need.skill, 0) for need in step.needs]
        return {
            Policy.LONGEST_IDLE: 0,
            Policy.LEAST_SKILLED: -(sum(levels.values()) << 13),
            Policy.LINEAR: -(settings.order << 13),
            Policy.FEWEST_CALLS: -(self.answered[agent] << 13),
            Policy.MOST_SKILLED: (sum(wanted) << 13) // max(1, len(wanted)),
        }[self.queues[self.contacts[name][2].queue].policy]

    def in_order(self, name: str) -> tuple[int, int, int, int]:
        since, seq, contact = self.contacts[name]
        return (-self.queues[contact.queue].priority, -contact.priority, since, seq)

    def by_idle(self, agent: str) -> tuple[int, int, str]:
        return (self.idle[agent], self.agents[agent].order, agent)
