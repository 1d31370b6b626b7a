"""A centre of dialplans/peers with its phones: who rings when a number is called, and what callers hear."""

from pathlib import Path

from switch.base.clock import SECOND
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.journal import events
from switch.sim.phone_call import CallState, PhoneCall
from tests.sim import centres
from tests.sim.scene import Scene

FOLDER = Path(__file__).parents[2] / "dialplans" / "peers"
CALLER = "120"


class Knobs(Scene):
    """The file as it is shipped, as the tenant `shop`. All agents are signed in, in the order of the file;
    they answer after a second unless `deaf` says otherwise."""

    def __init__(self, name: str, agents: tuple[str, ...] | None = None) -> None:
        text = (FOLDER / f"{name}.yaml").read_text("utf-8")
        centre = load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text})
        plan = centre.tenants["shop"]
        super().__init__(centre, agents=tuple(plan.agents) if agents is None else agents, observed=False)
        self.agents = {name: self.phones[agent.account] for name, agent in plan.agents.items()}
        self.run(2)

    def call(self, number: str) -> PhoneCall:
        """Somebody calls, and is where the flow leads within a moment."""
        call = self.dial(self.phones[CALLER], number)
        self.run(0.2)
        return call

    def deaf(self, *agents: str) -> None:
        """These let their phones ring."""
        for agent in agents or self.agents:
            self.person(self.agents[agent]).after_us = None

    def back(self, *agents: str) -> None:
        """These answer again."""
        for agent in agents or self.agents:
            self.person(self.agents[agent]).after_us = SECOND

    def pause(self, *agents: str) -> None:
        for agent in agents:
            self.verb(agent, AgentVerb.PAUSE, "lunch")

    def ringing(self) -> list[str]:
        """Whose phones ring now."""
        return [
            name
            for name, phone in self.agents.items()
            if any(call.state is CallState.RINGING for call in self.person(phone).rang)
        ]

    def phone_call(self, agent: str) -> PhoneCall:
        """The last call that came to an agent's phone."""
        return self.person(self.agents[agent]).rang[-1]

    def serve(self, number: str, talk_s: float = 3) -> str:
        """Somebody calls, talks, and hangs up: with whom. Then all wrap-up is over."""
        before = {name: len(self.person(phone).rang) for name, phone in self.agents.items()}
        call = self.call(number)
        self.run(talk_s)
        (served,) = [
            name for name, phone in self.agents.items() if len(self.person(phone).rang) > before[name]
        ]
        self.hang_up(call)
        self.run(1)
        return served

    def hears(self, call: PhoneCall) -> tuple[str, ...]:
        """The prompts that play to a caller, without language and tenant."""
        return tuple(
            clip.rpartition("/")[2].removesuffix(".en")
            for clip in self.world.engine.playing(call.remote_port)
        )

    def exits(self) -> list[tuple[str, str]]:
        """How visits ended, and why."""
        told = self.told(events.VisitEnded)
        return [(event.outcome, event.reason) for event in told if isinstance(event, events.VisitEnded)]

    def outcomes(self) -> list[tuple[str, str]]:
        """How offers ended that no agent answered."""
        told = self.told(events.OfferEnded)
        return [(event.agent, event.outcome) for event in told if isinstance(event, events.OfferEnded)]

    def state(self, agent: str) -> tuple[str, str]:
        """As the operator is shown it."""
        router = self.world.exchange.office.parts.tenancies["shop"].router
        view = next(view for view in router.agents(self.world.now) if view.name == agent)
        return view.state, view.reason
