"""What a recorded run of a router says of callers and agents, for running it again by another configuration.

Everything that does not follow from the router's choices is taken out of it: who came and when, who went
and when, how long each agent let it ring, how long each talk took, and when agents came, paused and left.
Times are microseconds of the recorded run.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from switch.acd import events as ev
from switch.acd.decisions import (
    Connected,
    Offered,
    OfferEnded,
    OfferOutcome,
    Refused,
    VisitEnded,
    VisitOutcome,
)
from switch.acd.repeat import Step
from switch.acd.settings import AgentSettings, Contact, QueueSettings

SETTINGS = (ev.SetTenant, ev.SetQueue, ev.SetAgent, ev.RemoveQueue, ev.RemoveAgent)
"""What a new configuration says in place of the recorded."""

OF_AGENTS = (
    ev.SignIn,
    ev.SignOut,
    ev.Pause,
    ev.Resume,
    ev.Reach,
    ev.Engage,
    ev.Disengage,
    ev.SetLine,
)
"""What agents and their phones did by themselves."""

AgentEvent = ev.SignIn | ev.SignOut | ev.Pause | ev.Resume | ev.Reach | ev.Engage | ev.Disengage | ev.SetLine


@dataclass(frozen=True, slots=True)
class Ring:
    """How an agent answered an offer, `after_us` from it. `declined` None: taken. `cut_off`: others ended the
    ring then, and the answer would have come later."""

    after_us: int
    declined: ev.DeclineReason | None
    cut_off: bool = False


@dataclass(slots=True)
class Stay:
    """One contact's stay in a queue, as it went. `outcome` is empty while it lasted at the end of the record;
    else a VisitOutcome, or `answered`. `talked_us` is -1 where the talk's end was not seen."""

    contact: Contact
    at: int
    outcome: str = ""
    reason: str = ""
    agent: str = ""
    waited_us: int = 0
    talked_us: int = -1
    first_agent: str = ""
    """Whom it was offered to first."""


@dataclass(slots=True)
class Recorded:
    """Filled by `take`, step by step; `end` is the last moment."""

    start: int
    end: int = 0
    offset_us: int = 0
    """What to add for microseconds since 1970."""
    settings: list[tuple[int, ev.Event]] = field(default_factory=list)
    agents: list[tuple[int, AgentEvent]] = field(default_factory=list)
    stays: dict[str, Stay] = field(default_factory=dict)
    rings: dict[str, list[Ring]] = field(default_factory=lambda: defaultdict(list))
    """By agent, in order."""
    pairs: dict[tuple[str, str], list[Ring]] = field(default_factory=lambda: defaultdict(list))
    """The same by contact and agent."""
    wrap_ups: dict[str, int] = field(default_factory=dict)
    """How long after the talk with a contact its agent ended the wrap-up by hand."""
    queues: dict[str, QueueSettings] = field(default_factory=dict)
    people: dict[str, AgentSettings] = field(default_factory=dict)
    missed: int = 0
    _offers: dict[int, tuple[Offered, int]] = field(default_factory=dict)
    _talked: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Agent: the last contact, and when its talk ended."""

    def begin(self, opening: Iterable[tuple[int, ev.Event]]) -> None:
        """What stands at the beginning; callers who wait then came before."""
        for at, event in opening:
            match event:
                case ev.SetQueue(queue):
                    self.queues[queue.name] = queue
                case ev.SetAgent(agent):
                    self.people[agent.name] = agent
                case ev.Arrive(contact):
                    self.stays[contact.contact] = Stay(contact, at)

    def take(self, step: Step) -> None:
        """The next step of the run."""
        event, now = step.event, step.now
        self.end = max(self.end, now)
        if isinstance(event, SETTINGS):
            self._set(event, now)
        elif isinstance(event, OF_AGENTS):
            self.agents.append((now, event))
        elif isinstance(event, ev.Arrive):
            self.stays.setdefault(event.contact.contact, Stay(event.contact, now))
        elif isinstance(event, ev.EndWrapUp) and event.agent in self._talked:
            contact, ended = self._talked.pop(event.agent)
            self.wrap_ups[contact] = now - ended
        for decision in step.decisions:
            self._decided(decision, now)

    def _set(self, event: ev.Event, now: int) -> None:
        self.settings.append((now, event))
        if isinstance(event, ev.SetQueue):
            self.queues[event.queue.name] = event.queue
        elif isinstance(event, ev.SetAgent):
            self.people[event.agent.name] = event.agent

    def _decided(self, decision: object, now: int) -> None:
        match decision:
            case Offered():
                self._offers[decision.offer] = decision, now
                stay = self.stays.get(decision.contact)
                if stay is not None:
                    stay.first_agent = stay.first_agent or decision.agent
            case OfferEnded():
                self._offer_ended(decision, now)
            case Connected():
                self._connected(decision, now)
            case VisitEnded():
                self._ended(decision, now)
            case Refused():
                stay = self.stays.get(decision.contact)
                if stay is not None and not stay.outcome:
                    stay.outcome, stay.reason = VisitOutcome.REFUSED.value, str(decision.reason)

    def _offer_ended(self, decision: OfferEnded, now: int) -> None:
        """Whoever declined says how this agent answers; a ring that others ended would have lasted."""
        offered = self._offers.pop(decision.offer, None)
        if offered is None:
            return
        made, at = offered
        reason = _DECLINES.get(decision.outcome)
        if reason is None:
            self.pairs[made.contact, made.agent].append(Ring(now - at, None, cut_off=True))
            return
        self.missed += reason is ev.DeclineReason.NO_ANSWER
        self._ring(made, Ring(now - at, reason))

    def _connected(self, decision: Connected, now: int) -> None:
        offered = self._offers.pop(decision.offer, None)
        if offered is not None:
            self._ring(offered[0], Ring(now - offered[1], None))
        stay = self.stays.get(decision.contact)
        if stay is not None:
            stay.outcome, stay.agent, stay.waited_us = "answered", decision.agent, decision.waited_us

    def _ring(self, offered: Offered, ring: Ring) -> None:
        self.rings[offered.agent].append(ring)
        self.pairs[offered.contact, offered.agent].append(ring)

    def _ended(self, decision: VisitEnded, now: int) -> None:
        stay = self.stays.get(decision.contact)
        if decision.outcome is VisitOutcome.ENDED:
            self._talked[decision.agent] = decision.contact, now
            if stay is not None:
                stay.talked_us = decision.talked_us
            else:
                # It began before the record, where it counts as an own call of the agent.
                self.agents.append((now, ev.Disengage(decision.agent)))
        elif stay is not None:
            stay.outcome, stay.reason = decision.outcome.value, decision.reason
            stay.waited_us = decision.waited_us


_DECLINES = {
    OfferOutcome.NO_ANSWER: ev.DeclineReason.NO_ANSWER,
    OfferOutcome.LEASE_EXPIRED: ev.DeclineReason.NO_ANSWER,
    OfferOutcome.DECLINED: ev.DeclineReason.DECLINED,
    OfferOutcome.BUSY: ev.DeclineReason.BUSY,
    OfferOutcome.UNREACHABLE: ev.DeclineReason.UNREACHABLE,
    OfferOutcome.FAILED: ev.DeclineReason.FAILED,
}
