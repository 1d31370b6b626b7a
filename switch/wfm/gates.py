"""The gates of a simulated day: the rules of a live queue (docs/decisions/0031), asked of the real router.

It only answers; what follows is done by the day.
"""

from dataclasses import replace

from switch.acd.select import RouterLike
from switch.acd.settings import Requirement
from switch.acd.staffed import FRESH_US, count_staff
from switch.base.clock import SECOND
from switch.base.gates import CLOSED, HOLIDAY, asks_staff, gate_of
from switch.wfm.scenario import Scenario, Stream
from switch.wfm.ways import (
    CallbackRules,
    CallsBack,
    Ends,
    Follows,
    QueueRules,
    Queues,
    Wait,
    Way,
    followed,
    shut_at,
)

_NO_RULES = QueueRules("")
_NOWHERE = Ends("")


class Gates:
    """Of one day. Waits are counted from 0: the first of each stream, then those of the scenario."""

    def __init__(self, scenario: Scenario, router: RouterLike) -> None:
        self._router = router
        self._streams = scenario.streams
        self.waits = [*(_first(stream, dict(scenario.max_wait_s)) for stream in scenario.streams)]
        self._beyond = len(self.waits)
        """Where those of the scenario begin."""
        self.waits += scenario.waits
        self._exits: list[dict[str, Way]] = [dict(wait.exits) for wait in self.waits]
        known = {rules.queue: rules for rules in scenario.rules}
        self._rules = [known.get(wait.queue, _NO_RULES) for wait in self.waits]
        self._asked = [
            bool(wait.estimate_s_max or rules.leave_when)
            for wait, rules in zip(self.waits, self._rules, strict=True)
        ]
        doors = [bool(stream.doors) for stream in scenario.streams] + [False] * len(scenario.waits)
        self.ruled = [
            asked or door or bool(rules.shut or rules.widen_at_once_below)
            for asked, door, rules in zip(self._asked, doors, self._rules, strict=True)
        ]
        """Whether anything is to be asked of a caller who comes to this wait; most days have no such."""
        queues = tuple(queue.name for queue in scenario.queues)
        self._queues_of = {worker.agent.name: worker.agent.queues or queues for worker in scenario.workers}
        self._staff: dict[str, tuple[int, int]] = {}
        self._staff_at = -1

    def at_the_door(self, wait: int, at_s: float) -> tuple[str, Follows]:
        """The gate that turns a caller away who comes now, before the router hears of it, and where to."""
        doors = self._streams[wait].doors if wait < self._beyond else ()
        for door in doors:
            gate = shut_at(door.shut, at_s)
            way = door.holiday if gate == HOLIDAY else door.closed
            if gate and way is not None:
                return gate, followed(way, at_s)
        gate = shut_at(self._rules[wait].shut, at_s)
        return gate, self.exit(wait, gate, at_s) if gate else _NOWHERE

    def requirement(self, wait: int, now: int) -> Requirement:
        """The rings of the wait; the last alone where so few are at work that nobody can be waited for."""
        requirement = self.waits[wait].requirement
        below = self._rules[wait].widen_at_once_below
        if len(requirement.steps) < 2 or not below:
            return requirement
        signed_in, _ = self._staff_of(self.waits[wait].queue, now)
        if signed_in >= below:
            return requirement
        return Requirement((replace(requirement.steps[-1], after_us=0),))

    def looks(self, wait: int) -> bool:
        """Whether those who wait are looked at."""
        return self._asked[wait]

    def look(self, wait: int, contact: str, now: int, *, entry: bool) -> str | None:
        """The gate at which this caller has to leave. At entry the queue was open a moment ago."""
        rules = self._rules[wait]
        if not entry and CLOSED in rules.leave_when:
            gate = shut_at(rules.shut, now / SECOND)
            if gate:
                return gate
        place = self._router.place(contact, now)
        if place is None:
            return None
        estimate_s = -1 if place.estimate_us < 0 else place.estimate_us // SECOND
        signed_in = ready = -1
        if asks_staff(rules.leave_when):
            signed_in, ready = self._staff_of(self.waits[wait].queue, now)
        return gate_of(rules.leave_when, self.waits[wait].estimate_s_max, signed_in, ready, estimate_s)

    def callback(self, wait: int) -> CallbackRules | None:
        """On which terms who waits there is called back."""
        return self._rules[wait].callback

    def sticky(self, wait: int) -> tuple[int, float]:
        """How long to wait for the agent of last time (-1: not at all), and how long that is remembered."""
        return self._rules[wait].sticky_s, self._rules[wait].remember_s

    def may_close(self, wait: int, at_s: float) -> bool:
        """Whether those who wait have to leave one day because the queue closes."""
        rules = self._rules[wait]
        return CLOSED in rules.leave_when and bool(rules.shut) and at_s < rules.shut[-1].until_s

    def exit(self, wait: int, gate: str, at_s: float) -> Follows:
        """Where who leaves by this gate goes."""
        return followed(self._exits[wait].get(gate, _NOWHERE), at_s)

    def leads(self, wait: int, gate: str) -> bool:
        """Whether a gate or key is known there."""
        return gate in self._exits[wait]

    def _staff_of(self, queue: str, now: int) -> tuple[int, int]:
        if self._staff_at < 0 or now - self._staff_at >= FRESH_US:
            self._staff_at = now
            self._staff = count_staff(self._router.agents(now), self._queues_of)
        return self._staff.get(queue, (0, 0))


def further(scenario: Scenario, way: Queues | CallsBack) -> int:
    """The place of a way's queue among the waits of `Gates`."""
    return len(scenario.streams) + way.wait


def _first(stream: Stream, of_queues: dict[str, float]) -> Wait:
    """Where the calls of a stream wait first."""
    max_wait_s = of_queues.get(stream.queue, 0.0) if stream.max_wait_s is None else stream.max_wait_s
    return Wait(
        stream.queue,
        stream.requirement,
        stream.priority,
        max_wait_s,
        stream.estimate_s_max,
        stream.exits,
    )
