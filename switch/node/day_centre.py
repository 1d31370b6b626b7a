"""The centre of a day to simulate: the tenant's plan where dialplans are named, with what the day changes.

Everything is read by the readers of the dialplans and becomes the same plans, so that the router of a
simulation is told what the node would tell it, and callers meet the same gates.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from switch.base.gates import CLOSED, HOLIDAY
from switch.base.matching import VOICE
from switch.dialplan import program as p
from switch.dialplan import schema
from switch.dialplan.actions import QueueStep
from switch.dialplan.callback_steps import read_callback
from switch.dialplan.check import check_rings
from switch.dialplan.flows import TEMPORARILY_UNAVAILABLE, FlowCompiler, Names
from switch.dialplan.hours import Calendar, Hours
from switch.dialplan.hours_words import read_holidays, read_hours
from switch.dialplan.plan import (
    USUAL_RECORDING,
    USUAL_ROUTING,
    AgentPlan,
    AnnouncePlan,
    CallbackPlan,
    QueuePlan,
    RoutingPlan,
    TenantPlan,
)
from switch.dialplan.problems import Problems
from switch.dialplan.program import Where, merge_needs
from switch.dialplan.prompt_book import PromptBook
from switch.dialplan.queue_steps import asks_of, exits_of, widen_of
from switch.dialplan.requirement import LANGUAGE, rings_of
from switch.dialplan.routing_words import (
    RULE_WORDS,
    agent_words,
    check_hours,
    check_policy,
    queue_words,
    read_routing,
    rule_words,
)
from switch.dialplan.source import Path, Source
from switch.node.day_schema import CallsModel, DayModel, GroupModel, QueueModel
from switch.node.day_ways import Gathered, Walker
from switch.wfm.scenario import KEY
from switch.wfm.ways import Door, Way

_SILENT = AnnouncePlan(0, 0, False, False, ())
_NO_EXITS = schema.QueueRulesModel()
NO_HOLIDAYS = Calendar({}, {})


@dataclass(frozen=True, slots=True)
class Wish:
    """What one kind of calls asks: where it waits, by which rings, how long (0: for ever), where the exits of
    the queue lead. `doors` are passed before."""

    queue: str
    rings: tuple[QueueStep, ...]
    priority: int = 0
    max_wait_s: int = 0
    channel: str = VOICE
    estimate_s_max: int = 0
    exits: tuple[tuple[str, Way], ...] = ()
    doors: tuple[Door, ...] = ()


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
    hours: dict[str, Hours] = field(default_factory=dict)
    calendar: Calendar = NO_HOLIDAYS
    models: dict[str, QueueModel] = field(default_factory=dict)
    """The queues as the day states them."""
    walker: Walker | None = None
    """Made when the queues are known."""

    def read_hours(self, model: DayModel) -> None:
        """Those of the dialplans; what the day states replaces them by name, holidays all."""
        plan = self.plan
        stated = read_hours(model.hours, self.source, self.problems)
        self.hours = {**({} if plan is None else plan.hours), **stated}
        if model.holidays or plan is None:
            self.calendar = read_holidays(model.holidays, self.source, self.problems)
        else:
            self.calendar = plan.calendar

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
            self.models[name] = model
            stated = set(RULE_WORDS) if before is None else model.model_fields_set
            rules = rule_words(model, stated, path, self.source, self.problems)
            if before is None:
                words = queue_words(model, schema.QueueWordsModel.model_fields)
                queue = QueuePlan(name=name, music="", announce=_SILENT, **words, **rules)
            else:
                queue = replace(before, **queue_words(model, stated), **rules)
            if model.target is not None:
                self.targets[name] = model.target
                queue = replace(queue, target=max(1, round(model.target)))
            if model.callback is not None:
                queue = replace(queue, callback=self._callback(model, path))
            check_policy(queue.policy, bool(queue.shares), path, self.source, self.problems)
            check_hours(queue, self.hours, path, self.source, self.problems)
            self.queues[name] = queue

    def _callback(self, model: QueueModel, path: Path) -> CallbackPlan | None:
        flows = () if self.plan is None else self.plan.program.entries
        at = (*path, "callback")
        return read_callback(model, at, self.source, self._book(), self.problems, self.hours, flows)

    def _book(self) -> PromptBook:
        """Prompts are read and never heard."""
        languages = ("en",) if self.plan is None else self.plan.languages
        return PromptBook("day", self.source, self.problems, languages, {})

    def open_ways(self, starts: datetime, day_s: int) -> Walker:
        """Compiles the exits that the day states, behind the flows of the dialplans."""
        compiler = self._compiler()
        stated: dict[str, dict[str, int]] = {}
        for name, model in self.models.items():
            path: Path = ("queues", name)
            where = Where("", f"queue {name}", self.source.key_place(path))
            nothing = schema.QueueStepModel(name=name)
            exits, _, keys = exits_of(compiler, (nothing, model), path, where, p.HANG_UP)
            words = {word.replace("_", "-") for word in model.model_fields_set}
            otherwise = model.otherwise is not None
            holiday = {HOLIDAY} if CLOSED in words else set()
            stated[name] = {
                gate: address for gate, address in exits.items() if otherwise or gate in words | holiday
            } | {f"{KEY}{key}": address for key, address in keys.items()}
        self.walker = Walker(
            [step for step in compiler.instructions if step is not None],
            self.queues,
            {} if self.plan is None else self.plan.queues,
            self.hours,
            self.calendar,
            starts,
            day_s,
            stated,
        )
        return self.walker

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
        # What the step asks is forgotten where it leads elsewhere; the language stays.
        gathered = Gathered((), model.language)
        return Wish(
            queue.name,
            rings_of(needs, asks, widen, model.language),
            model.priority,
            queue.max_wait_s if model.max_wait_s is None else model.max_wait_s,
            model.channel,
            queue.max_estimate_s if model.max_estimate_s is None else model.max_estimate_s,
            self._walker().exits(self._step_of(queue.name), gathered),
        )

    def _step_of(self, queue: str) -> p.WaitInQueue:
        """The first step `queue` of the dialplans for this queue: its exits are the queue's, unless it states
        its own. Without one only what the day states leads anywhere."""
        program = () if self.plan is None else self.plan.program.instructions
        for step in program:
            if isinstance(step, p.WaitInQueue) and step.queue == queue:
                return step
        return p.WaitInQueue(Where("", queue), queue, (), (), 0, 0, {}, p.HANG_UP, {}, p.HANG_UP)

    def _walker(self) -> Walker:
        assert self.walker is not None, "made before any calls are read"
        return self.walker

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
        words = {*schema.WishModel.model_fields, "max_estimate_s"} - {"needs"}
        stated = set(model.model_fields_set) & words
        for word in sorted(stated):
            self.problems.add(
                self.source.key_place((*path, word)), f"the flow states '{word}'; state 'queue' instead of it"
            )
        steps = [
            (address, step)
            for address, step in enumerate(program.instructions)
            if isinstance(step, p.WaitInQueue)
            and step.where.flow == model.flow
            and model.queue in ("", step.queue)
        ]
        if len(steps) != 1:
            found = ", ".join(sorted({step.queue for _, step in steps})) or "none"
            word = f"one step 'queue' was expected in flow '{model.flow}', found: {found}"
            self.problems.add(place, word + ("; state which 'queue' is meant" if steps else ""))
            return None
        ((address, step),) = steps
        walker = self._walker()
        gathered = self._compiler().needs(model.needs, (*path, "needs"))
        rings = rings_of(merge_needs(gathered, step.needs), step.asks, step.widen, model.language)
        return Wish(
            step.queue,
            rings,
            step.priority,
            walker.wait_s_max(step),
            model.channel,
            walker.estimate_s_max(step),
            walker.exits(step, Gathered(merge_needs((), gathered), model.language)),
            walker.doors(program.entries[model.flow], address),
        )

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
        plan = self.plan
        names = Names(
            accounts={} if plan is None else plan.accounts,
            queues=self.queues,
            queue_exits={name: self.models.get(name, _NO_EXITS) for name in self.queues},
            skills=tuple(sorted(skills)),
            hours=self.hours,
            trunks=() if plan is None else plan.outside.trunks,
            own_trunk="" if plan is None else plan.trunk,
            recording=USUAL_RECORDING,
            mailboxes={} if plan is None else plan.mailboxes,
            teams=tuple(sorted(teams)),
        )
        compiler = FlowCompiler(self.source, self.problems, self._book(), names)
        if plan is None:
            compiler.add(p.End(Where("", "end"), TEMPORARILY_UNAVAILABLE, "normal"))
        else:
            compiler.instructions += plan.program.instructions
            compiler.entries |= plan.program.entries
        return compiler

    def _known(self, kind: str, names: Iterable[str], known: Iterable[str], path: Path) -> None:
        for index, name in enumerate(names):
            if name in known:
                continue
            keyed = isinstance(names, dict)
            place = self.source.key_place((*path, name)) if keyed else self.source.place((*path, index))
            self.problems.unknown(place, kind, name, known)
