"""`softswitch replay` and `softswitch why` on a large recorded day: seconds and memory.

    python -m benchmarks.replayed [--calls 100000] [--agents 500] [--why-agents 10000] [--keep DIR]

The real router decides the day on a virtual clock; what it is told and what it decides goes into a store as
the switch writes it: the journal, and the router's trail in windows of 20 ms. No telephones are needed. Each
figure is of a process of its own: CPU, and the most memory that it had.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from switch.acd import decisions as acd
from switch.acd import events as ev
from switch.acd.select import RouterLike, make_router
from switch.acd.trail import Trail
from switch.cli.other_day import estimates
from switch.journal import events as journal
from switch.journal.entry import Journal
from switch.node.day_files import read_day
from switch.node.reasons import why
from switch.node.repetition import chosen, repeat_run
from switch.store.rows import Rows, rows_of
from switch.store.store import Store
from switch.wfm.day import Day
from switch.wfm.draws import Draws

TENANT = "large"
SKILLS = ("french", "english", "spanish", "german", "italian")
DAY_S = 43_200
WINDOW_US = 20_000
ROWS_AT_ONCE = 20_000
"""Entries of one transaction here; a switch commits each window."""

WALL_US = 1_750_000_000_000_000
CALLS_ASKED = 5
"""Calls whose why is asked, spread over the day."""


class Recording:
    """A router, and the store in which everything is kept."""

    def __init__(self, router: RouterLike, store: Store) -> None:
        self._router = router
        self._store = store
        self._journal = Journal(0, WALL_US)
        self._trail = Trail(TENANT, 1, router)
        self._window = 0
        self._rows = Rows()
        self._now = 0

    def apply(self, event: ev.Event, now: int) -> Sequence[acd.Decision]:
        if now - self._window >= WINDOW_US:
            self._keep()
            self._window = now
        self._now = now
        if isinstance(event, ev.Arrive):
            contact = event.contact
            self._write(journal.CallStarted("inbound", "+33199000100", "100", "carrier", ""), contact.contact)
            self._write(
                journal.FlowStep(contact.requirement.steps[0].needs[0].skill, "1 queue", "line"),
                contact.contact,
            )
        self._trail.note(event, now)
        decisions = self._router.apply(event, now)
        for decision in decisions:
            self._decided(decision)
        return decisions

    def finish(self) -> None:
        self._keep()
        self._store.write(self._rows)

    def _keep(self) -> None:
        """One window."""
        entry = self._journal.last_sequence
        pieces = self._trail.take(self._router, self._now, WALL_US + self._now, entry)
        self._rows.add(rows_of(self._journal.drain(), pieces))
        if self._rows.entries >= ROWS_AT_ONCE:
            self._store.write(self._rows)
            self._rows = Rows()

    def _write(self, event: journal.Event, call: str) -> None:
        self._journal.write(event, self._now, tenant=TENANT, call=call)

    def _decided(self, decision: acd.Decision) -> None:
        match decision:
            case acd.Admitted(contact, queue, position):
                self._write(journal.Queued(contact, queue, 0, position, ()), contact)
            case acd.Offered(offer, _, contact, queue, agent):
                choice = decision.choice
                made = journal.OfferMade(
                    contact,
                    queue,
                    offer,
                    agent,
                    choice.policy,
                    choice.candidates,
                    tuple((str(reason), count) for reason, count in choice.exclusions),
                    tuple((ranked.agent, ranked.score, ranked.idle_us) for ranked in choice.best),
                    choice.tie_break,
                    choice.needs,
                    choice.sequence,
                )
                self._write(made, contact)
            case acd.OfferEnded(offer, contact, agent, outcome):
                self._write(journal.OfferEnded(contact, offer, agent, outcome), contact)
            case acd.Connected(_, contact, queue, agent, waited_us):
                self._write(journal.AgentConnected(contact, queue, agent, waited_us), contact)
            case acd.VisitEnded(contact, queue, outcome, reason, agent, waited_us, talked_us):
                ended = journal.VisitEnded(contact, queue, outcome, reason, agent, waited_us, talked_us)
                self._write(ended, contact)
            case acd.AgentChanged(agent, state, reason):
                there = state is not acd.AgentState.LOGGED_OUT
                self._write(journal.AgentChanged(agent, state, reason, there, reason), "")
            case _:
                pass


def write_plans(folder: Path, calls: int, agents: int) -> Path:
    """A tenant with five skills, of which each agent has two; they are busy nine tenths of the day."""
    lines = ["numbers: {100: french}", "accounts:"]
    lines += [f"  {1000 + number}: {{}}" for number in range(agents)]
    lines += [f"skills: [{', '.join(SKILLS)}]", "agents:"]
    for number in range(agents):
        first, second = SKILLS[number % 5], SKILLS[(number + 1) % 5]
        skills = f"{{{first}: {50 + number % 50}, {second}: 30}}"
        lines.append(f"  agent-{number:05}: {{account: {1000 + number}, skills: {skills}}}")
    lines += ["queues: {line: {policy: longest-idle, wrap_up_s: 10}}", "flows:"]
    for skill in SKILLS:
        widen = f"[{{after_s: 30, needs: {{{skill}: 20}}}}]"
        lines.append(f"  {skill}: [{{queue: {{name: line, needs: {{{skill}: 50}}, widen: {widen}}}}}]")
    (folder / f"{TENANT}.yaml").write_text("\n".join(lines) + "\n")
    handling_s = max(1.0, 0.9 * agents * DAY_S / calls - 13)
    kinds = "\n".join(
        f"  {skill}: {{flow: {skill}, per_hour: {{08:00: {calls / 60}}}, "
        f"handling_s: {handling_s}, patience_s: 120}}"
        for skill in SKILLS
    )
    day = folder / "a.day.yaml"
    day.write_text(f"dialplans: .\nday: 08:00-20:00\ncalls:\n{kinds}\n")
    return day


def make(folder: Path, calls: int, agents: int) -> str:
    scenario = read_day(write_plans(folder, calls, agents)).scenario
    store = Store.open(folder / "switch.db")
    recording = Recording(make_router(1), store)
    result = Day(scenario, Draws(scenario, 1, 0), recording).run()  # type: ignore[arg-type]  # nothing else is asked
    recording.finish()
    store.close()
    size_mb = (folder / "switch.db").stat().st_size / 1e6
    return f"{len(result.visits):,} calls, {result.events:,} events, a store of {size_mb:.0f} MB"


def replay(store: Store) -> str:
    (run,) = chosen(store)
    told = repeat_run(store, run)
    assert told.equal, told.difference
    return f"{told.events:,} events, {told.decisions:,} decisions equal, {told.proofs} proofs"


def other(store: Store, folder: Path) -> str:
    (one,) = estimates(store, folder, "", 0, 1 << 62, 1, 1)
    ways = ", ".join(f"{what} {count:,}" for what, count in one.changes)
    return f"{one.asked:,} of {one.contacts:,} asked anew; {ways}"


def reasons(store: Store) -> str:
    """Each call alone, as an operator asks."""
    (run,) = chosen(store)
    took: list[float] = []
    agents = 0
    for number in range(CALLS_ASKED):
        call = str(number * 2_000 + 1_999)
        start = time.perf_counter()
        told = why(store, call)
        took.append(time.perf_counter() - start)
        assert told is not None, f"call {call} of {run.last} events"
        agents = max([agents, *(len(offer.agents) for offer in told.offers)])
    shown = ", ".join(f"{seconds:.2f}" for seconds in took)
    return f"{agents:,} agents told of each of {len(took)} calls: {shown} s (elapsed)"


def phase(name: str, folder: Path, calls: int, agents: int) -> None:
    """One measurement; it is the whole life of its process."""
    start = time.process_time(), time.perf_counter()
    if name == "make":
        told = make(folder, calls, agents)
    else:
        store = Store.open_to_read(folder / "switch.db")
        told = other(store, folder) if name == "config" else {"replay": replay, "why": reasons}[name](store)
        store.close()
    cpu_s, wall_s = time.process_time() - start[0], time.perf_counter() - start[1]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{name:>7}: {cpu_s:6.1f} s of CPU, {wall_s:6.1f} s elapsed, {peak_mb:5.0f} MB  {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--agents", type=int, default=500)
    parser.add_argument("--why-agents", type=int, default=10_000)
    parser.add_argument(
        "--keep", type=Path, help="make the stores here and leave them; what is there is used"
    )
    parser.add_argument("--phase", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        phase(options.phase, options.keep, options.calls, options.agents)
        return
    with tempfile.TemporaryDirectory() as temporary:
        base = options.keep or Path(temporary)
        days = ((options.agents, options.calls, ("replay", "config")), (options.why_agents, 20_000, ("why",)))
        for agents, calls, asked in days:
            folder = base / f"{agents}-{calls}"
            folder.mkdir(parents=True, exist_ok=True)
            print(f"{calls:,} calls, {agents:,} agents")
            made = () if (folder / "switch.db").exists() else ("make",)
            for name in (*made, *asked):
                words = ("--phase", name, "--keep", folder, "--calls", calls, "--agents", agents)
                subprocess.run([sys.executable, "-m", __spec__.name, *map(str, words)], check=True)


if __name__ == "__main__":
    main()
