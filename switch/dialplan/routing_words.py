"""Reads what the router is told of a tenant: `routing`, the agents' further words, the agent of last time."""

from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from switch.dialplan import schema
from switch.dialplan.hours import Hours
from switch.dialplan.plan import AgentPlan, RoutingPlan
from switch.dialplan.problems import Problems
from switch.dialplan.requirement import language_skill
from switch.dialplan.schema_routing import LastAgentModel, RoutingModel
from switch.dialplan.source import Path, Source

VOICE = "voice"
"""The channel of calls; its units are those of a whole agent."""

NO_MATTER = -1


def read_routing(raw: Any, source: Source, problems: Problems) -> RoutingPlan:
    """The section `routing`; what is not stated is usual."""
    path: Path = ("routing",)
    model = schema.read(RoutingModel, source, path, raw, problems) or RoutingModel()
    if VOICE in model.channels and model.channels[VOICE] != 100:
        place = source.place((*path, "channels", VOICE))
        problems.add(place, "a call takes a whole agent (100): state other channels, or agents' units")
    hours, _, minutes = model.day_start.partition(":")
    return RoutingPlan(
        order=model.order,
        assign=model.assign,
        ageing_s=model.ageing_s,
        channels=tuple(sorted(model.channels.items())),
        own_calls_reset_idle=model.own_calls_reset_idle,
        watch_lines=model.watch_lines,
        day_start=int(hours) * 60 + int(minutes) if model.day_start else -1,
    )


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
        languages = {language_skill(language): level for language, level in model.languages.items()}
        return AgentPlan(
            name=name,
            account=model.account,
            display=model.name or name,
            skills=tuple(sorted((model.skills | languages).items())),
            queues=tuple(model.queues),
            order=order,
            teams=tuple(dict.fromkeys(model.teams)),
            weight=model.weight,
            units=model.units,
            most=tuple(sorted(model.most.items())),
            zone=self._zone(model.time_zone, (*path, "time_zone")),
            shift=self.hours.get(model.shift),
            on_demand=model.on_demand,
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
