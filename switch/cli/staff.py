"""`softswitch staff`: how many people should work here? By Erlang's formulas, and by simulation."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from switch.cli.failures import EXIT_FAILURE
from switch.cli.output import print_json, print_table, share, stream_console
from switch.cli.parameters import Json
from switch.cli.simulate import Plots, Replications, Seed, asked, days, draw, show
from switch.wfm.erlang import (
    Forecast,
    Load,
    agents_for,
    channels_for,
    erlang_b,
    erlang_c,
    forecast,
    square_root_agents,
)
from switch.wfm.results import Sheet, summarize
from switch.wfm.scenario import Scenario, clock
from switch.wfm.staffing import Search, Staffing

if TYPE_CHECKING:
    from switch.node.day_files import DayFile

AROUND = 3
"""Agents fewer and more than needed that the table also tells of: one of them costs how much?"""


@dataclass(frozen=True, slots=True)
class Formulas:
    """What the formulas say of one load; `patient_agents` by Erlang C, and the square-root rule beside."""

    erlangs: float
    agents: int
    patient_agents: int
    square_root: float
    channels: int
    by_agents: tuple[Forecast, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the search found."""

    reached: bool
    agent_hours: float
    trials: int
    agents: dict[str, list[int]]
    intervals: list[str]


def staff(
    day: Annotated[
        Path | None,
        typer.Argument(metavar="[DAY]", exists=True, dir_okay=False, help="YAML of a day, as for simulate."),
    ] = None,
    calls: Annotated[float, typer.Option("--calls-per-hour", min=0, help="Without DAY: the load.")] = 0,
    handling_s: Annotated[float, typer.Option(min=1, help="Talk and wrap-up of a call.")] = 180,
    patience_s: Annotated[float, typer.Option(min=0, help="Mean patience of callers; 0: endless.")] = 0,
    target: Annotated[float, typer.Option(min=1, max=99.9, help="Service level, percent.")] = 80,
    threshold_s: Annotated[float, typer.Option(min=0, help="Seconds of the service level.")] = 20,
    occupancy: Annotated[
        float, typer.Option(min=1, max=100, help="Agents are busy at most so much, percent.")
    ] = 100,
    replications: Replications = 0,
    seed: Seed = -1,
    trials: Annotated[
        int, typer.Option(min=1, max=100_000, help="Plans that the search may simulate.")
    ] = 300,
    plots: Plots = None,
    as_json: Json = False,
) -> None:
    """With --calls-per-hour: Erlang B, C and A. With DAY: the fewest agents by interval and group."""
    if day is None and not calls:
        raise typer.BadParameter("a DAY to simulate, or --calls-per-hour for the formulas, was expected")
    if day is None:
        load = Load(calls / 3600, handling_s)
        told = formulas(load, threshold_s, target / 100, patience_s, occupancy / 100)
        _show_formulas(told, patience_s, threshold_s, as_json)
        return
    # Here and not above, as in simulate.py.
    from switch.node.day_files import read_day  # noqa: PLC0415 - the reason is the line before

    file = asked(read_day(day), replications, seed)
    if not file.scenario.targets:
        raise typer.BadParameter(
            f"{day}: no queue has a target; write target: 80 beneath one", param_hint="DAY"
        )
    found = _search(file, trials)
    summary = summarize(found.scenario, found.sheets)
    if plots is not None:
        draw(found.scenario, summary, plots)
    if as_json:
        print_json({"staffing": _told(found), "summary": summary})
    else:
        _show_plan(found)
        show(found.scenario, summary, intervals=False)
        print(_sentence(found))
    if not found.reached:
        raise SystemExit(EXIT_FAILURE)


def formulas(
    load: Load, threshold_s: float, target: float, patience_s: float, occupancy_max: float
) -> Formulas:
    """The closed forms around the answer. Channels are those that lose at most 1 % of calls (Erlang B)."""
    agents = agents_for(load, threshold_s, target, patience_s=patience_s, occupancy_max=occupancy_max)
    patient_agents = agents_for(load, threshold_s, target, occupancy_max=occupancy_max)
    must_wait = erlang_c(patient_agents, load.erlangs)
    rows = range(max(0, agents - AROUND), agents + AROUND + 1)
    return Formulas(
        erlangs=load.erlangs,
        agents=agents,
        patient_agents=patient_agents,
        square_root=square_root_agents(load.erlangs, min(max(must_wait, 0.001), 0.999)),
        channels=channels_for(load.erlangs, 0.01),
        by_agents=tuple(forecast(load, number, threshold_s, patience_s) for number in rows),
    )


def _show_formulas(told: Formulas, patience_s: float, threshold_s: float, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    name = "Erlang A" if patience_s else "Erlang C"
    rows = [
        (
            f"{row.agents}{' <' if row.agents == told.agents else ''}",
            f"{row.service_level * 100:.1f} %",
            "grows for ever" if row.wait_s == math.inf else f"{row.wait_s:.1f} s",
            f"{row.must_wait * 100:.1f} %",
            f"{row.abandoned * 100:.1f} %" if patience_s else "-",
            share(row.occupancy),
        )
        for row in told.by_agents
    ]
    columns = (
        "agents",
        f"service level in {threshold_s:g} s",
        "mean wait",
        "must wait",
        "abandoned",
        "occupancy",
    )
    print_table(f"{name}, {told.erlangs:.1f} erlangs", columns, rows, "")
    print(f"agents needed: {told.agents}")
    rule = f"by the square-root rule {told.square_root:.1f}"
    print(f"if callers never gave up: {told.patient_agents} (Erlang C); {rule}")
    blocked = erlang_b(told.channels, told.erlangs) * 100
    print(f"lines: {told.channels} refuse {blocked:.1f} % of talks (Erlang B); each who waits takes one more")


def _search(file: "DayFile", trials: int) -> Staffing:
    with Progress(console=stream_console(sys.stderr), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("trying plans", total=None)

        def simulate(scenario: Scenario) -> Sequence[Sheet]:
            return days(file, scenario, lambda: None)

        def told(number: int) -> None:
            bar.update(task, description=f"trying plans: {number}")

        return Search(file.scenario, simulate, trials, told).run()


def _told(found: Staffing) -> Told:
    scenario = found.scenario
    times = [clock(scenario, place) for place in range(scenario.intervals)]
    return Told(found.reached, found.agent_hours, found.trials, found.plan, times)


def _show_plan(found: Staffing) -> None:
    used = [group for group, counts in found.plan.items() if any(counts)]
    rows = [
        (
            clock(found.scenario, place),
            *(str(found.plan[group][place]) for group in used),
            str(sum(found.plan[group][place] for group in used)),
        )
        for place in range(found.scenario.intervals)
    ]
    print_table("Agents needed", ("from", *used, "in all"), rows, "nobody is needed")


def _sentence(found: Staffing) -> str:
    people = f"{found.agent_hours:.1f} agent-hours, {found.trials} plans simulated"
    if found.reached:
        return f"every target is reached in every interval: {people}"
    return f"not every target could be reached: {people}; --trials allows more, or nobody has the skills"
