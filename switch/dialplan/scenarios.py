"""Scenarios: stories of calls, written beside the dialplan, told to the interpreter and compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from switch.base.clock import SECOND
from switch.base.errors import ConfigurationError, Problem
from switch.dialplan import schema
from switch.dialplan.events import Started
from switch.dialplan.interpreter import Interpreter
from switch.dialplan.plan import Centre
from switch.dialplan.problems import Place, Problems, suggestion
from switch.dialplan.source import Path, Source, parse
from switch.dialplan.story import Teller, describe, tell


class CallModel(schema.Section):
    caller: Annotated[str, Field(alias="from")] = "+15550000000"
    called: Annotated[str, Field(alias="to")]
    at: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}$")]
    agent: str = ""


class ScenarioModel(schema.Section):
    name: str
    tenant: str = ""
    call: schema.Raw
    story: Annotated[list[schema.Raw], Field(min_length=1, max_length=500)]


class FileModel(schema.Section):
    scenarios: Annotated[list[schema.Raw], Field(min_length=1, max_length=1000)]


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario told to its end, or to the line where it went otherwise (`problem`)."""

    file: str
    name: str
    problem: Problem | None

    @property
    def passed(self) -> bool:
        return self.problem is None


def run_scenarios(centre: Centre, files: Mapping[str, str]) -> tuple[ScenarioResult, ...]:
    """Tell every story of the files (name to text) to the centre.

    Raises ConfigurationError where a file cannot be read as scenarios; a story that goes otherwise is
    a result whose problem names the line.
    """
    problems = Problems()
    results: list[ScenarioResult] = []
    for file, text in sorted(files.items()):
        source = parse(file, text, problems)
        model = schema.read(FileModel, source, (), source.data, problems)
        for index, raw in enumerate(model.scenarios if model is not None else ()):
            path: Path = ("scenarios", index)
            scenario = schema.read(ScenarioModel, source, path, raw, problems)
            if scenario is not None:
                results.append(_run(centre, source, path, scenario, problems))
    if problems.problems:
        raise ConfigurationError(tuple(problems.problems))
    return tuple(results)


def _run(
    centre: Centre, source: Source, path: Path, scenario: ScenarioModel, problems: Problems
) -> ScenarioResult:
    call = schema.read(CallModel, source, (*path, "call"), scenario.call, problems)
    tenant = scenario.tenant or next(iter(centre.tenants))
    plan = centre.tenants.get(tenant)
    if plan is None:
        problems.unknown(source.place((*path, "tenant")), "tenant", tenant, centre.tenants)
    if call is None or plan is None:
        return ScenarioResult(source.file, scenario.name, None)
    place = source.place((*path, "call"))
    flow = plan.route(call.called)
    if flow is None:
        return _result(
            source, scenario, place, f"no flow for {call.called}{suggestion(call.called, plan.numbers)}"
        )
    try:
        local = datetime.strptime(call.at, "%Y-%m-%d %H:%M").replace(tzinfo=plan.zone)
    except ValueError:
        return _result(source, scenario, place, f"there is no time {call.at}")
    teller = Teller(plan, source, Interpreter(plan, flow))
    teller.give(Started(call.caller, call.called, int(local.timestamp()) * SECOND, call.agent))
    for index, raw in enumerate(scenario.story):
        problem = tell(teller, raw, (*path, "story", index))
        if problem is not None:
            return _result(source, scenario, source.place((*path, "story", index)), problem)
    if teller.pending:
        last = source.place((*path, "story", len(scenario.story) - 1))
        return _result(source, scenario, last, f"after this the dialplan {describe(plan, teller.pending[0])}")
    return ScenarioResult(source.file, scenario.name, None)


def _result(source: Source, scenario: ScenarioModel, place: Place, message: str) -> ScenarioResult:
    problem = Problem(place.file, place.line, place.column, f"{scenario.name}: {message}")
    return ScenarioResult(source.file, scenario.name, problem)
