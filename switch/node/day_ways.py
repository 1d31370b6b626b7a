"""What the flows of the dialplans do with callers of a simulated day who are not served, as values.

Prompts take no time here. What a simulation cannot know (a menu's keys, who answers a phone) ends a way, and
says at which step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from switch.base.clock import SECOND
from switch.base.promises import offered_after_s
from switch.dialplan import program as p
from switch.dialplan.actions import QueueNeed
from switch.dialplan.hours import Calendar, Hours, shut_spans
from switch.dialplan.plan import QueuePlan
from switch.dialplan.program import merge_needs
from switch.dialplan.requirement import rings_of
from switch.exchange.wishes import requirement_of
from switch.wfm.scenario import KEY
from switch.wfm.ways import ByHours, CallbackRules, CallsBack, Door, Ends, QueueRules, Queues, Shut, Wait, Way

DAY_S = 86_400

AFTER_S = DAY_S
"""Hours are known for a day after the one that is simulated: callers and callbacks may wait so long."""

PLAYS_ON = Ends("goes round")
"""A flow that plays for ever."""

_Passes = p.Jump | p.AnswerCall | p.PlayPrompts | p.Rest | p.TellRecording | p.RecordCall | p.CommandAgent


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a call has gathered on its way."""

    needs: tuple[QueueNeed, ...] = ()
    language: str = ""


