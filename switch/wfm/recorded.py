"""What a recorded run of a router says of callers and agents, for running it again by another configuration.

Everything that does not follow from the router's choices is taken out of it: who came and when, who went
and when, how long each agent let it ring, how long each talk took, and when agents came, paused and left.
Times are microseconds of the recorded run.
"""

from collections import defaultdict
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
from switch.acd.opening import Opening, Standing
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


@dataclass(frozen=True, slots=True)
class Ring:
    """How an agent answered an offer, `after_us` from it. `declined` None: taken. `cut_off`: others ended the
    ring then, and the answer would have come later. `ring_us`: how long it was to ring; with the way to the
    phone an unanswered ring lasts somewhat longer. `lapsed`: its lease ended, nobody said anything."""

    after_us: int
    declined: ev.DeclineReason | None
    cut_off: bool = False
    ring_us: int = 0
    lapsed: bool = False


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
    talk_from: int = 0
    """When the talk began, where there was one."""


@dataclass(slots=True)
class Recorded:
    """Filled by `take`, step by step; `end` is the last moment."""

    start: int
    end: int = 0
    offset_us: int = 0
    """What to add for microseconds since 1970."""
    settings: list[tuple[int, ev.Event]] = field(default_factory=list)
    agents: list[tuple[int, ev.Event]] = field(default_factory=list)
    """Of OF_AGENTS, and what ends that began before the record: talks, and wrap-ups ended by hand."""
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
    order: dict[tuple[int, ev.Event], int] = field(default_factory=dict)
    """The place of each event that came at the very moment of another."""
    _last: Step | None = None
    _offers: dict[int, tuple[Offered | Standing, int]] = field(default_factory=dict)
    _talked: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Agent: the last contact, and when its talk ended."""

    def begin(self, opening: Opening) -> None:
        """What stands at the beginning; callers who wait then came before."""
        self.queues |= {queue.name: queue for queue in opening.queues}
        self.people |= {agent.name: agent for agent in opening.agents}
        self.stays |= {contact.contact: Stay(contact, opening.now) for contact in opening.waiting}
        self._offers |= {offer.offer: (offer, offer.at) for offer in opening.offers}

    def take(self, step: Step) -> None:
        """The next step of the run."""
        event, now = step.event, step.now
        self.end = max(self.end, now)
        last, self._last = self._last, step
        if last is not None and last.now == now:
            self.order.setdefault((now, last.event), last.sequence)
            self.order.setdefault((now, event), step.sequence)
        if isinstance(event, SETTINGS):
            self._set(event, now)
        elif isinstance(event, OF_AGENTS):
            self.agents.append((now, event))
        elif isinstance(event, ev.Arrive):
            self.stays.setdefault(event.contact.contact, Stay(event.contact, now))
        elif isinstance(event, ev.EndWrapUp):
            if event.agent in self._talked:
                contact, ended = self._talked.pop(event.agent)
                self.wrap_ups[contact] = now - ended
            else:
                self.agents.append((now, event))
        for decision in step.decisions:
            self._decided(decision, now)

    def close(self) -> None:
        """Nothing follows: who rings now would have gone on."""
        for made, at in self._offers.values():
            self._cut_off(made, at, self.end)

    def _cut_off(self, made: Offered | Standing, at: int, now: int) -> None:
        ring = Ring(now - at, None, cut_off=True, ring_us=made.ring_us)
        self.pairs[made.contact, made.agent].append(ring)

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
            self._cut_off(made, at, now)
            return
        self.missed += reason is ev.DeclineReason.NO_ANSWER
        lapsed = decision.outcome is OfferOutcome.LEASE_EXPIRED
        self._ring(made, Ring(now - at, reason, ring_us=made.ring_us, lapsed=lapsed))

    def _connected(self, decision: Connected, now: int) -> None:
        offered = self._offers.pop(decision.offer, None)
        if offered is not None:
            self._ring(offered[0], Ring(now - offered[1], None, ring_us=offered[0].ring_us))
        stay = self.stays.get(decision.contact)
        if stay is not None:
            stay.outcome, stay.agent, stay.waited_us = "answered", decision.agent, decision.waited_us
            stay.talk_from = now

    def _ring(self, offered: Offered | Standing, ring: Ring) -> None:
        self.rings[offered.agent].append(ring)
        self.pairs[offered.contact, offered.agent].append(ring)

    def _ended(self, decision: VisitEnded, now: int) -> None:
        stay = self.stays.get(decision.contact)
        if decision.outcome is VisitOutcome.ENDED:
            self._talked[decision.agent] = decision.contact, now
            if stay is not None:
                stay.talked_us = decision.talked_us
            else:
                self.agents.append((now, ev.Finish(decision.contact)))
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
