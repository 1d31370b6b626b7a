"""Reads what the router is told of a tenant: `routing`, the agents' further words, the agent of last time."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from switch.base.gates import CLOSED
from switch.base.matching import CALL_UNITS, VOICE
from switch.dialplan import schema
from switch.dialplan.hours import Hours
from switch.dialplan.plan import USUAL_ROUTING, AgentPlan, QueuePlan, RoutingPlan
from switch.dialplan.problems import Problems
from switch.dialplan.requirement import language_skill
from switch.dialplan.schema_routing import LastAgentModel, RoutingModel
from switch.dialplan.source import Path, Source

NO_MATTER = -1

RULE_WORDS = ("max_estimate_s", "hours", "leave_when", "last_agent", "widen_at_once_below")
"""Of a queue: what the dialplan decides about its callers, not the router."""


def read_routing(
    raw: Any, source: Source, problems: Problems, usual: RoutingPlan = USUAL_ROUTING
) -> RoutingPlan:
    """The section `routing`; what is not stated is as usual."""
    path: Path = ("routing",)
    model = schema.read(RoutingModel, source, path, raw, problems) or RoutingModel()
    if VOICE in model.channels and model.channels[VOICE] != CALL_UNITS:
        place = source.place((*path, "channels", VOICE))
        problems.add(place, "a call takes a whole agent (100): state other channels, or agents' units")
    stated = {word: getattr(model, word) for word in model.model_fields_set}
    if "channels" in stated:
        stated["channels"] = tuple(sorted(model.channels.items()))
    if "day_start" in stated:
        hours, _, minutes = model.day_start.partition(":")
        stated["day_start"] = int(hours) * 60 + int(minutes)
    return replace(usual, **stated)


def queue_words(model: schema.QueueWordsModel, words: Iterable[str]) -> dict[str, Any]:
    """Those of a queue's `words` that the router knows, as fields of a QueuePlan."""
    known = schema.QueueWordsModel.model_fields
    found = {word: getattr(model, word) for word in words if word in known}
    if "shares" in found:
        found["shares"] = tuple(sorted(model.shares.items()))
    if "also_missed" in found:
        found["also_missed"] = frozenset(model.also_missed)
    if "match_language" in found:
        found["language"] = found.pop("match_language")
    return found


def rule_words(
    model: schema.QueueRulesModel, words: Iterable[str], path: Path, source: Source, problems: Problems
) -> dict[str, Any]:
    """Those of a queue's `words` that are about its callers, as fields of a QueuePlan; `callback` apart."""
    found = {word: getattr(model, word) for word in words if word in RULE_WORDS}
    if "leave_when" in found:
        found["leave_when"] = frozenset(word.replace("_", "-") for word in model.leave_when)
    if "last_agent" in found:
        last = read_last_agent(found.pop("last_agent"), (*path, "last_agent"), source, problems)
        found["sticky_s"], found["remember_days"] = last
    return found


def check_hours(
    queue: QueuePlan, known: Iterable[str], path: Path, source: Source, problems: Problems
) -> None:
    """Whether the queue's hours are known, and its gate of that name ever closes."""
    if queue.hours and queue.hours not in known:
        problems.unknown(source.place((*path, "hours")), "hours", queue.hours, known)
    if not queue.hours and CLOSED in queue.leave_when:
        word = "'closed' never comes: the queue's 'hours' are not stated"
        problems.add(source.place((*path, "leave_when")), word)


def check_policy(policy: str, shared: bool, path: Path, source: Source, problems: Problems) -> None:
    """Whether a queue states what its policy needs; `shared`: it has shares of teams."""
    if policy == "idleness-ratio" and not shared:
        word = "idleness-ratio needs 'shares', a share for each team"
        problems.add(source.place((*path, "policy")), word)


def agent_words(model: schema.AgentWordsModel) -> dict[str, Any]:
    """What the router knows of an agent, as fields of an AgentPlan. Languages are skills."""
    languages = {language_skill(language): level for language, level in model.languages.items()}
    return {
        "skills": tuple(sorted((model.skills | languages).items())),
        "queues": tuple(model.queues),
        "teams": tuple(dict.fromkeys(model.teams)),
        "weight": model.weight,
        "units": model.units,
        "most": tuple(sorted(model.most.items())),
    }


def read_last_agent(raw: Any, path: Path, source: Source, problems: Problems) -> tuple[int, int]:
    """Seconds to wait for the agent of the last time (-1: it does not matter), and days to remember."""
    if raw is None:
        return NO_MATTER, LastAgentModel().remember_days
    model = schema.read(LastAgentModel, source, path, raw, problems) or LastAgentModel()
    return model.wait_s, model.remember_days


class AgentWords:
    """The words of agents that refer to others of the file."""

    def __init__(
        self, source: Source, problems: Problems, tenant: schema.TenantModel, hours: dict[str, Hours]
    ) -> None:
        self.source = source
        self.problems = problems
        self.tenant = tenant
        self.hours = hours
        self.channels = {VOICE, *self._channels()}

    def plan(self, name: str, model: schema.AgentModel, path: Path, order: int) -> AgentPlan:
        self._known("language", model.languages, self.tenant.languages, (*path, "languages"))
        self._known("team", model.teams, self.tenant.teams, (*path, "teams"))
        self._known("channel", model.most, self.channels, (*path, "most"))
        if model.shift:
            self._known("hours", [model.shift], self.hours, (*path, "shift"))
        return AgentPlan(
            name=name,
            account=model.account,
            display=model.name or name,
            order=order,
            zone=self._zone(model.time_zone, (*path, "time_zone")),
            shift=self.hours.get(model.shift),
            on_demand=model.on_demand,
            **agent_words(model),
        )

    def _channels(self) -> list[str]:
        stated = self.tenant.routing
        channels = stated.get("channels") if isinstance(stated, dict) else None
        return list(channels) if isinstance(channels, dict) else []

    def _known(self, kind: str, names: Any, known: Any, path: Path) -> None:
        for index, name in enumerate(names):
            if name not in known:
                keyed = isinstance(names, dict)
                place = self.source.key_place((*path, name)) if keyed else self.source.place((*path, index))
                self.problems.unknown(place, kind, name, known)

    def _zone(self, name: str, path: Path) -> ZoneInfo | None:
        if not name:
            return None
        try:
            return ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            self.problems.unknown(self.source.place(path), "time zone", name, available_timezones())
            return None
