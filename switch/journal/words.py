"""An explanation in plain words, for `softswitch why CALL` and whoever reads it at 3 am."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from switch.journal.why import ANSWERED, REFUSED, AgentReason, Explanation, OfferWhy, Rank, VisitWhy

SCORE_ONE = 1 << 32
"""Scores in the journal are the router's fixed point, 32 bits of fraction, so that a replay compares them."""

AGENTS_TOLD = 40
"""Agents named one by one, the nearest to a candidate first; a program gets all of them."""

_EXCLUSIONS = {
    "signed-out": "signed out",
    "unreachable": "whose phone was not registered",
    "paused": "paused",
    "offered": "already being offered another contact",
    "busy": "busy",
    "wrap-up": "in wrap-up",
    "serves-other-queues": "serving other queues",
    "skill-missing": "without a needed skill",
    "level-too-low": "with too low a level of a needed skill",
    "avoided": "to be avoided for this contact",
    "just-declined": "who had just missed or declined it",
    "line-bad": "with a line that cannot be used",
    "excluded-skill": "with a skill that is not wanted",
    "other-team": "of another team",
    "other-channels": "not taking this channel",
    "kept-for-other": "passed over while the contact waits for the agent of last time",
}

_AGENT_WORDS = {
    "chosen": "chosen",
    "candidate": "could take it",
    "signed-out": "signed out",
    "unreachable": "unreachable",
    "line-bad": "line too bad",
    "paused": "paused",
    "offered": "being rung",
    "busy": "busy",
    "wrap-up": "in wrap-up",
    "serves-other-queues": "other queues",
    "skill-missing": "skill missing",
    "level-too-low": "level too low",
    "excluded-skill": "unwanted skill",
    "other-team": "other team",
    "other-channels": "other channels",
    "avoided": "to be avoided",
    "just-declined": "just declined",
    "kept-for-other": "kept for another",
}
_NEARNESS = {
    reason: place
    for place, reason in enumerate(
        (
            "chosen",
            "candidate",
            "just-declined",
            "kept-for-other",
            "avoided",
            "offered",
            "wrap-up",
            "busy",
            "paused",
            "line-bad",
            "unreachable",
            "signed-out",
            "level-too-low",
            "skill-missing",
            "excluded-skill",
            "other-team",
            "other-channels",
            "serves-other-queues",
        ),
        -18,
    )
}

_TIE_BREAKS = {
    "only candidate": "there was no other candidate",
    "score": "the score was the highest",
    "longest idle": "scores were equal, and this agent was idle the longest",
    "order": "scores and idle times were equal, and this agent is first in order",
    "random": "the queue's policy draws at random",
    "line": "the lines of the others were failing",
    "agent of before": "scores were equal, and this agent talked to the caller before",
    "batch": "several contacts were assigned at once, so that all of them together were served best",
}

_OUTCOMES = {
    ANSWERED: "the agent answered",
    "no-answer": "the agent did not answer in time",
    "declined": "the agent declined",
    "busy": "the agent's phone was busy",
    "unreachable": "the agent's phone could not be reached",
    "failed": "the call to the agent failed",
    "answered-elsewhere": "another agent answered first",
    "caller-gone": "the caller was gone first",
    "withdrawn": "the contact was taken out of the queue",
    "agent-gone": "the agent signed out or was lost",
    "lease-expired": "the reservation ran out without an answer",
}


def tell(explanation: Explanation) -> list[str]:
    """The story as lines of text, in order of time."""
    lines = [_headline(explanation), *(line for _, line in _timeline(explanation)), *_closing(explanation)]
    return [_printable(line) for line in lines]


def _printable(line: str) -> str:
    """Names come from the wire: what would steer the reader's terminal is shown as a question mark."""
    return line if line.isprintable() else "".join(c if c.isprintable() else "?" for c in line)


