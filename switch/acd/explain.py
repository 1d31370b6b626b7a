"""Each agent's own reason beside one contact: now, or at the moment of a decision that is taken again.

Only the Python half can tell; a snapshot of either is taken over by it. So the running router pays nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from switch.acd.choose import Given, exclusions
from switch.acd.decisions import AgentState, Exclusion, Offered
from switch.acd.events import Event
from switch.acd.limits import RETRY_MIN_US
from switch.acd.router import Router
from switch.acd.settings import Need
from switch.acd.snapshot import read
from switch.acd.state import Agent, State, Visit, VisitState

CANDIDATE = "candidate"
CHOSEN = "chosen"

_SECOND = 1_000_000
_MINUTES_FROM = 120


@dataclass(frozen=True, slots=True)
class AgentWhy:
    """`reason` is CHOSEN, CANDIDATE or an Exclusion; `detail` says it with figures. `idle_us` is -1 where the
    agent was no candidate; `score` is that of the best few, None for others. `further` are the exclusions
    that would still hold if the first did not, each with its figures."""

    agent: str
    reason: str
    detail: str
    idle_us: int = -1
    score: int | None = None
    further: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision taken again: what was offered, and every agent before it was."""

    offers: tuple[Offered, ...]
    agents: tuple[AgentWhy, ...]


class _Telling(Router):
    """A router that writes down how all agents stood when `contact` was offered."""

    contact = ""
    seen: tuple[AgentWhy, ...] = ()

    def _offer(self, visit: Visit, given: Given | None = None) -> bool:
        # Where several are rung at once the first offer sees all of them free.
        if visit.id == self.contact and not self.seen:
            self.seen = _reasons(self._s, visit)
        return super()._offer(visit, given)


def explain_decision(state: bytes, event: Event, now: int, contact: str) -> Explained:
    """Takes `event` again, from the router's snapshot before it. Raises SnapshotError."""
    router = _Telling.restore(state)
    router.contact = contact
    decisions = router.apply(event, now)
    offers = tuple(made for made in decisions if isinstance(made, Offered) and made.contact == contact)
    return Explained(offers, tuple(_ranked(router.seen, offers)))


def explain_waiting(state: bytes, contact: str, now: int) -> tuple[AgentWhy, ...]:
    """Why a contact that waits is with nobody; empty where it does not wait. Raises SnapshotError."""
    restored = read(state)
    restored.now = max(restored.now, now)
    visit = restored.visits.get(contact)
    if visit is None or visit.state is VisitState.CONNECTED or visit.queue is None:
        return ()
    return _reasons(restored, visit)


def _ranked(agents: Iterable[AgentWhy], offers: tuple[Offered, ...]) -> Iterable[AgentWhy]:
    """With the scores that the choice kept, and who was chosen."""
    chosen = {offer.agent for offer in offers}
    scores = {ranked.agent: ranked.score for offer in offers for ranked in offer.choice.best}
    for agent in agents:
        reason = CHOSEN if agent.agent in chosen else agent.reason
        yield replace(agent, reason=reason, score=scores.get(agent.agent))


def _reasons(state: State, visit: Visit) -> tuple[AgentWhy, ...]:
    """All agents in the order in which they were first set."""
    told = []
    for agent in state.agents.values():
        reasons = tuple(
            (why.value, _detail(why, agent, visit, state)) for why in exclusions(state, agent, visit)
        )
        if reasons:
            told.append(AgentWhy(agent.name, *reasons[0], further=reasons[1:]))
        else:
            told.append(AgentWhy(agent.name, CANDIDATE, "", state.now - agent.idle_since))
    return tuple(told)


def _detail(why: Exclusion, agent: Agent, visit: Visit, state: State) -> str:
    """The figures behind a reason; empty where there are none."""
    step = visit.steps[visit.step]
    match why:
        case Exclusion.OTHER_QUEUES:
            return f"serves {_list(agent.queues)}, not {visit.contact.queue}"
        case Exclusion.SKILL_MISSING | Exclusion.LEVEL_TOO_LOW:
            return _lacking(agent, step.needs, step.any_of)
        case Exclusion.EXCLUDED_SKILL:
            held = [
                f"{need.skill} {agent.skills[need.skill]}"
                for need in step.none_of
                if agent.skills.get(need.skill, 0) >= need.level
            ]
            return f"has {_list(held)}, which is not wanted"
        case Exclusion.OTHER_TEAM:
            return f"in {_list(agent.settings.teams) or 'no team'}, wanted is {_list(step.teams)}"
        case Exclusion.OTHER_CHANNELS:
            return f"takes no {visit.contact.channel}"
        case Exclusion.AVOIDED:
            return "must not get this contact, for instance because it came from there"
        case Exclusion.KEPT_FOR_OTHER:
            left_us = visit.contact.waiting_since + visit.contact.sticky_us - state.now
            return f"kept for {visit.contact.before} for {_span(left_us)} more"
        case Exclusion.JUST_DECLINED:
            return _declined(agent, visit, state)
        case _:
            return _occupation(why, agent, state)


def _lacking(agent: Agent, needs: tuple[Need, ...], groups: tuple[tuple[Need, ...], ...]) -> str:
    def lacks(asked: tuple[Need, ...]) -> list[str]:
        return [
            f"{need.skill} {agent.skills.get(need.skill, 0)} of {need.level} needed"
            for need in asked
            if agent.skills.get(need.skill, 0) < need.level
        ]

    return _list(lacks(needs)) or " or ".join(_list(lacks(group)) for group in groups)


def _declined(agent: Agent, visit: Visit, state: State) -> str:
    queue = visit.queue
    retry_us = max(queue.settings.retry_same_agent_us if queue is not None else 0, RETRY_MIN_US)
    until = next((until for name, until in visit.backoffs if name == agent.name), 0)
    what = "missed this contact"
    if not until:
        until, what = agent.rest_until, "declined or could not be rung"
    ago_us = max(0, state.now - until + retry_us)
    return f"{what} {_span(ago_us)} ago, not asked for {_span(until - state.now)} more"


def _occupation(why: Exclusion, agent: Agent, state: State) -> str:
    """What the agent does; for how long, where the shown state says it."""
    since = f"for {_span(state.now - agent.since)}"
    shown = agent.shown
    match why:
        case Exclusion.SIGNED_OUT if shown is AgentState.LOGGED_OUT:
            return since
        case Exclusion.UNREACHABLE if shown is AgentState.UNREACHABLE:
            return f"its phone is not registered {since}"
        case Exclusion.PAUSED:
            return agent.pause_reason + (f" {since}" if shown is AgentState.PAUSED else "")
        case Exclusion.OFFERED:
            return f"is rung for {_list(offer.visit.id for offer in agent.offers)} {since}"
        case Exclusion.BUSY:
            with_whom = _list(visit.id for visit in agent.talks)
            return f"{f'talks to {with_whom}' if with_whom else f'on {agent.engaged} own calls'} {since}"
        case Exclusion.WRAP_UP:
            return f"{_span(agent.wrap_until - state.now)} more"
        case _:
            return ""


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _span(us: int) -> str:
    seconds = max(0, us) / _SECOND
    return f"{seconds:.1f} s" if seconds < _MINUTES_FROM else f"{seconds / 60:.0f} min"
