"""Pictures of a simulated day, by matplotlib (an extra: `softswitch[plots]`)."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from switch.wfm.results import Summary
from switch.wfm.scenario import Scenario, clock

_TICKS_MAX = 16
"""Times written below an axis; more overlap."""


def draw_day(scenario: Scenario, summary: Summary, folder: Path) -> list[Path]:
    """One PNG a queue: calls and service level by interval; and one of the agents and their occupancy."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = {item.queue: item.service_level for item in scenario.targets}
    files: list[Path] = []
    places = list(range(scenario.intervals))
    for queue in summary.queues:
        figure = Figure(figsize=(9, 5), layout="constrained")
        calls, level = figure.subplots(2, 1, sharex=True)
        answered = [counts.answered / summary.replications for counts in queue.by_interval]
        others = [(counts.entered - counts.answered) / summary.replications for counts in queue.by_interval]
        calls.bar(places, answered, label="answered")
        calls.bar(places, others, bottom=answered, label="not answered")
        calls.set_ylabel("calls")
        calls.set_title(f"{queue.queue}: mean of {summary.replications} simulated days")
        calls.legend()
        shares = [counts.service_level * 100 if counts.entered else None for counts in queue.by_interval]
        level.plot(places, shares, marker="o")
        if queue.queue in targets:
            level.axhline(targets[queue.queue] * 100, linestyle="--", color="grey", label="target")
            level.legend()
        level.set_ylim(0, 105)
        level.set_ylabel("service level, %")
        _times(scenario, level)
        files.append(folder / f"queue-{queue.queue}.png")
        figure.savefig(files[-1], dpi=100)
    files.append(_agents(scenario, summary, folder))
    return files


def _agents(scenario: Scenario, summary: Summary, folder: Path) -> Path:
    figure = Figure(figsize=(9, 5), layout="constrained")
    people, busy = figure.subplots(2, 1, sharex=True)
    places = list(range(scenario.intervals))
    base = [0.0] * scenario.intervals
    for group in summary.groups:
        people.bar(places, group.agents_by_interval, bottom=base, label=group.group)
        base = [low + more for low, more in zip(base, group.agents_by_interval, strict=True)]
        shares = [
            share * 100 if there else None
            for share, there in zip(group.occupancy_by_interval, group.agents_by_interval, strict=True)
        ]
        busy.plot(places, shares, marker="o", label=group.group)
    people.set_ylabel("agents")
    people.set_title("Agents by group, and how busy they are")
    people.legend(loc="upper left", bbox_to_anchor=(1, 1))
    busy.set_ylim(0, 105)
    busy.set_ylabel("occupancy, %")
    _times(scenario, busy)
    file = folder / "agents.png"
    figure.savefig(file, dpi=100)
    return file


def _times(scenario: Scenario, axis: Axes) -> None:
    step = -(-scenario.intervals // _TICKS_MAX)
    places = list(range(0, scenario.intervals, step))
    axis.set_xticks(places, [clock(scenario, place) for place in places])
