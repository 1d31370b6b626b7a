"""CPU of a routed contact in both halves of the router, at a few sizes, alternately in the same run.

Run `python -m benchmarks.router [--seconds S]`. A contact is four events: arrive, claim, finish, and the
end of the wrap-up; each makes its decisions and is explained. "loaded" keeps a line of waiting contacts
that nobody free may serve, "quiet" keeps all agents but one free.
"""

import argparse
import time
from collections import deque
from dataclasses import dataclass

from switch.acd import events as ev
from switch.acd.decisions import Offered
from switch.acd.router import Router
from switch.acd.select import RouterClass, RouterLike, router_class
from switch.acd.settings import AgentSettings, Contact, Need, QueueSettings, Requirement, Step

SKILLS = ("french", "english", "billing", "support")


@dataclass(frozen=True, slots=True)
class Size:
    agents: int
    queues: int
    waiting: int
    quiet: bool

    def __str__(self) -> str:
        return f"{self.agents:>6,} agents {self.queues:>3} queues {'quiet' if self.quiet else 'loaded':>7}"


SIZES = (
    Size(20, 3, 0, True),
    Size(40, 3, 200, False),
    Size(200, 10, 0, True),
    Size(200, 10, 1_000, False),
    Size(2_000, 40, 0, True),
    Size(2_000, 40, 5_000, False),
)


class Load:
    """One centre that is kept going: finished contacts give way to new ones."""

    def __init__(self, router: RouterLike, size: Size) -> None:
        self.router, self.size, self.now, self.named = router, size, 1, 0
        self.events = self.decisions = self.arrived = 0
        self.talking: deque[str] = deque()
        for queue in range(size.queues):
            self.apply(ev.SetQueue(QueueSettings(f"q{queue}", wrap_up_us=1_000)))
        for agent in range(size.agents):
            skills = tuple((skill, 1 + (agent + at) % 7) for at, skill in enumerate(SKILLS))
            name = f"agent-{agent:05}"
            self.apply(ev.SetAgent(AgentSettings(name, skills)))
            self.apply(ev.Reach(name, True))
            self.apply(ev.SignIn(name))
        if not size.quiet:
            # All talk but the few who turn round; the line asks for more than those can do.
            for _ in range(size.agents - 2):
                self.start()
            specialist = AgentSettings("specialist", (*((s, 1) for s in SKILLS), ("rare", 9)))
            self.apply(ev.SetAgent(specialist))
            for number in range(size.waiting):
                need = Requirement((Step(0, (Need("rare", 5),)),))
                self.apply(ev.Arrive(Contact(f"w{number}", f"q{number % size.queues}", need)))

    def apply(self, event: ev.Event) -> None:
        """Take one event; whoever is offered a contact claims it at once."""
        decisions = self.router.apply(event, self.now)
        self.events += 1
        self.decisions += len(decisions)
        for decision in decisions:
            if isinstance(decision, Offered):
                self.apply(ev.Claim(decision.offer, decision.fence))
                self.talking.append(decision.contact)

    def start(self) -> None:
        self.arrived += 1
        self.named += 1
        self.now += 700
        skill = SKILLS[self.named % len(SKILLS)]
        contact = Contact(
            f"contact-{self.named}",
            f"q{self.named % self.size.queues}",
            Requirement((Step(0, (Need(skill, 1),)), Step(30_000_000, ()))),
        )
        self.apply(ev.Arrive(contact))

    def turn(self) -> None:
        """One contact through the centre."""
        self.start()
        if self.talking:
            self.apply(ev.Finish(self.talking.popleft()))
        self.now += 1_000
        self.apply(ev.Wake())


def measure(load: Load, seconds: float) -> None:
    """Turns for about `seconds` of CPU."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        for _ in range(20):
            load.turn()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.2, help="CPU seconds of each of three rounds")
    seconds = parser.parse_args().seconds
    built = router_class()
    halves: dict[str, RouterClass] = {"python": Router}
    if built is not Router:
        halves["c"] = built
    print(f"{'':32} {'half':>7} {'events/s':>11} {'decisions/s':>12} {'us/contact':>11} {'ratio':>6}")
    for size in SIZES:
        loads = {name: Load(half(1), size) for name, half in halves.items()}
        spent = dict.fromkeys(loads, 0.0)
        for load in loads.values():
            load.events = load.decisions = load.arrived = 0
        for _ in range(3):
            for name, load in loads.items():
                began = time.process_time()
                measure(load, seconds)
                spent[name] += time.process_time() - began
        for name, load in loads.items():
            each = 1e6 * spent[name] / load.arrived
            floor = 1e6 * spent["python"] / loads["python"].arrived
            print(
                f"{size!s:32} {name:>7} {load.events / spent[name]:>11,.0f}"
                f" {load.decisions / spent[name]:>12,.0f} {each:>11.1f} {floor / each:>6.1f}"
            )


if __name__ == "__main__":
    main()