@dataclass(slots=True)
class Walker:
    """`stated` are exits of queues that the day states in place of the dialplans'. `waits` fill as ways lead
    to queues."""

    instructions: list[p.Instruction]
    queues: Mapping[str, QueuePlan]
    before: Mapping[str, QueuePlan]
    """As the dialplans have them: what a step took over from its queue, the day may change."""
    hours: Mapping[str, Hours]
    calendar: Calendar
    starts: datetime
    day_s: int
    stated: dict[str, dict[str, int]] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    _places: dict[tuple[int, Gathered], int] = field(default_factory=dict)
    _shut: dict[str, tuple[Shut, ...]] = field(default_factory=dict)

    def shut(self, hours: str) -> tuple[Shut, ...]:
        """When these hours are shut; an empty name: on holidays."""
        if hours and hours not in self.hours:
            return ()  # a mistake that is noted where it stands
        known = self._shut.get(hours)
        if known is None:
            stated = self.hours[hours] if hours else None
            spans = shut_spans(stated, self.calendar, self.starts, (self.day_s + AFTER_S) // 60)
            known = tuple(Shut(60.0 * start, 60.0 * until, gate) for start, until, gate in spans)
            self._shut[hours] = known
        return known

    def rules(self, queue: QueuePlan) -> QueueRules | None:
        """What the dialplan decides about the queue's callers; None where that is nothing."""
        rules = QueueRules(
            queue.name,
            self.shut(queue.hours) if queue.hours else (),
            queue.leave_when,
            queue.widen_at_once_below,
            self._callback(queue),
            queue.sticky_s,
            float(queue.remember_days * DAY_S) if queue.sticky_s >= 0 else 0.0,
        )
        return None if rules == QueueRules(queue.name) else rules

    def _callback(self, queue: QueuePlan) -> CallbackRules | None:
        plan = queue.callback
        if plan is None:
            return None
        return CallbackRules(
            plan.tries,
            plan.retry_s,
            plan.expires_s,
            plan.ring_s,
            offered_after_s(plan.offer_after_s, plan.offer_every_s),
            self.shut(plan.hours) if plan.hours else (),
        )

    def _called_back(self, step: p.OfferCallback, gathered: Gathered) -> int:
        """The wait of those who accept this offer: with what was gathered, and no further rings."""
        rings = rings_of(merge_needs(gathered.needs, step.needs), p.NOTHING_MORE, ())
        self.waits.append(Wait(step.queue, requirement_of(rings), step.priority))
        return len(self.waits) - 1

    def wait_s_max(self, step: p.WaitInQueue) -> int:
        """As the step states it, or as its queue does now."""
        stated = step.wait_us_max // SECOND
        before = self.before.get(step.queue)
        return self.queues[step.queue].max_wait_s if before and stated == before.max_wait_s else stated

    def estimate_s_max(self, step: p.WaitInQueue) -> int:
        before = self.before.get(step.queue)
        taken = before and step.estimate_s_max == before.max_estimate_s
        return self.queues[step.queue].max_estimate_s if taken else step.estimate_s_max

    def exits(self, step: p.WaitInQueue, gathered: Gathered) -> tuple[tuple[str, Way], ...]:
        """By gate, and by key (`key 0`)."""
        addresses = {**step.exits, **{f"{KEY}{key}": address for key, address in step.keys.items()}}
        addresses |= self.stated.get(step.queue, {})
        return tuple((gate, self.way(address, gathered)) for gate, address in addresses.items())

    def way(self, address: int, gathered: Gathered, passed: frozenset[int] = frozenset()) -> Way:
        """Where a call goes that is at this instruction."""
        while address not in passed:
            passed |= {address}
            step = self.instructions[address]
            if isinstance(step, _Passes):
                address = step.next
                continue
            match step:
                case p.ChooseLanguage():
                    gathered = Gathered(gathered.needs, step.language)
                    address = step.next
                case p.AddNeeds():
                    gathered = Gathered(merge_needs(gathered.needs, step.needs), gathered.language)
                    address = step.next
                case p.CheckHours():
                    ways = (
                        self.way(next_, gathered, passed) for next_ in (step.next, step.closed, step.holiday)
                    )
                    return ByHours(self.shut(step.hours), *ways)
                case p.WaitInQueue():
                    return Queues(self._wait(address, step, gathered))
                case p.OfferCallback():
                    declined = self.way(step.declined, gathered, passed)
                    return CallsBack(self._called_back(step, gathered), declined)
                case _:
                    return Ends(_label(step))
        return PLAYS_ON

    def doors(self, flow: int, queue: int) -> tuple[Door, ...]:
        """The steps `hours` that a call passes from the start of its flow to the step `queue`; none where it
        does not come there by itself, but by a key of a menu."""
        found: list[Door] = []
        address, passed = flow, set[int]()
        while address not in passed:
            if address == queue:
                return tuple(found)
            passed.add(address)
            step = self.instructions[address]
            if isinstance(step, _Passes | p.ChooseLanguage | p.AddNeeds):
                address = step.next
            elif isinstance(step, p.CheckHours):
                closed, holiday = (
                    None if self._comes_to(way, queue) else self.way(way, Gathered())
                    for way in (step.closed, step.holiday)
                )
                found.append(Door(self.shut(step.hours), closed, holiday))
                address = step.next
            else:
                break
        return ()

    def _comes_to(self, address: int, queue: int) -> bool:
        """Whether a way comes to this step all the same."""
        passed = set[int]()
        while address not in passed and address != queue:
            passed.add(address)
            step = self.instructions[address]
            if not isinstance(step, _Passes | p.ChooseLanguage | p.AddNeeds):
                return False
            address = step.next
        return address == queue

    def _wait(self, address: int, step: p.WaitInQueue, gathered: Gathered) -> int:
        """The place of this wait; a flow may come back to it by its own exits."""
        key = address, gathered
        place = self._places.get(key)
        if place is not None:
            return place
        place = self._places[key] = len(self.waits)
        rings = rings_of(merge_needs(gathered.needs, step.needs), step.asks, step.widen, gathered.language)
        wait = Wait(
            step.queue,
            requirement_of(rings),
            step.priority,
            float(self.wait_s_max(step)),
            self.estimate_s_max(step),
        )
        self.waits.append(wait)
        self.waits[place] = replace(wait, exits=self.exits(step, gathered))
        return place


def _label(step: p.Instruction) -> str:
    """Where a way leaves what is simulated."""
    match step:
        case p.End() | p.Farewell():
            return ""
        case p.DialOut():
            return f"dial {step.target}"
        case p.LeaveMessage():
            return f"message in {step.mailbox}"
        case _:
            return f"flow {step.where.flow}, step {step.where.step}"
