"""What can be known about a program before a call runs it: loops that spin, steps and flows that nobody
reaches, queues that ask for what no agent has, and a refusal of a call that is answered already."""

from collections import deque
from collections.abc import Iterable, Mapping

from switch.dialplan import program as p
from switch.dialplan.actions import QueueNeed, QueueStep
from switch.dialplan.plan import AgentPlan
from switch.dialplan.problems import Place, Problems
from switch.dialplan.requirement import could_serve, rings_of, words

STATES_MAX = 50_000
"""Ways through a program that are followed. No real plan has as many; the rest then goes unchecked."""

_ANSWERING = (
    p.AnswerCall
    | p.PlayPrompts
    | p.Menu
    | p.CollectDigits
    | p.WaitInQueue
    | p.OfferCallback
    | p.LeaveMessage
    | p.DetectAnswer
    | p.HearMailbox
    | p.Confer
    | p.SuperviseTalk
)


def check_spinning(program: p.Program, problems: Problems) -> None:
    """A cycle in which the call never waits would take all of the processor."""
    done: set[int] = set()
    for root in range(len(program.instructions)):
        if root in done:
            continue
        trail: list[int] = [root]
        on_trail = {root}
        pending = [list(_instant(program, root))]
        while trail:
            if not pending[-1]:
                done.add(trail[-1])
                on_trail.discard(trail.pop())
                pending.pop()
                continue
            address = pending[-1].pop()
            if address in on_trail:
                _note_cycle(program, trail[trail.index(address) :], problems)
            elif address not in done:
                trail.append(address)
                on_trail.add(address)
                pending.append(list(_instant(program, address)))


def _instant(program: p.Program, address: int) -> Iterable[int]:
    return (target for target, waits in p.edges(program.instructions[address]) if not waits)


def _note_cycle(program: p.Program, cycle: list[int], problems: Problems) -> None:
    wheres = [program.instructions[address].where for address in cycle]
    flows = list(dict.fromkeys(where.flow for where in wheres))
    last = next((where for where in reversed(wheres) if where.step != "start"), wheres[-1])
    loop = " -> ".join([*flows, flows[0]])
    problems.add(
        last.place, f"this goes round without waiting ({loop}); play something, or use a menu or pause_s"
    )


def check_paths(
    program: p.Program,
    flows: Mapping[str, Place],
    agents: Mapping[str, AgentPlan],
    roots: Iterable[str],
    problems: Problems,
) -> None:
    """Follow every way from the numbers and feature codes (`roots`), with the needs gathered on it."""
    start = [program.entries[name] for name in roots if name in program.entries]
    seen: set[tuple[int, tuple[QueueNeed, ...], bool]] = {(address, (), False) for address in start}
    work = deque(seen)
    while work and len(seen) < STATES_MAX:
        address, needs, answered = work.popleft()
        instruction = program.instructions[address]
        match instruction:
            case p.AddNeeds():
                needs = p.merge_needs(needs, instruction.needs)
            case p.WaitInQueue():
                base = p.merge_needs(needs, instruction.needs)
                rings = rings_of(base, instruction.asks, instruction.widen)
                check_rings(instruction.queue, rings, agents, instruction.where.place, problems)
            case p.OfferCallback():
                rings = (QueueStep(0, p.merge_needs(needs, instruction.needs)),)
                check_rings(instruction.queue, rings, agents, instruction.where.place, problems)
            case p.End(reason="reject") if answered:
                problems.add(
                    instruction.where.place, "the call is answered already on a way to here; use hangup"
                )
            case _:
                pass
        if isinstance(instruction, _ANSWERING):
            answered = True
        for target, _ in p.edges(instruction):
            state = (target, needs, answered)
            if state not in seen:
                seen.add(state)
                work.append(state)
    if not work:
        _warn_unreached(program, flows, {address for address, _, _ in seen}, problems)


def check_rings(
    name: str, rings: tuple[QueueStep, ...], agents: Mapping[str, AgentPlan], place: Place, problems: Problems
) -> None:
    """At run time such a caller would leave by the exit `unservable`; it is told before the first call."""
    joined = {name, *(queue for ring in rings for queue in ring.queues)}
    serving = [agent for agent in agents.values() if not agent.queues or joined & set(agent.queues)]
    if not serving or any(could_serve(agent, name, ring) for ring in rings for agent in serving):
        return
    names = ", ".join(agent.name for agent in serving[:8])
    problems.add(place, f"no agent of queue '{name}' can satisfy {words(rings[-1])} (its agents: {names})")


def _warn_unreached(
    program: p.Program, flows: Mapping[str, Place], reached: set[int], problems: Problems
) -> None:
    for flow, place in flows.items():
        if program.entries[flow] not in reached:
            problems.warn(place, f"flow '{flow}' is never reached: no number and no step leads to it")
    places = {program.instructions[address].where.place for address in reached}
    for instruction in program.instructions:
        where = instruction.where
        skipped = where.flow not in flows or program.entries[where.flow] not in reached
        if where.step in ("start", "end") or skipped or where.place in places:
            continue
        problems.warn(where.place, f"step {where.step} of flow '{where.flow}' is never reached")
