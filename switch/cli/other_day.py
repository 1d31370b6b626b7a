"""`softswitch replay --config`: what another configuration would have made of a recorded day."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import Progress

from switch.cli.failures import CommandError
from switch.cli.output import moment, part, print_json, print_table, share, span, stream_console
from switch.cli.simulate import of_queue

if TYPE_CHECKING:
    from switch.node.other_configuration import Changed, Estimate
    from switch.store.store import Store

ESTIMATES = (
    "These are estimates. Callers come as they came, talks last as they lasted, agents sign in, pause and "
    "answer as they did. How long callers who were answered would have waited was never seen: it is drawn by "
    "Kaplan and Meier's estimate from those who gave up."
)


def estimates(
    store: "Store", config: Path, tenant: str, since: int, until: int, draws: int, seed: int
) -> "list[Estimate]":
    """One a tenant that the configuration names. Raises CommandError, ConfigurationError, TrailError."""
    # Here and not above: only this command needs them.
    from switch.dialplan.centre import load_centre  # noqa: PLC0415 - the reason is the line before
    from switch.node.dialplan_files import read_dialplans  # noqa: PLC0415 - the same
    from switch.node.other_configuration import estimate  # noqa: PLC0415 - the same
    from switch.node.repetition import chosen  # noqa: PLC0415 - the same

    plans = load_centre(read_dialplans(config)).tenants
    runs = chosen(store, tenant, since, until)
    named = [name for name in dict.fromkeys(run.tenant for run in runs) if name in plans]
    if not named:
        recorded = ", ".join(dict.fromkeys(run.tenant for run in runs))
        raise CommandError(f"{config} has none of the tenants recorded: {recorded}")
    found = []
    with Progress(console=stream_console(sys.stderr), transient=True, disable=not sys.stderr.isatty()) as bar:
        for name in named:
            task = bar.add_task(f"tenant {name}", total=draws)
            found.append(
                estimate(
                    store,
                    [run for run in runs if run.tenant == name],
                    plans[name],
                    since=since,
                    until=until,
                    draws=draws,
                    seed=seed,
                    told=partial(bar.advance, task),
                )
            )
    return found


def show_estimates(found: "list[Estimate]", draws: int, as_json: bool) -> None:
    """Tables, or JSON."""
    if as_json:
        print_json(found)
        return
    for one in found:
        _show(one, draws)
    print(ESTIMATES)


def _show(one: "Estimate", draws: int) -> None:
    rows = []
    was = {queue.queue: queue for queue in one.recorded.queues}
    for queue in one.estimate.queues:
        if queue.queue in was:
            rows.append((queue.queue, "recorded", *of_queue(was[queue.queue])))
        rows.append(("", "estimate", *of_queue(queue)))
    when = f"{moment(one.from_wall_us)} to {moment(one.until_wall_us)}"
    columns = ("queue", "", "calls", "answered", "abandoned", "withdrawn", "refused", "service level")
    title = f"Tenant {one.tenant}, {when}: {draws} draws (± 95 % confidence)"
    print_table(title, (*columns, "abandonment", "speed of answer", "wait p90"), rows, "no queues")
    groups = {group.group: group for group in one.recorded.groups}
    people = [
        (
            group.group,
            share(groups[group.group].occupancy) if group.group in groups else "-",
            share(group.occupancy) if group.agents else "-",
        )
        for group in one.estimate.groups
    ]
    print_table("Agents by skills", ("skills", "occupancy recorded", "estimate"), people, "no agents")
    _show_changes(one)


def _show_changes(one: "Estimate") -> None:
    if not one.changes:
        print("No contact was recorded.")
        return
    print(
        f"{one.asked} of {one.contacts} contacts ask what these flows ask (needs, rings, priority, longest "
        "wait); all others what was recorded: they are called back, or their steps are not there any more."
    )
    told = ", ".join(f"{what} {count} ({part(count, one.contacts)})" for what, count in one.changes)
    print(f"Decisions, contact by contact in the first draw: {told}.")
    if not one.examples:
        print("No contact goes otherwise.")
        return
    rows = [
        (moment(way.wall_us), way.contact, way.queue, _way(way, now=False), _way(way, now=True))
        for way in one.examples
    ]
    print_table("The first that differ", ("at", "contact", "queue", "recorded", "now"), rows, "")


def _way(way: "Changed", *, now: bool) -> str:
    outcome = way.now if now else way.recorded
    agent = way.now_agent if now else way.recorded_agent
    waited = span(way.now_waited_ms if now else way.recorded_waited_ms)
    if outcome == "answered":
        return f"{agent} after {waited}"
    return f"{outcome} after {waited}" if outcome else "still waiting"
