"""The end of the demo's day: what is asked of the switch, checked, and summed up."""

import asyncio
from dataclasses import dataclass

import httpx

from switch.api.views import CallRecord, QueueRow, WhyAnswer
from switch.cli.demo.customer import SERVED
from switch.cli.demo.hearing import TalkCheck, check_talks, directions
from switch.cli.demo.plan import RECEPTION, TENANT
from switch.cli.demo.result import CustomerStory, Result, Verdict
from switch.cli.demo.stage import Stage
from switch.cli.demo.tools import Tools
from switch.journal.entry import Entry
from switch.metrics.report import Figure, measure
from switch.store.store import READ_MAX, Store

EMPTY_TIMEOUT_S = 5.0
"""How long the last BYE may take to be answered."""
_POLL_S = 0.2
_US_PER_MS = 1_000
_ENTRIES_MAX = 1_000_000
"""Of the journal of one demo; sixty customers an hour make some thousands."""
_LEGS = "softswitch_legs"


@dataclass(frozen=True, slots=True)
class LastWords:
    """What a switch that still runs told when all had hung up."""

    queues: tuple[QueueRow, ...]
    calls: tuple[CallRecord, ...]
    why: WhyAnswer | None
    left: Verdict


async def ask(stage: Stage, tools: Tools, since_wall_us: int) -> LastWords:
    """Before the switch stops: the records, why, and whether anything is left over."""
    left = await _nothing_left(stage, tools)
    records = [row for row in await tools.records(since_wall_us) if row.direction == "inbound"]
    whys = [await tools.why(row.call) for row in records if row.agent]
    return LastWords(
        tuple(await tools.queues()),
        tuple(records),
        max((why for why in whys if why), key=_interest, default=None),
        left,
    )


async def sum_up(
    stage: Stage, words: LastWords, *, seed: int, from_wall_us: int, until_wall_us: int, exit_code: int
) -> Result:
    """After the switch has stopped: the journal's figures, the audio, and the verdicts."""
    talks = await asyncio.to_thread(check_talks, stage.talks)
    figures = await asyncio.to_thread(_figures, stage, words, from_wall_us, until_wall_us)
    verdicts = (
        audio_verdict(talks),
        _lives(stage),
        _records(stage, words.calls),
        words.left,
        _switch(stage, exit_code),
    )
    return Result(
        ok=all(verdict.ok for verdict in verdicts),
        seed=seed,
        seconds=round((until_wall_us - from_wall_us) / 1e6, 1),
        customers=tuple(
            CustomerStory(v.plan.number, v.plan.manner.value, v.plan.language, v.plan.line, v.outcome)
            for v in stage.visitors
        ),
        calls=words.calls,
        why=words.why,
        talks=tuple(talks),
        audio=tuple(directions(talks)),
        metrics=figures,
        verdicts=verdicts,
    )


def _interest(why: WhyAnswer) -> tuple[int, int, int]:
    """A call that went to several agents in turn says most; then one with many candidates."""
    most = max((offer.candidates_count for offer in why.offers), default=0)
    return len(why.offers), most, len(why.events)


def _figures(stage: Stage, words: LastWords, from_wall_us: int, until_wall_us: int) -> tuple[Figure, ...]:
    store = Store.open(stage.server.state / "switch.db")
    try:
        entries: list[Entry] = []
        while len(entries) < _ENTRIES_MAX:
            after = entries[-1].sequence if entries else 0
            page = store.entries_between(from_wall_us, until_wall_us, after=after)
            entries += page
            if len(page) < READ_MAX:
                break
    finally:
        store.close()
    thresholds = {(row.tenant, row.queue): row.service_level_ms * _US_PER_MS for row in words.queues}
    report = measure(
        entries,
        from_wall_us=from_wall_us,
        until_wall_us=until_wall_us,
        thresholds_us=thresholds,
        tenant=TENANT,
    )
    return report.figures


def audio_verdict(talks: list[TalkCheck]) -> Verdict:
    wrong = [f"{talk.agent} and {talk.customer}" for talk in talks if not talk.ok]
    checked = sum(talk.checked for talk in talks)
    short = len(talks) - checked
    seen = f"{checked} talks compared" + (f", {short} too short to compare" if short else "")
    if wrong:
        seen += f"; not heard: {', '.join(wrong)}"
    # A demo in which nobody talked has shown nothing.
    return Verdict("in every talk both heard each other", bool(checked) and not wrong, seen)


def _lives(stage: Stage) -> Verdict:
    problems = stage.story.problems
    served = sum(visitor.outcome == SERVED for visitor in stage.visitors)
    seen = "; ".join(problems) or f"{len(stage.visitors)} customers called, {served} were served"
    return Verdict("every call went as a call may go", not problems, seen)


def _records(stage: Stage, calls: tuple[CallRecord, ...]) -> Verdict:
    """What the phones saw against what the switch wrote down."""
    seen = {(f"+{talk.visitor.plan.number}", talk.agent) for talk in stage.talks if talk.account != RECEPTION}
    written = {(row.caller, row.agent) for row in calls if row.agent}
    missing = [f"{agent} and {caller}" for caller, agent in sorted(seen ^ written)]
    if len(calls) != len(stage.visitors):
        missing.append(f"{len(calls)} records of {len(stage.visitors)} calls")
    told = f"{len(calls)} records" + (f"; not the same: {', '.join(missing)}" if missing else "")
    return Verdict("the records say who talked with whom", not missing, told)


async def _nothing_left(stage: Stage, tools: Tools) -> Verdict:
    what = "no call is left over"
    loop = asyncio.get_running_loop()
    deadline = loop.time() + EMPTY_TIMEOUT_S
    while True:
        calls = await tools.calls()
        legs = await _legs(stage.server.metrics)
        if not calls and not legs:
            return Verdict(what, True, "0 calls, 0 legs")
        if loop.time() > deadline:
            ids = ", ".join(row.call for row in calls)
            return Verdict(what, False, f"{len(calls)} calls, {legs:g} legs {ids}")
        await asyncio.sleep(_POLL_S)


async def _legs(metrics: str) -> float:
    """As Prometheus sees it."""
    async with httpx.AsyncClient(timeout=EMPTY_TIMEOUT_S) as client:
        page = (await client.get(metrics)).text
    return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith(f"{_LEGS} "))


def _switch(stage: Stage, exit_code: int) -> Verdict:
    tracebacks = stage.server.log().count("Traceback")
    return Verdict(
        "the switch ended well",
        exit_code == 0 and not tracebacks,
        f"exit code {exit_code}, {tracebacks} tracebacks in its log",
    )