def _headline(explanation: Explanation) -> str:
    when = datetime.fromtimestamp(explanation.started_wall_us // 1_000_000, UTC)
    direction = explanation.direction or "unknown direction"
    source = f" from {explanation.source}" if explanation.source else ""
    return (
        f"Call {explanation.call} of tenant {explanation.tenant or '(none)'}: "
        f"{explanation.caller or '(unknown)'} called {explanation.called or '(unknown)'}, "
        f"{direction}{source}, {when:%Y-%m-%d %H:%M:%S} UTC."
    )


def _timeline(explanation: Explanation) -> list[tuple[int, str]]:
    """Lines with the journal entries that they tell of, in the journal's order."""
    lines = [(moment.entry, _at(moment.at_us, f"{moment.detail}.")) for moment in explanation.moments]
    for visit in explanation.visits:
        lines.extend(_visit_lines(visit))
    return sorted(lines, key=lambda line: line[0])


def _closing(explanation: Explanation) -> Iterator[str]:
    if not explanation.visits and not explanation.call.startswith("b-"):
        yield "It never entered a queue, so no agent was chosen for it."
    ending = explanation.ending
    if ending is None and explanation.call.startswith("b-"):
        return  # a callback: its calls have stories of their own
    if ending is None:
        yield "The call has not ended."
        return
    status = f", SIP status {ending.sip_status}" if ending.sip_status else ""
    yield _at(ending.at_us, f"The call ended: {ending.cause}, by {ending.by or 'nobody'}{status}.")


def _visit_lines(visit: VisitWhy) -> Iterator[tuple[int, str]]:
    if visit.outcome == REFUSED and visit.entry == visit.ended_entry:
        yield visit.entry, _at(visit.at_us, f"Queue {visit.queue} refused the contact: {visit.reason}.")
        return
    needs = f", needing {' and '.join(visit.needs)}" if visit.needs else ", needing no particular skill"
    place = f"at place {visit.position}, priority {visit.priority}{needs}"
    yield visit.entry, _at(visit.at_us, f"Entered queue {visit.queue} {place}.")
    for offer in visit.offers:
        for line in _offer_lines(offer):
            yield offer.entry, line
        if offer.outcome:
            ended = _OUTCOMES.get(offer.outcome, offer.outcome)
            text = f"Offer {offer.offer} to {offer.agent} ended after {_seconds(offer.lasted_us)}: {ended}."
            yield offer.ended_entry, _at(offer.at_us + offer.lasted_us, text)
    if not visit.offers and not visit.agent:
        yield visit.entry, _more("No agent was offered this contact while it waited.")
    if visit.ended_entry:
        yield visit.ended_entry, _at(visit.ended_at_us, _visit_end(visit))


def _visit_end(visit: VisitWhy) -> str:
    reason = f" ({visit.reason})" if visit.reason else ""
    if visit.outcome == "ended":
        return (
            f"Left queue {visit.queue} after a wait of {_seconds(visit.waited_us)} and a talk of "
            f"{_seconds(visit.talked_us)} with {visit.agent}{reason}."
        )
    return f"Left queue {visit.queue} after a wait of {_seconds(visit.waited_us)}: {visit.outcome}{reason}."


def _offer_lines(offer: OfferWhy) -> Iterator[str]:
    excluded = sum(count for _, count in offer.exclusions)
    yield _at(offer.at_us, f"Offer {offer.offer} went to {offer.agent}.")
    yield _more(
        f"{_count(excluded + offer.candidates, 'agent')} looked at, {offer.candidates} could take it"
        f"{_needs(offer)}."
    )
    if offer.exclusions:
        reasons = ", ".join(
            f"{count} {_EXCLUSIONS.get(reason, reason)}" for reason, count in offer.exclusions
        )
        yield _more(f"Not candidates: {reasons}.")
    if offer.best:
        ranks = ", ".join(_rank(rank, offer.policy) for rank in offer.best)
        rest = offer.candidates - len(offer.best)
        more = f", and {rest} more" if rest > 0 else ""
        yield _more(f"Scores by {offer.policy}: {ranks}{more}.")
    yield _more(f"{offer.agent} was chosen because {_TIE_BREAKS.get(offer.tie_break, offer.tie_break)}.")
    if offer.agents:
        yield _more(f"Each agent at that moment (event {offer.decision} of the router):")
        yield from agent_lines(offer.agents)
    elif offer.untold:
        yield _more(f"Each agent's own reason cannot be told: {offer.untold}.")


def agent_lines(agents: Sequence[AgentReason]) -> Iterator[str]:
    """One line an agent: the chosen, candidates, then who could serve if they were free, then the rest."""
    ordered = sorted(agents, key=lambda agent: _NEARNESS.get(agent.reason, 0))
    shown = ordered[:AGENTS_TOLD]
    width = max((len(agent.agent) for agent in shown), default=0)
    for agent in shown:
        parts = [agent.detail] if agent.detail else []
        if agent.score is not None:
            parts.append(f"score {agent.score / SCORE_ONE:g}")
        if agent.idle_us >= 0:
            parts.append(f"idle {_seconds(agent.idle_us)}")
        reasons = [_reason(agent.reason, ", ".join(parts))]
        reasons += [_reason(reason, detail) for reason, detail in agent.further]
        yield _printable(_more(f"  {agent.agent:{width}}  {'; '.join(reasons)}"))
    if len(ordered) > len(shown):
        yield _more(f"  and {len(ordered) - len(shown)} more; --json has them all")


def _reason(reason: str, detail: str) -> str:
    said = _AGENT_WORDS.get(reason, reason)
    return f"{said}: {detail}" if detail else said


def _rank(rank: Rank, policy: str) -> str:
    """A candidate with its score as people count; a drawn number says nothing to anybody."""
    idle = f"idle {_seconds(rank.idle_us)}"
    if policy == "random":
        return f"{rank.agent} ({idle})"
    return f"{rank.agent} {rank.score / SCORE_ONE:g} ({idle})"


def _needs(offer: OfferWhy) -> str:
    if not offer.needs:
        return ""
    return " with " + " and ".join(f"{skill} at {level} or more" for skill, level in offer.needs)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _seconds(duration_us: int) -> str:
    return f"{duration_us / 1_000_000:.1f} s"


def _at(at_us: int, text: str) -> str:
    return f"{'+' + _seconds(at_us):>10}  {text}"


def _more(text: str) -> str:
    return f"{'':>10}    {text}"
