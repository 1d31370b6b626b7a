"""The centre of a day to simulate: the tenant's plan where dialplans are named, with what the day changes.

Everything is read by the readers of the dialplans and becomes the same plans, so that the router of a
simulation is told what the node would tell it. What a dialplan knows and a simulation does not ask (prompts,
hours, gates) is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from switch.base.clock import SECOND
from switch.base.matching import VOICE
from switch.dialplan import program as p
from switch.dialplan import schema
from switch.dialplan.actions import QueueStep
from switch.dialplan.check import check_rings
from switch.dialplan.flows import FlowCompiler, Names
from switch.dialplan.plan import (
    USUAL_RECORDING,
    USUAL_ROUTING,
    AgentPlan,
    AnnouncePlan,
    QueuePlan,
    RoutingPlan,
    TenantPlan,
)
from switch.dialplan.problems import Problems
from switch.dialplan.program import merge_needs
from switch.dialplan.prompt_book import PromptBook
from switch.dialplan.queue_steps import asks_of, widen_of
from switch.dialplan.requirement import LANGUAGE, rings_of
from switch.dialplan.routing_words import agent_words, check_policy, queue_words, read_routing
from switch.dialplan.source import Path, Source
from switch.node.day_schema import CallsModel, GroupModel, QueueModel

_SILENT = AnnouncePlan(0, 0, False, False, ())


@dataclass(frozen=True, slots=True)
class Wish:
    """What one kind of calls asks: where it waits, by which rings, how long (0: for ever)."""

    queue: str
    rings: tuple[QueueStep, ...]
    priority: int = 0
    max_wait_s: int = 0
    channel: str = VOICE


@dataclass(slots=True)
class DayCentre:
    """Filled in this order. Of a group of agents who are alike, `agents` has one, by its name."""

    source: Source
    problems: Problems
    plan: TenantPlan | None
    routing: RoutingPlan = USUAL_ROUTING
    queues: dict[str, QueuePlan] = field(default_factory=dict)
    agents: dict[str, AgentPlan] = field(default_factory=dict)
    targets: dict[str, float] = field(default_factory=dict)
    """Percent, of those queues of which the day states it."""

    def read_routing(self, raw: Any) -> None:
        usual = USUAL_ROUTING if self.plan is None else self.plan.routing
        self.routing = read_routing(raw, self.source, self.problems, usual)

    def read_groups(self, sections: Mapping[str, Any], queues: Iterable[str]) -> dict[str, GroupModel]:
        """The groups as they are written; they replace the agents of the dialplans."""
        found: dict[str, GroupModel] = {}
        known = {*queues, *(self.plan.queues if self.plan is not None else ())}
        channels = {VOICE, *(name for name, _ in self.routing.channels)}
        for name, raw in sections.items():
            path: Path = ("groups", name)
            model = schema.read(GroupModel, self.source, path, raw, self.problems)
            if model is None:
                continue
            self._known("queue", model.queues, known, (*path, "queues"))
            self._known("channel", model.most, channels, (*path, "most"))
            found[name] = model
            self.agents[name] = AgentPlan(
                name=name, account="", display=name, order=len(found), **agent_words(model)
            )
        if self.plan is not None and not sections:
            self.agents = dict(self.plan.agents)
        return found

    def read_queues(self, sections: Mapping[str, Any]) -> None:
        if self.plan is not None:
            self.queues = dict(self.plan.queues)
        teams = {team for agent in self.agents.values() for team in agent.teams}
        for name, raw in sections.items():
            path: Path = ("queues", name)
            if self.plan is not None and name not in self.plan.queues:
                self.problems.unknown(self.source.key_place(path), "queue", name, self.plan.queues)
            model = schema.read(QueueModel, self.source, path, raw, self.problems)
            if model is None:
                continue
            self._known("team", model.shares, teams, (*path, "shares"))
            before = self.queues.get(name)
            if before is None:
                words = queue_words(model, schema.QueueWordsModel.model_fields)
                queue = QueuePlan(name=name, music="", announce=_SILENT, **words)
            else:
                queue = replace(before, **queue_words(model, model.model_fields_set))
            if model.target is not None:
                self.targets[name] = model.target
                queue = replace(queue, target=max(1, round(model.target)))
            check_policy(queue.policy, bool(queue.shares), path, self.source, self.problems)
            self.queues[name] = queue

    def wish(self, name: str, model: CallsModel) -> Wish | None:
        """What the calls of one kind ask: of a flow's queue step, or as the day states it."""
        path: Path = ("calls", name)
        channels = {VOICE, *(channel for channel, _ in self.routing.channels)}
        self._known("channel", [model.channel], channels, (*path, "channel"))
        languages = self._languages()
        if model.language:
            self._known("language", [model.language], languages, (*path, "language"))
        wish = self._of_flow(model, path) if model.flow else self._stated(model, path)
        if wish is not None:
            place = self.source.key_place(path)
            check_rings(wish.queue, wish.rings, self.agents, place, self.problems)
        return wish

    def _stated(self, model: CallsModel, path: Path) -> Wish | None:
        queue = self.queues.get(model.queue)
        if queue is None:
            self._known("queue", [model.queue], self.queues, (*path, "queue"))
            return None
        compiler = self._compiler()
        needs = merge_needs((), compiler.needs(model.needs, (*path, "needs")))
        asks = asks_of(compiler, model, queue.language, path)
        widen = widen_of(compiler, model, path)
        return Wish(
            queue.name,
            rings_of(needs, asks, widen, model.language),
            model.priority,
            queue.max_wait_s if model.max_wait_s is None else model.max_wait_s,
            model.channel,
        )

    def _of_flow(self, model: CallsModel, path: Path) -> Wish | None:
        """By the step `queue` of a flow of the dialplans; `needs` are those gathered on the way to it."""
        place = self.source.place((*path, "flow"))
        if self.plan is None:
            self.problems.add(place, "a flow is one of dialplans; state 'dialplans' as well")
            return None
        program = self.plan.program
        if model.flow not in program.entries or model.flow.startswith("@"):
            flows = [flow for flow in program.entries if not flow.startswith("@")]
            self.problems.unknown(place, "flow", model.flow, flows)
            return None
        stated = set(model.model_fields_set) & (set(schema.WishModel.model_fields) - {"needs"})
        for word in sorted(stated):
            self.problems.add(
                self.source.key_place((*path, word)), f"the flow states '{word}'; state 'queue' instead of it"
            )
        steps = [
            step
            for step in program.instructions
            if isinstance(step, p.WaitInQueue)
            and step.where.flow == model.flow
            and model.queue in ("", step.queue)
        ]
        if len(steps) != 1:
            found = ", ".join(sorted({step.queue for step in steps})) or "none"
            word = f"one step 'queue' was expected in flow '{model.flow}', found: {found}"
            self.problems.add(place, word + ("; state which 'queue' is meant" if steps else ""))
            return None
        (step,) = steps
        gathered = self._compiler().needs(model.needs, (*path, "needs"))
        rings = rings_of(merge_needs(gathered, step.needs), step.asks, step.widen, model.language)
        wait_s = step.wait_us_max // SECOND
        return Wish(step.queue, rings, step.priority, wait_s, model.channel)

    def _languages(self) -> set[str]:
        stated = () if self.plan is None else self.plan.languages
        return {skill.removeprefix(LANGUAGE) for skill in self._skills() if skill.startswith(LANGUAGE)} | {
            *stated
        }

    def _skills(self) -> set[str]:
        return {skill for agent in self.agents.values() for skill, _ in agent.skills}

    def _compiler(self) -> FlowCompiler:
        """For the words that steps share: it knows what agents have and the dialplans name."""
        stated = () if self.plan is None else self.plan.skills
        skills = {skill for skill in self._skills() if not skill.startswith(LANGUAGE)} | {*stated}
        teams = {team for agent in self.agents.values() for team in agent.teams}
        names = Names(
            accounts={},
            queues=self.queues,
            queue_exits={},
            skills=tuple(sorted(skills)),
            hours={},
            trunks=(),
            own_trunk="",
            recording=USUAL_RECORDING,
            mailboxes={},
            teams=tuple(sorted(teams)),
        )
        book = PromptBook("day", self.source, self.problems, ("en",), {})
        return FlowCompiler(self.source, self.problems, book, names)

    def _known(self, kind: str, names: Iterable[str], known: Iterable[str], path: Path) -> None:
        for index, name in enumerate(names):
            if name in known:
                continue
            keyed = isinstance(names, dict)
            place = self.source.key_place((*path, name)) if keyed else self.source.place((*path, index))
            self.problems.unknown(place, kind, name, known)
